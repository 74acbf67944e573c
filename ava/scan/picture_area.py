"""The part of the picture inside bars, shot by shot, while the film goes by."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.geometry import WHOLE_PICTURE, Box, cropped
from ava.scan.bars import Gray, LumaSamples, Margins, ShotLight, agrees, same_margins
from ava.scan.shortlist import Candidate, ClosedShot
from ava.source.info import Orientation, as_pixels

_MAX_WAITING_PICTURES = 24  # some 36 MB at 540 lines
_FULL_LIGHT = 0.8  # of the lines inside it; a darker line is half bar
_FAINT = 4.0  # gray levels; too little light to measure an edge by


@dataclass(frozen=True)
class _Known:
    """Bars that a shot of this film has shown."""

    margins: Margins
    shape: tuple[int, ...]
    area: Box
    strength: float


class AreaFinder:
    """Gives every shot its `picture_area`, and crops its candidates to it.

    A shot with dark edges that shows no bars waits until another shot has shown what the film is
    like around here; what waits is bounded.

    Parameters
    ----------
    orientation : Orientation
        Of the film.
    all_frames : bool
        Whether every frame is looked at; otherwise every fourth.
    """

    def __init__(self, orientation: Orientation, all_frames: bool = False) -> None:
        self._orientation = orientation
        self._samples = LumaSamples(all_frames)
        self._known: list[_Known] = []
        self._waiting: deque[tuple[ClosedShot, ShotLight | None]] = deque()

    def add(self, frame_id: int, small_luma: Gray) -> None:
        """Take the next frame, before its shot is closed."""
        self._samples.add(frame_id, small_luma)

    def cropped(self, shots: Iterable[ClosedShot]) -> Iterator[ClosedShot]:
        """The same shots in the same order, some of them later."""
        for closed in shots:
            light = self._samples.take(closed.shot)
            self._waiting.append((closed, light))
            if light is not None and light.own:
                self._learn(light, closed)
            if not self._waits(light) or self._n_pictures() > _MAX_WAITING_PICTURES:
                yield from self._released()
        yield from self._released()

    def _waits(self, light: ShotLight | None) -> bool:
        """Whether the shots that wait, with this one as the last, must go on waiting."""
        if light is None or light.is_dark:
            return len(self._waiting) > 1
        return light.undecided and self._known_of(light) is None

    def _n_pictures(self) -> int:
        return sum(len(closed.candidates) for closed, _ in self._waiting)

    def _released(self) -> Iterator[ClosedShot]:
        while self._waiting:
            closed, light = self._waiting.popleft()
            known = None if light is None else self._known_of(light)
            area = WHOLE_PICTURE if known is None else known.area
            if area == WHOLE_PICTURE:
                yield closed
                continue
            yield ClosedShot(
                replace(closed.shot, picture_area=area),
                [_cropped(one, area) for one in closed.candidates],
            )

    def _known_of(self, light: ShotLight) -> _Known | None:
        """The bars of a shot among those known, the latest first."""
        for known in reversed(self._known):
            if light.own:
                if light.brightest.shape == known.shape and same_margins(light.own, known.margins):
                    return known
            elif light.undecided and agrees(light, known.margins, known.shape):
                return known
        return None

    def _learn(self, light: ShotLight, closed: ClosedShot) -> None:
        before = self._known_of(light)
        if before is not None:
            self._known.remove(before)
        if before is None or light.strength > before.strength + 0.1:
            area = self._measured(light, [one.pixels for one in closed.candidates])
            self._known.append(_Known(light.own, light.brightest.shape, area, light.strength))
        else:
            self._known.append(before)

    def _measured(self, light: ShotLight, pictures: Sequence[NDArray[np.uint8]]) -> Box:
        """The shown area: rough from the reduced luma, then fine from the larger pictures."""
        own, (height, width) = light.own, light.brightest.shape
        area = Box(
            own.left / width,
            own.top / height,
            (width - own.right) / width,
            (height - own.bottom) / height,
        )
        line = 1 / width, 1 / height
        return refined(
            self._orientation.turned(area),
            line[::-1] if self._orientation.transpose else line,
            pictures,
        )


def _cropped(one: Candidate, area: Box) -> Candidate:
    moments = one.moments
    if moments is not None:
        moments = np.stack([cropped(luma, area) for luma in moments])
    return replace(one, pixels=cropped(one.pixels, area), moments=moments)


def refined(area: Box, line: tuple[float, float], pictures: Sequence[NDArray[np.uint8]]) -> Box:
    """Move the edges of `area` to where the picture begins in `pictures`.

    Parameters
    ----------
    area : Box
        Found on a coarser raster.
    line : tuple of float
        Width and height of a pixel of that raster, as shares.
    pictures : sequence of ndarray of uint8, shape (H, W, 3)
        Upright pictures of the shot, of one size; without any, `area` stays.
    """
    if not pictures:
        return area
    grays = [as_pixels(cv2.cvtColor(one, cv2.COLOR_RGB2GRAY)) for one in pictures]
    brightest: NDArray[np.uint8] = np.max(
        [one for one in grays if one.shape == grays[0].shape], axis=0
    )
    height, width = brightest.shape
    left, top, right, bottom = area.pixels(width, height)
    rows = brightest[:, left:right].mean(axis=1)
    columns = brightest[top:bottom].mean(axis=0)
    reach_x, reach_y = (
        math.ceil(1.5 * share * n) for share, n in zip(line, (width, height), strict=True)
    )
    x0 = _edge(columns, left, reach_x)
    x1 = width - _edge(columns[::-1], width - right, reach_x)
    y0 = _edge(rows, top, reach_y)
    y1 = height - _edge(rows[::-1], height - bottom, reach_y)
    if not (x0 < x1 and y0 < y1):
        return area
    return Box(x0 / width, y0 / height, x1 / width, y1 / height)


def _edge(profile: NDArray[np.floating], rough: int, reach: int) -> int:
    """First line wholly inside the picture, near `rough`; 0 stays 0."""
    if rough == 0:
        return 0
    bar = float(profile[: max(1, rough - reach)].mean())
    for line in range(max(1, rough - reach), rough + reach + 1):
        inside = float(profile[line + 1 : line + 4].mean()) - bar
        if inside >= _FAINT and profile[line] - bar >= _FULL_LIGHT * inside:
            return line
    return rough
