"""Where the faces of a picture are: YuNet, or BlazeFace where only a package index is reachable.

Both look twice where it pays. The first look is cheap, and finds whoever carries a picture. Where
it shows nobody, or small faces only, a second one looks for the small ones of a wide shot: YuNet,
which takes a picture of any size, at all the lines there are; BlazeFace, which sees no more than
192 × 192 pixels, at overlapping squares, and from a step back for a face that fills the picture.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.progress import OnProgress, silent
from models.blaze_face import BlazeFaceNetwork
from models.native_log import hushed
from models.weights import first_at_hand

YUNET, BLAZEFACE = "face_detection_yunet", "face_detection_blazeface"
MIN_SIDE_PX = 32
"""Smaller pictures hold no face that either detector knows."""

_FIRST_LOOK_PX, _SECOND_LOOK_PX = 480, 960  # long side of the picture that YuNet is given
_MAX_ENLARGED = 2.0  # a face of thirty pixels is surer found at sixty, one of ten at no size
_SMALL = 0.2  # of the picture's height: when the largest face is smaller, it is a wide shot
_STEP_BACK = 0.5  # of the picture's longer side: a margin in which BlazeFace sees it smaller
_TILE = 0.75  # of the shorter side: larger squares miss faces, smaller ones cost more
_TILE_OVERLAP = 0.2  # of a tile, at least: what is cut by the edge of one is whole in the next
_FOREHEAD = 0.15  # of BlazeFace's box: how far our own reaches above it
_CUT_MARGIN = 0.01  # of a tile: a box that comes nearer to its edge is that of half a face
_SAME_FACE = 0.4  # overlap (intersection over union) from which two boxes are of one face
_INSIDE = 0.7  # share of the smaller box in the larger from which it is a part of the same face


@dataclass(frozen=True)
class Detections:
    """Faces in one picture.

    Attributes
    ----------
    box_xyxy_px : ndarray of float32, shape (K, 4)
        From the forehead to the chin; it may reach over the edge of the picture.
    confidence : ndarray of float32, shape (K,)
        0..1.
    points_px : ndarray of float32, shape (K, 5, 2)
        The eye on the left of the picture, the other eye, the tip of the nose, the corners of the
        mouth from the left; NaN where the detector does not tell.
    """

    box_xyxy_px: NDArray[np.float32]
    confidence: NDArray[np.float32]
    points_px: NDArray[np.float32]

    def __post_init__(self) -> None:
        n_faces = len(self.confidence)
        if self.box_xyxy_px.shape != (n_faces, 4) or self.points_px.shape != (n_faces, 5, 2):
            raise ValueError("box_xyxy_px and points_px must have one row per confidence")

    def __len__(self) -> int:
        return len(self.confidence)

    def rows(self, which: NDArray[Any]) -> Detections:
        """Some of the faces, by index or mask."""
        return Detections(self.box_xyxy_px[which], self.confidence[which], self.points_px[which])

    def placed(self, scale: float, left_px: float = 0, top_px: float = 0) -> Detections:
        """The same faces in a picture of which this one was a part, enlarged by `scale`."""
        corner = np.array([left_px, top_px], np.float32)
        box = self.box_xyxy_px * np.float32(scale) + np.tile(corner, 2)
        return Detections(box, self.confidence, self.points_px * np.float32(scale) + corner)


NOBODY = Detections(
    np.zeros((0, 4), np.float32), np.zeros(0, np.float32), np.zeros((0, 5, 2), np.float32)
)


class FaceDetector(Protocol):
    """Finds faces in a picture, uint8 (H, W, 3) in RGB, with at least `MIN_SIDE_PX` a side.

    Attributes
    ----------
    road : str
        Its name.
    doubtful, sure : float
        Below `doubtful` it reports nothing; between the two a face needs a second witness.
    """

    road: str
    doubtful: float
    sure: float

    def first_look(self, picture: NDArray[np.uint8]) -> Detections:
        """What a quick look shows."""
        ...

    def second_look(self, picture: NDArray[np.uint8]) -> Detections:
        """What a look at smaller things shows."""
        ...

    def close(self) -> None:
        """Let go of the network."""
        ...


def open_detector(
    on_progress: OnProgress = silent, may_download: bool = True, n_threads: int = 1
) -> FaceDetector:
    """YuNet, else BlazeFace; what is on disk already goes before what must be fetched.

    YuNet takes the threads that OpenCV has.

    Raises
    ------
    WeightsError
        When neither can be had.
    """
    roads = ((YUNET,), (BLAZEFACE,))
    which, (path,) = first_at_hand(roads, on_progress, may_download)
    return BlazeFace(path, n_threads) if which else YuNet(path)


def find_faces(detector: FaceDetector, picture: NDArray[np.uint8]) -> Detections:
    """Every face of a picture once, surest first, after a second look where that pays."""
    if min(picture.shape[:2]) < MIN_SIDE_PX:
        return NOBODY
    faces = detector.first_look(picture)
    heights = faces.box_xyxy_px[:, 3] - faces.box_xyxy_px[:, 1]
    if not len(faces) or heights.max() < _SMALL * picture.shape[0]:
        faces = _joined([faces, detector.second_look(picture)])
    return once_each(faces)


def once_each(faces: Detections) -> Detections:
    """Faces without repeats, surest first."""
    kept: list[int] = []
    for row in np.argsort(-faces.confidence, kind="stable"):
        if not len(kept) or not _same(faces.box_xyxy_px[row], faces.box_xyxy_px[kept]).any():
            kept.append(int(row))
    return faces.rows(np.array(kept, np.int64))


def squares(width_px: int, height_px: int) -> list[tuple[int, int, int, int]]:
    """Overlapping squares that cover a picture, 3 × 2 in a wide one: left, top, right, bottom."""
    side = round(_TILE * min(width_px, height_px))

    def starts(length: int) -> list[int]:
        n_tiles = 1 + math.ceil((length / side - 1) / (1 - _TILE_OVERLAP) - 1e-9)
        return [round(at) for at in np.linspace(0, length - side, n_tiles).tolist()]

    return [
        (left, top, left + side, top + side)
        for left in starts(width_px)
        for top in starts(height_px)
    ]


def _same(box: NDArray[np.float32], others: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Which boxes mark the same face as `box`, or part of it."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1)
    area = (box[2:] - box[:2]).prod()
    union, smaller = area + areas - shared, np.minimum(area, areas)
    same: NDArray[np.bool_] = (shared > _SAME_FACE * union) | (shared > _INSIDE * smaller)
    return same


def _joined(parts: list[Detections]) -> Detections:
    return Detections(
        np.concatenate([part.box_xyxy_px for part in parts]),
        np.concatenate([part.confidence for part in parts]),
        np.concatenate([part.points_px for part in parts]),
    )


class YuNet:
    """OpenCV's FaceDetectorYN (Wu, Peng & Yu, "YuNet: a tiny millisecond-level face detector", 2023)."""

    road = "YuNet"
    doubtful, sure = 0.6, 0.73

    def __init__(self, path: Path) -> None:
        with hushed():
            self._net = cv2.FaceDetectorYN.create(
                str(path), "", (320, 320), self.doubtful, 0.3, 500
            )

    def first_look(self, picture: NDArray[np.uint8]) -> Detections:
        """See `FaceDetector.first_look`."""
        return self._at(picture, _FIRST_LOOK_PX)

    def second_look(self, picture: NDArray[np.uint8]) -> Detections:
        """See `FaceDetector.second_look`."""
        return self._at(picture, _SECOND_LOOK_PX)

    def _at(self, picture: NDArray[np.uint8], long_side_px: int) -> Detections:
        height, width = picture.shape[:2]
        scale = min(_MAX_ENLARGED, long_side_px / max(height, width))
        if scale != 1:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
            picture = cv2.resize(picture, size, interpolation=how).astype(np.uint8)
        self._net.setInputSize((picture.shape[1], picture.shape[0]))
        _, rows = self._net.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if rows is None:
            return NOBODY
        table = np.asarray(rows, np.float32)
        boxes = np.hstack([table[:, :2], table[:, :2] + table[:, 2:4]])
        points = table[:, 4:14].reshape(-1, 5, 2)
        return Detections(boxes, table[:, 14].clip(0, 1), points).placed(1 / scale)

    def close(self) -> None:
        """OpenCV lets go by itself."""


