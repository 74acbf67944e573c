"""The whole job beside the decoder and beside other tools, all in the same run.

python -m benchmarks.pipeline [--seconds 600] [--rounds 3] [--others VENV]

What each of the others gives is less: a thumbnail a hundred frames, three pictures a scene, twelve
pictures of a film; only Katna looks at light and sharpness, and none at faces or composition. Those
that are not installed are left out: vcsi and Katna are looked for in the environment VENV.
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


_KATNA = """
import sys
from Katna.video import Video
from Katna.writer import KeyFrameDiskWriter
if __name__ == "__main__":
    writer = KeyFrameDiskWriter(location=sys.argv[2])
    Video().extract_video_keyframes(no_of_frames=12, file_path=sys.argv[1], writer=writer)
"""


def commands(film: Path, out: Path, others: Path | None) -> dict[str, tuple[str, ...]]:
    """What is run, in order; the second `ava rank` finds what the first one left.

    Ours comes next to bare decoding, in whose time it is told: a shared machine has quicker and slower
    minutes.
    """
    found: dict[str, tuple[str, ...]] = {"PyAV, bare decoding": (*_PYTHON, _DECODE, str(film))}
    ffmpeg = shutil.which("ffmpeg")
    decode = (ffmpeg or "", "-v", "error", "-threads", "2", "-i", str(film))
    if ffmpeg:
        found["ffmpeg, bare decoding"] = (*decode, "-f", "null", "-")
    rank = (*_AVA, str(film), "--out", str(out / "library"), "--quiet")
    found["ava rank"] = rank
    found["ava rank, again"] = rank
    found["ava rank, other weights"] = (*rank, "--profile", "drama")
    words = ("--out", str(out / "quick"), "--quiet", "--scan", "keyframes")
    found["ava rank, key frames"] = (*_AVA, str(film), *words)
    if ffmpeg:
        pictures = ("-vf", "thumbnail", "-fps_mode", "vfr", str(out / "thumbnail_%04d.png"))
        found["ffmpeg, thumbnail filter"] = (*decode, *pictures)
    scenes = Path(sys.executable).with_name("scenedetect")
    if scenes.exists():
        words = ("-i", str(film), "-o", str(out), "-q", "detect-adaptive", "save-images")
        found["PySceneDetect, adaptive, pictures"] = (str(scenes), *words)
    if others is not None:
        if (vcsi := others / "bin" / "vcsi").exists():
            found["vcsi, 12 pictures"] = (str(vcsi), str(film), "-g", "4x3", "-o", f"{out}/v.png")
        script = out / "katna.py"  # a file: it starts itself again in other processes
        script.write_text(_KATNA, "utf-8")
        if list(others.glob("lib/*/site-packages/Katna")):
            words = (str(script), str(film), str(out))
            found["Katna, 12 pictures"] = (str(others / "bin" / "python"), *words)
    return found


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--seconds", type=int, default=600)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--others", type=Path)
    words = parser.parse_args()
    film = benchmark_film(words.seconds)
    runs: dict[str, list[Run]] = {}
    for _ in range(words.rounds):
        with tempfile.TemporaryDirectory() as out:
            for name, command in commands(film, Path(out), words.others).items():
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
    write("pipeline" if words.others is None else "pipeline_others", settings, results)


if __name__ == "__main__":
    main()
