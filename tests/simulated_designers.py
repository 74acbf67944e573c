"""Designers whose liking is known, who decide about frames with real numbers."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from models.duels import Duels

Reals = NDArray[np.float64]
Liking = Callable[[Reals], Reals]


def designers_duels(
    table: Reals,
    liking: Liking,
    n_titles: int,
    n_frames: int,
    seed: int,
    noise: float = 1.0,
    correlated: bool = False,
) -> Duels:
    """Each title's best third kept, the next a maybe, the last rejected, by liking and chance.

    Parameters
    ----------
    table : ndarray of float64, shape (K, C)
        Percentiles of a real title. Every simulated title draws its own frames from it: whole
        rows where `correlated`, else every column by itself. That keeps each column's ties and
        gaps, and takes away what columns have in common: only then can weights be told apart.
    liking : callable
        From percentiles to strengths, in units of the logistic noise.
    n_titles, n_frames : int
        How many titles, and decisions in each.
    seed : int
        Of all that is drawn.
    noise : float
        How much of it there is.
    correlated : bool
        Whether the columns of a frame stay together.
    """
    random = np.random.default_rng(seed)
    features, better, worse = [], [], []
    for title in range(n_titles):
        shape = (n_frames, 1) if correlated else (n_frames, table.shape[1])
        rows = random.integers(len(table), size=shape)
        drawn = table[rows, np.arange(table.shape[1])]
        felt = liking(drawn) + noise * random.logistic(size=n_frames)
        verdict = 3 * np.argsort(np.argsort(felt)) // n_frames
        first, second = np.nonzero(verdict[:, None] > verdict)
        features.append(drawn)
        better.append(title * n_frames + first)
        worse.append(title * n_frames + second)
    n_rows = n_titles * n_frames
    return Duels(
        np.concatenate(features),
        np.concatenate(better),
        np.concatenate(worse),
        np.arange(n_rows) // n_frames,
        np.arange(n_rows) // 2,
    )


def known_weights(n_columns: int, n_liked: int, seed: int) -> Reals:
    """Weights of both signs on some columns, none on the others."""
    random = np.random.default_rng(seed)
    weights = np.zeros(n_columns)
    liked = random.permutation(n_columns)[:n_liked]
    weights[liked] = random.choice([-1, 1], n_liked) * random.uniform(0.3, 1, n_liked)
    return weights


def cosine(one: Reals, other: Reals) -> float:
    return float(one @ other / np.linalg.norm(one) / np.linalg.norm(other))
