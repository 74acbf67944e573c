"""The best part of a frame for every canvas: no face cut, the subject well placed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.canvas import Canvas
from ava.core.geometry import Box

Doubles = NDArray[np.float64]

_SCALES = (1.0, 0.88, 0.76, 0.64)  # of the largest window of the shape
_STEPS = (17, 7)  # places across and down
_HAIR, _CHIN, _EARS = 0.35, 0.08, 0.15  # of a face's height and width, around its box
_MAIN = 0.35  # height of a face, of the largest one's, from which its whole head must show
_LOOKS_ASIDE = 12.0  # degrees
_EYES = 0.4  # of a face's height, from its top
_EYE_LINE = 0.36  # of a window's height: a little over the middle of a portrait, near the third
_HEADROOM = (0.04, 0.16)  # of a window's height, above the hair
_FACE_SIZE = (0.2, 0.5)  # of a window's height
_WEIGHTS = {
    "attention": 0.3, "placement": 0.25, "face_size": 0.2, "headroom": 0.1, "title_space": 0.1,
    "size": 0.05,
}  # fmt: skip


@dataclass(frozen=True)
class FrameLayout:
    """What is where in a frame.

    Attributes
    ----------
    aspect : float
        Width over height.
    faces_xyxy : ndarray of float64, shape (K, 4)
        Boxes of all faces, 0..1.
    yaw_degrees : ndarray of float64, shape (K,)
        Where their noses point, right of the picture above 0; NaN where it is not known.
    subject : tuple of float or None
        The point that the eye rests on, 0..1; None in a picture without any.
    attention : ndarray of float64, shape (9, 16)
        Share of the attention on each field; all 0 where nothing is known.
    title_space : Box or None
        The largest calm rectangle.
    """

    aspect: float
    faces_xyxy: Doubles
    yaw_degrees: Doubles
    subject: tuple[float, float] | None
    attention: Doubles
    title_space: Box | None


@dataclass(frozen=True)
class Crop:
    """A part of a frame for a canvas.

    Attributes
    ----------
    canvas : str
        Its name.
    box : Box
        The part, in shares of the frame.
    score : float
        How well it does there, 0..1: the weighted sum of `parts`.
    parts : dict of str to float
        attention kept, placement, face size, headroom, title space, size kept; 0..1 each.
    focus_x, focus_y : float
        The point to keep, 0..1 of the crop.
    """

    canvas: str
    box: Box
    score: float
    parts: dict[str, float]
    focus_x: float
    focus_y: float

    @property
    def object_position(self) -> str:
        """What CSS needs to cut a like shape out of the whole frame (``object-fit: cover``)."""
        edges = ((self.box.x0, self.box.x1), (self.box.y0, self.box.y1))
        shares = [
            50.0 if high - low >= 1 else 100 * low / (1 - (high - low)) for low, high in edges
        ]
        return f"{shares[0]:.1f}% {shares[1]:.1f}%"

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        return {**asdict(self), "object_position": self.object_position}


def best_crop(frame: FrameLayout, canvas: Canvas) -> Crop | None:
    """The best part of a frame for a canvas; None where every part would cut a face.

    Windows of four sizes are tried at a grid of places. One that cuts any face is out, and so is
    one that cuts the head (with hair and chin) of a main person, or leaves the principal one out.
    Of the others the best weighted sum is taken; ties go to the larger, the one more to the left.
    """
    windows = _windows(canvas.aspect, frame.aspect)
    heights = frame.faces_xyxy[:, 3] - frame.faces_xyxy[:, 1]
    largest = int(heights.argmax()) if len(heights) else None
    whole = _whole(frame, windows, heights)
    if largest is not None:
        whole &= _inside(_heads(frame.faces_xyxy[[largest]]), windows)[:, 0]
    if not whole.any():
        return None
    return _best_of(frame, canvas, windows[whole], largest)


def crop_at(frame: FrameLayout, canvas: Canvas, box: Box) -> Crop:
    """A part that a person chose, scored like one that was found; it may cut what it will."""
    heights = frame.faces_xyxy[:, 3] - frame.faces_xyxy[:, 1]
    largest = int(heights.argmax()) if len(heights) else None
    return _best_of(frame, canvas, np.array([[box.x0, box.y0, box.x1, box.y1]]), largest)


def cuts_a_face(frame: FrameLayout, box: Box) -> bool:
    """Whether a part of a frame cuts a face or the head of a main person."""
    heights = frame.faces_xyxy[:, 3] - frame.faces_xyxy[:, 1]
    return not _whole(frame, np.array([[box.x0, box.y0, box.x1, box.y1]]), heights).all()


def _best_of(frame: FrameLayout, canvas: Canvas, windows: Doubles, largest: int | None) -> Crop:
    parts = _parts(frame, windows, largest, canvas)
    scores = sum(_WEIGHTS[name] * value for name, value in parts.items())
    best = int(np.asarray(scores).argmax())
    x0, y0, x1, y1 = windows[best].clip(0, 1)
    focus = _focus(frame, largest) or ((x0 + x1) / 2, (y0 + y1) / 2)
    return Crop(
        canvas.name,
        Box(float(x0), float(y0), float(x1), float(y1)),
        float(np.asarray(scores)[best]),
        {name: float(value[best]) for name, value in parts.items()},
        float(np.clip((focus[0] - x0) / (x1 - x0), 0, 1)),
        float(np.clip((focus[1] - y0) / (y1 - y0), 0, 1)),
    )


def best_crops(frame: FrameLayout, canvases: Sequence[Canvas]) -> dict[str, Crop]:
    """The best crop for every canvas that has one."""
    found = ((canvas.name, best_crop(frame, canvas)) for canvas in canvases)
    return {name: crop for name, crop in found if crop is not None}


@cache
def _windows(aspect: float, picture_aspect: float) -> Doubles:
    """Windows of a shape, (W, 4), the largest first; the same ones for all frames of a shape."""
    tables = []
    for scale in _SCALES:
        width = min(1.0, aspect / picture_aspect) * scale
        height = min(1.0, picture_aspect / aspect) * scale
        left = np.unique(np.linspace(0, 1 - width, _STEPS[0]))
        top = np.unique(np.linspace(0, 1 - height, _STEPS[1]))
        x, y = (axis.ravel() for axis in np.meshgrid(left, top))
        tables.append(np.stack([x, y, x + width, y + height], axis=1))
    windows: Doubles = np.concatenate(tables)
    windows.flags.writeable = False
    return windows


def _heads(faces: Doubles) -> Doubles:
    """Whole heads, as far as the picture shows them."""
    size = faces[:, 2:] - faces[:, :2]
    low = faces[:, :2] - size * [_EARS, _HAIR]
    high = faces[:, 2:] + size * [_EARS, _CHIN]
    return np.concatenate([low, high], axis=1).clip(0, 1)


def _whole(frame: FrameLayout, windows: Doubles, heights: Doubles) -> NDArray[np.bool_]:
    """Which windows cut no face and no head of a main person, and show nobody without a head."""
    if not len(heights):
        return np.ones(len(windows), bool)
    boxes = frame.faces_xyxy.clip(0, 1)
    main = heights >= _MAIN * heights.max()
    boxes = np.where(main[:, None], _heads(frame.faces_xyxy), boxes)
    after: NDArray[np.bool_] = boxes[None, :, :2] >= windows[:, None, 2:]
    before: NDArray[np.bool_] = boxes[None, :, 2:] <= windows[:, None, :2]
    apart = np.any(after | before, axis=2)
    beside = ~(after | before)[:, :, 0]
    apart &= ~(beside & before[:, :, 1])  # a head above the window is a body without one in it
    kept: NDArray[np.bool_] = (_inside(boxes, windows) | apart).all(axis=1)
    return kept


def _inside(boxes: Doubles, windows: Doubles) -> NDArray[np.bool_]:
    """Which boxes lie in which windows, (W, K)."""
    low = boxes[None, :, :2] >= windows[:, None, :2] - 1e-9
    high = boxes[None, :, 2:] <= windows[:, None, 2:] + 1e-9
    return np.asarray((low & high).all(axis=2), bool)


def _parts(
    frame: FrameLayout, windows: Doubles, largest: int | None, canvas: Canvas
) -> dict[str, Doubles]:
    """What speaks for each window, 0..1 each, (W,)."""
    size = windows[:, 2:] - windows[:, :2]
    ones = np.ones(len(windows))
    parts = {
        "attention": _kept_attention(frame.attention, windows),
        "placement": _placement(frame, windows, largest, canvas),
        "face_size": 0.5 * ones,
        "headroom": 0.5 * ones,
        "title_space": 0 * ones,
        "size": size.prod(axis=1) / size.prod(axis=1).max(),
    }
    if largest is not None:
        _, top, _, bottom = frame.faces_xyxy[largest]
        height = bottom - top
        parts["face_size"] = _between(height / size[:, 1], *_FACE_SIZE)
        above = (max(0.0, top - _HAIR * height) - windows[:, 1]) / size[:, 1]
        parts["headroom"] = _between(above, *_HEADROOM)
    space = frame.title_space
    if space is not None:
        low = np.maximum(windows[:, :2], [space.x0, space.y0])
        high = np.minimum(windows[:, 2:], [space.x1, space.y1])
        shared = np.clip(high - low, 0, None).prod(axis=1) / size.prod(axis=1)
        parts["title_space"] = np.minimum(1.0, 3 * shared)
    return parts


def _between(values: Doubles, low: float, high: float) -> Doubles:
    """1 between two bounds, falling to 0 at none and at twice as much again."""
    under, over = values / low, 1 - (values - high) / (2 * high)
    return np.asarray(np.minimum(1.0, np.minimum(under, over)).clip(0, 1), np.float64)


def _kept_attention(attention: Doubles, windows: Doubles) -> Doubles:
    """Share of the attention that falls into each window."""
    total = float(attention.sum())
    if total <= 0:
        return np.ones(len(windows))
    rows, columns = attention.shape
    sums = np.zeros((rows + 1, columns + 1))
    sums[1:, 1:] = attention.cumsum(axis=0).cumsum(axis=1)

    def up_to(x: Doubles, y: Doubles) -> Doubles:
        """Of the field from the top left corner to a point, by straight lines between fields."""
        x, y = x.clip(0, 1) * columns, y.clip(0, 1) * rows
        left, top = np.minimum(x.astype(int), columns - 1), np.minimum(y.astype(int), rows - 1)
        a, b = x - left, y - top
        upper = sums[top, left] * (1 - a) + sums[top, left + 1] * a
        lower = sums[top + 1, left] * (1 - a) + sums[top + 1, left + 1] * a
        return np.asarray(upper * (1 - b) + lower * b, np.float64)

    x0, y0, x1, y1 = windows.T
    inside = up_to(x1, y1) - up_to(x0, y1) - up_to(x1, y0) + up_to(x0, y0)
    return np.asarray((inside / total).clip(0, 1), np.float64)


def _focus(frame: FrameLayout, largest: int | None) -> tuple[float, float] | None:
    if largest is None:
        return frame.subject
    x0, y0, x1, y1 = frame.faces_xyxy[largest]
    return float((x0 + x1) / 2), float(y0 + _EYES * (y1 - y0))


def _placement(
    frame: FrameLayout, windows: Doubles, largest: int | None, canvas: Canvas
) -> Doubles:
    """How near the focus is to where it should stand in each window."""
    focus = _focus(frame, largest)
    if focus is None:
        return 0.5 * np.ones(len(windows))
    size = windows[:, 2:] - windows[:, :2]
    x, y = ((focus[axis] - windows[:, axis]) / size[:, axis] for axis in (0, 1))
    yaw = 0.0 if largest is None else float(np.nan_to_num(frame.yaw_degrees[largest]))
    if abs(yaw) >= _LOOKS_ASIDE:  # room where it looks
        wanted = [1 / 3] if yaw > 0 else [2 / 3]
    else:
        wanted = [0.5] if canvas.aspect < 1.2 else [1 / 3, 0.5, 2 / 3]
    aside = np.min([np.abs(x - place) for place in wanted], axis=0)
    line = _EYE_LINE if largest is not None else 0.5
    away = np.hypot(aside, 0.7 * (y - line))
    return np.asarray((1 - away / 0.5).clip(0, 1), np.float64)
