"""The road to a face's points without FaceLandmarker: MediaPipe's older mesh and iris networks.

They run in LiteRT. The mesh (Kartynnik et al., "Real-time facial surface geometry from monocular
video on mobile GPUs", 2019) gives 468 points, but smooths over lids; the iris network (Ablavatski
et al., "Real-time pupil tracking from monocular video for digital puppetry", 2020) gives those.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.face_crops import cut_square
from models.face_geometry import EYE_CORNERS, angles_degrees, pose_of
from models.face_landmarks import Landmarks, cut_face, lean_degrees
from models.face_movements import (
    apertures_from_lids,
    eye_turn_from_irises,
    eyes_open_from_apertures,
    from_shape,
    ramp,
)
from models.lite_graph import interpreter

_MESH_PX, _EYE_PX = 192, 64  # what the networks see
_MESH_FILL = 1 / 1.5
_EYE_REACH = 2.3  # widths of an eye that its cutting spans
_MESH_OUTPUTS, _EYE_OUTPUTS = (
    ("conv2d_21", "conv2d_31"),
    ("output_eyes_contours_and_brows", "output_iris"),
)
_LEVELS = np.float32(1 / 255)  # bytes become 0..1
_MIN_PRESENCE = 0.5
_N_LOWER, _N_LIDS = 9, 16  # first points of an eye: the lower lid with both corners, then the upper
_BOWED = (5.0, 20.0)  # degrees down: a bowed head looks down with its eyes, too


class FaceMesh:
    """Face mesh and iris, face by face."""

    road = "face mesh and iris (FaceLandmarker was not at hand)"
    reliability = 0.6

    def __init__(self, mesh: Path, eyes: Path, n_threads: int = 1) -> None:
        self._mesh = _Network(mesh, _MESH_PX, _MESH_OUTPUTS, n_threads)
        self._eyes = _Network(eyes, _EYE_PX, _EYE_OUTPUTS, n_threads)

    def read(
        self,
        picture: NDArray[np.uint8],
        box_xyxy_px: NDArray[np.float32],
        eyes_px: NDArray[np.float32],
    ) -> Landmarks | None:
        """See `FaceReader.read`."""
        turned = lean_degrees(eyes_px)
        cutting = cut_face(picture, box_xyxy_px, turned, _MESH_FILL, _MESH_PX)
        mesh, presence = self._mesh.seen(cutting.pixels)
        if 1 / (1 + np.exp(-float(presence[0]))) < _MIN_PRESENCE:
            return None
        points_px = cutting.placed(mesh.reshape(-1, 3))
        pose = pose_of(points_px)
        apertures, irises_px = self._eyes_of(picture, points_px)
        turn = eye_turn_from_irises(pose.in_face(irises_px), pose)
        return Landmarks(
            points_px=points_px,
            rotation=pose.rotation,
            movements=from_shape(pose, ramp(-angles_degrees(pose.rotation)[1], *_BOWED)),
            eyes_open=eyes_open_from_apertures(apertures),
            apertures=apertures_from_lids(apertures),
            eye_turn_degrees=turn,
        )

    def _eyes_of(
        self, picture: NDArray[np.uint8], points_px: NDArray[np.float32]
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """How far the lids of each eye are apart, shape (2,), and where its iris is, (2, 3)."""
        apertures, irises = [], []
        for side, rows in enumerate(EYE_CORNERS):
            corners = points_px[list(rows)]
            across, down = corners[1, :2] - corners[0, :2]
            width, lean = float(np.hypot(across, down)), float(np.degrees(np.arctan2(down, across)))
            x, y, depth = (float(value) for value in corners.mean(axis=0))
            cutting = cut_square(picture, (x, y), _EYE_REACH * max(width, 1.0), lean, _EYE_PX)
            # The network knows the eye on the left only: the other one is shown in the mirror.
            pixels = cutting.pixels[:, ::-1] if side else cutting.pixels
            lids, iris = self._eyes.seen(pixels)
            apertures.append(_aperture(lids.reshape(-1, 3)[:_N_LIDS, :2]))
            middle = iris[:2].astype(np.float64)
            middle[0] = _EYE_PX - middle[0] if side else middle[0]
            irises.append((*cutting.placed(middle[None])[0], depth))
        return np.array(apertures), np.array(irises)

    def close(self) -> None:
        """LiteRT lets go by itself."""


class _Network:
    """One of the two, opened for squares of a size."""

    def __init__(self, path: Path, side_px: int, outputs: tuple[str, ...], n_threads: int) -> None:
        self._net = interpreter(path.read_bytes(), n_threads, (side_px, side_px))
        self._input = self._net.get_input_details()[0]["index"]
        places = {one["name"]: one["index"] for one in self._net.get_output_details()}
        self._outputs = [places[name] for name in outputs]
        self._values = np.empty((1, side_px, side_px, 3), np.float32)

    def seen(self, pixels: NDArray[np.uint8]) -> list[NDArray[np.float32]]:
        """What it says of one picture in RGB, flat."""
        np.multiply(pixels, _LEVELS, out=self._values[0])
        self._net.set_tensor(self._input, self._values)
        self._net.invoke()
        return [self._net.get_tensor(output).ravel() for output in self._outputs]


def _aperture(lids: NDArray[np.float32]) -> float:
    """How far the lids are apart on average, over the width of the eye."""
    lower, upper = lids[:_N_LOWER], lids[_N_LOWER:]
    apart = np.linalg.norm(lower[1:-1] - upper, axis=1).mean()
    return float(apart / max(float(np.linalg.norm(lower[-1] - lower[0])), 1e-6))
