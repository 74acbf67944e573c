"""What describing a face costs on one core, beside dlib itself on the same chips.

python -m benchmarks.face_identity [--rounds 20]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import cv2
import dlib
import numpy as np
from skimage import data

from benchmarks.record import summary, write
from models.face_chips import chip_transforms, cut_chips
from models.face_identity import WEIGHTS, FaceIdentity
from models.weights import require

BATCHES = (1, 2, 8, 32)
# The astronaut's eyes, tip of the nose and corners of the mouth in a picture of 540 lines.
POINTS_PX = np.array([[216, 102], [255, 103], [238, 130], [217, 144], [255, 145]], np.float32)


def milliseconds_a_face(job: Callable[[], object], n_faces: int, rounds: int) -> dict[str, object]:
    job()
    times = []
    for _ in range(rounds):
        started = time.perf_counter()
        job()
        times.append((time.perf_counter() - started) * 1000 / n_faces)
    return {key: value for key, value in summary(times).items() if key != "values"}


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=20)
    rounds = parser.parse_args().rounds
    started = time.perf_counter()
    identity = FaceIdentity.open()
    opened = time.perf_counter() - started
    square = cv2.resize(data.astronaut(), (540, 540), interpolation=cv2.INTER_CUBIC)
    picture = np.zeros((540, 960, 3), np.uint8)
    picture[:, :540] = square
    results: dict[str, object] = {"open_seconds": round(opened, 3)}
    for n_faces in BATCHES:
        points_px = POINTS_PX + np.linspace(0, 20, n_faces, dtype=np.float32)[:, None, None]
        close_px = (points_px - POINTS_PX.mean(axis=0)) * 4 + 270
        chips = cut_chips(picture, chip_transforms(points_px))
        jobs: dict[str, Callable[[], object]] = {
            "descriptors": lambda chips=chips: identity.descriptors_of_chips(chips),
            "cutting": lambda at=points_px: cut_chips(picture, chip_transforms(at)),
            "cutting_close_ups": lambda at=close_px: cut_chips(picture, chip_transforms(at)),
        }
        results[f"ms_a_face_at_{n_faces}"] = {
            name: milliseconds_a_face(job, n_faces, rounds) for name, job in jobs.items()
        }
    original = dlib.face_recognition_model_v1(str(require(WEIGHTS)))
    results["ms_a_face_dlib"] = milliseconds_a_face(
        lambda: original.compute_face_descriptor(chips[0]), 1, rounds
    )
    settings = {"rounds": rounds, "threads": 1, "picture": "960x540"}
    write("face_identity", settings, results)


if __name__ == "__main__":
    main()
