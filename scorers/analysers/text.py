"""Lines of burnt-in text, by PaddleOCR's detector."""

from __future__ import annotations

from itertools import combinations
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import TextRegions
from ava.scoring.contract import AnalyserCard, Runtime
from models.text_detection import STEP_PX, TextDetection
from models.text_glance import TextGlance
from models.weights import require

WEIGHTS = "text_detection_ppocr"
_LONG_SIDE_PX = 576
# Of what the glance takes for text: somewhere, and around there. What it leaves out is lost.
_LIKELY, _DOUBT = 0.7, 0.5
# Of the parts that are looked at closely; smaller ones are judged without what is around them, and
# whatever fills them is "text".
_MARGIN_PX, _LEAST_SIDE_PX = 24, 96
_LEAST_CONTRAST = 12  # gray levels from the darkest to the brightest spot
# Lettering is inked solidly and in thin strips. At a lower confidence, or without a limit on the
# strip, a person before a plain wall is "text": film frames are not the documents it was made for.
_INK, _MIN_CONFIDENCE, _UNCLIP = 0.3, 0.88, 1.5
_MAX_THICKNESS = 0.3  # of the picture's height
_MIN_HEIGHT_PX = 4

Part = tuple[int, int, int, int]  # left, top, right, bottom, in pixels
Region = tuple[tuple[float, float, float, float], float]  # shares of the picture; confidence


class TextAnalyser:
    """PP-OCRv6 small detector with the post-processing of differentiable binarization
    (Liao et al., "Real-time scene text detection with differentiable binarization", 2020).
    """

    card: ClassVar[AnalyserCard] = AnalyserCard(
        "text",
        6,
        TextRegions,
        height_px=540,
        settings={
            "long_side_px": _LONG_SIDE_PX,
            "likely": _LIKELY,
            "doubt": _DOUBT,
            "min_confidence": _MIN_CONFIDENCE,
        },
    )
    road: ClassVar[str] = ""

    def __init__(self) -> None:
        self._detection: Any = None
        self._glance: Any = None

    def open(self, runtime: Runtime) -> None:
        """Load the detector."""
        path = require(WEIGHTS, runtime.on_progress, runtime.may_download)
        self._detection = TextDetection(path, runtime.n_threads)
        self._glance = TextGlance(runtime.n_threads)

    def analyse(self, frames: FrameBatch, /) -> TextRegions:
        """See `ava.scoring.contract.Analyser.analyse`."""
        rows: list[int] = []
        boxes: list[tuple[float, float, float, float]] = []
        confidence: list[float] = []
        for row, picture in enumerate(frames.pixels):
            if min(picture.shape[:2]) < STEP_PX:
                continue
            for box, sure in self._found(picture):
                rows.append(row)
                boxes.append(box)
                confidence.append(sure)
        return TextRegions(
            len(frames),
            np.array(rows, np.int64),
            np.array(boxes, np.float32).reshape(-1, 4),
            np.array(confidence, np.float32),
        )

    def _found(self, picture: NDArray[np.uint8]) -> list[Region]:
        """The lines of a picture.

        Most frames of a film have no text, and the network is heavy: it looks only at those parts
        of a picture where a very small network that glances at all of it leaves a doubt.
        """
        # A black frame, or one plain tone: not worth even a glance.
        darkest, brightest, _, _ = cv2.minMaxLoc(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))
        if brightest - darkest < _LEAST_CONTRAST:
            return []
        width, height = _size(picture, _LONG_SIDE_PX)
        parts = _parts(self._glance.likelihood(picture), (height, width))
        if not parts:
            return []
        # Between the nearest pixels, as its makers do; by area takes five times as long.
        resized = cv2.resize(picture, (width, height), interpolation=cv2.INTER_LINEAR)
        close = resized.astype(np.uint8, copy=False)
        ink = np.zeros((height, width), np.float32)
        for left, top, right, bottom in parts:
            there = np.s_[top:bottom, left:right]
            ink[there] = np.maximum(ink[there], self._detection.ink(close[there]))
        return _regions(ink)

    def close(self) -> None:
        """Let go of the networks."""
        self._detection = self._glance = None


def _size(picture: NDArray[np.uint8], long_side_px: int) -> tuple[int, int]:
    """Width and height no larger than that, with sides that the network can halve five times."""
    height, width = picture.shape[:2]
    shrink = min(1.0, long_side_px / max(height, width))
    across, down = (
        max(STEP_PX, round(side * shrink / STEP_PX) * STEP_PX) for side in (width, height)
    )
    return across, down


def _parts(likelihood: NDArray[np.float32], shape: tuple[int, ...]) -> list[Part]:
    """The parts of a picture of that shape that may hold text.

    Each with a margin, since the network judges by what is around, and with sides that it can halve
    five times; parts that together cost no more than apart are joined.
    """
    doubtful = cv2.dilate((likelihood > _DOUBT).astype(np.uint8), np.ones((1, 3), np.uint8))
    _, labels, fields, _ = cv2.connectedComponentsWithStats(doubtful)
    held = np.unique(labels[(likelihood > _LIKELY) & (doubtful > 0)])
    per_field = np.array(shape[::-1]) / likelihood.shape[::-1]
    parts = []
    for x, y, width, height, _ in fields[held]:
        first, end = np.array([x, y]) * per_field, np.array([x + width, y + height]) * per_field
        parts.append(_part(first - _MARGIN_PX, end + _MARGIN_PX, shape))
    return _joined(parts, shape)


def _part(first: NDArray[np.floating], end: NDArray[np.floating], shape: tuple[int, ...]) -> Part:
    """The part around two corners (x, y) whose sides the network can halve, inside the picture."""
    limit = np.array(shape[::-1])
    size = np.ceil((end - first) / STEP_PX).astype(int) * STEP_PX
    size = np.minimum(limit, np.maximum(size, _LEAST_SIDE_PX))
    left, top = np.clip(((first + end - size) / 2).round().astype(int), 0, limit - size).tolist()
    return left, top, left + int(size[0]), top + int(size[1])


def _joined(parts: list[Part], shape: tuple[int, ...]) -> list[Part]:
    for one, other in combinations(parts, 2):
        first, end = np.minimum(one[:2], other[:2]), np.maximum(one[2:], other[2:])
        both = _part(first, end, shape)
        if _area(both) <= _area(one) + _area(other):
            rest = [part for part in parts if part is not one and part is not other]
            return _joined([*rest, both], shape)
    return parts


def _area(part: Part) -> int:
    return (part[2] - part[0]) * (part[3] - part[1])


def _regions(ink: NDArray[np.float32]) -> list[Region]:
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
