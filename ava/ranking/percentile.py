"""Where numbers stand among their like."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEUTRAL = 0.5


def percentile_of(
    values: NDArray[np.float64], mass: NDArray[np.float64], better: str
) -> NDArray[np.float64]:
    """Mass of the known values that are worse, plus half of those that are equal.

    Parameters
    ----------
    values : ndarray of float64, shape (K,)
        NaN where a number does not apply.
    mass : ndarray of float64, shape (K,)
        What each counts; above 0.
    better : {"more", "less"}
        Which way is better.

    Returns
    -------
    ndarray of float64, shape (K,)
        0..1; 0.5 where a number does not apply.
    """
    result = np.full(len(values), _NEUTRAL)
    known = ~np.isnan(values)
    levels, place = np.unique(
        values[known] if better == "more" else -values[known], return_inverse=True
    )
    on_level = np.bincount(place, mass[known], minlength=len(levels))
    below = np.cumsum(on_level) - on_level
    result[known] = (below + on_level / 2)[place] / mass[known].sum()
    return result
