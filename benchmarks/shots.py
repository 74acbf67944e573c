"""Shot boundaries: quick rules, a network where they are in doubt, the network on every frame.

OMP_NUM_THREADS=1 python -m benchmarks.shots MEDIA

F1 on hand-labelled films, with PySceneDetect's `AdaptiveDetector` as a yardstick, and what the
network costs in processor time. MEDIA holds ``films``, ``other`` and ``labelled``.
"""

from __future__ import annotations

import argparse
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from scenedetect import AdaptiveDetector, FrameTimecode

from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.source.opening import open_source
from benchmarks.record import write
from benchmarks.shot_labels import Boundaries, films, tallied
from models.transnetv2 import BoundaryNetwork

_YARDSTICK = "PySceneDetect AdaptiveDetector"


class TimedJudge:
    """The network on the CPU, with the processor time that it takes."""

    is_quick = False

    def __init__(self, network: BoundaryNetwork) -> None:
        self._network, self.seconds = network, 0.0

    def judge(self, windows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """See `ava.scan.watched_frames.BoundaryJudge`."""
        started = time.process_time()
        found = self._network.judge(windows)
        self.seconds += time.process_time() - started
        return found


@dataclass
class Course:
    """What one way of finding shots has found, and what it took."""

    found: list[Boundaries] = field(default_factory=list)
    n_frames: int = 0
    n_judged: int = 0
    scan_seconds: float = 0.0
    network_seconds: float = 0.0


def scanned(course: Course, path: Path, mode: str, judge: TimedJudge) -> None:
    before, started = judge.seconds, time.process_time()
    settings = ScanSettings(shots=mode)  # type: ignore[arg-type]
    scanner = Scanner(settings, judge=None if mode == "fast" else judge)
    with open_source(path) as source:
        for _ in scanner.run(source):
            pass
    assert scanner.result is not None
    course.scan_seconds += time.process_time() - started
    course.network_seconds += judge.seconds - before
    course.n_frames += len(scanner.result.stats)
    course.n_judged += scanner.result.n_judged
    course.found.append(Boundaries.of(scanner.result.shots))


def detected(path: Path) -> Boundaries:
    """What the yardstick finds with its own defaults, on pictures of 270 lines."""
    detector, cuts = AdaptiveDetector(), []
    with open_source(path) as source:
        for number, frame in enumerate(source.scan()):
            picture = cv2.cvtColor(frame.rgb(270), cv2.COLOR_RGB2BGR)
            cuts += detector.process_frame(FrameTimecode(number, 25.0), picture)
        cuts += detector.post_process(FrameTimecode(number, 25.0))
    return Boundaries([cut.frame_num for cut in cuts])


def scores(labels: list[Boundaries], found: list[Boundaries]) -> dict[str, Any]:
    cuts, gradual = tallied(zip(labels, found, strict=True))
    return {
        "cuts_f1": round(cuts.f1, 4),
        "cuts_found_missed_wrong": [cuts.found, cuts.missed, cuts.wrong],
        "gradual_f1": round(gradual.f1, 4),
        "gradual_found_missed_wrong": [gradual.found, gradual.missed, gradual.wrong],
    }


def cost(course: Course, neural: Course) -> dict[str, float]:
    return {
        "share_of_frames_judged": round(course.n_judged / course.n_frames, 4),
        "network_processor_seconds": round(course.network_seconds, 2),
        "network_cost_over_neural": round(course.network_seconds / neural.network_seconds, 4),
        "scan_processor_seconds": round(course.scan_seconds, 2),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("media", type=Path)
    words = parser.parse_args()
    torch.set_num_threads(1)
    judge = TimedJudge(BoundaryNetwork.open())
    lists: dict[str, list[tuple[Path, Path]]] = {"single films": [], "stitched film": []}
    for film, labels in films(words.media):
        lists["stitched film" if film.stem == "stitched" else "single films"].append((film, labels))
    results: dict[str, Any] = {}
    for name, pairs in lists.items():
        labels = [Boundaries.labelled(path) for _, path in pairs]
        courses = {mode: Course() for mode in ("fast", "cascade", "neural")}
        for film, _ in pairs:
            for mode, course in courses.items():
                scanned(course, film, mode, judge)
        neural = courses["neural"]
        results[name] = {
            "films": len(pairs),
            "frames": neural.n_frames,
            **{
                mode: {**scores(labels, course.found), **cost(course, neural)}
                for mode, course in courses.items()
            },
            _YARDSTICK: scores(labels, [detected(film) for film, _ in pairs]),
        }
    write("shots", {"threads": 1}, results)


if __name__ == "__main__":
    main()
