"""The 216-bin color histogram, the palette, and how colorful, saturated and warm a picture is."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, extremes, per_frame

_LEVELS = 6
N_BINS = _LEVELS**3
N_PALETTE = 5
_ROUNDS = 12
# What a value adds to the number of its bin, by channel.
_STEPS = (np.arange(256)[:, None] * _LEVELS // 256 * [_LEVELS**2, _LEVELS, 1]).astype(np.uint8)


class ColorScorer(Weightless):
    """Colors as they are shown (gamma-encoded sRGB)."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="color",
        version=1,
        height_px=180,
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
    return (np.bincount(bins, minlength=N_BINS) / len(bins)).astype(np.float32)


def _bins(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The bin of every pixel, shape (H · W,)."""
    parts = cv2.split(cv2.LUT(picture, _STEPS[:, None]))
    return np.asarray(cv2.add(cv2.add(parts[0], parts[1]), parts[2]), np.uint8).ravel()


def colorfulness(picture: NDArray[np.uint8]) -> float:
    """Hasler & Süsstrunk, "Measuring colourfulness in natural images", 2003; 0 for gray."""
    red, green, blue = (picture[:, :, channel].astype(np.float32) for channel in range(3))
    red_green, yellow_blue = red - green, 0.5 * (red + green) - blue
    spread = np.hypot(red_green.std(), yellow_blue.std())
    return float(spread + 0.3 * np.hypot(red_green.mean(), yellow_blue.mean()))


def palette(picture: NDArray[np.uint8], histogram: Floats) -> tuple[Floats, Floats]:
    """The colors that stand for a picture.

    k-means in CIELAB over the mean colors of the occupied histogram bins, weighted by their share;
    the start is greedy (the commonest, then what is far from all chosen and common), so that the
    same picture always has the same palette.

    Returns
    -------
    colors : ndarray of float32, shape (5, 3)
        sRGB 0..255, commonest first; repeated where a picture has fewer colors.
    shares : ndarray of float32, shape (5,)
        Sum to 1; 0 for a repeated one.
    """
    bins = _bins(picture)
    occupied = np.flatnonzero(histogram)
    sums = np.stack(
        [np.bincount(bins, picture[:, :, c].ravel(), minlength=N_BINS) for c in range(3)], axis=1
    )
    weights = histogram[occupied].astype(np.float64)
    colors = sums[occupied] / (weights * len(bins))[:, None]
    points = cv2.cvtColor((colors[None] / 255).astype(np.float32), cv2.COLOR_RGB2Lab)[0]
    chosen = [int(weights.argmax())]
    distance = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < min(N_PALETTE, len(points)):
        chosen.append(int((distance * weights).argmax()))
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    centres = points[chosen].astype(np.float64)
    for _ in range(_ROUNDS):
        owner = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        for index in range(len(centres)):
            mine = owner == index
            if mine.any():
                centres[index] = np.average(points[mine], axis=0, weights=weights[mine])
    shares = np.bincount(owner, weights, minlength=len(centres))
    means = (
        np.stack(
            [np.bincount(owner, weights * colors[:, c], minlength=len(centres)) for c in range(3)],
            axis=1,
        )
        / np.maximum(shares, 1e-12)[:, None]
    )
    order = np.argsort(-shares, kind="stable")
    means, shares = means[order], shares[order]
    missing = N_PALETTE - len(means)
    means = np.concatenate([means, np.repeat(means[:1], missing, axis=0)])
    return means.astype(np.float32), np.pad(shares, (0, missing)).astype(np.float32)


def _measure(picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
    histogram = color_histogram(picture)
    colors, shares = palette(picture, histogram)
    high, low = extremes(picture)
    red, _, blue, _ = cv2.mean(picture)
    return {
        "color_histogram": histogram,
        "palette": colors.ravel(),
        "palette_share": shares,
        "colorfulness": colorfulness(picture),
        "saturation": float(((high - low) / np.maximum(high, np.float32(1))).mean()),
        "warmth": (red - blue) / 255,
    }
