"""How numbers are told by whole numbers of eight bits, and pictures as networks for LiteRT take them."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Ranges = NDArray[np.float32]
Range = tuple[float, float]
LOWEST, HIGHEST = -128, 127
BYTES_LESS = 128
"""A byte less this is a whole number of eight bits."""

RANGES = Path(__file__).with_name("activation_ranges.npz")
_LEAST_RANGE = 1e-6


@cache
def stored_ranges() -> dict[str, Ranges]:
    """By the name of a network, the least and the largest number that each operator gave, (N, 2)."""
    with np.load(RANGES, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


def levels(range_: Range) -> tuple[float, int]:
    """What one level stands for, and which of them is zero."""
    low, high = min(range_[0], 0.0), max(range_[1], 0.0)  # 0 is what lies outside
    scale = max(high - low, _LEAST_RANGE) / (HIGHEST - LOWEST)
    return scale, round(LOWEST - low / scale)


def weights_in(path: Any) -> dict[str, NDArray[np.float32]]:
    """The arrays of an `.npz` file by name, as float32."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def given(picture: NDArray[np.uint8], upside_down: bool, in_whole_numbers: bool) -> NDArray[Any]:
    """A picture (H, W, 3) as a network takes it that `models.lite_writer` wrote, (1, H, W, 3)."""
    import cv2

    shown = np.asarray(cv2.flip(picture, -1), np.uint8) if upside_down else picture
    return (shown ^ np.uint8(BYTES_LESS)).view(np.int8)[None] if in_whole_numbers else shown[None]
