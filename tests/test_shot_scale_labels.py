"""Shot scale held to labels made by eye, on both roads of faces."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import Box, cropped
from ava.scan.glance import areas_at_a_glance
from ava.scoring.analyses import Analyses, Analysis, Faces
from ava.scoring.contract import Analyser, Runtime
from ava.scoring.runner import scaled
from ava.settings import Settings
from ava.source.opening import open_source
from ava.source.stills_reader import load_still
from scorers.analysers.bodies import BodyAnalyser
from scorers.analysers.people import PersonAnalyser
from scorers.shot_scale import ShotScaleScorer
from tests.conftest import skip
from tests.face_roads import ROADS
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


@dataclass(frozen=True)
class Answer:
    """What one road said of one labelled picture that it gave a scale."""

    road: str
    labels: str
    clip: str
    away: float  # classes from the label; NaN where none was said
    confidence: float


def said(answers: list[Answer], road: str, *labels: str) -> list[Answer]:
    """The scales that one road said of some sets; all but a few of those that it had an opinion of."""
    mine = [one for one in answers if one.road == road and (not labels or one.labels in labels)]
    aloud = [one for one in mine if np.isfinite(one.away)]
    assert len(aloud) >= 0.92 * len(mine), (len(aloud), len(mine))
    return aloud


def labelled_pictures(media: Path) -> Iterator[tuple[str, str, int, Picture]]:
    """Set, clip, label and picture; of what is sure only."""
    for labels in ("film_shot_scale.csv", "more_shot_scale.csv"):
        for name, by_frame in rows_of(labels).items():
            wanted = {
                n_frame: LABELS.index(rows[0]["scale"])
                for n_frame, rows in by_frame.items()
                if rows[0]["sure"] == "yes" and rows[0]["scale"] in LABELS
            }
            if not wanted:
                continue
            with open_source(media / name) as source:
                areas = areas_at_a_glance(source, Settings().scan)
                area = max(areas, key=areas.count) if areas else Box(0, 0, 1, 1)
                for frame in source.scan():
                    if frame.ref.frame_id in wanted:
                        picture = cropped(frame.rgb(540), area)
                        yield labels, name, wanted[frame.ref.frame_id], picture
                    if frame.ref.frame_id >= max(wanted):
                        break
    with (media / "labelled/shot_scale_stills/labels.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            if row["shot_scale"] in STILL_LABELS:
                label = STILL_LABELS[row["shot_scale"]]
                yield "stills", "stills", label, load_still(media / row["path"])


@pytest.fixture(scope="module")
def answers(shared_media: Path) -> list[Answer]:
    """Both roads on all labelled pictures; where there is none, it is a landscape or too small."""
    roads = {name: road() for name, road in ROADS.items()}
    others: list[Analyser] = [PersonAnalyser(), BodyAnalyser()]
    try:
        for one in [*roads.values(), *others]:
            one.open(Runtime())
    except WeightsError as error:
        skip(error.message)
    found = []
    for labels, clip, label, picture in labelled_pictures(shared_media):
        frames = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
        seen: dict[type[Analysis], Analysis] = {
            type(one).card.yields: one.analyse(scaled(frames, type(one).card.height_px))
            for one in others
        }
        for name, road in roads.items():
            seen[Faces] = road.analyse(scaled(frames, road.card.height_px))
            values = ShotScaleScorer().score(frames, Analyses(seen))
            scale, confidence = (
                float(values[column][0]) for column in ("shot_scale", "shot_scale_confidence")
            )
            if np.isfinite(confidence):
                found.append(Answer(name, labels, clip, abs(scale - label), confidence))
    for one in [*roads.values(), *others]:
        one.close()
    return found


@pytest.mark.slow
@pytest.mark.parametrize(("road", "right"), [("landmarker", 0.82), ("mesh", 0.8)])
def test_everything_that_is_labelled(answers: list[Answer], road: str, right: float) -> None:
    mine = said(answers, road)
    assert sum(one.labels != "stills" for one in mine) >= 120
    assert np.mean([one.away == 0 for one in mine]) >= right
    assert np.mean([one.away <= 1 for one in mine]) >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize(("road", "right"), [("landmarker", 0.85), ("mesh", 0.8)])
def test_films_labelled_by_eye(answers: list[Answer], road: str, right: float) -> None:
    """The cuts of the trunk were chosen by eye with the figures of every clip at hand: no blind half."""
    mine = said(answers, road, "film_shot_scale.csv")
    assert len(mine) >= 85
    assert np.mean([one.away == 0 for one in mine]) >= right
    assert np.mean([one.away <= 1 for one in mine]) >= 0.97
    assert np.mean([one.away == 0 for one in mine if one.confidence > 0.6]) >= 0.85
    others = sorted({one.clip for one in mine})[1::2]
    half = [one.away for one in mine if one.clip in others]
    assert len(half) >= 36
    assert np.mean(np.array(half) <= 1) >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("road", ["landmarker", "mesh"])
def test_frames_that_nothing_was_fitted_to(answers: list[Answer], road: str) -> None:
    away = np.array([one.away for one in said(answers, road, "more_shot_scale.csv")])
    assert len(away) >= 46
    assert np.mean(away == 0) >= 0.9
    assert np.mean(away <= 1) >= 0.97


@pytest.mark.slow
@pytest.mark.parametrize("road", ["landmarker", "mesh"])
def test_stills_labelled_by_others(answers: list[Answer], road: str) -> None:
    """Two thirds of them are of one widescreen film, labelled about one class wider than ours."""
    away = np.array([one.away for one in said(answers, road, "stills")])
    assert len(away) >= 22
    assert np.mean(away <= 1) >= 0.85
