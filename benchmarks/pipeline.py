"""The whole job beside the decoder and beside other tools, all in the same run.

python -m benchmarks.pipeline [--seconds 600] [--rounds 3]

What each of the others gives is less: a thumbnail a hundred frames, three pictures a scene; none
looks at faces, light or composition. Those that are not installed are left out.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

from benchmarks.film import benchmark_film
from benchmarks.process import Run, measured
from benchmarks.record import summary, write

_PYTHON = (sys.executable, "-c")
_AVA = (*_PYTHON, "from ava.cli.app import main; main()", "rank")
_DECODE = """
import sys, av
with av.open(sys.argv[1]) as box:
    stream = box.streams.video[0]
    stream.thread_type = "AUTO"
    for _ in box.decode(stream):
        pass
"""


def commands(film: Path, out: Path) -> dict[str, tuple[str, ...]]:
    """What is run, in order; the second `ava rank` finds what the first one left."""
    found: dict[str, tuple[str, ...]] = {"PyAV, bare decoding": (*_PYTHON, _DECODE, str(film))}
    if ffmpeg := shutil.which("ffmpeg"):
        decode = (ffmpeg, "-v", "error", "-threads", "2", "-i", str(film))
        found["ffmpeg, bare decoding"] = (*decode, "-f", "null", "-")
        pictures = ("-vf", "thumbnail", "-fps_mode", "vfr", str(out / "thumbnail_%04d.png"))
        found["ffmpeg, thumbnail filter"] = (*decode, *pictures)
    scenes = Path(sys.executable).with_name("scenedetect")
    if scenes.exists():
        words = ("-i", str(film), "-o", str(out), "-q", "detect-adaptive", "save-images")
        found["PySceneDetect, adaptive, pictures"] = (str(scenes), *words)
    rank = (*_AVA, str(film), "--out", str(out / "library"), "--quiet")
    found["ava rank"] = rank
    found["ava rank, again"] = rank
    found["ava rank, other weights"] = (*rank, "--profile", "drama")
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    words = parser.parse_args()
    film = benchmark_film(words.seconds)
    runs: dict[str, list[Run]] = {}
    for _ in range(words.rounds):
        with tempfile.TemporaryDirectory() as out:
            for name, command in commands(film, Path(out)).items():
                runs.setdefault(name, []).append(measured(command))
                latest = runs[name][-1]
                print(f"{latest.wall_seconds:8.2f} s  {latest.peak_bytes / 2**20:6.0f} MiB  {name}")
    base = "ffmpeg, bare decoding" if "ffmpeg, bare decoding" in runs else "PyAV, bare decoding"
    results = {
        name: {
            "wall_seconds": summary([one.wall_seconds for one in each]),
            "cpu_seconds": summary([one.cpu_seconds for one in each]),
            "peak_mib": summary([one.peak_bytes / 2**20 for one in each]),
            "times_bare_decoding": summary(
                [
                    one.wall_seconds / other.wall_seconds
                    for one, other in zip(each, runs[base], strict=True)
                ]
            ),
        }
        for name, each in runs.items()
    }
    settings = {"film": film.name, "rounds": words.rounds, "bare decoding": base}
    write("pipeline", settings, results)


if __name__ == "__main__":
    main()
