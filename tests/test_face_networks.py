"""BlazeFace, mesh and iris in LiteRT itself, held to MediaPipe's task and to OpenCV."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.source.opening import open_source
from models import face_mesh
from models.blaze_face import BlazeFaceNetwork, FoundFaces
from models.face_detection import BLAZEFACE
from models.face_landmarks import EYES, MESH
from tests.conftest import ROOT, SAMPLE, skip
from tests.face_roads import official, portraits

Picture = NDArray[np.uint8]
MIN_CONFIDENCE = 0.4
EVERY = {  # of their frames
    "films/chaplin.mp4": 10,
    "films/iron_man.mp4": 10,
    "people/face_demographics_walking.mp4": 3,
    "people/head_pose_face_detection_female_and_male.mp4": 15,
}


def weights(name: str) -> Path:
    try:
        return official(name)
    except WeightsError as error:
        skip(error.message)


@dataclass
class Witness:
    """MediaPipe's own FaceDetector on the same file."""

    task: Any

    def find(self, picture: Picture) -> FoundFaces:
        from mediapipe import Image, ImageFormat

        data = np.ascontiguousarray(picture)
        found = self.task.detect(Image(image_format=ImageFormat.SRGB, data=data)).detections
        size = picture.shape[1::-1]
        boxes = [one.bounding_box for one in found]
        points = [[(point.x, point.y) for point in one.keypoints] for one in found]
        return FoundFaces(
            np.array(
                [
                    (
                        box.origin_x,
                        box.origin_y,
                        box.origin_x + box.width,
                        box.origin_y + box.height,
                    )
                    for box in boxes
                ],
                np.float32,
            ).reshape(-1, 4),
            np.array([one.categories[0].score for one in found], np.float32),
            np.array(points, np.float32).reshape(-1, 6, 2) * np.array(size, np.float32),
        )


@pytest.fixture(scope="module")
def witness() -> Iterator[Witness]:
    from mediapipe.tasks.python import BaseOptions, vision

    options = vision.FaceDetectorOptions(
        base_options=BaseOptions(model_asset_path=str(weights(BLAZEFACE))),
        min_detection_confidence=MIN_CONFIDENCE,
    )
    with vision.FaceDetector.create_from_options(options) as task:
        yield Witness(task)


@pytest.fixture(scope="module")
def network() -> BlazeFaceNetwork:
    return BlazeFaceNetwork(weights(BLAZEFACE), MIN_CONFIDENCE)


def frames(path: Path, every: int) -> Iterator[Picture]:
    with open_source(path) as source:
        for frame in source.scan():
            if frame.ref.frame_id % every == every // 2:
                yield frame.rgb(540)


