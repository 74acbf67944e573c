"""Fades and dissolves, found where a frame is a mixture of the frames before and after it.

In a dissolve frame(t) = (1 - a)·A + a·B while a goes from 0 to 1, and a fade is the same with one
side black or white (Lienhart, "Reliable transition detection in videos", 2001). Every frame is
tried as the middle of a mixture of several lengths: the two ends must differ and be unrelated, the
middle and the quarter points must be explained by the two ends, with a rising. Camera moves fail
this: what a pan shows halfway is not the sum of where it starts and ends.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.scan.shots import Transition

THUMB_SIZE = (48, 27)
_HALF_WIDTHS = (3, 4, 6, 9, 13, 19, 27, 38)  # frames; up to three seconds at 25 frames/s
LOOK_AHEAD = _HALF_WIDTHS[-1]
MIN_VOTES = 2  # one lone mixture of all lengths and middles is chance
_CHUNK = 32
_FLAT_VARIANCE = 9.0


@dataclass(frozen=True)
class TransitionSettings:
    """How strict the mixture test is.

    Attributes
    ----------
    min_difference : float
        Root mean square difference of the two ends, gray levels of 255.
    max_residual : float
        What the mixture may leave unexplained, as a share of that difference.
    max_correlation : float
        Above this the two ends show the same thing, and it is no change of picture.
    """

    min_difference: float = 9.0
    max_residual: float = 0.26
    max_correlation: float = 0.6


class TransitionFinder:
    """Finds gradual transitions in a stream of frames, some two seconds behind it."""

    def __init__(self, settings: TransitionSettings) -> None:
        self._settings = settings
        self._thumbs: list[NDArray[np.float32]] = []
        self._first = 0  # frame id of the first thumb still held
        self._searched = 0  # frames before this one have been tried as a middle
        self._found: list[Transition] = []

    @property
    def horizon(self) -> int:
        """No transition that is still to be reported begins before this frame."""
        return max(0, self._searched - LOOK_AHEAD)

    @property
    def found(self) -> list[Transition]:
        """What was found so far; the last one may still grow until `horizon` has passed it."""
        return self._found

    def add(self, small_luma: NDArray[np.uint8]) -> None:
        """Take the next frame."""
        thumb = cv2.resize(small_luma, THUMB_SIZE, interpolation=cv2.INTER_AREA)
        self._thumbs.append(thumb.astype(np.float32).ravel())
        end = self._first + len(self._thumbs)
        if end - self._searched >= LOOK_AHEAD + _CHUNK:
            self._search(end - LOOK_AHEAD)

    def finish(self) -> None:
        """Search to the end of the film."""
        self._search(self._first + len(self._thumbs))
        self._searched += 2 * LOOK_AHEAD  # nothing is pending any more

    def _search(self, until: int) -> None:
        thumbs = np.stack(self._thumbs) if self._thumbs else np.zeros((0, 1), np.float32)
        tones = Tones.of(thumbs)
        spans: list[tuple[int, int]] = []
        for half in _HALF_WIDTHS:
            spans += self._spans(thumbs, tones, half, until)
        self._merge(sorted(spans))
        self._searched = until
        keep_from = max(self._first, until - 2 * LOOK_AHEAD)
        self._thumbs = self._thumbs[keep_from - self._first :]
        self._first = keep_from

    def _spans(
        self, thumbs: NDArray[np.float32], tones: Tones, half: int, until: int
    ) -> list[tuple[int, int]]:
        """Transitions (first, last frame) whose middle lies in [searched, until)."""
        low = max(self._searched - self._first, half)
        high = min(until - self._first, len(thumbs) - half)
        if high <= low:
            return []
        before, after = slice(low - half, high - half), slice(low + half, high + half)
        settings = self._settings
        # Most frames fail one of the first tests, and are not tried any further.
        change = thumbs[after] - thumbs[before]
        power = _mean_square(change)
        rows = power > settings.min_difference**2
        rows &= tones.at(before).unrelated(tones.at(after), settings.max_correlation)
        middle, change, power = np.arange(low, high)[rows], change[rows], power[rows]
        if not len(middle):
            return []
        start, good, shares = thumbs[middle - half], np.ones(len(middle), bool), []
        for step in (-half // 2, 0, (half + 1) // 2):
            offset = thumbs[middle + step] - start
            share = _mean_product(offset, change) / power
            unexplained = _mean_square(offset) - share**2 * power
            good &= unexplained < settings.max_residual**2 * power
            shares.append(share)
        early, centre, late = shares
        good &= (centre > 0.25) & (centre < 0.75) & (early > -0.1) & (late < 1.1)
        good &= (centre - early > 0.04) & (late - centre > 0.04)
        return [span for row in middle[good] if (span := self._extent(thumbs, int(row), half))]

    def _extent(
        self, thumbs: NDArray[np.float32], middle: int, half: int
    ) -> tuple[int, int] | None:
        """First and last mixed frame around `middle`; None where one step does most of the change."""
        window = thumbs[middle - half : middle + half + 1]
        change = window[-1] - window[0]
        share = (window - window[0]) @ change / (change @ change)
        if np.abs(np.diff(share)).max() > 0.5:
            return None
        mixed = np.flatnonzero((share > 0.06) & (share < 0.94))
        if mixed.size == 0:
            return None
        offset = self._first + middle - half
        return offset + int(mixed[0]), offset + int(mixed[-1])

    def _merge(self, spans: list[tuple[int, int]]) -> None:
        """Join overlapping spans, among themselves and with what was found before."""
        for first, last in spans:
            if self._found and first <= self._found[-1].last + 1:
                known = self._found[-1]
                self._found[-1] = Transition(
                    min(known.first, first), max(known.last, last), known.n_votes + 1
                )
            else:
                self._found.append(Transition(first, last, 1))


@dataclass(frozen=True)
class Tones:
    """Pictures less their mean.

    Attributes
    ----------
    off_mean : ndarray of float32, shape (N, P)
        Gray levels of each.
    variance : ndarray of float32, shape (N,)
        Of each.
    """

    off_mean: NDArray[np.float32]
    variance: NDArray[np.float32]

    @classmethod
    def of(cls, thumbs: NDArray[np.float32]) -> Tones:
        """Those of pictures (N, P)."""
        off_mean = thumbs - thumbs.mean(axis=1, keepdims=True)
        return cls(off_mean, _mean_square(off_mean))

    def at(self, rows: slice) -> Tones:
        """Those of some of them."""
        return Tones(self.off_mean[rows], self.variance[rows])

    def unrelated(self, others: Tones, max_correlation: float) -> NDArray[np.bool_]:
        """Whether each shows something else than its counterpart; a flat one is related to nothing."""
        size = np.sqrt(np.maximum(self.variance * others.variance, 1e-6))
        correlation = _mean_product(self.off_mean, others.off_mean) / size
        flat = np.minimum(self.variance, others.variance) < _FLAT_VARIANCE
        result: NDArray[np.bool_] = flat | (correlation < max_correlation)
        return result


def _mean_square(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    return _mean_product(rows, rows)


def _mean_product(rows: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.float32]:
    products: NDArray[np.float32] = np.einsum("ij,ij->i", rows, others) / np.float32(rows.shape[1])
    return products
