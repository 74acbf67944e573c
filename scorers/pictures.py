"""The few picture operations that several scorers start from."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import ClassVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.contract import Runtime, ScorerCard

Floats = NDArray[np.float32]

_BINS = 2000
_SHARES = np.arange(256, dtype=np.float32) / 255
_LINEAR = np.where(_SHARES <= 0.04045, _SHARES / 12.92, ((_SHARES + 0.055) / 1.055) ** 2.4).astype(
    np.float32
)
_CODES = 65535
_TO_CODES = np.array([[0.2126 * _CODES, 0.7152 * _CODES, 0.0722 * _CODES, 0.5]], np.float32)
_LIGHT = np.arange(_CODES + 1) / _CODES
_STRAIGHT = 0.008856  # share of white below which the lightness runs straight
# IEC 61966-2-1 to CIE XYZ, each as a share of white (D65).
_TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)  # fmt: skip
_TO_XYZ = (_TO_XYZ / _TO_XYZ.sum(axis=1, keepdims=True)).astype(np.float32)
_TO_LAB = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float32)
_LIGHTNESS = np.where(_LIGHT > _STRAIGHT, 116 * np.cbrt(_LIGHT) - 16, 903.3 * _LIGHT).astype(
    np.float32
)


class Weightless:
    """A scorer that has nothing to load."""

    card: ClassVar[ScorerCard]

    def open(self, runtime: Runtime) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to let go of."""


def gray(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Gamma-encoded luma of an sRGB picture, uint8 (H, W)."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)


def lab(picture: NDArray[np.uint8]) -> Floats:
    """CIELAB (D65) of an sRGB picture, float32 (H, W, 3): L* 0..100, a* and b* about ±128."""
    return _lab(linear(picture))


def lab_of(colors: NDArray[np.floating]) -> Floats:
    """CIELAB (D65) of sRGB colors 0..1, float32 (N, 3)."""
    colors = np.asarray(colors, np.float64)
    light = np.where(colors <= 0.04045, colors / 12.92, ((colors + 0.055) / 1.055) ** 2.4)
    found: Floats = _lab(light[None].astype(np.float32))[0]
    return found


def _lab(light: Floats) -> Floats:
    # By hand: OpenCV's is off by up to 0.4, and its first call takes 90 ms to prepare for 8 bits.
    xyz = cv2.transform(light, _TO_XYZ)
    roots = cv2.pow(xyz, 1 / 3)
    dark = xyz <= _STRAIGHT
    if dark.any():
        roots = np.where(dark, xyz * np.float32(7.787) + np.float32(16 / 116), roots)
    return cast("Floats", cv2.transform(roots, _TO_LAB))


def lightness(picture: NDArray[np.uint8]) -> Floats:
    """CIE L* of an sRGB picture alone, float32 (H, W), 0..100; to 0.01."""
    codes = cv2.transform(linear(picture), _TO_CODES).astype(np.uint16)
    return np.take(_LIGHTNESS, codes)


def extremes(picture: NDArray[np.uint8]) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Largest and smallest of the three channels at every pixel, uint8 (H, W) each."""
    red, green, blue = cv2.split(picture)
    return (
        cv2.max(cv2.max(red, green), blue).astype(np.uint8, copy=False),
        cv2.min(cv2.min(red, green), blue).astype(np.uint8, copy=False),
    )


def linear(picture: NDArray[np.uint8]) -> Floats:
    """Linear light 0..1 (IEC 61966-2-1) of an sRGB picture, float32 of the same shape."""
    return cv2.LUT(picture, _LINEAR).astype(np.float32, copy=False)


def field_sums(
    values: NDArray[np.uint8] | NDArray[np.uint16] | Floats, fields: tuple[int, int]
) -> NDArray[np.float64]:
    """Sums of whole numbers over a grid of fields (across, down), float64 (down, across); exact."""
    height, width = values.shape
    rows = np.linspace(0, height, fields[1] + 1).round().astype(int)
    columns = np.linspace(0, width, fields[0] + 1).round().astype(int)
    bands = np.zeros((fields[1], width), np.float32)  # exact, as long as sums stay below 2^24
    for band, (first, end) in enumerate(pairwise(rows.tolist())):
        if end > first:
            cv2.reduce(values[first:end], 0, cv2.REDUCE_SUM, bands[band : band + 1], cv2.CV_32F)
    sums = np.add.reduceat(bands, np.minimum(columns[:-1], width - 1), axis=1)
    return sums * (np.diff(columns) > 0).astype(np.float64)


def field_means(values: NDArray[np.uint8] | NDArray[np.uint16], fields: tuple[int, int]) -> Floats:
    """Means over a grid of fields (across, down), float32 (down, across)."""
    height, width = values.shape
    if height < fields[1] or width < fields[0]:  # some field would hold no pixel
        return np.asarray(cv2.resize(values.astype(np.float32), fields), np.float32)
    down, across = (
        np.diff(np.linspace(0, side, n_fields + 1).round())
        for side, n_fields in ((height, fields[1]), (width, fields[0]))
    )
    means: Floats = (field_sums(values, fields) / np.outer(down, across)).astype(np.float32)
    return means


def quantiles(values: Floats, shares: Sequence[float], low: float, high: float) -> Floats:
    """Quantiles of values that lie in a range, to a two-thousandth of it, float32 (K,)."""
    counts = cv2.calcHist([values], [0], None, [_BINS], [low, np.nextafter(high, np.inf)]).ravel()
    reached = np.cumsum(counts)
    bins = np.searchsorted(reached, np.asarray(shares) * reached[-1])
    found: Floats = (low + (bins + 0.5) * (high - low) / _BINS).clip(low, high).astype(np.float32)
    return found


def per_frame(
    card: ScorerCard,
    frames: FrameBatch,
    measure: Callable[[NDArray[np.uint8], int], dict[str, float | NDArray[np.floating]]],
) -> dict[str, Floats]:
    """Columns from a function of one picture and its row; NaN where it gives no value."""
    columns = {
        column.name: np.full((len(frames), *column.shape), np.nan, np.float32)
        for column in card.columns
    }
    for row, picture in enumerate(frames.pixels):
        for name, value in measure(picture, row).items():
            columns[name][row] = value
    return columns
