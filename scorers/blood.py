"""How much of a picture has the color of blood: a weak hint, and said to be one."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, lab, per_frame

# In CIELAB. Skin and wood have less chroma for their lightness and lean to yellow, lips and
# rose cloth lean to purple and are lighter, orange and brown lie beyond 48 degrees.
_HUE_DEGREES = (14.0, 22.0, 40.0, 48.0)
_CHROMA = (22.0, 34.0)
_LIGHTNESS = (36.0, 46.0)
_CHROMA_FOR_LIGHTNESS = (1.15, 1.4)


class BloodScorer(Weightless):
    """Dark, saturated red."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="blood",
        version=3,
        family="filters",
        height_px=270,
        columns=(
            Column(
                "blood_red", "share", 0, 1, "less",
                "Share of the picture in dark, pure red: only a weak hint of blood, since red cloth, wine and red light have it, too.",
                label="blood red (a weak hint)",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""

        def measure(
            picture: NDArray[np.uint8], row: int
        ) -> dict[str, float | NDArray[np.floating]]:
            return {"blood_red": blood_red(picture)}

        return per_frame(self.card, frames, measure)


def blood_red(picture: NDArray[np.uint8]) -> float:
    """Share of an sRGB picture (H, W, 3) in dark, pure red, 0..1."""
    size = (max(1, picture.shape[1] // 2), max(1, picture.shape[0] // 2))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    lightness, a, b = (np.asarray(plane, np.float32) for plane in cv2.split(lab(small)))
    polar = cv2.cartToPolar(a, b, angleInDegrees=True)
    chroma, hue = (np.asarray(part, np.float32) for part in polar)
    low, red, still_red, high = _HUE_DEGREES
    like = _rises(hue, low, red) * (1 - _rises(hue, still_red, high))
    like *= _rises(chroma, *_CHROMA) * (1 - _rises(lightness, *_LIGHTNESS))
    purity = np.asarray(chroma / np.maximum(lightness, 1), np.float32)
    like *= _rises(purity, *_CHROMA_FOR_LIGHTNESS)
    return float(like.mean())


def _rises(values: Floats, low: float, high: float) -> Floats:
    rise: Floats = np.clip((values - np.float32(low)) / np.float32(high - low), 0, 1)
    return rise
