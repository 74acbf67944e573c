"""The shape of a head, and how a face lies in a picture.

The points of MediaPipe's face mesh are laid onto those of its canonical face, which is a head of
average size in centimetres, by the turn, scale and shift that fit best (Umeyama, "Least-squares
estimation of transformation parameters between two point patterns", 1991). The turn is the pose of
the head; what is left tells how the face differs from a face at rest.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

# Of MediaPipe's canonical face model (Apache-2.0), the points that it weighs for the pose because
# they move least: place in the mesh on the left of the picture and on the right, weight, then x
# (that of the right one), y and z in centimetres, from the middle of the head to the right of the
# picture, up, and out of the face.
_RIGID = (
    (4, 4, 0.0709, 0.0, -0.463, 7.587),
    (6, 6, 0.0321, 0.0, 2.473, 5.789),
    (10, 10, 0.0084, 0.0, 8.262, 4.482),
    (33, 263, 0.0587, 4.446, 2.664, 3.173),
    (54, 284, 0.0077, 6.279, 6.615, 1.426),
    (67, 297, 0.0091, 3.524, 8.006, 3.729),
    (117, 346, 0.0098, 5.259, 0.946, 2.974),
    (119, 348, 0.0146, 3.301, 0.862, 3.873),
    (121, 350, 0.0186, 1.821, 1.468, 4.224),
    (127, 356, 0.0052, 7.743, 2.365, -2.005),
    (129, 358, 0.1206, 1.786, -0.978, 4.85),
    (132, 361, 0.0056, 7.271, -2.891, -2.252),
    (133, 362, 0.0533, 1.856, 2.585, 3.758),
    (136, 365, 0.0669, 5.085, -7.179, 0.715),
    (143, 372, 0.0148, 6.408, 2.236, 1.561),
    (147, 376, 0.0143, 6.235, -1.944, 1.664),
    (198, 420, 0.0255, 1.247, 0.23, 5.681),
    (205, 425, 0.0473, 3.833, -1.537, 4.138),
)

EYE_CORNERS = ((33, 133), (362, 263))
"""Corners of the eye on the left of the picture and of the other one, each from the left."""

LIDS = (((159, 145), (158, 153), (160, 144)), ((386, 374), (385, 380), (387, 373)))
"""Opposite points of the upper and the lower lid: of the eye on the left, of the other one."""

NOSE_TIP, MOUTH_CORNERS = 4, (61, 291)

OVAL = (
    10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377,
    152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109,
)  # fmt: skip
"""The outline of the face, from the top of the forehead clockwise."""


def _rigid() -> tuple[NDArray[np.intp], NDArray[np.float64], NDArray[np.float64]]:
    """Rows in the mesh, weights that sum to 1, and places of the points that move least."""
    table = np.array(_RIGID)
    paired = table[:, 0] != table[:, 1]
    mirrored = table[paired, 3:] * [-1, 1, 1]
    rows = np.concatenate([table[:, 1], table[paired, 0]]).astype(np.intp)
    weights = np.concatenate([table[:, 2], table[paired, 2]])
    return rows, weights / weights.sum(), np.concatenate([table[:, 3:], mirrored])


_ROWS, _WEIGHTS, _PLACES = _rigid()
_GOAL = _WEIGHTS @ _PLACES
_UP_AND_OUT = np.array([1.0, -1.0, -1.0])  # the picture's y is down, its depth away


@dataclass(frozen=True)
class Pose:
    """How a head is held, and its face laid onto the canonical one.

    Attributes
    ----------
    rotation : ndarray of float64, shape (3, 3)
        From the face's axes to the picture's: to the right of the picture, up, to the camera.
    points_cm : ndarray of float64, shape (P, 3)
        The mesh in the axes of the face.
    middle_px : ndarray of float64, shape (3,)
        The point of the picture that is laid onto the middle of the canonical face.
    px_per_cm : float
        How large the head is.
    """

    rotation: NDArray[np.float64]
    points_cm: NDArray[np.float64]
    middle_px: NDArray[np.float64]
    px_per_cm: float

    def in_face(self, points_px: NDArray[np.floating]) -> NDArray[np.float64]:
        """Points of the picture with their depth, (P, 3), in the axes of the face."""
        off = (points_px * _UP_AND_OUT - self.middle_px) @ self.rotation / self.px_per_cm
        placed: NDArray[np.float64] = off + _GOAL
        return placed


def pose_of(points_px: NDArray[np.floating]) -> Pose:
    """The pose of a head from the mesh of its face.

    Parameters
    ----------
    points_px : ndarray, shape (P, 3)
        x to the right, y down, z away from the camera, in one scale.
    """
    rigid = points_px[_ROWS].astype(np.float64) * _UP_AND_OUT
    middle = _WEIGHTS @ rigid
    seen, known = rigid - middle, _PLACES - _GOAL
    left, stretch, right = np.linalg.svd((seen * _WEIGHTS[:, None]).T @ known)
    proper = np.array([1, 1, np.sign(np.linalg.det(left @ right))])
    rotation = (left * proper) @ right
    scale = float((stretch * proper).sum() / (_WEIGHTS @ (known**2).sum(axis=1)))
    pose = Pose(rotation, np.empty(0), middle, scale)
    return replace(pose, points_cm=pose.in_face(points_px))


def rolled(rotation: NDArray[np.float64], degrees: float) -> NDArray[np.float64]:
    """The same pose in a picture that is turned back: the head leans `degrees` more, clockwise."""
    cosine, sine = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
    turned: NDArray[np.float64] = (
        np.array([[cosine, sine, 0], [-sine, cosine, 0], [0, 0, 1]]) @ rotation
    )
    return turned


def angles_degrees(rotation: NDArray[np.float64]) -> tuple[float, float, float]:
    """Yaw, pitch and roll of a head.

    Yaw and pitch say where the nose points: yaw to the right of the picture, pitch up; both are 0
    towards the camera. Roll says how far the head leans clockwise, to its own left.
    """
    forward = rotation[:, 2]
    yaw = np.degrees(np.arctan2(forward[0], forward[2]))
    pitch = np.degrees(np.arcsin(np.clip(forward[1], -1, 1)))
    roll = np.degrees(np.arctan2(-rotation[1, 0], rotation[1, 1]))
    return float(yaw), float(pitch), float(roll)


def five_points(points_px: NDArray[np.floating]) -> NDArray[np.float32]:
    """Both eyes from the left of the picture, the tip of the nose, and the mouth's corners: (5, 2)."""
    eyes = [points_px[list(corners), :2].mean(axis=0) for corners in EYE_CORNERS]
    rest = [points_px[NOSE_TIP, :2], *(points_px[row, :2] for row in MOUTH_CORNERS)]
    return np.array([*eyes, *rest], np.float32)
