"""What can be measured on a face once it is known where it is."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from models.face_geometry import OVAL, angles_degrees, five_points
from models.face_landmarks import Landmarks, cut_face, lean_degrees
from models.face_movements import ramp

_CHIP_PX = 96  # a face of more pixels is shrunk to it, so that large and small ones compare
_EDGE_REACH_PX, _MIN_RANGE = 9, 24  # see scorers.sharpness
_SKIN = 0.8  # of the oval: the rest is hair, ears and background
_CROWN = 0.32  # of a face's height: what a head has above the forehead
_TEMPLE = 0.08  # of a face's width: what a head has beside the cheeks
_FULL_GAZE_DEGREES = 45.0
_AGREEMENT = 0.12  # of a face's size: landmarks so far off the detector's are doubtful
_SHUT = 0.2  # eyes less open than this look nowhere
_SEEN_SIDEWAYS_DEGREES = 60.0  # from half of it on to one side, the far eye counts no more
_PARTED = (0.07, 0.12)  # lids apart over the eye's width: shut, and lowered only


@dataclass(frozen=True)
class Look:
    """How a face holds its head and eyes.

    Attributes
    ----------
    yaw_degrees, pitch_degrees, roll_degrees, gaze_away, eyes_open, downcast : float
        As `ava.scoring.analyses.Faces` has them.
    """

    yaw_degrees: float
    pitch_degrees: float
    roll_degrees: float
    gaze_away: float
    eyes_open: float
    downcast: float


def look_of(face: Landmarks, eyes_down: float) -> Look:
    """Pose, gaze and eyes of a face; `eyes_down` is the movement of that name."""
    yaw, pitch, roll = angles_degrees(face.rotation)
    near = float(np.clip(0.5 + yaw / _SEEN_SIDEWAYS_DEGREES, 0, 1))
    sides = np.array([near, 1 - near])
    opened = float(sides @ face.eyes_open)
    parted = ramp(float(sides @ face.apertures), *_PARTED)
    across, up = np.radians(face.eye_turn_degrees.astype(np.float64))
    # The eyes turn in the head, and the head in front of the camera.
    eyes = np.array([np.sin(across) * np.cos(up), np.sin(up), np.cos(across) * np.cos(up)])
    off_degrees = np.degrees(np.arccos(np.clip((face.rotation @ eyes)[2], -1, 1)))
    away = min(1.0, float(off_degrees) / _FULL_GAZE_DEGREES) if opened >= _SHUT else np.nan
    return Look(yaw, pitch, roll, away, opened, (1 - opened) * parted * eyes_down)


def agreement(face: Landmarks, box_px: NDArray[np.float32], five_px: NDArray[np.float32]) -> float:
    """How well the landmarks lie where the detector saw eyes, nose and mouth, 0..1."""
    off = np.linalg.norm(five_points(face.points_px) - five_px, axis=1)
    size = float(np.sqrt((box_px[2:] - box_px[:2]).prod()))
    return float(np.exp(-((np.nanmean(off) / (_AGREEMENT * size)) ** 2)))


def head_outline(box_px: NDArray[np.float32], face: Landmarks | None) -> NDArray[np.float32]:
    """The convex outline of a head, hair included, in pixels of the picture, shape (n, 2)."""
    if face is None:
        x0, y0, x1, y1 = (float(edge) for edge in box_px)
        aside, above = _TEMPLE * (x1 - x0), _CROWN * (y1 - y0)
        x0, x1, y0 = x0 - aside, x1 + aside, y0 - above
        return np.array([(x0, y0), (x1, y0), (x1, y1), (x0, y1)], np.float32)
    oval = face.points_px[list(OVAL), :2]
    top, chin = oval[0], oval[len(oval) // 2]
    middle, up = (top + chin) / 2, top - chin
    height = float(np.hypot(*up))
    along = (oval - middle) @ up / max(height, 1e-6) ** 2  # -0.5 at the chin, 0.5 at the forehead
    wider = middle + (oval - middle) * (1 + 2 * _TEMPLE)
    outline = wider + np.clip(along, 0, None)[:, None] * 2 * _CROWN * up
    hull: NDArray[np.float32] = cv2.convexHull(outline.astype(np.float32)).reshape(-1, 2)
    return hull


def cut_by_edge(outline_px: NDArray[np.float32], width_px: int, height_px: int) -> float:
    """Share of a convex outline that lies outside of the picture, 0..1."""
    frame = np.array([(0, 0), (width_px, 0), (width_px, height_px), (0, height_px)], np.float32)
    whole = float(cv2.contourArea(outline_px))
    inside, _ = cv2.intersectConvexConvex(outline_px, frame)
    return float(np.clip(1 - inside / whole, 0, 1)) if whole > 0 else 0.0


def sharpness_and_exposure(
    picture: NDArray[np.uint8],
    box_px: NDArray[np.float32],
    eyes_px: NDArray[np.float32],
    face: Landmarks | None,
) -> tuple[float, float]:
    """How crisp a face is, and the median luma of its skin; both 0..1.

    Crispness is the steepest step of an edge against its whole height, as in `scorers.sharpness`,
    on the face shrunk to `_CHIP_PX` lines; smaller ones are not enlarged.
    """
    turned = lean_degrees(eyes_px)
    size = int(np.clip(round(float((box_px[2:] - box_px[:2]).max())), 8, _CHIP_PX))
    chip = cut_face(picture, box_px, turned, 1.0, size)
    luma = cv2.cvtColor(chip.pixels, cv2.COLOR_RGB2GRAY).astype(np.uint8, copy=False)
    skin = np.zeros(luma.shape, np.uint8)
    if face is None:
        middle, axes = (size / 2, size / 2), (0.5 * _SKIN * size * 0.8, 0.5 * _SKIN * size)
        cv2.ellipse(skin, (middle, (2 * axes[0], 2 * axes[1]), 0.0), 1, -1)
    else:
        oval = chip.taken(face.points_px[list(OVAL), :2])
        centre = oval.mean(axis=0)
        inner = centre + (oval - centre) * _SKIN
        cv2.fillConvexPoly(skin, cv2.convexHull(inner.round().astype(np.int32)), 1)
    seen = chip.inside(picture.shape[1], picture.shape[0])
    on_skin = luma[(skin > 0) & seen]
    if not on_skin.size:
        return np.nan, np.nan
    return _crispness(luma, seen), float(np.median(on_skin)) / 255


def _crispness(luma: NDArray[np.uint8], seen: NDArray[np.bool_]) -> float:
    """Steepest steps over whole heights of the edges, the mean of both directions."""
    slopes = []
    for reach in ((_EDGE_REACH_PX, 1), (1, _EDGE_REACH_PX)):
        line = np.ones(reach[::-1], np.uint8)
        pair = np.ones(tuple(min(2, side) for side in reach[::-1]), np.uint8)
        height = cv2.subtract(cv2.dilate(luma, line), cv2.erode(luma, line))
        step = cv2.subtract(cv2.dilate(luma, pair), cv2.erode(luma, pair))
        steepest = cv2.dilate(step, line)
        edge = (height > _MIN_RANGE) & (cv2.erode(seen.astype(np.uint8), line) > 0)
        if edge.any():
            slopes.append(
                float(steepest[edge].sum(dtype=np.float64) / height[edge].sum(dtype=np.float64))
            )
    return float(np.mean(slopes)) if slopes else 0.0
