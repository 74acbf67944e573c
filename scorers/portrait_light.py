"""How the light falls on the subject: key and fill on the face, back light, silhouette."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, PersonMask, Saliency
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, linear, per_frame
from scorers.subject import Subject, subjects_in

_MIN_FACE_PX = 24  # lower, its halves hold too little to compare
_DEEP_STOPS, _SHALLOW_STOPS = (
    3.0,
    1.5,
)  # behind a silhouette, and behind a subject lit from the back
_FLAT_STOPS = 1.0  # within a silhouette there is next to no modelling
_BLACK = 1 / 512


class PortraitLightScorer(Weightless):
    """Light on the principal face and around the subject, in f-stops of linear light."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="portrait_light",
        version=1,
        height_px=270,
        needs=(Saliency,),
        uses=(Faces, PersonMask),
        columns=(
            Column(
                "key_to_fill", "stops", 0, 8, "neither",
                "How much brighter one side of the principal face is than the other: 0 flat, 1 soft "
                "modelling, 3 dramatic.",
            ),
            Column(
                "light_side", "share", -1, 1, "neither",
                "Where the light on the principal face comes from: left (-1) to right (1).",
            ),
            Column(
                "back_light", "stops", -8, 8, "neither",
                "How much brighter the surroundings are than the subject; below 0 the subject is lit up.",
            ),
            Column(
                "silhouette", "share", 0, 1, "neither",
                "Whether the subject is a dark shape before a bright ground.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        subjects = subjects_in(found)
        faces = found.get(Faces) if Faces in found else None

        def measure(
            picture: NDArray[np.uint8], row: int
        ) -> dict[str, float | NDArray[np.floating]]:
            light = linear_luminance(picture)
            boxes = None if faces is None else faces.box_xyxy[faces.of_frame(row)]
            values = _around(light, subjects(row))
            if boxes is not None and len(boxes):
                values |= _on_face(light, boxes[int((boxes[:, 3] - boxes[:, 1]).argmax())])
            return values

        return per_frame(self.card, frames, measure)


def linear_luminance(picture: NDArray[np.uint8]) -> Floats:
    """Relative luminance (IEC 61966-2-1) of an sRGB picture, float32 (H, W), 0..1."""
    weights = np.array([[0.2126, 0.7152, 0.0722]], np.float32)
    return cv2.transform(linear(picture), weights).astype(np.float32, copy=False)


def _on_face(light: Floats, box: Floats) -> dict[str, float | NDArray[np.floating]]:
    height, width = light.shape
    x0, y0, x1, y1 = (box * [width, height, width, height]).round().astype(int)
    if y1 - y0 < _MIN_FACE_PX or x1 - x0 < _MIN_FACE_PX // 2:
        return {}
    # Cheeks and forehead; hair, background and mouth are left out at the rim.
    face = light[y0 + (y1 - y0) // 8 : y1 - (y1 - y0) // 5, x0:x1]
    rim = (x1 - x0) // 7
    middle = face.shape[1] // 2
    left, right = (
        float(np.median(half)) + _BLACK
        for half in (face[:, rim:middle], face[:, middle : face.shape[1] - rim])
    )
    stops = float(np.log2(right / left))
    return {
        "key_to_fill": min(8.0, abs(stops)),
        "light_side": float(np.tanh(stops)),
    }


def _around(light: Floats, subject: Subject | None) -> dict[str, float | NDArray[np.floating]]:
    if subject is None:
        return {}
    small = cv2.resize(light, subject.mask.shape[::-1], interpolation=cv2.INTER_AREA)
    inside, outside = small[subject.mask], small[~subject.mask]
    if not inside.size or not outside.size:
        return {}
    # The upper half of the surroundings: a bright window beside a dark wall is a back light.
    behind = float(np.percentile(outside, 75)) + _BLACK
    own = float(np.median(inside)) + _BLACK
    stops = float(np.clip(np.log2(behind / own), -8, 8))
    low, high = np.percentile(inside, [15, 85]) + _BLACK
    flat = float(np.clip(1.5 - np.log2(high / low) / (2 * _FLAT_STOPS), 0, 1))
    deep = float(np.clip((stops - _SHALLOW_STOPS) / (_DEEP_STOPS - _SHALLOW_STOPS), 0, 1))
    return {"back_light": stops, "silhouette": deep * flat}
