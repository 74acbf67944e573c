"""Utility: weighted percentiles within the title, in parts that add up."""

from __future__ import annotations

import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.percentile import percentile_of
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile
from ava.scoring.contract import Column


@dataclass(frozen=True)
class Utility:
    """Why each frame is worth what it is.

    Attributes
    ----------
    columns : tuple of Column
        The columns that count, in order of weight.
    weights : ndarray of float64, shape (C,)
        Their weights; sum to 1.
    percentile : ndarray of float64, shape (K, C)
        Share of the title that is not better, 0..1, ties in the middle; 0.5 where a column does
        not apply to a frame. Every shot counts the same, however many of its frames are ranked: a
        long close-up would otherwise be measured against itself.
    stands : tuple of str
        What `percentile` is the share of: "better" than those frames, or, where a taste was learned
        that turns a column round or weighs one without a better direction, "higher" or "lower".
    total : ndarray of float64, shape (K,)
        0..1; the sum of `parts` over columns.
    """

    columns: tuple[Column, ...]
    weights: NDArray[np.float64]
    percentile: NDArray[np.float64]
    stands: tuple[str, ...]

    @property
    def parts(self) -> NDArray[np.float64]:
        """What each column adds, shape (K, C)."""
        return self.percentile * self.weights

    @property
    def total(self) -> NDArray[np.float64]:
        """The utility, shape (K,)."""
        total: NDArray[np.float64] = self.parts.sum(axis=1)
        return total


def utility_of(pool: Pool, rows: NDArray[np.int64], profile: Profile) -> Utility:
    """Weigh the frames in `rows` against each other.

    Raises
    ------
    ConfigError
        When the profile names a column that nobody gives, or one without a better direction; a
        learned one may.
    """
    known = {column.name: column for column in pool.scores.scalars()}
    chosen: list[tuple[float, Column]] = []
    for name, weight in profile.weights.items():
        if profile.learned is None:
            _require_rating(name, known, profile.name)
        if name in known and not np.isnan(pool.column(name)[rows]).all():
            chosen.append((float(weight), known[name]))
    if not chosen:
        raise ConfigError(f"profile {profile.name} weighs nothing that this title has")
    chosen.sort(key=lambda pair: -abs(pair[0]))
    columns = tuple(column for _, column in chosen)
    signed = np.array([weight for weight, _ in chosen])
    percentile = percentiles_of(pool, rows, columns)
    return Utility(
        columns,
        np.abs(signed) / np.abs(signed).sum(),
        np.where(signed < 0, 1 - percentile, percentile),
        tuple(_stands(column, weight) for weight, column in chosen),
    )


def _require_rating(name: str, known: Mapping[str, Column], profile: str) -> None:
    """Refuse a weight on what is not there, or does not rate a frame."""
    if name not in known:
        near = difflib.get_close_matches(name, known, n=1)
        raise ConfigError(
            f"profile {profile} weighs {name}, which no scorer gives",
            f"did you mean {near[0]}?" if near else "see: ava scorers",
        )
    if known[name].better == "neither":
        raise ConfigError(
            f"profile {profile} weighs {name}, which has no better direction",
            "it describes a frame but does not rate it; see: ava scorers",
        )


def _stands(column: Column, weight: float) -> str:
    if column.better == "neither":
        return "higher" if weight > 0 else "lower"
    if weight > 0:
        return "better"
    return "lower" if column.better == "more" else "higher"


def percentiles_of(
    pool: Pool, rows: NDArray[np.int64], columns: Sequence[Column]
) -> NDArray[np.float64]:
    """Where the frames in `rows` stand among each other.

    Parameters
    ----------
    pool : Pool
        The title's shortlist.
    rows : ndarray of int64, shape (K,)
        Those that are compared.
    columns : sequence of Column
        By which; "neither" is taken as "more". One that the title lacks says nothing.

    Returns
    -------
    ndarray of float64, shape (K, C)
        Share that is not better, 0..1, ties in the middle, every shot counting the same; 0.5 where
        a column does not apply.
    """
    mass = _mass(pool, rows)
    found = [
        percentile_of(
            pool.column(column.name)[rows].astype(np.float64),
            mass,
            "less" if column.better == "less" else "more",
        )
        for column in columns
    ]
    return np.stack(found, axis=1)


def standing_among(pool: Pool, values: Mapping[str, float]) -> dict[str, float]:
    """Where the numbers of a frame stand in a title.

    Parameters
    ----------
    pool : Pool
        The title's shortlist.
    values : mapping of str to float
        The frame's numbers by column.

    Returns
    -------
    dict of str to float
        Share of the title that is not better, 0..1, or not higher where neither is better, ties
        in the middle; NaN where a column does not apply. Every shot counts the same.
    """
    mass = _mass(pool, np.arange(len(pool)))
    found = {}
    for column in pool.scores.scalars():
        value, others = values.get(column.name, np.nan), pool.column(column.name)
        known = ~np.isnan(others)
        if np.isnan(value) or not known.any():
            found[column.name] = float("nan")
            continue
        worse = others > value if column.better == "less" else others < value
        below, level = mass[known & worse].sum(), mass[known & (others == value)].sum()
        found[column.name] = float((below + level / 2) / mass[known].sum())
    return found


def _mass(pool: Pool, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """What each frame counts: less the more of its shot are there."""
    _, place, n_in_shot = np.unique(pool.shot_index[rows], return_inverse=True, return_counts=True)
    mass: NDArray[np.float64] = 1.0 / n_in_shot[place]
    return mass
