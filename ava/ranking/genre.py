"""Which profile suits a title, by what can be measured of it; where that is unsure, the balanced one."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile, load_profile

AUTO = "auto"
_FEWEST_SHOTS = 20  # fewer say too little of a title
_FACE_HEIGHT = 0.12
_SURE = 0.5  # of an expression
_JOY = 1  # code of the column `expression`
_LONG = 5  # code of the column `shot_scale` from which a shot is long


def profile_for(name_or_path: str, pool: Pool) -> Profile:
    """The profile that was named, or with ``auto`` the one that the title's measures speak for.

    The rules follow the film grammar that Rasheed, Sheikh & Shah ("On the use of computable
    features for film classification", 2005) measured on trailers: comedies are lit high and
    bright, dramas low, and action moves. They decide only where all of a rule holds, and only
    between drama, comedy and sports: what we measure does not tell animation, documentaries or
    programmes for children from the rest, and so never chooses them.

    Parameters
    ----------
    name_or_path : str
        See `load_profile`.
    pool : Pool
        All shortlisted frames of the title.

    Returns
    -------
    Profile
        With ``because`` saying why, where it was not named.
    """
    if name_or_path != AUTO:
        return load_profile(name_or_path)
    name, because = _measured(pool)
    return replace(load_profile(name), because=because)


def require_profile(name_or_path: str) -> None:
    """Make sure that there is such a profile, before a film is looked at.

    Raises
    ------
    ConfigError
        When there is none, or it cannot be used.
    """
    if name_or_path != AUTO:
        load_profile(name_or_path)


def _measured(pool: Pool) -> tuple[str, str]:
    shots, place, n_in_shot = np.unique(pool.shot_index, return_inverse=True, return_counts=True)
    if not pool.is_film or len(shots) < _FEWEST_SHOTS:
        return "default", ""
    mass = 1.0 / n_in_shot[place]
    faces = _share(mass, pool.column("face_height") >= _FACE_HEIGHT)
    sure = pool.column("expression_confidence") >= _SURE
    joyful = _share(mass, (pool.column("expression") == _JOY) & sure)
    moving = _share(mass, pool.column("camera_motion") > 0)
    long_shots = _share(mass, pool.column("shot_scale") >= _LONG)
    key, brightness = _median(mass, pool.column("key")), _median(mass, pool.column("brightness"))
    if np.isnan([key, brightness]).any():
        return "default", ""
    if faces >= 0.4 and brightness >= 42 and key >= 0.4 and joyful >= 0.15:
        why = f"{100 * faces:.0f} % of the shots show faces, {100 * joyful:.0f} % a smile, and most are bright"
        return "comedy", _said("comedy", why)
    if faces >= 0.4 and key <= 0.25 and joyful <= 0.1:
        why = f"{100 * faces:.0f} % of the shots show faces, few of them smile, and most are dark"
        return "drama", _said("drama", why)
    if faces <= 0.25 and moving >= 0.7 and long_shots >= 0.5:
        why = f"the camera moves in {100 * moving:.0f} % of the shots, and most are long shots of people"
        return "sports", _said("sports", why)
    return "default", ""


def _said(name: str, why: str) -> str:
    return f"The weights are those for {name}: {why}. Others: --profile."


def _share(mass: NDArray[np.float64], mask: NDArray[np.bool_]) -> float:
    return float((mass * mask).sum() / mass.sum())


def _median(mass: NDArray[np.float64], values: NDArray[np.float32]) -> float:
    """Weighted median of what applies; NaN where nothing does."""
    known = ~np.isnan(values)
    if not known.any():
        return float("nan")
    order = np.argsort(values[known], kind="stable")
    below = np.cumsum(mass[known][order])
    return float(values[known][order][int(np.searchsorted(below, below[-1] / 2))])
