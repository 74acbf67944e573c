"""Where the subject stands, and how the picture is divided."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.canvas import ATTENTION
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, PersonMask, Saliency
from ava.scoring.contract import Column, ScorerCard
from scorers.lines import lines_of
from scorers.pictures import Floats, Weightless, field_means, gray, per_frame
from scorers.subject import MIN_FACE_HEIGHT, Subject, subject_of
from scorers.title_space import calm_fields

LAYOUT = (12, 8)
_THIRDS = np.array([(x / 3, y / 3) for x in (1, 2) for y in (1, 2)])
_GOLDEN = np.array([(x, y) for x in (0.382, 0.618) for y in (0.382, 0.618)])
_LOOKS_ASIDE = 12.0  # degrees of yaw; less is a look at us, and needs no room
_HAIR = 0.3  # of the face's height, above it
_AXES = (-2, -1, 0, 1, 2)  # fields of 48 by which an axis of symmetry may be off the middle
_NO_FACES = np.zeros((0, 4), np.float32)

Values = dict[str, float | NDArray[np.floating]]


class CompositionScorer(Weightless):
    """Composition from the subject (a face, else people, else what is salient) and the lines."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="composition",
        version=7,
        family="composition",
        height_px=270,
        needs=(Saliency,),
        uses=(Faces, PersonMask),
        columns=(
            Column(
                "thirds", "share", 0, 1, "more",
                "How near the subject stands to a crossing of the thirds of the picture.",
                label="placement on the thirds",
            ),
            Column(
                "golden", "share", 0, 1, "more",
                "How near the subject stands to a crossing of the golden sections.",
                label="placement on the golden section",
            ),
            Column(
                "symmetry", "share", 0, 1, "more",
                "How much the left half mirrors the right half.",
            ),
            Column(
                "balance", "share", 0, 1, "more",
                "Whether what draws the eye is weighed evenly, left against right.",
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
                "subject_share", "share", 0, 1, "neither",
                "Share of the picture that the subject fills.",
            ),
            Column(
                "subject_focus", "share", 0, 1, "more",
                "Whether the eye is drawn to one place (1) or scattered all over (0).",
                label="one clear subject",
            ),
            Column(
                "headroom", "share", 0, 1, "neither",
                "Room above the head of the principal face, as a share of the picture's height.",
            ),
            Column(
                "look_room", "share", 0, 1, "more",
                "Room ahead of the principal face, where it looks, as a share of the picture's width; "
                "for a face that looks to one side.",
            ),
            Column(
                "simplicity", "share", 0, 1, "more",
                "Share of the picture around the subject that is calm, without detail.",
            ),
            Column(
                "horizon_tilt", "degrees", -12, 12, "neither",
                "How far what should be level is tilted, clockwise.",
            ),
            Column(
                "leading_lines", "share", 0, 1, "more",
                "How much slanting lines lead the eye to the subject.",
            ),
            Column(
                "layout", "gray levels", 0, 255, "neither",
                "The picture reduced to 12 × 8 gray fields: what is bright and dark where.",
                size=LAYOUT[0] * LAYOUT[1],
            ),
            Column(
                "attention", "share", 0, 1, "neither",
                "Where people and what stands out are, on 16 × 9 fields: what a crop should keep.",
                size=ATTENTION[0] * ATTENTION[1],
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        maps = found.get(Saliency).maps
        people = found.get(PersonMask).maps if PersonMask in found else None
        faces = found.get(Faces) if Faces in found else None

        def measure(picture: NDArray[np.uint8], row: int) -> Values:
            mine = slice(0) if faces is None else faces.of_frame(row)
            boxes = _NO_FACES if faces is None else faces.box_xyxy[mine]
            values = _measure(picture, boxes, None if people is None else people[row], maps[row])
            if faces is not None and len(boxes):
                values |= _around_face(boxes, faces.yaw_degrees[mine])
            return values

        return per_frame(self.card, frames, measure)


def _measure(
    picture: NDArray[np.uint8], faces: Floats, people: Floats | None, saliency: Floats
) -> Values:
    luma = gray(picture)
    lines = lines_of(luma)
    values: Values = {
        "symmetry": _symmetry(luma),
        "layout": field_means(luma, LAYOUT).ravel(),
        "horizon_tilt": lines.horizon_degrees(),
    }
    subject = subject_of(faces, people, saliency)
    if subject is None:  # a picture without any detail has no subject: NaN
        return values
    weight = saliency if people is None else saliency + people / max(float(people.sum()), 1.0)
    fields = cv2.resize(weight, ATTENTION, interpolation=cv2.INTER_AREA).clip(0).astype(np.float32)
    values |= {
        "attention": (fields / max(float(fields.sum()), 1e-12)).ravel(),
        "subject_x": subject.x,
        "subject_y": subject.y,
        "subject_share": float(subject.mask.mean()),
        "thirds": _placement(subject, _THIRDS),
        "golden": _placement(subject, _GOLDEN),
        "balance": _balance(weight),
        "leading_lines": lines.leading(subject.x, subject.y),
        "simplicity": _simplicity(luma, subject),
    }
    if saliency.sum() > 0:
        values["subject_focus"] = _focus(saliency / saliency.sum())
    return values


def _around_face(boxes: Floats, yaw_degrees: Floats) -> Values:
    """Room above the largest face, and before it."""
    largest = int((boxes[:, 3] - boxes[:, 1]).argmax())
    x0, y0, x1, y1 = (float(edge) for edge in boxes[largest])
    if y1 - y0 < MIN_FACE_HEIGHT:
        return {}
    values: Values = {"headroom": max(0.0, y0 - _HAIR * (y1 - y0))}
    yaw = float(yaw_degrees[largest])
    if abs(yaw) >= _LOOKS_ASIDE:
        values["look_room"] = 1.0 - x1 if yaw > 0 else x0
    return values


def _placement(subject: Subject, points: NDArray[np.float64]) -> float:
    """1 on one of the four points; 0 in a corner of the picture."""
    nearest = np.hypot(*(points - (subject.x, subject.y)).T).min()
    return float(max(0.0, 1.0 - nearest / np.hypot(*points[0])))


def _symmetry(luma: NDArray[np.uint8]) -> float:
    """Best correlation of a picture with its mirror image, about an axis near the middle."""
    small = field_means(luma, (48, 27))
    if small.std() < 0.5:
        return 0.0
    best = 0.0
    for off in _AXES:
        part = small[:, max(0, 2 * off) : 48 + min(0, 2 * off)]
        centred = part - part.mean()
        power = float((centred * centred).sum())
        if power > 1e-3:
            best = max(best, float((centred * centred[:, ::-1]).sum()) / power)
    return min(1.0, best)


def _balance(weight: Floats) -> float:
    """1 where the weights balance on the middle of the picture, 0 where all is at one edge."""
    total = float(weight.sum())
    if total <= 0:
        return 1.0
    columns = (np.arange(weight.shape[1]) + 0.5) / weight.shape[1]
    centre = float((weight.sum(axis=0) * columns).sum()) / total
    return 1.0 - 2.0 * abs(centre - 0.5)


def _simplicity(luma: NDArray[np.uint8], subject: Subject) -> float:
    if min(luma.shape) < 2:
        return 1.0
    calm = calm_fields(luma)
    around = cv2.resize(
        subject.mask.astype(np.uint8), calm.shape[::-1], interpolation=cv2.INTER_NEAREST
    )
    background = np.asarray(around) == 0
    return float(calm[background].mean()) if background.any() else 0.0


def _focus(density: Floats) -> float:
    """1 minus the spread of saliency around its centre, against that of an even spread."""
    height, width = density.shape
    rows, columns = (np.arange(height) + 0.5) / height, (np.arange(width) + 0.5) / width
    down, across = density.sum(axis=1), density.sum(axis=0)
    variance = float((down * rows**2).sum() - (down * rows).sum() ** 2)
    variance += float((across * columns**2).sum() - (across * columns).sum() ** 2)
    return float(np.clip(1.0 - variance / (2 / 12), 0, 1))
