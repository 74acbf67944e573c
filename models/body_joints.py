"""Where the shoulders and hips of people are: the detector of MediaPipe's BlazePose.

Bazarevsky et al., "BlazePose: on-device real-time body pose tracking", 2020. Only its first half is
used, which finds the middle of the hips and of the shoulders and the circle around the whole person,
also where these lie outside of the picture; that is all that the scale of a shot asks for, at half
the cost. Its weights are stored sparse, which neither OpenCV nor MediaPipe's tasks read: it runs in
LiteRT itself.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.native_log import hushed

MIN_SIDE_PX = 32
"""Smaller pictures hold nobody that it knows."""

_SIDE_PX = 224  # what the network sees
_GRIDS = ((28, 2), (14, 2), (7, 6))  # cells a side, and guesses in each
_MIN_CONFIDENCE = 0.5
_APART = 0.1  # of the picture's height: nearer hips are of the same body
_MAX_LOGIT = 100.0
_HIPS, _RIM, _SHOULDERS = 0, 1, 2  # places among its four points


@dataclass(frozen=True)
class FoundBodies:
    """Bodies of one picture, surest first.

    Attributes
    ----------
    confidence : ndarray of float32, shape (K,)
        0..1.
    hips, shoulders : ndarray of float32, shape (K, 2)
        Their middle: x, y as shares of the picture; they may lie outside of it.
    reach : ndarray of float32, shape (K,)
        Radius of the circle around the whole person with the hips in its middle, as a share of the
        picture's height.
    """

    confidence: NDArray[np.float32]
    hips: NDArray[np.float32]
    shoulders: NDArray[np.float32]
    reach: NDArray[np.float32]


def _anchors() -> NDArray[np.float64]:
    """Middle of the cell that each guess of the network belongs to, 0..1, shape (2254, 2)."""
    parts = []
    for n_cells, n_guesses in _GRIDS:
        at = (np.arange(n_cells) + 0.5) / n_cells
        y, x = np.meshgrid(at, at, indexing="ij")
        parts.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), n_guesses, axis=0))
    return np.concatenate(parts)


class BodyJoints:
    """The network, opened on its file."""

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        from ai_edge_litert.interpreter import Interpreter

        with hushed():
            self._net = Interpreter(str(path), num_threads=n_threads)
            self._net.allocate_tensors()
        self._input = self._net.get_input_details()[0]["index"]
        self._points, self._scores = (one["index"] for one in self._net.get_output_details())
        self._anchors = _anchors()

    def find(self, picture: NDArray[np.uint8]) -> FoundBodies:
        """The bodies of a picture, uint8 (H, W, 3) in RGB, with at least `MIN_SIDE_PX` a side."""
        height, width = picture.shape[:2]
        scale = _SIDE_PX / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        corner = np.array([(_SIDE_PX - size[0]) // 2, (_SIDE_PX - size[1]) // 2])
        shown = np.full((_SIDE_PX, _SIDE_PX, 3), -1, np.float32)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        shown[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]] = small / 127.5 - 1
        self._net.set_tensor(self._input, shown[None])
        self._net.invoke()
        logits = self._net.get_tensor(self._scores)[0, :, 0].astype(np.float64)
        confidence = 1 / (1 + np.exp(-logits.clip(-_MAX_LOGIT, _MAX_LOGIT)))
        rows = np.argsort(-confidence, kind="stable")
        rows = rows[confidence[rows] >= _MIN_CONFIDENCE]
        # The first four numbers are a box of one size, which tells nothing.
        guesses = self._net.get_tensor(self._points)[0][rows, 4:].reshape(-1, 4, 2)
        points = guesses / _SIDE_PX + self._anchors[rows][:, None]
        points = (points * _SIDE_PX - corner) / size
        upright = points * np.array([width / height, 1.0])
        kept: list[int] = []
        for row in range(len(rows)):
            away = np.linalg.norm(upright[kept, _HIPS] - upright[row, _HIPS], axis=1)
            if (away > _APART).all():
                kept.append(row)
        reach = np.linalg.norm(upright[kept, _RIM] - upright[kept, _HIPS], axis=1)
        return FoundBodies(
            confidence[rows][kept].astype(np.float32),
            points[kept, _HIPS].astype(np.float32),
            points[kept, _SHOULDERS].astype(np.float32),
            reach.astype(np.float32),
        )
