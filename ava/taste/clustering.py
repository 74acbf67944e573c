"""Ways to divide points: k-means, Gaussian mixtures, HDBSCAN. Each gives a `Division`.

================  ==========================================================================
k-means           with careful seeding (Arthur & Vassilvitskii, "k-means++", 2007): round
                  groups of like size
Gaussian mixture  McLachlan & Peel, "Finite mixture models", 2000: groups of their own size
                  and shape
HDBSCAN           Campello, Moulavi & Sander, "Density-based clustering based on hierarchical
                  density estimates", 2013: where points are dense; the rest is in no group,
                  and the number comes of itself
================  ==========================================================================
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from ava.taste.decisions import Doubles, Places

Method = Literal["kmeans", "gmm", "hdbscan"]
METHODS: tuple[Method, ...] = ("kmeans", "gmm", "hdbscan")
MOST_GROUPS = 8
_SHARES = (0.02, 0.04, 0.08, 0.16)  # of the points, that a group of HDBSCAN has at least


@dataclass(frozen=True)
class Division:
    """Points divided into G groups.

    Attributes
    ----------
    centroids : ndarray of float64, shape (G, D)
        Middles.
    precisions : ndarray of float64, shape (G, D, D)
        Inverse covariances by which distance to a middle is measured.
    bonus : ndarray of float64, shape (G,)
        Added to minus half the squared distance: a wider or larger group reaches further.
    model : object or None
        What tells the group of a point where that is not the nearest middle.
    """

    centroids: Doubles
    precisions: Doubles
    bonus: Doubles
    model: Any = None

    def __len__(self) -> int:
        return len(self.centroids)

    def labels(self, points: Doubles) -> Places:
        """The group of each point (N,); -1 for none."""
        if not len(self):
            return np.full(len(points), -1, np.int64)
        if self.model is not None:
            return np.asarray(self.model.predict(points), np.int64)
        return self.nearest(points)

    def nearest(self, points: Doubles) -> Places:
        """The group whose middle is nearest to each point (N,), wherever it lies."""
        scores = np.empty((len(points), len(self)))
        for at, (middle, precision) in enumerate(zip(self.centroids, self.precisions, strict=True)):
            apart = points - middle
            scores[:, at] = self.bonus[at] - ((apart @ precision) * apart).sum(axis=1) / 2
        return np.asarray(scores.argmax(axis=1), np.int64)

    def only(self, groups: list[int]) -> Division:
        """Some of the groups, in this order; of no use for `labels` where there is a model."""
        return Division(self.centroids[groups], self.precisions[groups], self.bonus[groups])


def divide(
    points: Doubles, size: int, method: Method, rng: np.random.Generator, n_starts: int = 3
) -> Division:
    """Divide points (N, D).

    Parameters
    ----------
    size : int
        How many groups; for HDBSCAN, how many points a group has at least.
    n_starts : int
        How often it begins anew; the best is kept. Of no meaning to HDBSCAN.
    """
    seed = int(rng.integers(2**31))
    if method == "gmm":
        return _mixture(points, size, seed, n_starts)
    if method == "hdbscan":
        return _dense(points, size)
    from sklearn.cluster import KMeans

    model = KMeans(size, n_init=n_starts, random_state=seed).fit(points)
    return _round(np.asarray(model.cluster_centers_, np.float64))


def sizes_to_try(
    method: Method, n_points: int, n_groups: int | None, most_groups: int
) -> tuple[int, ...]:
    """Values of `divide`'s `size` worth trying."""
    if method == "hdbscan":
        return tuple(sorted({max(5, round(share * n_points)) for share in _SHARES}))
    return tuple(range(2, most_groups + 1)) if n_groups is None else (n_groups,)


def resample(points: Doubles, method: Method, rng: np.random.Generator) -> Doubles:
    """A bootstrap sample. Density takes a point drawn twice for a crowd: there it counts once."""
    rows = rng.integers(len(points), size=len(points))
    return points[np.unique(rows) if method == "hdbscan" else rows]


def _round(centroids: Doubles) -> Division:
    n, d = centroids.shape
    return Division(centroids, np.tile(np.eye(d), (n, 1, 1)), np.zeros(n))


def nowhere(n_coordinates: int) -> Division:
    """No groups at all."""
    return _round(np.zeros((0, n_coordinates)))


def _mixture(points: Doubles, n_groups: int, seed: int, n_starts: int) -> Division:
    from sklearn.mixture import GaussianMixture

    model = GaussianMixture(
        n_groups, n_init=n_starts, init_params="k-means++", reg_covar=1e-4, random_state=seed
    ).fit(points)
    precisions = np.asarray(model.precisions_, np.float64)
    bonus = np.log(model.weights_) + np.linalg.slogdet(precisions)[1] / 2
    return Division(np.asarray(model.means_, np.float64), precisions, np.asarray(bonus))


def _dense(points: Doubles, least: int) -> Division:
    from sklearn.cluster import HDBSCAN
    from sklearn.neighbors import KNeighborsClassifier

    # Asked for one core set size for all: it smooths, and the least size alone is what varies.
    labels = HDBSCAN(min_cluster_size=least, min_samples=10, copy=True).fit_predict(points)
    groups = np.unique(labels[labels >= 0])
    if not len(groups):
        return nowhere(points.shape[1])
    middles = np.stack([points[labels == at].mean(axis=0) for at in groups])
    of_next = KNeighborsClassifier(1).fit(points, labels)
    return Division(**{**vars(_round(middles)), "model": of_next})
