"""Where the eye goes first, by the spectral residual."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Saliency
from ava.scoring.contract import AnalyserCard, Runtime

_MAP = (64, 64)
_SHOWN = (48, 27)
_SMOOTH_SIGMA = 3.0
_MIN_STD = 1.0  # gray levels: below it there is nothing to look at


class SaliencyAnalyser:
    """Spectral residual saliency (Hou & Zhang, "Saliency detection: a spectral residual approach",
    2007): what is left of the log spectrum of a picture after its smooth trend is taken away.
    """

    card: ClassVar[AnalyserCard] = AnalyserCard("saliency", 1, Saliency, height_px=270)
    road: ClassVar[str] = ""

    def open(self, runtime: Runtime) -> None:
        """Nothing to load."""

    def analyse(self, frames: FrameBatch, /) -> Saliency:
        """See `ava.scoring.contract.Analyser.analyse`."""
        maps = np.zeros((len(frames), _SHOWN[1], _SHOWN[0]), np.float32)
        for row, picture in enumerate(frames.pixels):
            maps[row] = spectral_residual(picture)
        return Saliency(len(frames), maps)

    def close(self) -> None:
        """Nothing to let go of."""


def spectral_residual(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Saliency of one sRGB picture, shape (27, 48), summing to 1, or all 0 without any detail."""
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    small = cv2.resize(luma, _MAP, interpolation=cv2.INTER_AREA).astype(np.float32)
    if small.std() < _MIN_STD:
        return np.zeros((_SHOWN[1], _SHOWN[0]), np.float32)
    spectrum = np.fft.fft2(small)
    magnitude = np.log(np.abs(spectrum) + 1e-6).astype(np.float32)
    trend = cv2.blur(magnitude, (3, 3), borderType=cv2.BORDER_REFLECT_101)
    phase = np.angle(spectrum)
    residual = np.abs(np.fft.ifft2(np.exp(magnitude - trend + 1j * phase))) ** 2
    smooth = cv2.GaussianBlur(residual.astype(np.float32), (0, 0), _SMOOTH_SIGMA)
    shown = cv2.resize(smooth, _SHOWN, interpolation=cv2.INTER_AREA).astype(np.float32)
    # The weakest half is haze that pulls every centre of mass to the middle of the picture.
    shown = np.maximum(0, shown - np.float32(np.median(shown)))
    total = float(shown.sum())
    density: NDArray[np.float32] = (shown / max(total, 1e-30)).astype(np.float32)
    return density
