"""Renders the contact sheet of a title folder."""

from __future__ import annotations

from dataclasses import asdict, astuple, fields, is_dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ava.core.media_time import clock
from ava.ranking.results import DroppedFrames, Ranking
from ava.ranking.watch_outs import Lowered
from ava.review.canvases import canvas_views
from ava.review.context import (
    CharacterView,
    DroppedView,
    ExampleView,
    FrameView,
    LoweredView,
    SheetContext,
    ShotView,
    WatchOutsView,
)
from ava.review.frames import column_views, columns_of, frame_views
from ava.review.pages import render_page, static
from ava.scoring.contract import FAMILIES
from ava.store.atomic import write_atomic
from ava.store.cast_files import read_cast
from ava.store.title_folder import (
    SHEET,
    Title,
    proxy_name,
    read_ranking,
    read_shots,
    read_title,
)

_SEEN = 0.5  # of a mark
_SCRIPTS = (
    "base", "kept", "decisions", "csv", "files", "view", "pictures", "grid", "bar", "film",
    "lightbox", "numbers", "compare", "canvases", "live", "keys",
)  # fmt: skip
"""The scripts of the page, in the order in which they stand on each other."""
_SHOWN_BY_TEMPLATE = (
    "facts",
    "episodes",
    "cast",
    "warnings",
    "notes",
    "watch_outs",
    "live",
    "token",
    "reviewer",
)


def render(context: SheetContext) -> str:
    """The page as text."""
    return render_page(
        "sheet.html.jinja",
        ("sheet.css", "sheet_views.css"),
        sheet=context,
        data=_data(context),
        js="\n".join(static(f"sheet/{name}.js") for name in _SCRIPTS),
    )


def _data(context: SheetContext) -> dict[str, Any]:
    """What the scripts read; frames are columns, so that nothing is said a thousand times."""
    rest = asdict(replace(context, frames=()))
    ids = [frame.frame_id for frame in context.frames]
    return {
        **{key: value for key, value in rest.items() if key not in _SHOWN_BY_TEMPLATE},
        "frames": {
            field.name: _packed([_plain(getattr(one, field.name)) for one in context.frames], ids)
            for field in fields(FrameView)
            if ids
        },
    }


def _plain(value: Any) -> Any:
    """Boxes and parts as tuples; all else is plain."""
    nested = isinstance(value, tuple) and value and is_dataclass(value[0])
    return tuple(map(astuple, value)) if nested else value


def _packed(column: list[Any], ids: list[int]) -> Any:
    """Values of all frames: as they are, as places in a list of words, or as a path by number."""
    if not all(isinstance(value, str) for value in column):
        return column
    paths = {
        value.replace(f"{frame_id:08d}", "{}") for value, frame_id in zip(column, ids, strict=True)
    }
    if len(paths) == 1 and "{}" in column[0].replace(f"{ids[0]:08d}", "{}"):
        return {"path": paths.pop()}
    words = {word: at for at, word in enumerate(dict.fromkeys(column))}
    if 2 * len(words) > len(column):
        return column
    return {"words": list(words), "at": [words[value] for value in column]}


def write_sheet(folder: Path) -> Path:
    """Write ``index.html`` into a title folder that has been ranked."""
    page = folder / SHEET
    write_atomic(page, render(sheet_context(folder)).encode("utf-8"))
    return page


def sheet_context(folder: Path) -> SheetContext:
    """Everything the page shows, read from a title folder."""
    title, ranking = read_title(folder), read_ranking(folder)
    source = title.facts["source"]
    labels = dict(zip((ref.frame_id for ref in title.refs), title.pool.labels, strict=True))
    seconds = title.pool.duration_seconds
    characters = read_cast(folder)["characters"]
    columns = columns_of(title, ranking)
    return SheetContext(
        title=title.facts["title"],
        facts=_facts(title, ranking.n_considered),
        episodes=tuple(
            (one["name"], f"{one['folder']}/{SHEET}") for one in title.facts.get("episodes", [])
        ),
        content_id=source["content_id"],
        duration_seconds=round(seconds, 3),
        columns=column_views(columns),
        families=(*FAMILIES.items(), ("", "Other")),
        frames=frame_views(folder, title, ranking, columns, _people(characters)),
        canvases=canvas_views(folder),
        cast=tuple(_character(one) for one in characters if one["role"] != "extra"),
        dropped=tuple(_dropped(one, labels) for one in ranking.dropped),
        watch_outs=_watch_outs(ranking, title),
        shots=tuple(
            ShotView(
                left=round(100 * shot["start_seconds"] / seconds, 3),
                width=round(100 * (shot["end_seconds"] - shot["start_seconds"]) / seconds, 3),
                index=int(shot["index"]) + 1,
            )
            for shot in read_shots(folder)
        ),
        notes=ranking.notes,
        warnings=(*source["warnings"], *_marks(title), *title.pool.scores.problems),
        software=title.facts["software"],
        provenance=_provenance(title),
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


def _provenance(title: Title) -> tuple[tuple[str, str], ...]:
    """Where the frames come from, and what looked at them."""
    return (
        ("Source", title.facts["source"]["file"]),
        ("Content id", title.facts["source"]["content_id"]),
        ("Time base", title.facts["time_base"]),
        ("Made by", title.facts["software"]),
        ("Scan", title.facts.get("scan_id", "")),
        ("Scorers", ", ".join(title.facts.get("scorer_ids", ()))),
    )


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
