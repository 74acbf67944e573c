"""A set in which every picture adds something: greedy, by shot, time, palette and layout."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.ranking.pool import Pool


@dataclass(frozen=True)
class DiversitySettings:
    """How much likeness costs.

    Attributes
    ----------
    strength : float
        Utility that a frame quite like one already chosen loses; 0 ranks by utility alone.
    near_duplicate_gray : float
        Two frames are repeats of one picture when their 12 × 8 layouts differ by less than this
        many gray levels on average, and their colors by less than `near_duplicate_color`.
    near_duplicate_color : float
        Share of the picture with another of the 216 colors.
    """

    strength: float = 0.35
    near_duplicate_gray: float = 7.0
    near_duplicate_color: float = 0.3


@dataclass(frozen=True)
class Chosen:
    """A set in the order it was chosen.

    Attributes
    ----------
    picks : list of int
        Rows of `rows`, best first.
    likeness : list of float
        Of each, the likeness to the nearest one chosen before, 0..1.
    repeats : dict of int to int
        Frames left out as repeats: from row of `rows` to the pick it repeats.
    """

    picks: list[int]
    likeness: list[float]
    repeats: dict[int, int]


def choose(
    pool: Pool,
    rows: NDArray[np.int64],
    utility: NDArray[np.float64],
    top: int,
    settings: DiversitySettings,
) -> Chosen:
    """Choose up to `top` frames: each time the one whose utility less likeness is highest.

    Ties go to the earlier frame, so that the same input always gives the same set.
    """
    looks = _Looks(pool, rows, settings)
    available = np.ones(len(rows), dtype=bool)
    nearest = np.zeros(len(rows))
    chosen = Chosen([], [], {})
    while len(chosen.picks) < top and available.any():
        worth = np.where(available, utility - settings.strength * nearest, -np.inf)
        pick = int(worth.argmax())
        chosen.picks.append(pick)
        chosen.likeness.append(float(nearest[pick]))
        available[pick] = False
        repeats = looks.repeats(pick) & available
        for row in np.flatnonzero(repeats):
            chosen.repeats[int(row)] = pick
        available &= ~repeats
        nearest = np.maximum(nearest, looks.likeness(pick))
    return chosen


class _Looks:
    """How alike frames are, one against all."""

    def __init__(self, pool: Pool, rows: NDArray[np.int64], settings: DiversitySettings) -> None:
        self._settings = settings
        self._shot = pool.shot_index[rows]
        self._seconds = pool.pts_seconds[rows]
        self._reach_seconds = max(1.0, pool.duration_seconds / 20)
        n_rows = len(rows)
        # Without these columns (a stranger's scorers only) shot and time alone keep frames apart.
        self._layout = np.nan_to_num(pool.column("layout")[rows].reshape(n_rows, -1))
        self._colors = np.nan_to_num(pool.column("color_histogram")[rows].reshape(n_rows, -1))

    def _color_distance(self, row: int) -> NDArray[np.float64]:
        """Share of the picture in other colors, 0..1."""
        distance: NDArray[np.float64] = 0.5 * np.abs(self._colors - self._colors[row]).sum(axis=1)
        return distance

    def _gray_distance(self, row: int) -> NDArray[np.float64]:
        distance: NDArray[np.float64] = np.abs(self._layout - self._layout[row]).mean(axis=1)
        return distance

    def repeats(self, row: int) -> NDArray[np.bool_]:
        """Which frames show the same picture again."""
        if self._layout.shape[1] == 1 or self._colors.shape[1] == 1:
            return np.zeros(len(self._shot), dtype=bool)
        gray = self._gray_distance(row) < self._settings.near_duplicate_gray
        result: NDArray[np.bool_] = gray & (
            self._color_distance(row) < self._settings.near_duplicate_color
        )
        return result

    def likeness(self, row: int) -> NDArray[np.float64]:
        """0 (nothing in common) to 1 (the same shot, moment, colors and layout)."""
        same_shot = (self._shot == self._shot[row]).astype(np.float64)
        time = np.exp(-np.abs(self._seconds - self._seconds[row]) / self._reach_seconds)
        color = 1 - self._color_distance(row)
        layout = np.exp(-self._gray_distance(row) / 25.0)
        result: NDArray[np.float64] = 0.35 * same_shot + 0.15 * time + 0.25 * color + 0.25 * layout
        return result
