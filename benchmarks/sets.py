"""How long a set takes to choose, among as many candidates as a season of long films has.

Run with ``python -m benchmarks.sets``. Facets are built and a set of twelve is chosen, five times;
the frames are made up, and differ more than those of a film do, so that fewer can be passed over.
"""

from __future__ import annotations

import time

import numpy as np

from ava.core.memory import keep_freed_memory
from ava.ranking.sets import Choices, DiversitySettings, choose
from benchmarks.record import summary, write
from tests.test_sets import film_of

_SIZES = (1_000, 10_000, 100_000)
_REPEATS = 5


def main() -> None:
    """Measure and write ``results/sets.json``."""
    keep_freed_memory()
    results = {}
    settings = DiversitySettings(need=("lead:2", "wide:2"))
    for n_rows in _SIZES:
        pool = film_of(n_rows, 0)
        utility = np.random.default_rng(0).uniform(0, 1, n_rows)
        looking, choosing = [], []
        for _ in range(_REPEATS):
            started = time.perf_counter()
            choices = Choices.of(pool, np.arange(n_rows), settings)
            looked = time.perf_counter()
            choose(choices, utility, 12, settings)
            choosing.append(time.perf_counter() - looked)
            looking.append(looked - started)
        results[str(n_rows)] = {
            "facets_seconds": summary(looking),
            "greedy_seconds": summary(choosing),
            "together_seconds": summary([a + b for a, b in zip(looking, choosing, strict=True)]),
        }
    write("sets", {"top": 12, "repeats": _REPEATS, "need": list(settings.need)}, results)


if __name__ == "__main__":
    main()
