"""Shot scale and framing: planted, and by cropping."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import Box, cropped
from ava.scoring.analyses import Analyses, Analysis, Bodies, Faces, PersonMask
from ava.scoring.check import check_analyser, check_scorer
from ava.scoring.contract import Runtime
from ava.scoring.runner import scaled
from scorers.analysers.bodies import BodyAnalyser
from scorers.analysers.faces import FaceAnalyser
from scorers.analysers.people import PersonAnalyser
from scorers.shot_scale import FRAMINGS, SCALES, ShotScaleScorer
from tests.conftest import skip
from tests.face_roads import ROADS, portraits

Picture = NDArray[np.uint8]
Analysers = tuple[FaceAnalyser, PersonAnalyser, BodyAnalyser]


def measured(
    faces: Faces,
    mask: NDArray[np.float32] | None = None,
    size: tuple[int, int] = (320, 180),
    bodies: Bodies | None = None,
) -> dict[str, float]:
    frames = FrameBatch(np.zeros((1, size[1], size[0], 3), np.uint8), np.zeros(1), np.zeros(1, int))
    found: dict[type[Analysis], Analysis] = {Faces: faces}
    if mask is not None:
        found[PersonMask] = PersonMask(1, mask[None])
    if bodies is not None:
        found[Bodies] = bodies
    values = ShotScaleScorer().score(frames, Analyses(found))
    return {name: float(value[0]) for name, value in values.items()}


def faces_at(*boxes: tuple[float, float, float, float], **columns: float) -> Faces:
    n_faces = len(boxes)
    extra = {name: np.full(n_faces, value, np.float32) for name, value in columns.items()}
    return Faces(
        1,
        np.zeros(n_faces, np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.ones(n_faces, np.float32),
        **extra,
    )


@pytest.mark.parametrize(
    ("visible_heads", "scale"),
    [(1.2, 1), (2.0, 2), (3.2, 3), (5.5, 4), (8.5, 5), (24, 6)],
)
def test_a_standing_person_cut_at_every_height(visible_heads: float, scale: int) -> None:
    """The crown touches the upper edge; so many heads fit below it."""
    head = 1 / visible_heads
    face = (0.5 - 0.2 * head, 0.22 * head, 0.5 + 0.2 * head, head)
    assert SCALES[int(measured(faces_at(face))["shot_scale"])] == SCALES[scale]


def test_a_face_that_fills_the_picture_is_an_extreme_close_up() -> None:
    assert measured(faces_at((0.1, 0.02, 0.9, 0.98)))["shot_scale"] == 0


def test_how_many_it_is_about() -> None:
    one, two, small = (0.2, 0.3, 0.3, 0.5), (0.6, 0.3, 0.7, 0.52), (0.85, 0.3, 0.89, 0.37)
    for boxes, word in (
        ((one,), "single"),
        ((one, small), "single"),
        ((one, two), "two-shot"),
        ((one, two, (0.4, 0.3, 0.5, 0.5)), "three-shot"),
        ((one, two, (0.4, 0.3, 0.5, 0.5), (0.8, 0.3, 0.9, 0.5)), "crowd"),
    ):
        assert FRAMINGS[int(measured(faces_at(*boxes))["framing"])] == word
    nobody = measured(faces_at(), np.zeros((27, 48), np.float32))
    assert FRAMINGS[int(nobody["framing"])] == "nobody"
    assert np.isnan(nobody["shot_scale"])


def test_a_back_before_the_face_is_a_shoulder() -> None:
    face = faces_at((0.6, 0.35, 0.68, 0.55))
    mask = np.zeros((27, 48), np.float32)
    mask[9:, 26:36] = 1  # the body of the face
    assert FRAMINGS[int(measured(face, mask)["framing"])] == "single"
    mask[5:, 4:18] = 1
    assert FRAMINGS[int(measured(face, mask)["framing"])] == "over the shoulder"
    mask[5:14, 4:18] = 0  # lower than the face: a seated person, a dog, a table
    assert FRAMINGS[int(measured(face, mask)["framing"])] == "single"


def test_a_figure_without_a_face_is_measured_by_its_outline() -> None:
    mask = np.zeros((27, 48), np.float32)
    mask[6:24, 20:26] = 1
    assert SCALES[int(measured(faces_at(), mask)["shot_scale"])] == "long shot"
    mask[:] = 0
    mask[18:24, 22:25] = 1
    assert SCALES[int(measured(faces_at(), mask)["shot_scale"])] == "extreme long shot"
    mask[:] = 0
    mask[20:24, 5:40] = 1  # lying, or no person
    assert np.isnan(measured(faces_at(), mask)["shot_scale"])


def body_at(
    shoulders_y: float,
    hips_y: float,
    hips_x: float = 0.5,
    reach: float = 0.5,
    sure: float = 0.9,
    shoulders_x: float = 0.5,
) -> Bodies:
    return Bodies(
        1,
        np.zeros(1, np.int64),
        np.array([[0.3, 0.1, 0.7, 1]], np.float32),
        np.full(1, sure, np.float32),
        hips=np.array([[hips_x, hips_y]], np.float32),
        shoulders=np.array([[shoulders_x, shoulders_y]], np.float32),
        reach=np.full(1, reach, np.float32),
    )


@pytest.mark.parametrize(
    ("shoulders_y", "hips_y", "scale"),
    [(1.1, 2.5, 1), (0.7, 1.5, 2), (0.5, 1, 3), (0.4, 0.75, 4), (0.3, 0.5, 5)],
)
def test_a_figure_from_behind_is_measured_by_its_trunk(
    shoulders_y: float, hips_y: float, scale: int
) -> None:
    body = body_at(shoulders_y, hips_y, reach=2 * (hips_y - shoulders_y))
    assert measured(faces_at(), bodies=body)["shot_scale"] == scale


def test_the_surer_the_trunk_the_more_it_says() -> None:
    """A bowed head is short, and seems to leave more room below it than there is."""
    bowed = faces_at((0.45, 0.2, 0.55, 0.34))
    assert SCALES[int(measured(bowed)["shot_scale"])] == "medium long shot"
    waist = body_at(0.4, 0.9)
    both = measured(bowed, bodies=waist)
    assert SCALES[int(both["shot_scale"])] == "medium shot"
    assert both["shot_scale_confidence"] < measured(bowed)["shot_scale_confidence"]
    doubtful = measured(bowed, bodies=body_at(0.4, 0.9, sure=0.55))
    assert SCALES[int(doubtful["shot_scale"])] == "medium long shot"
    ahead = body_at(0.4, 0.9, hips_x=0.6, shoulders_x=0.6)  # in profile the chin is before the neck
    assert SCALES[int(measured(bowed, bodies=ahead)["shot_scale"])] == "medium shot"
    for other in (
        body_at(0.9, 1.4),  # lower than the neck: somebody else's
        body_at(0.4, 0.5),  # too short for that head
        body_at(0.4, 0.5, hips_x=0.9),  # bent
    ):
        assert measured(bowed, bodies=other) == pytest.approx(measured(bowed), nan_ok=True)


def test_a_mask_that_nobody_else_sees_a_person_in_is_none() -> None:
    mask = np.zeros((27, 48), np.float32)
    mask[12:, 4:40] = 1  # a dune
    assert measured(faces_at(), mask)["shot_scale"] >= 0
    assert np.isnan(measured(faces_at(), mask, bodies=Bodies.empty(1))["shot_scale"])


def test_a_doubtful_body_counts_where_the_mask_sees_somebody() -> None:
    waist = body_at(0.4, 0.9, sure=0.6)
    mask = np.zeros((27, 48), np.float32)
    mask[2:, 20:28] = 1
    assert SCALES[int(measured(faces_at(), mask, bodies=waist)["shot_scale"])] == "medium shot"
    elsewhere = np.roll(mask, 16, axis=1)
    assert measured(faces_at(), elsewhere, bodies=waist)["shot_scale_confidence"] == pytest.approx(
        0.4
    )


@pytest.mark.parametrize("edge", [np.s_[12:, :9], np.s_[12:, -9:], np.s_[:, 10:30]])
def test_a_figure_cut_elsewhere_than_below_has_no_scale(edge: tuple[slice, slice]) -> None:
    """A dune from side to side, somebody's ear: nobody knows how large the whole is."""
    mask = np.zeros((27, 48), np.float32)
    mask[edge] = 1
    assert np.isnan(measured(faces_at(), mask)["shot_scale"])


