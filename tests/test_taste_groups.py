"""Viewer vectors and groups: naive loops, planted groups, and none where none are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import ibis
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from ava.taste.groups import find_groups, keep_names
from ava.taste.simulator import SimulationSettings, draw_traffic, make_world
from ava.taste.viewers import (
    Plays,
    dealt_leanings,
    distance,
    fetch_plays,
    nearest,
    play_weights,
    viewers_of,
)
from tests.taste_worlds import groups_of, plays_of

EASY = SimulationSettings(n_profiles=800, n_impressions=150, taste=3.0, individual=0.2)
HARD = SimulationSettings(n_profiles=1000, n_impressions=120, taste=2.0)
UNTIL = datetime(2026, 4, 1, tzinfo=UTC)


@pytest.mark.parametrize(("settings", "at_least"), [(EASY, 0.95), (HARD, 0.7)])
def test_planted_groups_are_found(settings: SimulationSettings, at_least: float) -> None:
    world = make_world(settings)
    traffic = draw_traffic(world, 0)
    found = groups_of(world, traffic)
    assert len(found.names) == 4
    assert (found.group >= 0).mean() > 0.98
    assert adjusted_rand_score(traffic.group, found.group) >= at_least
    assert found.p_value <= 0.05


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_no_groups_are_planted_none_are_found(seed: int) -> None:
    settings = SimulationSettings(n_profiles=600, n_groups=1, individual=0.0, seed=seed)
    world = make_world(settings)
    found = groups_of(world, draw_traffic(world, 0))
    assert found.names == ()
    assert (found.group == -1).all()
    assert found.verdict.startswith("No groups")


def test_small_groups_are_dissolved() -> None:
    rng = np.random.default_rng(0)
    leanings = np.zeros((310, 216))
    leanings[:150, 0], leanings[150:300, 1], leanings[300:, 2] = 1, 1, 1
    leanings += rng.normal(0, 0.01, leanings.shape)
    found = find_groups(
        leanings,
        np.full(310, 9),
        lambda rng, rows: rng.normal(0, 0.01, (len(rows), 216)),
        n_groups=3,
    )
    assert len(found.names) == 2
    assert (found.group[300:] == -1).all()
    assert "fewer than 20" in found.verdict


def test_names_stay_when_groups_are_found_again() -> None:
    world = make_world(EASY)
    first = groups_of(world, draw_traffic(world, 0))
    centers = first.centroids @ first.components
    turned = replace(first, centroids=first.centroids[[2, 0, 3, 1]])
    again = keep_names(turned, first.names, centers, centers[[2, 0, 3, 1]] + 1e-4)
    assert again.names == ("C", "A", "D", "B")
    fewer = keep_names(turned, ("A", "B", "C"), centers[:3], centers[[2, 0, 3, 1]])
    assert fewer.names == ("C", "A", "D", "B")


def test_vectors_equal_a_naive_loop() -> None:
    world = make_world(SimulationSettings(n_profiles=30, n_titles=4))
    plays = plays_of(draw_traffic(world, 0).decisions, world.variants)
    viewers = viewers_of(plays, world.variants)
    for profile in range(30):
        total, weight = np.zeros(216), 0.0
        for row in np.flatnonzero(plays.profile == profile):
            total += plays.weight[row] * world.variants.histograms[plays.variant[row]]
            weight += plays.weight[row]
        assert viewers.vectors[profile] == pytest.approx(total / weight, abs=1e-12)
    assert viewers.vectors.sum(axis=1) == pytest.approx(1, abs=1e-9)
    assert viewers.leanings.sum(axis=1) == pytest.approx(0, abs=1e-9)


def test_leanings_do_not_tell_titles() -> None:
    """Who only differs by which titles they play, taking any artwork, leans to nothing."""
    world = make_world(SimulationSettings(n_profiles=2, n_titles=2))
    profile, variant = np.repeat([0, 1], 10), np.tile(np.concatenate(world.variants.slots), 2)
    counts = (profile == world.variants.title_of[variant]).astype(np.int64)
    plays = Plays(("a", "b"), profile, variant, np.ones(20), counts * 1.0, counts)
    viewers = viewers_of(plays, world.variants)
    assert np.abs(viewers.vectors[0] - viewers.vectors[1]).max() > 0.001
    assert np.abs(viewers.leanings).max() < 1e-12


def test_leanings_do_not_tell_what_chance_showed() -> None:
    """Who takes half of whatever they are shown leans to nothing, and who takes one kind does."""
    world = make_world(SimulationSettings(n_profiles=3, n_titles=1))
    profile, variant = np.repeat([0, 1, 2], 5), np.tile(world.variants.slots[0], 3)
    shown = np.array([8, 8, 8, 8, 8, 40, 2, 2, 2, 2, 8, 8, 8, 8, 8])
    played = np.where(profile < 2, shown // 2, [*[0] * 10, 8, 3, 3, 3, 3])
    plays = Plays(("a", "b", "c"), profile, variant, shown * 1.0, played * 1.0, played)
    viewers = viewers_of(plays, world.variants)
    sizes = np.linalg.norm(viewers.leanings, axis=1)
    assert sizes[1] < 0.5 * sizes[2]
    apart = np.linalg.norm(viewers.vectors - viewers.vectors[0], axis=1)
    assert apart[1] > apart[2]  # the plain average is misled


def test_dealt_plays_keep_what_was_shown_and_played() -> None:
    """Nobody plays what they were not shown, and the mean of many deals is no leaning."""
    world = make_world(replace(EASY, n_profiles=200, n_impressions=60))
    plays = plays_of(draw_traffic(world, 0).decisions, world.variants)
    truly = viewers_of(plays, world.variants).leanings
    everyone = np.arange(len(plays.profile_ids))
    deals = [
        dealt_leanings(plays, world.variants, np.random.default_rng(seed), everyone)
        for seed in range(40)
    ]
    assert np.array_equal(
        deals[0], dealt_leanings(plays, world.variants, np.random.default_rng(0), everyone)
    )
    sizes = [float((one**2).sum()) for one in (truly, deals[0], np.mean(deals, axis=0))]
    assert sizes[0] > 1.3 * sizes[1]
    assert sizes[2] < 0.2 * sizes[1]


def test_plays_decay_and_end() -> None:
    world = make_world(SimulationSettings(n_profiles=2, n_titles=2))
    name = world.variants.variant_ids[3]
    day = np.array([2, 32, 62, 93, 0, 32])
    moments = np.datetime64("2026-04-01") - day * np.timedelta64(86_400, "s")
    impressions = ibis.memtable(
        {
            "profile_id": ["a"] * 6,
            "variant_id": [name] * 6,
            "at": moments.astype("datetime64[s]").astype(int).tolist(),
            "played": [True] * 5 + [False],
        }
    )
    plays = fetch_plays(play_weights(impressions, UNTIL), world.variants)
    assert plays.n_plays.tolist() == [3]  # 93 days ago is too long, and the end is exclusive
    expected = sum(2.0 ** (-one / 30) for one in (2, 32, 62))
    assert plays.weight[0] == pytest.approx(expected, rel=1e-9)
    assert plays.shown[0] == pytest.approx(expected + 2.0 ** (-32 / 30), rel=1e-9)
    assert plays.variant.tolist() == [3]


def test_distances_and_neighbors() -> None:
    one, other = np.zeros(216), np.zeros(216)
    one[0], other[215] = 1, 1
    for metric, most in (("cosine", 1.0), ("jensen_shannon", 1.0)):
        assert distance(one, one, metric) == pytest.approx(0, abs=1e-9)  # type: ignore[arg-type]
        assert distance(one, other, metric) == pytest.approx(most)  # type: ignore[arg-type]
    assert 50 < distance(one, other, "earth_movers") < 100
    world = make_world(EASY)
    traffic = draw_traffic(world, 0)
    viewers = viewers_of(plays_of(traffic.decisions, world.variants), world.variants)
    near = [int(name[1:]) for name, _ in nearest(viewers, 0, 20)]
    assert 0 not in near
    assert (traffic.group[near] == traffic.group[0]).mean() > 0.8
