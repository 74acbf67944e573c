"""The currency of scoring: a few upright sRGB pictures of one size with their times."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

N_MOMENTS = 5  # two frames before, the frame itself, two after


@dataclass(frozen=True)
class FrameBatch:
    """Pictures of one size, in order of time; read-only.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (N, H, W, 3)
        Upright sRGB pictures with square pixels, channels red, green, blue.
    pts_seconds : ndarray of float64, shape (N,)
        Presentation times in seconds, strictly increasing.
    frame_ids : ndarray of int64, shape (N,)
        0-based place of each picture in the decoded stream; a label, not a clock.
    moments : ndarray of uint8, shape (N, 5, h, w), or None
        Small upright luma of the two frames before each picture, of itself, and of the two after
        it; None where nothing is known of what is before and after.
    moment_seconds : ndarray of float64, shape (N, 5), or None
        Their times; NaN (and a black picture) where there is none in the same shot.
    """

    pixels: NDArray[np.uint8]
    pts_seconds: NDArray[np.float64]
    frame_ids: NDArray[np.int64]
    moments: NDArray[np.uint8] | None = None
    moment_seconds: NDArray[np.float64] | None = None

    def __post_init__(self) -> None:
        if self.pixels.dtype != np.uint8 or self.pixels.ndim != 4 or self.pixels.shape[3] != 3:
            raise ValueError(
                f"pixels must be uint8 (N, H, W, 3), not {self.pixels.dtype} {self.pixels.shape}"
            )
        n_frames = len(self.pixels)
        if self.pts_seconds.shape != (n_frames,) or self.pts_seconds.dtype != np.float64:
            raise ValueError("pts_seconds must be float64 with one time per picture")
        if self.frame_ids.shape != (n_frames,) or self.frame_ids.dtype != np.int64:
            raise ValueError("frame_ids must be int64 with one id per picture")
        if n_frames > 1 and not bool(np.all(np.diff(self.pts_seconds) > 0)):
            raise ValueError("pts_seconds must be strictly increasing")
        if self.moments is not None:
            if self.moments.ndim != 4 or self.moments.shape[:2] != (n_frames, N_MOMENTS):
                raise ValueError(f"moments must be (N, {N_MOMENTS}, h, w)")
            times = self.moment_seconds
            if times is None or times.shape != (n_frames, N_MOMENTS):
                raise ValueError("moment_seconds must have one time per moment")
        for array in (self.pixels, self.pts_seconds, self.frame_ids):
            array.setflags(write=False)

    def __len__(self) -> int:
        return len(self.pixels)

    @property
    def height_px(self) -> int:
        """Height of every picture in pixels."""
        return int(self.pixels.shape[1])

    @property
    def width_px(self) -> int:
        """Width of every picture in pixels."""
        return int(self.pixels.shape[2])

    def rows(self, index: slice) -> FrameBatch:
        """The batch of just these rows, sharing the pixels."""
        return FrameBatch(
            self.pixels[index],
            self.pts_seconds[index],
            self.frame_ids[index],
            None if self.moments is None else self.moments[index],
            None if self.moment_seconds is None else self.moment_seconds[index],
        )

    def with_pixels(self, pixels: NDArray[np.uint8]) -> FrameBatch:
        """The same moments of the film in other pixels (of another size)."""
        return replace(self, pixels=pixels)
