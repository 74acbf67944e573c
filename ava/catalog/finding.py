"""Searches the shortlisted frames of a whole library."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import numpy as np

from ava.catalog.library import opened
from ava.core.errors import ConfigError
from ava.ranking.color_compare import lab_of
from ava.scoring.registry import installed
from ava.store.title_folder import STILLS, STILLS_FILE, proxy_name, read_json

_LEAST_TITLE_SPACE = 0.12  # of the picture: room for a logo
_LEAST_COLOR_SHARE = 0.05  # of the picture: less is not seen as a color of it
_ALL_OVER = "all over"


@dataclass(frozen=True)
class Wanted:
    """What is searched for; everything that is given must hold.

    Attributes
    ----------
    characters : tuple of str
        Names, or keys such as ``c1``; all of them are in the picture.
    scale : str
        A shot scale in words, such as "close-up".
    title_space : str
        The side with room for a title: left, right, top or bottom.
    colors : tuple of str
        Colors as ``#rrggbb``; the frames whose palettes are nearest come first.
    where : str
        Any condition on the columns of ``scores``, in SQL.
    top : int
        How many frames.
    """

    characters: tuple[str, ...] = ()
    scale: str = ""
    title_space: str = ""
    colors: tuple[str, ...] = ()
    where: str = ""
    top: int = 20


@dataclass(frozen=True)
class Found:
    """A frame.

    Attributes
    ----------
    title : str
        Name of its title folder.
    frame_id : int
        Place in the decoded stream.
    label : str
        Its time.
    rank : int or None
        Among the candidates of its title.
    color_distance : float or None
        ΔE*ab (CIE 1976) from the colors asked for to the nearest of its palette, on average.
    picture : pathlib.Path
        Its still where there is one, otherwise the small picture.
    """

    title: str
    frame_id: int
    label: str
    rank: int | None
    color_distance: float | None
    picture: Path

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        distance = self.color_distance
        return {
            "title": self.title,
            "frame_id": self.frame_id,
            "label": self.label,
            "rank": self.rank,
            "color_distance": None if distance is None else round(distance, 2),
            "picture": str(self.picture),
        }


def find(library: Path, wanted: Wanted) -> list[Found]:
    """Frames of all titles that are as wanted, the nearest in color or else the best ranked first.

    Raises
    ------
    ConfigError
        When something that is wanted is not known.
    StoreError
        When there is no library.
    """
    colors = [_rgb(one) for one in wanted.colors]
    statement, values = _statement(wanted, bool(colors))
    with opened(library, "candidates characters") as database:
        try:
            rows = database.execute(statement, values).fetchall()
        except duckdb.CatalogException as error:
            if "scores" in str(error):
                return []  # a library without titles
            raise ConfigError(_said(error), "see ava scorers for the columns") from error
        except duckdb.Error as error:
            raise ConfigError(_said(error), "see ava scorers for the columns") from error
    distances: list[float | None] = [None] * len(rows)
    if colors:
        asked = lab_of(np.array(colors, np.float64))
        measured = [_distance(asked, row[4], row[5]) for row in rows]
        order = np.argsort(measured, kind="stable")[: wanted.top]
        rows = [rows[at] for at in order]
        distances = [measured[at] for at in order]
    return [
        Found(title, frame_id, label, rank, distance, _picture(library / title, frame_id))
        for (title, frame_id, label, rank, *_), distance in zip(rows, distances, strict=True)
    ]


def _said(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _statement(wanted: Wanted, by_color: bool) -> tuple[str, list[Any]]:
    conditions, values = ["true"], list[Any]()
    for name in wanted.characters:
        conditions.append(
            "(s.title, s.frame_id) in (select (title, frame_id) from characters "
            "where lower(name) = lower(?) or character = ?)"
        )
        values += [name, name]
    if wanted.scale:
        conditions.append("s.shot_scale = ?")
        values.append(_code("shot_scale", wanted.scale))
    if wanted.title_space:
        sides = [_code("title_space_side", one) for one in (wanted.title_space, _ALL_OVER)]
        conditions.append("s.title_space_side in (?, ?) and s.title_space >= ?")
        values += [*sides, _LEAST_TITLE_SPACE]
    if wanted.where:
        conditions.append(f"({wanted.where})")
    palette = ", s.palette, s.palette_share" if by_color else ""
    limit = "" if by_color else f" limit {int(wanted.top)}"
    return (
        f"select s.title, s.frame_id, s.label, c.rank{palette} from scores s "
        "left join candidates c on c.title = s.title and c.frame_id = s.frame_id "
        f"where {' and '.join(conditions)} "
        f"order by c.rank nulls last, s.title, s.frame_id{limit}",
        values,
    )


def _code(column: str, word: str) -> int:
    words: Sequence[str] = next(
        (one.words for one in installed().columns if one.name == column), ()
    )
    if word.lower() not in words:
        raise ConfigError(f"{word!r} is not known", f"known are: {', '.join(words)}")
    return list(words).index(word.lower())


def _rgb(text: str) -> tuple[int, ...]:
    match = re.fullmatch(r"#?([0-9a-fA-F]{6})", text.strip())
    if match is None:
        raise ConfigError(f"{text!r} is not a color", "write it as #aa2211")
    return tuple(bytes.fromhex(match[1]))


def _distance(asked: Any, palette: Any, shares: Any) -> float:
    """Mean distance of the colors asked for to the nearest that can be seen."""
    colors = np.asarray(palette, np.float64).reshape(-1, 3)
    seen = np.isfinite(colors).all(axis=1) & (np.asarray(shares) >= _LEAST_COLOR_SHARE)
    if not seen.any():
        return float("inf")
    apart = lab_of(colors[seen])[None] - asked[:, None]
    return float(np.sqrt((apart**2).sum(axis=2)).min(axis=1).mean())


def _picture(folder: Path, frame_id: int) -> Path:
    kept = folder / STILLS_FILE
    names = read_json(kept)["stills"].get(str(frame_id), []) if kept.is_file() else []
    return folder / STILLS / names[0] if names else folder / proxy_name(frame_id)
