"""Whether the light of a picture is warm or cool, and how far its grays are off."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, extremes, lab, linear, per_frame

_RANGE_K = (1800.0, 15000.0)
_MIN_KNOWN = 100  # pixels
_TO_XYZ = np.array(
    [[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]
)  # IEC 61966-2-1


class WhiteBalanceScorer(Weightless):
    """The color of the light, guessed from edges.

    Gray-edge (van de Weijer, Gevers & Gijsenij, "Edge-based color constancy", 2007): the average
    step between neighbours is gray under white light. A large colored thing has few edges for its
    size, so it misleads this less than it does the average of the colors.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="white_balance",
        version=2,
        height_px=180,
        columns=(
            Column(
                "color_temperature", "kelvin", *_RANGE_K, "neither",
                "The light's color temperature: 3000 candle and bulb, 6500 daylight, 9000 blue hour.",
            ),
            Column(
                "color_cast", "ΔE", 0, 100, "neither",
                "How far what should be gray is off: over 10 the picture is tinted.",
            ),
            Column(
                "cast_hue", "degrees", 0, 360, "neither",
                "Which way it is off, as a CIELAB hue: 0 red, 90 yellow, 180 green, 270 blue.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: _measure(picture))


def _measure(picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
    light = light_color(picture)
    if light is None:
        return {}
    x, y, z = _TO_XYZ @ light
    # McCamy, "Correlated color temperature as an explicit function of chromaticity", 1992.
    n = (x / (x + y + z) - 0.3320) / (0.1858 - y / (x + y + z))
    kelvin = 449 * n**3 + 3525 * n**2 + 6823.3 * n + 5520.33
    gray = 0.5 * light / light.max()
    encoded = np.where(gray <= 0.0031308, 12.92 * gray, 1.055 * gray ** (1 / 2.4) - 0.055)
    _, a, b = lab((encoded.reshape(1, 1, 3) * 255).round().astype(np.uint8))[0, 0]
    return {
        "color_temperature": float(np.clip(kelvin, *_RANGE_K)),
        "color_cast": float(min(100.0, np.hypot(a, b))),
        "cast_hue": float(np.degrees(np.arctan2(b, a)) % 360),
    }


def light_color(picture: NDArray[np.uint8]) -> NDArray[np.float64] | None:
    """Linear R, G, B of the light; None where there is hardly an edge, or no color at all."""
    brightest, _ = extremes(picture)
    known = cv2.erode(cv2.inRange(brightest, 13, 249), np.ones((3, 3), np.uint8))
    if cv2.countNonZero(known) < _MIN_KNOWN:
        return None
    smooth = cv2.GaussianBlur(linear(picture), (0, 0), 1.5)
    across = cv2.Sobel(smooth, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(smooth, cv2.CV_32F, 0, 1)
    steps = cv2.magnitude(across, down)
    # Minkowski norm: the stronger edges count for more.
    fourth = cv2.pow(steps, 4)
    fifth = cv2.mean(cv2.multiply(fourth, steps), known)
    light = np.array(fifth[:3], np.float64) ** (1 / 5)
    return light if light.min() > 1e-4 else None
