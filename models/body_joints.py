"""Where the shoulders and hips of people are: the detector of MediaPipe's BlazePose.

Bazarevsky et al., "BlazePose: on-device real-time body pose tracking", 2020. Only its first half is
used, which finds the middle of the hips and of the shoulders and the circle around the whole person,
also where these lie outside of the picture; that is all that the scale of a shot asks for, at half
the cost. Its weights are stored sparse, which neither OpenCV nor MediaPipe's tasks read: it runs in
LiteRT itself. It was made for squares; a wide picture is shown to it without the black above and
below, which would be nearly half of the work.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.lite_graph import N_SHAPES, LiteGraph, LiteNet

MIN_SIDE_PX = 32
"""Smaller pictures hold nobody that it knows."""

_SIDE_PX = 224  # the long side of what the network sees
_STEP_PX = 32  # it halves five times
_USUAL_SIDES = (128, 224)  # of the pictures of most films, as it sees them
_GRIDS = ((8, 2), (16, 2), (32, 6))  # pixels of a cell, and guesses in each
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


def _anchors(sides: tuple[int, int]) -> NDArray[np.float64]:
    """Middle of the cell that each guess of the network belongs to: x, y in pixels, shape (N, 2)."""
    parts = []
    for cell, n_guesses in _GRIDS:
        down, across = ((np.arange(side // cell) + 0.5) * cell for side in sides)
        y, x = np.meshgrid(down, across, indexing="ij")
        parts.append(np.repeat(np.stack([x, y], axis=-1).reshape(-1, 2), n_guesses, axis=0))
    return np.concatenate(parts)


def _resized(model: bytes, sides: tuple[int, int]) -> bytes:
    """The network for pictures of so many lines and columns: it names sizes in two places only."""
    from ai_edge_litert.schema_py_generated import BuiltinOperator

    graph = LiteGraph.stored(model)
    graph.tensors[graph.inputs[0]].shape = np.array([1, *sides, 3], np.int32)
    for step in graph.of_kind(BuiltinOperator.RESIZE_BILINEAR):
        stored = graph.tree.buffers[graph.tensors[step.inputs[1]].buffer]
        made_for = np.frombuffer(bytes(stored.data), np.int32)
        now = made_for * np.array(sides, np.int32) // _SIDE_PX
        stored.data = np.frombuffer(now.tobytes(), np.uint8)
    graph.convolve_before_enlarging()
    return graph.packed()


class _Net:
    """The network, opened for pictures of one shape."""

    def __init__(self, model: bytes, n_threads: int, sides: tuple[int, int]) -> None:
        self.sides = sides
        self.anchors = _anchors(sides)
        self._net = LiteNet(_resized(model, sides), n_threads, sides)

    def seen(self, shown: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Logits (N,), and four points each from the middle of the cell, in pixels, (N, 4, 2)."""
        points, logits = self._net.of(shown[None])
        # The first four numbers are a box of one size, which tells nothing.
        return logits[0, :, 0].astype(np.float64), points[0][:, 4:].reshape(-1, 4, 2)


class BodyJoints:
    """The network, ready to be asked.

    Parameters
    ----------
    path : pathlib.Path
        Its weights.
    n_threads : int
        What it may use.
    """

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        self._of_shape = lru_cache(N_SHAPES)(partial(_Net, path.read_bytes(), n_threads))
        self._of_shape(_USUAL_SIDES)  # now, for whoever is copied when everything is open

    def find(self, picture: NDArray[np.uint8]) -> FoundBodies:
        """The bodies of a picture, uint8 (H, W, 3) in RGB, with at least `MIN_SIDE_PX` a side."""
        height, width = picture.shape[:2]
        scale = _SIDE_PX / max(height, width)
        size = (max(1, round(width * scale)), max(1, round(height * scale)))
        across, down = (-(-side // _STEP_PX) * _STEP_PX for side in size)
        net = self._of_shape((down, across))
        corner = (np.array(net.sides[::-1]) - size) // 2
        shown = np.full((*net.sides, 3), -1, np.float32)
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
        shown[corner[1] : corner[1] + size[1], corner[0] : corner[0] + size[0]] = small / 127.5 - 1
        logits, guesses = net.seen(shown)
        confidence = 1 / (1 + np.exp(-logits.clip(-_MAX_LOGIT, _MAX_LOGIT)))
        rows = np.flatnonzero(confidence >= _MIN_CONFIDENCE)
        rows = rows[np.argsort(-confidence[rows], kind="stable")]
        points = (guesses[rows] + net.anchors[rows][:, None] - corner) / size
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
