"""Scoring by several processes: the same numbers in the same order, and what goes wrong is told."""

from __future__ import annotations

import numpy as np
import pytest

from ava.core.errors import ConfigError, ScorerError
from ava.core.frame_batch import FrameBatch
from ava.scoring.contract import Runtime
from ava.scoring.registry import Registry
from ava.scoring.runner import Runner
from ava.scoring.workers import runner_for
from tests.test_scoring import Brightness, CountsFaces, Fails, NoWeights, batch
from tests.toy_scorers import Dies, SlowAtTimes


def small_batches(n: int) -> list[FrameBatch]:
    """Batches of two, each of its own brightness."""
    return [
        FrameBatch(
            np.full((2, 90, 160, 3), 10 * at, np.uint8) + np.uint8([[[[0]]], [[[5]]]]),
            np.array([2.0 * at, 2 * at + 1]),
            np.array([2 * at, 2 * at + 1]),
        )
        for at in range(n)
    ]


def test_batches_come_back_in_order_whoever_is_done_first() -> None:
    registry = Registry((SlowAtTimes, CountsFaces), (NoWeights,))
    given = small_batches(9)
    with Runner(registry, Runtime()) as alone:
        assert len(list(alone.run_all(given))) == 9
    with runner_for(registry, Runtime(n_workers=3)) as shared:
        ids = [frames.frame_ids[0] for frames, _ in shared.run_all(iter(given))]
    assert ids == [2 * at for at in range(9)]
    one, many = alone.table(), shared.table()
    assert np.array_equal(one.frame_ids, many.frame_ids)
    assert np.array_equal(one["mean_value"], many["mean_value"])
    assert np.isnan(many["n_faces"]).all()
    assert one.problems == many.problems != ()


@pytest.mark.parametrize(
    ("scorer", "says"),
    [
        (Fails, "scorer brightness failed: ZeroDivisionError: oops"),
        (Dies, "a scoring process died: it ended with 3"),
    ],
)
def test_what_goes_wrong_there_is_told_here(scorer: type[Brightness], says: str) -> None:
    runner = runner_for(Registry((scorer,), ()), Runtime(n_workers=2))
    with runner, pytest.raises(ScorerError, match=says):
        list(runner.run_all([batch(1)]))


def test_fewer_than_none_are_refused() -> None:
    with pytest.raises(ConfigError, match="--workers must be at least 0"):
        Runtime(n_workers=-1)
