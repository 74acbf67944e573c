"""Lines of burnt-in text, by PaddleOCR's detector in ONNX Runtime."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import TextRegions
from ava.scoring.contract import AnalyserCard, Runtime
from models.weights import require

WEIGHTS = "text_detection_ppocr"
_STEP_PX = 32  # the network halves five times
_LONG_SIDE_PX = 640
# Letters of 22 px in a picture of 540 lines still leave ink on the smaller picture, though often
# too little to find them by.
_GLANCE_SIDE_PX, _DOUBT = 384, 0.1
_LEAST_CONTRAST = 12  # gray levels from the darkest to the brightest spot
# Lettering is inked solidly and in thin strips. At a lower confidence, or without a limit on the
# strip, a person before a plain wall is "text": film frames are not the documents it was made for.
_INK, _MIN_CONFIDENCE, _UNCLIP = 0.3, 0.88, 1.5
_MAX_THICKNESS = 0.3  # of the picture's height
_MIN_HEIGHT_PX = 4
_MEAN = np.array([0.485, 0.456, 0.406], np.float32) * 255
_STD = np.array([0.229, 0.224, 0.225], np.float32) * 255


class TextAnalyser:
    """PP-OCRv6 small detector with the post-processing of differentiable binarization
    (Liao et al., "Real-time scene text detection with differentiable binarization", 2020).
    """

    card: ClassVar[AnalyserCard] = AnalyserCard(
        "text",
        2,
        TextRegions,
        height_px=540,
        settings={
            "long_side_px": _LONG_SIDE_PX,
            "glance_side_px": _GLANCE_SIDE_PX,
            "doubt": _DOUBT,
            "min_confidence": _MIN_CONFIDENCE,
        },
    )
    road: ClassVar[str] = ""

    def __init__(self) -> None:
        self._session: Any = None

    def open(self, runtime: Runtime) -> None:
        """Load the detector."""
        path = require(WEIGHTS, runtime.on_progress, runtime.may_download)
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = runtime.n_threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def analyse(self, frames: FrameBatch, /) -> TextRegions:
        """See `ava.scoring.contract.Analyser.analyse`."""
        rows: list[int] = []
        boxes: list[tuple[float, float, float, float]] = []
        confidence: list[float] = []
        for row, picture in enumerate(frames.pixels):
            if min(picture.shape[:2]) < _STEP_PX:
                continue
            for box, sure in _regions(self._ink(picture)):
                rows.append(row)
                boxes.append(box)
                confidence.append(sure)
        return TextRegions(
            len(frames),
            np.array(rows, np.int64),
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array(confidence, np.float32),
        )

    def _ink(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How much each pixel looks like text, 0..1, shape (h, w).

        Most frames of a film have no text, and the network is heavy: it looks closely only where a
        look at a smaller picture leaves a doubt.
        """
        glance = _resized(picture, _GLANCE_SIDE_PX)
        # A black frame, or one plain tone: not worth even that.
        if int(np.ptp(cv2.cvtColor(glance, cv2.COLOR_RGB2GRAY))) < _LEAST_CONTRAST:
            return np.zeros(glance.shape[:2], np.float32)
        ink = self._seen(glance)
        if max(picture.shape[:2]) <= _GLANCE_SIDE_PX or float(ink.max()) < _DOUBT:
            return ink
        return self._seen(_resized(picture, _LONG_SIDE_PX))

    def _seen(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        blue_first = (picture[:, :, ::-1].astype(np.float32) - _MEAN) / _STD
        tensor = np.ascontiguousarray(blue_first.transpose(2, 0, 1)[None])
        name = self._session.get_inputs()[0].name
        ink: NDArray[np.float32] = self._session.run(None, {name: tensor})[0][0, 0]
        return ink

    def close(self) -> None:
        """Let go of the session."""
        self._session = None


def _resized(picture: NDArray[np.uint8], long_side_px: int) -> NDArray[np.uint8]:
    """The picture no larger than that, with sides that the network can halve five times."""
    height, width = picture.shape[:2]
    shrink = min(1.0, long_side_px / max(height, width))
    size = tuple(
        max(_STEP_PX, round(side * shrink / _STEP_PX) * _STEP_PX) for side in (width, height)
    )
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _regions(
    ink: NDArray[np.float32],
) -> list[tuple[tuple[float, float, float, float], float]]:
    """Upright boxes (shares of the picture) around the inked regions, top to bottom."""
    height, width = ink.shape
    contours, _ = cv2.findContours(
        (ink > _INK).astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    regions = []
    for contour in contours:
        x, y, w, h = cv2.boundingRect(contour)
        inside = np.zeros((h, w), np.uint8)
        cv2.drawContours(inside, [contour - np.array([x, y])], -1, 1, -1)
        confidence = float(ink[y : y + h, x : x + w][inside > 0].mean())
        thickness = min(cv2.minAreaRect(contour)[1])
        if min(w, h) < _MIN_HEIGHT_PX or confidence < _MIN_CONFIDENCE:
            continue
        if thickness > _MAX_THICKNESS * height:
            continue
        grow = w * h * _UNCLIP / (2 * (w + h))  # the network marks the core of a line only
        box = (
            max(0.0, (x - grow) / width),
            max(0.0, (y - grow) / height),
            min(1.0, (x + w + grow) / width),
            min(1.0, (y + h + grow) / height),
        )
        regions.append((box, min(1.0, confidence)))
    return sorted(regions, key=lambda region: (region[0][1], region[0][0]))
