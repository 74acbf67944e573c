"""What the muscles of a face do, each 0..1, from what the two landmark networks give.

0 is a face at rest, 1 as far as the movement goes on ordinary people. The names follow the action
units of the Facial Action Coding System (Ekman, Friesen & Hager, 2002). How a network's own numbers
map to 0..1 was set on faces of films and portraits: where it starts to move on faces at rest, and
what it reaches on strong ones.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from models.face_geometry import EYE_CORNERS, LIDS, Pose

MOVEMENTS = (
    "brow_inner_up",  # AU 1
    "brow_outer_up",  # AU 2
    "brow_down",  # AU 4
    "eyes_wide",  # AU 5
    "eyes_squint",  # AU 6 and 7
    "upper_lip_up",  # AU 9 and 10
    "smile",  # AU 12
    "mouth_frown",  # AU 15
    "lower_lip_down",  # AU 16
    "chin_up",  # AU 17
    "mouth_stretch",  # AU 20
    "lips_pressed",  # AU 24
    "mouth_open",  # AU 25 to 27
    "eyes_down",  # AU 64
)
"""The movements, in the order of `Landmarks.movements`."""

# Movement, then the coefficients of FaceLandmarker that tell it, and where they rest and end. Its
# noseSneer, cheekSquint and cheekPuff stay at 0 on all faces and tell nothing.
_COEFFICIENTS = {
    "brow_inner_up": (("browInnerUp",), 0.1, 0.6),
    "brow_outer_up": (("browOuterUpLeft", "browOuterUpRight"), 0.15, 0.6),
    "brow_down": (("browDownLeft", "browDownRight"), 0.15, 0.6),
    "eyes_wide": (("eyeWideLeft", "eyeWideRight"), 0.015, 0.08),
    "eyes_squint": (("eyeSquintLeft", "eyeSquintRight"), 0.4, 0.75),
    "upper_lip_up": (("mouthUpperUpLeft", "mouthUpperUpRight"), 0.05, 0.4),
    "smile": (("mouthSmileLeft", "mouthSmileRight"), 0.05, 0.6),
    "mouth_frown": (("mouthFrownLeft", "mouthFrownRight"), 0.03, 0.3),
    "lower_lip_down": (("mouthLowerDownLeft", "mouthLowerDownRight"), 0.2, 0.8),
    "chin_up": (("mouthShrugLower",), 0.03, 0.25),
    "mouth_stretch": (("mouthStretchLeft", "mouthStretchRight"), 0.05, 0.3),
    "lips_pressed": (("mouthPressLeft", "mouthPressRight"), 0.1, 0.4),
    "eyes_down": (("eyeLookDownLeft", "eyeLookDownRight"), 0.2, 0.6),
}
_SHUT = (0.02, 0.58)  # eyeBlink of an open eye, of a shut one
_SQUINT_AT_REST, _SQUINT_ON_BLINK = 0.4, 0.4  # laughing eyes are narrow, but not shut
# While the head turns and the eyes keep to one point, the coefficients change by 1 in 30 degrees. At
# rest they are not quite 0.
_EYE_TURN_DEGREES, _EYE_REST = 30.0, (0.05, -0.15)
# The iris network sees eyes turn aside, but hardly up and down: the second is held back.
_IRIS_DEGREES_PER_CM, _IRIS_REST_CM = (50.0, 40.0), (0.0, 0.07)
_APERTURE = (0.07, 0.21)  # lids apart in the iris network, over the width of the eye: shut, open
_MESH_APERTURE = (0.05, 1.6)  # takes them to FaceLandmarker's: what it leaves of a shut eye, scale


def ramp(value: float, rest: float, end: float) -> float:
    """0 up to `rest`, 1 from `end` on, straight between."""
    return min(1.0, max(0.0, (value - rest) / (end - rest)))


def mouth_open(pose: Pose) -> float:
    """How far the mouth is open: lips apart, and lower lip away from the nose."""
    points = pose.points_cm
    gap, drop = points[13, 1] - points[14, 1], points[2, 1] - points[17, 1]
    return (ramp(gap, 0.5, 2.0) + ramp(drop, 4.1, 5.4)) / 2


def from_coefficients(coefficients: dict[str, float], pose: Pose) -> NDArray[np.float32]:
    """The movements from FaceLandmarker's 52 coefficients, by name: float32, shape (M,)."""
    told = {"mouth_open": mouth_open(pose)}
    for movement, (names, rest, end) in _COEFFICIENTS.items():
        told[movement] = ramp(float(np.mean([coefficients[name] for name in names])), rest, end)
    return np.array([told[movement] for movement in MOVEMENTS], np.float32)


