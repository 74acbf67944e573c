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
    """How much each profile was shown and played of each variant; a row per pair, M in all.

    Attributes
    ----------
    profile_ids : tuple of str
        The profiles with a play, P in all.
    profile, variant : ndarray of int64, shape (M,)
        Places in `profile_ids` and among the variants.
    shown, weight : ndarray of float64, shape (M,)
        Number of impressions and of plays, each halved every half-life.
    n_shown, n_plays : ndarray of int64, shape (M,)
        Number of impressions and of plays.
    """

    profile_ids: tuple[str, ...]
    profile: Places
    variant: Places
    shown: Doubles
    weight: Doubles
    n_shown: Places
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
        What was played less what would have been played of what was shown, were the viewer like
        all others: which titles they play, and which artwork chance showed them, is taken out;
        which artwork made them play is left. Rows sum to 0.
    """

    profile_ids: tuple[str, ...]
    n_plays: Places
    vectors: Doubles
    leanings: Doubles


def play_weights(
    impressions: Any, until: datetime, days: float = DAYS, half_life_days: float = HALF_LIFE_DAYS
) -> Any:
    """The query for `Plays`, as an Ibis expression over any store that Ibis knows.

    Only a row for every profile and variant shown comes out of the warehouse.

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
    shown = table.filter([table.at < end, table.at >= end - round(days * 86_400)])
    age = (ibis.literal(end) - shown.at).cast("float64")
    weighted = shown.mutate(weight=(age * -decay_rate(half_life_days)).exp())
    return weighted.group_by(["profile_id", "variant_id"]).aggregate(
        shown=weighted.weight.sum(),
        weight=weighted.played.ifelse(weighted.weight, 0.0).sum(),
        n_shown=weighted.count(),
        n_plays=weighted.played.ifelse(1, 0).sum(),
    )


def decay_rate(half_life_days: float) -> float:
    """What a play loses of its weight in a second, as a share."""
    return float(np.log(2)) / (half_life_days * 86_400)


def fetch_plays(query: Any, variants: Variants, salt: bytes | None = None) -> Plays:
    """Run a query of `play_weights`; a variant that is not known is left out.

    Parameters
    ----------
    salt : bytes, optional
        Of `ava.taste.events.Events.salt`.
    """
    frame = query.to_pandas()
    place = places_of(frame["variant_id"], variants)
    plays = frame["n_plays"].groupby(frame["profile_id"]).transform("sum")
    there = (place >= 0) & (plays.to_numpy() > 0)
    frame, place = frame[there], place[there]
    profile, ids = factorized(frame["profile_id"])
    order = np.lexsort((place, profile))
    return Plays(
        hashed_ids(ids, salt),
        profile[order],
        place[order],
        frame["shown"].to_numpy(np.float64)[order],
        frame["weight"].to_numpy(np.float64)[order],
        frame["n_shown"].to_numpy(np.int64)[order],
        frame["n_plays"].to_numpy(np.int64)[order],
    )


def viewers_of(plays: Plays, variants: Variants) -> Viewers:
    """Vectors and leanings of all profiles."""
    n_plays = np.bincount(plays.profile, plays.n_plays, len(plays.profile_ids)).astype(np.int64)
    vectors = _mean_over(plays, plays.weight, variants.histograms)
    return Viewers(plays.profile_ids, n_plays, vectors, _leanings(plays, variants, plays.weight))


def _leanings(plays: Plays, variants: Variants, weight: Doubles) -> Doubles:
    """Leanings if the pairs had been played with this weight (M,)."""
    apart = apart_from_title(plays, variants)
    expected = plays.shown * rates(plays, variants)[plays.variant]
    return _mean_over(plays, weight, apart) - _mean_over(plays, expected, apart)


def _mean_over(plays: Plays, weight: Doubles, rows: Doubles) -> Doubles:
    """Mean of a row per variant (V, columns), weighted by pair (M,), shape (P, columns)."""
    from scipy.sparse import csr_array

    n_profiles = len(plays.profile_ids)
    total = np.bincount(plays.profile, weight, n_profiles)
    share = weight / np.maximum(total, 1e-300)[plays.profile]
    table = csr_array((share, (plays.profile, plays.variant)), shape=(n_profiles, len(rows)))
    return np.asarray(table @ rows)


def rates(plays: Plays, variants: Variants) -> Doubles:
    """Plays per impression of every variant, shape (V,)."""
    played, shown = (
        np.bincount(plays.variant, one, len(variants)) for one in (plays.weight, plays.shown)
    )
    return np.asarray(played / np.maximum(shown, 1e-300))


def apart_from_title(plays: Plays, variants: Variants) -> Doubles:
    """Histograms less the mean of what is played of their title, shape (V, 216)."""
    played = np.bincount(plays.variant, plays.weight, len(variants))
    sums = np.zeros((len(variants.titles), 216))
    np.add.at(sums, variants.title_of, played[:, None] * variants.histograms)
    weight = np.bincount(variants.title_of, played, len(variants.titles))
    means = sums / np.maximum(weight, 1e-12)[:, None]
    return np.asarray(variants.histograms - means[variants.title_of])


def dealt_leanings(
    plays: Plays, variants: Variants, rng: np.random.Generator, profiles: Places
) -> Doubles:
    """Leanings of some profiles as they would be if nobody cared which artwork a title has.

    The plays of a title are dealt anew among the impressions of it that the profile had, none
    twice, and to each variant as readily as everybody plays it. Who was shown what, and played
    which title how often, stays.

    Parameters
    ----------
    profiles : ndarray of int64, shape (n,)
        Places of the profiles, increasing.

    Returns
    -------
    ndarray of float64, shape (n, 216)
    """
    rows = np.flatnonzero(np.isin(plays.profile, profiles))
    title = variants.title_of[plays.variant[rows]]
    rows = rows[np.lexsort((title, plays.profile[rows]))]
    mine = Plays(
        tuple(plays.profile_ids[at] for at in profiles),
        np.searchsorted(profiles, plays.profile[rows]),
        plays.variant[rows],
        plays.shown[rows],
        plays.weight[rows],
        plays.n_shown[rows],
        plays.n_plays[rows],
    )
    cell = mine.profile * len(variants.titles) + variants.title_of[mine.variant]
    pair = np.repeat(np.arange(len(cell)), mine.n_shown)  # a row per impression
    # Drawn one after the other, with chances in proportion to the rates (Efraimidis & Spirakis,
    # "Weighted random sampling with a reservoir", 2006).
    rate = np.maximum(rates(plays, variants)[mine.variant], 1e-12)
    waits = rng.exponential(size=len(pair)) / rate[pair]
    order = np.lexsort((waits, cell[pair]))
    starts = np.flatnonzero(np.r_[True, cell[1:] != cell[:-1]])
    wanted = np.add.reduceat(mine.n_plays, starts)
    sizes = np.add.reduceat(mine.n_shown, starts)
    place = np.arange(len(pair)) - np.repeat(np.r_[0, sizes[:-1].cumsum()], sizes)
    drawn = pair[order[place < np.repeat(wanted, sizes)]]
    each = (mine.shown / mine.n_shown)[drawn]
    return _leanings(mine, variants, np.bincount(drawn, each, len(cell)).astype(np.float64))


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
