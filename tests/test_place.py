"""Indoors or outdoors: clips that the rule never saw, and photographs."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.check import check_scorer
from ava.scoring.runner import scaled
from models.place import WEIGHTS
from scorers.place import PLACES, PlaceScorer
from tests.conftest import opened, skip
from training.place import clips, labelled_clips

Picture = NDArray[np.uint8]


@pytest.fixture(scope="module")
def scorer() -> Iterator[PlaceScorer]:
    yield from opened(PlaceScorer())


def said(scorer: PlaceScorer, picture: Picture) -> tuple[float, float]:
    """Place, and how sure it is."""
    frames = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
    values = scorer.score(scaled(frames, scorer.card.height_px), Analyses({}))
    return float(values["place"][0]), float(values["place_confidence"][0])


def test_the_rule_is_small_and_plain() -> None:
    assert WEIGHTS.stat().st_size < 10_000
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        assert arrays["weight"].shape == (1280,)


def test_a_landscape_is_outdoors_and_nothing_is_said_of_plain_gray(
    scorer: PlaceScorer, photographs: dict[str, Picture]
) -> None:
    place, confidence = said(scorer, photographs["china"])
    assert PLACES[int(place)] == "outdoors"
    assert confidence >= 0.7
    gray = np.full((270, 480, 3), 120, np.uint8)
    assert np.isnan(said(scorer, gray)[0])


@pytest.mark.slow
def test_clips_that_it_never_saw(scorer: PlaceScorer, shared_media: Path) -> None:
    _, held_out = clips()
    rows = [
        (*said(scorer, one.picture), one.is_exterior)
        for one in labelled_clips(shared_media, held_out)
    ]
    place, confidence, is_exterior = np.array(rows).T
    speaks = np.isfinite(place)
    assert len(place) >= 150
    assert speaks.mean() >= 0.65
    assert ((confidence >= 0.7) == speaks).all()
    for answer in (0, 1):
        mine = speaks & (is_exterior == answer)
        assert np.mean(place[mine] == answer) >= 0.9, PLACES[answer]
        assert np.mean(is_exterior[speaks & (place == answer)] == answer) >= 0.9, PLACES[answer]


def test_the_contract() -> None:
    try:
        check_scorer(PlaceScorer, ())
    except WeightsError as error:
        skip(error.message)
