"""The whole job: speed as a multiple of running time, and the memory it peaks at.

python -m benchmarks.pipeline [--seconds 120] [--rounds 3]
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.film import benchmark_film
from benchmarks.record import summary, write


def ranked(film: Path, out: str) -> tuple[float, int]:
    """Wall seconds of ``ava rank`` in a process of its own, and the frames it looked at."""
    command = [sys.executable, "-c", "from ava.cli.app import main; main()"]
    command += ["rank", str(film), "--out", out, "--json"]
    started = time.perf_counter()
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return time.perf_counter() - started, json.loads(done.stdout)[0]["frames_looked_at"]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=3)
    words = parser.parse_args()
    film = benchmark_film(words.seconds)
    walls, again = [], []
    n_frames = 0
    for _ in range(words.rounds):
        with tempfile.TemporaryDirectory() as out:
            wall, n_frames = ranked(film, out)
            walls.append(wall)
            again.append(ranked(film, out)[0])
    peak_bytes = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * 1024
    running = n_frames / 24
    write(
        "pipeline",
        {"film": film.name, "rounds": words.rounds, "command": "ava rank FILM"},
        {
            "wall_seconds": summary(walls),
            "times_running_time": summary([running / wall for wall in walls]),
            "second_run_wall_seconds": summary(again),
            "peak_memory_bytes": peak_bytes,
        },
    )


if __name__ == "__main__":
    main()
