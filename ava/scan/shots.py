"""Shots and what lies between them."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Literal

from ava.core.geometry import WHOLE_PICTURE, Box

Boundary = Literal["edge", "cut", "fade", "dissolve"]
_MOST = 255.0  # times its neighbours' difference; where nothing else moves, any change is that
_NOTHING = 1e-5  # gray levels


@dataclass(frozen=True)
class Transition:
    """A fade or dissolve: `first` and `last` frame that mixes two pictures.

    `n_votes` counts the mixtures of different lengths and middles that agree on it.
    """

    first: int
    last: int
    n_votes: int

    @property
    def middle(self) -> int:
        """The frame where one shot is said to end and the next to begin."""
        return (self.first + self.last + 1) // 2


@dataclass(frozen=True)
class Shot:
    """A run of frames between two boundaries.

    Attributes
    ----------
    index : int
        0-based place in the film.
    first_frame, end_frame : int
        First frame, and first frame after it.
    start_seconds, end_seconds : float
        Times of those two (the last shot ends with its last frame's successor in time).
    starts_with, ends_with : {"edge", "cut", "fade", "dissolve"}
        What stands at its boundaries; "edge" is the start or end of the film.
    clean_first, clean_end : int
        The frames inside that no transition touches; equal where there are none.
    picture_area : Box
        The part of the shown picture inside letterbox, pillarbox or windowbox bars.
    """

    index: int
    first_frame: int
    end_frame: int
    start_seconds: float
    end_seconds: float
    starts_with: Boundary
    ends_with: Boundary
    clean_first: int
    clean_end: int
    picture_area: Box = WHOLE_PICTURE


class CutFinder:
    """Hard cuts: where a frame differs from the one before it much more than its neighbours do.

    The rule of PySceneDetect's `AdaptiveDetector`, on luma alone, which was as good as color on
    hand-labelled films: a difference of at least `min_content`, and `threshold` times the mean of
    the two before and the two after it. A cut is reported two frames after it.
    """

    LOOK_AHEAD = 2

    def __init__(self, threshold: float, min_content: float) -> None:
        self._threshold, self._min_content = threshold, min_content
        self._window: deque[float] = deque(maxlen=2 * self.LOOK_AHEAD + 1)
        self._n_frames = 0

    def add(self, difference: float) -> list[int]:
        """Take the next frame; returns the first frames of the shots that are now known to begin.

        Parameters
        ----------
        difference : float
            Mean absolute difference of luma to the frame before, gray levels; 0 for the first.
        """
        self._window.append(difference)
        self._n_frames += 1
        if len(self._window) <= 2 * self.LOOK_AHEAD:
            return []
        here = self._window[self.LOOK_AHEAD]
        around = (sum(self._window) - here) / (2 * self.LOOK_AHEAD)
        ratio = min(here / around, _MOST) if around >= _NOTHING else _MOST
        is_cut = here >= self._min_content and ratio >= self._threshold
        return [self._n_frames - 1 - self.LOOK_AHEAD] if is_cut else []


@dataclass
class ShotBuilder:
    """Turns boundaries into shots, in order, once each is final.

    Attributes
    ----------
    pts_seconds : list of float
        Time of every frame so far; the scanner appends to it.
    shots : list of Shot
        The shots closed so far.
    """

    pts_seconds: list[float] = field(default_factory=list)
    shots: list[Shot] = field(default_factory=list)
    _start: int = 0
    _starts_with: Boundary = "edge"
    _clean_first: int = 0

    def close(self, end: int, ends_with: Boundary, clean_end: int, next_clean: int) -> Shot | None:
        """End the open shot before frame `end`; None where it would hold no frame."""
        if end <= self._start:
            return None
        n_known, clean_first = len(self.pts_seconds), min(self._clean_first, end)
        shot = Shot(
            index=len(self.shots),
            first_frame=self._start,
            end_frame=end,
            start_seconds=self.pts_seconds[self._start],
            end_seconds=self.pts_seconds[end] if end < n_known else self._film_end(),
            starts_with=self._starts_with,
            ends_with=ends_with,
            clean_first=clean_first,
            clean_end=max(clean_first, min(clean_end, end)),
        )
        self.shots.append(shot)
        self._start, self._starts_with, self._clean_first = end, ends_with, next_clean
        return shot

    def _film_end(self) -> float:
        times = self.pts_seconds
        return times[-1] + (times[-1] - times[-2] if len(times) > 1 else 0.04)
