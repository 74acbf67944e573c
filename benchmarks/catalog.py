"""A catalog of short titles: two at once against one, and what a title costs that is done already.

python -m benchmarks.catalog [--titles 24] [--done 200] [--rounds 1]
"""

from __future__ import annotations

import argparse
import csv
import json
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from fractions import Fraction
from pathlib import Path

import av

from benchmarks.record import summary, write

SAMPLE = Path(__file__).parent.parent / "sample_media" / "sample_film.mp4"
_CLIP_FRAMES, _CLIP_HEIGHT_PX = 48, 360


def clips(folder: Path, n: int) -> list[Path]:
    """Two seconds each of the sample film, from places all over."""
    folder.mkdir(parents=True)
    pictures = []
    with av.open(str(SAMPLE)) as box:
        for frame in box.decode(video=0):
            pictures.append(frame.reformat(640, _CLIP_HEIGHT_PX, "yuv420p"))
    made = []
    for at in range(n):
        start = at * (len(pictures) - _CLIP_FRAMES) // max(1, n - 1)
        path = folder / f"clip_{at:03d}.mp4"
        with av.open(str(path), "w") as out:
            stream = out.add_stream("libx264", rate=24)
            stream.width, stream.height, stream.pix_fmt = 640, _CLIP_HEIGHT_PX, "yuv420p"
            for pts, picture in enumerate(pictures[start : start + _CLIP_FRAMES]):
                picture.pts, picture.time_base = pts, Fraction(1, 24)
                out.mux(stream.encode(picture))
            out.mux(stream.encode(None))
        made.append(path)
    return made


def catalog_of(path: Path, films: list[Path]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow(["title_id", "path"])
        rows.writerows([one.stem, one] for one in films)
    return path


def processor_seconds() -> float:
    """Of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def ran(catalog: Path, library: Path, n_jobs: int) -> tuple[float, float]:
    """Wall and processor seconds of ``ava batch`` in a process of its own."""
    command = [sys.executable, "-c", "from ava.cli.app import main; main()", "batch", str(catalog)]
    command += ["-o", str(library), "--jobs", str(n_jobs), "--json"]
    started, used = time.perf_counter(), processor_seconds()
    done = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - started
    for one in json.loads(done.stdout)["titles"]:  # of a clip that is all black nothing is left
        assert one["cause"] in ("", "nothing"), one
    return wall, processor_seconds() - used


def already_done(library: Path, folder: Path, film: Path, n: int) -> float:
    """Milliseconds of the processor for each of many titles that need nothing."""
    folder.mkdir()
    films = []
    for at in range(n):
        films.append(folder / f"done_{at:04d}.mp4")
        shutil.copy2(film, films[-1])
        with films[-1].open("ab") as file:
            file.write(at.to_bytes(4, "big"))
    catalog = catalog_of(folder / "catalog.csv", films)
    first = catalog_of(folder / "first.csv", films[:1])
    ran(first, library, 1)
    made = library / films[0].stem
    facts = json.loads((made / "manifest.json").read_text("utf-8"))
    for film in films[1:]:
        target = library / film.stem
        shutil.copytree(made, target)
        stamp = film.stat()
        facts["source"] |= {
            "path": str(film.resolve()), "n_bytes": stamp.st_size, "modified_ns": stamp.st_mtime_ns
        }  # fmt: skip
        (target / "manifest.json").write_text(json.dumps(facts), "utf-8")
    alone = min(ran(first, library, 1)[1] for _ in range(3))
    together = min(ran(catalog, library, 1)[1] for _ in range(3))
    return 1000 * (together - alone) / (n - 1)


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--titles", type=int, default=24)
    parser.add_argument("--done", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=1)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as root:
        films = clips(Path(root) / "clips", words.titles)
        catalog = catalog_of(Path(root) / "catalog.csv", films)
        walls: dict[int, list[float]] = {1: [], 2: []}
        for at in range(words.rounds):
            for n_jobs, seconds in walls.items():
                seconds.append(ran(catalog, Path(root) / f"library_{n_jobs}_{at}", n_jobs)[0])
        done_ms = already_done(Path(root) / "done", Path(root) / "copies", films[0], words.done)
    write(
        "catalog",
        {
            "titles": words.titles,
            "frames_per_title": _CLIP_FRAMES,
            "done_titles": words.done,
            "rounds": words.rounds,
            "command": "ava batch CATALOG -o LIBRARY --jobs N",
        },
        {
            "one_job_wall_seconds": summary(walls[1]),
            "two_jobs_wall_seconds": summary(walls[2]),
            "two_jobs_times_faster": summary(
                [one / two for one, two in zip(walls[1], walls[2], strict=True)]
            ),
            "done_title_processor_milliseconds": round(done_ms, 2),
        },
    )


if __name__ == "__main__":
    main()
