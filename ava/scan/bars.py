"""Letterbox, pillarbox and windowbox bars of a shot, told from night.

Black at the edges of a picture is a bar only where it ends in a straight, sharp line on both
sides, at the same distance: darkness in a scene ends where things end, here and there. A shot
whose own light reaches the line shows its bars; a darker one is compared with the bars that other
shots have shown, and is left whole where nothing in it speaks for them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.scan.shots import Shot

BLACK_LUMA = 20  # of 255; bars are black, but for compression and noise
_LIT_LUMA = 40  # of 255; beyond doubt not a bar
_MIN_BAR = 0.02  # of the height or width, each
_MAX_BAR = 0.4
_MAX_ASYMMETRY = 0.015  # of the height or width
_HOT_SHARE = 0.02  # of a line; hot pixels and specks do not end a bar
_MAX_TEXTURE = 1.5  # gray levels, standard deviation in time's mean
_LIT_IN_ALL = 0.6  # of the line inside the edge, lit at one time or another
_LIT_AT_ONCE = 0.3  # of the same line, lit in one frame
_MIN_FRAMES_SHARE = 0.25  # of the frames, where that much is lit at once
_PURE_BLACK = 1.0  # gray levels, mean and standard deviation of what lies beside an edge
_MAX_LINES_BESIDE = 8
_LIVE = 2.5  # gray levels above it; the noise floor of a dark scene
_MIN_STEP_OVER_RISE = 2.0  # a vignette goes on rising, an edge does not
_MIN_SAMPLES = 2
_MAX_STACK = 48  # more frames of one shot tell nothing new
_EVERY = 4
_SAME_LINES = 1
_RECENT = 96  # samples that may still belong to a shot not yet found
_MERGE_AT = 192

Gray = NDArray[np.uint8]


@dataclass(frozen=True)
class Margins:
    """Bars of a picture as it is stored, in whole lines of the reduced luma."""

    top: int = 0
    bottom: int = 0
    left: int = 0
    right: int = 0

    def __bool__(self) -> bool:
        return bool(self.top or self.bottom or self.left or self.right)


@dataclass(frozen=True)
class ShotLight:
    """What a shot's frames were at every pixel: at their brightest, and on average.

    Attributes
    ----------
    brightest : ndarray of uint8, shape (h, w)
        Maximum over the frames.
    average : ndarray of float32, shape (h, w)
        Mean over the frames.
    own : Margins
        Bars that the shot shows by itself.
    undecided : bool
        Whether its edges are dark without showing bars: these may be bars or night.
    strength : float
        How much of the lines along its own bars is lit, 0..1.
    """

    brightest: Gray
    average: NDArray[np.float32]
    own: Margins
    undecided: bool
    strength: float

    @property
    def is_dark(self) -> bool:
        """Whether there is next to no light at all."""
        return float((self.brightest > BLACK_LUMA).mean()) < _HOT_SHARE


class LumaSamples:
    """Every fourth frame's reduced luma, or all of them, until the shot it belongs to is closed."""

    def __init__(self, all_frames: bool = False) -> None:
        self._every = 1 if all_frames else _EVERY
        self._held: list[tuple[int, Gray]] = []

    def add(self, frame_id: int, small_luma: Gray) -> None:
        """Take the next frame."""
        if frame_id % self._every:
            return
        self._held.append((frame_id, small_luma))
        if len(self._held) > _MERGE_AT:
            # An endless shot: its older frames are thinned, so that memory stays bounded.
            self._held = self._held[:-_RECENT:2] + self._held[-_RECENT:]

    def take(self, shot: Shot) -> ShotLight | None:
        """What a closed shot was like, off its transitions; its frames are forgotten here."""
        mine = [one for one in self._held if shot.first_frame <= one[0] < shot.end_frame]
        self._held = [one for one in self._held if one[0] >= shot.end_frame]
        clean = [one for one in mine if shot.clean_first <= one[0] < shot.clean_end]
        light = light_of(_some(clean))
        if (light is None or light.is_dark) and len(mine) > len(clean):
            light = light_of(_some(mine))
            if light is not None and light.own:
                # Two shots mixed: whose bars these are is not known.
                light = replace(light, own=Margins(), undecided=True)
        return light


