"""Where the subject stands, how the picture is divided, and where there is room for a title."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Saliency
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, gray, per_frame

_GRID = (24, 16)  # cells across and down
LAYOUT = (12, 8)
_CALM_DETAIL = 4.0  # mean gradient, gray levels per pixel at 270 lines
_POWER_POINTS = np.array([(x / 3, y / 3) for x in (1, 2) for y in (1, 2)])


class CompositionScorer(Weightless):
    """Composition from saliency and from the picture's own detail."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="composition",
        version=1,
        height_px=270,
        needs=(Saliency,),
        columns=(
            Column(
                "thirds", "share", 0, 1, "more",
                "How near the subject stands to a crossing of the thirds of the picture.",
                label="placement on the thirds",
            ),
            Column(
                "symmetry", "share", 0, 1, "more",
                "How much the left half mirrors the right half.",
            ),
            Column(
                "subject_x", "share", 0, 1, "neither",
                "Where the subject stands from left (0) to right (1).",
            ),
            Column(
                "subject_y", "share", 0, 1, "neither",
                "Where the subject stands from top (0) to bottom (1).",
            ),
            Column(
                "subject_focus", "share", 0, 1, "more",
                "Whether the eye is drawn to one place (1) or scattered all over (0).",
                label="one clear subject",
            ),
            Column(
                "empty_space", "share", 0, 1, "neither",
                "The largest calm rectangle without detail, as a share of the picture: room for a title.",
            ),
            Column(
                "layout", "gray levels", 0, 255, "neither",
                "The picture reduced to 12 × 8 gray fields: what is bright and dark where.",
                size=LAYOUT[0] * LAYOUT[1],
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        maps = found.get(Saliency).maps
        return per_frame(self.card, frames, lambda picture, row: _measure(picture, maps[row]))


def _measure(
    picture: NDArray[np.uint8], saliency: Floats
) -> dict[str, float | NDArray[np.floating]]:
    luma = gray(picture)
    values: dict[str, float | NDArray[np.floating]] = {
        "symmetry": _symmetry(luma),
        "empty_space": _largest_calm_share(luma),
        "layout": _layout(luma),
    }
    weight = float(saliency.sum())
    if weight > 0:  # a picture without any detail has no subject: NaN
        height, width = saliency.shape
        x = float((saliency.sum(axis=0) * (np.arange(width) + 0.5)).sum() / weight / width)
        y = float((saliency.sum(axis=1) * (np.arange(height) + 0.5)).sum() / weight / height)
        nearest = np.hypot(*(_POWER_POINTS - (x, y)).T).min()
        values |= {
            "subject_x": x,
            "subject_y": y,
            "thirds": float(max(0.0, 1.0 - nearest / np.hypot(1 / 3, 1 / 3))),
            "subject_focus": _focus(saliency / weight, x, y),
        }
    return values


def _layout(luma: Floats) -> Floats:
    fields = cv2.resize(luma, LAYOUT, interpolation=cv2.INTER_AREA).ravel()
    return np.clip(fields, 0, 255).astype(np.float32)  # the mean of whites may round past white


def _symmetry(luma: Floats) -> float:
    """Correlation of the picture with its mirror image, 0 where there is none or nothing to see."""
    small = cv2.resize(luma, (48, 27), interpolation=cv2.INTER_AREA)
    centred = small - small.mean()
    power = float((centred * centred).sum())
    if power < 1e-3:
        return 0.0
    return float(np.clip((centred * centred[:, ::-1]).sum() / power, 0, 1))


def _focus(density: Floats, x: float, y: float) -> float:
    """1 minus the spread of saliency around its centre, against that of an even spread."""
    height, width = density.shape
    rows = (np.arange(height) + 0.5) / height - y
    columns = (np.arange(width) + 0.5) / width - x
    variance = float(
        (density.sum(axis=1) * rows**2).sum() + (density.sum(axis=0) * columns**2).sum()
    )
    return float(np.clip(1.0 - variance / (2 / 12), 0, 1))


def _largest_calm_share(luma: Floats) -> float:
    """Share of the picture in the largest rectangle of grid cells that hold no detail."""
    if min(luma.shape) < 2:
        return 0.0
    across = np.abs(np.diff(luma, axis=1))[:-1]
    down = np.abs(np.diff(luma, axis=0))[:, :-1]
    detail = cv2.resize(across + down, _GRID, interpolation=cv2.INTER_AREA)
    calm = np.asarray(detail) < _CALM_DETAIL
    best, heights = 0, np.zeros(_GRID[0], dtype=np.int64)
    for row in calm:  # the largest rectangle under a histogram, row by row
        heights = np.where(row, heights + 1, 0)
        for left in range(_GRID[0]):
            lowest = np.minimum.accumulate(heights[left:])
            best = max(best, int((lowest * np.arange(1, len(lowest) + 1)).max()))
    return best / calm.size
