"""Policies that know the profile's own leaning, not only its group.

Both start from what `ava.taste.assignment` knows of a variant in a group, and learn what is left:
how much more a profile takes of colors along its own coordinates. Where nothing is left they do
what the group's artwork does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from ava.taste.assignment import Assignments
from ava.taste.decisions import Decisions, Doubles, Places, Variants
from ava.taste.policies import Profiles

_Table = TypeVar("_Table")
_N_DRAWS = 64
_CHUNK = 8_000
_MOST_KEPT = 4096  # titles whose tables are kept, some 30 kB each


def known_rates(found: Assignments) -> Doubles:
    """Take rate of every variant in every group, and of profiles in none, shape (G + 1, V)."""
    return np.clip(np.vstack([found.rate, found.pooled]), 1e-6, 1 - 1e-6)


def _products(taste: Doubles, style: Doubles) -> Doubles:
    """Features of profiles with variants, shape (N, D·E): products of their coordinates."""
    return (taste[:, :, None] * style[:, None]).reshape(len(taste), -1)


@dataclass(frozen=True)
class LinUcb:
    """Li, Chu, Langford & Schapire, "A contextual-bandit approach to personalized news article
    recommendation", 2010: the highest upper bound of a linear reward; certain, so explore it.

    Attributes
    ----------
    slots : ndarray of int64, shape (T, S)
        Variants of every title.
    style : ndarray of float64, shape (V, E)
        Coordinates of the variants.
    known : ndarray of float64, shape (G + 1, V)
        Reward of each variant in each group.
    weights : ndarray of float64, shape (D, E)
        Reward above that per product of coordinates.
    covariance : ndarray of float64, shape (D·E, D·E)
        Inverse of the design matrix.
    alpha : float
        How many standard deviations of the reward are added.
    """

    slots: Places
    style: Doubles
    known: Doubles
    weights: Doubles
    covariance: Doubles
    alpha: float
    _tables: dict[int, tuple[Doubles, Doubles, NDArray[np.bool_]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """See `Policy.scores`."""
        slots = self.slots[title]
        style = self.style[slots]
        value = np.einsum("nse,ne->ns", style, taste @ self.weights)
        value += self.known[group[:, None], slots]
        products = (taste[:, None, :, None] * style[:, :, None, :]).reshape(*slots.shape, -1)
        width = np.sqrt(np.maximum(((products @ self.covariance) * products).sum(axis=2), 0))
        value = np.where(slots >= 0, value + self.alpha * width, -np.inf)
        found = np.zeros(slots.shape)
        found[np.arange(len(slots)), value.argmax(axis=1)] = 1.0
        return found

    def row(self, group: int, taste: Doubles, title: int) -> Doubles:
        """See `Policy.row`; the covariance is folded with the variants of a title once."""
        table = self._tables.get(title)
        if table is None:
            style = self.style[self.slots[title]]
            n_taste, n_style = self.weights.shape
            inner = self.covariance.reshape(n_taste, n_style, n_taste, n_style)
            folded = np.einsum("se,defg,sg->sdf", style, inner, style)
            table = _kept(self._tables, title, (
                style @ self.weights.T, folded, self.slots[title] < 0
            ))  # fmt: skip
        lines, folded, gone = table
        width = np.sqrt(np.maximum((folded @ taste) @ taste, 0))
        value = lines @ taste + self.known[group, self.slots[title]] + self.alpha * width
        value[gone] = -np.inf
        found = np.zeros(len(value))
        found[value.argmax()] = 1.0
        return found


@dataclass(frozen=True)
class Thompson:
    """Thompson sampling with a Bayesian logistic regression (Laplace: Chapelle & Li, "An empirical
    evaluation of Thompson sampling", 2011).

    A fixed set of draws of the weights is kept. A variant's probability is the share of draws
    under which it is the best: the policy chooses by that, so its propensity is exact.

    Attributes
    ----------
    slots : ndarray of int64, shape (T, S)
        Variants of every title.
    style : ndarray of float64, shape (V, E)
        Coordinates of the variants.
    known : ndarray of float64, shape (G + 1, V)
        Log-odds of each variant in each group.
    draws : ndarray of float64, shape (64, D, E)
        Weights, in log-odds per product of coordinates.
    """

    slots: Places
    style: Doubles
    known: Doubles
    draws: Doubles
    _tables: dict[int, tuple[Doubles, NDArray[np.bool_]]] = field(
        default_factory=dict, repr=False, compare=False
    )

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """See `Policy.scores`."""
        slots = self.slots[title]
        n_draws, n_taste, n_style = self.draws.shape
        by_draw = taste @ self.draws.transpose(1, 0, 2).reshape(n_taste, -1)
        by_draw = by_draw.reshape(len(taste), n_draws, n_style)
        odds = by_draw @ self.style[slots].transpose(0, 2, 1)
        odds += np.where(slots >= 0, self.known[group[:, None], slots], -np.inf)[:, None]
        best = odds.argmax(axis=2)
        places = (np.arange(len(taste)) * slots.shape[1])[:, None] + best
        counts = np.bincount(places.ravel(), minlength=slots.size)
        return np.asarray(counts.reshape(slots.shape) / n_draws)

    def row(self, group: int, taste: Doubles, title: int) -> Doubles:
        """See `Policy.row`; the draws are folded with the variants of a title once."""
        table = self._tables.get(title)
        if table is None:
            folded = self.style[self.slots[title]] @ self.draws.transpose(0, 2, 1)
            flat = np.ascontiguousarray(folded.reshape(-1, self.draws.shape[1]))
            table = _kept(self._tables, title, (flat, self.slots[title] < 0))
        flat, gone = table
        known = self.known[group, self.slots[title]]
        known[gone] = -np.inf
        best = ((flat @ taste).reshape(len(self.draws), -1) + known).argmax(axis=1)
        return np.bincount(best, minlength=len(known)) / len(self.draws)


def _kept(tables: dict[int, _Table], title: int, table: _Table) -> _Table:
    if len(tables) >= _MOST_KEPT:
        tables.clear()
    tables[title] = table
    return table


def fit_lin_ucb(
    log: Decisions, variants: Variants, rows: Profiles, style: Doubles, known: Doubles,
    alpha: float = 0.5, ridge: float = 100.0,
) -> LinUcb:  # fmt: skip
    """Learn from a log: ridge regression of the reward above what is known.

    Parameters
    ----------
    rows : Profiles
        Group and taste for every impression, known without it.
    style : ndarray of float64, shape (V, E)
        Coordinates of the variants, from `ava.taste.assignment.relative_colors`.
    known : ndarray of float64, shape (G + 1, V)
        From `known_rates`.
    """
    n = rows.taste.shape[1] * style.shape[1]
    design, target = ridge * np.eye(n), np.zeros(n)
    expected = known[rows.group, log.variant]
    for part in _chunks(len(log)):
        x = _products(rows.taste[part], style[log.variant[part]])
        design += x.T @ x
        target += x.T @ (log.reward[part] - expected[part])
    covariance = np.asarray(np.linalg.inv(design), np.float64)
    weights = np.asarray(covariance @ target).reshape(rows.taste.shape[1], -1)
    return LinUcb(variants.slots, style, known, weights, covariance, alpha)


def fit_thompson(
    log: Decisions, variants: Variants, rows: Profiles, style: Doubles, known: Doubles,
    precision: float = 10.0, seed: int = 0,
) -> Thompson:  # fmt: skip
    """Learn from a log: the mode of the posterior by Newton's method, and draws around it.

    Parameters
    ----------
    rows, style, known
        See `fit_lin_ucb`.
    """
    known = np.log(known / (1 - known))
    expected = known[rows.group, log.variant]
    n = rows.taste.shape[1] * style.shape[1]
    weights = np.zeros(n)
    hessian = precision * np.eye(n)
    for _ in range(12):
        hessian, gradient = precision * np.eye(n), precision * weights
        for part in _chunks(len(log)):
            x = _products(rows.taste[part], style[log.variant[part]])
            chance = 1 / (1 + np.exp(-(x @ weights + expected[part])))
            gradient += x.T @ (chance - log.reward[part])
            hessian += (x * (chance * (1 - chance))[:, None]).T @ x
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    rng = np.random.default_rng([seed, 51])
    root = np.linalg.cholesky(np.linalg.inv(hessian))
    draws = weights + rng.normal(size=(_N_DRAWS, n)) @ root.T
    return Thompson(variants.slots, style, known, draws.reshape(_N_DRAWS, -1, style.shape[1]))


def _chunks(n: int) -> list[slice]:
    return [slice(at, at + _CHUNK) for at in range(0, n, _CHUNK)]
