"""Assignment and policies: planted liking is found, nothing is found where nothing is."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from ava.core.errors import ConfigError
from ava.taste import policies
from ava.taste.assignment import assign
from ava.taste.decisions import Doubles, Places, Variants
from ava.taste.fitting import Study
from ava.taste.insights import e_value, trait_effects, within_titles
from ava.taste.judging import assigned, learned_policies
from ava.taste.simulator import SimulationSettings, Traffic, World, draw_traffic, make_world
from ava.taste.trends import find_trends
from tests.taste_worlds import study_of_world, true_worth

WORLD = SimulationSettings(
    n_profiles=1000, n_titles=6, n_impressions=160, taste=1.6, individual=1.0, seed=2
)


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(WORLD)


@pytest.fixture(scope="module")
def traffic(world: World) -> Traffic:
    return draw_traffic(world, 0)


def planted(traffic: Traffic) -> Places:
    return np.asarray(traffic.group[traffic.decisions.profile], np.int64)


@pytest.fixture(scope="module")
def study(world: World, traffic: Traffic) -> Study:
    return study_of_world(world, traffic)


@pytest.fixture(scope="module")
def learned(study: Study) -> dict[str, policies.Explored]:
    return learned_policies(study, assigned(study), explore=0.0)


def test_policies_are_worth_what_was_planted(
    study: Study, traffic: Traffic, learned: dict[str, policies.Explored]
) -> None:
    """Profiles differ from their group a good deal, so who knows them does best."""
    worth = {name: true_worth(study, traffic, policy) for name, policy in learned.items()}
    assert worth["random"] < worth["best_single"] < worth["per_group"]
    assert worth["per_group"] < min(worth["thompson"], worth["lin_ucb"]), worth


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_the_order_of_policies_in_the_default_world(seed: int) -> None:
    """There is little to know of a profile beyond its group, and that little is not lost."""
    world = make_world(SimulationSettings(n_profiles=2000, seed=seed))
    traffic = draw_traffic(world, 0)
    study = study_of_world(world, traffic)
    worth = {
        name: true_worth(study, traffic, policy)
        for name, policy in learned_policies(study, assigned(study)).items()
    }
    assert worth["random"] < worth["best_single"] < worth["per_group"]
    assert worth["per_group"] <= min(worth["thompson"], worth["lin_ucb"]) + 0.001, worth


def test_groups_do_not_prove_themselves(study: Study, traffic: Traffic) -> None:
    """Rates of groups that were made of the same takes are too high where the group is, unless
    every impression is counted for the group its profile would be in without it.
    """
    variants, log = study.variants, study.log
    title, whole = variants.title_of[log.variant], study.group[log.profile]
    errors = {}
    for name, group in (("blind", study.row_group), ("whole", whole)):
        found = assign(study.early, variants, group[study.is_early], len(study.names))
        best = [int(one) for one in found.leader.ravel()]
        groups = np.repeat(np.arange(len(study.names)), len(variants.titles))
        truth = [
            traffic.chances[
                study.is_early & (whole == g) & (title == variants.title_of[v]), variants.slot_of[v]
            ].mean()
            for g, v in zip(groups, best, strict=True)
        ]
        errors[name] = float((found.rate[groups, best] - truth).mean())
    assert abs(errors["blind"]) < 0.015
    assert errors["whole"] > 0.025


def test_assigned_is_what_the_planted_group_likes(world: World, traffic: Traffic) -> None:
    found = assign(traffic.decisions, world.variants, planted(traffic), 4)
    for group, title in np.argwhere(found.assigned != found.best_single[None]):
        style = world.styles[found.assigned[group, title]]
        default = world.styles[found.best_single[title]]
        assert style @ world.likings[group] > default @ world.likings[group]
    assert (found.assigned != found.best_single[None]).mean() > 0.5
    assert (found.lift_low[found.assigned != found.best_single[None]] > 0).all()


@pytest.mark.slow
def test_nothing_worse_is_assigned_where_groups_do_not_differ() -> None:
    """Profiles in groups by lot: what is assigned in place of the default must be truly better."""
    n_false = n_cells = 0
    world = make_world(SimulationSettings(n_profiles=600, n_titles=8, n_groups=1, individual=0.0))
    variants = world.variants
    for seed in range(40):
        traffic = draw_traffic(world, seed)
        group = np.random.default_rng(seed).integers(3, size=600)
        found = assign(traffic.decisions, variants, group[traffic.decisions.profile], 3, seed)
        true_odds = world.variant_odds
        false = true_odds[found.assigned] < true_odds[found.best_single][None]
        n_false += int(false.sum())
        n_cells += found.assigned.size
    assert n_false / n_cells <= 0.025


def test_intervals_of_rates_cover_the_planted_ones(world: World, traffic: Traffic) -> None:
    found = assign(traffic.decisions, world.variants, planted(traffic), 4)
    log, variants = traffic.decisions, world.variants
    title, mine = variants.title_of[log.variant], traffic.group[log.profile]
    inside = []
    for group in range(4):
        for variant in range(len(variants)):
            rows = (mine == group) & (title == variants.title_of[variant])
            truth = traffic.chances[rows, variants.slot_of[variant]].mean()
            inside.append(found.low[group, variant] <= truth <= found.high[group, variant])
    assert 0.88 <= np.mean(inside) <= 1.0


def test_a_new_variant_stands_on_its_colors(world: World, traffic: Traffic) -> None:
    """Never shown to anybody, it is expected to be taken by the group that likes its style."""
    log, variants = traffic.decisions, world.variants
    right = []
    for new in range(0, len(variants), 4):
        style = int(world.styles[new].argmax())
        if style >= 4:
            continue
        others = log.variant != new
        found = assign(log.where(others), variants, planted(traffic)[others], 4)
        assert (found.shown[:, new] == 0).all()
        right.append(int(found.rate[:, new].argmax()) == style)
    assert np.mean(right) > 0.8


def test_choices_have_the_propensity_they_say(
    study: Study, learned: dict[str, policies.Explored]
) -> None:
    policy = replace(learned["thompson"], budget=0.2)
    rng = np.random.default_rng(0)
    profile = int(np.flatnonzero(study.group == 0)[0])
    chosen: dict[int, list[float]] = {}
    for _ in range(4000):
        variant, chance = policy.choose(0, study.taste[profile], 1, rng)
        chosen.setdefault(variant, []).append(chance)
    assert sum(chances[0] for chances in chosen.values()) == pytest.approx(1, abs=1e-9)
    assert len(chosen) == 5  # exploration reaches every one
    for chances in chosen.values():
        assert len(set(chances)) == 1
        assert len(chances) / 4000 == pytest.approx(chances[0], abs=0.03)


def test_the_page_has_the_last_word(study: Study, learned: dict[str, policies.Explored]) -> None:
    policy = learned["best_single"]
    rng, taste = np.random.default_rng(0), study.taste[0]
    best, chance = policy.choose(0, taste, 0, rng)
    assert chance == 1
    allowed = study.variants.slots[0] != best
    other, chance = policy.choose(0, taste, 0, rng, allowed)
    assert other != best
    assert chance == pytest.approx(0.25)
    with pytest.raises(ConfigError, match="allows no variant"):
        policy.choose(0, taste, 0, rng, [False] * 5)


def test_variants_of_one_artwork_share_their_evidence() -> None:
    world = make_world(SimulationSettings(n_profiles=200, n_titles=2))
    log, one = draw_traffic(world, 0).decisions, world.variants
    ids = (one.artwork_ids[0], one.artwork_ids[0], *one.artwork_ids[2:])
    joined = Variants(
        one.variant_ids, one.title_ids, ids, one.histograms, one.files, {}, one.genres
    )
    found = assign(log, joined, np.zeros(len(log), np.int64), 1)
    assert found.pooled[0] == pytest.approx(found.pooled[1])


def _with_trait(world: World, values: Doubles) -> Variants:
    one = world.variants
    return Variants(
        one.variant_ids, one.title_ids, one.artwork_ids, one.histograms, one.files,
        {"warmth": values}, one.genres,
    )  # fmt: skip


def test_a_trait_that_is_liked_is_told(world: World, traffic: Traffic) -> None:
    """How much a variant is of the first group's style: liked by that group, not by the others."""
    variants = _with_trait(world, world.styles[:, 0])
    effects = {
        one.group: one for one in trait_effects(traffic.decisions, variants, planted(traffic), 4)
    }
    assert effects[0].low > 1.4
    assert effects[0].e_value > 1.9
    assert all(effects[group].high < effects[0].low for group in (1, 2, 3))


