"""Estimators: against the truth, against independent formulas, and against a real log."""

from __future__ import annotations

import csv
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from ava.taste.decisions import Doubles
from ava.taste.evaluation import ESTIMATORS, Logged, compare_halves, evaluate, ratio_terms
from ava.taste.simulator import SimulationSettings, draw_traffic, make_world
from tests.conftest import SHARED, skip
from tests.taste_worlds import by_group, logged

SMALL = SimulationSettings(
    n_profiles=400, n_titles=6, n_impressions=25, taste=1.5, individual=0.5, seed=5
)


def made_up(n: int = 400) -> Logged:
    rng = np.random.default_rng(1)
    return Logged(
        rng.integers(60, size=n),
        (rng.random(n) < 0.3).astype(np.float64),
        rng.uniform(0.1, 0.9, n),
        rng.random(n),
        rng.random(n),
        rng.random(n),
        np.zeros(n),
    )


def test_estimators_are_the_published_formulas() -> None:
    log = made_up()
    found = {name: one.value for name, one in evaluate(log, n_bootstrap=10).estimates.items()}
    ips = clipped = weights = robust = 0.0
    for r, p, t, q, v in zip(
        log.reward, log.propensity, log.target, log.model, log.model_target, strict=True
    ):
        w = t / p
        ips += w * r
        clipped += min(w, 10.0) * r
        weights += w
        robust += v + w * (r - q)
    n = len(log.reward)
    assert found["ips"] == pytest.approx(ips / n, abs=1e-9)
    assert found["clipped_ips"] == pytest.approx(clipped / n, abs=1e-9)
    assert found["snips"] == pytest.approx(ips / weights, abs=1e-9)
    assert found["dr"] == pytest.approx(robust / n, abs=1e-9)


def test_replay_counts_the_matches_of_an_even_log() -> None:
    log = made_up(5000)
    rng = np.random.default_rng(2)
    hit = (rng.random(5000) < 0.25).astype(np.float64)
    even = replace(log, propensity=np.full(5000, 0.25), target=hit)
    value = evaluate(even, n_bootstrap=10).estimates["replay"].value
    assert value == pytest.approx(log.reward[hit == 1].mean(), abs=1e-12)


def _repeat(n_seeds: int) -> tuple[float, dict[str, Doubles]]:
    """Truth of a policy, and for every seed the value and interval of each estimator."""
    world = make_world(SMALL)
    truths, rows = [], {name: np.zeros((n_seeds, 3)) for name in ESTIMATORS}
    for seed in range(n_seeds):
        traffic = draw_traffic(world, seed)
        chances = by_group(world, traffic)
        truths.append((chances * traffic.chances).sum(axis=1).mean())
        for name, one in evaluate(logged(world, traffic, chances), seed, 300).estimates.items():
            rows[name][seed] = one.value, one.low, one.high
    return float(np.mean(truths)), rows


@pytest.mark.slow
def test_intervals_cover_the_truth_and_the_doubly_robust_varies_least() -> None:
    truth, rows = _repeat(200)
    for name, found in rows.items():
        covered = ((found[:, 1] <= truth) & (truth <= found[:, 2])).mean()
        assert 0.90 <= covered <= 0.98, f"{name}: {covered}"
        assert found[:, 0].mean() == pytest.approx(truth, abs=4 * found[:, 0].std() / 200**0.5)
    assert rows["dr"][:, 0].var() < rows["ips"][:, 0].var()


@pytest.mark.slow
def test_halves_of_random_traffic_show_no_lift() -> None:
    world, rng = make_world(SMALL), np.random.default_rng(3)
    n_false = 0
    for seed in range(200):
        log = draw_traffic(world, seed).decisions
        half = rng.random(len(log.profile_ids)) < 0.5
        n_false += compare_halves(log.reward, log.profile, half[log.profile], seed).low > 0
    assert n_false <= 10


def test_a_planted_difference_of_halves_is_found() -> None:
    log = draw_traffic(make_world(SMALL), 0).decisions
    half = np.arange(len(log.profile_ids)) % 2 == 0
    first = half[log.profile]
    more = np.maximum(log.reward, first & (np.arange(len(log)) % 10 == 0))
    assert compare_halves(more, log.profile, first, 0).low > 0


def test_it_refuses_without_support() -> None:
    log = made_up(4000)
    log = replace(log, target=log.propensity.copy())
    assert evaluate(log).diagnostics.problems == ()
    never = evaluate(replace(log, unsupported=np.full(4000, 0.3), target=0.7 * log.propensity))
    assert any("never shown" in one for one in never.diagnostics.problems)
    wrong = evaluate(replace(log, propensity=np.clip(2 * log.propensity, 0, 1)))
    assert any("propensities are wrong" in one for one in wrong.diagnostics.problems)
    few = np.zeros(4000)
    few[:30] = log.propensity[:30]
    assert any("too few" in one for one in evaluate(replace(log, target=few)).diagnostics.problems)


def _obd(path: Path) -> tuple[Doubles, ...]:
    with path.open() as file:
        rows = list(csv.DictReader(file))
    names = ("item_id", "position", "click", "propensity_score")
    return tuple(np.array([float(row[name]) for row in rows]) for name in names)


def test_open_bandit_dataset() -> None:
    """Bernoulli TS of the men's campaign, judged from random logs, against its own log.

    Its choices hang on nothing but the position, so what it does is how often it showed each item
    there. With half a per cent of clicks the intervals are wide.
    """
    folder = SHARED / "data" / "obd"
    if not folder.is_dir():
        skip("the Open Bandit Dataset is not here")
    item, position, click, propensity = _obd(folder / "random" / "men.csv")
    ts_item, ts_position, ts_click, _ = _obd(folder / "bts" / "men.csv")
    places = position.astype(int), item.astype(int)
    ts_places = ts_position.astype(int), ts_item.astype(int)
    counts = np.zeros((4, 34))
    np.add.at(counts, ts_places, 1)
    policy = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    fold = np.arange(len(click)) % 2
    model, model_target = np.zeros(len(click)), np.zeros(len(click))
    for part in (0, 1):
        shown, taken = np.zeros((4, 34)), np.zeros((4, 34))
        other = fold != part
        np.add.at(shown, tuple(one[other] for one in places), 1)
        np.add.at(taken, tuple(one[other] for one in places), click[other])
        rates = (taken + 100 * click.mean()) / (shown + 100)
        own = ~other
        model[own] = rates[tuple(one[own] for one in places)]
        model_target[own] = (policy * rates).sum(axis=1)[places[0][own]]
    log = Logged(
        np.arange(len(click)), click, propensity, policy[places], model, model_target,
        np.zeros(len(click)),
    )  # fmt: skip
    value = evaluate(log)
    assert value.diagnostics.mean_weight == pytest.approx(1, abs=0.05)
    for name in ("replay", "ips", "snips", "dr"):
        one = value.estimates[name]
        assert one.low <= ts_click.mean() <= one.high, (name, one.value, one.low, one.high)
    weight = policy[places] * 34
    assert value.estimates["ips"].value == pytest.approx((weight * click).mean(), abs=1e-6)
    snips = (weight * click).sum() / weight.sum()
    assert value.estimates["snips"].value == pytest.approx(snips, abs=1e-6)
    robust = (model_target + weight * (click - model)).mean()
    assert value.estimates["dr"].value == pytest.approx(robust, abs=1e-6)


def test_the_thinning_of_replay_is_the_same_twice() -> None:
    log = made_up()
    assert np.array_equal(
        ratio_terms(log, 3, 10)["replay"][1], ratio_terms(log, 3, 10)["replay"][1]
    )
