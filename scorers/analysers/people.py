"""Which part of a picture is people."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import PersonMask
from ava.scoring.contract import AnalyserCard, Runtime
from models.person_mask import PersonMaskNetwork
from models.weights import require

_WEIGHTS = "person_mask"
_SHOWN = (48, 27)
_MIN_SIDE_PX = 32  # smaller pictures show nobody that the network knows


class PersonAnalyser:
    """MediaPipe's selfie segmentation, a MobileNetV3 that tells people from what is behind them.

    Trained on people near the camera: figures under a fifth of the picture's height are missed, and
    a large thing in the foreground may be taken for one. Whoever counts people asks for faces, too.
    """

    card: ClassVar[AnalyserCard] = AnalyserCard("people", 2, PersonMask, height_px=270)
    road: ClassVar[str] = ""

    def __init__(self) -> None:
        self._net: PersonMaskNetwork | None = None

    def open(self, runtime: Runtime) -> None:
        """Load the network."""
        path = require(_WEIGHTS, runtime.on_progress, runtime.may_download)
        self._net = PersonMaskNetwork(path, runtime.n_threads)

    def analyse(self, frames: FrameBatch, /) -> PersonMask:
        """See `ava.scoring.contract.Analyser.analyse`."""
        assert self._net is not None, "open() comes first"
        maps = np.zeros((len(frames), _SHOWN[1], _SHOWN[0]), np.float32)
        if len(frames) == 0 or min(frames.pixels.shape[1:3]) < _MIN_SIDE_PX:
            return PersonMask(len(frames), maps)
        for row, picture in enumerate(frames.pixels):
            mask = self._net.of(picture)
            maps[row] = cv2.resize(mask, _SHOWN, interpolation=cv2.INTER_AREA).clip(0, 1)
        return PersonMask(len(frames), maps)

    def close(self) -> None:
        """Let go of the network."""
        self._net = None
