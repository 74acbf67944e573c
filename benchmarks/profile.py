"""Where the time of `ava rank` goes, function by function, in both of its processes.

python -m benchmarks.profile [--seconds 300] [--py-spy PATH]

Sampled by py-spy (``pip install py-spy``) a hundred times a second while the work is done; a sample
counts for the innermost function of ours that is at work, libraries included. Threads inside FFmpeg
are not seen: of decoding, only what the scan waits for.
"""

from __future__ import annotations

import argparse
import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.film import benchmark_film
from benchmarks.record import write

_RATE = 100  # samples a second
_OURS = re.compile(r"^(\S.*) \(((?:ava|scorers|models)/[^:]+\.py):\d+\)$")
_MOST = 30


def samples(stacks: str) -> dict[str, Counter[str]]:
    """Samples by process and function, from py-spy's raw format: ``frame;frame;... count``."""
    found = {"scan": Counter[str](), "score": Counter[str]()}
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        process = "score" if "ava.scoring.worker" in stack else "scan"
        ours = [match for frame in stack.split(";") if (match := _OURS.match(frame))]
        if ours:
            name = f"{ours[-1][1]} ({ours[-1][2]})"
        else:
            name = "the interpreter, and libraries that are loaded"
        found[process][name] += int(count)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=300)
    parser.add_argument("--py-spy", default=shutil.which("py-spy"))
    words = parser.parse_args()
    if words.py_spy is None:
        sys.exit("py-spy is not installed: pip install py-spy")
    film = benchmark_film(words.seconds)
    with tempfile.TemporaryDirectory() as out:
        raw = Path(out) / "raw"
        record = (words.py_spy, "record", "--subprocesses", "--format", "raw", "--rate", str(_RATE))
        ava = (sys.executable, "-c", "from ava.cli.app import main; main()")
        job = ("rank", str(film), "--out", f"{out}/library", "--quiet")
        command = (*record, "--output", str(raw), "--", *ava, *job)
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        found = samples(raw.read_text("utf-8"))
    results = {
        process: {name: round(count / _RATE, 2) for name, count in counts.most_common(_MOST)}
        for process, counts in found.items()
    }
    settings = {"film": film.name, "unit": "seconds at work", "samples_a_second": _RATE}
    write("profile", settings, results)


if __name__ == "__main__":
    main()
