"""Renders the contact sheet of a title folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ava.core.media_time import clock
from ava.ranking.cast import MAIN_CHARACTER
from ava.ranking.house_taste import HOUSE_TASTE
from ava.ranking.representative import REPRESENTATIVENESS
from ava.ranking.results import Candidate, DroppedFrames, Ranking
from ava.ranking.spoilers import LATENESS
from ava.ranking.utility import standing_among
from ava.ranking.watch_outs import Lowered
from ava.review.annotations import families_of
from ava.review.canvases import canvas_views
from ava.review.context import (
    BoxView,
    CardView,
    CharacterView,
    DroppedView,
    ExampleView,
    FamilyView,
    LoweredView,
    SheetContext,
    ShotView,
    WatchOutsView,
)
from ava.review.pages import render_page, static
from ava.store.atomic import write_atomic
from ava.store.cast_files import read_cast
from ava.store.stills import is_hdr, picture_size
from ava.store.title_folder import (
    SHEET,
    STILLS,
    Title,
    proxy_name,
    read_boxes,
    read_ranking,
    read_shots,
    read_title,
)

_SEEN = 0.5  # of a mark
_OF_TITLE = (HOUSE_TASTE, MAIN_CHARACTER, REPRESENTATIVENESS, LATENESS)


def render(context: SheetContext) -> str:
    """The page as text."""
    return render_page("sheet.html.jinja", ("sheet.css",), sheet=context, js=static("sheet.js"))


def write_sheet(folder: Path) -> Path:
    """Write ``index.html`` into a title folder that has been ranked."""
    page = folder / SHEET
    write_atomic(page, render(sheet_context(folder)).encode("utf-8"))
    return page


def sheet_context(folder: Path) -> SheetContext:
    """Everything the page shows, read from a title folder."""
    title, ranking = read_title(folder), read_ranking(folder)
    source = title.facts["source"]
    boxes = {kind: read_boxes(folder, name) for kind, name in (("face", "faces"), ("text", "text"))}
    stills = {
        path.stem.split("_")[0]: path.name
        for path in (folder / STILLS).iterdir()
        if not is_hdr(path)
    }
    labels = dict(zip((ref.frame_id for ref in title.refs), title.pool.labels, strict=True))
    seconds = title.pool.duration_seconds
    characters = read_cast(folder)["characters"]
    people = _people(characters)
    cards = tuple(
        _card(one, title, boxes, people, stills.get(f"{one.rank:03d}", ""), folder)
        for one in ranking.candidates
    )
    return SheetContext(
        title=title.facts["title"],
        facts=_facts(title, ranking.n_considered),
        episodes=tuple(
            (one["name"], f"{one['folder']}/{SHEET}") for one in title.facts.get("episodes", [])
        ),
        cards=cards,
        canvases=canvas_views(folder),
        cast=tuple(_character(one) for one in characters if one["role"] != "extra"),
        dropped=tuple(_dropped(one, labels) for one in ranking.dropped),
        watch_outs=_watch_outs(ranking, title),
        shots=tuple(
            ShotView(
                left=100 * shot["start_seconds"] / seconds,
                width=100 * (shot["end_seconds"] - shot["start_seconds"]) / seconds,
                index=int(shot["index"]) + 1,
            )
            for shot in read_shots(folder)
        ),
        notes=ranking.notes,
        warnings=(*source["warnings"], *_marks(title), *title.pool.scores.problems),
        software=title.facts["software"],
    )


def _facts(title: Title, n_considered: int) -> tuple[tuple[str, str], ...]:
    source = title.facts["source"]
    rate = title.facts["source"]["frame_rate"]
    facts = [
        ("Source", source["file"]),
        ("Picture", f"{source['width_px']} × {source['height_px']}, {source['codec']}"),
    ]
    if source["kind"] != "stills":
        shown_rate = f"{_rate(rate)} frames/s" if rate else "variable rate"
        together = "together" if source["kind"] == "season" else shown_rate
        facts.append(("Length", f"{clock(title.pool.duration_seconds)[:-4]}, {together}"))
        looked = f"{title.facts['n_frames']:,} frames in {title.facts['n_shots']} shots"
        facts.append(("Looked at", f"{looked}; {n_considered} shortlisted"))
    else:
        facts.append(("Looked at", f"{n_considered} stills"))
    facts += [("Faces by", road) for name, road in title.facts["roads"].items() if name == "faces"]
    return tuple(facts)


def called(character: dict[str, Any]) -> str:
    """What a character is called: by name, else by key ("Person 3")."""
    return str(character["name"] or f"Person {character['key'].removeprefix('c')}")


def _character(one: dict[str, Any]) -> CharacterView:
    shots = f"{one['n_shots']} shot{'' if one['n_shots'] == 1 else 's'}"
    seen = f"{one['role']}, in {one['screen_share']:.0%} of the film, {shots}"
    return CharacterView(called(one), one["role"], one["portrait"], seen)


def _people(characters: list[dict[str, Any]]) -> dict[int, tuple[str, ...]]:
    """Leads and supporting characters by frame."""
    found: dict[int, tuple[str, ...]] = {}
    for one in characters:
        for face in one["faces"] if one["role"] != "extra" else ():
            found[face["frame_id"]] = (*found.get(face["frame_id"], ()), called(one))
    return found


def _rate(rate: str) -> str:
    numerator, _, denominator = rate.partition("/")
    return f"{int(numerator) / int(denominator or 1):.3f}".rstrip("0").rstrip(".")


def _card(
    one: Candidate,
    title: Title,
    boxes: dict[str, dict[int, list[list[float]]]],
    people: dict[int, tuple[str, ...]],
    still: str,
    folder: Path,
) -> CardView:
    row = int(np.searchsorted(title.pool.frame_ids, one.frame_id))
    drawn = tuple(
        BoxView(100 * x0, 100 * y0, 100 * (x1 - x0), 100 * (y1 - y0), kind)
        for kind, by_frame in boxes.items()
        for x0, y0, x1, y1 in by_frame.get(one.frame_id, [])
    )
    n_faces = len(boxes["face"].get(one.frame_id, []))
    return CardView(
        rank=one.rank,
        frame_id=one.frame_id,
        label=one.label,
        clock=clock(one.pts_seconds),
        shot=one.shot_index + 1,
        utility_percent=round(100 * one.utility),
        picture=proxy_name(one.frame_id),
        still=f"{STILLS}/{still}" if still else proxy_name(one.frame_id),
        alt=f"Candidate {one.rank} at {one.label}, "
        + ("no face seen" if n_faces == 0 else f"{n_faces} face{'s' * (n_faces > 1)} seen"),
        aspect=_aspect(folder, one.frame_id),
        reasons=one.reasons,
        families=_families(one, title, row),
        boxes=drawn,
        palette=_palette(title, row),
        time_percent=100 * one.pts_seconds / title.pool.duration_seconds,
        people=people.get(one.frame_id, ()),
    )


def _families(one: Candidate, title: Title, row: int) -> tuple[FamilyView, ...]:
    """All numbers of a candidate, with those that only the whole title could tell."""
    columns = tuple(title.pool.scores.scalars())
    values = {column.name: float(title.pool.scores[column.name][row]) for column in columns}
    of_title = {column.name: column for column in _OF_TITLE}
    for part in one.parts:
        if part.column in of_title:
            columns = (*columns, of_title[part.column])
            values[part.column] = np.nan if part.value is None else part.value
    return families_of(columns, values, standing_among(title.pool, values), one.parts)


def _aspect(folder: Path, frame_id: int) -> str:
    """Shape of a shown picture, as CSS has it: that of a cropped one is not the film's."""
    width, height = picture_size(folder / proxy_name(frame_id))
    return f"{width} / {height}"


