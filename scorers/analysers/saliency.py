"""Where the eye goes first: what is rare in the spectrum, and what differs from around it."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Saliency
from ava.scoring.contract import AnalyserCard, Runtime
from scorers.pictures import lab

_MAP = (64, 64)
_SHOWN = (48, 27)
_SMOOTH_SIGMA = 3.0
_FINE, _FINE_SIGMA = (96, 54), 2.0
_SURROUNDINGS = (3, 7, 15, 27)  # reach of what surrounds a point, of 54 lines
_SUM = np.ones((1, 3), np.float32)  # of the three channels
_MIN_STD = 1.0  # gray levels: below it there is nothing to look at


class SaliencyAnalyser:
    """The mean of two maps that err in different ways.

    The spectral residual (Hou & Zhang, "Saliency detection: a spectral residual approach", 2007) is
    what is left of the log spectrum after its smooth trend is taken away: it finds the odd thing
    out, but of a large one only the outline. The fine-grained map (Montabone & Soto, "Human detection
    using a mobile platform and novel features derived from a visual saliency mechanism", 2010) is how
    much each point is lighter, darker or of another color than what surrounds it, at several sizes: it
    fills large things, but also bright skies.
    """

    card: ClassVar[AnalyserCard] = AnalyserCard("saliency", 3, Saliency, height_px=270)
    road: ClassVar[str] = ""

    def open(self, runtime: Runtime) -> None:
        """Nothing to load."""

    def analyse(self, frames: FrameBatch, /) -> Saliency:
        """See `ava.scoring.contract.Analyser.analyse`."""
        maps = np.zeros((len(frames), _SHOWN[1], _SHOWN[0]), np.float32)
        for row, picture in enumerate(frames.pixels):
            both = spectral_residual(picture) + fine_grained(picture)
            maps[row] = both / max(float(both.sum()), 1e-30)  # color alone shows in one of them
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
    size = np.abs(spectrum) + 1e-6
    magnitude = np.log(size).astype(np.float32)
    trend = cv2.blur(magnitude, (3, 3), borderType=cv2.BORDER_REFLECT_101)
    rare = spectrum * (np.exp(magnitude - trend) / size)  # the residual, in the same phase
    residual = np.abs(np.fft.ifft2(rare)) ** 2
    smooth = cv2.GaussianBlur(residual.astype(np.float32), (0, 0), _SMOOTH_SIGMA)
    return _density(cv2.resize(smooth, _SHOWN, interpolation=cv2.INTER_AREA).astype(np.float32))


def fine_grained(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Differences from the surroundings of one sRGB picture; see `spectral_residual`."""
    small = cv2.resize(picture, _FINE, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    if np.max(cv2.meanStdDev(small)[1]) < _MIN_STD:
        return np.zeros((_SHOWN[1], _SHOWN[0]), np.float32)
    colors = lab(small)
    total = np.zeros(colors.shape[:2], np.float32)
    for reach in _SURROUNDINGS:
        size = (2 * reach + 1, 2 * reach + 1)
        around = cv2.blur(colors, size, borderType=cv2.BORDER_REFLECT_101)
        off = cv2.subtract(colors, around)
        total += cv2.sqrt(cv2.transform(cv2.multiply(off, off), _SUM))
    smooth = cv2.GaussianBlur(total, (0, 0), _FINE_SIGMA)
    return _density(cv2.resize(smooth, _SHOWN, interpolation=cv2.INTER_AREA).astype(np.float32))


def _density(shown: NDArray[np.float32]) -> NDArray[np.float32]:
    """The upper half of a map, summing to 1: the rest is haze that pulls centres to the middle."""
    shown = np.maximum(0, shown - np.float32(np.median(shown)))
    total = float(shown.sum())
    density: NDArray[np.float32] = (shown / max(total, 1e-30)).astype(np.float32)
    return density
