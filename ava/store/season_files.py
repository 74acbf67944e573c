"""The folder of a season: that of a title, joined from those of its episodes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ava.ranking.season import season_id
from ava.store.atomic import store_errors
from ava.store.tables import read_table, write_table
from ava.store.title_folder import (
    PROXIES,
    SHOTS,
    THUMBS,
    Title,
    link_or_copy,
    proxy_name,
    thumb_name,
    write_tables,
)

_BOXES = ("faces.parquet", "text.parquet")
_OF_FRAMES = ("first_frame", "end_frame", "clean_first", "clean_end")


def write_season(
    draft: Path, title: Title, folders: Sequence[Path], seconds: Sequence[float]
) -> None:
    """Write tables and proxies of a season.

    Parameters
    ----------
    draft : pathlib.Path
        The season's folder in the making.
    title : Title
        The season as a title.
    folders : sequence of pathlib.Path
        The episodes' title folders, in order.
    seconds : sequence of float
        When each episode starts in the season.
    """
    write_tables(draft, title)
    write_table(draft / SHOTS, _shots(folders, seconds))
    for name in _BOXES:
        if all((folder / name).is_file() for folder in folders):
            write_table(draft / name, _boxes([read_table(folder / name) for folder in folders]))
    with store_errors(draft):
        (draft / PROXIES).mkdir()
        (draft / THUMBS).mkdir()
        for episode, folder in enumerate(folders):
            for proxy in (folder / PROXIES).iterdir():
                frame_id = season_id(episode, int(proxy.stem))
                link_or_copy(str(proxy), str(draft / proxy_name(frame_id)))
                thumb = folder / thumb_name(int(proxy.stem))
                if thumb.is_file():
                    link_or_copy(str(thumb), str(draft / thumb_name(frame_id)))


def _shots(folders: Sequence[Path], seconds: Sequence[float]) -> dict[str, Any]:
    tables, first = [], 0
    for episode, (folder, start) in enumerate(zip(folders, seconds, strict=True)):
        table = read_table(folder / SHOTS)
        table["index"] = table["index"] + first
        for name in ("start_seconds", "end_seconds"):
            table[name] = table[name] + start
        for name in _OF_FRAMES:
            table[name] = table[name] + season_id(episode, 0)
        first += len(table["index"])
        tables.append(table)
    return _stacked(tables)


def _boxes(tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    for episode, table in enumerate(tables):
        table["frame_id"] = table["frame_id"] + season_id(episode, 0)
    return _stacked(tables)


def _stacked(tables: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """Tables one below the other, with the columns that all of them have."""
    stacked: dict[str, Any] = {}
    for name, values in tables[0].items():
        if all(name in table for table in tables):
            parts = [table[name] for table in tables]
            lists = isinstance(values, list)
            stacked[name] = (
                [one for part in parts for one in part] if lists else np.concatenate(parts)
            )
    return stacked
