"""Taste groups: events to viewer vectors, grouping, choices.

OMP_NUM_THREADS=2 python -m benchmarks.taste
"""

from __future__ import annotations

import tempfile
import time
from datetime import UTC, datetime
from pathlib import Path

import numpy as np

from ava.store.tables import write_table
from ava.taste.assignment import relative_colors
from ava.taste.events import read_events
from ava.taste.groups import find_groups
from ava.taste.policies import Explored, Profiles, fit_thompson
from ava.taste.simulator import SimulationSettings, draw_traffic, event_columns, make_world
from ava.taste.viewers import fetch_plays, play_weights, viewers_of
from benchmarks.record import write

_UNTIL = datetime(2026, 4, 1, tzinfo=UTC)
_N_CHOICES = 40_000


def vectors(folder: Path) -> dict[str, float]:
    """Seconds from a Parquet file of a million events to viewer vectors."""
    world = make_world(SimulationSettings(n_profiles=6000, n_impressions=125, n_titles=40))
    columns = event_columns(draw_traffic(world, 0), world.variants, 0)
    columns = {name: values[:1_000_000] for name, values in columns.items()}  # type: ignore[index]
    write_table(folder / "events.parquet", columns)
    started = time.perf_counter()
    events = read_events(folder / "events.parquet", world.variants)
    checked = time.perf_counter()
    viewers = viewers_of(
        fetch_plays(play_weights(events.impressions, _UNTIL), world.variants), world.variants
    )
    done = time.perf_counter()
    return {
        "events": len(events),
        "profiles": len(viewers.profile_ids),
        "read_and_check_seconds": round(checked - started, 2),
        "vectors_seconds": round(done - checked, 2),
        "all_seconds": round(done - started, 2),
    }


def grouping() -> dict[str, float]:
    """Seconds to divide 100,000 profiles by 216 numbers."""
    rng = np.random.default_rng(0)
    centers = rng.normal(0, 0.01, (4, 216))
    leanings = centers[rng.integers(4, size=100_000)] + rng.normal(0, 0.01, (100_000, 216))
    started = time.perf_counter()
    found = find_groups(
        leanings,
        np.full(100_000, 20),
        lambda rng, rows: rng.normal(0, 0.01, (len(rows), 216)),
    )
    return {"groups": len(found.names), "seconds": round(time.perf_counter() - started, 2)}


def choices() -> dict[str, float]:
    """Choices a second of the dearest policy, Thompson, one by one and all at once."""
    world = make_world(SimulationSettings(n_profiles=500))
    traffic = draw_traffic(world, 0)
    variants, rng = world.variants, np.random.default_rng(0)
    profiles = Profiles(traffic.group, rng.normal(size=(500, 10)))
    pooled = np.full(len(variants), 0.2)
    learned = fit_thompson(traffic.decisions, variants, profiles, relative_colors(variants), pooled)
    policy = Explored(learned, variants.slots, 0.05)
    started = time.perf_counter()
    for at in range(_N_CHOICES // 4):
        policy.choose(0, profiles.taste[at % 500], at % 24, rng)
    one_by_one = _N_CHOICES / 4 / (time.perf_counter() - started)
    started = time.perf_counter()
    policy.probabilities(profiles, rng.integers(500, size=_N_CHOICES), np.arange(_N_CHOICES) % 24)
    at_once = _N_CHOICES / (time.perf_counter() - started)
    return {"one_by_one_per_second": round(one_by_one), "at_once_per_second": round(at_once)}


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        results = {
            "viewer_vectors": vectors(Path(folder)),
            "grouping_100000_by_216": grouping(),
            "choices": choices(),
        }
    write("taste", {"policy": "Thompson with 64 draws, exploration 0.05"}, results)


if __name__ == "__main__":
    main()
