"""How much of the people a picture shows, how many of them, and from which height."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Bodies, Faces, PersonMask
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, per_frame

SCALES = (
    "extreme close-up",
    "close-up",
    "medium close-up",
    "medium shot",
    "medium long shot",
    "long shot",
    "extreme long shot",
)
FRAMINGS = ("nobody", "single", "over the shoulder", "two-shot", "three-shot", "crowd")
_HEADS_PER_FACE = 1 / 0.78  # a face box runs from forehead to chin, a head from crown to chin
_FACE_FILLS = 0.85  # of the picture's height: crown or chin are cut off
# Heads below the chin that the lower edge leaves: to the shoulders, chest, hips, and the soles.
_CUTS = (0.5, 1.5, 3.0, 6.5)
# The same cuts below the shoulders, in lengths of the trunk from there to the hips.
_TRUNK_CUTS = (0.18, 0.62, 1.42, 2.7)
_POSITIONS = (0.5, 1.5, 2.5, 3.5, 4.5, 5.5)  # classes without a break, whole numbers their middles
_WHOLE_BODY = 5.0
_BODY = 7.5  # heads, standing
_SMALL_BODY = 1 / 3  # of the picture's height
_MIN_FACE = 0.025  # height of a face, of the picture's
_MAIN, _BESIDE = 0.8, 0.6  # height of a main figure's face, and of who counts, of the largest one's
_MIN_PERSON = 0.01  # share of the picture
_SHOULDERS = 2.2  # heads
_UPRIGHT = 1.3  # times as high as wide
_FIGURE_CONFIDENCE = 0.4
SAID_FROM = 0.3  # confidence; what is less sure than that is a guess between neighbours
_BODY_ALONE = 0.75  # confidence from which a body without a face counts
_BODY_WORTH = 0.8  # of that confidence, since no face says so, too
_STEEP_TRUNK, _TRUNK_IN_REACH = 0.6, 0.3  # rise of its length, and its share of the whole person
_TRUNK_IN_FACES = (1.0, 5.0)  # a trunk's length in heights of the face above it, bent or raised
_NECK = 0.5  # of the trunk's length: shoulders lie no farther from the chin, also in profile
_EDGE = 0.98
_LEVEL_PITCH, _STEEP_PITCH = 10.0, 35.0  # degrees: within the first, nobody looks up or down
_OWN_BODY = 1.0  # face widths that a body reaches beyond its face on either side
_SHOULDER_SHARE = (0.06, 0.5)  # of the picture, of somebody seen from behind at its edge

Values = dict[str, float | NDArray[np.floating]]


class ShotScaleScorer(Weightless):
    """The scale by where the lower edge cuts the people, counted in heads.

    The classes are those of the trade (Bordwell & Thompson, "Film art"; Salt, "Statistical style
    analysis of motion pictures", 1974): head and shoulders, chest, waist, knees, whole body. An
    upright person is seven and a half heads high; the edge leaves half a head below the chin in a
    close-up, one and a half in a medium close-up, three in a medium shot. The same is read a second
    time off the trunk, which tells it for profiles and bowed heads, too: shoulders and hips are known
    even where they lie outside of the picture. The trunk has the more to say the surer it is: nothing
    where its confidence is that of a coin, all where there is no doubt. Of several faces of like size
    the one that shows most body counts. Where no face is seen, a body speaks alone if it is sure, or
    if the person mask sees somebody there, too; where that is bent, the figure is measured by the mask,
    by its height or by the width of its shoulders, unless a side of the picture or its upper edge cuts
    that figure, too. What only the mask takes for a person has no scale, and where face and trunk pull
    apart so that it would be a guess, none is said.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="shot_scale",
        version=4,
        family="contextual",
        height_px=180,
        settings={"said_from": SAID_FROM},
        needs=(Faces,),
        uses=(PersonMask, Bodies),
        columns=(
            Column(
                "shot_scale", "code", 0, len(SCALES) - 1, "neither",
                "How much of the people is seen: "
                + ", ".join(f"{code} {word}" for code, word in enumerate(SCALES))
                + "; missing where that cannot be told.",
                words=SCALES,
            ),
            Column(
                "shot_scale_confidence", "share", 0, 1, "neither",
                "How sure that is: a face and a trunk that agree tell more than a figure from behind; under "
                f"{SAID_FROM} the scale is not said.",
            ),
            Column(
                "framing", "code", 0, len(FRAMINGS) - 1, "neither",
                "How many people it is about: "
                + ", ".join(f"{code} {word}" for code, word in enumerate(FRAMINGS)) + ".",
                words=FRAMINGS,
            ),
            Column(
                "camera_height", "share", -1, 1, "neither",
                "From where the camera looks at the faces: below 0 from under them, above 0 down on "
                "them; a hint, since a head may be bowed.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        faces = found.get(Faces)
        people = found.get(PersonMask).maps if PersonMask in found else None
        bodies = found.get(Bodies) if Bodies in found else None
        aspect = frames.width_px / max(1, frames.height_px)

        def measure(_: NDArray[np.uint8], row: int) -> Values:
            one = slice(row, row + 1)
            mask = None if people is None else people[row] >= 0.5
            trunks = None if bodies is None else _trunks(bodies.rows(one), aspect)
            values = _measure(faces.rows(one), mask, trunks, aspect)
            if values.get("shot_scale_confidence", 1.0) < SAID_FROM:
                del values["shot_scale"]
            return values

        return per_frame(self.card, frames, measure)


@dataclass(frozen=True)
class _Trunk:
    """Shoulders and hips of one body, in heights of the picture."""

    shoulders: Floats
    length: float
    position: float  # among the classes
    reach: float
    is_upright: bool
    confidence: float


def _trunks(bodies: Bodies, aspect: float) -> list[_Trunk]:
    """The trunks of one picture, surest first."""
    found = []
    for row in range(len(bodies)):
        shoulders = bodies.shoulders[row] * np.array([aspect, 1], np.float32)
        hips = bodies.hips[row] * np.array([aspect, 1], np.float32)
        length, rise = float(np.linalg.norm(hips - shoulders)), float(hips[1] - shoulders[1])
        reach = float(bodies.reach[row])
        below = (1 - float(shoulders[1])) / max(rise, 1e-6)
        upright = rise >= _STEEP_TRUNK * length and length >= _TRUNK_IN_REACH * reach
        position = _position(below, _TRUNK_CUTS)
        confidence = float(bodies.confidence[row])
        found.append(_Trunk(shoulders, length, position, reach, upright, confidence))
    return found


def _measure(
    faces: Faces, mask: NDArray[np.bool_] | None, trunks: list[_Trunk] | None, aspect: float
) -> Values:
    heights = faces.box_xyxy[:, 3] - faces.box_xyxy[:, 1]
    seen = np.flatnonzero(heights >= _MIN_FACE)
    if not len(seen):
        return _without_a_face(mask, trunks, aspect)
    largest = heights[seen].max()
    main, beside = (seen[heights[seen] >= share * largest] for share in (_MAIN, _BESIDE))
    head = heights[main] * _HEADS_PER_FACE
    below = (1 - faces.box_xyxy[main, 3]) / head
    figure = main[int(below.argmax())]
    position = _position(float(below.max()), _CUTS)
    agreement = 1.0
    trunk = _trunk_below(faces.box_xyxy[figure], trunks or [], aspect)
    if trunk is not None:
        agreement = 1 - 0.5 * min(1.0, abs(trunk.position - position))
        say = 2 * trunk.confidence - 1
        position = (1 - say) * position + say * trunk.position
    return {
        "shot_scale": _scale(position, float(head.max())),
        "shot_scale_confidence": float(faces.confidence[figure]) * _decided(position) * agreement,
        "framing": float(_framing(faces.box_xyxy[beside], mask)),
        "camera_height": _camera_height(faces, main),
    }


def _trunk_below(box: Floats, trunks: list[_Trunk], aspect: float) -> _Trunk | None:
    """The trunk that belongs to a face; None where none does, or it is bent."""
    height = float(box[3] - box[1])
    chin = np.array([(box[0] + box[2]) / 2 * aspect, box[3]])
    for trunk in trunks:
        if (
            trunk.is_upright
            and np.linalg.norm(trunk.shoulders - chin) < _NECK * trunk.length
            and trunk.shoulders[1] > (box[1] + box[3]) / 2
            and _TRUNK_IN_FACES[0] <= trunk.length / height <= _TRUNK_IN_FACES[1]
        ):
            return trunk
    return None


def _position(below: float, cuts: tuple[float, ...]) -> float:
    """Place among the classes, without a break: 2 is the middle of class 2, 2.5 its end."""
    ends = (2 * cuts[0] - cuts[1], *cuts, 1.3 * cuts[-1])
    return float(np.interp(below, ends, _POSITIONS))


def _scale(position: float, head: float) -> float:
    """Class by place among them, and the head's share of the picture's height."""
    if head / _HEADS_PER_FACE > _FACE_FILLS:
        return 0.0
    scale = min(max(1.0, float(np.floor(position + 0.5))), _WHOLE_BODY)
    return 6.0 if scale == _WHOLE_BODY and _BODY * head < _SMALL_BODY else scale


def _decided(position: float) -> float:
    """1 far from all boundaries, 0.5 on one."""
    away = abs(position + 0.5 - np.round(position + 0.5))
    return 0.5 + 0.5 * min(1.0, float(away) / 0.3)


def _without_a_face(
    mask: NDArray[np.bool_] | None, trunks: list[_Trunk] | None, aspect: float
) -> Values:
    """Scale by the body, else by the figure of the person mask, unless nobody else sees one there."""
    for trunk in trunks or []:
        is_somebody = trunk.confidence >= _BODY_ALONE or _is_in(trunk, mask, aspect)
        if trunk.is_upright and is_somebody:
            scale = _scale(trunk.position, 2 * trunk.reach / _BODY)
            confidence = _BODY_WORTH * trunk.confidence * _decided(trunk.position)
            return {"shot_scale": scale, "shot_scale_confidence": confidence}
    figure = _by_figure(mask, aspect)
    if trunks is not None and not trunks:  # a dune, a dog, a dress on a hanger
        return {name: value for name, value in figure.items() if name == "framing"}
    return figure


def _is_in(trunk: _Trunk, mask: NDArray[np.bool_] | None, aspect: float) -> bool:
    """Whether the shoulders lie on what the person mask takes for a person."""
    if mask is None:
        return False
    x, y = trunk.shoulders / (aspect, 1) * mask.shape[::-1]
    inside = 0 <= x < mask.shape[1] and 0 <= y < mask.shape[0]
    return bool(inside and mask[int(y), int(x)])


def _by_figure(mask: NDArray[np.bool_] | None, aspect: float) -> Values:
    """Scale by the largest figure of the person mask."""
    if mask is None:
        return {}
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8))
    sizes = np.asarray(stats)[1:, cv2.CC_STAT_AREA] / mask.size
    if count < 2 or sizes.max() < _MIN_PERSON:
        return {"framing": 0.0}
    part = np.asarray(labels) == 1 + int(sizes.argmax())
    if part[0].any() or part[:, [0, -1]].any():  # who knows how much of it is not in the picture
        return {}
    rows = np.flatnonzero(part.any(axis=1))
    top, bottom = rows[0] / len(part), (rows[-1] + 1) / len(part)
    height = bottom - top
    across = part.sum(axis=1)[rows] / part.shape[1] * aspect  # in heights of the picture
    if bottom < _EDGE:
        if height < _UPRIGHT * across.max():  # lying, or not a person
            return {}
        scale = 5.0 if height >= _SMALL_BODY else 6.0
    else:
        head = float(np.percentile(across, 90)) / _SHOULDERS
        scale = _scale(_position(max(0.0, height / head - 1), _CUTS), head)
    return {"shot_scale": scale, "shot_scale_confidence": _FIGURE_CONFIDENCE}


def _framing(boxes: Floats, mask: NDArray[np.bool_] | None) -> int:
    """Place in `FRAMINGS`."""
    if len(boxes) == 1 and mask is not None and _shoulder_before(boxes[0], mask):
        return FRAMINGS.index("over the shoulder")
    return FRAMINGS.index(("single", "two-shot", "three-shot", "crowd")[min(len(boxes), 4) - 1])


def _shoulder_before(box: Floats, mask: NDArray[np.bool_]) -> bool:
    """Whether somebody without a face stands nearer, from the lower edge to over the face's brow."""
    height, width = mask.shape
    x0, y0, x1, _ = box
    reach = _OWN_BODY * (x1 - x0)
    others = mask.copy()
    others[:, max(0, int((x0 - reach) * width)) : int(np.ceil((x1 + reach) * width))] = False
    _, labels = cv2.connectedComponents(others.astype(np.uint8))
    parts = np.asarray(labels)
    for part in set(np.unique(parts[-1]).tolist()) - {0}:
        inside = parts == part
        top = int(inside.any(axis=1).argmax()) / height
        if top < y0 and _SHOULDER_SHARE[0] <= inside.mean() <= _SHOULDER_SHARE[1]:
            return True
    return False


def _camera_height(faces: Faces, main: NDArray[np.int64]) -> float:
    """Down on the faces or up at them, where their heads agree; missing where none is known."""
    pitch = faces.pitch_degrees[main]
    pitch = pitch[np.isfinite(pitch)]
    if not len(pitch):
        return float("nan")
    # From above, a level head points below the camera; but one alone may also just look down.
    tilt = float(np.median(pitch)) * (1.0 if len(pitch) > 1 else 0.5)
    size = max(0.0, abs(tilt) - _LEVEL_PITCH) / (_STEEP_PITCH - _LEVEL_PITCH)
    return float(-np.sign(tilt) * min(1.0, size))
