"""How far a learned preference is to be trusted: by pairs that it had not seen."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.sparse import csr_array

from models.duels import Duels, HeldOut, Reals, right_share

_DRAWS = 2000
_INTERVAL = (0.025, 0.975)
_BINS = 10


@dataclass(frozen=True)
class Gain:
    """How much better pairs are ordered than by something else.

    Attributes
    ----------
    accuracy, other_accuracy : float
        Share of pairs in the right order, every title counting the same; a tie is half.
    gain : float
        The difference.
    low, high : float
        Its 95 % interval.
    """

    accuracy: float
    other_accuracy: float
    gain: float
    low: float
    high: float


def gain_over(duels: Duels, held: HeldOut, other: Reals, seed: int = 0) -> Gain:
    """Compare two orders of the same pairs.

    The interval is a bootstrap over titles, and within each title that was drawn over its shots
    (Efron and Tibshirani, "An introduction to the bootstrap", 1993): pairs of one title, or of one
    shot, are no independent witnesses, and over a handful of titles alone the interval would be too
    narrow. Of a single title only the shots are drawn.

    Parameters
    ----------
    duels : Duels
        All frames and pairs.
    held : HeldOut
        What the model says of pairs that it has not seen.
    other : ndarray of float64, shape (N,)
        What the other order says of every frame.
    seed : int
        Of the draws.
    """
    gap = other[duels.better[held.pairs]] - other[duels.worse[held.pairs]]
    theirs = HeldOut(held.pairs, gap)
    mine, other_share = right_share(duels, held), right_share(duels, theirs)
    more = _right(held.difference) - _right(gap)
    random = np.random.default_rng(seed)
    title = duels.title[duels.better[held.pairs]]
    drawn = np.stack(
        [
            _draws_of_shots(
                duels.shot[duels.better[held.pairs[title == one]]],
                duels.shot[duels.worse[held.pairs[title == one]]],
                more[title == one],
                random,
            )
            for one in np.unique(title)
        ]
    )
    n_titles = len(drawn)
    if n_titles > 1:
        shape = (_DRAWS, n_titles)
        drawn = drawn[random.integers(n_titles, size=shape), random.integers(_DRAWS, size=shape)]
        draws = drawn.mean(axis=1)
    else:
        draws = drawn[0]
    low, high = np.quantile(draws, _INTERVAL)
    return Gain(mine, other_share, mine - other_share, float(low), float(high))


def _right(difference: Reals) -> Reals:
    right: Reals = (difference > 0) + 0.5 * (difference == 0)
    return right


def _draws_of_shots(
    first: NDArray[np.int64], second: NDArray[np.int64], more: Reals, random: np.random.Generator
) -> Reals:
    """Mean of `more` over pairs when a title's shots are drawn anew, shape (draws,)."""
    shots, place = np.unique(np.concatenate([first, second]), return_inverse=True)
    rows, columns, n_shots = place[: len(first)], place[len(first) :], len(shots)
    sums = csr_array((more, (rows, columns)), shape=(n_shots, n_shots))
    counts = csr_array((np.ones(len(more)), (rows, columns)), shape=(n_shots, n_shots))
    times = random.multinomial(n_shots, np.full(n_shots, 1 / n_shots), size=_DRAWS).T.astype(float)
    total, n_drawn = ((times * (one @ times)).sum(axis=0) for one in (sums, counts))
    # A draw without any pair says nothing new.
    drawn: Reals = np.where(n_drawn > 0, total / np.maximum(n_drawn, 1), more.mean())
    return drawn


def temperature_of(duels: Duels, held: HeldOut) -> float:
    """What to divide differences by so that their sigmoids are likeliest as probabilities.

    Guo et al., "On calibration of modern neural networks", ICML 2017.
    """
    counts = duels.weights(held.pairs)
    found = minimize_scalar(
        lambda log: float(counts @ np.logaddexp(0, -held.difference / np.exp(log))),
        bounds=(-8.0, 8.0),
        method="bounded",
    )
    return float(np.exp(found.x))


def calibration_error(duels: Duels, held: HeldOut, temperature: float) -> float:
    """Mean distance of stated probability and what came true, in ten steps from 50 to 100 %.

    Naeini et al., "Obtaining well calibrated probabilities using Bayesian binning", AAAI 2015.

    Returns
    -------
    float
        0 (what is said with 80 % comes true in 80 %) to 0.5.
    """
    counts = duels.weights(held.pairs)
    stated = 1 / (1 + np.exp(-np.abs(held.difference) / temperature))
    bins = np.minimum((2 * (stated - 0.5) * _BINS).astype(int), _BINS - 1)
    surplus = np.bincount(bins, counts * (stated - _right(held.difference)), minlength=_BINS)
    return float(np.abs(surplus).sum())
