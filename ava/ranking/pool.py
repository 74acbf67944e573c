"""The shortlisted frames of one title, as ranking sees them."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ava.ranking.cast import Character
from ava.scoring.contract import Column
from ava.scoring.table import ScoreTable


@dataclass(frozen=True)
class Pool:
    """Rows that agree: where each frame is, and its scores.

    Attributes
    ----------
    pts_seconds : ndarray of float64, shape (N,)
        Time since the first picture, increasing.
    labels : tuple of str
        Timecode or file name of each frame.
    shot_index : ndarray of int64, shape (N,)
        The shot of each frame.
    in_transition : ndarray of bool, shape (N,)
        Whether a fade or dissolve touches the frame.
    scores : ScoreTable
        The numbers, with the frame ids.
    duration_seconds : float
        Length of the title; positive.
    is_film : bool
        Whether it runs in time, and has an end to give away; a folder of pictures does not.
    seen : tuple of tuple of Character
        The characters in each frame, most prominent first; empty where nobody looked for them.
    episode : tuple of str
        The episode of each frame, where the title is a season; else empty.
    n_torn : int
        Pictures of the source that are damaged: they were never looked at.
    """

    pts_seconds: NDArray[np.float64]
    labels: tuple[str, ...]
    shot_index: NDArray[np.int64]
    in_transition: NDArray[np.bool_]
    scores: ScoreTable
    duration_seconds: float
    is_film: bool = True
    seen: tuple[tuple[Character, ...], ...] = ()
    episode: tuple[str, ...] = ()
    n_torn: int = 0

    def __post_init__(self) -> None:
        n_rows = len(self.scores)
        lengths = [len(self.pts_seconds), len(self.labels), len(self.shot_index)]
        lengths += [len(self.in_transition), len(self.seen) if self.seen else n_rows]
        lengths += [len(self.episode) if self.episode else n_rows]
        if any(length != n_rows for length in lengths):
            raise ValueError("the columns of a pool must be as long as its scores")
        if not self.duration_seconds > 0:
            raise ValueError("duration_seconds must be positive")

    def __len__(self) -> int:
        return len(self.scores)

    @property
    def frame_ids(self) -> NDArray[np.int64]:
        """Place of each frame in the decoded stream."""
        return self.scores.frame_ids

    def column(self, name: str) -> NDArray[np.float32]:
        """A column by name, all NaN where no scorer gave it."""
        if name in self.scores:
            return self.scores[name]
        return np.full(len(self), np.nan, np.float32)

    def with_column(self, column: Column, values: NDArray[np.float32]) -> Pool:
        """The same pool with one more column, which only the whole title could give."""
        return replace(self, scores=self.scores.with_column(column, values))
