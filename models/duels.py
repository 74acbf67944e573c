"""Which of two frames was preferred, over many titles; and what to hold out of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Rows = NDArray[np.int64]
Reals = NDArray[np.float64]
Fold = tuple[Rows, Rows]
"""Rows of the pairs to learn from, and of those to hold out."""

_MOST_FOLDS = 10
_SHOT_FOLDS, _SHOT_ROUNDS = 5, 4


@dataclass(frozen=True)
class Duels:
    """Frames, and which of two was preferred.

    Attributes
    ----------
    features : ndarray of float64, shape (N, C)
        One row per frame.
    better, worse : ndarray of int64, shape (P,)
        Rows of the preferred and of the other frame; both of one title.
    title, shot : ndarray of int64, shape (N,)
        The title of each frame, and its shot, numbered over all titles.
    """

    features: Reals
    better: Rows
    worse: Rows
    title: Rows
    shot: Rows

    def __post_init__(self) -> None:
        if not len(self.features) == len(self.title) == len(self.shot):
            raise ValueError("features, title and shot must be as long as each other")
        if (self.title[self.better] != self.title[self.worse]).any():
            raise ValueError("only frames of one title can be compared")

    @property
    def titles(self) -> Rows:
        """Those that pairs come from."""
        return np.unique(self.title[self.better])

    def weights(self, pairs: Rows) -> Reals:
        """What each of these pairs counts: every title the same; they sum to 1."""
        _, place, n_pairs = np.unique(
            self.title[self.better[pairs]], return_inverse=True, return_counts=True
        )
        weights: Reals = 1.0 / (n_pairs[place] * len(n_pairs))
        return weights


@dataclass(frozen=True)
class HeldOut:
    """What models said of pairs that they had not seen.

    Attributes
    ----------
    pairs : ndarray of int64, shape (M,)
        Which pairs; one can be there several times.
    difference : ndarray of float64, shape (M,)
        Strength of the better less that of the worse frame.
    """

    pairs: Rows
    difference: Reals


@dataclass(frozen=True)
class Attempt:
    """One way of learning, and what its models say of the pairs that each fold holds out.

    Attributes
    ----------
    penalty : float
        Strength of the penalty on large weights.
    n_steps : int
        How long it learned; 0 where that is not chosen.
    gaps : tuple of ndarray of float64
        For every fold, strength of the better less that of the worse frame.
    """

    penalty: float
    n_steps: int
    gaps: tuple[Reals, ...]


def gaps_of(duels: Duels, pairs: Rows, strength: Reals) -> Reals:
    """Strength of the better less that of the worse frame, for some of the pairs."""
    gaps: Reals = strength[duels.better[pairs]] - strength[duels.worse[pairs]]
    return gaps


def best_attempt(
    duels: Duels, folds: Sequence[Fold], attempts: Sequence[Attempt]
) -> tuple[int, HeldOut]:
    """The attempt that loses least on held-out pairs, and an honest account of choosing so.

    What is reported of a fold comes from the attempt that the other folds would have chosen: the
    best of many, judged by what it was chosen by, would look better than it is.
    """
    pairs = np.concatenate([test for _, test in folds])
    ends = np.cumsum([len(test) for _, test in folds])[:-1]
    counts = np.split(duels.weights(pairs), ends)
    lost = np.array(
        [
            [count @ np.logaddexp(0, -gap) for count, gap in zip(counts, one.gaps, strict=True)]
            for one in attempts
        ]
    )
    total = lost.sum(axis=1)
    chosen = (
        (total[:, None] - lost).argmin(axis=0) if len(folds) > 1 else np.array([total.argmin()])
    )
    gaps = [attempts[one].gaps[fold] for fold, one in enumerate(chosen)]
    return int(total.argmin()), HeldOut(pairs, np.concatenate(gaps))


def folds_of(duels: Duels, seed: int = 0) -> list[Fold]:
    """What to learn from and what to hold out, in turn: rows of pairs.

    Titles are held out, one by one up to ten, in ten groups where there are more. Of a single title
    shots are: a pair is held out with both its shots, one that has a foot on either side is left
    out, and since that leaves few, the shots are dealt out four times.
    """
    if len(duels.titles) > 1:
        groups = [_dealt(duels.titles, duels.title, _MOST_FOLDS, seed)]
    else:
        used = np.concatenate([duels.better, duels.worse])
        shots = np.unique(duels.shot[used])
        rounds = range(seed, seed + _SHOT_ROUNDS)
        groups = [_dealt(shots, duels.shot, _SHOT_FOLDS, one) for one in rounds]
    folds = []
    for group, n_groups in groups:
        first, second = group[duels.better], group[duels.worse]
        for fold in range(n_groups):
            test = np.flatnonzero((first == fold) & (second == fold))
            train = np.flatnonzero((first != fold) & (second != fold))
            if len(test) and len(train):
                folds.append((train, test))
    return folds


def _dealt(kinds: Rows, of_row: Rows, most: int, seed: int) -> tuple[Rows, int]:
    """The group of each row: its kind's place in a shuffled order, dealt out in turn."""
    n_groups = min(most, len(kinds))
    order = np.random.default_rng(seed).permutation(len(kinds))
    group = np.empty(len(kinds), np.int64)
    group[order] = np.arange(len(kinds)) % n_groups
    place = np.searchsorted(kinds, of_row).clip(0, len(kinds) - 1)
    return group[place], n_groups


def right_share(duels: Duels, held: HeldOut) -> float:
    """Share of held-out pairs in the right order, a tie being half, every title counting the same."""
    right = (held.difference > 0) + 0.5 * (held.difference == 0)
    return float(duels.weights(held.pairs) @ right)
