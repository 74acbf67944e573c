"""The preference model finds what simulated designers like, and finds nothing where is nothing."""

from __future__ import annotations

import numpy as np
import pytest

import ava
from ava.ranking.learned import Network, can_be_weighed
from ava.ranking.utility import percentiles_of
from ava.scoring.registry import installed
from ava.store.title_folder import read_title
from models.duels import Duels, HeldOut, folds_of, gaps_of, right_share
from models.held_out import calibration_error, gain_over, temperature_of
from models.preference import Preference, learn_network, learn_weights
from tests.simulated_designers import Reals, cosine, designers_duels, known_weights


@pytest.fixture(scope="session")
def real_table(ranked_sample: ava.RankedTitle) -> Reals:
    """Percentiles of every column that can be weighed and differs, frames of the sample film."""
    pool = read_title(ranked_sample.folder).pool
    columns = [
        column
        for column in pool.scores.scalars()
        if can_be_weighed(column) and len(np.unique(_known(pool.column(column.name)))) > 1
    ]
    assert len(columns) > 40
    return percentiles_of(pool, np.arange(len(pool)), columns)


def _known(values: np.ndarray) -> np.ndarray:
    return values[~np.isnan(values)]


def all_right(duels: Duels, strength: Reals) -> float:
    pairs = np.arange(len(duels.better))
    return right_share(duels, HeldOut(pairs, gaps_of(duels, pairs, strength)))


def learned(duels: Duels) -> Preference:
    return learn_weights(duels, folds_of(duels))


def test_known_weights_are_recovered_from_400_decisions(real_table: Reals) -> None:
    spread, plain = real_table.std(axis=0), []
    for seed in range(4):
        weights = known_weights(real_table.shape[1], 12, seed)
        found = learned(designers_duels(real_table, lambda x, w=weights: 8 * x @ w, 8, 50, seed))
        assert found.weights is not None
        plain.append(cosine(found.weights, weights))
        # What a column does to the order: of one that applies to few frames nobody can tell much.
        assert cosine(found.weights * spread, weights * spread) >= 0.95
    assert np.mean(plain) >= 0.95


def test_where_columns_go_together_the_order_is_recovered(real_table: Reals) -> None:
    right = []
    for seed in range(4):
        weights = known_weights(real_table.shape[1], 12, seed)
        seen = designers_duels(
            real_table, lambda x, w=weights: 8 * x @ w, 8, 50, seed, correlated=True
        )
        fresh = designers_duels(
            real_table, lambda x, w=weights: x @ w, 4, 50, 99 + seed, 0.0, correlated=True
        )
        found = learned(seen)
        assert found.weights is not None
        right.append(all_right(fresh, fresh.features @ found.weights))
    assert np.mean(right) >= 0.95


@pytest.mark.parametrize("n_titles", [1, 2, 6])
def test_random_decisions_are_not_taken_for_taste(real_table: Reals, n_titles: int) -> None:
    accepted = 0
    for seed in range(20):
        duels = designers_duels(real_table, lambda x: 0 * x[:, 0], n_titles, 40, 700 + seed)
        other = duels.features @ np.abs(known_weights(real_table.shape[1], 20, seed))
        accepted += gain_over(duels, learned(duels).held_out, other).low > 0
    assert accepted <= 3  # at 5 % each, four or more of twenty come once in sixty


def test_the_same_decisions_give_the_same_weights(real_table: Reals) -> None:
    weights = known_weights(real_table.shape[1], 12, 3)
    duels = designers_duels(real_table, lambda x: 8 * x @ weights, 3, 30, 3)
    once, again = learned(duels), learned(duels)
    assert once.weights is not None
    assert again.weights is not None
    assert once.weights.tobytes() == again.weights.tobytes()


def test_nothing_held_out_was_learned_from(real_table: Reals) -> None:
    for n_titles in (1, 3, 14):
        duels = designers_duels(real_table, lambda x: x[:, 0], n_titles, 40, 0)
        by = duels.title if n_titles > 1 else duels.shot
        held = np.zeros(len(duels.better), int)
        for train, test in folds_of(duels):
            seen = set(by[duels.better[train]]) | set(by[duels.worse[train]])
            assert not seen & (set(by[duels.better[test]]) | set(by[duels.worse[test]]))
            held[test] += 1
        assert (held == 1).all() if n_titles > 1 else held.any()


def test_every_title_counts_the_same(real_table: Reals) -> None:
    duels = designers_duels(real_table, lambda x: x[:, 0], 2, 40, 0)
    second = duels.title[duels.better] == 1
    some = np.flatnonzero(~second | (np.arange(len(second)) % 10 == 0))
    counts = duels.weights(some)
    assert counts.sum() == pytest.approx(1)
    assert counts[second[some]].sum() == pytest.approx(0.5)


def test_stated_probabilities_hold(real_table: Reals) -> None:
    weights = known_weights(real_table.shape[1], 8, 5)
    duels = designers_duels(real_table, lambda x: 3 * x @ weights, 8, 50, 5)
    held = learned(duels).held_out
    temperature = temperature_of(duels, held)
    assert calibration_error(duels, held, temperature) < 0.05
    assert calibration_error(duels, held, temperature / 20) > 0.1


def test_the_network_learns_one_or_the_other_but_not_both(real_table: Reals) -> None:
    lively = np.argsort(-real_table.std(axis=0), kind="stable")[:12]
    table = real_table[:, lively]

    def liking(x: Reals) -> Reals:
        return 8.0 * ((x[:, 0] > 0.5) ^ (x[:, 1] > 0.5))

    seen, fresh = (designers_duels(table, liking, 8, 100, seed) for seed in (1, 2))
    deep, plain = learn_network(seen, folds_of(seen)), learned(seen)
    assert deep.network is not None
    assert plain.weights is not None
    with_network = all_right(fresh, deep.network(fresh.features))
    with_weights = all_right(fresh, fresh.features @ plain.weights)
    assert with_network > 0.75
    assert with_network > with_weights + 0.1
    gain = gain_over(seen, deep.held_out, seen.features @ plain.weights)
    assert gain.low > 0
    numpy_network = Network(
        tuple(f"c{at}" for at in range(12)),
        deep.network.into,
        deep.network.bias,
        deep.network.out,
    )
    assert np.array_equal(numpy_network(fresh.features), deep.network(fresh.features))


def test_codes_and_circles_are_not_weighed() -> None:
    can = {column.name: can_be_weighed(column) for column in installed().columns}
    for name in ("expression", "harmony_template", "camera_motion", "cast_hue", "color_histogram"):
        assert not can[name]
    for name in ("shot_scale", "group_size", "brightness", "horizon_tilt", "noise", "sharpness"):
        assert can[name]
