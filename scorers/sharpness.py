"""How sharp a picture is, where it is sharpest, and whether it is smeared in one direction."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, per_frame

_REACH_PX = 9
_MIN_RANGE = 24  # gray levels; weaker edges cannot be told from grain
_TILES = (6, 4)
_MIN_SHARE = 0.002  # of the picture: fewer edges in a direction say nothing about it
_DIRECTIONS = ("across", "down", "diagonal", "other_diagonal")


class SharpnessScorer(Weightless):
    """No-reference sharpness: the steepest step of an edge against its whole height.

    A sharp edge crosses its range of gray in one or two pixels, a soft one in many; the ratio does
    not depend on contrast, and hardly on grain. The idea of measuring edge slope goes back to
    Marziliano et al., "A no-reference perceptual blur metric", 2002. It is measured along four
    directions, so that a smear in one of them shows.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="sharpness",
        version=1,
        height_px=540,
        columns=(
            Column(
                "sharpness", "share", 0, 1, "more",
                "How crisp the edges are over the whole picture.",
                label="overall sharpness",
            ),
            Column(
                "sharpest_area", "share", 0, 1, "more",
                "How crisp the edges are where the picture is sharpest: the subject, when the "
                "background is meant to be soft.",
                label="sharpness of the sharpest area",
            ),
            Column(
                "motion_blur", "share", 0, 1, "less",
                "How much the picture is smeared in one direction, as by a moving camera.",
                label="free of motion blur",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: _measure(picture))


def _measure(picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    slopes, steps, ranges = [], np.zeros(_TILES[::-1]), np.zeros(_TILES[::-1])
    for direction in _DIRECTIONS:
        steepest, whole, n_edges = _edges(luma, direction)
        steps += steepest
        ranges += whole
        if n_edges >= _MIN_SHARE * luma.size:
            slopes.append(float(steepest.sum() / whole.sum()))
    if not slopes:  # nothing in the picture has an edge
        return {"sharpness": 0.0, "sharpest_area": 0.0, "motion_blur": 0.0}
    # A tile must hold its part of the picture's edges, or a speck in a soft corner would win.
    enough = ranges >= 0.25 * ranges.mean()
    return {
        "sharpness": float(np.mean(slopes)),
        "sharpest_area": float((steps[enough] / ranges[enough]).max()),
        "motion_blur": 1.0 - min(slopes) / max(slopes),
    }


def _edges(
    luma: NDArray[np.uint8], direction: str
) -> tuple[NDArray[np.float64], NDArray[np.float64], int]:
    """Per tile the steepest steps and the whole ranges of the edges along one direction.

    The third value is how many pixels stand on such an edge.
    """
    line, neighbour = _kernels(direction)
    height = cv2.subtract(cv2.dilate(luma, line), cv2.erode(luma, line))
    step = cv2.subtract(cv2.dilate(luma, neighbour), cv2.erode(luma, neighbour))
    steepest = cv2.dilate(step, line)
    on_edge = height > _MIN_RANGE
    return (
        _by_tile(np.where(on_edge, steepest, 0)),
        _by_tile(np.where(on_edge, height, 0)),
        int(on_edge.sum()),
    )


def _by_tile(values: NDArray[np.uint8]) -> NDArray[np.float64]:
    small = cv2.resize(values.astype(np.float32), _TILES, interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float64)


def _kernels(direction: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """A line of nine pixels and one of two, along a direction."""
    if direction == "across":
        return np.ones((1, _REACH_PX), np.uint8), np.ones((1, 2), np.uint8)
    if direction == "down":
        return np.ones((_REACH_PX, 1), np.uint8), np.ones((2, 1), np.uint8)
    line, neighbour = np.eye(_REACH_PX, dtype=np.uint8), np.eye(2, dtype=np.uint8)
    if direction == "diagonal":
        return line, neighbour
    return np.ascontiguousarray(line[:, ::-1]), np.ascontiguousarray(neighbour[:, ::-1])
