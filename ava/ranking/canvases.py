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
    """The best part of a frame for a canvas; see `best_crops`."""
    return best_crops([frame], canvas)[0]


def best_crops(frames: Sequence[FrameLayout], canvas: Canvas) -> list[Crop | None]:
    """The best part of each frame for a canvas; None where every part would cut a face.

    Windows of four sizes are tried at a grid of places. One that cuts any face is out, and so is
    one that cuts the head (with hair and chin) of a main person, or leaves the principal one out.
    Of the others the best weighted sum is taken; ties go to the larger, the one more to the left.
    """
    found: list[Crop | None] = [None] * len(frames)
    of_shape: dict[float, list[int]] = {}
    for row, frame in enumerate(frames):
        of_shape.setdefault(frame.aspect, []).append(row)
    for aspect, rows in of_shape.items():
        windows = _windows(canvas.aspect, aspect)
        layouts = _Layouts.of([frames[row] for row in rows])
        possible = _whole(layouts, windows, with_principal=True)
        for row, crop in zip(rows, _best_of(layouts, canvas, windows, possible), strict=True):
            found[row] = crop
    return found


def crop_at(frame: FrameLayout, canvas: Canvas, box: Box) -> Crop:
    """A part that a person chose, scored like one that was found; it may cut what it will."""
    window = np.array([[box.x0, box.y0, box.x1, box.y1]])
    (crop,) = _best_of(_Layouts.of([frame]), canvas, window, np.ones((1, 1), bool))
    assert crop is not None
    return crop


def cuts_a_face(frame: FrameLayout, box: Box) -> bool:
    """Whether a part of a frame cuts a face or the head of a main person."""
    window = np.array([[box.x0, box.y0, box.x1, box.y1]])
    return not _whole(_Layouts.of([frame]), window, with_principal=False).all()


@dataclass(frozen=True)
class _Layouts:
    """F frames of one shape as arrays; NaN where there is nothing.

    Attributes
    ----------
    faces : ndarray of float64, shape (T, 4)
        Of all frames, one after the other.
    n_faces : ndarray of int64, shape (F,)
        How many each has.
    principal : ndarray of float64, shape (F, 4)
        The largest face.
    yaw : ndarray of float64, shape (F,)
        Where it points.
    focus : ndarray of float64, shape (F, 2)
        The point to keep: the principal's eyes, or the subject.
    attention : ndarray of float64, shape (F, 9, 16)
        As in `FrameLayout`.
    space : ndarray of float64, shape (F, 4)
        Room for a title.
    """

    faces: Doubles
    n_faces: NDArray[np.int64]
    principal: Doubles
    yaw: Doubles
    focus: Doubles
    attention: Doubles
    space: Doubles

    @classmethod
    def of(cls, frames: Sequence[FrameLayout]) -> _Layouts:
        principal, yaw = np.full((len(frames), 4), np.nan), np.zeros(len(frames))
        focus, space = np.full((len(frames), 2), np.nan), np.full((len(frames), 4), np.nan)
        for row, frame in enumerate(frames):
            if len(frame.faces_xyxy):
                largest = int((frame.faces_xyxy[:, 3] - frame.faces_xyxy[:, 1]).argmax())
                x0, y0, x1, y1 = principal[row] = frame.faces_xyxy[largest]
                yaw[row] = np.nan_to_num(frame.yaw_degrees[largest])
                focus[row] = (x0 + x1) / 2, y0 + _EYES * (y1 - y0)
            elif frame.subject is not None:
                focus[row] = frame.subject
            if (room := frame.title_space) is not None:
                space[row] = room.x0, room.y0, room.x1, room.y1
        return cls(
            np.concatenate([frame.faces_xyxy for frame in frames]),
            np.array([len(frame.faces_xyxy) for frame in frames], np.int64),
            principal,
            yaw,
            focus,
            np.stack([frame.attention for frame in frames]),
            space,
        )


def _best_of(
    layouts: _Layouts, canvas: Canvas, windows: Doubles, possible: NDArray[np.bool_]
) -> list[Crop | None]:
    parts = _parts(layouts, windows, canvas, possible)
    scores = np.asarray(sum(_WEIGHTS[name] * value for name, value in parts.items()))
    # Rounded: a window and its mirror image tie whatever the last digits say.
    rated = np.where(possible, scores.round(9), -np.inf)
    found: list[Crop | None] = []
    for row, best in enumerate(rated.argmax(axis=1)):
        if not possible[row, best]:
            found.append(None)
            continue
        x0, y0, x1, y1 = (float(edge) for edge in windows[best].clip(0, 1))
        middle = np.array([(x0 + x1) / 2, (y0 + y1) / 2])
        x, y = np.where(np.isnan(layouts.focus[row]), middle, layouts.focus[row])
        found.append(
            Crop(
                canvas.name,
                Box(x0, y0, x1, y1),
                float(scores[row, best]),
                {name: float(value[row, best]) for name, value in parts.items()},
                float(np.clip((x - x0) / (x1 - x0), 0, 1)),
                float(np.clip((y - y0) / (y1 - y0), 0, 1)),
            )
        )
    return found


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