def same_margins(margins: Margins, other: Margins) -> bool:
    """Whether two shots have the same bars, but for what a line more or less of light does."""
    pairs = (
        (margins.top, other.top),
        (margins.bottom, other.bottom),
        (margins.left, other.left),
        (margins.right, other.right),
    )
    return all(abs(one - two) <= _SAME_LINES for one, two in pairs)


def _some(held: Sequence[tuple[int, Gray]]) -> list[Gray]:
    """Frames of one size, evenly from all, no more than are needed."""
    samples = [luma for _, luma in held if luma.shape == held[-1][1].shape]
    return samples[:: -(-len(samples) // _MAX_STACK) or 1]


def light_of(samples: Sequence[Gray]) -> ShotLight | None:
    """What a shot shows of its bars; None without any sample.

    Parameters
    ----------
    samples : sequence of ndarray of uint8, shape (h, w)
        Reduced full-range luma of some of its frames, all of one size.
    """
    if not samples:
        return None
    brightest, total = samples[0].copy(), np.zeros(samples[0].shape, np.float32)
    for one in samples:
        cv2.max(brightest, one, dst=brightest)
        cv2.accumulate(one, total)
    average = total / np.float32(len(samples))
    stack = np.stack(samples)
    rows = _Axis(brightest, average, stack)
    columns = _Axis(brightest.T, average.T, stack.transpose(0, 2, 1))
    height, width = brightest.shape
    across, down = slice(0, width), slice(0, height)
    strengths: list[float] = []
    top_bottom = left_right = (0, 0)
    for _ in range(2):  # what one pair of bars leaves is where the other pair must be lit
        if not any(top_bottom) and (found := rows.bars(across)):
            top_bottom = found.sizes
            strengths.append(found.strength)
            down = slice(top_bottom[0], height - top_bottom[1])
        if not any(left_right) and (found := columns.bars(down)):
            left_right = found.sizes
            strengths.append(found.strength)
            across = slice(left_right[0], width - left_right[1])
    if len(samples) < _MIN_SAMPLES:
        top_bottom = left_right = (0, 0)
    own = Margins(*top_bottom, *left_right)
    undecided = not own and (rows.is_dark_at_both_ends() or columns.is_dark_at_both_ends())
    return ShotLight(brightest, average, own, undecided, min(strengths, default=0.0))


@dataclass(frozen=True)
class _Pair:
    sizes: tuple[int, int]
    strength: float


class _Axis:
    """A shot's light, turned so that the bars in question are its first and last rows."""

    def __init__(self, brightest: Gray, average: NDArray[np.float32], stack: Gray | None) -> None:
        self._brightest, self._average, self._stack = brightest, average, stack
        self._n_lines = len(brightest)

    @cached_property
    def _dark(self) -> tuple[int, int]:
        """Lines at both ends that are dark but for specks; none where all are."""
        lit = np.flatnonzero((self._brightest > BLACK_LUMA).mean(axis=1) > _HOT_SHARE)
        return (int(lit[0]), self._n_lines - 1 - int(lit[-1])) if lit.size else (0, 0)

    def is_dark_at_both_ends(self) -> bool:
        """Whether there could be bars at all, some of them with text inside."""
        return bool(max(self._dark) >= _MIN_BAR * self._n_lines)

    def bars(self, across: slice) -> _Pair | None:
        """The two bars, where the light along both shows them."""
        first, last = self._dark
        if abs(first - last) > max(1, _MAX_ASYMMETRY * self._n_lines):
            # Text in one bar makes it look smaller than the other: it must end where that one does.
            first = last = max(self._dark)
        if not _MIN_BAR * self._n_lines <= min(first, last):
            return None
        if max(first, last) > _MAX_BAR * self._n_lines or not self.are_bars(first, last):
            return None
        edges = first, self._n_lines - 1 - last
        strength = min(max(self._lit_along(e, across), self._live_along(e, across)) for e in edges)
        return _Pair((first, last), strength) if strength >= _LIT_IN_ALL else None

    def _lit_along(self, line: int, across: slice) -> float:
        """Share of the line inside an edge that is lit; 0 where it is so in few frames only."""
        assert self._stack is not None
        inwards = 1 if line < self._n_lines // 2 else -1
        lit = self._stack[:, line + inwards, across] >= _LIT_LUMA
        if (lit.mean(axis=1) >= _LIT_AT_ONCE).mean() < _MIN_FRAMES_SHARE:
            return 0.0
        outside = self._brightest[line - 2 * inwards, across] >= _LIT_LUMA
        return float((lit.any(axis=0) & ~outside).mean())

    def _live_along(self, line: int, across: slice) -> float:
        """Share of the line inside an edge that is picture, however dark, beside pure black.

        A bar is the signal's own black, the same in every frame. Darkness in a scene has noise in
        it, and does not begin at one straight line over the whole width.
        """
        inwards = 1 if line < self._n_lines // 2 else -1
        if not 5 <= line < self._n_lines - 5:
            return 0.0
        beside = self._average[line - 3 * inwards :: -inwards][:_MAX_LINES_BESIDE, across]
        if float(beside.mean()) > _PURE_BLACK or float(beside.std()) > _PURE_BLACK:
            return 0.0
        outside, inside, further = (
            self._average[line + lines * inwards, across] for lines in (-3, 2, 5)
        )
        step = inside - outside
        if float(step.mean()) < _MIN_STEP_OVER_RISE * abs(float((further - inside).mean())):
            return 0.0
        return float((step >= _LIVE).mean())

    def are_bars(self, first: int, last: int) -> bool:
        """Whether nothing but black is there, on one side perhaps with text on it."""
        sides = [(self._brightest[:first], self._average[:first])] if first else []
        if last:
            sides.append((self._brightest[-last:][::-1], self._average[-last:][::-1]))
        kinds = [_kind_of_bar(*side) for side in sides]
        return "picture" not in kinds and kinds.count("text") <= 1

    def shows_edge(self, first: int, last: int) -> bool:
        """Whether the average light steps up from bar to picture along one of the two edges."""
        for size, light in ((first, self._average), (last, self._average[::-1])):
            if 2 < size < self._n_lines - 2:
                outside = light[size - 3 : size - 1].mean(axis=0)
                step = light[size + 1] - outside
                if outside.std() <= 1.0 and (step > 2.0).mean() >= 0.25:
                    return True
        return False


def _kind_of_bar(brightest: Gray, average: NDArray[np.float32]) -> str:
    """Either "black", "text" (black around it) or "picture"; rows count from the film's edge."""
    lit = brightest > BLACK_LUMA
    # Hot pixels are no texture; the last line may be half picture.
    calm = np.minimum(average[:-1] if len(average) > 1 else average, BLACK_LUMA)
    if lit[:-1].mean(axis=1).max(initial=0.0) <= _HOT_SHARE and calm.std() <= _MAX_TEXTURE:
        return "black"
    margin = max(1, round(0.05 * lit.shape[1]))
    around = lit[:, :margin].mean() + lit[:, -margin:].mean() + lit[:1].mean()
    is_text = around < 0.01 and lit.mean() <= 0.3 and lit.mean(axis=1).max() <= 0.7
    return "text" if is_text else "picture"


def agrees(light: ShotLight, bars: Margins, shape: tuple[int, ...]) -> bool:
    """Whether a shot that shows no bars by itself has the `bars` of another one.

    Its picture must be black there, and at least one edge must be seen, however faintly.
    """
    if light.brightest.shape != shape:
        return False
    rows = _Axis(light.brightest, light.average, None)
    columns = _Axis(light.brightest.T, light.average.T, None)
    return (
        rows.are_bars(bars.top, bars.bottom)
        and columns.are_bars(bars.left, bars.right)
        and (rows.shows_edge(bars.top, bars.bottom) or columns.shows_edge(bars.left, bars.right))
    )
