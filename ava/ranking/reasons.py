"""Why a frame is worth what it is, in plain sentences."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ava.ranking.faceless import FACE_TERMS
from ava.ranking.pool import Pool
from ava.ranking.utility import Utility

_N_REASONS = 3
_STRONG, _WEAK = 0.7, 0.15
# Surer faces were all real; of the others that nothing confirms, half were lamps, flowers and birds
# where a film shows hardly any people (docs/faces.md).
_SURE_FACE = 0.8


def reasons_for(pool: Pool, pool_row: int, utility: Utility, row: int) -> tuple[str, ...]:
    """The heaviest strengths, then the heaviest weakness.

    Nothing is said of a face of which the detector is not quite sure: it may be none.

    Parameters
    ----------
    pool : Pool
        All frames.
    pool_row : int
        The frame's row in it.
    utility : Utility
        What speaks for the frames that are ranked.
    row : int
        The frame's row in that.
    """
    percentile: NDArray[np.float64] = utility.percentile[row]
    lifts = (percentile - 0.5) * utility.weights
    if pool.column("face_confidence")[pool_row] < _SURE_FACE:
        lifts[[column.name in FACE_TERMS for column in utility.columns]] = 0
    reasons = []
    for at in np.argsort(-lifts, kind="stable")[:_N_REASONS]:
        if percentile[at] >= _STRONG and lifts[at] > 0:
            reasons.append(_strength(utility, int(at), round(100 * percentile[at])))
    weakest = int(lifts.argmin())
    applies = not np.isnan(pool.column(utility.columns[weakest].name)[pool_row])
    if percentile[weakest] <= _WEAK and lifts[weakest] < 0 and applies:
        reasons.append(_weakness(utility, weakest, round(100 * (1 - percentile[weakest]))))
    return tuple(reasons or ("Solid all round, without an outstanding strength.",))


def _strength(utility: Utility, at: int, share: int) -> str:
    stands = utility.stands[at]
    if stands == "better":
        label = utility.columns[at].label.capitalize()
        return f"{label}: better than {share} % of this title."
    return f"{_named(utility, at)}: {stands} than {share} % of this title, which this house likes."


def _weakness(utility: Utility, at: int, share: int) -> str:
    stands = utility.stands[at]
    if stands == "better":
        return f"Weak point, {utility.columns[at].label}: {share} % of this title do better."
    name = _named(utility, at).lower()
    return f"Weak point, {name}: {share} % of this title are {stands}, which this house likes."


def _named(utility: Utility, at: int) -> str:
    """The column by its name: a label may say the contrary of the number ("free of noise")."""
    return utility.columns[at].name.replace("_", " ").capitalize()
