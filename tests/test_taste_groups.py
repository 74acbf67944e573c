"""Viewer vectors and groups: naive loops, planted groups, and none where none are."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import ibis
import numpy as np
import pytest
from sklearn.metrics import adjusted_rand_score

from ava.core.errors import ConfigError
from ava.taste.blinding import without_itself
from ava.taste.clustering import METHODS, Method
from ava.taste.decisions import Doubles, Places
from ava.taste.fitting import FitSettings
from ava.taste.group_words import letter_colors
from ava.taste.groups import find_groups, keep_names
from ava.taste.simulator import SimulationSettings, Traffic, World, draw_traffic, make_world
from ava.taste.viewers import (
    Plays,
    apart_from_title,
    dealt_leanings,
    distance,
    fetch_plays,
    nearest,
    play_weights,
    rates,
    viewers_of,
)
from tests.taste_worlds import groups_of, plays_of, study_of_world

EASY = SimulationSettings(n_profiles=800, n_impressions=150, taste=3.0, individual=0.2)
HARD = SimulationSettings(n_profiles=1000, n_impressions=120, taste=2.0)
HARDER = SimulationSettings(n_profiles=1000, n_impressions=120, taste=1.6)
NOBODY = SimulationSettings(n_profiles=600, n_groups=1, individual=0.0)
UNTIL = datetime(2026, 4, 1, tzinfo=UTC)


def best_labels(world: World, traffic: Traffic) -> Places:
    """The likeliest group of every profile to who knows all that was planted but the group.

    Nobody can do better, except by luck: a profile that took by chance what others like is one of
    theirs.
    """
    log, settings, title = traffic.decisions, world.settings, world.variants.title_of
    age = log.shown_days - log.shown_days.min()
    odds = world.variant_odds[log.variant] + world.title_odds[title[log.variant]]
    odds += np.log(settings.base_rate / (1 - settings.base_rate))
    odds += settings.novelty * np.exp(-age / settings.novelty_days)
    odds -= settings.position_bias * (traffic.position - 1) / 9
    likelihood = []
    for liking in world.likings:
        chance = 1 / (1 + np.exp(-odds - world.styles[log.variant] @ liking))
        each = np.log(np.where(log.played, chance, 1 - chance))
        likelihood.append(np.bincount(log.profile, each))
    return np.argmax(likelihood, axis=0)


@pytest.mark.parametrize(("settings", "at_least"), [(EASY, 0.95), (HARD, 0.7), (HARDER, 0.5)])
def test_planted_groups_are_found(settings: SimulationSettings, at_least: float) -> None:
    world = make_world(settings)
    traffic = draw_traffic(world, 0)
    found = groups_of(world, traffic)
    assert len(found.names) == 4
    assert (found.group >= 0).mean() > 0.98
    agreement = adjusted_rand_score(traffic.group, found.group)
    assert agreement >= at_least
    assert agreement >= 0.9 * adjusted_rand_score(traffic.group, best_labels(world, traffic))
    assert found.p_value <= 0.05


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_no_groups_are_planted_none_are_found(seed: int) -> None:
    world = make_world(replace(NOBODY, seed=seed))
    found = groups_of(world, draw_traffic(world, 0))
    assert found.names == ()
    assert (found.group == -1).all()
    assert found.verdict.startswith("No groups")


@pytest.mark.slow
@pytest.mark.parametrize("method", METHODS)
def test_every_method_finds_what_is_clear_and_nothing_in_nothing(method: Method) -> None:
    world = make_world(replace(EASY, n_profiles=600))
    traffic = draw_traffic(world, 0)
    found = groups_of(world, traffic, method=method)
    member = found.group >= 0
    assert len(found.names) == 4, found.tried
    assert member.mean() > (0.6 if method == "hdbscan" else 0.98)  # it leaves out who is between
    assert adjusted_rand_score(traffic.group[member], found.group[member]) >= 0.95
    assert adjusted_rand_score(found.nearest(found.coordinates(leanings_of(world, traffic)))[member],
                               found.group[member]) > 0.95  # fmt: skip
    nobody = make_world(NOBODY)
    found = groups_of(nobody, draw_traffic(nobody, 0), method=method)
    assert found.names == ()
    assert found.verdict.startswith("No groups")


def leanings_of(world: World, traffic: Traffic) -> Doubles:
    return viewers_of(plays_of(traffic.decisions, world.variants), world.variants).leanings


def test_a_mixture_tells_groups_that_are_not_round() -> None:
    """Two long strips of profiles side by side: k-means cuts across both."""
    rng = np.random.default_rng(0)
    planted = np.arange(1000) < 400
    leanings = rng.normal(0, 0.05, (1000, 216))
    leanings[:, 0] = rng.normal(0, 1, 1000)
    leanings[:, 1] = np.where(planted, 0.6, -0.6) + rng.normal(0, 0.1, 1000)
    agreement = {}
    for method in ("kmeans", "gmm"):
        found = find_groups(
            leanings,
            np.full(1000, 9),
            lambda rng, rows: rng.normal(0, 0.01, (len(rows), 216)),
            method=method,
            n_groups=2,
        )
        agreement[method] = adjusted_rand_score(planted, found.group)
    assert agreement["gmm"] > 0.9
    assert agreement["kmeans"] < 0.2


def test_hdbscan_is_told_no_number() -> None:
    with pytest.raises(ConfigError, match="finds the number of groups itself"):
        find_groups(
            np.zeros((9, 216)), np.ones(9), lambda rng, rows: rows, method="hdbscan", n_groups=2
        )


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
    centers = first.division.centroids @ first.components
    turned = replace(first, division=first.division.only([2, 0, 3, 1]))
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
    plays = Plays(
        ("a", "b"), profile, variant, np.ones(20), counts * 1.0, np.ones(20, np.int64), counts
    )
    viewers = viewers_of(plays, world.variants)
    assert np.abs(viewers.vectors[0] - viewers.vectors[1]).max() > 0.001
    assert np.abs(viewers.leanings).max() < 1e-12


def test_leanings_do_not_tell_what_chance_showed() -> None:
    """Who takes half of whatever they are shown leans to nothing, and who takes one kind does."""
    world = make_world(SimulationSettings(n_profiles=3, n_titles=1))
    profile, variant = np.repeat([0, 1, 2], 5), np.tile(world.variants.slots[0], 3)
    shown = np.array([8, 8, 8, 8, 8, 40, 2, 2, 2, 2, 8, 8, 8, 8, 8])
    played = np.where(profile < 2, shown // 2, [*[0] * 10, 8, 3, 3, 3, 3])
    plays = Plays(("a", "b", "c"), profile, variant, shown * 1.0, played * 1.0, shown, played)
    viewers = viewers_of(plays, world.variants)
    sizes = np.linalg.norm(viewers.leanings, axis=1)
    assert sizes[1] < 0.5 * sizes[2]
    apart = np.linalg.norm(viewers.vectors - viewers.vectors[0], axis=1)
    assert apart[1] > apart[2]  # the plain average is misled


def test_deals_are_what_would_be_if_nobody_cared() -> None:
    """Leanings spread as in a deal where no taste is planted, and further where one is."""
    for settings, low, high in ((NOBODY, 0.93, 1.07), (replace(EASY, n_profiles=600), 1.3, 9.0)):
        world = make_world(settings)
        plays = plays_of(draw_traffic(world, 0).decisions, world.variants)
        everyone = np.arange(len(plays.profile_ids))
        truly = (viewers_of(plays, world.variants).leanings ** 2).sum()
        deals = [
            dealt_leanings(plays, world.variants, np.random.default_rng(seed), everyone)
            for seed in (0, 1, 0)
        ]
        assert np.array_equal(deals[0], deals[2])
        assert low < truly / (deals[0] ** 2).sum() < high
        assert low < truly / (deals[1] ** 2).sum() < high


def test_an_impression_is_left_out_of_what_is_known_of_its_profile() -> None:
    """As if the leaning had been made again without it, one impression at a time."""
    world = make_world(replace(EASY, n_profiles=120, n_titles=5, n_impressions=40))
    traffic = draw_traffic(world, 0)
    study = study_of_world(world, traffic, FitSettings(k_anonymity=2, n_groups=4))
    log, variants, until = traffic.decisions, world.variants, study.groups["split_at"]
    end = datetime.fromisoformat(until)
    split = end.timestamp() / 86_400
    early = np.flatnonzero(study.is_early)
    weight = 0.5 ** ((split - np.round(log.shown_days * 86_400) / 86_400) / 30)
    plays = plays_of(log.where(study.is_early), variants, weight[early])
    rate, apart = rates(plays, variants), apart_from_title(plays, variants)
    viewers = viewers_of(plays, variants)
    found = find_groups(
        viewers.leanings,
        viewers.n_plays,
        lambda rng, rows: dealt_leanings(plays, variants, rng, rows),
        k_anonymity=2,
        n_groups=4,
    )
    blind = without_itself(log, plays, variants, found, end, 90, 30)
    rng = np.random.default_rng(0)
    for at in rng.choice(early, 40, False):
        mine = early[(log.profile[early] == log.profile[at]) & (early != at)]
        played = mine[log.played[mine]]
        expected = weight[mine] * rate[log.variant[mine]]
        if not len(played):
            assert (blind.coordinates[at] == 0).all()
            continue
        leaning = np.average(apart[log.variant[played]], axis=0, weights=weight[played])
        leaning -= np.average(apart[log.variant[mine]], axis=0, weights=expected)
        assert blind.coordinates[at] == pytest.approx(found.coordinates(leaning), abs=1e-6)
        assert blind.n_plays[at] == len(played)
    late = int(np.flatnonzero(~study.is_early & (study.group[log.profile] >= 0))[0])
    whole = found.coordinates(viewers.leanings)[
        viewers.profile_ids.index(f"p{log.profile[late]:06d}")
    ]
    assert blind.coordinates[late] == pytest.approx(whole, abs=1e-6)


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


def test_a_letter_has_the_color_of_its_group() -> None:
    """Dark or bright, whoever plays a hue gets a letter of it; no two the same while there are enough."""

    def leaning(*more: tuple[int, int, int]) -> list[float]:
        found = np.full((6, 6, 6), -0.01)
        for red, green, blue in more:
            found[red, green, blue] = 0.2
        return found.ravel().tolist()

    warm, blue, green = (
        leaning((2, 1, 0), (5, 2, 0)),
        leaning((0, 1, 2), (1, 2, 4)),
        leaning((0, 2, 0), (1, 3, 1)),
    )
    assert letter_colors([warm, blue, green]) == ("#c2571a", "#2f6fb0", "#3c8a4a")
    assert letter_colors([green, warm, blue]) == ("#3c8a4a", "#c2571a", "#2f6fb0")
    assert len(set(letter_colors([blue] * 8))) == 8
    assert len(letter_colors([blue] * 9)) == 9
    assert letter_colors([]) == ()
