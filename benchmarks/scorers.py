"""What every analyser and scorer costs one core, in time of the processor for a frame of 540 lines.

Machines differ by more than a factor of two, and a busy one from itself: a face detector that many
have timed, YuNet at 640 × 360, is timed in the same run, as a yardstick.

OMP_NUM_THREADS=1 python -m benchmarks.scorers [--rounds 5]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.core.memory import keep_freed_memory
from ava.scan.scanner import Scanner
from ava.scan.shortlist import Candidate
from ava.scoring.analyses import Analyses, Analysis, Faces
from ava.scoring.contract import Runtime
from ava.scoring.registry import installed
from ava.scoring.runner import scaled
from ava.settings import Settings
from ava.source.opening import open_source
from benchmarks.film import SAMPLE
from benchmarks.record import summary, write
from models.weights import require

_BATCH = 8


def batches(n_frames: int) -> Iterator[FrameBatch]:
    """Frames of the sample film's shortlist, evenly taken, as the pipeline hands them on."""
    with open_source(SAMPLE) as source:
        shortlist = [
            one for shot in Scanner(Settings().scan).run(source) for one in shot.candidates
        ]
    shortlist = [one for one in shortlist if one.pixels.shape == (540, 960, 3)]
    for start in range(0, n_frames, _BATCH):
        taken = np.linspace(0, len(shortlist) - 1, n_frames).round().astype(int)
        yield _batch([shortlist[at] for at in taken[start : start + _BATCH]])


def _batch(held: list[Candidate]) -> FrameBatch:
    assert all(one.moments is not None for one in held)
    return FrameBatch(
        np.stack([one.pixels for one in held]),
        np.array([one.pts_seconds for one in held]),
        np.array([one.ref.frame_id for one in held], np.int64),
        np.stack([one.moments for one in held if one.moments is not None]),
        np.array([one.moment_seconds for one in held], np.float64),
    )


def milliseconds(job: Callable[[FrameBatch], object], frames: list[FrameBatch], rounds: int) -> Any:
    """Median time of the processor, over all threads: others on the machine do not count."""
    job(frames[0])
    times = []
    for _ in range(rounds):
        for one in frames:
            started = time.process_time()
            job(one)
            times.append((time.process_time() - started) * 1000 / len(one))
    return summary(times)["median"]


def yardstick(films: list[FrameBatch], rounds: int) -> Any:
    """YuNet in OpenCV at 640 × 360, milliseconds a frame; None without its weights."""
    try:
        path = require("face_detection_yunet")
    except WeightsError:
        return None
    size = (640, 360)
    net = cv2.FaceDetectorYN.create(str(path), "", size)
    return milliseconds(
        lambda film: [net.detect(cv2.resize(one, size)) for one in film.pixels], films, rounds
    )


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--frames", type=int, default=24)
    words = parser.parse_args()
    cv2.setNumThreads(1)
    keep_freed_memory()  # as the command does
    runtime, registry = Runtime(n_threads=1), installed()
    films = list(batches(words.frames))
    results: dict[str, Any] = {}
    found: list[dict[type[Analysis], Analysis]] = [{} for _ in films]
    for analyser_class in registry.analysers:
        card = analyser_class.card
        analyser = analyser_class()
        try:
            analyser.open(runtime)
        except WeightsError as error:
            print(f"{card.name}: not measured: {error.message}")
            continue
        frames = [scaled(film, card.height_px) for film in films]
        results[f"{card.name} (analyser)"] = milliseconds(analyser.analyse, frames, words.rounds)
        for findings, one in zip(found, frames, strict=True):
            findings[card.yields] = analyser.analyse(one)
        analyser.close()
    heights = {one.card.height_px for one in (*registry.scorers, *registry.analysers)}
    for height_px in sorted(heights):
        results[f"reduced to {height_px} lines"] = milliseconds(
            lambda film, height_px=height_px: scaled(film, height_px), films, words.rounds
        )
    for scorer_class in registry.scorers:
        card_ = scorer_class.card
        scorer = scorer_class()
        scorer.open(runtime)
        frames = [scaled(film, card_.height_px) for film in films]
        analyses = {
            id(one): Analyses(findings) for one, findings in zip(frames, found, strict=True)
        }
        results[card_.name] = milliseconds(
            lambda film, scorer=scorer, analyses=analyses: scorer.score(film, analyses[id(film)]),
            frames,
            words.rounds,
        )
        scorer.close()
    faces = {
        f"{one.card.name} (analyser)" for one in registry.analysers if one.card.yields is Faces
    }
    results["all but faces"] = round(
        sum(ms for name, ms in results.items() if name not in faces), 2
    )
    if unit := yardstick(films, words.rounds):
        results["YuNet at 640 × 360, a yardstick"] = unit
        results["all but faces, in yardsticks"] = round(results["all but faces"] / unit, 2)
    for name, ms in results.items():
        print(f"{ms:8.2f}  {name}")
    write("scorers", {"rounds": words.rounds, "threads": 1, "unit": "ms a frame"}, results)


if __name__ == "__main__":
    main()
