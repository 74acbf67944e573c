"""Groups of viewers with a like taste, or the answer that there are none.

Leanings (`ava.taste.viewers.Viewers`) are turned into a few coordinates by principal components,
and `ava.taste.clustering` divides them. Of the numbers of groups that come out alike from one
bootstrap sample to the next (Ben-Hur, Elisseeff & Guyon, 2002; adjusted Rand index) the one with
the best silhouette (Rousseeuw, 1987) is taken. Whether there is anything to divide is
asked of a permutation: variants are dealt out anew among the plays of their title, which leaves
everything as it is but the taste for artwork. The groups must explain more than in any such deal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from string import ascii_uppercase

import numpy as np

from ava.core.errors import ConfigError
from ava.taste.clustering import (
    MOST_GROUPS,
    Division,
    Method,
    divide,
    nowhere,
    resample,
    sizes_to_try,
)
from ava.taste.decisions import Doubles, Places
from ava.taste.threads import one_thread

K_ANONYMITY = 20
MIN_PLAYS = 5
_N_COMPONENTS = 6
_N_SAMPLE = 3000
_N_SILHOUETTE = 1500
_N_PAIRS = 5
_N_DEALS = 19  # to be above all of 19 has a chance of one in twenty
_STABLE = 0.6
Deal = Callable[[np.random.Generator, Places], Doubles]


@dataclass(frozen=True)
class Tried:
    """A division that was tried.

    Attributes
    ----------
    size : int
        How many groups were asked for; of HDBSCAN, how many profiles at least for a group.
    n_groups : int
        How many there are.
    stability : float
        Adjusted Rand index, up to 1, between divisions of two bootstrap samples.
    silhouette : float
        Mean over profiles, -1..1.
    """

    size: int
    n_groups: int
    stability: float
    silhouette: float


@dataclass(frozen=True)
class Groups:
    """Taste groups, G in all; none when G is 0.

    Attributes
    ----------
    names : tuple of str
        Of the groups: A, B, C …
    group : ndarray of int64, shape (P,)
        Of every profile; -1 for none.
    center : ndarray of float64, shape (216,)
        Mean leaning, subtracted before the components are taken.
    components : ndarray of float64, shape (D, 216)
        Axes of the coordinates, strongest first, of length 1.
    spread : float
        Standard deviation of profiles along the first axis.
    division : Division
        Where the groups lie in these coordinates.
    cohesion : ndarray of float64, shape (G,)
        Mean silhouette of the members, -1..1.
    tried : tuple of Tried
        Numbers of groups looked at.
    explained, explained_by_chance : float
        Share of the variance that the groups explain, and the most that they did of a deal.
    p_value : float
        Of the permutation; 0.05 is the least that 19 deals can give.
    verdict : str
        In one sentence, what was found.
    """

    names: tuple[str, ...]
    group: Places
    center: Doubles
    components: Doubles
    spread: float
    division: Division
    cohesion: Doubles
    tried: tuple[Tried, ...]
    explained: float
    explained_by_chance: float
    p_value: float
    verdict: str

    def coordinates(self, leanings: Doubles) -> Doubles:
        """Leanings (N, 216) as coordinates (N, D), in units of the spread of profiles."""
        return np.asarray((leanings - self.center) @ self.components.T / max(self.spread, 1e-12))

    def nearest(self, coordinates: Doubles) -> Places:
        """The group (N,) that each of some coordinates (N, D) is nearest to; -1 without groups."""
        if not self.names:
            return np.full(len(coordinates), -1, np.int64)
        return self.division.nearest(coordinates)


@one_thread()
def find_groups(
    leanings: Doubles,
    n_plays: Places,
    deal: Deal,
    *,
    method: Method = "kmeans",
    n_groups: int | None = None,
    k_anonymity: int = K_ANONYMITY,
    min_plays: int = MIN_PLAYS,
    seed: int = 0,
) -> Groups:
    """Divide profiles by their leanings.

    Parameters
    ----------
    leanings : ndarray of float64, shape (P, 216)
        What each plays less what was expected.
    n_plays : ndarray of int64, shape (P,)
        How many plays each leaning stands on; below `min_plays` a profile is in no group.
    deal : callable
        Gives leanings (n, 216) of some profiles as they would be if nobody cared for artwork, from
        a generator and the places (n,) of the profiles.
    method : str
        One of `ava.taste.clustering.METHODS`.
    n_groups : int, optional
        How many; chosen by default. The permutation is asked all the same.
    k_anonymity : int
        Groups of fewer profiles are dissolved.
    seed : int
        The same seed, the same groups.

    Raises
    ------
    ConfigError
        When fewer than 2 × `k_anonymity` profiles have enough plays, or HDBSCAN is told a number.
    """
    if method == "hdbscan" and n_groups is not None:
        raise ConfigError("HDBSCAN finds the number of groups itself", "leave --groups out")
    rng = np.random.default_rng([seed, 31])
    able = np.flatnonzero(n_plays >= min_plays)
    if len(able) < 2 * max(k_anonymity, 2):
        raise ConfigError(
            f"only {len(able)} profiles have {min_plays} plays or more: too few for groups",
            "gather more events, look further back with --days, or lower --min-plays",
        )
    sample = able if len(able) <= _N_SAMPLE else np.sort(rng.choice(able, _N_SAMPLE, False))
    center, components, spread = _axes(leanings[sample])
    found = Groups(
        (), np.full(len(leanings), -1, np.int64), center, components, spread,
        nowhere(len(components)), np.zeros(0), (), 0.0, 0.0, 1.0, "",
    )  # fmt: skip
    points = found.coordinates(leanings[sample])
    most = min(MOST_GROUPS, len(sample) // max(k_anonymity, 1), len(np.unique(points, axis=0)) - 1)
    sizes = sizes_to_try(method, len(points), n_groups, most)
    tried = tuple(one for size in sizes if (one := _try(points, size, method, rng)))
    if not tried:
        alike = "no part of the profiles stands out" if most > 1 else "all profiles play alike"
        return replace(found, verdict=f"No groups: {alike}.")
    steady = [one for one in tried if one.stability >= _STABLE]
    best = max(steady or tried, key=lambda one: one.silhouette).size
    explained = _explained(points, leanings[sample], best, method, rng)
    chance = []
    for _ in range(_N_DEALS):
        dealt = deal(rng, sample)
        center, axes, spread = _axes(dealt)
        coordinates = (dealt - center) @ axes.T / max(spread, 1e-12)
        chance.append(_explained(coordinates, dealt, best, method, rng))
    p_value = (1 + sum(one >= explained for one in chance)) / (_N_DEALS + 1)
    found = replace(
        found, tried=tried, explained=explained, explained_by_chance=max(chance), p_value=p_value
    )
    if p_value > 0.05:
        verdict = (
            "No groups: profiles differ no more than they would if nobody cared which artwork a "
            "title has."
        )
        return replace(found, verdict=verdict)
    if not steady and n_groups is None:
        verdict = "No groups: tastes differ, but no division comes out the same twice."
        return replace(found, verdict=verdict)
    division = divide(points, best, method, rng, 10)
    return _divided(found, division, leanings, able, k_anonymity, rng)


def _divided(
    found: Groups,
    division: Division,
    leanings: Doubles,
    able: Places,
    k_anonymity: int,
    rng: np.random.Generator,
) -> Groups:
    from sklearn.metrics import silhouette_samples

    everyone = found.coordinates(leanings[able])
    labels = division.labels(everyone)
    counts = np.bincount(labels[labels >= 0], minlength=len(division))
    order = [at for at in np.argsort(-counts, kind="stable") if counts[at] >= k_anonymity]
    group = np.full(len(leanings), -1, np.int64)
    for place, at in enumerate(order):
        group[able[labels == at]] = place
    cohesion = np.zeros(len(order))
    rows = rng.choice(len(able), min(_N_SILHOUETTE, len(able)), False)
    if len(np.unique(labels[rows])) > 1:
        values = silhouette_samples(everyone[rows], labels[rows])
        cohesion = np.array([values[labels[rows] == at].mean() for at in order])
    few, rest = len(division) - len(order), int((labels < 0).sum())
    verdict = (
        f"{len(order)} groups: they explain {100 * found.explained:.0f} % of how leanings differ, "
        f"where chance explains {100 * found.explained_by_chance:.0f} % at most."
    )
    if few:
        verdict += f" {few} more had fewer than {k_anonymity} profiles and are not shown."
    if rest:
        verdict += f" {rest:,} profiles are like none of them."
    return replace(
        found,
        names=tuple(ascii_uppercase[: len(order)]),
        group=group,
        division=division.only(order),
        cohesion=cohesion,
        verdict=verdict,
    )


def _axes(leanings: Doubles) -> tuple[Doubles, Doubles, float]:
    """Center, principal axes and the standard deviation along the first."""
    center = leanings.mean(axis=0)
    values, vectors = np.linalg.eigh(np.cov(leanings - center, rowvar=False))
    axes = vectors[:, ::-1][:, :_N_COMPONENTS].T
    # An axis has no direction of its own: its largest part is made positive.
    largest = axes[np.arange(len(axes)), np.abs(axes).argmax(axis=1)]
    return center, axes * np.sign(largest)[:, None], float(np.sqrt(max(values[-1], 0.0)))


def _try(points: Doubles, size: int, method: Method, rng: np.random.Generator) -> Tried | None:
    """How alike two bootstrap samples divide all points, and how well divided they are; None where
    there is nothing to compare.
    """
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    labels = divide(points, size, method, rng, 5).labels(points)
    rows = rng.choice(len(points), min(_N_SILHOUETTE, len(points)), False)
    rows = rows[labels[rows] >= 0]
    n_groups = len(np.unique(labels[rows]))
    if not 2 <= n_groups <= MOST_GROUPS or n_groups >= len(rows):
        return None
    agreements = []
    for _ in range(_N_PAIRS):
        pair = [
            divide(resample(points, method, rng), size, method, rng).labels(points)
            for _ in range(2)
        ]
        agreements.append(adjusted_rand_score(*pair))
    score = silhouette_score(points[rows], labels[rows])
    return Tried(size, n_groups, float(np.mean(agreements)), float(score))


def _explained(
    points: Doubles, leanings: Doubles, size: int, method: Method, rng: np.random.Generator
) -> float:
    """Share of the variance of leanings that lies between the groups; who is in none is a group."""
    labels = divide(points, size, method, rng).labels(points) + 1
    counts = np.bincount(labels)
    apart = leanings - leanings.mean(axis=0)
    sums = np.zeros((len(counts), leanings.shape[1]))
    np.add.at(sums, labels, apart)
    between, total = (sums**2 / np.maximum(counts, 1)[:, None]).sum(), (apart**2).sum()
    return float(between / total) if total > 0 else 0.0


def keep_names(new: Groups, old_names: tuple[str, ...], old: Doubles, now: Doubles) -> Groups:
    """Call new groups by the names of the old ones they match.

    Groups are matched one to one so that their mean leanings are nearest (Kuhn, "The Hungarian
    method for the assignment problem", 1955); one that matches none takes a name not used yet.

    Parameters
    ----------
    old, now : ndarray of float64, shape (old groups, 216) and (G, 216)
        Mean leaning of every group.
    """
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    names: list[str | None] = [None] * len(now)
    if len(old) and len(now):
        for row, column in zip(*linear_sum_assignment(cdist(now, old)), strict=True):
            names[row] = old_names[column]
    free = (letter for letter in ascii_uppercase if letter not in old_names)
    return replace(new, names=tuple(name or next(free) for name in names))
