"""How much of the film looks like a frame."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ava.ranking.pool import Pool
from ava.scoring.contract import Column

REPRESENTATIVENESS = Column(
    "representativeness", "share", 0, 1, "more",
    "How much of the film looks like this, by color, light and layout.",
    family="contextual",
)  # fmt: skip

_MOST = 400  # frames that stand for the film; more change nothing but the time it takes
_GRAY_LEVELS = 25.0  # mean difference of the layouts at which likeness has sunk to 1/e


def representativeness(pool: Pool) -> NDArray[np.float32]:
    """Mean likeness of each frame to the film, every moment of it counting the same.

    Editors' own choices are representative ones (Song et al., "To click or not to click: automatic
    selection of beautiful thumbnails from videos", 2016, over 1,118 videos). A shortlisted frame
    stands for the time that is nearer to it than to any other; likeness is the share of the
    picture in the same colors times how alike the 12 × 8 layouts are.

    Returns
    -------
    ndarray of float32, shape (N,)
        0..1; NaN where colors and layout are not known.
    """
    n_rows = len(pool)
    layout, colors = (
        pool.column(name).reshape(n_rows, -1) for name in ("layout", "color_histogram")
    )
    known = np.isfinite(layout).all(axis=1) & np.isfinite(colors).all(axis=1)
    found = np.full(n_rows, np.nan, np.float32)
    rows = np.flatnonzero(known)
    if layout.shape[1] == 1 or colors.shape[1] == 1 or not len(rows):
        return found
    seconds = _stands_for(pool.pts_seconds[rows], pool.duration_seconds)
    some = np.unique(np.linspace(0, len(rows) - 1, min(_MOST, len(rows))).round().astype(int))
    weights = np.add.reduceat(seconds, some)
    total = np.zeros(len(rows))
    for place, weight in zip(some, weights, strict=True):
        other = rows[place]
        gray = np.abs(layout[rows] - layout[other]).mean(axis=1)
        shared = 1 - 0.5 * np.abs(colors[rows] - colors[other]).sum(axis=1)
        total += weight * shared * np.exp(-gray / _GRAY_LEVELS)
    found[rows] = (total / weights.sum()).clip(0, 1)
    return found


def _stands_for(pts_seconds: NDArray[np.float64], duration: float) -> NDArray[np.float64]:
    """Seconds of the film that are nearest to each frame, in order of time."""
    between = (pts_seconds[1:] + pts_seconds[:-1]) / 2
    edges = np.concatenate([[0.0], between, [max(duration, float(pts_seconds[-1]))]])
    return np.maximum(np.diff(edges), 1e-9)
