"""How near the scan is to a bare decode loop of the same file, in the same run.

python -m benchmarks.scan [--seconds 120] [--rounds 5]

Beside it, what cutting the film into segments would bring: the same bare loop in as many processes as
there are cores, each with one thread and its own stretch of the film, from the key frame before it on.
"""

from __future__ import annotations

import argparse
import os
import time
from concurrent.futures import ProcessPoolExecutor
from itertools import pairwise
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


def decode_stretch(path: Path, start_seconds: float, end_seconds: float) -> int:
    """Frames of a stretch, decoded by one thread."""
    n_frames = 0
    with av.open(str(path)) as box:
        stream = box.streams.video[0]
        stream.thread_type = "NONE"
        assert stream.time_base is not None
        box.seek(round(start_seconds / stream.time_base), stream=stream, backward=True)
        for frame in box.decode(stream):
            if frame.time >= end_seconds:
                break
            n_frames += frame.time >= start_seconds
    return n_frames


def segments(path: Path, pool: ProcessPoolExecutor, n: int) -> float:
    """Frames per second of PyAV alone, in `n` processes that stand ready."""
    with av.open(str(path)) as box:
        seconds = (box.duration or 0) / av.time_base
    edges = [seconds * one / n for one in range(n)] + [float("inf")]
    started = time.perf_counter()
    jobs = [pool.submit(decode_stretch, path, *both) for both in pairwise(edges)]
    return sum(job.result() for job in jobs) / (time.perf_counter() - started)


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
    n_segments = os.cpu_count() or 1
    with ProcessPoolExecutor(n_segments) as pool:
        segments(film, pool, n_segments)  # starts the processes
        rounds = [
            (bare_decode(film), scan(film), segments(film, pool, n_segments))
            for _ in range(words.rounds)
        ]
    write(
        "scan",
        {"film": film.name, "rounds": words.rounds, "segments": n_segments},
        {
            "bare_decode_frames_per_second": summary([bare for bare, _, _ in rounds]),
            "scan_frames_per_second": summary([ours for _, ours, _ in rounds]),
            "scan_over_bare_decode": summary([ours / bare for bare, ours, _ in rounds]),
            "bare_decode_in_segments_over_bare_decode": summary(
                [apart / bare for bare, _, apart in rounds]
            ),
        },
    )


if __name__ == "__main__":
    main()
