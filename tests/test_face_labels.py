"""Eyes and expressions against labelled faces, on both roads, and the rules behind the words."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ava.scoring.analyses import EXPRESSIONS
from benchmarks.face_labels import look_at_eyes, read_expressions
from models.face_movements import MOVEMENTS
from scorers.analysers.expressions import RULES, THRESHOLD, evidence, expression_of
from scorers.analysers.faces import FaceAnalyser
from tests.conftest import opened
from tests.face_roads import ROADS

LEAST_AUC = {"landmarker": 0.95, "mesh": 0.88}


@pytest.fixture(scope="module", params=list(ROADS))
def analyser(request: pytest.FixtureRequest) -> Iterator[FaceAnalyser]:
    yield from opened(ROADS[request.param]())


@pytest.fixture
def road(request: pytest.FixtureRequest) -> str:
    return str(request.node.callspec.params["analyser"])


@pytest.mark.slow
def test_shut_eyes_are_told_from_open_ones(
    analyser: FaceAnalyser, road: str, shared_media: Path
) -> None:
    eyes = look_at_eyes(analyser, shared_media)
    assert len(eyes.shut) == 197
    assert np.isnan(eyes.eyes_open).mean() <= 0.05
    assert eyes.auc >= LEAST_AUC[road]
    # Where the gate stands, no open eye is shut, and few shut ones pass as looking down.
    assert np.mean(eyes.eyes_open[~eyes.shut] < 0.2) <= 0.01
    assert np.mean(eyes.eyes_open[eyes.shut] < 0.2) >= 0.5
    assert np.mean(eyes.downcast[eyes.shut] >= 0.5) <= 0.15
    assert np.nanmax(eyes.downcast[~eyes.shut]) < 0.5


@pytest.mark.slow
def test_joy_surprise_and_neutral_are_told_apart(
    analyser: FaceAnalyser, shared_media: Path
) -> None:
    words = read_expressions(analyser, shared_media)
    assert len(words.labels) == 208
    assert words.macro_f1 >= 0.65
    assert words.words.count("no face") <= 25


def moved(**movements: float) -> dict[str, float]:
    rest = dict.fromkeys([*MOVEMENTS, "brow_raise", "lids_low"], 0.0)
    assert set(movements) <= set(rest)
    return {**rest, **movements}


@pytest.mark.parametrize(
    ("movements", "word"),
    [
        ({}, "neutral"),
        ({"smile": 0.2}, "neutral"),
        ({"smile": 0.9}, "joy"),
        ({"smile": 0.9, "mouth_open": 0.8, "eyes_squint": 0.8, "lids_low": 0.6}, "joy"),
        ({"mouth_open": 0.8, "brow_inner_up": 0.8, "brow_outer_up": 0.8, "brow_raise": 0.8}, "surprise"),
        ({"brow_down": 0.9, "eyes_squint": 0.6, "lips_pressed": 0.5}, "anger"),
        ({"brow_down": 0.6, "lower_lip_down": 0.9, "mouth_open": 0.8}, "anger"),
        ({"brow_inner_up": 0.8, "brow_raise": 0.8, "mouth_frown": 0.5}, "sadness"),
        ({"eyes_wide": 0.9, "mouth_stretch": 0.8, "brow_inner_up": 0.3, "brow_raise": 0.3}, "fear"),
        ({"upper_lip_up": 0.9, "chin_up": 0.4}, "disgust"),
    ],
)  # fmt: skip
def test_prototypes_get_their_words(movements: dict[str, float], word: str) -> None:
    shown = expression_of(moved(**movements))
    assert shown.word == word
    assert word in EXPRESSIONS
    assert 0.5 <= shown.clearness <= 1
    assert (shown.strength >= THRESHOLD) == (word != "neutral")


def test_evidence_grows_with_the_sign_and_shrinks_with_what_speaks_against_it() -> None:
    for word, rule in RULES.items():
        signs = {name: 0.5 for _, names in rule.signs for name in names}
        some = evidence(moved(**signs))[word]
        more = evidence(moved(**dict.fromkeys(signs, 0.8)))[word]
        assert 0 < some < more <= 1, word
        for _, name in rule.against:
            if name not in signs:
                assert evidence(moved(**signs, **{name: 0.9}))[word] < some, (word, name)


def test_what_is_not_known_counts_as_at_rest() -> None:
    unknown = {**moved(smile=0.8), "brow_down": float("nan"), "eyes_wide": float("nan")}
    assert expression_of(unknown) == expression_of(moved(smile=0.8))
