"""Face identity: dlib's numbers without dlib, chips cut as dlib cuts them, people told apart."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from models.dlib_weights import read_network
from models.face_chips import chip_transforms, cut_chips
from models.face_identity import SAME_PERSON_DISTANCE, FaceIdentity

ASTRONAUT_POINTS_PX = np.array(
    [[216.5, 102.5], [255.5, 103.5], [238.0, 130.0], [217.0, 144.0], [255.0, 145.5]], np.float32
)
# The mesh's points that are used, and the same ones among dlib's 68, in one order.
MESH = [168, 197, 195, 4, 240, 97, 2, 326, 460, 33, 160, 158, 133, 153, 144, 362, 385]
MESH += [387, 263, 373, 380, 61, 40, 37, 0, 267, 270, 291, 78, 82, 13, 312, 308]
DLIB_68 = [*range(27, 55), *range(60, 65)]


@pytest.fixture(scope="module")
def identity(identity_weights: Path) -> FaceIdentity:
    return FaceIdentity.open(may_download=False)


@dataclass(frozen=True)
class Face:
    """A face of a named person: its picture, mesh (478, 2) and detector's points (5, 2)."""

    person: str
    picture: NDArray[np.uint8]
    mesh_px: NDArray[np.float32]
    five_px: NDArray[np.float32]


@pytest.fixture(scope="module")
def faces(shared_media: Path, shared_models: Path) -> list[Face]:
    """The one face that each picture of one person in ``faces/`` is about."""
    found = []
    with (shared_media / "faces" / "identities.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if "|" not in row["identities"]]
    with _Landmarker(shared_models / "face_landmarker.task") as mesh_in:
        detector = cv2.FaceDetectorYN.create(
            str(shared_models / "face_detection_yunet_2023mar.onnx"), "", (320, 320), 0.7
        )
        for row in rows:
            loaded = cv2.imread(str(shared_media / row["path"]))
            assert loaded is not None
            shrink = min(1.0, 640 / max(loaded.shape))
            loaded = cv2.resize(loaded, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
            picture = cv2.cvtColor(loaded, cv2.COLOR_BGR2RGB).astype(np.uint8)
            detector.setInputSize((picture.shape[1], picture.shape[0]))
            seen = np.asarray(detector.detect(loaded)[1], np.float32)
            middles = seen[:, :2] + seen[:, 2:4] / 2
            off = np.abs(middles - np.array(picture.shape[1::-1]) / 2).sum(axis=1)
            face = seen[off.argmin()]
            mesh_px = mesh_in(picture, face[:4])
            found.append(Face(row["identities"], picture, mesh_px, face[4:14].reshape(5, 2)))
    return found


class _Landmarker:
    """MediaPipe's FaceLandmarker on a crop in which the detected face fills 40 %."""

    def __init__(self, path: Path) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._mediapipe = mediapipe
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(path)), num_faces=3
        )
        self._task: Any = vision.FaceLandmarker.create_from_options(options)

    def __enter__(self) -> _Landmarker:
        return self

    def __exit__(self, *_: object) -> None:
        self._task.close()

    def __call__(
        self, picture: NDArray[np.uint8], box_xywh: NDArray[np.float32]
    ) -> NDArray[np.float32]:
        side = round(float(box_xywh[2:].max()) / 0.4)
        corner = np.round(box_xywh[:2] + box_xywh[2:] / 2 - side / 2).astype(int)
        padded = np.pad(picture, ((side, side), (side, side), (0, 0)))
        left, top = corner + side
        crop = np.ascontiguousarray(padded[top : top + side, left : left + side])
        image = self._mediapipe.Image(image_format=self._mediapipe.ImageFormat.SRGB, data=crop)
        meshes = [
            np.array([(point.x, point.y) for point in mesh], np.float32) * side
            for mesh in self._task.detect(image).face_landmarks
        ]
        middle = min(meshes, key=lambda mesh: float(np.abs(mesh.mean(axis=0) - side / 2).sum()))
        return (middle + corner).astype(np.float32)


def _chip(face: Face) -> NDArray[np.uint8]:
    return cut_chips(face.picture, chip_transforms(face.mesh_px[None]))[0]


