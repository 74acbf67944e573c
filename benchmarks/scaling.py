"""Time and memory of `ava rank` over the length of the film and over cores, as figures and a plot.

python -m benchmarks.scaling [--seconds 75 150 300 600] [--cores 1 2 4]

A longer film than the longest that is made is that one several times over, joined without
encoding. Cores are given with `taskset`; more than there are is left out.
"""

from __future__ import annotations

import argparse
import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import av

from benchmarks.film import ROOT, benchmark_film
from benchmarks.process import Run, measured
from benchmarks.record import write

_MADE_SECONDS = 600
_CORES_SECONDS = 150
_RANK = (sys.executable, "-c", "from ava.cli.app import main; main()", "rank")


def film_of(seconds: int) -> Path:
    """A film of about `seconds`."""
    times, rest = divmod(seconds, _MADE_SECONDS)
    if times < 2 or rest:
        return benchmark_film(seconds)
    made = benchmark_film(_MADE_SECONDS)
    path = made.with_name(made.name.replace(str(_MADE_SECONDS), str(seconds)))
    if not path.exists():
        partial = path.with_suffix(".partial.mp4")
        _joined(made, times, partial)
        partial.rename(path)
    return path


def _joined(film: Path, times: int, out: Path) -> None:
    with av.open(str(out), "w") as box:
        stream, offset = None, 0
        for _ in range(times):
            with av.open(str(film)) as source:
                video = source.streams.video[0]
                stream = stream or box.add_stream_from_template(video)
                for packet in source.demux(video):
                    if packet.dts is None:
                        continue
                    packet.pts = (packet.pts or 0) + offset
                    packet.dts += offset
                    packet.stream = stream
                    box.mux(packet)
                offset += video.duration or 0


def ranked(film: Path, cores: int) -> Run:
    """`ava rank` of a film on the first so many cores."""
    with tempfile.TemporaryDirectory() as out:
        limits = ("taskset", "-c", f"0-{cores - 1}")
        return measured((*limits, *_RANK, str(film), "--out", out, "--quiet"))


def _facts(run: Run) -> dict[str, float]:
    return {
        "wall_seconds": round(run.wall_seconds, 2),
        "cpu_seconds": round(run.cpu_seconds, 2),
        "peak_mib": round(run.peak_bytes / 2**20, 1),
    }


def plot(results: dict[str, dict[str, Any]], path: Path) -> None:
    """Wall time and memory over the length of the film, wall time over cores, side by side."""
    import matplotlib

    matplotlib.use("svg")
    matplotlib.rcParams["svg.hashsalt"] = "ava"
    from matplotlib import pyplot as plt

    figure, (time, memory, core) = plt.subplots(1, 3, figsize=(10, 3.2), layout="constrained")
    minutes = [int(length) / 60 for length in results["length"]]
    runs = list(results["length"].values())
    time.plot(minutes, [one["wall_seconds"] / 60 for one in runs], "o-")
    time.set(xlabel="film, minutes", ylabel="ava rank, minutes", title="Time")
    memory.plot(minutes, [one["peak_mib"] / 1024 for one in runs], "o-")
    memory.set(xlabel="film, minutes", ylabel="all processes, GiB", title="Memory")
    cores = [int(one) for one in results["cores"]]
    core.plot(cores, [one["wall_seconds"] for one in results["cores"].values()], "o-")
    core.set(xlabel="cores", ylabel="seconds", title=f"Film of {_CORES_SECONDS} s", xticks=cores)
    for place in (time, memory, core):
        place.set_ylim(bottom=0)
        place.grid(alpha=0.3)
    figure.savefig(path, metadata={"Date": None})


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, nargs="+", default=[75, 150, 300, 600])
    parser.add_argument("--cores", type=int, nargs="+", default=[1, 2, 4])
    words = parser.parse_args()
    there = os.cpu_count() or 1
    if shutil.which("taskset") is None:
        sys.exit("taskset is not here (Debian: util-linux)")
    results: dict[str, dict[str, Any]] = {"length": {}, "cores": {}}
    for seconds in words.seconds:
        results["length"][str(seconds)] = _facts(ranked(film_of(seconds), there))
        print(seconds, results["length"][str(seconds)], flush=True)
    for cores in (one for one in words.cores if one <= there):
        run = ranked(film_of(_CORES_SECONDS), cores)
        results["cores"][str(cores)] = _facts(run)
    write("scaling", {"seconds": words.seconds, "cores_film_seconds": _CORES_SECONDS}, results)
    plot(results, ROOT / "docs" / "scaling.svg")


if __name__ == "__main__":
    main()
