"""Straight lines in a picture: a tilted horizon, and lines that lead to the subject."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from scorers.pictures import Floats

# What is found is long, and need not be found in every pixel: the picture is halved, and then the
# detector makes it smaller and smoother, and sorts its pixels by steepness into so many bins.
_SCALE, _SMOOTH, _N_BINS = 0.8, 0.5, 128
_MIN_LENGTH = 0.08  # of the diagonal; shorter ones are texture
_LEVEL_DEGREES = 12.0  # a line tilted more was not meant to be level
_LEVEL_LENGTH = 0.5  # of the width, in all, from which there is a horizon to speak of
_LEADS_WITHIN = 0.06  # of the diagonal, between the line and the subject
_STEEP = (12.0, 78.0)  # degrees; level and upright lines frame a picture, they do not lead into it
_MANY = 1.5  # diagonals of leading lines, in all, that make a picture of them


@dataclass(frozen=True)
class Lines:
    """Straight lines, the longer ones only.

    Attributes
    ----------
    ends : ndarray of float32, shape (K, 4)
        x and y of both ends, pixels.
    width, height : int
        Of the picture, pixels.
    """

    ends: Floats
    width: int
    height: int

    @property
    def diagonal(self) -> float:
        """Pixels."""
        return float(np.hypot(self.width, self.height))

    @property
    def lengths(self) -> Floats:
        """Pixels, shape (K,)."""
        lengths: Floats = np.hypot(*(self.ends[:, 2:] - self.ends[:, :2]).T)
        return lengths

    @property
    def angles_degrees(self) -> Floats:
        """-90..90; positive where the line falls to the right, shape (K,)."""
        run, fall = (self.ends[:, 2:] - self.ends[:, :2]).T
        angles: Floats = np.degrees(np.arctan2(fall, run)).astype(np.float32)
        return (angles + 90) % 180 - 90

    def horizon_degrees(self) -> float:
        """Tilt of what is meant to be level, clockwise; NaN where nothing is."""
        angles, lengths = self.angles_degrees, self.lengths
        level = np.abs(angles) <= _LEVEL_DEGREES
        if lengths[level].sum() < _LEVEL_LENGTH * self.width:
            return float("nan")
        order = np.argsort(angles[level])
        mass = np.cumsum(lengths[level][order])
        return float(angles[level][order][int(np.searchsorted(mass, mass[-1] / 2))])

    def leading(self, x: float, y: float) -> float:
        """How much the lines lead to a point (0..1 of the picture), 0..1."""
        if not len(self.ends):
            return 0.0
        start, along = self.ends[:, :2], self.ends[:, 2:] - self.ends[:, :2]
        to_point = np.array([x * self.width, y * self.height]) - start
        lengths = self.lengths
        aside = np.abs(along[:, 0] * to_point[:, 1] - along[:, 1] * to_point[:, 0]) / lengths
        ahead = (along * to_point).sum(axis=1) / lengths
        outside = (ahead < 0) | (ahead > lengths)  # a line through the subject is its own outline
        steep = np.abs(self.angles_degrees)
        leads = (aside <= _LEADS_WITHIN * self.diagonal) & outside
        leads &= (steep >= _STEEP[0]) & (steep <= _STEEP[1])
        return float(min(1.0, lengths[leads].sum() / (_MANY * self.diagonal)))


def lines_of(luma: NDArray[np.uint8]) -> Lines:
    """Find the lines (von Gioi et al., "LSD: a line segment detector", 2012).

    Parameters
    ----------
    luma : ndarray of uint8, shape (H, W)
    """
    height, width = luma.shape
    none = np.zeros((0, 4), np.float32)
    if min(height, width) < 16:
        return Lines(none, width, height)
    detector = cv2.createLineSegmentDetector(
        cv2.LSD_REFINE_NONE, _SCALE, sigma_scale=_SMOOTH, n_bins=_N_BINS
    )
    half = cv2.resize(luma, (width // 2, height // 2), interpolation=cv2.INTER_AREA)
    found = detector.detect(half)[0]  # None where there is none
    middles = none if found is None else np.asarray(found, np.float32).reshape(-1, 4)
    ends = 2 * middles + np.float32(0.5)
    lines = Lines(ends, width, height)
    return Lines(ends[lines.lengths >= _MIN_LENGTH * lines.diagonal], width, height)
