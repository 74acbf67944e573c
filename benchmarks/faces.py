"""What face work costs one core in time of the processor: a picture of two faces, a wide shot, an empty one; by part.

OMP_NUM_THREADS=1 python -m benchmarks.faces [--rounds 30]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage import data
from sklearn.datasets import load_sample_image

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from benchmarks.record import summary, write
from models.face_detection import BLAZEFACE, YUNET, BlazeFace, FaceDetector, YuNet
from models.face_identity import FaceIdentity
from models.face_landmarks import EYES, LANDMARKER, MESH, FaceLandmarker, FaceReader
from models.face_mesh import FaceMesh
from models.weights import require
from scorers.analysers.faces import FaceAnalyser

Picture = NDArray[np.uint8]


def picture_of(face_height_px: int, n_faces: int) -> Picture:
    """Faces of a height beside each other in a landscape of 540 lines."""
    scene = cv2.resize(load_sample_image("china.jpg"), (960, 540), interpolation=cv2.INTER_AREA)
    astronaut = data.astronaut()[:256, 96:352]  # her face is 115 pixels high
    side = round(256 * face_height_px / 115)
    for at in range(n_faces):
        left, top = 60 + at * (side + 40), (540 - side) // 2
        scene[top : top + side, left : left + side] = cv2.resize(
            astronaut, (side, side), interpolation=cv2.INTER_AREA
        )
    return np.asarray(scene, np.uint8)


def milliseconds(job: Callable[[], object], rounds: int, pictures: int = 1) -> dict[str, Any]:
    """Time of the processor for one picture, over all threads: others on the machine do not count."""
    job()
    times = []
    for _ in range(rounds):
        started = time.process_time()
        job()
        times.append((time.process_time() - started) * 1000 / pictures)
    return {key: value for key, value in summary(times).items() if key != "values"}


def roads() -> dict[str, tuple[FaceDetector, FaceReader]]:
    """The roads whose weights can be had, by name."""
    found: dict[str, tuple[FaceDetector, FaceReader]] = {}
    makers: dict[str, Callable[[], tuple[FaceDetector, FaceReader]]] = {
        "yunet_landmarker": lambda: (YuNet(require(YUNET)), FaceLandmarker(require(LANDMARKER))),
        "blazeface_mesh": lambda: (
            BlazeFace(require(BLAZEFACE)),
            FaceMesh(require(MESH), require(EYES)),
        ),
    }
    for name, make in makers.items():
        try:
            found[name] = make()
        except WeightsError as error:
            print(f"{name}: not measured: {error.message}")
    return found


def measured(detector: FaceDetector, reader: FaceReader, rounds: int) -> dict[str, Any]:
    """Every part of the work, and the whole of it, in milliseconds a picture."""
    analyser = FaceAnalyser()
    analyser.use(detector, reader)
    pictures = {"two_faces": picture_of(150, 2), "wide_shot": picture_of(45, 2)}
    pictures["no_face"] = picture_of(150, 0)
    batches = {
        name: FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
        for name, picture in pictures.items()
    }
    two = pictures["two_faces"]
    faces = detector.first_look(two)
    assert len(faces) == 2
    box, eyes = faces.box_xyxy_px[0], faces.points_px[0, :2]
    parts: dict[str, Callable[[], object]] = {
        "first_look": lambda: detector.first_look(two),
        "second_look": lambda: detector.second_look(two),
        "landmarks_a_face": lambda: reader.read(two, box, eyes),
    }
    for name, batch in batches.items():
        print(name, len(analyser.analyse(batch)), "faces")
        parts[name] = lambda batch=batch: analyser.analyse(batch)
    results = {name: milliseconds(job, rounds) for name, job in parts.items()}
    try:
        analyser.use(detector, reader, FaceIdentity.open())
    except WeightsError as error:
        print(f"identity: not measured: {error.message}")
    else:
        n_frames = 8  # as in the pipeline, where identities are told for a batch of frames at once
        batch = FrameBatch(
            np.stack([two] * n_frames), np.arange(n_frames, dtype=float), np.arange(n_frames)
        )
        results["two_faces_with_identity"] = milliseconds(
            lambda: analyser.analyse(batch), max(3, rounds // 4), n_frames
        )
    analyser.close()
    return results


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=30)
    rounds = parser.parse_args().rounds
    cv2.setNumThreads(1)
    results = {
        f"ms_{name}": measured(detector, reader, rounds)
        for name, (detector, reader) in roads().items()
    }
    write("faces", {"rounds": rounds, "threads": 1, "picture": "960x540"}, results)


if __name__ == "__main__":
    main()
