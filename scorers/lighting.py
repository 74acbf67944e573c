"""Exposure, clipping, contrast and key."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, extremes, lightness, per_frame, quantiles

_CLIPPED_DARK, _CLIPPED_BRIGHT = 3, 252  # of 255, in all three channels
_QUANTILES = (0.01, 0.05, 0.5, 0.95, 0.99)
_COMFORT = (28.0, 68.0)  # L* between which the eye finds the middle tones of a still well exposed


class LightingScorer(Weightless):
    """Light as a print would show it, measured on CIE L*."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="lighting",
        version=4,
        height_px=270,
        columns=(
            Column(
                "brightness", "L*", 0, 100, "neither",
                "How light the picture is as a whole, from black (0) to white (100).",
            ),
            Column(
                "exposure", "share", 0, 1, "more",
                "How well the middle tones sit between too dark and too bright.",
            ),
            Column(
                "clipped_dark", "share", 0, 1, "less",
                "Share of the picture that is pure black, with nothing to see in it.",
                label="open shadows",
            ),
            Column(
                "clipped_bright", "share", 0, 1, "less",
                "Share of the picture that is burnt out to white.",
                label="unburnt highlights",
            ),
            Column(
                "contrast", "L*", 0, 100, "more",
                "Distance in lightness between the dark and the bright parts of the picture.",
            ),
            Column(
                "local_contrast", "L*", 0, 100, "more",
                "How much light and dark play within small parts of the picture: texture, modelling.",
            ),
            Column(
                "dynamic_range", "stops", 0, 16, "neither",
                "Distance between the deepest shadow and the brightest light, in f-stops.",
            ),
            Column(
                "key", "share", 0, 1, "neither",
                "Low for a dark, moody picture with few lights, high for a bright, open one.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: _measure(picture))


def _measure(picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
    tones = lightness(picture)
    mean = float(tones.mean())
    dark, low, middle, high, bright = quantiles(tones, _QUANTILES, 0.0, 100.0)
    brightest, darkest = extremes(picture)
    # Mean and median together: a silhouette before a bright sky is not simply well exposed.
    miss = max(0.0, _COMFORT[0] - (mean + middle) / 2, (mean + middle) / 2 - _COMFORT[1])
    return {
        "brightness": min(100.0, max(0.0, mean)),
        "exposure": float(np.exp(-((miss / 16.0) ** 2))),
        "clipped_dark": np.count_nonzero(brightest <= _CLIPPED_DARK) / brightest.size,
        "clipped_bright": np.count_nonzero(darkest >= _CLIPPED_BRIGHT) / darkest.size,
        "contrast": float(np.clip(high - low, 0, 100)),
        "local_contrast": _local_contrast(tones),
        "dynamic_range": _stops(float(dark), float(bright)),
        "key": np.count_nonzero(tones > 50) / tones.size,
    }


def _local_contrast(tones: Floats) -> float:
    """Mean standard deviation of L* around every pixel, within a sixteenth of the height."""
    reach = max(3, tones.shape[0] // 16)
    mean = cv2.blur(tones, (reach, reach))
    square = cv2.sqrBoxFilter(tones, cv2.CV_32F, (reach, reach))
    variance = cv2.subtract(square, cv2.multiply(mean, mean))
    variance = cv2.threshold(variance, 0, 0, cv2.THRESH_TOZERO)[1]
    return cv2.mean(cv2.sqrt(variance))[0]


def _stops(dark: float, bright: float) -> float:
    """F-stops between two lightnesses; below L* 1 there is nothing that an eye could tell apart."""
    return float(np.clip(np.log2(luminance(max(bright, 1.0)) / luminance(max(dark, 1.0))), 0, 16))


def luminance(tone: float) -> float:
    """Relative luminance 0..1 of CIE L* 0..100."""
    return ((tone + 16) / 116) ** 3 if tone > 8 else tone / 903.3
