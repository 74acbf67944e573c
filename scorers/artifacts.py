"""What a camera and an encoder leave in a picture: noise, blocks, bands."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, field_sums, per_frame

_TILE_PX = 24
_CALM_SHARE = 0.25  # of the tiles, the calmest of which show the noise
_IMMERKAER = np.array([1, -2, 1], np.float32)  # across, and again down
_PERIODS_PX = (4, 16)  # blocks of 8 or 16 pixels, seen at anything from half to the full size
_FLAT_PX = 4  # on either side of the edge of a band
_BANDED = 1.0  # mean square of a step over a soft area that is nothing but bands
_BAND_LEVELS = (2, 14)  # a smaller step is not seen, a larger one is an edge


class ArtifactScorer(Weightless):
    """Measured on the picture as it was analysed: what was lost by scaling down is not seen."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="artifacts",
        version=3,
        family="filters",
        height_px=540,
        columns=(
            Column(
                "noise", "gray levels", 0, float("inf"), "less",
                "Grain and noise in the calm parts of the picture; over 4 it is seen at once.",
                label="free of noise",
            ),
            Column(
                "blocking", "share", 0, 1, "less",
                "How much the square blocks of compression stand out.",
                label="free of blocks",
            ),
            Column(
                "banding", "share", 0, 1, "less",
                "How much of the soft gradations breaks into bands with visible edges.",
                label="free of banding",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: _measure(picture))


def _measure(picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    if min(luma.shape) < 2 * _TILE_PX:
        return {}
    steps = _steps(luma, 0), _steps(luma, 1)
    return {
        "noise": noise_level(luma),
        "blocking": max(_blocking(one, axis) for axis, one in enumerate(steps)),
        "banding": _banding(steps),
    }


def noise_level(luma: NDArray[np.uint8]) -> float:
    """Standard deviation of noise in gray levels, by the calmest quarter of the tiles.

    Immerkær, "Fast noise variance estimation", 1996: a mask that is blind to planes and straight
    edges. Tiles that are flat black or burnt out have no noise left and do not count.
    """
    rows, columns = (side // _TILE_PX for side in luma.shape)
    whole = luma[: rows * _TILE_PX, : columns * _TILE_PX]
    response = cv2.sepFilter2D(whole, cv2.CV_16S, _IMMERKAER, _IMMERKAER)
    sizes = np.abs(response).view(np.uint16)
    means = field_sums(sizes, (columns, rows)).ravel() / _TILE_PX**2
    level = field_sums(whole, (columns, rows)).ravel() / _TILE_PX**2
    means = means[(level > 8) & (level < 247)]
    if means.size == 0:
        return 0.0
    n_calm = max(1, int(_CALM_SHARE * means.size))
    calm = np.sort(means)[:n_calm]
    return float(np.sqrt(np.pi / 2) / 6 * calm.mean())


def _steps(luma: NDArray[np.uint8], axis: int) -> NDArray[np.uint8]:
    """Sizes of the steps from each pixel to the next: 0 downwards, 1 to the right."""
    one, next_ = (luma[:-1], luma[1:]) if axis == 0 else (luma[:, :-1], luma[:, 1:])
    return cv2.absdiff(one, next_).astype(np.uint8, copy=False)


def _blocking(steps: NDArray[np.uint8], axis: int) -> float:
    """Strength of a periodic pattern in the steps along an axis.

    Wang, Bovik & Evan, "Blind measurement of blocking artifacts in images", 2000: block edges are a
    comb, and a comb has a line in the spectrum. Here the period is looked for, not assumed.
    """
    mild = cv2.threshold(steps, 24, 0, cv2.THRESH_TRUNC)[1]  # real edges are steeper than blocks
    profile = cv2.reduce(mild, 1 - axis, cv2.REDUCE_SUM, dtype=cv2.CV_32F).ravel()
    profile = profile / mild.shape[1 - axis]
    around = cv2.blur(profile.reshape(1, -1), (17, 1)).ravel()
    comb = profile - around
    spectrum = np.abs(np.fft.rfft(comb * np.hanning(len(comb)))) / len(comb)
    periods = len(comb) / np.maximum(np.arange(len(spectrum)), 1e-9)
    wanted = (periods >= _PERIODS_PX[0]) & (periods <= _PERIODS_PX[1])
    floor = float(np.median(spectrum[wanted])) + 1e-6
    peak = float(spectrum[wanted].max())
    # A line in the spectrum and one that is strong against the picture's own steps.
    contrast = peak / (float(profile.mean()) + 0.5)
    return float(np.clip((peak / floor - 6) / 24, 0, 1) * np.clip(contrast / 0.15, 0, 1))


def _banding(steps_of_axes: tuple[NDArray[np.uint8], NDArray[np.uint8]]) -> float:
    """How much of the soft area lies beside isolated steps between flat runs, by their height.

    A band twice as wide has half the edges, twice as high: so their squares are summed.
    """
    found, soft = 0.0, 0
    lowest, highest = _BAND_LEVELS
    beside = np.ones(2 * _FLAT_PX + 1, np.uint8)
    beside[_FLAT_PX] = 0
    for axis, steps in enumerate(steps_of_axes):
        others = cv2.dilate(steps, beside.reshape((-1, 1) if axis == 0 else (1, -1)))
        calm = cv2.threshold(cv2.max(steps, others), highest, 1, cv2.THRESH_BINARY_INV)[1]
        alone = cv2.threshold(others, 0, 255, cv2.THRESH_BINARY_INV)[1]
        lone = cv2.bitwise_and(alone, cv2.inRange(steps, lowest, highest))
        found += cv2.norm(steps, cv2.NORM_L2SQR, lone)
        soft += cv2.countNonZero(calm)
    return float(min(1.0, found / (_BANDED * soft))) if soft else 0.0
