"""How the camera moves, how the subject moves, and whether the instant is a still one."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import N_MOMENTS, FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless

KINDS = ("static", "pan", "tilt", "zoom or dolly", "roll", "handheld", "complex")
_NOW = N_MOMENTS // 2
_MAX_CORNERS, _MIN_CORNERS = 100, 12
_WINDOW = (11, 11)  # px; planted movements come out as exactly as with a larger one
_ENOUGH = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)  # of tracking: rounds, px
_MIN_INLIERS = 0.3  # of the corners; fewer do not agree on how the camera moved
_STATIC = 0.015  # diagonals a second, at the rim of the picture
_DOMINANT = 1.6  # times all other movement
_SHAKY = 0.6  # jitter from frame to frame, against the steady movement
_MIN_JITTER_PX = 0.35  # of a picture of some 135 lines: what tracking itself is off by
_EVERY = 2  # flow is smooth: a picture of half the width and height says as much
_CALM_LEVELS = 4.0  # mean gray levels from frame to frame at which stillness has sunk to 1/e

Values = dict[str, float]


@dataclass(frozen=True)
class Movement:
    """A similarity from the frame to one of its neighbours, about the middle of the picture.

    `x` and `y` are in pixels, `zoom` a natural logarithm, `roll` in radians, clockwise.
    """

    x: float
    y: float
    zoom: float
    roll: float


class MotionScorer(Weightless):
    """Movement between a frame and its neighbours in the same shot; NaN for pictures by themselves.

    Corners are tracked (Lucas-Kanade in a pyramid, Bouguet 2000) and a similarity is fitted to
    them by RANSAC: that is the camera. What dense flow (DIS, Kroeger et al. 2016) shows beyond it
    is the subject. A zoom and a dolly cannot be told apart by a similarity.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="motion",
        version=5,
        family="contextual",
        height_px=270,
        columns=(
            Column(
                "camera_pan", "widths/s", -20, 20, "neither",
                "How fast the camera turns: above 0 to the right, the picture moves to the left.",
            ),
            Column(
                "camera_tilt", "heights/s", -20, 20, "neither",
                "How fast the camera tilts: above 0 downwards.",
            ),
            Column(
                "camera_zoom", "1/s", -20, 20, "neither",
                "How fast the picture grows (above 0, zooming or moving in) or shrinks.",
            ),
            Column(
                "camera_roll", "degrees/s", -2000, 2000, "neither",
                "How fast the camera rolls; above 0 the picture turns clockwise.",
            ),
            Column(
                "camera_motion", "code", 0, len(KINDS) - 1, "neither",
                "What the camera does: " + ", ".join(f"{at} {kind}" for at, kind in enumerate(KINDS)) + ".",
                words=KINDS,
            ),
            Column(
                "subject_motion", "diagonals/s", 0, float("inf"), "neither",
                "How fast the fastest part of the picture moves, the camera's own movement taken off.",
            ),
            Column(
                "stillness", "share", 0, 1, "more",
                "Whether nothing changes between this frame and its neighbours: the still instant.",
            ),
            Column(
                "action_peak", "diagonals/s", 0, float("inf"), "more",
                "How abruptly the movement turns here: the peak of a jump, a gesture, a blow.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        columns = {
            column.name: np.full(len(frames), np.nan, np.float32) for column in self.card.columns
        }
        if frames.moments is None or frames.moment_seconds is None:
            return columns
        # The luma has the pixels of the stored raster, which need not be square.
        height, width = frames.moments.shape[2:]
        aspect = (frames.width_px / width) / (frames.height_px / height) if height and width else 1
        flow = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        flow.setFinestScale(1)  # of the halved picture; the preset's 2 is meant for a whole one
        for row, (moments, seconds) in enumerate(
            zip(frames.moments, frames.moment_seconds, strict=True)
        ):
            for name, value in _measure(moments, seconds, aspect, flow).items():
                columns[name][row] = value
        return columns


def _measure(
    moments: NDArray[np.uint8],
    seconds: NDArray[np.float64],
    aspect: float,
    flow: cv2.DISOpticalFlow,
) -> Values:
    apart = seconds - seconds[_NOW]
    sides = [at for at in range(N_MOMENTS) if at != _NOW and np.isfinite(apart[at])]
    if not sides or min(moments.shape[1:]) < 32:
        return {}
    steps = [
        cv2.norm(moments[at], moments[_NOW], cv2.NORM_L1) / moments[_NOW].size
        for at in sides
        if abs(at - _NOW) == 1
    ]
    values: Values = {"stillness": float(np.exp(-max(steps) / _CALM_LEVELS))} if steps else {}
    corners = cv2.goodFeaturesToTrack(moments[_NOW], _MAX_CORNERS, 0.01, 5)
    if corners is None or len(corners) < _MIN_CORNERS:
        return values
    moved = {
        at: one
        for at in sides
        if (one := _movement(moments[_NOW], moments[at], corners, aspect)) is not None
    }
    if not moved:
        return values
    height, width = moments.shape[1], moments.shape[2] * aspect
    diagonal = float(np.hypot(width, height))
    speed = _speed(moved, apart)
    values |= {
        "camera_pan": float(np.clip(-speed.x / width, -20, 20)),
        "camera_tilt": float(np.clip(-speed.y / height, -20, 20)),
        "camera_zoom": float(np.clip(speed.zoom, -20, 20)),
        "camera_roll": float(np.clip(np.degrees(speed.roll), -2000, 2000)),
        "camera_motion": float(_kind(speed, moved, apart, diagonal)),
    }
    return values | _subject(moments, moved, apart, flow, diagonal)


def _movement(
    now: NDArray[np.uint8], other: NDArray[np.uint8], corners: cv2.typing.MatLike, aspect: float
) -> Movement | None:
    """How the picture moved as a whole; None where too little agrees."""
    tracked, status, _ = cv2.calcOpticalFlowPyrLK(
        now, other, corners, np.zeros_like(corners), winSize=_WINDOW, maxLevel=3, criteria=_ENOUGH
    )
    kept = status.ravel() == 1
    if kept.sum() < _MIN_CORNERS:
        return None
    middle = np.array([now.shape[1] / 2, now.shape[0] / 2])
    square = np.array([aspect, 1.0])
    start = (corners.reshape(-1, 2)[kept] - middle) * square
    end = (tracked.reshape(-1, 2)[kept] - middle) * square
    fitted, inliers = cv2.estimateAffinePartial2D(
        start, end, method=cv2.RANSAC, ransacReprojThreshold=1.0
    )
    if fitted is None or inliers.mean() < _MIN_INLIERS:
        return None
    a, b = float(fitted[0, 0]), float(fitted[1, 0])
    scale = float(np.hypot(a, b))
    return Movement(
        float(fitted[0, 2]),
        float(fitted[1, 2]),
        float(np.log(max(scale, 1e-3))),
        float(np.arctan2(b, a)),
    )


def _speed(moved: dict[int, Movement], apart: NDArray[np.float64]) -> Movement:
    """Steady movement a second: a straight line through the frame, least squares."""
    times = np.array([apart[at] for at in moved])
    table = np.array([[one.x, one.y, one.zoom, one.roll] for one in moved.values()])
    return Movement(*(float(value) for value in times @ table / (times @ times)))


def _kind(
    speed: Movement, moved: dict[int, Movement], apart: NDArray[np.float64], diagonal: float
) -> int:
    """Place in `KINDS`."""
    rim = 0.35 * diagonal  # how far from the middle zoom and roll are seen, on average
    parts = np.array([speed.x, speed.y, speed.zoom * rim, speed.roll * rim]) / diagonal
    times = np.array([apart[at] for at in moved])
    path = np.array([[one.x, one.y] for one in moved.values()])
    rest = path - times[:, None] * np.array([[speed.x, speed.y]])
    jitter = float(np.sqrt((rest**2).sum(axis=1).mean()))
    steady = float(np.abs(times).mean() * np.abs(parts).sum() * diagonal)
    if jitter > max(_MIN_JITTER_PX, _SHAKY * steady):
        return KINDS.index("handheld")
    sizes = np.abs(parts)
    if sizes.sum() < _STATIC:
        return KINDS.index("static")
    largest = int(sizes.argmax())
    if sizes[largest] >= _DOMINANT * (sizes.sum() - sizes[largest]):
        return 1 + largest
    return KINDS.index("complex")


def _subject(
    moments: NDArray[np.uint8],
    moved: dict[int, Movement],
    apart: NDArray[np.float64],
    flow: cv2.DISOpticalFlow,
    diagonal: float,
) -> Values:
    """Flow beyond the camera's, before and after."""
    speeds: dict[int, Floats] = {}
    height, width = (side // _EVERY for side in moments.shape[1:])
    reduced = {
        at: cv2.resize(moments[at], (width, height), interpolation=cv2.INTER_AREA)
        for at in range(_NOW - 1, _NOW + 2)
        if at == _NOW or at in moved
    }
    for at in reduced.keys() - {_NOW}:
        start = np.zeros((height, width, 2), np.float32)
        dense = np.asarray(flow.calc(reduced[_NOW], reduced[at], start), np.float32)
        own = np.float32(_EVERY) * dense - _field(moved[at], height, width)
        speeds[at] = own / np.float32(apart[at])
    if not speeds:
        return {}
    textured = _textured(moments[_NOW])[: _EVERY * height : _EVERY, : _EVERY * width : _EVERY]
    if not textured.any():
        return {"subject_motion": 0.0}
    # Where both sides agree that it is small, it is small: occlusion shows on one side only.
    size = np.minimum.reduce([cv2.magnitude(*cv2.split(one)) for one in speeds.values()])
    values = {"subject_motion": float(np.percentile(size[textured], 95)) / diagonal}
    if len(speeds) == 2:
        turn = cv2.magnitude(*cv2.split(speeds[_NOW + 1] - speeds[_NOW - 1]))
        values["action_peak"] = float(np.percentile(turn[textured], 95)) / diagonal
    return values


def _field(one: Movement, height: int, width: int) -> Floats:
    """Displacement under a similarity, in whole pixels, of every pixel of the halved picture."""
    y, x = (
        (np.arange(side, dtype=np.float32) + np.float32(0.5 - side / 2)) * np.float32(_EVERY)
        for side in (height, width)
    )
    a, b = (np.exp(one.zoom) * np.array([np.cos(one.roll), np.sin(one.roll)])).astype(np.float32)
    field = np.empty((len(y), len(x), 2), np.float32)
    np.add.outer(-b * y, (a - 1) * x + np.float32(one.x), out=field[:, :, 0])
    np.add.outer((a - 1) * y + np.float32(one.y), b * x, out=field[:, :, 1])
    return field


def _textured(luma: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Where there is something to follow; flow is a guess elsewhere, and at the rim."""
    across = cv2.Sobel(luma, cv2.CV_32F, 1, 0)
    down = cv2.Sobel(luma, cv2.CV_32F, 0, 1)
    there = np.asarray(cv2.magnitude(across, down)) > 24
    rim = max(2, luma.shape[0] // 20)
    inside = np.zeros(luma.shape, bool)
    inside[rim:-rim, rim:-rim] = True
    return there & inside
