"""One film on several cores: ``ava rank --workers 1`` against 0, and whether the results are the same.

python -m benchmarks.workers [--seconds 60] [--rounds 2] [--workers 1]
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.film import benchmark_film
from benchmarks.record import summary, write

_HAS_TIMES = "manifest.json"  # how long the work took, and hashes of everything else


def ranked(film: Path, out: Path, n_workers: int) -> float:
    """Wall seconds of ``ava rank`` in a process of its own."""
    command = [sys.executable, "-c", "from ava.cli.app import main; main()", "rank", str(film)]
    command += ["--out", str(out), "--workers", str(n_workers), "--quiet"]
    started = time.perf_counter()
    subprocess.run(command, check=True)
    return time.perf_counter() - started


def contents(folder: Path) -> dict[str, bytes]:
    """All files of a title folder but its manifest."""
    files = [one for one in folder.rglob("*") if one.is_file() and one.name != _HAS_TIMES]
    return {one.relative_to(folder).as_posix(): one.read_bytes() for one in files}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--workers", type=int, default=1)
    words = parser.parse_args()
    film = benchmark_film(words.seconds)
    alone, shared, same, loads = [], [], [], []
    for _ in range(words.rounds):
        with tempfile.TemporaryDirectory() as root:
            loads.append(os.getloadavg()[0])
            one, many = Path(root) / "one", Path(root) / "many"
            alone.append(ranked(film, one, 0))
            shared.append(ranked(film, many, words.workers))
            same.append(contents(one) == contents(many))
    write(
        "workers",
        {"film": film.name, "rounds": words.rounds, "workers": words.workers},
        {
            "one_wall_seconds": summary(alone),
            "workers_wall_seconds": summary(shared),
            "times_as_fast": summary([a / b for a, b in zip(alone, shared, strict=True)]),
            "same_results": all(same),
            "load_before": summary(loads),
        },
    )
    sys.exit(0 if all(same) else 1)


if __name__ == "__main__":
    main()