def even(picture: Picture) -> Picture:
    """Of an odd longer side every third sample lies midway between two: rounded by chance."""
    height, width = picture.shape[:2]
    return picture[: height // 2 * 2, : width // 2 * 2]


def agree(ours: FoundFaces, theirs: FoundFaces, most_px: float = 0.02) -> None:
    """The same faces in the same order, in boxes that theirs rounds to whole pixels."""
    np.testing.assert_allclose(ours.confidence, theirs.confidence, atol=0.001)
    np.testing.assert_allclose(ours.points_px, theirs.points_px, atol=most_px)
    # A box that reaches over the upper or left edge theirs shifts back into the picture.
    whole = (ours.box_xyxy_px[:, :2] >= 0).all(axis=1)
    np.testing.assert_allclose(ours.box_xyxy_px[whole], theirs.box_xyxy_px[whole], atol=2)


def held(network: BlazeFaceNetwork, witness: Witness, pictures: list[Picture]) -> int:
    """How many faces both find in the pictures."""
    n_faces = 0
    for picture in map(even, pictures):
        found = network.find(picture)
        agree(found, witness.find(picture))
        n_faces += len(found.confidence)
    return n_faces


def test_the_sample_film_shows_what_mediapipe_sees(
    network: BlazeFaceNetwork, witness: Witness, photographs: dict[str, Picture]
) -> None:
    pictures = [*frames(SAMPLE, 24), *photographs.values()]
    assert held(network, witness, pictures) >= 1


def test_portraits_and_films_show_what_mediapipe_sees(
    network: BlazeFaceNetwork, witness: Witness, shared_media: Path
) -> None:
    assert held(network, witness, portraits(shared_media, per_person=2)) >= 25
    n_faces = [
        held(network, witness, list(frames(shared_media / name, every)))
        for name, every in EVERY.items()
    ]
    assert sum(n_faces) >= 50, n_faces


def test_a_margin_is_black_around_the_picture(
    network: BlazeFaceNetwork, witness: Witness, photographs: dict[str, Picture]
) -> None:
    picture, margin = even(photographs["astronaut"]), 270
    ours = network.find(picture, margin)
    assert len(ours.confidence) == 1
    around = cv2.copyMakeBorder(picture, *(margin,) * 4, cv2.BORDER_CONSTANT).astype(np.uint8)
    theirs = witness.find(around)
    agree(
        FoundFaces(ours.box_xyxy_px + margin, ours.confidence, ours.points_px + margin),
        theirs,
    )
    # A part of a larger picture is seen in its place, without a copy of it.
    part = around[margin:-margin, margin:-margin]
    np.testing.assert_array_equal(network.find(part, margin).points_px, ours.points_px)


def test_a_box_reaches_over_the_edge(
    network: BlazeFaceNetwork, photographs: dict[str, Picture]
) -> None:
    """MediaPipe's task would shift it into the picture, by all that is outside."""
    picture = photographs["astronaut"]
    whole = network.find(picture)
    x0, _, x1, _ = (float(edge) for edge in whole.box_xyxy_px[0])
    cut = round(x0 + 0.2 * (x1 - x0))
    found = network.find(picture[:, cut:])
    assert len(found.confidence) == 1
    assert found.box_xyxy_px[0, 0] < -0.1 * (x1 - x0)
    expected = whole.box_xyxy_px[0] - np.array([cut, 0, cut, 0])
    np.testing.assert_allclose(found.box_xyxy_px[0], expected, atol=0.15 * (x1 - x0))


@pytest.mark.parametrize(
    ("name", "side_px", "outputs"),
    [
        (MESH, face_mesh._MESH_PX, face_mesh._MESH_OUTPUTS),
        (EYES, face_mesh._EYE_PX, face_mesh._EYE_OUTPUTS),
    ],
)
def test_mesh_and_iris_are_those_of_opencv(
    photographs: dict[str, Picture], name: str, side_px: int, outputs: tuple[str, ...]
) -> None:
    path = weights(name)
    ours = face_mesh._Network(path, side_px, outputs, 1)
    theirs = cv2.dnn.readNetFromTFLite(str(path), cv2.dnn.ENGINE_CLASSIC)
    for picture in photographs.values():
        side = min(picture.shape[:2]) // 2
        pixels = cv2.resize(picture[:side, -side:], (side_px, side_px)).astype(np.uint8)
        theirs.setInput(cv2.dnn.blobFromImage(pixels, 1 / 255))
        expected = [np.asarray(one).ravel() for one in theirs.forward(outputs)]
        for given, wanted in zip(ours.seen(pixels), expected, strict=True):
            np.testing.assert_allclose(given, wanted, atol=1e-3)


def test_faces_need_no_mediapipe_without_its_landmarker() -> None:
    for name in (BLAZEFACE, MESH, EYES):
        weights(name)
    code = (
        "import sys\n"
        "from skimage import data\n"
        "from ava.scoring.contract import Runtime\n"
        "from tests.face_roads import MeshRoad, faces_in\n"
        "road = MeshRoad()\n"
        "road.open(Runtime())\n"
        "faces = faces_in(road, data.astronaut())\n"
        "late = [name for name in ('mediapipe', 'matplotlib') if name in sys.modules]\n"
        "print(len(faces), faces.landmark_confidence[0] > 0.5, late)"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert out.stdout.strip() == "1 True []", out.stderr