@pytest.mark.slow
def test_intervals_of_traits_that_do_nothing_hold_one() -> None:
    rng = np.random.default_rng(0)
    title = np.repeat(np.arange(20), 6)
    inside = []
    for _ in range(200):
        odds = rng.normal(-1.5, 0.3, 20)[title] + rng.normal(0, 0.25, 120)
        shown = np.full(120, 500.0)
        taken = rng.binomial(500, 1 / (1 + np.exp(-odds))).astype(np.float64)
        weight, error = within_titles(shown, taken, rng.normal(size=(120, 1)), title)
        inside.append(abs(weight[0]) < 1.96 * error[0])
    assert 0.90 <= np.mean(inside) <= 0.98


def test_e_values_are_the_published_ones() -> None:
    # VanderWeele & Ding 2017: a risk ratio of 3.9 has an E-value of 7.26, its limit 1.8 one of 3.0.
    assert e_value(1.8, 8.7, 0.0) == pytest.approx(3.0, abs=0.01)
    assert e_value(3.9, 9.0, 0.0) == pytest.approx(7.26, abs=0.01)
    assert e_value(0.8, 1.3, 0.1) == 1.0


def test_trends_are_found_where_planted_only(world: World, traffic: Traffic) -> None:
    log, variants = traffic.decisions, world.variants
    still, n_asked = find_trends(log, variants, planted(traffic), 4)
    assert n_asked > 100
    assert len(still) <= 2
    target = int(variants.slots[0][0])
    rng = np.random.default_rng(0)
    late = log.shown_days > np.median(log.shown_days)
    rising = (log.variant == target) & late & (traffic.group[log.profile] == 1)
    reward = np.where(rising & (rng.random(len(log)) < 0.35), 1.0, log.reward)
    moved = type(log)(
        log.profile_ids,
        log.profile,
        log.variant,
        log.shown_days,
        reward,
        log.played,
        log.propensity,
    )
    found, _ = find_trends(moved, variants, planted(traffic), 4)
    assert (found[0].group, found[0].variant) == (1, target)
    assert found[0].low > 1


