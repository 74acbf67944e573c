"""Whether an outdoor picture was taken by day or by night: five plain measures, and what is in it.

Dark alone is not night: a forest is dark at noon, and a bird before a shadow. So a logistic rule weighs
both how the picture is lit and, by the features of `models.image_content`, what it shows. What it learned
from, and how far to trust it, stands in ``time_of_day.md`` beside it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.image_content import shrunk

WEIGHTS = Path(__file__).with_suffix(".npz")
MEASURES = ("sky", "dark", "bright", "lights", "warmth")
_SIZE = (96, 64)  # columns and lines of what the network sees, halved; the lights are of the whole
_AROUND_PX = 25  # what a light is compared with, of 192 columns
_LIGHT, _ABOVE_AROUND, _DARK_AROUND = 170, 80, 110  # of 255
_DARK = 38  # of 255, 15 %
_FEWEST = 1e-3  # share of lights that is added, so that none has a logarithm


class TimeOfDayRule:
    """The rule; its weights come with ava."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as stored:
            self._of_features = stored["of_features"].astype(np.float32)
            self._of_measures = stored["of_measures"].astype(np.float32)
            self._bias = float(stored["bias"])

    def night(self, features: NDArray[np.float32], measures: NDArray[np.float32]) -> float:
        """How surely it is night, 0..1, were it outdoors, from the features (1280,) and measures (5,)."""
        found = features @ self._of_features + measures @ self._of_measures + self._bias
        return float(1 / (1 + np.exp(-found)))


def measured(picture: NDArray[np.uint8]) -> NDArray[np.float32]:
    """How an outdoor picture is lit.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
        sRGB, of any shape; it is squeezed into what `models.image_content` sees.

    Returns
    -------
    ndarray of float32, shape (5,)
        In the order of `MEASURES`: *sky*, median luma of the upper third, 0..1; *dark*, share of the
        picture under 15 % luma; *bright*, the luma that one pixel in twenty exceeds, 0..1; *lights*,
        log10 of the share of small bright spots on dark ground, -3 where there are none; *warmth*, red
        less blue of that brightest twentieth, -1..1, high in the light of lamps.
    """
    larger = shrunk(picture)
    gray = cv2.cvtColor(larger, cv2.COLOR_RGB2GRAY)
    around = cv2.blur(gray, (_AROUND_PX, _AROUND_PX))
    is_light = (gray >= _LIGHT) & (around < _DARK_AROUND)
    is_light &= cv2.subtract(gray, around) > _ABOVE_AROUND
    small = cv2.resize(larger, _SIZE, interpolation=cv2.INTER_AREA)
    luma = cv2.cvtColor(small, cv2.COLOR_RGB2GRAY)
    upto, sky_upto = _shares_upto(luma), _shares_upto(luma[: _SIZE[1] // 3])
    bright = int(np.searchsorted(upto, 0.95))
    red, _, blue, _ = cv2.mean(small, mask=(luma >= bright).astype(np.uint8))
    return np.array(
        [
            np.searchsorted(sky_upto, 0.5) / 255,
            upto[_DARK],
            bright / 255,
            np.log10(np.count_nonzero(is_light) / gray.size + _FEWEST),
            (red - blue) / 255,
        ],
        np.float32,
    )


def _shares_upto(luma: NDArray[Any]) -> NDArray[np.float64]:
    """Share of the pixels of at most each luma, (256,)."""
    counts = cv2.calcHist([luma], [0], None, [256], [0, 256])
    shares: NDArray[np.float64] = counts.ravel().cumsum() / luma.size
    return shares
