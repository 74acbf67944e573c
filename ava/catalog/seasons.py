"""Which titles of a catalog are episodes of one season, by its columns."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

SERIES, SEASON, EPISODE = "series", "season", "episode"


def seasons_in(rows: Sequence[Mapping[str, str]]) -> list[tuple[str, list[int]]]:
    """The seasons of a catalog.

    Rows that name a season and an episode belong together when series and season are the same. One
    episode by itself is no season.

    Parameters
    ----------
    rows : sequence of mapping
        The columns ``series``, ``season`` and ``episode`` of each row, as far as it has them.

    Returns
    -------
    list of (str, list of int)
        Name of each season, as ``The Show season 2``, and its rows in the order of the episodes:
        ``2`` comes before ``10``.
    """
    found: dict[str, list[int]] = {}
    for at, row in enumerate(rows):
        if row.get(SEASON) and row.get(EPISODE):
            found.setdefault(_name(row), []).append(at)
    return [
        (name, sorted(members, key=lambda at: (_natural(rows[at][EPISODE]), at)))
        for name, members in found.items()
        if len(members) > 1
    ]


def _name(row: Mapping[str, str]) -> str:
    season = row[SEASON]
    words = f"season {season}" if re.fullmatch(r"\d+", season) else season
    return f"{row[SERIES]} {words}" if row.get(SERIES) else words[:1].upper() + words[1:]


def _natural(text: str) -> list[tuple[int, str]]:
    """Numbers inside of text count as numbers."""
    return [
        (int(part), "") if part.isdecimal() else (-1, part.lower())
        for part in re.split(r"(\d+)", text)
        if part
    ]
