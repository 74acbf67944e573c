"""By day or by night: photographs and films that the rule never saw, and planted darkness and lamps."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.runner import scaled
from ava.source.opening import open_source
from models.time_of_day import MEASURES, WEIGHTS, measured
from scorers.place import PLACES, TIME_SAID_FROM, TIMES, PlaceScorer
from tests.conftest import ROOT, opened
from training.place import clips, labelled_clips
from training.time_of_day import LABELS as TAUGHT
from training.time_of_day import darkened, small

PHOTOS = ROOT / "tests" / "labels" / "photo_time_of_day.csv"
FILMS = (
    "films/chaplin", "films/elephants", "films/goldeneye", "films/hamilton", "films/sintel",
    "other/big", "other/boat", "other/cars", "other/skateboarding", "other/wildlife",
    "people/stage_performer_dark", "people/woman_by_window",
)  # fmt: skip

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def scorer() -> Iterator[PlaceScorer]:
    yield from opened(PlaceScorer())


def said(scorer: PlaceScorer, picture: Picture) -> tuple[str, float]:
    """Day, night or nothing, and how sure it is."""
    frames = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
    values = scorer.score(scaled(frames, scorer.card.height_px), Analyses({}))
    code, confidence = float(values["time_of_day"][0]), float(values["time_of_day_confidence"][0])
    assert (confidence >= TIME_SAID_FROM) == np.isfinite(code)
    if np.isfinite(confidence):
        assert PLACES[int(values["place"][0])] == "outdoors"
    return (TIMES[int(code)] if np.isfinite(code) else "", confidence)


def test_the_rule_is_small_and_plain() -> None:
    assert WEIGHTS.stat().st_size < 10_000
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        assert arrays["of_features"].shape == (1280,)
        of_measures = dict(zip(MEASURES, arrays["of_measures"], strict=True))
    assert of_measures["sky"] < 0 < of_measures["dark"]
    assert of_measures["lights"] > 0


def test_a_day_that_is_underexposed_is_not_night(
    scorer: PlaceScorer, photographs: dict[str, Picture]
) -> None:
    china = photographs["china"]
    assert said(scorer, china)[0] == "day"
    surest = said(scorer, china)[1]
    for gain in (0.5, 0.25, 0.125):
        word, confidence = said(scorer, darkened(china, gain))
        assert word != "night"
        assert confidence < surest


def test_a_day_without_color_is_a_day(scorer: PlaceScorer, photographs: dict[str, Picture]) -> None:
    gray = cv2.cvtColor(photographs["china"], cv2.COLOR_RGB2GRAY)
    assert said(scorer, np.repeat(gray[:, :, None], 3, axis=2))[0] == "day"


@pytest.mark.parametrize("name", ["astronaut", "coffee", "cat", "ihc"])
@pytest.mark.parametrize("gain", [1.0, 0.125])
def test_of_a_room_nothing_is_said_however_dark(
    scorer: PlaceScorer, photographs: dict[str, Picture], name: str, gain: float
) -> None:
    word, _ = said(scorer, darkened(photographs[name], gain))
    assert word == ""


def test_lamps_and_a_black_sky_are_measured(photographs: dict[str, Picture]) -> None:
    street = darkened(photographs["motorcycle"], 0.05)
    lit = street.copy()
    height, width = lit.shape[:2]
    for column in np.linspace(0.1, 0.9, 8):
        cv2.circle(lit, (int(column * width), height // 2), 6, (255, 210, 120), -1)
    before = dict(zip(MEASURES, measured(street), strict=True))
    after = dict(zip(MEASURES, measured(lit), strict=True))
    share = 8 * np.pi * 6**2 / (width * height)
    assert before["lights"] == -3
    assert after["lights"] == pytest.approx(np.log10(share + 1e-3), abs=0.2)
    assert after["sky"] == pytest.approx(before["sky"], abs=0.02)
    white = lit.copy()
    white[: height // 3] = 230
    sky = dict(zip(MEASURES, measured(white), strict=True))
    assert sky["sky"] > 0.85 > after["sky"]
    assert sky["dark"] < after["dark"]
    lamps = np.full((270, 480, 3), 10, np.uint8)
    lamps[100:160, 100:250] = (255, 180, 90)
    moon = lamps[:, :, ::-1].copy()
    assert measured(lamps)[MEASURES.index("warmth")] > 0.4
    assert measured(moon)[MEASURES.index("warmth")] < -0.4


def test_what_it_learned_from_is_named() -> None:
    with TAUGHT.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert {row["registry"] for row in rows} == {"debian", "npm", "pypi"}
    assert {row["time_of_day"] for row in rows} == {"day", "dusk", "night", "none"}
    assert len({(row["registry"], row["package"], row["file"]) for row in rows}) == len(rows)
    assert all(row["version"] for row in rows)
    with PHOTOS.open(encoding="utf-8", newline="") as file:
        assert {row["time_of_day"] for row in csv.DictReader(file)} == {
            "day", "dusk", "night", "none",
        }  # fmt: skip


@pytest.mark.slow
def test_photographs_that_it_never_saw(scorer: PlaceScorer, shared_media: Path) -> None:
    with PHOTOS.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    words = Counter[tuple[str, str]]()
    for row in rows:
        words[row["time_of_day"], said(scorer, small(shared_media / row["file"]))[0]] += 1
    for answer in TIMES:
        n_said = sum(words[answer, word] for word in TIMES)
        assert words[answer, answer] >= 0.9 * n_said
        assert words[answer, answer] >= 0.9 * sum(words[one, answer] for one in ("day", "night"))
    n_labelled = sum(row["time_of_day"] in TIMES for row in rows)
    assert sum(words[one, word] for one in TIMES for word in TIMES) >= 0.45 * n_labelled
    assert words["night", "night"] >= 3
    assert words["none", "night"] == words["dusk", "night"] == 0


@pytest.mark.slow
def test_films_that_it_never_saw(scorer: PlaceScorer, shared_media: Path) -> None:
    films = [one for half in clips() for one in half if one.startswith(FILMS)]
    seen = [
        (one.is_exterior, said(scorer, one.picture)[0])
        for one in labelled_clips(shared_media, films)
    ]
    rooms = [word for is_exterior, word in seen if not is_exterior]
    exteriors = [word for is_exterior, word in seen if is_exterior]
    assert len(rooms) >= 65
    assert len(exteriors) >= 65
    assert "night" not in rooms + exteriors  # no frame of these is clearly at night
    assert rooms.count("day") <= 0.02 * len(rooms)
    assert exteriors.count("day") >= 0.5 * len(exteriors)


@pytest.mark.slow
def test_a_dark_hall_is_no_night(scorer: PlaceScorer, shared_media: Path) -> None:
    with open_source(shared_media / "odd" / "nasa_13013.mp4") as source:
        words = [
            said(scorer, frame.rgb(270))[0]
            for at, frame in enumerate(source.scan())
            if at % 100 == 0
        ]
    assert words == [""] * len(words)
    assert len(words) >= 4
