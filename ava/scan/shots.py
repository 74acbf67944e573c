"""Shots and what lies between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, FrameTimecode

from ava.core.geometry import WHOLE_PICTURE, Box

Boundary = Literal["edge", "cut", "fade", "dissolve"]
_NOMINAL_RATE = 25.0  # the detector wants a rate to count frames with; it changes nothing


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
    """Hard cuts, through PySceneDetect's `AdaptiveDetector` on our own reduced luma.

    Luma alone was as good as color on hand-labelled films, and needs no conversion.
    A cut is reported two frames after it: the detector compares with both neighbours.
    """

    LOOK_AHEAD = 2

    def __init__(self, threshold: float, min_content: float) -> None:
        self._detector = AdaptiveDetector(
            adaptive_threshold=threshold,
            min_scene_len=1,
            window_width=self.LOOK_AHEAD,
            min_content_val=min_content,
            luma_only=True,
        )
        self._next = 0

    def add(self, small_luma: NDArray[np.uint8]) -> list[int]:
        """Take the next frame; returns the first frames of the shots that are now known to begin."""
        picture = np.repeat(small_luma[:, :, None], 3, axis=2)
        cuts = self._detector.process_frame(FrameTimecode(self._next, _NOMINAL_RATE), picture)
        self._next += 1
        return [cut.frame_num for cut in cuts]


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