def test_from_above_and_from_below() -> None:
    two = ((0.2, 0.3, 0.3, 0.5), (0.6, 0.3, 0.7, 0.5))
    heights = [
        measured(faces_at(*two, pitch_degrees=pitch))["camera_height"] for pitch in (-30, -5, 5, 30)
    ]
    assert heights[0] > 0.5
    assert heights[1] == heights[2] == 0
    assert heights[3] == -heights[0]
    assert abs(measured(faces_at(two[0], pitch_degrees=30))["camera_height"]) < heights[0]


@pytest.fixture(scope="module")
def analysers() -> Iterator[Analysers]:
    made = ROADS["landmarker"](), PersonAnalyser(), BodyAnalyser()
    try:
        for one in made:
            one.open(Runtime())
    except WeightsError as error:
        skip(error.message)
    yield made
    for one in made:
        one.close()


def scored(analysers: Analysers, picture: Picture) -> dict[str, float]:
    frames = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
    found = {one.card.yields: one.analyse(scaled(frames, one.card.height_px)) for one in analysers}
    values = ShotScaleScorer().score(frames, Analyses(found))
    return {name: float(value[0]) for name, value in values.items()}


def test_cropping_comes_closer_step_by_step(analysers: Analysers, shared_media: Path) -> None:
    """Twelve portraits with room for a body below, the lower edge moved up to the chin in five steps."""
    n_moved = 0
    for portrait in portraits(shared_media)[:12]:
        picture = np.pad(portrait, ((0, 2 * len(portrait)), (0, 0), (0, 0)), mode="edge")
        frames = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
        faces = analysers[0].analyse(frames)
        largest = int(faces.areas.argmax())
        chin = float(faces.box_xyxy[largest, 3])
        scales = []
        for share in np.linspace(0, 1, 5):
            bottom = 1 - share * (1 - min(1.0, chin + 0.03))
            area = Box(0, 0, 1, bottom)
            box = faces.box_xyxy / np.float32([1, bottom, 1, bottom])
            moved = replace(faces, box_xyxy=box.clip(0, 1).astype(np.float32))
            shown = cropped(picture, area)
            scales.append(measured(moved, size=shown.shape[1::-1])["shot_scale"])
        assert (np.diff(scales) <= 0).all(), scales
        n_moved += scales[-1] <= scales[0] - 2
    assert n_moved >= 10