def from_shape(pose: Pose, eyes_down: float) -> NDArray[np.float32]:
    """The movements that the mesh alone shows: float32, shape (M,), NaN for the others.

    It shows brows that rise, but not brows that come down, and of the lips only the larger moves.
    """
    points = pose.points_cm
    eyes = points[[row for corners in EYE_CORNERS for row in corners], 1].mean()
    inner, middle, outer = (
        points[list(rows), 1].mean() - eyes for rows in ((107, 336), (105, 334), (70, 300))
    )
    corners_below_nose = points[2, 1] - points[[61, 291], 1].mean()
    width = points[291, 0] - points[61, 0]
    told = {
        "brow_inner_up": ramp(inner + middle / 2, 4.05, 4.6),
        "brow_outer_up": ramp(outer + middle, 4.6, 5.35),
        "smile": ramp(width - 1.5 * corners_below_nose, 2.25, 2.9),
        "mouth_open": mouth_open(pose),
        "eyes_down": eyes_down,
    }
    return np.array([told.get(movement, np.nan) for movement in MOVEMENTS], np.float32)


def eyes_open_from_coefficients(coefficients: dict[str, float]) -> NDArray[np.float32]:
    """How far each eye is open, 0..1: the one on the left of the picture, then the other."""
    # FaceLandmarker's left is that of the person.
    opened = []
    for side in ("Right", "Left"):
        squint = max(0.0, coefficients[f"eyeSquint{side}"] - _SQUINT_AT_REST)
        lid = coefficients[f"eyeBlink{side}"] - _SQUINT_ON_BLINK * squint
        opened.append(1 - ramp(lid, *_SHUT))
    return np.array(opened, np.float32)


def eye_turn_from_coefficients(coefficients: dict[str, float]) -> NDArray[np.float32]:
    """Where the eyes point, in degrees from the way the face points: right, up."""
    across = (
        coefficients["eyeLookOutLeft"]
        - coefficients["eyeLookInLeft"]
        + coefficients["eyeLookInRight"]
        - coefficients["eyeLookOutRight"]
    ) / 2
    up = (
        coefficients["eyeLookUpLeft"]
        + coefficients["eyeLookUpRight"]
        - coefficients["eyeLookDownLeft"]
        - coefficients["eyeLookDownRight"]
    ) / 2
    turn = [
        _EYE_TURN_DEGREES * (value - rest)
        for value, rest in zip((across, up), _EYE_REST, strict=True)
    ]
    return np.array(turn, np.float32)


def eyes_open_from_apertures(apertures: NDArray[np.floating]) -> NDArray[np.float32]:
    """How far each eye is open, 0..1, from how far its lids are apart, over its width."""
    return np.array([ramp(float(one), *_APERTURE) for one in apertures], np.float32)


def apertures_from_lids(apertures: NDArray[np.floating]) -> NDArray[np.float64]:
    """The iris network's apertures as `apertures_of` would see them in FaceLandmarker's mesh."""
    shut, scale = _MESH_APERTURE
    return np.maximum(0.0, (np.asarray(apertures, np.float64) - shut) * scale)


def eye_turn_from_irises(irises_cm: NDArray[np.floating], pose: Pose) -> NDArray[np.float32]:
    """Where the eyes point, in degrees from the way the face points: right, up.

    Parameters
    ----------
    irises_cm : ndarray, shape (2, 3)
        Middles of the irises in the axes of the face: on the left of the picture, on the right.
    pose : Pose
        The face.
    """
    corners = np.array([pose.points_cm[list(pair)].mean(axis=0) for pair in EYE_CORNERS])
    off = (irises_cm - corners)[:, :2].mean(axis=0) - _IRIS_REST_CM
    turn: NDArray[np.float32] = (off * _IRIS_DEGREES_PER_CM).astype(np.float32)
    return turn


def apertures_of(points: NDArray[np.floating]) -> NDArray[np.float64]:
    """How far the lids of each eye are apart in the mesh, over the width of the eye, shape (2,)."""
    apertures = []
    for lids, (one, other) in zip(LIDS, EYE_CORNERS, strict=True):
        apart = [np.linalg.norm(points[upper, :2] - points[lower, :2]) for upper, lower in lids]
        apertures.append(np.mean(apart) / np.linalg.norm(points[one, :2] - points[other, :2]))
    return np.array(apertures)
