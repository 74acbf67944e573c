"""The few frames of a shot that are worth a closer look, kept while the film goes by."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.scan.frame_stats import FrameFacts
from ava.scan.shots import Shot
from ava.source.info import FrameRef, Orientation, SourceFrame

_MERGE_AT = 96  # pictures held for one open shot; then neighbours are merged in pairs
_MAX_DECODED_BYTES = 96_000_000  # of pictures as they were decoded, which nobody has converted yet


@dataclass(frozen=True)
class ShortlistSettings:
    """How many frames are kept, and of what size.

    Attributes
    ----------
    height_px : int
        Lines of the pictures that the scorers see.
    per_shot_power : float
        A shot of s seconds keeps ``ceil(s ** per_shot_power)`` frames, each the best of its stretch
        of the shot.
    at_least : int
        A short film keeps about so many in all, where it has them.
    bucket_seconds : float
        Of every stretch of this length the best frame is considered.
    """

    height_px: int = 540
    per_shot_power: float = 0.5
    at_least: int = 32
    bucket_seconds: float = 0.5

    def n_kept(self, shot_seconds: float, film_seconds: float) -> int:
        """How many frames a shot of `shot_seconds` may keep."""
        n_kept = math.ceil(math.pow(max(shot_seconds, 1e-3), self.per_shot_power))
        if film_seconds > 0:  # not so for NaN: an unknown length adds nothing
            n_kept = max(n_kept, math.ceil(self.at_least * min(1, shot_seconds / film_seconds)))
        return n_kept

    def bucket(self, film_seconds: float) -> float:
        """Length of the stretches in a film of this length (NaN where unknown)."""
        if not film_seconds > 0:
            return self.bucket_seconds
        return min(self.bucket_seconds, max(0.1, film_seconds / (2 * self.at_least)))


@dataclass(frozen=True)
class Moments:
    """What goes on around a frame: reduced luma of its neighbours in the same shot.

    Attributes
    ----------
    luma : tuple of ndarray of uint8 (h, w), or None
        Two frames before, the frame, two after; None where a neighbour is in another shot.
    seconds : tuple of float
        Their times; NaN where there is none.
    """

    luma: tuple[NDArray[np.uint8] | None, ...]
    seconds: tuple[float, ...]

    def stacked(self, orientation: Orientation) -> NDArray[np.uint8]:
        """Upright pictures, shape (5, h, w); black where there is none."""
        middle = self.luma[len(self.luma) // 2]
        assert middle is not None
        black = np.zeros_like(middle)
        pictures = [
            one if one is not None and one.shape == middle.shape else black for one in self.luma
        ]
        return np.stack([orientation.applied(one) for one in pictures])


@dataclass(frozen=True)
class Candidate:
    """A frame that may go on: where it is, how it looks to the quick eye, and its picture.

    `moments` (5, h, w) and `moment_seconds` are those of a `FrameBatch`; None for a still.
    """

    ref: FrameRef
    pts_seconds: float
    quick_score: float
    pixels: NDArray[np.uint8]
    moments: NDArray[np.uint8] | None = None
    moment_seconds: tuple[float, ...] | None = None


@dataclass(frozen=True)
class ClosedShot:
    """A shot that is over, and its candidates in order of time."""

    shot: Shot
    candidates: list[Candidate]


def quick_score(facts: FrameFacts, motion_after: float) -> float:
    """A rough order of the frames of one shot: sharp, still, well exposed; more is better.

    Only meant to compare neighbours: the scorers look again, more carefully.
    """
    stillness = 1.0 / (1.0 + 0.15 * max(facts.motion, motion_after))
    exposure = 1.0 - 0.5 * min(1.0, facts.dark_share * facts.dark_share + facts.bright_share)
    contrast = min(1.0, facts.luma_std / 30.0)
    return math.log1p(facts.sharpness) * stillness * exposure * contrast


@dataclass(slots=True)
class _Held:
    """The best frame of a bucket, as it was decoded or already converted."""

    ref: FrameRef
    score: float
    moments: Moments
    frame: SourceFrame | None
    pixels: NDArray[np.uint8] | None = None

    @property
    def n_bytes(self) -> int:
        return 0 if self.frame is None else self.frame.n_bytes

    def convert(self, height_px: int) -> NDArray[np.uint8]:
        if self.pixels is None:
            assert self.frame is not None
            self.pixels, self.frame = self.frame.rgb(height_px), None
        return self.pixels


class ShotShortlist:
    """Collects candidates of the shot that is running.

    The best frame of every bucket is held as it was decoded, and converted when its shot is over
    and has taken it; earlier only where these would take too much memory. A shot too long for that
    has its neighbours merged in pairs, and its buckets double, so that memory stays bounded and
    time stays evenly covered.

    Parameters
    ----------
    settings : ShortlistSettings
        How many, and of what size.
    film_seconds : float
        Length of the film; NaN where it is not known.
    orientation : Orientation
        How its pictures are turned upright.
    on_taken : callable
        Told of frames that go on, where they are still as they were decoded.
    """

    def __init__(
        self,
        settings: ShortlistSettings,
        film_seconds: float,
        orientation: Orientation,
        on_taken: Callable[[SourceFrame], None],
    ) -> None:
        self._settings, self._on_taken = settings, on_taken
        self._orientation = orientation
        self._bucket_seconds = settings.bucket(film_seconds)
        self._length = self._bucket_seconds
        self._film_seconds = film_seconds
        self._kept: list[_Held] = []
        self._best: _Held | None = None
        self._bucket_end = -math.inf

    def add(self, frame: SourceFrame, score: float, around: Callable[[], Moments]) -> None:
        """Consider one frame; what goes on around it is only asked for where it leads."""
        seconds = frame.ref.time.seconds
        if seconds >= self._bucket_end:
            self.close_bucket()
            self._bucket_end = seconds + self._length
        if self._best is None or score > self._best.score:
            self._best = _Held(frame.ref, score, around(), frame)

    @property
    def decided_to(self) -> int:
        """Of the frames before this one, it is known which are kept."""
        return 0 if self._best is None else self._best.ref.frame_id

    def close_bucket(self) -> None:
        """Take the best frame of the running bucket; called at every boundary too."""
        if self._best is not None:
            self._kept.append(self._best)
            self._best = None
        self._bucket_end = -math.inf
        if len(self._kept) >= _MERGE_AT:
            pairs = zip(self._kept[0::2], self._kept[1::2], strict=False)
            self._kept = [max(pair, key=lambda one: one.score) for pair in pairs]
            self._length *= 2
        n_bytes = sum(one.n_bytes for one in self._kept)
        for one in self._kept:
            if n_bytes <= _MAX_DECODED_BYTES:
                break
            n_bytes -= one.n_bytes
            one.convert(self._settings.height_px)

    def take(self, clean_first: int, clean_end: int, end: int, seconds: float) -> list[Candidate]:
        """The best frames before frame `end`, in order of time; they are forgotten here.

        Parameters
        ----------
        clean_first, clean_end : int
            Frames outside of this range touch a transition and are only taken when nothing else
            is there.
        end : int
            First frame of the next shot.
        seconds : float
            Length of the shot.
        """
        mine = [one for one in self._kept if one.ref.frame_id < end]
        self._kept = [one for one in self._kept if one.ref.frame_id >= end]
        clean = [one for one in mine if clean_first <= one.ref.frame_id < clean_end]
        n_kept = self._settings.n_kept(seconds, self._film_seconds) if clean else 1
        self._length = self._bucket_seconds
        best = _spread(clean or mine, n_kept)
        for one in best:
            if one.frame is not None:
                self._on_taken(one.frame)
        return [
            Candidate(
                one.ref,
                one.ref.time.seconds,
                one.score,
                one.convert(self._settings.height_px),
                one.moments.stacked(self._orientation),
                one.moments.seconds,
            )
            for one in best
        ]


def _spread(held: list[_Held], n_kept: int) -> list[_Held]:
    """The best of as many equal stretches of time; where some are empty, the best of the rest."""
    if len(held) <= n_kept:
        return held
    seconds = [one.ref.time.seconds for one in held]
    length = (seconds[-1] - seconds[0]) / n_kept
    best: dict[int, _Held] = {}
    for one, at in zip(held, seconds, strict=True):
        stretch = min(int((at - seconds[0]) / length), n_kept - 1)
        if stretch not in best or one.score > best[stretch].score:
            best[stretch] = one
    taken = {one.ref.frame_id for one in best.values()}
    rest = [one for one in held if one.ref.frame_id not in taken]
    rest.sort(key=lambda one: (-one.score, one.ref.frame_id))
    found = [*best.values(), *rest[: n_kept - len(best)]]
    return sorted(found, key=lambda one: one.ref.frame_id)
