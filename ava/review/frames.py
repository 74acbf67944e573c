"""All shortlisted frames of a title as the sheet shows them."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError, NothingToRank
from ava.core.media_time import clock
from ava.ranking.cast import MAIN_CHARACTER
from ava.ranking.facets import facets_of
from ava.ranking.gates import GateSettings, apply_gates
from ava.ranking.house_taste import HOUSE_TASTE
from ava.ranking.representative import REPRESENTATIVENESS
from ava.ranking.results import Candidate, Ranking
from ava.ranking.spoilers import LATENESS
from ava.review.context import BoxView, ColumnView, FrameView, PartView
from ava.scoring.contract import Column
from ava.store.stills import is_hdr, picture_size
from ava.store.tables import read_table
from ava.store.title_folder import (
    STILLS,
    Title,
    proxy_name,
    read_ranking_settings,
    thumb_name,
)

_OF_TITLE = (HOUSE_TASTE, MAIN_CHARACTER, REPRESENTATIVENESS, LATENESS)
_TOLD = ("company", "scale", "light", "environment", "space")
_COUNTED = {"one person alone": "one person"}


def columns_of(title: Title, ranking: Ranking) -> tuple[Column, ...]:
    """The columns with one number per frame, and those that only the whole title could tell."""
    used = {part.column for one in ranking.candidates for part in one.parts}
    scalars = tuple(title.pool.scores.scalars())
    return (*scalars, *(column for column in _OF_TITLE if column.name in used))


def column_views(columns: tuple[Column, ...]) -> tuple[ColumnView, ...]:
    """What the page knows of the columns."""
    return tuple(
        ColumnView(
            one.name, one.label, one.about, one.unit, one.low, one.better, one.words, one.family
        )
        for one in columns
    )


def frame_views(
    folder: Path,
    title: Title,
    ranking: Ranking,
    columns: tuple[Column, ...],
    people: Mapping[int, tuple[str, ...]],
) -> tuple[FrameView, ...]:
    """Every shortlisted frame, in order of time."""
    pool, ids = title.pool, [int(one) for one in title.pool.frame_ids]
    candidates = {one.frame_id: one for one in ranking.candidates}
    stills = {
        int(path.stem.split("_")[0]): path.name
        for path in (folder / STILLS).iterdir()
        if not is_hdr(path) and path.stem.split("_")[0].isdigit()
    }
    gates = _gates(folder, title, ranking)
    watched: dict[int, tuple[str, ...]] = {}
    for lowered in ranking.lowered:
        watched[lowered.frame_id] = (*watched.get(lowered.frame_id, ()), lowered.reason)
    facets = {facet.name: facet for facet in facets_of(pool, np.arange(len(pool)))}
    boxes = _boxes(folder, title)
    place = {column.name: at for at, column in enumerate(columns)}
    values = _values(title, candidates, columns)
    frames = []
    for row, frame_id in enumerate(ids):
        shown = {
            name: facets[name].of(row)[0] if name in facets and facets[name].of(row) else ""
            for name in _TOLD
        }
        one = candidates.get(frame_id)
        still = stills.get(one.rank) if one else None
        thumb = thumb_name(frame_id)
        width, height = picture_size(folder / proxy_name(frame_id))
        frames.append(
            FrameView(
                rank=one.rank if one else None,
                frame_id=frame_id,
                label=pool.labels[row],
                clock=clock(float(pool.pts_seconds[row])),
                seconds=round(float(pool.pts_seconds[row]), 3),
                shot=int(pool.shot_index[row]) + 1,
                utility_percent=round(100 * one.utility) if one else None,
                picture=proxy_name(frame_id),
                thumb=thumb if (folder / thumb).is_file() else "",
                still=f"{STILLS}/{still}" if still else "",
                alt=_alt(shown, people.get(frame_id, ())),
                aspect=f"{width} / {height}",
                people=people.get(frame_id, ()),
                **shown,
                gate=gates.get(frame_id, ""),
                watch_outs=watched.get(frame_id, ()),
                reasons=one.reasons if one else (),
                boxes=boxes.get(frame_id, ()),
                palette=_palette(title, row),
                attention=_attention(title, row),
                values=values[row],
                parts=_parts(one, place),
            )
        )
    return tuple(frames)


def _alt(shown: Mapping[str, str], people: tuple[str, ...]) -> str:
    """A picture in words: "two people, close-up, warm light"."""
    company = _COUNTED.get(shown["company"], shown["company"]).replace("nobody", "no people")
    scale = "" if shown["scale"] == "without people" else shown["scale"]
    who = " and ".join(people) or company
    return ", ".join(word for word in (who, scale, shown["light"]) if word) or "a frame of the film"


def _gates(folder: Path, title: Title, ranking: Ranking) -> dict[int, str]:
    """The gate that dropped each frame, so far as the folder tells."""
    found = {frame_id: one.gate for one in ranking.dropped for frame_id in one.example_frame_ids}
    settings = read_ranking_settings(folder).get("ranking", {}).get("gates")
    if settings is None:
        return found
    counted = {one.gate for one in ranking.dropped}
    try:
        dropped = apply_gates(title.pool, GateSettings(**settings)).dropped
    except (ConfigError, NothingToRank, TypeError):  # settings of another version
        return found
    for one in dropped:
        if one.gate in counted:
            found.update({int(title.pool.frame_ids[row]): one.gate for row in one.rows})
    return found


def _boxes(folder: Path, title: Title) -> dict[int, tuple[BoxView, ...]]:
    """Faces with what they express, text, and room for a title."""
    found: dict[int, tuple[BoxView, ...]] = {}

    def add(frame_id: int, edges: NDArray[Any], kind: str, words: str) -> None:
        box = BoxView(tuple(round(float(edge), 3) for edge in edges), kind, words)
        found[frame_id] = (*found.get(frame_id, ()), box)

    for name, kind in (("faces", "face"), ("text", "text")):
        path = folder / f"{name}.parquet"
        table = read_table(path) if path.is_file() else {}
        for at, frame_id in enumerate(table.get("frame_id", ())):
            words = table["expression"][at] if "expression" in table else ""
            add(int(frame_id), table["box_xyxy"][at], kind, str(words))
    space = title.pool.column("title_space_box").reshape(len(title.pool), -1)
    for frame_id, edges in zip(title.pool.frame_ids, space, strict=True):
        if len(edges) == 4 and np.isfinite(edges).all() and edges[2] > edges[0]:
            add(int(frame_id), edges.clip(0, 1), "space", "room for a title")
    return found


def _palette(title: Title, row: int) -> tuple[tuple[str, float], ...]:
    """Colors with their share in per cent."""
    scores: Any = title.pool.scores
    if "palette" not in scores or np.isnan(scores["palette"][row]).any():
        return ()
    colors = scores["palette"][row].reshape(-1, 3).round().astype(int)
    return tuple(
        ("#" + "".join(f"{value:02x}" for value in color), round(100 * float(share), 1))
        for color, share in zip(colors, scores["palette_share"][row], strict=True)
        if share > 0
    )


def _attention(title: Title, row: int) -> str:
    """The map of attention, a digit a field, 9 the strongest; empty where nobody looked."""
    fields = np.atleast_1d(title.pool.column("attention")[row])
    if fields.size == 1 or not np.isfinite(fields).all() or fields.max() <= 0:
        return ""
    return "".join(str(int(one)) for one in (9 * fields / fields.max()).round())


def _values(
    title: Title, candidates: Mapping[int, Candidate], columns: tuple[Column, ...]
) -> list[tuple[float | None, ...]]:
    """The numbers of every frame; what only the whole title could tell is known of candidates."""
    told: list[list[float | None]] = []
    for column in columns:
        if column.name in title.pool.scores:
            given = title.pool.scores[column.name].tolist()
            told.append([None if value != value else _short(value) for value in given])  # NaN
        else:
            known = {
                frame_id: part.value
                for frame_id, one in candidates.items()
                for part in one.parts
                if part.column == column.name
            }
            told.append([known.get(int(frame_id)) for frame_id in title.pool.frame_ids])
    return list(zip(*told, strict=True)) if told else [() for _ in range(len(title.pool))]


def _short(value: float) -> float:
    """To four digits, one more than the page shows; whole where it can be."""
    rounded = float(f"{value:.4g}")
    return int(rounded) if rounded.is_integer() else rounded


def _parts(one: Candidate | None, place: Mapping[str, int]) -> tuple[PartView, ...]:
    return tuple(
        PartView(
            place[part.column],
            round(100 * part.points, 2),
            round(100 * part.percentile),
            part.stands,
        )
        for part in (one.parts if one else ())
        if part.column in place
    )