def _changed(
    face: Face, size: float = 1.0, turn_degrees: float = 0.0
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    """The picture scaled and turned about its middle, and where the mesh is then."""
    picture, mesh_px = face.picture, face.mesh_px
    height, width = (round(side * size) for side in picture.shape[:2])
    way = cv2.INTER_AREA if size < 1 else cv2.INTER_CUBIC
    picture = cv2.resize(picture, (width, height), interpolation=way).astype(np.uint8)
    mesh_px = mesh_px * (width, height) / face.picture.shape[1::-1]
    move = cv2.getRotationMatrix2D((width / 2 - 0.5, height / 2 - 0.5), turn_degrees, 1)
    turned = cv2.warpAffine(picture, move, (width, height), flags=cv2.INTER_CUBIC)
    mesh_px = (mesh_px - 0.5) @ move[:, :2].T + move[:, 2] + 0.5
    return turned.astype(np.uint8), mesh_px.astype(np.float32)


def _dlib_chip(picture: NDArray[np.uint8], mesh_px: NDArray[np.float32]) -> NDArray[np.uint8]:
    """dlib's own chip; its landmarks are whole pixels, and `mesh_px` must be their middles."""
    import dlib

    points = [dlib.point(0, 0)] * 68
    for row, place in zip(DLIB_68, np.floor(mesh_px[MESH]).astype(int), strict=True):
        points[row] = dlib.point(int(place[0]), int(place[1]))
    shape = dlib.full_object_detection(dlib.rectangle(0, 0, 9, 9), points)
    chip: NDArray[np.uint8] = dlib.get_face_chip(picture, shape, size=150, padding=0.25)
    return chip


def test_descriptors_are_dlibs_own(
    identity: FaceIdentity, identity_weights: Path, faces: list[Face]
) -> None:
    import dlib

    chips = np.stack([_chip(face) for face in faces[::4]])
    assert len(chips) >= 25
    original = dlib.face_recognition_model_v1(str(identity_weights))
    wanted = np.array([np.array(original.compute_face_descriptor(chip)) for chip in chips])
    ours = identity.descriptors_of_chips(chips)
    assert ours.dtype == np.float32
    assert np.abs(ours - wanted).max() < 1e-5


@pytest.mark.parametrize("turn_degrees", [0, 30, -75])
@pytest.mark.parametrize("size", [0.5, 1, 1.9])
def test_chips_are_dlibs_own(faces: list[Face], size: float, turn_degrees: float) -> None:
    for face in faces[:100:9]:
        picture, mesh_px = _changed(face, size, turn_degrees)
        mesh_px = np.floor(mesh_px) + np.float32(0.5)
        ours = cut_chips(picture, chip_transforms(mesh_px[None]))[0].astype(int)
        theirs = _dlib_chip(picture, mesh_px).astype(int)
        inside = (ours.min(axis=2) > 0) & (theirs.min(axis=2) > 0)  # dlib's black frame is wider
        assert inside.mean() > 0.3
        off = np.abs(ours - theirs)[inside]
        assert off.max() <= 1
        assert off.mean() < 0.01


def test_large_faces_are_read_without_aliasing(identity: FaceIdentity, faces: list[Face]) -> None:
    """dlib shrinks them by a pyramid that lies a quarter pixel off; ours must look the same."""
    for face in faces[:100:20]:
        small = identity.descriptors(face.picture, face.mesh_px[None])[0]
        for size in (3.0, 6.0):
            picture, mesh_px = _changed(face, size)
            mesh_px = np.floor(mesh_px) + np.float32(0.5)
            ours = cut_chips(picture, chip_transforms(mesh_px[None]))
            theirs = _dlib_chip(picture, mesh_px)[None]
            inside = (ours.min(axis=3) > 0) & (theirs.min(axis=3) > 0)
            assert np.abs(ours.astype(int) - theirs)[inside].mean() < 4
            descriptors = identity.descriptors_of_chips(np.concatenate([ours, theirs]))
            assert np.linalg.norm(descriptors[0] - descriptors[1]) < 0.1
            assert np.linalg.norm(descriptors[0] - small) < 0.1


def test_fine_stripes_on_a_large_face_turn_grey() -> None:
    stripes = np.zeros((1200, 1200, 3), np.uint8)
    stripes[:, ::2] = 200
    points = np.array([[[400, 400], [800, 400], [600, 600], [400, 800], [800, 800]]], np.float32)
    chip = cut_chips(stripes, chip_transforms(points))[0]
    assert np.abs(chip.astype(int) - 100).max() <= 2


def test_turning_and_shrinking_a_picture_hardly_move_a_face(
    identity: FaceIdentity, faces: list[Face]
) -> None:
    for face in faces[:100:10]:
        upright = identity.descriptors(face.picture, face.mesh_px[None])[0]
        for size, turn_degrees in ((1, 40), (1, -120), (0.6, 0)):
            again = identity.descriptors(*_one(_changed(face, size, turn_degrees)))[0]
            assert np.linalg.norm(again - upright) < SAME_PERSON_DISTANCE / 2


def _one(
    changed: tuple[NDArray[np.uint8], NDArray[np.float32]],
) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
    return changed[0], changed[1][None]


def test_a_face_does_not_depend_on_its_neighbours(
    identity: FaceIdentity, photographs: dict[str, NDArray[np.uint8]]
) -> None:
    picture = photographs["astronaut"]
    moves = np.random.default_rng(0).uniform(-40, 40, (45, 1, 2))
    points_px = (ASTRONAUT_POINTS_PX * np.linspace(0.5, 4, 45)[:, None, None] + moves).astype(
        np.float32
    )
    chips = cut_chips(picture, chip_transforms(points_px))
    alone = np.concatenate([cut_chips(picture, chip_transforms(one[None])) for one in points_px])
    assert np.array_equal(chips, alone)
    together = identity.descriptors(picture, points_px)
    assert np.array_equal(together, identity.descriptors(picture, points_px))
    one_by_one = np.concatenate([identity.descriptors_of_chips(chip[None]) for chip in chips])
    backwards = identity.descriptors_of_chips(chips[::-1])[::-1]
    assert np.abs(together - one_by_one).max() < 1e-5
    assert np.abs(together - backwards).max() < 1e-5
    assert np.ptp(together, axis=0).max() > 0.1


@pytest.mark.filterwarnings("error")
def test_odd_input(identity: FaceIdentity, photographs: dict[str, NDArray[np.uint8]]) -> None:
    picture = photographs["astronaut"].copy()
    picture.setflags(write=False)
    assert identity.descriptors(picture, np.zeros((0, 478, 2), np.float32)).shape == (0, 128)
    points_px = np.stack([ASTRONAUT_POINTS_PX] * 3)
    points_px[1, 3] = np.nan
    points_px[2] += 5000
    found = identity.descriptors(picture, points_px)
    assert np.isnan(found[1]).all()
    assert np.isfinite(found[[0, 2]]).all()
    assert not cut_chips(picture, chip_transforms(points_px[2:])).any()
    with pytest.raises(ValueError, match="468 or 478"):
        identity.descriptors(picture, np.zeros((1, 68, 2), np.float32))
    with pytest.raises(ValueError, match="150"):
        identity.descriptors_of_chips(np.zeros((1, 96, 96, 3), np.uint8))


@pytest.mark.parametrize("road", ["mesh_px", "five_px"])
def test_people_are_told_apart(identity: FaceIdentity, faces: list[Face], road: str) -> None:
    from sklearn.cluster import AgglomerativeClustering
    from sklearn.metrics import f1_score, roc_auc_score

    points = [getattr(face, road)[None] for face in faces]
    described = np.concatenate(
        [identity.descriptors(face.picture, one) for face, one in zip(faces, points, strict=True)]
    )
    people = np.array([face.person for face in faces])
    first, second = np.triu_indices(len(people), 1)
    same = people[first] == people[second]
    distance = np.linalg.norm(described[first] - described[second], axis=1)
    assert roc_auc_score(same, -distance) > 0.998
    assert f1_score(same, distance < SAME_PERSON_DISTANCE) > 0.95
    cluster = AgglomerativeClustering(
        None, linkage="average", distance_threshold=SAME_PERSON_DISTANCE
    ).fit_predict(described)
    assert f1_score(same, cluster[first] == cluster[second]) > 0.95


def test_the_file_is_read_whole_or_refused(identity_weights: Path, tmp_path: Path) -> None:
    network = read_network(identity_weights)
    assert len(network.convolutions) == 29
    assert network.projection.shape == (256, 128)
    content = identity_weights.read_bytes()
    torn = tmp_path / "torn.dat"
    for broken in (
        content[:1000],
        content[:-1],
        b"",
        content[:50_000] + content[50_004:],
        b"\xff" * 99,
    ):
        torn.write_bytes(broken)
        with pytest.raises(WeightsError, match="not a dlib network"):
            read_network(torn)
