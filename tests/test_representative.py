"""How much of the film looks like a frame: planted looks, in planted shares of the time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ava.ranking.pool import Pool
from ava.ranking.profiles import load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.ranking.representative import representativeness
from tests.test_ranking import pool_of


def film_of_looks(looks: list[int]) -> Pool:
    """Frames of so many different looks: layout and colors have nothing in common."""
    random = np.random.default_rng(3)
    layouts = random.uniform(0, 255, (max(looks) + 1, 96))
    histograms = np.eye(max(looks) + 1, 216)
    return pool_of(
        len(looks), layout=layouts[looks], color_histogram=histograms[looks], blood_red=0.0
    )


def test_the_common_look_represents_the_film() -> None:
    looks = [0] * 12 + [1] * 6 + [2] * 2
    found = representativeness(film_of_looks(looks))
    assert found[:12] == pytest.approx([12 / 20] * 12, abs=0.03)
    assert found[12:18] == pytest.approx([6 / 20] * 6, abs=0.03)
    assert found[18:] == pytest.approx([2 / 20] * 2, abs=0.03)


def test_time_counts_and_not_the_number_of_frames() -> None:
    pool = film_of_looks([0] * 10 + [1])
    crowded = replace(
        pool,
        pts_seconds=np.concatenate([np.linspace(0, 10, 10), [80.0]]),
        duration_seconds=100.0,
    )
    found = representativeness(crowded)
    assert found[-1] == pytest.approx(0.55, abs=0.02)  # from 45 seconds on nothing is nearer
    assert (found[:-1] < found[-1]).all()


def test_what_is_not_known_is_missing() -> None:
    pool = film_of_looks([0, 0, 1])
    layout = pool.column("layout").copy()
    layout[1] = np.nan
    found = representativeness(
        replace(pool, scores=replace(pool.scores, values={**pool.scores.values, "layout": layout}))
    )
    assert np.isnan(found[1])
    assert np.isfinite(found[[0, 2]]).all()


def test_it_is_part_of_the_utility_and_shown() -> None:
    looks = [0] * 12 + [1] * 4
    ranking = rank_pool(film_of_looks(looks), RankingSettings(top=2), load_profile("default"))
    parts = {part.column: part for part in ranking.candidates[0].parts}
    assert parts["representativeness"].points > 0
    assert parts["representativeness"].value is not None


def test_many_frames_take_little_time_and_give_the_same() -> None:
    looks = [0] * 1500 + [1] * 500
    found = representativeness(film_of_looks(looks))
    assert found[0] == pytest.approx(0.75, abs=0.02)
    assert found[-1] == pytest.approx(0.25, abs=0.02)
