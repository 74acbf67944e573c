"""What is known of a profile without the impression that is looked at.

Leanings and groups come from what profiles took. To learn from the same impressions what a group
or a leaning takes would find every taste confirmed: whoever took the red cover is said to like
red, and lo, likes red. So each impression is looked at with its own profile's leaning less what
that very impression had added. After the split nothing has been added, and all is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import numpy as np
from numpy.typing import NDArray

from ava.taste.decisions import Decisions, Doubles, Places, Variants
from ava.taste.groups import Groups
from ava.taste.viewers import Plays, apart_from_title, decay_rate, rates

_SECONDS = 86_400


@dataclass(frozen=True)
class Blind:
    """Per impression, N in all.

    Attributes
    ----------
    coordinates : ndarray of float64, shape (N, D)
        Of the leaning without the impression; 0 where nothing is left.
    n_plays : ndarray of int64, shape (N,)
        Plays that they stand on.
    known : ndarray of bool, shape (N,)
        Whether the profile has a leaning at all.
    """

    coordinates: Doubles
    n_plays: Places
    known: NDArray[np.bool_]


def without_itself(
    log: Decisions,
    plays: Plays,
    variants: Variants,
    found: Groups,
    until: datetime,
    days: float,
    half_life_days: float,
) -> Blind:
    """Coordinates of every impression's profile, the impression itself left out.

    Parameters
    ----------
    log : Decisions
        Impressions; those of `plays` are among them, at least for some profiles.
    plays : Plays
        What leanings were made of, `until`, `days` and `half_life_days` as for `play_weights`.
    """
    axes = apart_from_title(plays, variants) @ found.components.T / max(found.spread, 1e-12)
    middle = found.center @ found.components.T / max(found.spread, 1e-12)
    rate = rates(plays, variants)
    place = {name: at for at, name in enumerate(plays.profile_ids)}
    who = np.array([place.get(name, -1) for name in log.profile_ids], np.int64)[log.profile]
    known = who >= 0
    seconds = np.round(log.shown_days * _SECONDS)
    age = round(until.timestamp()) - seconds
    added = known & (age > 0) & (age <= round(days * _SECONDS))
    weight = np.where(added, np.exp(-decay_rate(half_life_days) * np.maximum(age, 0)), 0.0)
    mine = axes[log.variant]
    expected = weight * rate[log.variant]
    played = weight * log.played
    leaning = np.zeros(mine.shape)
    for sign, pairs, own in (
        (1, plays.weight, played),
        (-1, plays.shown * rate[plays.variant], expected),
    ):
        total = np.bincount(plays.profile, pairs, len(plays.profile_ids))[who] - own
        sums = _sums(plays, pairs, axes)[who] - own[:, None] * mine
        some = total > 1e-9
        leaning += sign * np.where(some[:, None], sums / np.where(some, total, 1.0)[:, None], 0.0)
        known = known & some
    n_plays = np.bincount(plays.profile, plays.n_plays, len(plays.profile_ids)).astype(np.int64)
    left = np.where(known, n_plays[who] - (log.played & added), 0)
    return Blind(np.where(known[:, None], leaning - middle, 0.0), left, who >= 0)


def _sums(plays: Plays, weight: Doubles, rows: Doubles) -> Doubles:
    """Weighted sum of a row per variant (V, D) over the pairs of each profile, shape (P, D)."""
    n_profiles = len(plays.profile_ids)
    return np.stack(
        [np.bincount(plays.profile, weight * one[plays.variant], n_profiles) for one in rows.T],
        axis=1,
    )
