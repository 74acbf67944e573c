"""Late frames give the end away: they lose a little, and the list says so."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.pool import Pool
from ava.ranking.watch_outs import WatchedOver
from ava.scoring.contract import Column

LATENESS = Column(
    "lateness", "share", 0, 1, "less",
    "How far into the last part of the film it stands: a late frame may give the end away.",
    label="late in the film",
    family="filters",
)  # fmt: skip


@dataclass(frozen=True)
class SpoilerSettings:
    """What a late frame loses; `gates.spoiler_safe` takes it out altogether.

    Attributes
    ----------
    starts : float
        Share of the title from which frames are late.
    lowers : float
        Share of its utility that the very last frame loses; earlier ones lose less, in proportion.
    shortest_minutes : float
        A shorter title, such as a trailer, has no end to give away.
    """

    starts: float = 0.75
    lowers: float = 0.15
    shortest_minutes: float = 10.0

    def __post_init__(self) -> None:
        if not 0 <= self.starts < 1:
            raise ConfigError(f"spoilers.starts must be from 0 to under 1, not {self.starts:g}")
        if not 0 <= self.lowers <= 1:
            raise ConfigError(f"spoilers.lowers must be from 0 to 1, not {self.lowers:g}")


def lateness(pool: Pool, settings: SpoilerSettings) -> NDArray[np.float32]:
    """How late each frame is: 0 until `starts`, 1 at the end; 0 throughout a short title."""
    if not pool.is_film or pool.duration_seconds < 60 * settings.shortest_minutes:
        return np.zeros(len(pool), np.float32)
    share = pool.pts_seconds / pool.duration_seconds
    late = (share - settings.starts) / (1 - settings.starts)
    return late.clip(0, 1).astype(np.float32)


def with_lateness(
    watched: WatchedOver,
    pool: Pool,
    rows: NDArray[np.int64],
    utility: NDArray[np.float64],
    settings: SpoilerSettings,
) -> WatchedOver:
    """The watch-outs with what late frames lose of what the others have left of their utility.

    Parameters
    ----------
    watched : WatchedOver
        What the other watch-outs take.
    pool : Pool
        All frames, with the column `LATENESS`.
    rows : ndarray of int64, shape (K,)
        Those that are ranked.
    utility : ndarray of float64, shape (K,)
        What they are worth without watch-outs.
    settings : SpoilerSettings
        How much it costs.
    """
    late = pool.column(LATENESS.name)[rows].astype(np.float64)
    if not late.any() or settings.lowers == 0:
        return watched
    left = utility + watched.points.sum(axis=1)
    return WatchedOver(
        (*watched.columns, LATENESS),
        np.column_stack([watched.percentile, 1 - late]),
        np.column_stack([watched.points, -settings.lowers * late * left]),
        watched.missing,
    )
