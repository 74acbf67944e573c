"""How many faces there are, how large, and how well the principal one is placed."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, per_frame

_EYE_LINE = 1 / 3  # from the top, where portraits put the eyes


class FaceScorer(Weightless):
    """Faces as the detector found them; the principal face is the largest."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="faces",
        version=1,
        height_px=540,
        needs=(Faces,),
        columns=(
            Column("face_count", "count", 0, float("inf"), "neither", "How many faces are seen."),
            Column(
                "face_presence", "share", 0, 1, "more",
                "How strongly a face carries the picture: 0 without one, 1 from a medium close-up on.",
            ),
            Column(
                "face_share", "share", 0, 1, "neither",
                "Share of the picture that the largest face covers.",
            ),
            Column(
                "face_confidence", "share", 0, 1, "neither",
                "How sure the detector is of the largest face.",
            ),
            Column(
                "face_placement", "share", 0, 1, "more",
                "How well the largest face is placed: near the upper third, not cut by the edge.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        faces = found.get(Faces)

        def measure(_: NDArray[np.uint8], row: int) -> dict[str, float | NDArray[np.floating]]:
            mine = faces.of_frame(row)
            return _measure(faces.box_xyxy[mine], faces.confidence[mine])

        return per_frame(self.card, frames, measure)


def _measure(boxes: Floats, confidence: Floats) -> dict[str, float | NDArray[np.floating]]:
    if len(boxes) == 0:
        return {"face_count": 0.0, "face_presence": 0.0, "face_share": 0.0}
    areas = (boxes[:, 2:] - boxes[:, :2]).prod(axis=1)
    largest = int(areas.argmax())
    x0, y0, x1, y1 = (float(edge) for edge in boxes[largest])
    height = y1 - y0
    eyes_y, centre_x = y0 + 0.4 * height, (x0 + x1) / 2
    third_x = min(abs(centre_x - place) for place in (1 / 3, 1 / 2, 2 / 3))
    off = np.hypot(third_x / 0.25, (eyes_y - _EYE_LINE) / 0.4)
    room = min(x0, y0, 1 - x1, 1 - y1)
    inside = min(1.0, 0.25 + 0.75 * max(0.0, room) / 0.03)
    return {
        "face_count": float(len(boxes)),
        # A face of a third of the height fills a medium close-up; more is not better.
        "face_presence": float(confidence[largest] * min(1.0, height / 0.33)),
        "face_share": float(areas[largest]),
        "face_confidence": float(confidence[largest]),
        "face_placement": float(inside * np.exp(-(off**2))),
    }
