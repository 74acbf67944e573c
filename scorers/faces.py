"""Who is in a picture, and whether the principal face can carry it."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import EXPRESSIONS, Analyses, Faces
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, per_frame

GROUPS = ("nobody", "one", "two", "three", "crowd")
"""What the column `group_size` counts through."""

_EYE_LINE = 1 / 3  # from the top, where portraits put the eyes
_BESIDE = 0.4  # of the principal face's height: smaller faces are people in the background
_CLOSE = 0.33  # of the picture's height: a face that fills a medium close-up; more is not better
_SOFT, _CRISP = 0.25, 0.45  # sharpness of a face that is out of focus, in focus
_SKIN_TONES = (0.08, 0.25, 0.8, 0.95)  # luma of the skin: drowned, fine from, fine to, burnt
_FRONTAL_DEGREES, _PROFILE_DEGREES = 20.0, 60.0


def _column(name: str, better: str, about: str, label: str = "") -> Column:
    return Column(name, "share", 0, 1, better, about, label=label)  # type: ignore[arg-type]


class FaceScorer(Weightless):
    """Faces as the analyser found them.

    The principal face is the one for which area × confidence × sharpness is largest: an extra in
    the foreground, out of focus, does not beat the lead behind.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="faces",
        version=2,
        family="contextual",
        height_px=540,
        needs=(Faces,),
        settings={"groups": GROUPS, "expressions": EXPRESSIONS},
        columns=(
            Column("face_count", "count", 0, float("inf"), "neither", "How many faces are seen."),
            Column(
                "group_size", "count", 0, len(GROUPS) - 1, "neither",
                "How many people matter in the picture, without those far behind the principal "
                "face: 0 nobody, 1 one, 2 two, 3 three, 4 a crowd.",
                words=GROUPS,
            ),
            _column(
                "face_presence", "more",
                "How strongly a face carries the picture: 0 without one, 1 from a medium close-up on.",
            ),
            _column(
                "face_quality", "more",
                "How well the principal face can be used: large, crisp, well lit, turned to us, "
                "eyes open.",
            ),
            _column("face_share", "neither", "Share of the picture that the principal face covers."),
            _column("face_height", "neither", "Height of the principal face, of the picture's."),
            _column(
                "face_confidence", "neither", "How sure the detector is of the principal face."
            ),
            _column(
                "face_placement", "more",
                "How well the principal face is placed: near the upper third, not cut by the edge.",
            ),
            _column("face_sharpness", "more", "How crisp the principal face is."),
            _column(
                "face_exposure", "more",
                "How well the skin of the principal face is lit, neither drowned nor burnt.",
            ),
            _column(
                "face_frontality", "more",
                "1 for a principal face that is turned to the camera, 0 for a profile.",
            ),
            _column("eyes_open", "more", "How far the eyes of the principal face are open."),
            _column(
                "eyes_downcast", "neither",
                "Whether the eyes of the principal face look down, with lowered lids, rather than "
                "being shut.",
            ),
            _column(
                "gaze_to_camera", "more",
                "1 where the principal face looks into the camera, 0 where it looks far past it.",
            ),
            _column(
                "expression_strength", "more",
                "How much the principal face shows, whatever it is: 0 at rest.",
                label="strength of expression",
            ),
            Column(
                "expression", "code", 0, len(EXPRESSIONS) - 1, "neither",
                "What the principal face shows: "
                + ", ".join(f"{code} {word}" for code, word in enumerate(EXPRESSIONS)) + ".",
                words=EXPRESSIONS,
            ),
            _column(
                "expression_confidence", "neither", "How clearly the principal face shows it."
            ),
            _column(
                "landmark_confidence", "neither",
                "How far the closer look at the principal face can be trusted.",
            ),
            _column(
                "head_cut", "less",
                "Share of the principal head that the edge of the picture cuts off.",
                label="head inside the picture",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        faces = found.get(Faces)

        def measure(_: NDArray[np.uint8], row: int) -> dict[str, float | NDArray[np.floating]]:
            return _measure(faces.rows(slice(row, row + 1)))

        return per_frame(self.card, frames, measure)


def principal(faces: Faces) -> int:
    """The row of the face that carries a picture; see `FaceScorer`."""
    sharp = np.nan_to_num(faces.sharpness, nan=_SOFT)
    crispness = np.interp(sharp, (_SOFT, _CRISP), (0.3, 1.0))
    return int(np.argmax(faces.areas * faces.confidence * crispness))


def _measure(faces: Faces) -> dict[str, float | NDArray[np.floating]]:
    if len(faces) == 0:
        return {"face_count": 0.0, "group_size": 0.0, "face_presence": 0.0, "face_share": 0.0}
    first = principal(faces)
    heights = faces.box_xyxy[:, 3] - faces.box_xyxy[:, 1]
    height, confidence = float(heights[first]), float(faces.confidence[first])
    n_beside = int(np.count_nonzero(heights >= _BESIDE * height))
    expression = int(faces.expression[first])
    frontality, exposure = _frontality(faces, first), _exposure(float(faces.exposure[first]))
    return {
        "face_count": float(len(faces)),
        "group_size": float(min(n_beside, len(GROUPS) - 1)),
        "face_presence": confidence * min(1.0, height / _CLOSE),
        "face_quality": _quality(faces, first, frontality, exposure),
        "face_share": float(faces.areas[first]),
        "face_height": height,
        "face_confidence": confidence,
        "face_placement": _placement(faces.box_xyxy[first]),
        "face_sharpness": float(faces.sharpness[first]),
        "face_exposure": exposure,
        "face_frontality": frontality,
        "eyes_open": float(faces.eyes_open[first]),
        "eyes_downcast": float(faces.downcast[first]),
        "gaze_to_camera": 1 - float(faces.gaze_away[first]),
        "expression_strength": float(faces.expression_strength[first]),
        "expression": float(expression) if expression >= 0 else float("nan"),
        "expression_confidence": float(faces.expression_confidence[first]),
        "landmark_confidence": float(faces.landmark_confidence[first]),
        "head_cut": float(faces.cut_by_edge[first]),
    }


def _placement(box: Floats) -> float:
    x0, y0, x1, y1 = (float(edge) for edge in box)
    eyes_y, centre_x = y0 + 0.4 * (y1 - y0), (x0 + x1) / 2
    third_x = min(abs(centre_x - place) for place in (1 / 3, 1 / 2, 2 / 3))
    off = np.hypot(third_x / 0.25, (eyes_y - _EYE_LINE) / 0.4)
    room = min(x0, y0, 1 - x1, 1 - y1)
    inside = min(1.0, 0.25 + 0.75 * max(0.0, room) / 0.03)
    return float(inside * np.exp(-(off**2)))


def _frontality(faces: Faces, row: int) -> float:
    """1 towards the camera, 0 from a profile on; NaN where nobody looked closer."""
    yaw, pitch = np.radians(faces.yaw_degrees[row]), np.radians(faces.pitch_degrees[row])
    off_degrees = np.degrees(np.arccos(np.clip(np.cos(yaw) * np.cos(pitch), -1, 1)))
    return float(np.interp(off_degrees, (_FRONTAL_DEGREES, _PROFILE_DEGREES), (1.0, 0.0)))


def _exposure(skin_luma: float) -> float:
    """1 where the skin is well lit, 0 where it is black or white."""
    return float(np.interp(skin_luma, _SKIN_TONES, (0.0, 1.0, 1.0, 0.0)))


def _quality(faces: Faces, row: int, frontality: float, exposure: float) -> float:
    """The product of what makes a face usable; each alone takes away part of it only."""
    height = float(faces.box_xyxy[row, 3] - faces.box_xyxy[row, 1])
    parts = (
        (0.3, float(np.interp(faces.sharpness[row], (_SOFT, _CRISP), (0.0, 1.0)))),
        (0.4, exposure),
        (0.4, frontality),  # a face that no landmarks were found in is a profile, or hidden
        (0.3, float(faces.eyes_open[row])),
    )
    quality = float(faces.confidence[row]) * min(1.0, height / _CLOSE)
    for least, share in parts:
        quality *= least + (1 - least) * (0.0 if np.isnan(share) else share)
    return quality
