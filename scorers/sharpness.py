"""How sharp a picture is, where it is sharpest, and whether it is smeared in one direction."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, PersonMask, Saliency
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, field_sums, per_frame
from scorers.subject import Subject, subjects_in

_REACH_PX = 9
_MIN_RANGE = 24  # gray levels; weaker edges cannot be told from grain
_FIELDS = (48, 28)  # across and down; eight and seven of them make a tile
_TILES = (6, 4)
_SOFT, _CRISP = 0.2, 0.62  # slopes of a picture far out of focus, and of one in it
_MIN_SHARE = 0.002  # of the picture: fewer edges in a direction say nothing about it
_DIRECTIONS = {"across": 0.0, "down": 90.0, "diagonal": 45.0, "other_diagonal": 135.0}
_SMEARED = 0.25  # of motion blur, from which its direction means something


class SharpnessScorer(Weightless):
    """No-reference sharpness: the steepest step of an edge against its whole height.

    A sharp edge crosses its range of gray in one or two pixels, a soft one in many; the ratio does
    not depend on contrast, and hardly on grain. The idea of measuring edge slope goes back to
    Marziliano et al., "A no-reference perceptual blur metric", 2002. It is measured along four
    directions, so that a smear in one of them shows.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="sharpness",
        version=2,
        height_px=540,
        needs=(Saliency,),
        uses=(Faces, PersonMask),
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
            Column(
                "motion_blur_direction", "degrees", 0, 180, "neither",
                "Along which direction it is smeared: 0 across, 90 down; known to 45 degrees.",
            ),
            Column(
                "out_of_focus", "share", 0, 1, "less",
                "Whether nothing in the picture is in focus (1), or something is (0).",
                label="in focus",
            ),
            Column(
                "subject_sharpness", "share", 0, 1, "more",
                "How crisp the edges of the subject are.",
                label="sharpness of the subject",
            ),
            Column(
                "depth_of_field", "share", -1, 1, "more",
                "How much crisper the subject is than what surrounds it: it stands out.",
                label="subject stands out by focus",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        subjects = subjects_in(found)
        return per_frame(self.card, frames, lambda picture, row: _measure(picture, subjects(row)))


def _measure(
    picture: NDArray[np.uint8], subject: Subject | None
) -> dict[str, float | NDArray[np.floating]]:
    luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    slopes: dict[str, float] = {}
    all_steps, all_ranges = np.zeros(luma.shape, np.float32), np.zeros(luma.shape, np.float32)
    for direction in _DIRECTIONS:
        steepest, whole, n_edges = _edges(luma, direction)
        cv2.accumulate(steepest, all_steps)
        cv2.accumulate(whole, all_ranges)
        if n_edges >= _MIN_SHARE * luma.size:
            slopes[direction] = cv2.sumElems(steepest)[0] / cv2.sumElems(whole)[0]
    steps, ranges = field_sums(all_steps, _FIELDS), field_sums(all_ranges, _FIELDS)
    if not slopes:  # nothing in the picture has an edge
        return {"sharpness": 0.0, "sharpest_area": 0.0, "motion_blur": 0.0, "out_of_focus": 1.0}
    tile_steps, tile_ranges = _tiles(steps), _tiles(ranges)
    # A tile must hold its part of the picture's edges, or a speck in a soft corner would win.
    enough = tile_ranges >= 0.25 * tile_ranges.mean()
    sharpest = float((tile_steps[enough] / tile_ranges[enough]).max())
    softest = min(slopes, key=lambda direction: slopes[direction])
    smear = 1.0 - slopes[softest] / max(slopes.values())
    return {
        "sharpness": float(np.mean(list(slopes.values()))),
        "sharpest_area": sharpest,
        "motion_blur": smear,
        "motion_blur_direction": _DIRECTIONS[softest] if smear >= _SMEARED else float("nan"),
        "out_of_focus": float(np.clip((_CRISP - sharpest) / (_CRISP - _SOFT), 0, 1)),
        **_standing_out(steps, ranges, subject),
    }


def _standing_out(
    steps: NDArray[np.float64], ranges: NDArray[np.float64], subject: Subject | None
) -> dict[str, float | NDArray[np.floating]]:
    """Slope of the subject's edges, and how much it exceeds that of its surroundings."""
    if subject is None:
        return {}
    mask = cv2.resize(subject.mask.astype(np.uint8), _FIELDS, interpolation=cv2.INTER_NEAREST) > 0
    inside, outside = ranges[mask].sum(), ranges[~mask].sum()
    if inside <= 0:
        return {}
    subject_slope = float(steps[mask].sum() / inside)
    around = float(steps[~mask].sum() / outside) if outside > 0 else 0.0
    # A background so soft that it has hardly an edge counts by how few it has.
    density = min(1.0, (outside / max(1, (~mask).sum())) / (inside / max(1, mask.sum())))
    return {
        "subject_sharpness": min(1.0, subject_slope),
        "depth_of_field": float(np.clip(subject_slope - around * density, -1, 1)),
    }


def _edges(
    luma: NDArray[np.uint8], direction: str
) -> tuple[NDArray[np.uint8], NDArray[np.uint8], int]:
    """The steepest steps and the whole ranges of the edges along one direction; 0 elsewhere.

    The third value is how many pixels stand on such an edge.
    """
    line = _line(direction)
    height = cv2.subtract(cv2.dilate(luma, line), cv2.erode(luma, line))
    steepest = cv2.dilate(_steps(luma, direction), line)
    on_edge = cv2.threshold(height, _MIN_RANGE, 255, cv2.THRESH_BINARY)[1]
    whole = cv2.threshold(height, _MIN_RANGE, 0, cv2.THRESH_TOZERO)[1]
    return (
        np.asarray(cv2.bitwise_and(steepest, on_edge), np.uint8),
        np.asarray(whole, np.uint8),
        cv2.countNonZero(whole),
    )


def _steps(luma: NDArray[np.uint8], direction: str) -> NDArray[np.uint8]:
    """How much each pixel differs from the one before it along a direction; 0 at the rim."""
    before, after = np.s_[:-1], np.s_[1:]
    there, pair = {
        "across": (np.s_[:, 1:], (luma[:, before], luma[:, after])),
        "down": (np.s_[1:, :], (luma[before], luma[after])),
        "diagonal": (np.s_[1:, 1:], (luma[before, before], luma[after, after])),
        "other_diagonal": (np.s_[1:, 1:], (luma[before, after], luma[after, before])),
    }[direction]
    steps = np.zeros_like(luma)
    cv2.absdiff(*pair, steps[there])
    return steps


def _tiles(fields: NDArray[np.float64]) -> NDArray[np.float64]:
    across, down = _FIELDS[0] // _TILES[0], _FIELDS[1] // _TILES[1]
    tiles: NDArray[np.float64] = fields.reshape(_TILES[1], down, _TILES[0], across).mean(
        axis=(1, 3)
    )
    return tiles


def _line(direction: str) -> NDArray[np.uint8]:
    """Nine pixels along a direction."""
    slanting = np.eye(_REACH_PX, dtype=np.uint8)
    return {
        "across": np.ones((1, _REACH_PX), np.uint8),
        "down": np.ones((_REACH_PX, 1), np.uint8),
        "diagonal": slanting,
        "other_diagonal": np.ascontiguousarray(slanting[:, ::-1]),
    }[direction]
