"""Which part of a picture is people."""

from __future__ import annotations

from typing import Any, ClassVar

import cv2
import numpy as np

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import PersonMask
from ava.scoring.contract import AnalyserCard, Runtime
from models.native_log import hushed
from models.weights import require

_WEIGHTS = "person_mask"
_SHOWN = (48, 27)
_MIN_SIDE_PX = 32  # smaller pictures show nobody that the network knows


class PersonAnalyser:
    """MediaPipe's selfie segmentation, a MobileNetV3 that tells people from what is behind them.

    Trained on people near the camera: figures under a fifth of the picture's height are missed, and
    a large thing in the foreground may be taken for one. Whoever counts people asks for faces, too.
    """

    card: ClassVar[AnalyserCard] = AnalyserCard("people", 1, PersonMask, height_px=270)
    road: ClassVar[str] = ""

    def __init__(self) -> None:
        self._task: Any = None

    def open(self, runtime: Runtime) -> None:
        """Load the network."""
        path = require(_WEIGHTS, runtime.on_progress, runtime.may_download)
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._picture_of = mediapipe.Image
        self._format = mediapipe.ImageFormat.SRGB
        options = vision.ImageSegmenterOptions(
            base_options=BaseOptions(model_asset_path=str(path)), output_confidence_masks=True
        )
        with hushed():
            self._task = vision.ImageSegmenter.create_from_options(options)

    def analyse(self, frames: FrameBatch, /) -> PersonMask:
        """See `ava.scoring.contract.Analyser.analyse`."""
        maps = np.zeros((len(frames), _SHOWN[1], _SHOWN[0]), np.float32)
        if len(frames) == 0 or min(frames.pixels.shape[1:3]) < _MIN_SIDE_PX:
            return PersonMask(len(frames), maps)
        for row, pixels in enumerate(frames.pixels):
            data = np.ascontiguousarray(pixels)
            with hushed():
                found = self._task.segment(self._picture_of(image_format=self._format, data=data))
            mask = found.confidence_masks[0].numpy_view()
            mask = mask.reshape(mask.shape[:2])
            maps[row] = cv2.resize(mask, _SHOWN, interpolation=cv2.INTER_AREA).clip(0, 1)
        return PersonMask(len(frames), maps)

    def close(self) -> None:
        """Close the task: MediaPipe complains at exit otherwise."""
        if self._task is not None:
            with hushed():
                self._task.close()
            self._task = None
