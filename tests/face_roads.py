"""The two roads of face work for tests, and faces of real people to walk them with."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Faces
from ava.scoring.contract import Runtime
from models import face_detection, face_landmarks
from models.face_mesh import FaceMesh
from models.weights import require
from scorers.analysers.faces import FaceAnalyser

Picture = NDArray[np.uint8]
SHARED_MODELS = Path(__file__).parent.parent.parent / "shared" / "models"


def official(name: str) -> Path:
    """A weight file of the checkout's own folder, else from the cache or its sources."""
    files = {
        face_detection.YUNET: "face_detection_yunet_2023mar.onnx",
        face_landmarks.LANDMARKER: "face_landmarker.task",
    }
    own = SHARED_MODELS / files.get(name, "")
    return own if own.is_file() else require(name)


class LandmarkerRoad(FaceAnalyser):
    """YuNet and FaceLandmarker, whatever is on this machine besides."""

    def open(self, runtime: Runtime) -> None:
        self.use(
            face_detection.YuNet(official(face_detection.YUNET)),
            face_landmarks.FaceLandmarker(official(face_landmarks.LANDMARKER)),
        )


class MeshRoad(FaceAnalyser):
    """BlazeFace, face mesh and iris: all that a package index has."""

    def open(self, runtime: Runtime) -> None:
        self.use(
            face_detection.BlazeFace(official(face_detection.BLAZEFACE)),
            FaceMesh(official(face_landmarks.MESH), official(face_landmarks.EYES)),
        )


ROADS = {"landmarker": LandmarkerRoad, "mesh": MeshRoad}


def faces_in(analyser: FaceAnalyser, picture: Picture) -> Faces:
    """The faces of one picture."""
    batch = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
    return analyser.analyse(batch)


def portraits(media: Path, per_person: int = 1) -> list[Picture]:
    """Pictures of the people in ``faces/``, so many of each; none has more than 540 lines."""
    taken: dict[str, int] = {}
    pictures = []
    with (media / "faces" / "identities.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            who = row["identities"]
            if "|" in who or taken.get(who, 0) >= per_person:
                continue
            taken[who] = taken.get(who, 0) + 1
            picture = cv2.cvtColor(cv2.imread(str(media / row["path"])), cv2.COLOR_BGR2RGB)
            shrink = min(1.0, 540 / picture.shape[0])
            size = (round(picture.shape[1] * shrink), round(picture.shape[0] * shrink))
            pictures.append(
                cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
            )
    return pictures


def nearest(faces: Faces, middle: NDArray[np.floating]) -> int | None:
    """The face whose middle lies nearest to a point (shares of the picture)."""
    if not len(faces):
        return None
    middles = (faces.box_xyxy[:, :2] + faces.box_xyxy[:, 2:]) / 2
    return int(np.linalg.norm(middles - middle, axis=1).argmin())


def largest_row(faces: Faces) -> int:
    """The largest face; there must be one."""
    assert len(faces)
    return int(faces.areas.argmax())


def middle_of(faces: Faces, row: int) -> NDArray[np.float32]:
    """The middle of a face's box, as shares of the picture."""
    return np.asarray((faces.box_xyxy[row, :2] + faces.box_xyxy[row, 2:]) / 2, np.float32)
