"""Which part of a picture is people."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import PersonMask
from ava.scoring.contract import AnalyserCard, Runtime
from models.person_mask import SIDES, PersonMaskNetwork
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
        # Means of areas, as a product: a third of the time that OpenCV takes over them.
        down, across = _means(SIDES[0], _SHOWN[1]), _means(SIDES[1], _SHOWN[0]).T
        for row, picture in enumerate(frames.pixels):
            maps[row] = (down @ self._net.of(picture) @ across).clip(0, 1)
        return PersonMask(len(frames), maps)

    def close(self) -> None:
        """Let go of the network."""
        self._net = None


@cache
def _means(n_pixels: int, n_fields: int) -> NDArray[np.float32]:
    """What makes means of fields of a line of pixels, shape (n_fields, n_pixels)."""
    each = np.eye(n_pixels, dtype=np.float32)
    fields = cv2.resize(each, (n_pixels, n_fields), interpolation=cv2.INTER_AREA)
    return np.asarray(fields, np.float32)
