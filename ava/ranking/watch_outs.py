"""Watch-outs: what lowers a frame without dropping it, and is always said."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.percentile import percentile_of
from ava.ranking.pool import Pool
from ava.scoring.contract import Column


@dataclass(frozen=True)
class WatchOut:
    """How much a column lowers a frame, and from which value on.

    Attributes
    ----------
    starts : float
        From this value on.
    lowers : float
        The share of its utility that the frame loses then, over 0, up to 1.
    """

    starts: float
    lowers: float


@dataclass(frozen=True)
class Lowered:
    """One frame that one watch-out lowered.

    Attributes
    ----------
    frame_id : int
        Place in the decoded stream.
    label : str
        Timecode or file name.
    column : str
        The watch-out.
    value : float
        What it measured.
    points : float
        What it took from the utility; below 0.
    reason : str
        One plain sentence.
    rank : int or None
        Its place all the same; None where it is not among the candidates.
    """

    frame_id: int
    label: str
    column: str
    value: float
    points: float
    reason: str
    rank: int | None = None


@dataclass(frozen=True)
class WatchedOver:
    """What the watch-outs of a profile do to frames.

    Attributes
    ----------
    columns : tuple of Column
        The watch-outs that this title has numbers for.
    percentile : ndarray of float64, shape (K, C)
        Share of the frames that are not better, 0..1; ties in the middle.
    points : ndarray of float64, shape (K, C)
        What each adds to a frame's utility: 0 or less.
    missing : tuple of str
        Those that nobody looked for.
    """

    columns: tuple[Column, ...]
    percentile: NDArray[np.float64]
    points: NDArray[np.float64]
    missing: tuple[str, ...]


def read_watch_outs(facts: Any, where: str) -> dict[str, WatchOut]:
    """The table ``[watch_outs]`` of a profile: a column, from which value on, how much it lowers.

    Raises
    ------
    ConfigError
        When it is not such a table.
    """
    if not isinstance(facts, dict):
        raise ConfigError(f"{where}: watch_outs is a table of columns")
    found = {}
    for name, one in facts.items():
        numbers = list(one.values()) if isinstance(one, dict) else []
        known = isinstance(one, dict) and set(one) == {"from", "lowers"}
        if not known or not all(type(value) in (int, float) for value in numbers):
            raise ConfigError(
                f"{where}: watch-out {name} must say from which value on, and how much it lowers",
                f"write {name} = {{ from = 0.5, lowers = 0.2 }}",
            )
        if not 0 < one["lowers"] <= 1:
            raise ConfigError(f"{where}: watch-out {name} lowers by a share over 0, up to 1")
        found[name] = WatchOut(float(one["from"]), float(one["lowers"]))
    return found


def watch_over(
    pool: Pool,
    rows: NDArray[np.int64],
    utility: NDArray[np.float64],
    watch_outs: Mapping[str, WatchOut],
) -> WatchedOver:
    """What the frames in `rows` lose, one watch-out after the other.

    Each takes its share of what the ones before have left, so that no utility falls below 0. A
    value that does not apply (NaN) takes nothing.

    Parameters
    ----------
    pool : Pool
        All frames.
    rows : ndarray of int64, shape (K,)
        Those to look at.
    utility : ndarray of float64, shape (K,)
        Their utility so far.
    watch_outs : mapping of str to WatchOut
        By column.
    """
    known = {column.name: column for column in pool.scores.scalars()}
    columns, points, percentile, missing = [], [], [], []
    left = utility.copy()
    for name, watch_out in watch_outs.items():
        values = pool.column(name)[rows].astype(np.float64)
        if name not in known or np.isnan(values).all():
            missing.append(name)
            continue
        taken = np.where(values >= watch_out.starts, -watch_out.lowers * left, 0.0)
        left += taken
        columns.append(known[name])
        points.append(taken)
        percentile.append(percentile_of(values, np.ones(len(rows)), "less"))
    shape = (len(columns), len(rows))
    return WatchedOver(
        tuple(columns),
        np.array(percentile).reshape(shape).T,
        np.array(points).reshape(shape).T,
        tuple(missing),
    )


def lowered_frames(
    pool: Pool, rows: NDArray[np.int64], watched: WatchedOver, ranks: Mapping[int, int]
) -> tuple[Lowered, ...]:
    """Every frame that was lowered, candidates first, then in order of time.

    Parameters
    ----------
    pool : Pool
        All frames.
    rows : ndarray of int64, shape (K,)
        Those that were looked at.
    watched : WatchedOver
        What they lost.
    ranks : mapping of int to int
        From place in `rows` to rank, for the candidates.
    """
    found = [
        Lowered(
            int(pool.frame_ids[rows[row]]),
            pool.labels[rows[row]],
            column.name,
            float(pool.column(column.name)[rows[row]]),
            float(watched.points[row, at]),
            reason(column, float(pool.column(column.name)[rows[row]]), watched.points[row, at]),
            ranks.get(row),
        )
        for row in range(len(rows))
        for at, column in enumerate(watched.columns)
        if watched.points[row, at] < 0
    ]
    last = len(rows) + 1
    return tuple(sorted(found, key=lambda one: (one.rank or last, one.frame_id)))


def reason(column: Column, value: float, points: float) -> str:
    """Why a frame was lowered, and by how much of 100."""
    return f"Watch out, {column.label} ({value:.2g}): lowered by {-100 * points:.1f} points."
