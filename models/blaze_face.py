"""MediaPipe's full-range BlazeFace in LiteRT itself.

Bazarevsky et al., "BlazeFace: sub-millisecond neural face detection on mobile GPUs", 2019. It sees
192 × 192 pixels, and guesses at one face from each cell of 4 × 4. Whatever surrounds the network is
done as MediaPipe's own FaceDetector does it, so that it finds the same faces: but without that one's
threads, copies and half a dozen libraries to import, and without its habit of shifting a box that
reaches over the upper or left edge back into the picture.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.lite_graph import LiteNet

_SIDE_PX, _CELL_PX = 192, 4
_PLACES = 8  # of a guess: two for the box, then six points
_STEPS = 32  # of a pixel, to which MediaPipe rounds where it takes a sample
_LEVELS = np.float32(2 / 255)  # bytes become -1..1
_SAME_FACE = 0.3  # overlap (intersection over union) from which two guesses are at one face


@dataclass(frozen=True)
class FoundFaces:
    """Faces of one picture, surest first.

    Attributes
    ----------
    box_xyxy_px : ndarray of float32, shape (K, 4)
        From the brows to the chin; it may reach over the edge of the picture.
    confidence : ndarray of float32, shape (K,)
        0..1.
    points_px : ndarray of float32, shape (K, 6, 2)
        The eye on the left of the picture, the other eye, the tip of the nose, the middle of the
        mouth, and in front of the ears, from the left.
    """

    box_xyxy_px: NDArray[np.float32]
    confidence: NDArray[np.float32]
    points_px: NDArray[np.float32]


class BlazeFaceNetwork:
    """The network, ready to be asked.

    Parameters
    ----------
    path : pathlib.Path
        Its weights.
    min_confidence : float
        Guesses of less are no faces; 0..1.
    n_threads : int
        What it may use.
    """

    def __init__(self, path: Path, min_confidence: float, n_threads: int = 1) -> None:
        self._net = LiteNet(path.read_bytes(), n_threads, (_SIDE_PX, _SIDE_PX))
        self._min_logit = np.log(min_confidence / (1 - min_confidence))
        self._shown = np.empty((_SIDE_PX, _SIDE_PX, 3), np.uint8)
        self._values = np.empty((1, _SIDE_PX, _SIDE_PX, 3), np.float32)
        middles = (np.arange(_SIDE_PX // _CELL_PX, dtype=np.float32) + 0.5) * _CELL_PX
        self._cells = np.stack(np.meshgrid(middles, middles), axis=-1).reshape(-1, 2)

    def find(self, picture: NDArray[np.uint8], margin_px: int = 0) -> FoundFaces:
        """The faces of a picture.

        Parameters
        ----------
        picture : ndarray of uint8, shape (H, W, 3)
            In RGB; a part of a larger one is not copied.
        margin_px : int
            How much black it sees around the longer side: the more, the smaller are the faces.
        """
        height, width = picture.shape[:2]
        scale, corner = _square_around(height, width, margin_px)
        samples = _samples(height, width, margin_px)
        # Black is what lies outside, as in MediaPipe.
        cv2.remap(picture, *samples, cv2.INTER_LINEAR, self._shown, cv2.BORDER_CONSTANT)
        np.multiply(self._shown, _LEVELS, out=self._values[0])
        np.subtract(self._values, 1, out=self._values)
        all_guesses, all_logits = self._net.of(self._values)
        logits = all_logits[0, :, 0]
        rows = np.flatnonzero(logits >= self._min_logit)
        confidence = (1 / (1 + np.exp(-logits[rows]))).astype(np.float32, copy=False)
        guesses = all_guesses[0, rows].reshape(-1, _PLACES, 2)
        # The middle and the size of the box, then points; all but the size count from the cell.
        half = guesses[:, 1] / 2
        guesses[:, 1] = guesses[:, 0] + half
        guesses[:, 0] -= half
        guesses += self._cells[rows, None]
        places, confidence = _one_each(guesses, confidence)
        places = (places * scale + corner).astype(np.float32)
        return FoundFaces(places[:, :2].reshape(-1, 4), confidence, places[:, 2:])


def _square_around(height: int, width: int, margin_px: int) -> tuple[float, NDArray[np.float64]]:
    """What the network sees: pixels of the picture in one of its own, and the upper left corner."""
    side = max(height, width) + 2 * margin_px
    return side / _SIDE_PX, (np.array([width, height]) - side) / 2


@lru_cache(maxsize=8)
def _samples(
    height: int, width: int, margin_px: int
) -> tuple[NDArray[np.int16], NDArray[np.uint16]]:
    """Where samples of a picture are taken, as `cv2.remap` wants it: whole pixels, then parts.

    MediaPipe takes them at corners, not at middles, of the pixels, and rounds; without that a
    confidence would be up to 0.03 another. Where the longer side is odd, some lie midway between two
    steps, and there it rounds as its floating point happens to fall: up to 0.012.
    """
    scale, corner = _square_around(height, width, margin_px)
    steps = np.rint((scale * np.arange(_SIDE_PX)[:, None] + corner) * _STEPS).astype(np.int64)
    (x, y), (x_part, y_part) = (steps // _STEPS).T, (steps % _STEPS).T
    whole = np.stack(np.meshgrid(x, y), axis=-1).astype(np.int16)
    return whole, (y_part[:, None] * _STEPS + x_part).astype(np.uint16)


def _one_each(
    guesses: NDArray[np.float32], confidence: NDArray[np.float32]
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """One row for all the guesses at a face: their weighted mean, and the confidence of the surest.

    The first two places of a guess are the corners of its box.
    """
    order = np.argsort(-confidence, kind="stable")
    order = order[(guesses[order, 1] > guesses[order, 0]).all(axis=1)]
    faces, sure = [], []
    while len(order):
        low, high = guesses[order, 0], guesses[order, 1]
        areas = (high - low).prod(axis=1)
        shared = (np.minimum(high, high[0]) - np.maximum(low, low[0])).clip(0).prod(axis=1)
        same = shared > _SAME_FACE * (areas + areas[0] - shared)
        weights = confidence[order[same]]
        faces.append(np.tensordot(weights, guesses[order[same]], 1) / weights.sum())
        sure.append(weights[0])
        order = order[~same]
    places = np.array(faces, np.float32).reshape(-1, _PLACES, 2)
    return places, np.array(sure, np.float32)
