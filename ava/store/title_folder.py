"""The folder of one title: what lies where, and how it is read back."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass, fields
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ava.core.errors import StoreError
from ava.core.geometry import WHOLE_PICTURE, Box
from ava.core.media_time import MediaTime
from ava.ranking.pool import Pool
from ava.ranking.results import Ranking
from ava.ranking.season import with_episodes
from ava.scan.frame_stats import FrameStats
from ava.scan.shots import Shot
from ava.scoring.analyses import Ragged
from ava.scoring.contract import Column
from ava.scoring.table import ScoreTable
from ava.source.info import FrameRef
from ava.store.atomic import recover, store_errors
from ava.store.tables import columns_of, read_table, write_table

TITLE, SHOTS, FRAMES, SCORES = "title.json", "shots.parquet", "frames.parquet", "scores.parquet"
RANKING, SHEET, STILLS, PROXIES = "ranking.json", "index.html", "stills", "proxies"
THUMBS = "thumbs"
CAST, PORTRAITS = "cast.json", "portraits"
CROPS, CROPS_FILE = "crops", "crops.json"
STILLS_FILE = "stills.json"
MANIFEST = "manifest.json"
_OF_RANKING = frozenset(
    {RANKING, SHEET, STILLS, STILLS_FILE, CAST, PORTRAITS, CROPS, CROPS_FILE, MANIFEST}
)
_FORMAT = 1


def is_title_folder(path: Path) -> bool:
    """Whether `path` is a folder that ava wrote."""
    return (path / TITLE).is_file()


def is_of_ranking(name: str) -> bool:
    """Whether a path inside a title folder belongs to its ranking, and not to its scan."""
    return name.split("/", 1)[0] in _OF_RANKING


def proxy_name(frame_id: int) -> str:
    """Path of a frame's proxy inside the title folder."""
    return f"{PROXIES}/{frame_id:08d}.jpg"


def thumb_name(frame_id: int) -> str:
    """Path of a frame's thumbnail inside the title folder; folders of earlier versions have none."""
    return f"{THUMBS}/{frame_id:08d}.webp"


@dataclass(frozen=True)
class Title:
    """What is known of a title before ranking.

    Attributes
    ----------
    facts : dict
        title.json: source facts, versions, settings ids, problems.
    refs : tuple of FrameRef
        The shortlisted frames, in order of time.
    pool : Pool
        The same frames with their scores.
    areas : tuple of Box
        The part of the shown picture inside bars, for every shot; their stills are cropped to it.
    """

    facts: dict[str, Any]
    refs: tuple[FrameRef, ...]
    pool: Pool
    areas: tuple[Box, ...]


def write_title(folder: Path, title: Title, stats: FrameStats, shots: tuple[Shot, ...]) -> None:
    """Write everything about a title but its pictures, ranking and sheet."""
    write_tables(folder, title)
    write_table(folder / SHOTS, columns_of(shots, Shot))
    write_table(
        folder / FRAMES, {field.name: getattr(stats, field.name) for field in fields(stats)}
    )


def write_tables(folder: Path, title: Title) -> None:
    """Write what is known of a title, and its shortlisted frames."""
    facts = {"format": _FORMAT, **title.facts, "columns": _columns_json(title.pool.scores.columns)}
    write_json(folder / TITLE, facts)
    pool = title.pool
    write_table(
        folder / SCORES,
        {
            "frame_id": pool.frame_ids,
            "pts": np.array([ref.time.pts for ref in title.refs], np.int64),
            "pts_seconds": pool.pts_seconds,
            "label": list(pool.labels),
            "shot_index": pool.shot_index,
            "in_transition": pool.in_transition,
            **{column.name: pool.scores[column.name] for column in pool.scores.columns},
        },
    )


def write_boxes(folder: Path, name: str, frame_ids: np.ndarray[Any, Any], boxes: Ragged) -> None:
    """Write what an analyser found, as ``<name>.parquet`` with one row per box."""
    write_table(
        folder / f"{name}.parquet",
        {"frame_id": frame_ids[boxes.frame_row], **boxes.to_columns()},
    )


def read_boxes(folder: Path, name: str) -> dict[int, list[list[float]]]:
    """Boxes by frame id; empty where nobody looked."""
    path = folder / f"{name}.parquet"
    if not path.is_file():
        return {}
    table = read_table(path)
    found: dict[int, list[list[float]]] = {}
    for frame_id, box in zip(table["frame_id"], table["box_xyxy"], strict=True):
        found.setdefault(int(frame_id), []).append([float(edge) for edge in box])
    return found


