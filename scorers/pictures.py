"""The few picture operations that several scorers start from."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.contract import Runtime, ScorerCard

Floats = NDArray[np.float32]


class Weightless:
    """A scorer that has nothing to load."""

    card: ClassVar[ScorerCard]

    def open(self, runtime: Runtime) -> None:
        """Nothing to load."""

    def close(self) -> None:
        """Nothing to let go of."""


def gray(picture: NDArray[np.uint8]) -> Floats:
    """Gamma-encoded luma of an sRGB picture, float32 (H, W), 0..255."""
    return cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.float32)


def lab(picture: NDArray[np.uint8]) -> Floats:
    """CIELAB (D65) of an sRGB picture, float32 (H, W, 3): L* 0..100, a* and b* about ±128."""
    return cast("Floats", cv2.cvtColor(picture.astype(np.float32) / 255, cv2.COLOR_RGB2Lab))


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
