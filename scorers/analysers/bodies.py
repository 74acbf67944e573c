"""Where people's shoulders and hips are."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Bodies
from ava.scoring.contract import AnalyserCard, Runtime
from models.body_joints import MIN_SIDE_PX, BodyJoints
from models.weights import require

_WEIGHTS = "body_joints"


class BodyAnalyser:
    """The detector of MediaPipe's BlazePose: people from all sides, with and without a face.

    It was taught on people near the camera: of a crowd it finds one or two, figures under a fifth of
    the picture's height are missed, and of somebody bent or lying down it does not know the size.
    """

    card: ClassVar[AnalyserCard] = AnalyserCard("bodies", 2, Bodies, height_px=270)
    road: ClassVar[str] = ""

    def __init__(self) -> None:
        self._net: BodyJoints | None = None

    def open(self, runtime: Runtime) -> None:
        """Load the network."""
        path = require(_WEIGHTS, runtime.on_progress, runtime.may_download)
        self._net = BodyJoints(path, runtime.n_threads)

    def analyse(self, frames: FrameBatch, /) -> Bodies:
        """See `ava.scoring.contract.Analyser.analyse`."""
        assert self._net is not None, "open() comes first"
        if len(frames) == 0 or min(frames.pixels.shape[1:3]) < MIN_SIDE_PX:
            return Bodies.empty(len(frames))
        aspect = frames.width_px / frames.height_px
        parts = []
        for picture in frames.pixels:
            found = self._net.find(picture)
            n_found = len(found.reach)
            around = np.column_stack([found.reach / np.float32(aspect), found.reach])
            box = np.hstack([found.hips - around, found.hips + around]).clip(0, 1)
            parts.append(
                Bodies(
                    1,
                    np.zeros(n_found, np.int64),
                    box.astype(np.float32).reshape(n_found, 4),
                    found.confidence,
                    hips=found.hips,
                    shoulders=found.shoulders,
                    reach=found.reach,
                )
            )
        return Bodies.joined(parts)

    def close(self) -> None:
        """Let go of the network."""
        self._net = None
