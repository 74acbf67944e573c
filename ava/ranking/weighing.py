"""Gates and weights put together: what each frame of a title is worth."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.ranking.faceless import for_title
from ava.ranking.gates import Gated, GateSettings, apply_gates
from ava.ranking.house_taste import with_taste
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile
from ava.ranking.representative import REPRESENTATIVENESS, representativeness
from ava.ranking.spoilers import LATENESS, SpoilerSettings, lateness, with_lateness
from ava.ranking.utility import Utility, utility_of
from ava.ranking.watch_outs import WatchedOver, watch_over


@dataclass(frozen=True)
class Weighed:
    """What each frame of a title is worth, before any is chosen.

    Attributes
    ----------
    pool : Pool
        All frames, with the columns that only the whole title could give.
    gated : Gated
        What passed, and what was dropped by which gate.
    utility : Utility
        What speaks for each frame that passed.
    watched : WatchedOver
        What speaks against it.
    remarks : tuple of str
        Where weights moved, and why.
    profile : str
        Name of the weights.
    """

    pool: Pool
    gated: Gated
    utility: Utility
    watched: WatchedOver
    remarks: tuple[str, ...]
    profile: str

    @property
    def total(self) -> NDArray[np.float64]:
        """What each frame that passed is worth, 0..1, in the order of ``gated.kept``."""
        total: NDArray[np.float64] = self.utility.total + self.watched.points.sum(axis=1)
        return total


def weigh(pool: Pool, gates: GateSettings, spoilers: SpoilerSettings, profile: Profile) -> Weighed:
    """Drop what can never be artwork, and weigh the rest.

    Raises
    ------
    NothingToRank
        When no frame is left, with the counts.
    """
    pool = pool.with_column(LATENESS, lateness(pool, spoilers))
    pool = pool.with_column(REPRESENTATIVENESS, representativeness(pool))
    gated = apply_gates(pool, gates)
    pool, lacking = with_taste(pool, gated.kept, profile)
    fitting, remarks = for_title(pool, gated.kept, profile)
    utility = utility_of(pool, gated.kept, fitting)
    watched = watch_over(pool, gated.kept, utility.total, profile.watch_outs)
    watched = with_lateness(watched, pool, gated.kept, utility.total, spoilers)
    chosen = (profile.because,) if profile.because else ()
    return Weighed(pool, gated, utility, watched, (*chosen, *lacking, *remarks), profile.name)
