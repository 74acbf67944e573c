"""Gathers many colors into the few that stand for them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_ROUNDS = 12

Doubles = NDArray[np.float64]


def gathered(points: Doubles, weights: Doubles, n_groups: int) -> NDArray[np.int64]:
    """Weighted k-means.

    The start is greedy (the weightiest, then what is far from all chosen and weighty), so that
    the same points always give the same groups.

    Parameters
    ----------
    points : ndarray of float64, shape (N, 3)
        Colors in CIELAB.
    weights : ndarray of float64, shape (N,)
        What each counts; above 0.
    n_groups : int
        How many groups at most; there are fewer where there are fewer points.

    Returns
    -------
    ndarray of int64, shape (N,)
        The group of each point, from 0; in no order.
    """
    chosen = [int(weights.argmax())]
    distance = ((points - points[chosen[0]]) ** 2).sum(axis=1)
    while len(chosen) < min(n_groups, len(points)):
        chosen.append(int((distance * weights).argmax()))
        distance = np.minimum(distance, ((points - points[chosen[-1]]) ** 2).sum(axis=1))
    centres = points[chosen]
    owner = np.full(len(points), -1)
    for _ in range(_ROUNDS):
        nearest = ((points[:, None] - centres[None]) ** 2).sum(axis=2).argmin(axis=1)
        if np.array_equal(nearest, owner):
            break
        owner = nearest
        means, shares = group_means(points, weights, owner, len(centres))
        centres = np.where(shares[:, None] > 0, means, centres)
    return owner


def group_means(
    values: Doubles, weights: Doubles, owner: NDArray[np.int64], n_groups: int
) -> tuple[Doubles, Doubles]:
    """Weighted means of values (N, C) by group, and the weight of each group; 0 for an empty one."""
    member = np.where(owner[None] == np.arange(n_groups)[:, None], weights, 0)
    shares = member.sum(axis=1)
    return member @ values / np.maximum(shares, 1e-12)[:, None], shares


def palette_of(
    colors: Doubles, points: Doubles, weights: Doubles, n_colors: int
) -> tuple[Doubles, Doubles]:
    """The few colors that stand for many.

    Parameters
    ----------
    colors : ndarray of float64, shape (N, 3)
        sRGB, which the result is averaged in.
    points : ndarray of float64, shape (N, 3)
        The same in CIELAB, where they are told apart.
    weights : ndarray of float64, shape (N,)
        What each counts; above 0.
    n_colors : int
        How many are wanted.

    Returns
    -------
    colors : ndarray of float64, shape (n_colors, 3)
        sRGB, the weightiest first; the first is repeated where there are fewer.
    shares : ndarray of float64, shape (n_colors,)
        Their weights; 0 for a repeated one.
    """
    n_groups = min(n_colors, len(points))
    means, shares = group_means(colors, weights, gathered(points, weights, n_groups), n_groups)
    order = np.argsort(-shares, kind="stable")
    means, shares = means[order], shares[order]
    missing = n_colors - n_groups
    means = np.concatenate([means, np.repeat(means[:1], missing, axis=0)])
    return means, np.pad(shares, (0, missing))
