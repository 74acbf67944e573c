"""Groups of viewers with a like taste, or the answer that there are none.

Leanings (`ava.taste.viewers.Viewers`) are turned into a few coordinates by principal components;
k-means++ (Arthur & Vassilvitskii, 2007) divides them. Of the numbers of groups that come out alike
from one bootstrap sample to the next (Ben-Hur, Elisseeff & Guyon, 2002; adjusted Rand index) the
one with the best silhouette (Rousseeuw, 1987) is taken. Whether there is anything to divide is
asked of a permutation: variants are dealt out anew among the plays of their title, which leaves
everything as it is but the taste for artwork. The groups must explain more than in any such deal.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from string import ascii_uppercase

import numpy as np

from ava.core.errors import ConfigError
from ava.taste.decisions import Doubles, Places
from ava.taste.threads import one_blas_thread

MOST_GROUPS = 8
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
    """A number of groups that was tried: its stability (ARI, up to 1) and silhouette (-1..1)."""

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
    centroids : ndarray of float64, shape (G, D)
        Coordinates of the groups.
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
    centroids: Doubles
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
        return _nearest(coordinates, self.centroids)


@one_blas_thread()
def find_groups(
    leanings: Doubles,
    n_plays: Places,
    deal: Deal,
    *,
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
    n_groups : int, optional
        How many; chosen by default. The permutation is asked all the same.
    k_anonymity : int
        Groups of fewer profiles are dissolved.
    seed : int
        The same seed, the same groups.

    Raises
    ------
    ConfigError
        When fewer than 2 × `k_anonymity` profiles have enough plays.
    """
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
        np.zeros((0, len(components))), np.zeros(0), (), 0.0, 0.0, 1.0, "",
    )  # fmt: skip
    points = found.coordinates(leanings[sample])
    most = min(MOST_GROUPS, len(sample) // max(k_anonymity, 1), len(np.unique(points, axis=0)) - 1)
    wanted = range(2, most + 1) if n_groups is None else [n_groups]
    tried = tuple(_try(points, k, rng) for k in wanted)
    if not tried:
        return replace(found, verdict="No groups: all profiles play alike.")
    steady = [one for one in tried if one.stability >= _STABLE]
    best = max(steady or tried, key=lambda one: one.silhouette).n_groups
    explained = _explained(points, leanings[sample], best, rng)
    chance = []
    for _ in range(_N_DEALS):
        dealt = deal(rng, sample)
        axes = _axes(dealt)
        chance.append(_explained((dealt - axes[0]) @ axes[1].T, dealt, best, rng))
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
    return _divided(found, leanings, able, points, best, k_anonymity, rng)


def _divided(
    found: Groups,
    leanings: Doubles,
    able: Places,
    points: Doubles,
    n_groups: int,
    k_anonymity: int,
    rng: np.random.Generator,
) -> Groups:
    from sklearn.metrics import silhouette_samples

    centroids = _k_means(points, n_groups, rng, 10)[1]
    everyone = found.coordinates(leanings[able])
    labels = _nearest(everyone, centroids)
    counts = np.bincount(labels, minlength=n_groups)
    order = [at for at in np.argsort(-counts, kind="stable") if counts[at] >= k_anonymity]
    group = np.full(len(leanings), -1, np.int64)
    for place, at in enumerate(order):
        group[able[labels == at]] = place
    cohesion = np.zeros(len(order))
    rows = rng.choice(len(able), min(_N_SILHOUETTE, len(able)), False)
    if len(np.unique(labels[rows])) > 1:
        values = silhouette_samples(everyone[rows], labels[rows])
        cohesion = np.array([values[labels[rows] == at].mean() for at in order])
    few = n_groups - len(order)
    verdict = (
        f"{len(order)} groups: they explain {100 * found.explained:.0f} % of how leanings differ, "
        f"where chance explains {100 * found.explained_by_chance:.0f} % at most."
    )
    if few:
        verdict += f" {few} more had fewer than {k_anonymity} profiles and are not shown."
    return replace(
        found,
        names=tuple(ascii_uppercase[: len(order)]),
        group=group,
        centroids=centroids[order],
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


def _k_means(
    points: Doubles, n_groups: int, rng: np.random.Generator, n_starts: int
) -> tuple[Places, Doubles]:
    from sklearn.cluster import KMeans

    model = KMeans(n_groups, n_init=n_starts, random_state=int(rng.integers(2**31))).fit(points)
    return np.asarray(model.labels_, np.int64), np.asarray(model.cluster_centers_, np.float64)


def _nearest(points: Doubles, centroids: Doubles) -> Places:
    from scipy.spatial.distance import cdist

    return np.asarray(cdist(points, centroids).argmin(axis=1), np.int64)


def _try(points: Doubles, n_groups: int, rng: np.random.Generator) -> Tried:
    """How alike two bootstrap samples divide all points, and how well divided they are."""
    from sklearn.metrics import adjusted_rand_score, silhouette_score

    agreements = []
    for _ in range(_N_PAIRS):
        divided = []
        for _ in range(2):
            drawn = points[rng.integers(len(points), size=len(points))]
            divided.append(_nearest(points, _k_means(drawn, n_groups, rng, 3)[1]))
        agreements.append(adjusted_rand_score(*divided))
    labels, _ = _k_means(points, n_groups, rng, 5)
    rows = rng.choice(len(points), min(_N_SILHOUETTE, len(points)), False)
    score = silhouette_score(points[rows], labels[rows])
    return Tried(n_groups, float(np.mean(agreements)), float(score))


def _explained(
    points: Doubles, leanings: Doubles, n_groups: int, rng: np.random.Generator
) -> float:
    """Share of the variance of leanings that lies between the groups."""
    labels, _ = _k_means(points, n_groups, rng, 3)
    counts = np.bincount(labels, minlength=n_groups)
    sums = np.zeros((n_groups, leanings.shape[1]))
    np.add.at(sums, labels, leanings - leanings.mean(axis=0))
    between = (sums**2 / np.maximum(counts, 1)[:, None]).sum()
    total = ((leanings - leanings.mean(axis=0)) ** 2).sum()
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