def test_one_choice_is_as_many(study: Study, learned: dict[str, policies.Explored]) -> None:
    """What a service asks for one impression is what is judged for all of them."""
    log, who = study.late, policies.Profiles(study.group, study.taste)
    rows = np.random.default_rng(0).choice(len(log), 60, False)
    title = study.variants.title_of[log.variant[rows]]
    for policy in learned.values():
        for allowed in (None, [True] * study.variants.slots.shape[1]):
            explored = replace(policy, budget=0.1)
            table = explored.probabilities(who, log.profile[rows], title)
            for at, (profile, of) in enumerate(zip(log.profile[rows], title, strict=True)):
                asked = (int(study.group[profile]), study.taste[profile], int(of))
                variant, chance = explored.choose(*asked, np.random.default_rng(at), allowed)
                assert chance == pytest.approx(table[at, study.variants.slot_of[variant]])
                again = explored.choose(*asked, np.random.default_rng(at), allowed)
                assert (variant, chance) == again


def test_titles_may_have_fewer_variants(
    study: Study, learned: dict[str, policies.Explored]
) -> None:
    """An empty place is never chosen."""
    slots = study.variants.slots.copy()
    slots[0, 2:] = -1
    for policy in learned.values():
        short = replace(policy, slots=slots, policy=replace(policy.policy, slots=slots), budget=0.3)
        if isinstance(short.policy, policies.Fixed):
            short = replace(short, policy=policies.Fixed(slots, np.zeros_like(short.policy.slot)))
        rng = np.random.default_rng(0)
        chosen = {short.choose(0, study.taste[0], 0, rng)[0] for _ in range(60)}
        assert chosen == set(slots[0, :2].tolist())