def read_title(folder: Path) -> Title:
    """Read back what `write_title` wrote.

    Raises
    ------
    StoreError
        When the folder is not one of ours, is damaged, or was written by a newer version.
    """
    facts = read_json(folder / TITLE)
    if facts.get("format") != _FORMAT:
        raise StoreError(
            f"{folder} was written by another version of ava (format {facts.get('format')})",
            "rank the film again, or update ava",
        )
    table = read_table(folder / SCORES)
    columns = tuple(
        Column(
            **{
                **one,
                "high": float("inf") if one["high"] is None else one["high"],
                "words": tuple(one.get("words", ())),
            }
        )
        for one in facts["columns"]
    )
    base = Fraction(facts["time_base"])
    refs = tuple(
        FrameRef(int(frame_id), MediaTime(int(pts), base), label)
        for frame_id, pts, label in zip(
            table["frame_id"], table["pts"], table["label"], strict=True
        )
    )
    scores = ScoreTable(
        table["frame_id"].astype(np.int64),
        columns,
        {column.name: table[column.name] for column in columns},
        tuple(facts["problems"]),
        facts["roads"],
    )
    pool = Pool(
        table["pts_seconds"],
        tuple(table["label"]),
        table["shot_index"],
        table["in_transition"],
        scores,
        facts["scanned_seconds"],
        facts["source"]["kind"] != "stills",
        n_torn=facts.get("n_torn", 0),
    )
    if "episodes" in facts:
        pool = with_episodes(pool, [one["name"] for one in facts["episodes"]])
    return Title(facts, refs, pool, _read_areas(folder))


def _read_areas(folder: Path) -> tuple[Box, ...]:
    table = read_table(folder / SHOTS)
    if "picture_area_xyxy" not in table:  # written before bars were looked for
        return (WHOLE_PICTURE,) * len(table["index"])
    return tuple(Box(*map(float, edges)) for edges in table["picture_area_xyxy"])


def read_shots(folder: Path) -> list[dict[str, Any]]:
    """The shots, a dictionary each."""
    table = read_table(folder / SHOTS)
    return [dict(zip(table, row, strict=True)) for row in zip(*table.values(), strict=True)]


def write_ranking(folder: Path, ranking: Ranking, settings: dict[str, Any]) -> None:
    """Write a ranking with the settings it was made with, so that it can be told apart from others."""
    write_json(folder / RANKING, {**ranking.to_json(), "settings": settings})


def read_ranking_settings(folder: Path) -> dict[str, Any]:
    """What `write_ranking` kept of the settings; empty where an earlier version wrote none."""
    settings: dict[str, Any] = read_json(folder / RANKING).get("settings", {})
    return settings


def read_ranking(folder: Path) -> Ranking:
    """The ranking of a title folder."""
    return Ranking.from_json(read_json(folder / RANKING))


def take_over(old: Path, new: Path) -> None:
    """Bring tables and proxies of an earlier run into a new folder, linked where possible."""
    with store_errors(new):
        for path in sorted(old.iterdir()):
            if path.name in _OF_RANKING:
                continue
            if path.is_dir():
                shutil.copytree(path, new / path.name, copy_function=link_or_copy)
            else:
                link_or_copy(str(path), str(new / path.name))


def link_or_copy(source: str, target: str) -> None:
    """A second name for a file, or where the file system has none, a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copy2(source, target)


def folder_for(out: Path, name: str, content_id: str) -> Path:
    """Where a title belongs below `out`; another title of the same name keeps its folder."""
    folder = out / name
    recover(folder)
    if is_title_folder(folder):
        known = read_json(folder / TITLE)["source"]["content_id"]
        if known != content_id:
            folder = out / f"{name}-{content_id[:8]}"
            recover(folder)
    return folder


def _columns_json(columns: tuple[Column, ...]) -> list[dict[str, Any]]:
    names = [field.name for field in fields(Column)]
    rows = [{name: getattr(column, name) for name in names} for column in columns]
    for row in rows:
        row["high"] = None if np.isinf(row["high"]) else row["high"]
    return rows


def write_json(path: Path, facts: dict[str, Any]) -> None:
    """Write JSON that a person can read."""
    with store_errors(path):
        path.write_bytes(json_bytes(facts))


def json_bytes(facts: dict[str, Any]) -> bytes:
    """An object as `write_json` writes it."""
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode()


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises
    ------
    StoreError
        When it is missing or damaged.
    """
    try:
        facts = json.loads(path.read_text("utf-8"))
    except FileNotFoundError as error:
        raise StoreError(f"{path} is missing", "run ava rank on the film first") from error
    except (OSError, ValueError) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", "remove the title's folder and run again"
        ) from error
    if not isinstance(facts, dict):
        raise StoreError(f"{path} holds no JSON object", "remove the title's folder and run again")
    return facts
