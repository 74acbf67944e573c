"""Sets: the objective is what it is said to be, greedy keeps its promise, and asking works."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.cast import Character
from ava.ranking.coverage import Coverage
from ava.ranking.facets import facets_of
from ava.ranking.pool import Pool
from ava.ranking.profiles import load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.ranking.sets import Choices, Chosen, DiversitySettings, choose
from tests.test_ranking import pool_of

PROFILE = load_profile("default")
PEOPLE = tuple(
    Character(f"c{n + 1}", name, role, 1, 1, 0.1, 1.0, (), 0)
    for n, (name, role) in enumerate(
        [("Anna", "lead"), ("", "lead"), ("Bo", "supporting"), ("", "extra")]
    )
)


def film_of(n_rows: int, seed: int, **columns: Any) -> Pool:
    """Frames that differ in all facets, with four people in some of them."""
    random = np.random.default_rng(seed)
    colors = random.dirichlet(np.full(216, 0.02), n_rows).astype(np.float32)
    pool = pool_of(
        n_rows, seed,
        color_histogram=colors,
        shot_scale=random.integers(0, 7, n_rows),
        title_space_side=random.integers(0, 5, n_rows),
        face_count=random.integers(0, 4, n_rows),
        group_size=random.integers(0, 4, n_rows),
        **columns,
    )  # fmt: skip
    seen = tuple(
        tuple(one for one in PEOPLE if random.random() < 0.3) if random.random() < 0.8 else ()
        for _ in range(n_rows)
    )
    return replace(pool, seen=seen)


def chosen_of(
    pool: Pool, utility: NDArray[np.float64], top: int, **wanted: Any
) -> tuple[Chosen, Choices]:
    setting = DiversitySettings(**wanted)
    choices = Choices.of(pool, np.arange(len(pool)), setting)
    return choose(choices, utility, top, setting), choices


def objective(
    choices: Choices, utility: NDArray[np.float64], picks: Any, setting: DiversitySettings
) -> float:
    coverage = Coverage(choices.facets, setting.weights, len(utility))
    total = 0.0
    for row in picks:
        total += float(utility[row] + setting.strength * coverage.gain(np.array([row]))[0])
        coverage.add(row)
    return total


@settings(max_examples=25)
@given(st.integers(6, 40), st.integers(0, 10_000))
def test_coverage_is_monotone_and_returns_diminish(n_rows: int, seed: int) -> None:
    pool = film_of(n_rows, seed)
    rows, random = np.arange(n_rows), np.random.default_rng(seed)
    small = Coverage(facets_of(pool, rows), DiversitySettings().weights, n_rows)
    large = Coverage(facets_of(pool, rows), DiversitySettings().weights, n_rows)
    order = random.permutation(n_rows)
    for row in order[: n_rows // 2]:
        large.add(row)
        if random.random() < 0.5:
            small.add(row)
    assert (large.gain(rows) >= 0).all()
    assert (small.gain(rows) >= large.gain(rows) - 1e-12).all()
    assert (small.gain(rows, afresh=True) >= small.gain(rows) - 1e-12).all()
    assert small.gain(rows, afresh=True).max() <= 1 + 1e-9


@settings(max_examples=20)
@given(st.integers(5, 11), st.integers(1, 4), st.integers(0, 10_000))
def test_greedy_is_within_its_bound_of_the_best_set(n_rows: int, top: int, seed: int) -> None:
    pool, setting = film_of(n_rows, seed), DiversitySettings(strength=2.0)
    utility = np.random.default_rng(seed).uniform(0, 1, n_rows)
    chosen, choices = chosen_of(pool, utility, top, strength=2.0)
    found = objective(choices, utility, chosen.picks, setting)
    best = max(
        objective(choices, utility, rows, setting) for rows in combinations(range(n_rows), top)
    )
    assert found >= (1 - 1 / np.e) * best
    assert found == pytest.approx(sum(chosen.worth))


@settings(max_examples=15)
@given(st.integers(0, 10_000))
def test_looking_again_only_at_the_top_is_looking_at_all(seed: int) -> None:
    pool = film_of(400, seed)
    utility = np.random.default_rng(seed).uniform(0, 1, 400)
    chosen, choices = chosen_of(pool, utility, 15)
    setting = DiversitySettings()
    coverage, left = Coverage(choices.facets, setting.weights, 400), np.ones(400, bool)
    for pick in chosen.picks:
        worth = utility + setting.strength * coverage.gain(np.arange(400))
        assert pick == int(np.where(left, worth, -np.inf).argmax())
        left[pick] = False
        coverage.add(pick)


def test_the_order_that_frames_come_in_changes_nothing() -> None:
    pool = film_of(80, 5)
    utility = np.random.default_rng(1).uniform(0, 1, 80)
    setting = DiversitySettings(need=("anna:2",), at_most=("per-shot=1",))
    shuffled = np.random.default_rng(2).permutation(80)
    first = choose(Choices.of(pool, np.arange(80), setting), utility, 10, setting)
    again = choose(Choices.of(pool, shuffled, setting), utility[shuffled], 10, setting)
    assert [int(shuffled[row]) for row in again.picks] == first.picks
    assert again.diversity == pytest.approx(first.diversity)


def test_what_is_new_comes_before_what_is_a_little_better() -> None:
    """Two of three good frames are the same shot and look alike: the third comes second."""
    layout = np.zeros((3, 96), np.float32)
    layout[1] = 12.0
    layout[2] = 200.0
    colors = np.zeros((3, 216), np.float32)
    colors[[0, 1], 5] = 1
    colors[2, 99] = 1
    pool = pool_of(3, layout=layout, color_histogram=colors, shot_scale=[1, 1, 5])
    pool.shot_index[2] = 9
    utility = np.array([0.9, 0.85, 0.7])
    chosen, _ = chosen_of(pool, utility, 3)
    assert chosen.picks == [0, 2, 1]
    assert chosen.diversity[0] == 1 > chosen.diversity[1] > chosen.diversity[2]
    assert "long shot" in chosen.firsts[1]
    assert "close-up" not in chosen.firsts[2]
    assert chosen_of(pool, utility, 3, strength=0.0)[0].picks == [0, 1, 2]


def test_repeats_are_left_out_and_named_wherever_they_stand() -> None:
    layout = np.tile(np.linspace(0, 255, 96, dtype=np.float32), (40, 1))
    layout[3] = layout[3, ::-1]
    colors = np.zeros((40, 216), np.float32)
    colors[:, 7] = 1
    pool = pool_of(40, layout=layout, color_histogram=colors)
    utility = np.linspace(0.5, 0.1, 40)
    utility[39] = 0.9
    chosen, _ = chosen_of(pool, utility, 4)
    assert chosen.picks == [39, 3]
    assert chosen.repeats == {row: 39 for row in range(39) if row != 3}


@pytest.mark.parametrize("word", ["lead", "anna", "c2", "wide", "extreme-close-up", "nobody"])
def test_what_is_asked_for_is_there(word: str) -> None:
    pool = film_of(120, 3)
    utility = np.random.default_rng(3).uniform(0, 1, 120)
    chosen, choices = chosen_of(pool, utility, 6, need=(f"{word}:4",))
    (mask,) = choices.masks
    assert mask.sum() >= 4
    assert mask[chosen.picks].sum() >= 4
    assert not chosen.unmet
    free, _ = chosen_of(pool, utility, 6)
    for_nothing, _ = chosen_of(pool, utility, 6, need=(f"{word}:1",))
    if mask[free.picks].sum() >= 1:
        assert for_nothing.picks == free.picks


def test_several_wishes_share_the_places() -> None:
    pool = film_of(200, 8)
    utility = np.random.default_rng(8).uniform(0, 1, 200)
    wishes = ("lead:2", "wide:2", "nobody:1", "title-left:2")
    chosen, choices = chosen_of(pool, utility, 5, need=wishes, at_most=("per-shot=1",))
    served = [int(mask[chosen.picks].sum()) for mask in choices.masks]
    assert all(count >= wish for count, wish in zip(served, (2, 2, 1, 2), strict=True))
    assert len(set(pool.shot_index[chosen.picks])) == 5


def test_what_cannot_be_had_is_said() -> None:
    pool = film_of(40, 2, brightness=50.0)
    scales = np.full(40, 3, np.float32)
    scales[7] = 6
    pool.scores.values["shot_scale"][:] = scales
    ranking = rank_pool(
        pool, RankingSettings(top=6, diversity=DiversitySettings(need=("wide:3",))), PROFILE
    )
    assert "3 with wide were asked for; 1 could be had." in ranking.notes
    assert sum(one.facets["scale"] == "extreme long shot" for one in ranking.candidates) == 1


@pytest.mark.parametrize(
    ("limit", "facet", "most"),
    [("per-shot=1", "shot", 1), ("per-character=2", "characters", 2), ("per-scale=2", "scale", 2)],
)
def test_limits_hold(limit: str, facet: str, most: int) -> None:
    pool = film_of(160, 11)
    utility = np.random.default_rng(11).uniform(0, 1, 160)
    chosen, choices = chosen_of(pool, utility, 14, at_most=(limit,), strength=0.0)
    (limited,) = (one for one in choices.facets if one.name == facet)
    shown = [word for row in chosen.picks for word in limited.of(row)]
    counted = {word: shown.count(word) for word in shown if word not in ("nobody", "somebody else")}
    assert len(chosen.picks) >= 6
    assert max(counted.values()) == most
    free, _ = chosen_of(pool, utility, 14, strength=0.0)
    assert free.picks != chosen.picks


@pytest.mark.parametrize(
    ("wanted", "message"),
    [
        ({"need": ("lead",)}, "write it as lead:2"),
        ({"need": ("lead:none",)}, "write it as lead:2"),
        ({"at_most": ("per-shott=1",)}, "no limit 'per-shott'"),
        ({"at_most": ("per-shot=0",)}, "write it as per-shot=1"),
        ({"shot": -1.0}, "ranking.diversity.shot must not be negative"),
    ],
)
def test_wrong_wishes_are_refused(wanted: Any, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        DiversitySettings(**wanted)


def test_an_unknown_wish_names_the_nearest() -> None:
    with pytest.raises(ConfigError, match="no such thing") as caught:
        chosen_of(film_of(20, 1), np.zeros(20), 3, need=("ana:1",))
    assert caught.value.hint == "did you mean anna?"


def test_every_facet_is_worth_less_the_more_of_it_is_there() -> None:
    """Frames alike in all but one facet: the one that differs in it comes before the others."""
    for facet, column, odd in (("scale", "shot_scale", 0), ("light", "brightness", 90.0)):
        values = np.full(12, 3.0 if facet == "scale" else 50.0)
        values[9] = odd
        pool = film_of(12, 4, warmth=0.0)
        same = {name: np.repeat(one[:1], 12, axis=0) for name, one in pool.scores.values.items()}
        random = np.random.default_rng(0)
        same["layout"] = random.uniform(0, 255, (12, 96)).astype(np.float32)
        same[column] = values.astype(np.float32)
        pool = replace(
            pool, scores=replace(pool.scores, values=same), seen=(), shot_index=np.arange(12)
        )
        only = dict.fromkeys(DiversitySettings().weights, 0.0) | {facet: 1.0}
        chosen, _ = chosen_of(pool, np.full(12, 0.5), 3, **only)
        assert 9 in chosen.picks[:2]
