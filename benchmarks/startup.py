"""How long a person waits before anything happens: help, a short clip, and ranking it again.

python -m benchmarks.startup [--rounds 9]

In the same rounds an interpreter that does nothing is started, which is what no program can beat.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from benchmarks.film import benchmark_film
from benchmarks.process import measured
from benchmarks.record import summary, write

_PYTHON = (sys.executable, "-c")
_AVA = str(Path(sys.executable).with_name("ava"))


def commands(clip: Path, out: Path) -> dict[str, tuple[str, ...]]:
    """What is run, in order; the clip is ranked anew, then again, then with other weights."""
    rank = (_AVA, "rank", str(clip), "--out", str(out), "--quiet")
    return {
        "python -c pass": (*_PYTHON, "pass"),
        "import ava": (*_PYTHON, "import ava"),
        "ava --help": (_AVA, "--help"),
        "ava rank, 10 s": rank,
        "ava rank, 10 s, again": rank,
        "ava rank, 10 s, other weights": (*rank, "--profile", "drama"),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=9)
    words = parser.parse_args()
    clip = benchmark_film(10)
    seconds: dict[str, list[float]] = {}
    for _ in range(words.rounds):
        with tempfile.TemporaryDirectory() as out:
            for name, command in commands(clip, Path(out)).items():
                seconds.setdefault(name, []).append(measured(command, False).wall_seconds)
    write(
        "startup",
        {"clip": clip.name, "rounds": words.rounds, "unit": "seconds of wall time"},
        {name: summary(each) for name, each in seconds.items()},
    )


if __name__ == "__main__":
    main()
