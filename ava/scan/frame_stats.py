"""A few cheap numbers of every frame, from reduced luma alone."""

from __future__ import annotations

import math
from array import array
from dataclasses import dataclass, fields

import cv2
import numpy as np
from numpy.typing import NDArray

_TONES = 32
_LEVELS = np.arange(256, dtype=np.float64)
_SQUARES = _LEVELS * _LEVELS
DARK_LUMA = 24  # of 255
BRIGHT_LUMA = 240


@dataclass(frozen=True)
class FrameStats:
    """Columns over all frames of a film, float32 unless said otherwise.

    Attributes
    ----------
    pts_seconds : ndarray of float64, shape (N,)
        Time since the first frame.
    luma_mean, luma_std : ndarray, shape (N,)
        Mean and standard deviation of luma, 0..255.
    sharpness : ndarray, shape (N,)
        Standard deviation of the Laplacian of luma at scan size, gray levels; more is sharper.
    motion : ndarray, shape (N,)
        Mean absolute difference of luma to the frame before, gray levels; 0 for the first.
    dark_share, bright_share : ndarray, shape (N,)
        Share of the picture at or below 24, at or above 240 of 255.
    flat_share : ndarray, shape (N,)
        Share of the picture in its commonest tone (one of 32 and its two neighbours).
    """

    pts_seconds: NDArray[np.float64]
    luma_mean: NDArray[np.float32]
    luma_std: NDArray[np.float32]
    sharpness: NDArray[np.float32]
    motion: NDArray[np.float32]
    dark_share: NDArray[np.float32]
    bright_share: NDArray[np.float32]
    flat_share: NDArray[np.float32]

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, field.name)) for field in fields(self)}
        if len(lengths) > 1:
            raise ValueError(f"columns of different lengths: {sorted(lengths)}")

    def __len__(self) -> int:
        return len(self.pts_seconds)


@dataclass(frozen=True)
class FrameFacts:
    """One row of `FrameStats`, with the reduced luma that shot detection looks at."""

    luma_mean: float
    luma_std: float
    sharpness: float
    motion: float
    dark_share: float
    bright_share: float
    flat_share: float
    small: NDArray[np.uint8]


_COLUMNS = [column.name for column in fields(FrameStats)]
_N_COLUMNS, _LUMA_STD = len(_COLUMNS), _COLUMNS.index("luma_std")


class StatsCollector:
    """Measures frames one by one and keeps the rows: 64 bytes a frame."""

    def __init__(self) -> None:
        self._rows = array("d")
        self._previous: NDArray[np.uint8] | None = None

    def add(self, pts_seconds: float, luma: NDArray[np.uint8]) -> FrameFacts:
        """Measure one frame.

        Parameters
        ----------
        pts_seconds : float
            Time since the first frame.
        luma : ndarray of uint8, shape (h, w)
            Full-range luma at scan size.
        """
        small = luma
        if min(luma.shape) >= 64:
            even = luma[: luma.shape[0] // 2 * 2, : luma.shape[1] // 2 * 2]
            half = (even.shape[1] // 2, even.shape[0] // 2)
            small = cv2.resize(even, half, interpolation=cv2.INTER_AREA).astype(
                np.uint8, copy=False
            )
        laplacian = cv2.Laplacian(luma, cv2.CV_16S, ksize=1)
        # A fifth of what `meanStdDev` takes.
        mean_square = cv2.norm(laplacian, cv2.NORM_L2SQR) / laplacian.size
        sharpness = math.sqrt(max(0.0, mean_square - cv2.mean(laplacian)[0] ** 2))
        histogram = cv2.calcHist([small], [0], None, [256], [0, 256]).ravel() / small.size
        mean = float(histogram @ _LEVELS)
        std = math.sqrt(max(0.0, float(histogram @ _SQUARES) - mean * mean))
        tones = np.zeros(_TONES + 2, histogram.dtype)
        tones[1:-1] = histogram.reshape(_TONES, -1).sum(axis=1)
        previous = self._previous
        motion = 0.0
        if previous is not None and previous.shape == small.shape:
            motion = float(cv2.mean(cv2.absdiff(small, previous))[0])
        self._previous = small
        facts = FrameFacts(
            luma_mean=mean,
            luma_std=std,
            sharpness=sharpness,
            motion=motion,
            dark_share=float(histogram[: DARK_LUMA + 1].sum()),
            bright_share=float(histogram[BRIGHT_LUMA:].sum()),
            flat_share=float((tones[:-2] + tones[1:-1] + tones[2:]).max()),
            small=small,
        )
        self._rows.extend(
            (
                pts_seconds,
                facts.luma_mean,
                facts.luma_std,
                facts.sharpness,
                facts.motion,
                facts.dark_share,
                facts.bright_share,
                facts.flat_share,
            )
        )
        return facts

    def luma_std_of(self, frame_id: int) -> float:
        """The contrast of a frame that has gone by, gray levels."""
        return self._rows[frame_id * _N_COLUMNS + _LUMA_STD]

    def columns(self) -> FrameStats:
        """All rows so far."""
        table = np.array(self._rows).reshape(-1, _N_COLUMNS)
        return FrameStats(
            table[:, 0].copy(), *(column.astype(np.float32) for column in table.T[1:])
        )
