"""The latest frames of a film in tiny, and what a network says of those it is asked about."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from typing import Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.scan.shots import Transition
from ava.scan.transitions import MIN_VOTES

PICTURE_SIZE = (48, 27)
_WINDOW, _BEFORE, _JUDGED = 100, 25, 50  # frames that the network sees, before those it judges
_NOT_SEEN = -1.0
_IS = 0.5  # the probability from which there is a boundary
_LEAST_GRADUAL = 3  # frames; a hard cut between fields can touch two
_FLASH_FRAMES = 12  # within which a picture is back after a flash
_FLASH_SHARE = 0.5  # of the jump; a picture that differs less from an earlier one is that one

Rgb = NDArray[np.uint8]
Probabilities = NDArray[np.float32]


class BoundaryJudge(Protocol):
    """Judges frames as the ends of shots by what is before and after them."""

    @property
    def is_quick(self) -> bool:
        """Whether it may as well judge every frame."""
        ...

    def judge(self, windows: Rgb) -> tuple[Probabilities, Probabilities]:
        """Judge the middle half of each window.

        Parameters
        ----------
        windows : ndarray of uint8, shape (N, 100, 27, 48, 3)
            Stretches of frames in RGB.

        Returns
        -------
        tuple of ndarray of float32, shape (N, 50)
            For frames 25 to 74 of each window, 0..1: the probability that a shot ends with this
            frame (of a gradual transition: in its middle), and that it is part of a transition.
        """
        ...


class WatchedFrames:
    """Keeps the latest frames, has the doubtful ones judged, and reads boundaries off the verdicts.

    Some two hundred tiny pictures are kept; of older frames only the verdicts are, nine bytes each.

    Attributes
    ----------
    n_judged : int
        Frames that the network was asked about.
    cuts : list of int
        First frames after the hard cuts that the network has found.
    transitions : list of Transition
        The gradual ones.
    """

    def __init__(self, judge: BoundaryJudge) -> None:
        self._judge = judge
        self._pictures: list[Rgb] = []
        self._first = 0  # frame id of the first picture still held
        self._n_frames = 0
        self._asked = bytearray()
        self._ends, self._parts = array("f"), array("f")
        self.n_judged = 0
        self._judged = 0  # windows up to this frame have been looked at
        self._read = 0  # boundaries up to this frame are in the lists below
        self.cuts: list[int] = []
        self.transitions: list[Transition] = []

    def __len__(self) -> int:
        return self._n_frames

    def add(self, picture: Rgb) -> None:
        """Take the next frame, shape (27, 48, 3)."""
        self._pictures.append(picture)
        self._n_frames += 1
        self._asked.append(False)
        self._ends.append(_NOT_SEEN)
        self._parts.append(_NOT_SEEN)

    def ask(self, first: int, end: int) -> None:
        """Frames from `first` up to `end` are doubtful."""
        for frame in range(max(0, first), end):
            self._asked[frame] = True

    def seen_at(self, cut: int) -> float:
        """The highest probability of a cut here, give or take a frame; below 0 where not looked at."""
        return max(self._ends[max(0, cut - 2) : cut + 1])

    def seen_in(self, first: int, last: int) -> float | None:
        """The highest probability of any boundary in these frames; None where it has not looked."""
        rows = slice(max(0, first - 1), last + 1)
        highest = max(*self._ends[rows], *self._parts[rows])
        return None if highest == _NOT_SEEN else highest

    def correlation(self, one: int, other: int) -> float:
        """How alike two frames are, whatever their brightness; 0 where one is flat."""
        first, second = (self._gray(frame) for frame in (one, other))
        first, second = first - first.mean(), second - second.mean()
        size = float(np.sqrt((first * first).mean() * (second * second).mean()))
        return float((first * second).mean()) / size if size >= 1.0 else 0.0

    def comes_back(self, cut: int) -> bool:
        """Whether the picture before a cut is soon there again, or that after it was just before."""
        before, after = self._gray(cut - 1), self._gray(cut)
        jump = float(np.abs(after - before).mean())
        later = range(cut + 1, min(cut + _FLASH_FRAMES, self._n_frames))
        earlier = range(max(cut - _FLASH_FRAMES, self._first), cut - 1)
        again = [np.abs(self._gray(frame) - before).mean() for frame in later]
        again += [np.abs(self._gray(frame) - after).mean() for frame in earlier]
        return min(map(float, again), default=jump) < _FLASH_SHARE * jump

    def _gray(self, frame: int) -> NDArray[np.float32]:
        picture = self._pictures[frame - self._first]
        return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)

    def look(self, horizon: int, is_over: bool) -> int:
        """Judge what is asked before `horizon`; returns how far everything is known."""
        starts: list[int] = []
        known = horizon
        while (first := self._asked.find(True, self._judged, horizon)) >= 0:
            latest = min(first + _JUDGED, horizon)
            end = self._asked.find(False, first, latest)
            if end < 0:
                end = latest
                if end == horizon < first + _JUDGED and not is_over:
                    known = first  # it may go on
                    break
            start = max(self._judged, first - (_JUDGED - (end - first)) // 2)
            starts.append(start)
            self._judged = start + _JUDGED
        self._run(starts)
        # Windows may begin half their length before a doubtful frame, and see as much before that.
        self._forget(known - _JUDGED)
        return self._boundaries(known, is_over)

    def _run(self, starts: Sequence[int]) -> None:
        if not starts:
            return
        last = self._n_frames - 1
        windows = []
        for start in starts:
            frames = range(start - _BEFORE, start - _BEFORE + _WINDOW)
            windows.append([self._pictures[min(max(0, one), last) - self._first] for one in frames])
        ends, parts = self._judge.judge(np.array(windows))
        for start, end, part in zip(starts, ends, parts, strict=True):
            rows = slice(start, min(start + _JUDGED, self._n_frames))
            n_rows = rows.stop - rows.start
            self.n_judged += n_rows
            self._ends[rows] = array("f", end[:n_rows].tolist())
            self._parts[rows] = array("f", part[:n_rows].tolist())

    def _forget(self, before: int) -> None:
        if before > self._first:
            del self._pictures[: before - self._first]
            self._first = before

    def _boundaries(self, until: int, is_over: bool) -> int:
        """Read off the boundaries before `until`, but none that may go on there."""
        if not is_over:
            while until > self._read and max(self._ends[until - 1], self._parts[until - 1]) > _IS:
                until -= 1
        ends = np.array(self._ends[self._read : until])
        gradual = [
            Transition(self._read + first, self._read + last, MIN_VOTES)
            for first, last in _runs(np.array(self._parts[self._read : until]) > _IS)
            if last + 1 - first >= _LEAST_GRADUAL
        ]
        for first, last in _runs(ends > _IS):
            cut = self._read + first + int(ends[first : last + 1].argmax()) + 1
            within = any(one.first <= cut <= one.last + 2 for one in gradual)
            if not within and cut < self._n_frames:
                self.cuts.append(cut)
        self.transitions += gradual
        self._read = max(self._read, until)
        return self._read


def _runs(rows: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """First and last row of each run of true ones."""
    steps = np.diff(np.concatenate(([0], rows.astype(np.int8), [0])))
    firsts, ends = np.flatnonzero(steps == 1), np.flatnonzero(steps == -1)
    return [(int(first), int(end) - 1) for first, end in zip(firsts, ends, strict=True)]