class BlazeFace:
    """MediaPipe's full-range BlazeFace: see `models.blaze_face`."""

    road = "BlazeFace full-range (YuNet was not at hand)"
    doubtful, sure = 0.4, 0.73

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        self._network = BlazeFaceNetwork(path, self.doubtful, n_threads)

    def first_look(self, picture: NDArray[np.uint8]) -> Detections:
        """See `FaceDetector.first_look`."""
        return self._seen(picture)

    def second_look(self, picture: NDArray[np.uint8]) -> Detections:
        """See `FaceDetector.second_look`."""
        height, width = picture.shape[:2]
        # It was not made for a face that fills the picture: that it sees from farther off.
        found = [self._seen(picture, round(_STEP_BACK * max(height, width)))]
        for left, top, right, bottom in squares(width, height):
            faces = self._seen(picture[top:bottom, left:right]).placed(1, left, top)
            edge = _CUT_MARGIN * (right - left)
            x0, y0, x1, y1 = faces.box_xyxy_px.T
            cut = (x0 < left + edge) & (left > 0) | (x1 > right - edge) & (right < width)
            cut |= (y0 < top + edge) & (top > 0) | (y1 > bottom - edge) & (bottom < height)
            found.append(faces.rows(~cut))
        return _joined(found)

    def _seen(self, picture: NDArray[np.uint8], margin_px: int = 0) -> Detections:
        found = self._network.find(picture, margin_px)
        box = found.box_xyxy_px.copy()
        # Its box runs from the brows to the chin; YuNet's, and ours, from the forehead.
        box[:, 1] -= _FOREHEAD * (box[:, 3] - box[:, 1])
        points = np.full((len(box), 5, 2), np.nan, np.float32)
        points[:, :3] = found.points_px[:, :3]  # it has no corners of the mouth
        return Detections(box, found.confidence, points)

    def close(self) -> None:
        """LiteRT lets go by itself."""
