"""Which frames are one and the same picture, wherever in the title they stand."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from ava.ranking.pool import Pool


@dataclass(frozen=True)
class Looks:
    """How frames look, roughly enough to tell a repeat.

    Attributes
    ----------
    layout : ndarray of float32, shape (N, 96)
        Brightness of 12 × 8 fields, 0..255.
    colors : ndarray of float32, shape (N, 216)
        Share of the picture in each color.
    gray, color : float
        Frames are repeats when their layouts differ by less than so many gray levels on average,
        and less than this share of the picture has another color.
    """

    layout: NDArray[np.float32]
    colors: NDArray[np.float32]
    gray: float
    color: float

    @classmethod
    def of(cls, pool: Pool, rows: NDArray[np.int64], gray: float, color: float) -> Looks:
        """The looks of some frames; where layout and colors are not known, nothing is a repeat."""
        layout, colors = (
            pool.column(name)[rows].reshape(len(rows), -1) for name in ("layout", "color_histogram")
        )
        return cls(layout, colors, gray, color)

    def same(self, row: int, others: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which of `others` show the picture of `row` again."""
        found = np.zeros(len(others), dtype=bool)
        # Means of fields differ by no more than the fields do: most frames need no closer look.
        near = np.abs(self._level[others] - self._level[row]).mean(axis=1) < self.gray
        near_rows = others[near]
        gray = np.abs(self.layout[near_rows] - self.layout[row]).mean(axis=1)
        color = 0.5 * np.abs(self.colors[near_rows] - self.colors[row]).sum(axis=1)
        found[near] = (gray < self.gray) & (color < self.color)
        return found

    @cached_property
    def _level(self) -> NDArray[np.float32]:
        """Mean brightness of runs of six fields."""
        n_rows, n_fields = self.layout.shape
        runs = self.layout.reshape(n_rows, -1, 6 if n_fields % 6 == 0 else 1)
        level: NDArray[np.float32] = runs.mean(axis=2)
        return level
