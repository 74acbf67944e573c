"""Viewers as colors: the time-decayed average of the artwork of what a profile played."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

import numpy as np

from ava.core.errors import ConfigError
from ava.ranking.color_compare import earth_movers
from ava.taste.decisions import Doubles, Places, Variants
from ava.taste.events import factorized, hashed_ids, places_of

DAYS, HALF_LIFE_DAYS = 90.0, 30.0
Metric = Literal["cosine", "jensen_shannon", "earth_movers"]


@dataclass(frozen=True)
class Plays:
    """How much each profile played of each variant; a row per pair, M in all.

    Attributes
    ----------
    profile_ids : tuple of str
        The profiles with a play, P in all.
    profile, variant : ndarray of int64, shape (M,)
        Places in `profile_ids` and among the variants.
    weight : ndarray of float64, shape (M,)
        Number of plays, each halved every half-life.
    n_plays : ndarray of int64, shape (M,)
        Number of plays.
    """

    profile_ids: tuple[str, ...]
    profile: Places
    variant: Places
    weight: Doubles
    n_plays: Places


@dataclass(frozen=True)
class Viewers:
    """Profiles and what they play, P in all.

    Attributes
    ----------
    profile_ids : tuple of str
        The profiles.
    n_plays : ndarray of int64, shape (P,)
        Plays in the time looked at.
    vectors : ndarray of float64, shape (P, 216)
        Decayed average of the histograms of the variants played; rows sum to 1.
    leanings : ndarray of float64, shape (P, 216)
        The same less what would be expected of the titles played, were the viewer like all
        others: which title was played is taken out, which artwork made it is left. Rows sum to 0.
    """

    profile_ids: tuple[str, ...]
    n_plays: Places
    vectors: Doubles
    leanings: Doubles


def play_weights(
    impressions: Any, until: datetime, days: float = DAYS, half_life_days: float = HALF_LIFE_DAYS
) -> Any:
    """The query for `Plays`, as an Ibis expression over any store that Ibis knows.

    Only a row for every profile and variant played comes out of the warehouse.

    Parameters
    ----------
    impressions : ibis.Table
        See `ava.taste.checking.impressions`.
    until : datetime.datetime
        End of the time looked at, exclusive; UTC.
    days, half_life_days : float
        How far back, and how soon a play counts half.
    """
    import ibis

    if days <= 0 or half_life_days <= 0:
        raise ConfigError("days and half-life must be above 0")
    end = int(until.timestamp())
    table = impressions
    shown = table.filter([table.played, table.at < end, table.at >= end - round(days * 86_400)])
    rate = float(np.log(2)) / (half_life_days * 86_400)
    age = (ibis.literal(end) - shown.at).cast("float64")
    weighted = shown.mutate(weight=(age * -rate).exp())
    return weighted.group_by(["profile_id", "variant_id"]).aggregate(
        weight=weighted.weight.sum(), n_plays=weighted.count()
    )


def fetch_plays(query: Any, variants: Variants, salt: bytes | None = None) -> Plays:
    """Run a query of `play_weights`; a variant that is not known is left out.

    Parameters
    ----------
    salt : bytes, optional
        Of `ava.taste.events.Events.salt`.
    """
    frame = query.to_pandas()
    place = places_of(frame["variant_id"], variants)
    frame, place = frame[place >= 0], place[place >= 0]
    profile, ids = factorized(frame["profile_id"])
    order = np.lexsort((place, profile))
    return Plays(
        hashed_ids(ids, salt),
        profile[order],
        place[order],
        frame["weight"].to_numpy(np.float64)[order],
        frame["n_plays"].to_numpy(np.int64)[order],
    )


def viewers_of(plays: Plays, variants: Variants) -> Viewers:
    """Vectors and leanings of all profiles."""
    n_profiles = len(plays.profile_ids)
    n_plays = np.bincount(plays.profile, plays.n_plays, n_profiles).astype(np.int64)
    vectors = mean_over(plays, variants.histograms, plays.variant)
    expected = mean_over(plays, _expected(plays, variants), plays.variant)
    return Viewers(plays.profile_ids, n_plays, vectors, vectors - expected)


def mean_over(plays: Plays, rows: Doubles, variant: Places) -> Doubles:
    """Weighted mean of a row per variant over what each profile played, shape (P, columns).

    Parameters
    ----------
    rows : ndarray of float64, shape (V, columns)
        What is averaged.
    variant : ndarray of int64, shape (M,)
        The variants played; `plays.variant`, or another draw of them.
    """
    from scipy.sparse import csr_array

    n_profiles = len(plays.profile_ids)
    total = np.bincount(plays.profile, plays.weight, n_profiles)
    share = plays.weight / total[plays.profile]
    table = csr_array((share, (plays.profile, variant)), shape=(n_profiles, len(rows)))
    return np.asarray(table @ rows)


def _expected(plays: Plays, variants: Variants) -> Doubles:
    """For every variant the mean histogram of what is played of its title, shape (V, 216)."""
    played = np.bincount(plays.variant, plays.weight, len(variants))
    sums = np.zeros((len(variants.titles), 216))
    np.add.at(sums, variants.title_of, played[:, None] * variants.histograms)
    weight = np.bincount(variants.title_of, played, len(variants.titles))
    return np.asarray((sums / np.maximum(weight, 1e-12)[:, None])[variants.title_of])


def dealt_leanings(
    plays: Plays, variants: Variants, rng: np.random.Generator, profiles: Places
) -> Doubles:
    """Leanings of some profiles, the variants they played dealt out anew within each title.

    Who played which title and how much stays; that anyone prefers any of its artwork does not.

    Parameters
    ----------
    profiles : ndarray of int64, shape (n,)
        Places of the profiles, increasing; the plays of these only are dealt among them.

    Returns
    -------
    ndarray of float64, shape (n, 216)
    """
    rows = np.flatnonzero(np.isin(plays.profile, profiles))
    mine = Plays(
        tuple(plays.profile_ids[at] for at in profiles),
        np.searchsorted(profiles, plays.profile[rows]),
        plays.variant[rows],
        plays.weight[rows],
        plays.n_plays[rows],
    )
    title = variants.title_of[mine.variant]
    dealt = np.empty_like(mine.variant)
    dealt[np.argsort(title, kind="stable")] = mine.variant[
        np.lexsort((rng.random(len(title)), title))
    ]
    return mean_over(mine, variants.histograms - _expected(plays, variants), dealt)


def distance(first: Doubles, second: Doubles, metric: Metric = "jensen_shannon") -> float:
    """How far apart two vectors (216,) are.

    ``cosine`` 0..2 and ``jensen_shannon`` 0..1 (the square root of the divergence to base 2) are
    0 for the same; ``earth_movers`` is a distance in CIELAB.
    """
    from scipy.spatial.distance import cosine, jensenshannon

    if metric == "earth_movers":
        return earth_movers(first, second)
    if metric == "cosine":
        return float(cosine(first, second))
    return float(jensenshannon(first, second, base=2))


def nearest(viewers: Viewers, profile: int, n: int = 10) -> list[tuple[str, float]]:
    """The `n` profiles nearest to one by Jensen-Shannon distance, with the distances."""
    from scipy.spatial.distance import cdist

    apart = cdist(viewers.vectors[profile : profile + 1], viewers.vectors, "jensenshannon")[0]
    apart /= np.sqrt(np.log(2))
    apart[profile] = np.inf
    places = np.argsort(apart, kind="stable")[: min(n, len(apart) - 1)]
    return [(viewers.profile_ids[at], float(apart[at])) for at in places]