def _palette(title: Title, row: int) -> tuple[tuple[str, float], ...]:
    """Colors with their share in per cent."""
    scores: Any = title.pool.scores
    if "palette" not in scores or np.isnan(scores["palette"][row]).any():
        return ()
    colors = scores["palette"][row].reshape(-1, 3).round().astype(int)
    shares = scores["palette_share"][row]
    return tuple(
        ("#" + "".join(f"{value:02x}" for value in color), 100 * float(share))
        for color, share in zip(colors, shares, strict=True)
        if share > 0
    )


def _marks(title: Title) -> tuple[str, ...]:
    """A line on each mark that stands at one place throughout the title."""
    seen = title.pool.column("static_logo")
    share = float((seen[~np.isnan(seen)] > _SEEN).mean()) if np.isfinite(seen).any() else 0.0
    # Folders written before marks were looked for have none.
    return tuple(
        f"a mark, such as a logo, stands {one['place']} in {share:.0%} of the frames"
        for one in title.facts.get("static_marks", [])
    )


def _watch_outs(ranking: Ranking, title: Title) -> WatchOutsView:
    labels = {column.name: column.label for column in title.pool.scores.columns}
    by_frame: dict[int, list[Lowered]] = {}
    for one in ranking.lowered:
        by_frame.setdefault(one.frame_id, []).append(one)
    frames = tuple(
        LoweredView(
            proxy_name(frame_id),
            found[0].label,
            "" if found[0].rank is None else str(found[0].rank),
            tuple(one.reason for one in found),
        )
        for frame_id, found in by_frame.items()
    )
    return WatchOutsView(
        frames,
        ", ".join(labels.get(name, name) for name in ranking.watched),
        ", ".join(name.replace("_", " ") for name in ranking.not_watched),
    )


def _dropped(one: DroppedFrames, labels: dict[int, str]) -> DroppedView:
    examples = tuple(
        ExampleView(proxy_name(frame_id), labels[frame_id]) for frame_id in one.example_frame_ids
    )
    return DroppedView(one.gate, one.about, one.count, examples)
