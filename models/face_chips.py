"""Cuts faces out of a picture the way dlib does: upright, centred, 150 pixels wide and high.

dlib lays the landmarks of a face as well as it can, by a similarity (turn, scale and shift, least
squares), onto those of a mean face, and pads the mean face's square by a quarter on every side
(``get_face_chip_details`` and ``extract_image_chips`` in its ``image_transforms``). We do the same
from MediaPipe's landmarks: of its mesh, the points that lie where the 68 landmarks of
Sagonas et al., "300 faces in-the-wild challenge" (2016), are defined, which dlib uses too.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

SIZE_PX = 150
_PADDING = 0.25

# Place in the mesh, then where the mean face has it: shares of its square, as dlib defines them.
# dlib leaves out brows, jaw and lower lip, which move most.
_MESH_LANDMARKS = (
    # bridge and tip of the nose
    (168, 0.490127, 0.203352),
    (197, 0.490127, 0.307009),
    (195, 0.490127, 0.409805),
    (4, 0.490127, 0.515625),
    # base of the nose, from the nostril on the left of the picture
    (240, 0.366880, 0.587326),
    (97, 0.426036, 0.609345),
    (2, 0.490127, 0.628106),
    (326, 0.554217, 0.609345),
    (460, 0.613373, 0.587326),
    # the eye on the left of the picture: outer corner, over the lid to the inner one, and back
    (33, 0.121737, 0.216423),
    (160, 0.187122, 0.178758),
    (158, 0.265825, 0.179852),
    (133, 0.334606, 0.231733),
    (153, 0.260918, 0.245099),
    (144, 0.182743, 0.244077),
    # the eye on the right: inner corner, over the lid to the outer one, and back
    (362, 0.645647, 0.231733),
    (385, 0.714428, 0.179852),
    (387, 0.793132, 0.178758),
    (263, 0.858516, 0.216423),
    (373, 0.797510, 0.244077),
    (380, 0.719335, 0.245099),
    # upper edge of the upper lip, corner to corner, then its lower edge
    (61, 0.254149, 0.780233),
    (40, 0.340985, 0.745405),
    (37, 0.428858, 0.727388),
    (0, 0.490127, 0.742578),
    (267, 0.551395, 0.727388),
    (270, 0.639268, 0.745405),
    (291, 0.726104, 0.780233),
    (78, 0.290379, 0.784792),
    (82, 0.428096, 0.778746),
    (13, 0.490127, 0.785343),
    (312, 0.552157, 0.778746),
    (308, 0.689874, 0.784792),
)
# Detectors give the middle of each eye, the tip of the nose and the corners of the mouth.
_FIVE_LANDMARKS = (
    (0, 0.225490, 0.215991),
    (1, 0.754764, 0.215991),
    (2, 0.490127, 0.515625),
    (3, 0.254149, 0.780233),
    (4, 0.726104, 0.780233),
)


@dataclass(frozen=True)
class _Landmarks:
    """Which points of a face are used, and where they belong in a chip (pixels)."""

    rows: NDArray[np.intp]
    chip_px: NDArray[np.float64]


def _landmarks(table: tuple[tuple[int, float, float], ...]) -> _Landmarks:
    places = np.array([(x, y) for _, x, y in table])
    chip_px = (places + _PADDING) / (1 + 2 * _PADDING) * SIZE_PX
    return _Landmarks(np.array([row for row, _, _ in table]), chip_px)


_BY_COUNT = {
    478: _landmarks(_MESH_LANDMARKS),
    468: _landmarks(_MESH_LANDMARKS),  # the same mesh without the irises
    5: _landmarks(_FIVE_LANDMARKS),
}


def chip_transforms(points_px: NDArray[np.float32]) -> NDArray[np.float64]:
    """Where the chips of faces lie in their picture.

    Parameters
    ----------
    points_px : ndarray of float32, shape (K, P, 2)
        Landmarks of K faces as x, y in the picture, where (0, 0) is the corner of the first pixel
        and (0.5, 0.5) its middle. P says which: 468 or 478 for MediaPipe's face mesh, 5 for the
        eye on the left of the picture, the other eye, the tip of the nose, and the corners of the
        mouth, again from the left.

    Returns
    -------
    ndarray of float64, shape (K, 2, 3)
        Maps ``(column, row, 1)`` of a chip's pixel to x, y in the picture; NaN where a landmark is.

    Raises
    ------
    ValueError
        When there are other landmarks than these.
    """
    known = _BY_COUNT.get(points_px.shape[1]) if points_px.ndim == 3 else None
    if known is None or points_px.shape[2] != 2:
        raise ValueError(f"landmarks of shape (K, 5, 468 or 478, 2) are needed: {points_px.shape}")
    used = points_px[:, known.rows].astype(np.float64) @ (1, 1j)
    goal = known.chip_px @ (1, 1j)
    # As complex numbers a similarity is z -> turn * z + shift, and least squares is a division.
    centred = goal - goal.mean()
    turn = used @ centred.conj() / np.sum(np.abs(centred) ** 2)
    middle = used.mean(axis=1) + turn * (SIZE_PX / 2 * (1 + 1j) - goal.mean())
    # dlib counts a square's pixels from middle to middle, so what it reads is one pixel of the
    # picture narrower than what it fits.
    with np.errstate(invalid="ignore"):
        turn = (turn * SIZE_PX - turn / np.abs(turn)) / (SIZE_PX - 1)
    shift = middle - turn * (SIZE_PX - 1) / 2 * (1 + 1j)
    rows = np.stack([turn.real, -turn.imag, shift.real, turn.imag, turn.real, shift.imag], axis=1)
    transforms: NDArray[np.float64] = rows.reshape(-1, 2, 3)
    return transforms


def cut_chips(picture: NDArray[np.uint8], transforms: NDArray[np.float64]) -> NDArray[np.uint8]:
    """Cut faces out of a picture, all in one go.

    Where a chip is half as wide as its part of the picture or less, it is read from a picture
    halved once or more often (antialiased), between its pixels linearly. What lies outside of the
    picture is black. The chip of a face does not depend on the other faces.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
        In RGB.
    transforms : ndarray of float64, shape (K, 2, 3)
        From `chip_transforms`, without NaN.

    Returns
    -------
    ndarray of uint8, shape (K, 150, 150, 3)
        In RGB.
    """
    height, width = picture.shape[:2]
    chips = np.empty((len(transforms), SIZE_PX, SIZE_PX, 3), np.uint8)
    steps = np.hypot(transforms[:, 0, 0], transforms[:, 1, 0])
    n_halvings = np.floor(np.log2(np.maximum(steps, 1))).astype(np.int64)
    levels: dict[int, NDArray[np.uint8]] = {0: picture}
    for row, (transform, n) in enumerate(zip(transforms, n_halvings.tolist(), strict=True)):
        if n not in levels:
            size = (max(1, width >> n), max(1, height >> n))
            levels[n] = np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA))
        chips[row] = _read(levels[n], transform, width, height)
    return chips


def _read(
    level: NDArray[np.uint8], transform: NDArray[np.float64], width: int, height: int
) -> NDArray[np.uint8]:
    """One chip, between the pixels of a picture linearly; `level` shows the whole, perhaps smaller.

    By hand: OpenCV moves what it reads to the nearest 32nd of a pixel, and dlib does not.
    """
    n_rows, n_columns = level.shape[:2]
    flat = level.reshape(-1, 3)
    along = np.arange(SIZE_PX, dtype=np.float64)
    across, down, shift = transform.T[:, :, None, None]
    places = across * along + (down * along[:, None] + shift)
    x = (places[0] * (n_columns / width) - 0.5).astype(np.float32)
    y = (places[1] * (n_rows / height) - 0.5).astype(np.float32)
    left, top = np.floor(x), np.floor(y)
    right_share, lower_share = x - left, y - top
    first_column, first_row = left.astype(np.int64), top.astype(np.int64)
    read = np.zeros((SIZE_PX, SIZE_PX, 3), np.float32)
    for row, row_share in ((first_row, 1 - lower_share), (first_row + 1, lower_share)):
        for column, share in ((first_column, 1 - right_share), (first_column + 1, right_share)):
            inside = (row >= 0) & (row < n_rows) & (column >= 0) & (column < n_columns)
            at = np.where(inside, row * n_columns + column, 0)
            read += flat[at] * (row_share * share * inside)[..., None]
    return read.astype(np.uint8)  # dlib cuts the fraction off too
