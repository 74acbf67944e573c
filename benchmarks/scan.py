"""How near the scan is to a bare decode loop of the same file, in the same run.

python -m benchmarks.scan [--seconds 120] [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import av

from ava.core.memory import keep_freed_memory
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.source.opening import open_source
from benchmarks.film import benchmark_film
from benchmarks.record import summary, write


def bare_decode(path: Path) -> float:
    """Frames per second of PyAV alone, with the threads that the scan uses."""
    started, n_frames = time.perf_counter(), 0
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        stream.thread_type = "AUTO"
        for _ in box.decode(stream):
            n_frames += 1
    return n_frames / (time.perf_counter() - started)


def scan(path: Path) -> float:
    """Frames per second of the whole scan: statistics, shots, shortlist pictures."""
    started = time.perf_counter()
    scanner = Scanner(ScanSettings())
    with open_source(path) as source:
        for _ in scanner.run(source):
            pass
    assert scanner.result is not None
    return len(scanner.result.stats) / (time.perf_counter() - started)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=120)
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    film = benchmark_film(words.seconds)
    keep_freed_memory()  # as the whole job does
    bare_decode(film)  # warms the file cache
    rounds = [(bare_decode(film), scan(film)) for _ in range(words.rounds)]
    write(
        "scan",
        {"film": film.name, "rounds": words.rounds},
        {
            "bare_decode_frames_per_second": summary([bare for bare, _ in rounds]),
            "scan_frames_per_second": summary([ours for _, ours in rounds]),
            "scan_over_bare_decode": summary([ours / bare for bare, ours in rounds]),
        },
    )


if __name__ == "__main__":
    main()
