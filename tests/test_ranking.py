"""Gates, utility, diversity: properties, not decimals."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ava.core.errors import ConfigError, NothingToRank
from ava.ranking.cast import MAIN_CHARACTER
from ava.ranking.gates import GATES, GateSettings, apply_gates
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile, built_in, load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.ranking.representative import REPRESENTATIVENESS
from ava.ranking.results import Ranking
from ava.ranking.utility import utility_of
from ava.scoring.contract import Column
from ava.scoring.registry import installed
from ava.scoring.table import ScoreTable
from ava.store.tables import ranking_table

COLUMNS = (*installed().columns, MAIN_CHARACTER, REPRESENTATIVENESS)
PROFILE = load_profile("default")


def pool_of(n_rows: int, seed: int = 0, **given_columns: Any) -> Pool:
    """Good, different frames, four to a shot, with the named columns as given."""
    random = np.random.default_rng(seed)
    values: dict[str, NDArray[np.float32]] = {}
    for column in COLUMNS:
        low, high = column.low, min(column.high, column.low + 100.0)
        shape = (n_rows, *column.shape)
        values[column.name] = random.uniform(low, high, shape).astype(np.float32)
    fine = {
        "brightness": 50.0,
        "contrast": 60.0,
        "clipped_dark": 0.0,
        "clipped_bright": 0.0,
        "text_card": 0.0,
        "text_share": 0.0,
        "subtitle_band": 0.0,
        "sharpness": 0.6,
        "sharpest_area": 0.7,
        "eyes_open": 0.9,
        "eyes_downcast": 0.0,
        "face_height": 0.3,
        "landmark_confidence": 0.9,
        "depth_of_field": 0.1,
        "subject_motion": 0.1,
        "action_peak": 0.1,
    }
    for name, value in {**fine, **given_columns}.items():
        values[name] = np.broadcast_to(np.asarray(value, np.float32), values[name].shape).copy()
    return Pool(
        np.arange(n_rows, dtype=float),
        tuple(f"frame {row}" for row in range(n_rows)),
        np.arange(n_rows) // 4,
        np.zeros(n_rows, bool),
        ScoreTable(np.arange(n_rows) * 10, COLUMNS, values),
        max(1.0, float(n_rows)),
    )


def column(n_rows: int, good: float, bad: float, *bad_rows: int) -> NDArray[np.float32]:
    values = np.full(n_rows, good, np.float32)
    values[list(bad_rows)] = bad
    return values


@pytest.mark.parametrize(
    ("gate", "name", "good", "bad"),
    [
        ("black", "brightness", 50, 2),
        ("uniform", "contrast", 60, 1),
        ("text", "text_card", 0, 0.9),
        ("text", "text_share", 0, 0.05),
        ("text", "subtitle_band", 0, 0.9),
        ("clipped", "clipped_bright", 0, 0.8),
        ("clipped", "clipped_dark", 0, 0.97),
        ("blurred", "sharpest_area", 0.7, 0.3),
        ("blurred", "sharpness", 0.6, 0.2),
    ],
)
def test_each_gate_drops_its_frames_and_counts_them(
    gate: str, name: str, good: float, bad: float
) -> None:
    gated = apply_gates(pool_of(12, **{name: column(12, good, bad, 3, 7)}), GateSettings())
    assert [(one.gate, list(one.rows)) for one in gated.dropped] == [(gate, [3, 7])]
    assert list(gated.kept) == [0, 1, 2, 4, 5, 6, 8, 9, 10, 11]


def test_transition_frames_are_dropped() -> None:
    pool = pool_of(8)
    pool.in_transition[2] = True
    assert [one.gate for one in apply_gates(pool, GateSettings()).dropped] == ["transition"]


def test_a_subject_is_smeared_where_it_is_soft_and_quick() -> None:
    soft = column(12, 0.1, -0.15, 2, 3, 4)
    quick, abrupt = column(12, 0.1, 1.2, 3, 9), column(12, np.nan, 0.8, 4, 10)
    pool = pool_of(12, depth_of_field=soft, subject_motion=quick, action_peak=abrupt)
    gated = apply_gates(pool, GateSettings())
    assert [(one.gate, list(one.rows)) for one in gated.dropped] == [("smeared", [3, 4])]


def test_beside_a_title_nothing_of_its_shot_is_taken() -> None:
    pool = pool_of(12, text_share=column(12, 0, 0.2, 5))  # four to a shot, one a second
    gated = apply_gates(pool, GateSettings())
    assert [(one.gate, list(one.rows)) for one in gated.dropped] == [
        ("text", [5]),
        ("fading_title", [4, 6]),
    ]
    subtitle = pool_of(12, text_share=column(12, 0, 0.06, 5))
    assert [one.gate for one in apply_gates(subtitle, GateSettings()).dropped] == ["text"]
    at_a_cut = pool_of(12, text_share=column(12, 0, 0.2, 4))
    assert list(apply_gates(at_a_cut, GateSettings()).dropped[1].rows) == [5]


def test_a_uniformly_soft_film_is_not_all_blurred() -> None:
    gated = apply_gates(pool_of(20, sharpest_area=0.2, sharpness=0.15), GateSettings())
    assert len(gated.kept) == 20


def test_a_film_of_text_is_ranked_and_says_so() -> None:
    gated = apply_gates(pool_of(6, text_card=0.95), GateSettings())
    assert len(gated.kept) == 6
    assert "ranked all the same" in gated.lifted[0]


def test_black_frames_are_never_let_through() -> None:
    with pytest.raises(NothingToRank, match="9 black or nearly black") as caught:
        apply_gates(pool_of(9, brightness=1.0), GateSettings())
    assert caught.value.exit_code == 5


def test_a_gate_without_its_column_stays_open() -> None:
    pool = pool_of(5, brightness=np.nan, text_share=np.nan, sharpness=np.nan)
    assert len(apply_gates(pool, GateSettings()).kept) == 5
    assert len({gate.name for gate in GATES}) == len(GATES)


@settings(max_examples=30)
@given(st.integers(2, 40), st.integers(0, 1000))
def test_parts_add_up_and_order_does_not_matter(n_rows: int, seed: int) -> None:
    pool = pool_of(n_rows, seed)
    rows = np.arange(n_rows)
    utility = utility_of(pool, rows, PROFILE)
    assert utility.weights.sum() == pytest.approx(1)
    assert utility.parts.sum(axis=1) == pytest.approx(utility.total)
    assert ((utility.total >= 0) & (utility.total <= 1)).all()
    shuffled = np.random.default_rng(seed).permutation(n_rows)
    again = utility_of(pool, shuffled, PROFILE)
    assert again.total == pytest.approx(utility.total[shuffled])


def test_better_is_better_and_ties_share() -> None:
    pool = pool_of(4, face_presence=[0, 0.5, 0.5, 1], clipped_bright=[0.3, 0, 0, 0.1])
    profile = Profile("p", "", {"face_presence": 1, "clipped_bright": 1})
    percentile = utility_of(pool, np.arange(4), profile).percentile
    assert percentile[:, 0] == pytest.approx([0.125, 0.5, 0.5, 0.875])
    assert percentile[:, 1] == pytest.approx([0.125, 0.75, 0.75, 0.375])


def test_every_shot_counts_the_same() -> None:
    """A long close-up is not measured against itself alone."""
    values = [0.9, 0.9, 0.9, 0.9, 0.1, np.nan]
    pool = pool_of(6, face_presence=values)
    percentile = utility_of(pool, np.arange(6), Profile("p", "", {"face_presence": 1})).percentile
    # Shot 0 holds four of the frames, shot 1 two, of which one does not apply.
    assert percentile[0, 0] == pytest.approx((0.5 + 1 / 2) / 1.5)
    assert percentile[5, 0] == 0.5


def test_what_nobody_looked_at_shares_its_weight_out() -> None:
    utility = utility_of(pool_of(6, face_presence=np.nan), np.arange(6), PROFILE)
    assert "face_presence" not in [column.name for column in utility.columns]
    assert utility.weights.sum() == pytest.approx(1)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({"face_presense": 1}, "no scorer gives"),
        ({"warmth": 1}, "no better direction"),
        ({"sharpness": -1}, "positive number"),
        ({}, "no weights"),
    ],
)
def test_wrong_profiles_are_refused(weights: dict[str, float], message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        utility_of(pool_of(3), np.arange(3), Profile("mine", "", weights))


def test_profiles_load_by_name_and_path(tmp_path: Path) -> None:
    assert "default" in built_in()
    own = tmp_path / "own.toml"
    own.write_text('name = "own"\n[weights]\nsharpness = 2\n', "utf-8")
    assert load_profile(str(own)).weights == {"sharpness": 2}
    own.write_text("[wheights]\nsharpness = 2\n", "utf-8")
    with pytest.raises(ConfigError, match="unknown key wheights"):
        load_profile(str(own))
    with pytest.raises(ConfigError, match="no profile 'nobody'"):
        load_profile("nobody")


def test_the_same_input_gives_the_same_order() -> None:
    pool = pool_of(60, 4)
    first = rank_pool(pool, RankingSettings(), PROFILE)
    assert first == rank_pool(pool, RankingSettings(), PROFILE)
    assert [one.rank for one in first.candidates] == list(range(1, 13))
    for one in first.candidates:
        assert sum(part.points for part in one.parts) == pytest.approx(one.utility)
        assert one.reasons


@pytest.mark.parametrize(("sure", "said"), [(0.95, True), (0.75, False)])
def test_a_face_is_a_reason_only_where_it_is_surely_one(sure: float, said: bool) -> None:
    """A headlamp was called "face presence: better than 88 % of this title"."""
    face = dict.fromkeys(
        ("face_presence", "face_quality", "main_character"), column(20, 0.2, 0.9, 0)
    )
    pool = pool_of(20, face_confidence=sure, **face)
    best = rank_pool(pool, RankingSettings(), PROFILE).candidates
    told = {sentence for one in best if one.frame_id == 0 for sentence in one.reasons}
    assert any(sentence.startswith("Face presence: better") for sentence in told) is said


def test_a_ranking_survives_json() -> None:
    pool = pool_of(10, brightness=column(10, 50, 1, 2))
    ranking = rank_pool(pool, RankingSettings(top=20), PROFILE)
    again = Ranking.from_json(json.loads(json.dumps(ranking.to_json())))
    assert again == ranking
    assert any("only" in note for note in ranking.notes)


def test_top_must_be_positive() -> None:
    with pytest.raises(ConfigError, match="at least 1"):
        RankingSettings(top=0)


def test_columns_are_checked_against_their_cards() -> None:
    card = Column("x", "share", 0, 1, "more", "About x.", size=3)
    with pytest.raises(ValueError, match="does not fit"):
        ScoreTable(np.arange(2), (card,), {"x": np.zeros((2, 2), np.float32)})


def test_shut_eyes_are_dropped_but_not_lowered_ones() -> None:
    pool = pool_of(
        8,
        eyes_open=[0.9, 0.1, 0.1, 0.9, np.nan, 0.9, 0.9, 0.1],
        eyes_downcast=[0, 0, 0.8, 0, np.nan, 0, 0, 0],
    )
    gated = apply_gates(pool, GateSettings())
    assert [one.gate for one in gated.dropped] == ["eyes_shut"]
    assert list(gated.dropped[0].rows) == [1, 7]
    for far in ({"face_height": 0.05}, {"landmark_confidence": 0.2}):
        assert len(apply_gates(pool_of(8, eyes_open=0.1, **far), GateSettings()).kept) == 8


def test_a_film_without_faces_is_ranked_by_its_subjects_and_says_so() -> None:
    def ranked(count: float) -> Ranking:
        return rank_pool(pool_of(40, face_count=count), RankingSettings(top=5), PROFILE)

    without = ranked(0)
    assert "Faces are seen in no shot" in " ".join(without.notes)
    assert "what draws the eye" in " ".join(without.notes)
    names = {part.column for part in without.candidates[0].parts}
    assert not names & {"face_presence", "main_character", "eyes_open"}
    for count in (1, np.nan):
        found = ranked(count)
        assert "what draws the eye" not in " ".join(found.notes)
        assert "face_presence" in {part.column for part in found.candidates[0].parts}


def test_a_table_of_candidates_keeps_columns_apart() -> None:
    """Only some candidates have a part for a watch-out; the others must not shift."""
    ranking = rank_pool(
        pool_of(12, blood_red=column(12, 0.0, 0.9, 2, 5)), RankingSettings(top=12), PROFILE
    )
    table = ranking_table(ranking)
    assert table.num_rows == len(ranking.candidates)
    for row, one in zip(table.to_pylist(), ranking.candidates, strict=True):
        for part in one.parts:
            assert row[part.column] == part.value
            assert row[f"{part.column}_points"] == part.points
    lowered = [row["frame_id"] for row in table.to_pylist() if row["blood_red_points"] < 0]
    assert sorted(lowered) == [20, 50]
