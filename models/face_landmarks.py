"""A closer look at one face: its points, its pose, and what its muscles do.

Two roads lead there. MediaPipe's FaceLandmarker gives 478 points and 52 coefficients of movement.
Where only a package index is reachable, MediaPipe's older mesh and iris networks give 468 points,
lids and irises, and the geometry of these tells less (see `models.face_mesh`).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from ava.core.progress import OnProgress, silent
from models.face_crops import Cutting, cut_square
from models.face_geometry import pose_of, rolled
from models.face_movements import (
    MOVEMENTS,
    apertures_of,
    eye_turn_from_coefficients,
    eyes_open_from_coefficients,
    from_coefficients,
)
from models.native_log import hushed
from models.weights import first_at_hand

LANDMARKER = "face_landmarks_mediapipe"
MESH, EYES = "face_mesh_mediapipe", "eye_lids_mediapipe"

_SIZE_PX = 256  # of the cutting, and what the network sees
# Its own detector knows near faces best. Where it finds none, the face may be cut off, or fill
# less of its box than others do.
_FILLS = (0.4, 0.55, 0.3)  # share of the cutting that the face fills
_ASTRAY = 0.5  # of the face's size: what lies farther off is another face


@dataclass(frozen=True)
class Landmarks:
    """One face, looked at closely.

    Attributes
    ----------
    points_px : ndarray of float32, shape (478, 3) or (468, 3)
        MediaPipe's face mesh in the picture: x, y, and depth in the same scale; the points of the
        irises come last, where there are any.
    rotation : ndarray of float64, shape (3, 3)
        From the face's axes to the picture's, as `models.face_geometry.Pose` has it; against the
        line from the camera to the face.
    movements : ndarray of float32, shape (M,)
        What the muscles do, 0..1, by `models.face_movements.MOVEMENTS`; NaN where this road does
        not tell.
    eyes_open : ndarray of float32, shape (2,)
        How far, 0..1: the eye on the left of the picture, then the other.
    apertures : ndarray of float64, shape (2,)
        How far the lids are apart, over the width of the eye.
    eye_turn_degrees : ndarray of float32, shape (2,)
        Where the eyes point, from the way the face points: right, up.
    """

    points_px: NDArray[np.float32]
    rotation: NDArray[np.float64]
    movements: NDArray[np.float32]
    eyes_open: NDArray[np.float32]
    apertures: NDArray[np.float64]
    eye_turn_degrees: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.points_px.ndim != 2 or self.points_px.shape[1] != 3:
            raise ValueError("points_px must be (P, 3)")
        if self.movements.shape != (len(MOVEMENTS),):
            raise ValueError("movements must have one value per name")


class FaceReader(Protocol):
    """Looks at faces that a detector has found.

    Attributes
    ----------
    road : str
        Its name.
    reliability : float
        How far its movements can be trusted, 0..1: the share of them that it tells.
    """

    road: str
    reliability: float

    def read(
        self,
        picture: NDArray[np.uint8],
        box_xyxy_px: NDArray[np.float32],
        eyes_px: NDArray[np.float32],
    ) -> Landmarks | None:
        """A face in a box whose eyes, (2, 2) from the left, may be NaN; None where it sees none."""
        ...

    def close(self) -> None:
        """Let go of the networks."""
        ...


def open_reader(
    on_progress: OnProgress = silent, may_download: bool = True, n_threads: int = 1
) -> FaceReader:
    """FaceLandmarker, else mesh and iris; what is on disk goes before what must be fetched.

    FaceLandmarker takes the threads that MediaPipe gives it.

    Raises
    ------
    WeightsError
        When neither can be had.
    """
    roads = ((LANDMARKER,), (MESH, EYES))
    which, paths = first_at_hand(roads, on_progress, may_download)
    if which == 0:
        return FaceLandmarker(paths[0])
    from models.face_mesh import FaceMesh

    mesh, eyes = paths
    return FaceMesh(mesh, eyes, n_threads)


def lean_degrees(eyes_px: NDArray[np.float32]) -> float:
    """How far a face leans clockwise by the line of its eyes; 0 where they are not known."""
    across, down = eyes_px[1] - eyes_px[0]
    return float(np.degrees(np.arctan2(down, across))) if np.isfinite(across + down) else 0.0


def cut_face(
    picture: NDArray[np.uint8],
    box_xyxy_px: NDArray[np.float32],
    turned_degrees: float,
    fill: float,
    size_px: int,
) -> Cutting:
    """Cut a face out so that its longer side fills a share of the square."""
    x0, y0, x1, y1 = (float(edge) for edge in box_xyxy_px)
    side = max(x1 - x0, y1 - y0) / fill
    return cut_square(picture, ((x0 + x1) / 2, (y0 + y1) / 2), side, turned_degrees, size_px)


class FaceLandmarker:
    """MediaPipe's FaceLandmarker (face mesh V2 and blendshapes V2, 2023), face by face."""

    road = "FaceLandmarker"
    reliability = 1.0

    def __init__(self, path: Path) -> None:
        import mediapipe
        from mediapipe.tasks.python import BaseOptions, vision

        self._picture_of = mediapipe.Image
        self._format = mediapipe.ImageFormat.SRGB
        options = vision.FaceLandmarkerOptions(
            base_options=BaseOptions(model_asset_path=str(path)),
            num_faces=1,
            output_face_blendshapes=True,
            output_facial_transformation_matrixes=True,
        )
        with hushed():
            self._task: Any = vision.FaceLandmarker.create_from_options(options)

    def read(
        self,
        picture: NDArray[np.uint8],
        box_xyxy_px: NDArray[np.float32],
        eyes_px: NDArray[np.float32],
    ) -> Landmarks | None:
        """See `FaceReader.read`."""
        turned = lean_degrees(eyes_px)
        for fill in _FILLS:
            cutting = cut_face(picture, box_xyxy_px, turned, fill, _SIZE_PX)
            image = self._picture_of(image_format=self._format, data=cutting.pixels)
            with hushed():
                result = self._task.detect(image)
            if result.face_landmarks:
                face = _read(result, cutting)
                middle = face.points_px[:, :2].mean(axis=0)
                off = middle - (box_xyxy_px[:2] + box_xyxy_px[2:]) / 2
                if np.hypot(*off) < _ASTRAY * (box_xyxy_px[2:] - box_xyxy_px[:2]).max():
                    return face
        return None

    def close(self) -> None:
        """Close the task: MediaPipe complains at exit otherwise."""
        with hushed():
            self._task.close()


def _read(result: Any, cutting: Cutting) -> Landmarks:
    """What FaceLandmarker says of the only face in a cutting."""
    points = [(point.x, point.y, point.z) for point in result.face_landmarks[0]]
    mesh = np.array(points, np.float32) * np.float32(len(cutting.pixels))
    coefficients = {one.category_name: one.score for one in result.face_blendshapes[0]}
    rotation = np.asarray(result.facial_transformation_matrixes[0], np.float64)[:3, :3]
    return Landmarks(
        points_px=cutting.placed(mesh),
        rotation=rolled(rotation, cutting.turned_degrees),
        movements=from_coefficients(coefficients, pose_of(mesh)),
        eyes_open=eyes_open_from_coefficients(coefficients),
        apertures=apertures_of(mesh),
        eye_turn_degrees=eye_turn_from_coefficients(coefficients),
    )
