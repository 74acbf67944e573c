"""Boxes in a picture, in shares of its width and height."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

Pixels = TypeVar("Pixels", np.uint8, np.uint16)
_ROUNDING = 1e-6  # pixels; a share that was once a whole pixel is that pixel again


@dataclass(frozen=True)
class Box:
    """An axis-aligned box; (0, 0) is the top left corner and (1, 1) the bottom right.

    Attributes
    ----------
    x0, y0, x1, y1 : float
        Left, top, right and bottom edge, 0..1, with ``x0 < x1`` and ``y0 < y1``.
    """

    x0: float
    y0: float
    x1: float
    y1: float

    def __post_init__(self) -> None:
        if not (0.0 <= self.x0 < self.x1 <= 1.0 and 0.0 <= self.y0 < self.y1 <= 1.0):
            raise ValueError(f"not a box inside the picture: {self}")

    def pixels(self, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        """Edges in whole pixels ``(left, top, right, bottom)``, at least one pixel wide and high."""
        left, right = round(self.x0 * width_px), round(self.x1 * width_px)
        top, bottom = round(self.y0 * height_px), round(self.y1 * height_px)
        left, top = min(left, width_px - 1), min(top, height_px - 1)
        return left, top, max(right, left + 1), max(bottom, top + 1)

    def inner_pixels(self, width_px: int, height_px: int) -> tuple[int, int, int, int]:
        """Like `pixels`, without the lines that lie inside only in part."""
        left, top = _up(self.x0 * width_px), _up(self.y0 * height_px)
        right, bottom = _down(self.x1 * width_px), _down(self.y1 * height_px)
        left, top = min(left, width_px - 1), min(top, height_px - 1)
        return left, top, max(right, left + 1), max(bottom, top + 1)


def _up(edge: float) -> int:
    return math.ceil(edge - _ROUNDING)


def _down(edge: float) -> int:
    return math.floor(edge + _ROUNDING)


def cropped(pixels: NDArray[Pixels], area: Box) -> NDArray[Pixels]:
    """The part of a picture (H, W, ...) inside `area`, rounded inwards, contiguous."""
    left, top, right, bottom = area.inner_pixels(pixels.shape[1], pixels.shape[0])
    return np.ascontiguousarray(pixels[top:bottom, left:right])


WHOLE_PICTURE = Box(0.0, 0.0, 1.0, 1.0)


def iou_xyxy(boxes: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Intersection over union of every pair.

    Parameters
    ----------
    boxes, other : ndarray of float32, shape (N, 4) and (M, 4)
        Boxes as ``x0, y0, x1, y1`` in one common unit.

    Returns
    -------
    ndarray of float32, shape (N, M)
        0 where two boxes do not meet, 1 where they are the same.
    """
    low = np.maximum(boxes[:, None, :2], other[None, :, :2])
    high = np.minimum(boxes[:, None, 2:], other[None, :, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=2)
    area = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    other_area = (other[:, 2:] - other[:, :2]).prod(axis=1)
    union = area[:, None] + other_area[None, :] - shared
    result: NDArray[np.float32] = np.where(union > 0, shared / np.maximum(union, 1e-12), 0)
    return result.astype(np.float32)
