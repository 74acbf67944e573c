"""Cuts the surroundings of a face out of a picture, upright, for the networks that look closer."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Cutting:
    """A square cut out of a picture.

    Places count from the corner of the first pixel, so that its middle is (0.5, 0.5).

    Attributes
    ----------
    pixels : ndarray of uint8, shape (S, S, 3)
        In RGB. What lies outside of the picture goes on as its edge ends: before a black margin
        the networks squeeze a face that the edge cuts into what is left of it.
    to_picture : ndarray of float64, shape (2, 3)
        Takes ``(x, y, 1)`` in the square to x, y in the picture.
    turned_degrees : float
        How far its upright is turned against the picture's, clockwise.
    """

    pixels: NDArray[np.uint8]
    to_picture: NDArray[np.float64]
    turned_degrees: float

    @property
    def scale(self) -> float:
        """Pixels of the picture per pixel of the square."""
        return math.hypot(self.to_picture[0, 0], self.to_picture[1, 0])

    def placed(self, points: NDArray[np.floating]) -> NDArray[np.float32]:
        """Points of the square, (P, 2) or (P, 3) with a depth, as points of the picture."""
        placed = np.empty(points.shape, np.float32)
        placed[:, :2] = points[:, :2] @ self.to_picture[:, :2].T + self.to_picture[:, 2]
        placed[:, 2:] = points[:, 2:] * self.scale
        return placed

    def taken(self, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points of the picture, (P, 2), as points of the square."""
        off = np.asarray(points_px - self.to_picture[:, 2], np.float64)
        return np.asarray(np.linalg.solve(self.to_picture[:, :2], off.T).T)

    def inside(self, width_px: int, height_px: int) -> NDArray[np.bool_]:
        """Which pixels of the square, (S, S), show the picture and not what lies outside of it."""
        size = len(self.pixels)
        columns, rows = np.meshgrid(np.arange(size) + 0.5, np.arange(size) + 0.5)
        x, y = (
            self.to_picture[axis, 0] * columns
            + self.to_picture[axis, 1] * rows
            + self.to_picture[axis, 2]
            for axis in (0, 1)
        )
        shown: NDArray[np.bool_] = (x >= 0) & (x <= width_px) & (y >= 0) & (y <= height_px)
        return shown


def cut_square(
    picture: NDArray[np.uint8],
    middle_px: tuple[float, float],
    side_px: float,
    turned_degrees: float,
    size_px: int,
) -> Cutting:
    """Cut a square out of a picture.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
        In RGB.
    middle_px : tuple of float
        Where its middle is.
    side_px : float
        How wide it is in the picture.
    turned_degrees : float
        How far it is turned, clockwise: a face that leans as far stands upright in it.
    size_px : int
        How wide it shall be.
    """
    turn, scale = math.radians(turned_degrees), side_px / size_px
    across = np.array([math.cos(turn), math.sin(turn)]) * scale
    down = np.array([-math.sin(turn), math.cos(turn)]) * scale
    corner = np.array(middle_px) - (across + down) * size_px / 2
    to_picture = np.column_stack([across, down, corner])
    part, offset, halved = _part(picture, to_picture, size_px, scale)
    # OpenCV counts from the middle of the first pixel, not from its corner.
    from_middle = to_picture.copy()
    from_middle[:, 2] += (across + down) / 2 - offset
    from_middle /= halved
    from_middle[:, 2] -= 0.5
    pixels = cv2.warpAffine(
        part,
        from_middle,
        (size_px, size_px),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_REPLICATE,
    )
    return Cutting(pixels.astype(np.uint8, copy=False), to_picture, turned_degrees)


def _part(
    picture: NDArray[np.uint8], to_picture: NDArray[np.float64], size_px: int, scale: float
) -> tuple[NDArray[np.uint8], NDArray[np.float64], int]:
    """The part of a picture that a square needs, halved until it is read without aliasing.

    With it its corner, and how many pixels of the picture one of its pixels stands for.
    """
    height, width = picture.shape[:2]
    corners = np.array([[0, 0, 1], [size_px, 0, 1], [0, size_px, 1], [size_px, size_px, 1]])
    reach = corners @ to_picture.T
    low = np.clip(np.floor(reach.min(axis=0)).astype(int) - 2, 0, (width - 1, height - 1))
    high = np.clip(np.ceil(reach.max(axis=0)).astype(int) + 2, low + 1, (width, height))
    part, halved = picture[low[1] : high[1], low[0] : high[0]], 1
    while scale / halved >= 2 and min(part.shape[:2]) > 1:
        even = part[: part.shape[0] // 2 * 2, : part.shape[1] // 2 * 2]
        part = cv2.resize(even, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8)
        halved *= 2
    return part, low.astype(np.float64), halved
