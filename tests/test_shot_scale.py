"""Shot scale and framing: planted by cropping, and held to labels made by eye."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import Box, cropped
from ava.scan.glance import areas_at_a_glance
from ava.scoring.analyses import Analyses, Faces, PersonMask
from ava.scoring.check import check_scorer
from ava.scoring.contract import Runtime
from ava.scoring.runner import scaled
from ava.settings import Settings
from ava.source.opening import open_source
from ava.source.stills_reader import load_still
from scorers.analysers.faces import FaceAnalyser
from scorers.analysers.people import PersonAnalyser
from scorers.shot_scale import FRAMINGS, SCALES, ShotScaleScorer
from tests.conftest import skip
from tests.face_roads import ROADS, portraits
from tests.test_faces_on_film import rows_of

Picture = NDArray[np.uint8]
LABELS = (
    *("extreme_close_up", "close_up", "medium_close_up", "medium", "medium_long", "long"),
    "extreme_long",
)
STILL_LABELS = {
    "extreme close-up": 0, "close-up": 1, "medium close-up": 2, "medium": 3, "medium long": 4,
    "long": 5, "wide": 6, "extreme wide": 6,
}  # fmt: skip


def measured(
    faces: Faces, mask: NDArray[np.float32] | None = None, size: tuple[int, int] = (320, 180)
) -> dict[str, float]:
    frames = FrameBatch(np.zeros((1, size[1], size[0], 3), np.uint8), np.zeros(1), np.zeros(1, int))
    found = (
        {Faces: faces} if mask is None else {Faces: faces, PersonMask: PersonMask(1, mask[None])}
    )
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
def analysers() -> Iterator[tuple[FaceAnalyser, PersonAnalyser]]:
    made = ROADS["landmarker"](), PersonAnalyser()
    try:
        for one in made:
            one.open(Runtime())
    except WeightsError as error:
        skip(error.message)
    yield made
    for one in made:
        one.close()


def scored(analysers: tuple[FaceAnalyser, PersonAnalyser], picture: Picture) -> dict[str, float]:
    frames = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
    faces, people = (one.analyse(scaled(frames, one.card.height_px)) for one in analysers)
    values = ShotScaleScorer().score(frames, Analyses({Faces: faces, PersonMask: people}))
    return {name: float(value[0]) for name, value in values.items()}


def test_cropping_comes_closer_step_by_step(
    analysers: tuple[FaceAnalyser, PersonAnalyser], shared_media: Path
) -> None:
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


@pytest.mark.slow
def test_films_labelled_by_eye(
    analysers: tuple[FaceAnalyser, PersonAnalyser], shared_media: Path
) -> None:
    right, near, sure = [], [], []
    for name, labels in rows_of("film_shot_scale.csv").items():
        wanted = {
            n_frame: LABELS.index(rows[0]["scale"])
            for n_frame, rows in labels.items()
            if rows[0]["sure"] == "yes" and rows[0]["scale"] in LABELS
        }
        with open_source(shared_media / name) as source:
            areas = areas_at_a_glance(source, Settings().scan)
            area = max(areas, key=areas.count) if areas else Box(0, 0, 1, 1)
            for frame in source.scan():
                if frame.ref.frame_id not in wanted:
                    continue
                values = scored(analysers, cropped(frame.rgb(540), area))
                if np.isnan(values["shot_scale"]):
                    continue  # a landscape, or people too small to be seen
                away = abs(values["shot_scale"] - wanted[frame.ref.frame_id])
                right.append(away == 0)
                near.append(away <= 1)
                sure.append(values["shot_scale_confidence"] > 0.6)
    assert len(right) >= 80
    assert np.mean(right) >= 0.72
    assert np.mean(near) >= 0.94
    assert np.mean(np.array(right)[sure]) >= 0.85


@pytest.mark.slow
def test_stills_labelled_by_others(
    analysers: tuple[FaceAnalyser, PersonAnalyser], shared_media: Path
) -> None:
    """Two thirds of them are of one widescreen film, labelled about one class wider than ours."""
    away = []
    with (shared_media / "labelled/shot_scale_stills/labels.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["shot_scale"] in STILL_LABELS:
                found = scored(analysers, load_still(shared_media / row["path"]))["shot_scale"]
                away.append(abs(found - STILL_LABELS[row["shot_scale"]]))
    known = np.array(away)[np.isfinite(away)]
    assert len(known) >= 22
    assert np.mean(known <= 1) >= 0.85


def test_mirrored_it_is_the_same(
    analysers: tuple[FaceAnalyser, PersonAnalyser], shared_media: Path
) -> None:
    same = []
    for picture in portraits(shared_media)[:12]:
        given = scored(analysers, picture)
        turned = scored(analysers, np.ascontiguousarray(picture[:, ::-1]))
        same.append(given["shot_scale"] == turned["shot_scale"])
        assert given["framing"] == turned["framing"]
    assert np.mean(same) >= 0.8


def test_the_contract() -> None:
    try:
        check_scorer(ShotScaleScorer, (ROADS["mesh"], PersonAnalyser))
    except WeightsError as error:
        skip(error.message)