def _whole(layouts: _Layouts, windows: Doubles, with_principal: bool) -> NDArray[np.bool_]:
    """Which windows cut no face and no head of a main person, and show nobody without a head.

    Parameters
    ----------
    layouts : _Layouts
        F frames.
    windows : ndarray of float64, shape (W, 4)
        What is asked about.
    with_principal : bool
        Whether the whole head of the principal must be in it, too.

    Returns
    -------
    ndarray of bool, shape (F, W)
    """
    kept = np.ones((len(layouts.n_faces), len(windows)), bool)
    peopled = np.flatnonzero(layouts.n_faces)
    if not len(peopled):
        return kept
    heights = layouts.faces[:, 3] - layouts.faces[:, 1]
    tallest = layouts.principal[:, 3] - layouts.principal[:, 1]
    main = heights >= _MAIN * np.repeat(tallest, layouts.n_faces)
    boxes = np.where(main[:, None], _heads(layouts.faces), layouts.faces.clip(0, 1))
    after: NDArray[np.bool_] = boxes[:, None, :2] >= windows[None, :, 2:]
    before: NDArray[np.bool_] = boxes[:, None, 2:] <= windows[None, :, :2]
    apart = np.any(after | before, axis=2)
    beside = ~(after | before)[:, :, 0]
    apart &= ~(beside & before[:, :, 1])  # a head above the window is a body without one in it
    firsts = (np.cumsum(layouts.n_faces) - layouts.n_faces)[peopled]
    kept[peopled] = np.logical_and.reduceat(_inside(boxes, windows) | apart, firsts, axis=0)
    if with_principal:
        kept[peopled] &= _inside(_heads(layouts.principal[peopled]), windows)
    return kept


def _inside(boxes: Doubles, windows: Doubles) -> NDArray[np.bool_]:
    """Which boxes lie in which windows, (K, W)."""
    low = boxes[:, None, :2] >= windows[None, :, :2] - 1e-9
    high = boxes[:, None, 2:] <= windows[None, :, 2:] + 1e-9
    return np.asarray((low & high).all(axis=2), bool)


def _parts(
    layouts: _Layouts, windows: Doubles, canvas: Canvas, possible: NDArray[np.bool_]
) -> dict[str, Doubles]:
    """What speaks for each window in each frame, 0..1 each, (F, W)."""
    size = windows[:, 2:] - windows[:, :2]
    area = size.prod(axis=1)
    top, height = layouts.principal[:, 1:2], layouts.principal[:, 3:] - layouts.principal[:, 1:2]
    above = (np.maximum(0.0, top - _HAIR * height) - windows[:, 1]) / size[:, 1]
    low = np.maximum(windows[None, :, :2], layouts.space[:, None, :2])
    high = np.minimum(windows[None, :, 2:], layouts.space[:, None, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2) / area
    largest = np.where(possible, area, 0.0).max(axis=1, keepdims=True)
    return {
        "attention": _kept_attention(layouts.attention, windows),
        "placement": _known(_placement(layouts, windows, canvas), 0.5),
        "face_size": _known(_between(height / size[:, 1], *_FACE_SIZE), 0.5),
        "headroom": _known(_between(above, *_HEADROOM), 0.5),
        "title_space": _known(np.minimum(1.0, 3 * shared), 0.0),
        "size": area / np.maximum(largest, 1e-9),
    }


def _known(values: Doubles, otherwise: float) -> Doubles:
    """The values, and one for where there is nothing to judge by."""
    return np.where(np.isnan(values), otherwise, values)


def _between(values: Doubles, low: float, high: float) -> Doubles:
    """1 between two bounds, falling to 0 at none and at twice as much again."""
    under, over = values / low, 1 - (values - high) / (2 * high)
    return np.asarray(np.minimum(1.0, np.minimum(under, over)).clip(0, 1), np.float64)


def _kept_attention(attention: Doubles, windows: Doubles) -> Doubles:
    """Share of the attention that falls into each window; 1 where nothing is known of it."""
    rows, columns = attention.shape[1:]
    covered = []
    for axis, n_fields in enumerate((columns, rows)):
        edges = np.arange(n_fields + 1) / n_fields
        low = np.maximum(windows[:, axis, None].clip(0, 1), edges[:-1])
        high = np.minimum(windows[:, axis + 2, None].clip(0, 1), edges[1:])
        covered.append(np.clip(high - low, 0, None) * n_fields)
    share = (covered[1][:, :, None] * covered[0][:, None, :]).reshape(len(windows), -1)
    fields = attention.reshape(len(attention), -1)
    total = fields.sum(axis=1, keepdims=True)
    kept = (fields @ share.T) / np.where(total > 0, total, 1.0)
    return np.where(total > 0, kept.clip(0, 1), 1.0)


def _placement(layouts: _Layouts, windows: Doubles, canvas: Canvas) -> Doubles:
    """How near the focus is to where it should stand in each window, (F, W)."""
    size = windows[:, 2:] - windows[:, :2]
    x, y = ((layouts.focus[:, [axis]] - windows[:, axis]) / size[:, axis] for axis in (0, 1))
    thirds = (0.5,) if canvas.aspect < 1.2 else (1 / 3, 0.5, 2 / 3)
    aside = np.min([np.abs(x - place) for place in thirds], axis=0)
    yaw = layouts.yaw[:, None]
    room = np.where(yaw > 0, 1 / 3, 2 / 3)  # where it looks
    aside = np.where(np.abs(yaw) >= _LOOKS_ASIDE, np.abs(x - room), aside)
    line = np.where(layouts.n_faces > 0, _EYE_LINE, 0.5)[:, None]
    away = np.hypot(aside, 0.7 * (y - line))
    return np.asarray((1 - away / 0.5).clip(0, 1), np.float64)