def test_mirrored_it_is_the_same(analysers: Analysers, shared_media: Path) -> None:
    same = []
    for picture in portraits(shared_media)[:12]:
        given = scored(analysers, picture)
        turned = scored(analysers, np.ascontiguousarray(picture[:, ::-1]))
        same.append(given["shot_scale"] == turned["shot_scale"])
        assert given["framing"] == turned["framing"]
    assert np.mean(same) >= 0.8


def test_bodies_are_where_people_are(
    photographs: dict[str, Picture], body_weights: None, shared_media: Path
) -> None:
    analyser = BodyAnalyser()
    analyser.open(Runtime())
    found = {}
    for name in ("astronaut", "coffee", "china", "flower", "rocket"):
        batch = FrameBatch(photographs[name][None], np.zeros(1), np.zeros(1, np.int64))
        found[name] = analyser.analyse(batch)
    analyser.close()
    assert [name for name, bodies in found.items() if len(bodies)] == ["astronaut"]
    (x, y), (_, hips_y) = found["astronaut"].shoulders[0], found["astronaut"].hips[0]
    assert 0.3 < x < 0.6
    assert 0.4 < y < 0.7
    assert hips_y > 0.9


def test_the_contract() -> None:
    try:
        check_scorer(ShotScaleScorer, (ROADS["mesh"], PersonAnalyser, BodyAnalyser))
        check_analyser(BodyAnalyser)
    except WeightsError as error:
        skip(error.message)
