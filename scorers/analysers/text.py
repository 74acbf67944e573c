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
        1,
        TextRegions,
        height_px=540,
        settings={"long_side_px": _LONG_SIDE_PX, "min_confidence": _MIN_CONFIDENCE},
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
        """How much each pixel looks like text, 0..1, shape (h, w)."""
        height, width = picture.shape[:2]
        shrink = min(1.0, _LONG_SIDE_PX / max(height, width))
        size = tuple(
            max(_STEP_PX, round(side * shrink / _STEP_PX) * _STEP_PX) for side in (width, height)
        )
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
        blue_first = (small[:, :, ::-1].astype(np.float32) - _MEAN) / _STD
        tensor = np.ascontiguousarray(blue_first.transpose(2, 0, 1)[None])
        name = self._session.get_inputs()[0].name
        ink: NDArray[np.float32] = self._session.run(None, {name: tensor})[0][0, 0]
        return ink

    def close(self) -> None:
        """Let go of the session."""
        self._session = None


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
