"""Faces, by YuNet or, where only a package index is reachable, by BlazeFace full-range."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, ClassVar, Protocol

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Faces
from ava.scoring.contract import AnalyserCard, Runtime
from models.weights import find, require

YUNET, BLAZEFACE = "face_detection_yunet", "face_detection_blazeface"
_LONG_SIDE_PX = 640
_YUNET_CONFIDENCE = 0.7
_BLAZEFACE_CONFIDENCE = 0.75  # of 120 faces in film frames, no false one was surer than 0.7
_MIN_SIDE_PX = 32  # smaller pictures hold no face that either detector knows

Boxes = tuple[NDArray[np.float32], NDArray[np.float32]]  # (K, 4) in pixels, (K,)


class _Detector(Protocol):
    road: str

    def boxes(self, picture: NDArray[np.uint8]) -> Boxes: ...

    def close(self) -> None: ...


class _YuNet:
    """OpenCV's FaceDetectorYN (Wu, Peng & Yu, "YuNet: a tiny millisecond-level face detector", 2023)."""

    road = "YuNet"

    def __init__(self, path: str) -> None:
        self._net = cv2.FaceDetectorYN.create(path, "", (320, 320), _YUNET_CONFIDENCE, 0.3, 500)

    def boxes(self, picture: NDArray[np.uint8]) -> Boxes:
        self._net.setInputSize((picture.shape[1], picture.shape[0]))
        _, rows = self._net.detect(cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
        if rows is None:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        table = np.asarray(rows, np.float32)
        return np.hstack([table[:, :2], table[:, :2] + table[:, 2:4]]), table[:, 14]

    def close(self) -> None:
        """OpenCV lets go by itself."""


class _BlazeFace:
    """MediaPipe's full-range BlazeFace (Bazarevsky et al., 2019), through its Tasks interface."""

    road = "BlazeFace full-range (YuNet was not at hand)"

    def __init__(self, path: str) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._picture_of = mediapipe.Image
        self._format = mediapipe.ImageFormat.SRGB
        options = vision.FaceDetectorOptions(
            base_options=BaseOptions(model_asset_path=path),
            min_detection_confidence=_BLAZEFACE_CONFIDENCE,
        )
        with native_chatter_hushed():
            self._task: Any = vision.FaceDetector.create_from_options(options)

    def boxes(self, picture: NDArray[np.uint8]) -> Boxes:
        data = np.ascontiguousarray(picture)
        with native_chatter_hushed():
            result = self._task.detect(self._picture_of(image_format=self._format, data=data))
        boxes, confidence = [], []
        for face in result.detections:
            box = face.bounding_box
            # Its box runs from the brows to the chin; YuNet's, and ours, from the forehead.
            top = box.origin_y - 0.15 * box.height
            boxes.append((box.origin_x, top, box.origin_x + box.width, box.origin_y + box.height))
            confidence.append(face.categories[0].score)
        return (
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array(confidence, np.float32),
        )

    def close(self) -> None:
        with native_chatter_hushed():
            self._task.close()


@contextmanager
def native_chatter_hushed() -> Iterator[None]:
    """Silence on stderr: LiteRT writes fifty lines of log straight to file descriptor 2 and has no switch for it."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


class FaceAnalyser:
    """Faces in every frame, largest first."""

    card: ClassVar[AnalyserCard] = AnalyserCard(
        "faces",
        1,
        Faces,
        height_px=540,
        settings={
            "long_side_px": _LONG_SIDE_PX,
            "yunet_confidence": _YUNET_CONFIDENCE,
            "blazeface_confidence": _BLAZEFACE_CONFIDENCE,
        },
    )

    def __init__(self) -> None:
        self._detector: _Detector | None = None

    @property
    def road(self) -> str:
        """Which detector looks."""
        return self._detector.road if self._detector else ""

    def open(self, runtime: Runtime) -> None:
        """Load YuNet, else BlazeFace; what is on disk already goes before what must be fetched."""
        path = find(YUNET)
        if path:
            self._detector = _YuNet(str(path))
            return
        path = find(BLAZEFACE)
        if path is None and runtime.may_download:
            try:
                self._detector = _YuNet(str(require(YUNET, runtime.on_progress)))
                return
            except WeightsError:
                path = require(BLAZEFACE, runtime.on_progress)
        if path is None:
            raise WeightsError("no face detector is on disk", "run: ava models pull")
        self._detector = _BlazeFace(str(path))

    def analyse(self, frames: FrameBatch, /) -> Faces:
        """See `ava.scoring.contract.Analyser.analyse`."""
        assert self._detector is not None, "open() comes first"
        rows: list[int] = []
        boxes: list[NDArray[np.float32]] = []
        confidence: list[NDArray[np.float32]] = []
        for row, picture in enumerate(frames.pixels):
            found, sure = self._in_picture(picture)
            rows += [row] * len(found)
            boxes.append(found)
            confidence.append(sure)
        if not rows:
            return Faces.empty(len(frames))
        return Faces(
            len(frames), np.array(rows, np.int64), np.concatenate(boxes), np.concatenate(confidence)
        )

    def _in_picture(self, picture: NDArray[np.uint8]) -> Boxes:
        height, width = picture.shape[:2]
        if min(height, width) < _MIN_SIDE_PX:
            return np.zeros((0, 4), np.float32), np.zeros(0, np.float32)
        shrink = min(1.0, _LONG_SIDE_PX / max(height, width))
        if shrink < 1:
            size = (round(width * shrink), round(height * shrink))
            picture = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
        assert self._detector is not None
        boxes, confidence = self._detector.boxes(picture)
        height, width = picture.shape[:2]
        shares = (boxes / np.array([width, height, width, height], np.float32)).clip(0, 1)
        whole = (shares[:, 2] > shares[:, 0]) & (shares[:, 3] > shares[:, 1])
        shares, confidence = shares[whole], confidence[whole].clip(0, 1)
        order = np.argsort(-(shares[:, 2:] - shares[:, :2]).prod(axis=1), kind="stable")
        return shares[order], confidence[order]

    def close(self) -> None:
        """Close the detector: MediaPipe complains at exit otherwise."""
        if self._detector:
            self._detector.close()
            self._detector = None
