"""The best frames for each canvas: a good billboard is not a good poster."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.canvas import CANVASES, Canvas, canvas_of
from ava.core.errors import ConfigError
from ava.ranking.canvases import Crop, FrameLayout, best_crops
from ava.ranking.pool import Pool
from ava.ranking.sets import Choices, DiversitySettings, choose

LayoutOf = Callable[[int], FrameLayout]
"""What is where in the frame of a row of the pool."""

_CROP_SHARE = 0.5  # of a pick's worth; the rest is the frame's utility


@dataclass(frozen=True)
class CanvasSettings:
    """Which canvases are served.

    Attributes
    ----------
    names : tuple of str
        See `ava.core.canvas.canvas_of`; none for no crops.
    top : int
        How many frames each gets, at most.
    """

    names: tuple[str, ...] = tuple(one.name for one in CANVASES)
    top: int = 6

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ConfigError(f"canvases.top must be at least 1, not {self.top}")
        names = [one.name for one in self.canvases]
        if len(set(names)) < len(names):
            raise ConfigError("two canvases have the same name", "name each once")

    @property
    def canvases(self) -> tuple[Canvas, ...]:
        """The canvases themselves."""
        return tuple(map(canvas_of, self.names))


@dataclass(frozen=True)
class CanvasPick:
    """A frame for a canvas, and the part of it.

    Attributes
    ----------
    rank : int
        1 is the best on this canvas.
    frame_id : int
        Place in the decoded stream.
    worth : float
        0..1: half the frame's utility, half the crop's score.
    crop : Crop
        The part.
    """

    rank: int
    frame_id: int
    worth: float
    crop: Crop

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        facts = self.crop.to_json()
        return {"rank": self.rank, "frame_id": self.frame_id, "worth": self.worth, **facts}


def picks_for(
    canvases: Sequence[Canvas],
    pool: Pool,
    choices: Choices,
    utility: NDArray[np.float64],
    layout_of: LayoutOf,
    top: int,
    diversity: DiversitySettings,
    free: NDArray[np.bool_],
) -> dict[str, tuple[CanvasPick, ...]]:
    """Choose frames for every canvas, as different from each other as candidates are.

    Parameters
    ----------
    canvases : sequence of Canvas
        What is wanted.
    pool : Pool
        All frames.
    choices : Choices
        The K frames that passed the gates.
    utility : ndarray of float64, shape (K,)
        What they are worth whole.
    layout_of : callable
        What is where in the frame of a row of the pool.
    top : int
        How many each canvas gets, at most: fewer where every part of the others would cut a face.
    diversity : DiversitySettings
        What the set of a canvas is to cover.
    free : ndarray of bool, shape (K,)
        Which of the frames may be taken.
    """
    layouts = [layout_of(int(row)) for row in choices.rows]
    found: dict[str, tuple[CanvasPick, ...]] = {}
    for canvas in canvases:
        crops = best_crops(layouts, canvas)
        served = free & np.array([crop is not None for crop in crops], bool)
        if not served.any():
            found[canvas.name] = ()
            continue
        scores = np.array([0.0 if crop is None else crop.score for crop in crops])
        worth = (1 - _CROP_SHARE) * utility + _CROP_SHARE * scores
        chosen = choose(choices, worth, top, diversity, served)
        found[canvas.name] = tuple(
            CanvasPick(rank, int(pool.frame_ids[choices.rows[row]]), float(worth[row]), crop)
            for rank, row in enumerate(chosen.picks, start=1)
            if (crop := crops[row]) is not None
        )
    return found
