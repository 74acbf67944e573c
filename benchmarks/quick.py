"""A few ratios in under two minutes, against those on record: more than 15 % worse is a failure.

python -m benchmarks.quick [--record]

Ratios, not times: both sides are measured in the same run, so that another machine, or a busy one,
moves them little.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from statistics import median

from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.scoring.contract import Runtime
from ava.scoring.registry import Registry, installed
from ava.scoring.runner import Runner
from ava.source.opening import open_source
from benchmarks.film import SAMPLE
from benchmarks.record import RESULTS, write
from benchmarks.scan import bare_decode
from benchmarks.scorers import batches

_WORSE = 1.15
_ROUNDS = 5


def processor_seconds(job: Callable[[], object]) -> float:
    started = time.process_time()
    job()
    return time.process_time() - started


def scan_over_decode() -> float:
    """Time of the processor for the scan of the sample film, in that of decoding it alone."""

    def scan() -> None:
        with open_source(SAMPLE) as source:
            for _ in Scanner(ScanSettings()).run(source):
                pass

    pairs = [
        (processor_seconds(scan), processor_seconds(lambda: bare_decode(SAMPLE)))
        for _ in range(_ROUNDS)
    ]
    return median(ours / bare for ours, bare in pairs)


def scoring_over_decode() -> float:
    """Time of the processor to score eight frames, in that of decoding the sample film once."""
    frames = next(iter(batches(8)))
    registry = installed()
    with Runner(Registry(registry.scorers, registry.analysers), Runtime()) as runner:
        runner.score(frames)  # what is built at the first use
        pairs = [
            (
                processor_seconds(lambda: runner.score(frames)),
                processor_seconds(lambda: bare_decode(SAMPLE)),
            )
            for _ in range(_ROUNDS)
        ]
    return median(ours / bare for ours, bare in pairs)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--record", action="store_true", help="Take these for the ones to compare.")
    words = parser.parse_args()
    found = {
        "scan over decode": round(scan_over_decode(), 3),
        "scoring over decode": round(scoring_over_decode(), 3),
    }
    path = RESULTS / "quick.json"
    if words.record or not path.exists():
        write("quick", {"rounds": _ROUNDS}, found)
        return
    known = json.loads(path.read_text("utf-8"))["results"]
    worse = [name for name, ratio in found.items() if ratio > _WORSE * known[name]]
    for name, ratio in found.items():
        print(f"{ratio:8.3f}  {name}; on record {known[name]:.3f}")
    if worse:
        sys.exit(f"more than {_WORSE - 1:.0%} worse than on record: {', '.join(worse)}")


if __name__ == "__main__":
    main()
