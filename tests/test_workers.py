"""Scoring by several processes: the same numbers in the same order, and what goes wrong is told."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from ava.cli.titles import is_new
from ava.core.errors import ConfigError, ScorerError
from ava.core.frame_batch import FrameBatch
from ava.core.shared_memory import SharedMemory, received
from ava.scoring.contract import Runtime
from ava.scoring.processes import first_one, start_one
from ava.scoring.registry import Registry
from ava.scoring.runner import Runner
from ava.scoring.workers import SharedRunner, runner_for
from ava.scoring_pass import scoring_ahead
from ava.settings import Settings
from tests.test_scoring import Brightness, CountsFaces, Fails, NoWeights, batch
from tests.toy_scorers import Dies, HasThread, SlowAtTimes


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


def test_shared_memory_is_used_again() -> None:
    memory = SharedMemory()
    given = small_batches(3)
    handed = [memory.put(one) for one in given]
    for one, there in zip(given, handed, strict=True):
        seen = received(memory.number, there)
        assert np.array_equal(seen.pixels, one.pixels)
        assert np.array_equal(seen.frame_ids, one.frame_ids)
        assert seen.moments is None
        assert not seen.pixels.flags.writeable
    memory.free(handed[1])
    again = memory.put(given[0])
    assert again.block == handed[1].block
    assert np.array_equal(received(memory.number, again).pixels, given[0].pixels)
    assert np.array_equal(received(memory.number, handed[2]).pixels, given[2].pixels)
    memory.close()


def test_another_process_comes_when_there_is_more_to_do() -> None:
    registry = Registry((SlowAtTimes,), ())
    for n_batches, n_processes in ((1, 1), (9, 3)):
        runner = runner_for(registry, Runtime(n_workers=3))
        assert isinstance(runner, SharedRunner)
        with runner:
            assert len(list(runner.run_all(small_batches(n_batches)))) == n_batches
            assert len(runner.processes) == n_processes


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")
@pytest.mark.parametrize(("scorer", "n_originals"), [(SlowAtTimes, 1), (HasThread, 3)])
def test_only_a_process_without_threads_is_copied(
    scorer: type[Brightness], n_originals: int
) -> None:
    runner = runner_for(Registry((scorer,), ()), Runtime(n_workers=3))
    assert isinstance(runner, SharedRunner)
    with runner:
        done = [float(one.values["mean_value"][0]) for _, one in runner.run_all(small_batches(9))]
        scoring, parents = runner.processes, {_parent_of(one) for one in runner.processes}
    assert done == sorted(done)
    assert len(scoring) == 3
    # Three copies of one process, or three that this process started.
    assert (parents == {os.getpid()}) == (n_originals == 3)
    assert len(parents) == 1
    assert not any(Path(f"/proc/{one}").exists() for one in (*scoring, *parents - {os.getpid()}))


@pytest.mark.skipif(sys.platform != "linux", reason="a process tells of its parent on Linux")
@pytest.mark.parametrize(("scorer", "n_processes"), [("Waits", 3), ("OpensForever", 1)])
def test_nobody_goes_on_for_a_parent_that_was_killed(scorer: str, n_processes: int) -> None:
    program = (
        "import sys; from tests.test_workers import *\n"
        f"from tests.toy_scorers import {scorer}\n"
        f"with runner_for(Registry(({scorer},), ()), Runtime(n_workers=2)) as runner:\n"
        "    def given():\n"
        "        yield from small_batches(4)\n"
        f"        while len(runner.processes) < {n_processes} - 1: runner._listen(1)\n"
        "        print(*runner.processes, flush=True)\n"
        "    list(runner.run_all(given()))\n"
    )
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        scoring = [int(word) for word in process.stdout.readline().split()]
        there = {*scoring, *map(_parent_of, scoring)} - {process.pid}
        process.kill()
    assert len(there) == n_processes
    for one in there:
        until = time.monotonic() + 10
        while _is_at_work(one):
            assert time.monotonic() < until
            time.sleep(0.02)


@pytest.mark.skipif(sys.platform != "linux", reason="copies are made on Linux only")
def test_a_copy_that_nobody_has_heard_of_ends_too() -> None:
    with runner_for(Registry((SlowAtTimes,), ()), Runtime(n_workers=2)) as runner:
        assert isinstance(runner, SharedRunner)
        (original,) = runner.processes
        children = Path(f"/proc/{original}/task/{original}/children")
        while not children.read_text():
            time.sleep(0.02)
        copy = int(children.read_text())
    assert not Path(f"/proc/{copy}").exists()
    assert not Path(f"/proc/{original}").exists()


@pytest.mark.skipif(sys.platform != "linux", reason="a process tells of its parent on Linux")
def test_a_process_that_was_started_before_is_the_first() -> None:
    for n_workers in (1, 2):
        start_one()
        with runner_for(Registry((SlowAtTimes,), ()), Runtime(n_workers=n_workers)) as runner:
            assert isinstance(runner, SharedRunner)
            (started,) = runner.processes
            assert len(list(runner.run_all(small_batches(9)))) == 9
            # Alone it scores itself.
            by = set(runner.processes) if n_workers == 1 else set(map(_parent_of, runner.processes))
            assert by == {started}
    other = first_one()
    other.kill()
    assert other.pid != started


def test_a_film_is_new_until_a_folder_has_its_name(tmp_path: Path) -> None:
    film, out = tmp_path / "a film.mp4", tmp_path / "out"
    film.touch()

    assert is_new(str(film), out)
    assert is_new("https://films.example/a%20film.mp4", out)
    assert not is_new(str(tmp_path / "another.mp4"), out)
    (out / "a-film").mkdir(parents=True)
    assert not is_new(str(film), out)


def test_scoring_starts_ahead_only_where_it_is_wanted() -> None:
    def starts(settings: Settings, n_workers: int, is_new: bool) -> bool:
        with scoring_ahead(settings, Runtime(n_workers=n_workers), is_new) as runner:
            return runner is not None

    assert starts(Settings(), 1, True)
    assert not starts(Settings(), 1, False)
    assert not starts(Settings(), 0, True)
    assert not starts(Settings(titles={"other": {"ranking": {"top": 3}}}), 1, True)


def _parent_of(process: int) -> int:
    return int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])


def _is_at_work(process: int) -> bool:
    """A dead one that nobody has asked for yet is not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
