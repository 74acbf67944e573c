"""Taste groups: events to viewer vectors, grouping, choices, and all steps on the default simulation.

python -m benchmarks.taste
"""

from __future__ import annotations

import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ava.store.tables import write_table
from ava.taste.assignment import assign, relative_colors
from ava.taste.clustering import METHODS, Method
from ava.taste.contextual import fit_lin_ucb, fit_thompson, known_rates
from ava.taste.decisions import Variants
from ava.taste.events import Events, read_events
from ava.taste.groups import Groups, find_groups
from ava.taste.policies import Explored, Policy, Profiles, Random, best_single, per_group
from ava.taste.simulator import SimulationSettings, draw_traffic, event_columns, make_world
from ava.taste.threads import one_thread
from ava.taste.viewers import fetch_plays, play_weights, viewers_of
from benchmarks.record import write

_UNTIL = datetime(2026, 4, 1, tzinfo=UTC)
_N_CHOICES, _N_RUNS = 20_000, 3


def seconds(work: Callable[[], Any]) -> dict[str, float]:
    """Wall and processor seconds, medians of a few runs: others may work on the machine, too."""
    runs = []
    for _ in range(_N_RUNS):
        wall, processor = time.perf_counter(), time.process_time()
        work()
        runs.append((time.perf_counter() - wall, time.process_time() - processor))
    wall, processor = (statistics.median(column) for column in zip(*runs, strict=True))
    return {"wall_seconds": round(wall, 4), "processor_seconds": round(processor, 4)}


def vectors(folder: Path) -> dict[str, Any]:
    """From a Parquet file of a million events to viewer vectors."""
    world = make_world(SimulationSettings(n_profiles=6000, n_impressions=125, n_titles=40))
    columns = event_columns(draw_traffic(world, 0), world.variants, 0)
    columns = {name: values[:1_000_000] for name, values in columns.items()}  # type: ignore[index]
    write_table(folder / "events.parquet", columns)

    def read() -> Events:
        return read_events(folder / "events.parquet", world.variants)

    def all_of_it() -> None:
        query = play_weights(read().impressions, _UNTIL)
        viewers_of(fetch_plays(query, world.variants), world.variants)

    return {
        "events": len(read()),
        "profiles": 6000,
        "read_and_check": seconds(read),
        "all": seconds(all_of_it),
    }


def grouping(method: Method) -> dict[str, Any]:
    """To divide 100,000 profiles by 216 numbers."""
    rng = np.random.default_rng(0)
    centers = rng.normal(0, 0.01, (4, 216))
    leanings = centers[rng.integers(4, size=100_000)] + rng.normal(0, 0.01, (100_000, 216))

    def divide() -> Groups:
        return find_groups(
            leanings,
            np.full(100_000, 20),
            lambda rng, rows: rng.normal(0, 0.01, (len(rows), 216)),
            method=method,
        )

    return {"groups": len(divide().names), **seconds(divide)}


def choices() -> dict[str, dict[str, int]]:
    """Choices a second on one core, one by one and all at once, for every policy."""
    world = make_world(SimulationSettings(n_profiles=500))
    traffic = draw_traffic(world, 0)
    variants, log, rng = world.variants, traffic.decisions, np.random.default_rng(0)
    group = traffic.group[log.profile]
    profiles = Profiles(traffic.group, rng.normal(size=(500, 10)))
    rows = Profiles(group, profiles.taste[log.profile])
    found = assign(log, variants, group, 4)
    learned = (log, variants, rows, relative_colors(variants), known_rates(found))
    policies = {
        "random": Random(variants.slots),
        "best_single": best_single(variants, found),
        "per_group": per_group(variants, found),
        "lin_ucb": fit_lin_ucb(*learned),
        "thompson": fit_thompson(*learned),
    }
    return {name: _speed(policy, variants, profiles, rng) for name, policy in policies.items()}


def _speed(policy: Policy, variants: Variants, profiles: Profiles, rng: Any) -> dict[str, int]:
    explored = Explored(policy, variants.slots, 0.05)

    def one_by_one() -> None:
        for at in range(_N_CHOICES):
            who = at % 500
            explored.choose(int(profiles.group[who]), profiles.taste[who], at % 24, rng)

    def at_once() -> None:
        who = rng.integers(500, size=_N_CHOICES)
        explored.probabilities(profiles, who, np.arange(_N_CHOICES) % 24)

    return {
        f"{name}_per_second": round(_N_CHOICES / seconds(work)["wall_seconds"])
        for name, work in (("one_by_one", one_by_one), ("at_once", at_once))
    }


def end_to_end(folder: Path) -> dict[str, Any]:
    """The five steps on the default simulation, each a process of its own."""
    steps = {}
    for step in ("simulate", "fit", "assign", "evaluate", "report"):
        before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
        code = "from ava.cli.app import main; main()"
        subprocess.run(
            [sys.executable, "-c", code, "taste", step, str(folder)],
            check=True,
            capture_output=True,
        )
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
        steps[step] = {
            "wall_seconds": round(time.perf_counter() - started, 1),
            "processor_seconds": round(used, 1),
        }
    return {
        name: round(sum(step[name] for step in steps.values()), 1)
        for name in ("wall_seconds", "processor_seconds")
    } | {"steps": steps}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, one_thread():
        results = {
            "viewer_vectors": vectors(Path(folder)),
            "grouping_100000_by_216": {method: grouping(method) for method in METHODS},
            "choices": choices(),
            "end_to_end": end_to_end(Path(folder) / "taste"),
        }
    settings = {"exploration": 0.05, "runs": _N_RUNS, "said": "medians; end to end once"}
    write("taste", settings, results)


if __name__ == "__main__":
    main()
