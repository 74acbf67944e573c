"""The 216-bin color histogram, the palette, named colors, and how colorful, saturated and warm a picture is."""

from __future__ import annotations

from functools import cache
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.color_names import NAMES, name_index
from ava.core.frame_batch import FrameBatch
from ava.core.palettes import palette_of
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, extremes, lab_of, per_frame

_LEVELS = 6
N_BINS = _LEVELS**3
N_PALETTE = 5
# What a value adds to the number of its bin, for each channel.
_STEPS = (np.arange(256) * _LEVELS // 256 * [[_LEVELS**2], [_LEVELS], [1]]).astype(np.uint8)
_VALUES = np.arange(256, dtype=np.float64)
_RECIPROCAL = (1 / np.maximum(_VALUES, 1)).astype(np.float32)
_CELLS = 32


class ColorScorer(Weightless):
    """Colors as they are shown (gamma-encoded sRGB)."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="color",
        version=3,
        height_px=180,
        settings={"named_colors": NAMES},
        columns=(
            Column(
                "color_histogram", "share", 0, 1, "neither",
                "Share of the picture in each of 216 colors: six steps each of red, green, blue.",
                size=N_BINS,
            ),
            Column(
                "palette", "sRGB", 0, 255, "neither",
                "The five colors that stand for the picture, red, green, blue each, commonest first.",
                size=3 * N_PALETTE,
            ),
            Column(
                "palette_share", "share", 0, 1, "neither",
                "How much of the picture each color of the palette stands for.",
                size=N_PALETTE,
            ),
            Column(
                "named_colors", "share", 0, 1, "neither",
                "Share of the picture in each named color, such as dark blue or gray.",
                size=len(NAMES),
            ),
            Column(
                "colorfulness", "Hasler-Süsstrunk", 0, float("inf"), "more",
                "How colorful people find it: below 15 hardly, around 45 fairly, over 80 extremely.",
            ),
            Column(
                "saturation", "share", 0, 1, "neither",
                "How pure the colors are, from gray to full.",
            ),
            Column(
                "warmth", "share", -1, 1, "neither",
                "Below zero for a blue, cool picture, above for an orange, warm one.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: _measure(picture))


def color_histogram(picture: NDArray[np.uint8]) -> Floats:
    """Share of the pixels in each of 6 × 6 × 6 RGB bins.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
        sRGB.

    Returns
    -------
    ndarray of float32, shape (216,)
        Sums to 1; the bin of (r, g, b) is ``36·⌊6r/256⌋ + 6·⌊6g/256⌋ + ⌊6b/256⌋``.
    """
    bins = _bins(picture)
    return (_counts(bins) / bins.size).astype(np.float32)


def _bins(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bin of every pixel, shape (H, W)."""
    red, green, blue = map(cv2.LUT, cv2.split(picture), _STEPS)
    return np.asarray(cv2.add(cv2.add(red, green), blue), np.uint8)


def _counts(bins: NDArray[np.uint8]) -> NDArray[np.float64]:
    return cv2.calcHist([bins], [0], None, [N_BINS], [0, N_BINS]).ravel().astype(np.float64)


def bin_colors(picture: NDArray[np.uint8]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Share (216,) and mean sRGB color (216, 3) of every bin; black for an empty one."""
    bins = _bins(picture)
    counts = _counts(bins)
    sums = []
    for channel in cv2.split(picture):
        # How often each value of the channel is in each bin: exact, and no wide copy of the picture.
        joint = cv2.calcHist([bins, channel], [0, 1], None, [N_BINS, 256], [0, N_BINS, 0, 256])
        sums.append(joint.astype(np.float64) @ _VALUES)
    return counts / bins.size, np.stack(sums, axis=1) / np.maximum(counts, 1)[:, None]


def colorfulness(picture: NDArray[np.uint8]) -> float:
    """Hasler & Süsstrunk, "Measuring colourfulness in natural images", 2003; 0 for gray."""
    red, green, blue = cv2.split(picture)
    red_green = cv2.subtract(red, green, dtype=cv2.CV_16S)
    both, twice_blue = cv2.add(red, green, dtype=cv2.CV_16S), cv2.add(blue, blue, dtype=cv2.CV_16S)
    means, variances = np.array([_moments(red_green), _moments(cv2.subtract(both, twice_blue))]).T
    halves = np.array([1, 0.5])  # yellow–blue is half of what is summed here
    spread = np.sqrt((variances * halves**2).sum())
    return float(spread + 0.3 * np.hypot(*(means * halves)))


def _moments(values: Any) -> tuple[float, float]:
    """Mean and variance of whole numbers; both sums are exact."""
    mean = cv2.mean(values)[0]
    return mean, max(0.0, cv2.norm(values, cv2.NORM_L2SQR) / values.size - mean**2)


def palette(picture: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """The colors that stand for a picture.

    k-means in CIELAB over the mean colors of the occupied histogram bins, weighted by their share;
    the same picture always has the same palette.

    Returns
    -------
    colors : ndarray of float32, shape (5, 3)
        sRGB 0..255, commonest first; repeated where a picture has fewer colors.
    shares : ndarray of float32, shape (5,)
        Sum to 1; 0 for a repeated one.
    """
    return _palette(*bin_colors(picture))


def _palette(weights: NDArray[np.float64], colors: NDArray[np.float64]) -> tuple[Floats, Floats]:
    occupied = weights > 0
    weights, colors = weights[occupied], colors[occupied]
    points = lab_of(colors / 255)
    means, shares = palette_of(colors, points.astype(np.float64), weights, N_PALETTE)
    return means.astype(np.float32), shares.astype(np.float32)


def named_shares(picture: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Share of the pixels that go by each of `ava.core.color_names.NAMES`, shape (K,).

    Colors are looked up in steps of 8 of 256 of red, green and blue.
    """
    counts = cv2.calcHist([picture], [0, 1, 2], None, [_CELLS] * 3, [0, 256] * 3).ravel()
    shares = np.bincount(_names_of_cells(), counts, minlength=len(NAMES)) / counts.sum()
    return np.asarray(shares, np.float64)


@cache
def _names_of_cells() -> NDArray[np.int64]:
    middles = (np.indices((_CELLS,) * 3).reshape(3, -1).T + 0.5) / _CELLS
    return name_index(lab_of(middles))


def _measure(picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
    histogram, means = bin_colors(picture)
    colors, shares = _palette(histogram, means)
    high, low = extremes(picture)
    red, _, blue, _ = cv2.mean(picture)
    purity = cv2.multiply(cv2.subtract(high, low), cv2.LUT(high, _RECIPROCAL), dtype=cv2.CV_32F)
    return {
        "color_histogram": histogram,
        "palette": colors.ravel(),
        "palette_share": shares,
        "named_colors": named_shares(picture),
        "colorfulness": colorfulness(picture),
        "saturation": cv2.mean(purity)[0],
        "warmth": (red - blue) / 255,
    }
