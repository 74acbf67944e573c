"""White flashes planted in the middle of real shots: how often each way of finding shots cuts there.

OMP_NUM_THREADS=1 python -m benchmarks.flashes MEDIA

MEDIA is as `benchmarks.shots` has it.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.source.info import SourceFrame
from ava.source.opening import Source, open_source
from benchmarks.record import write
from benchmarks.shot_labels import Boundaries, films
from models.transnetv2 import BoundaryNetwork

_LENGTHS = (1, 2, 3, 5, 8)  # frames
_LEAST_SHOT = 80  # frames between labelled boundaries: a flash is in a shot, not at its end


class White:
    """A frame that the flash has made white."""

    def __init__(self, frame: SourceFrame) -> None:
        self._frame, self.ref, self.n_bytes = frame, frame.ref, frame.n_bytes

    def luma(self, lines_px: int) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame`."""
        return np.full_like(self._frame.luma(lines_px), 255)

    def rgb(self, height_px: int | None = None) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame`."""
        return np.full_like(self._frame.rgb(height_px), 255)

    def stretched(self, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame`."""
        return np.full((height_px, width_px, 3), 255, np.uint8)


class Flashing:
    """A source with white frames in it."""

    def __init__(self, source: Source, white: set[int]) -> None:
        self._source, self._white = source, white

    def __getattr__(self, name: str) -> Any:
        return getattr(self._source, name)

    def scan(self) -> Iterator[Any]:
        """Every frame, the white ones in their places."""
        for frame in self._source.scan():
            yield White(frame) if frame.ref.frame_id in self._white else frame


def planted(labels: Boundaries, n_frames: int, n_before: int) -> list[tuple[int, int]]:
    """First frame and length of a flash in each long shot; lengths take turns from film to film."""
    edges = [(0, 0), *((cut, cut) for cut in labels.cuts), *labels.gradual, (n_frames, n_frames)]
    edges.sort()
    shots = [
        (last, first) for (_, last), (first, _) in pairwise(edges) if first - last >= _LEAST_SHOT
    ]
    return [
        ((first + end) // 2, _LENGTHS[(n_before + number) % len(_LENGTHS)])
        for number, (first, end) in enumerate(shots)
    ]


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("media", type=Path)
    words = parser.parse_args()
    torch.set_num_threads(1)
    network = BoundaryNetwork.open()
    n_flashes, taken = 0, {"fast": 0, "cascade": 0, "neural": 0}
    for film, path in films(words.media)[:-1]:
        with open_source(film) as source:
            n_frames = sum(1 for _ in source.scan())
        flashes = planted(Boundaries.labelled(path), n_frames, n_flashes)
        n_flashes += len(flashes)
        white = {first + step for first, length in flashes for step in range(length)}
        for mode in taken:
            settings = ScanSettings(shots=mode)  # type: ignore[arg-type]
            scanner = Scanner(settings, judge=None if mode == "fast" else network)
            with open_source(film) as source:
                for _ in scanner.run(Flashing(source, white)):  # type: ignore[arg-type]
                    pass
            assert scanner.result is not None
            starts = [shot.first_frame for shot in scanner.result.shots]
            for first, length in flashes:
                taken[mode] += any(first - 1 <= start <= first + length + 1 for start in starts)
    write(
        "flashes",
        {"lengths_frames": list(_LENGTHS), "least_shot_frames": _LEAST_SHOT},
        {"flashes": n_flashes, "taken_for_boundaries": taken},
    )


if __name__ == "__main__":
    main()
