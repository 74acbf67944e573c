"""Policies: which variant to show to whom, and with what probability.

A policy gives every variant of a title a probability, for many impressions at once
(`Policy.probabilities`) or for one (`choose`), so that what it does can be logged with its
propensity and judged before it goes live. An exploration budget mixes in an even choice.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.taste.assignment import Assignments
from ava.taste.decisions import Decisions, Doubles, Places, Variants

_N_DRAWS = 64
_CHUNK = 8_000
_TAKEN_FOR = 20.0  # plays that a leaning of nothing counts as, when a profile has few of its own


@dataclass(frozen=True)
class Profiles:
    """What a policy may know of profiles, P in all.

    Attributes
    ----------
    group : ndarray of int64, shape (P,)
        Taste group; -1 for none.
    taste : ndarray of float64, shape (P, D)
        Coordinates of the leaning, pulled to 0 where there are few plays, and a 1 for the group.
    """

    group: Places
    taste: Doubles


def shrunk_taste(coordinates: Doubles, n_plays: Places) -> Doubles:
    """Coordinates (P, D), pulled to 0 as if there were twenty more plays without any leaning."""
    share = n_plays / (n_plays + _TAKEN_FOR)
    return np.asarray(coordinates * share[:, None])


class Policy(Protocol):
    """Gives probabilities to variants."""

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """Probability of every variant of the title, shape (N, S), before exploration.

        Parameters
        ----------
        group, title : ndarray of int64, shape (N,)
            Of each impression.
        taste : ndarray of float64, shape (N, D)
            Of its profile.
        """
        ...


@dataclass(frozen=True)
class Explored:
    """A policy with an exploration budget.

    Attributes
    ----------
    policy : Policy
        What is done mostly.
    slots : ndarray of int64, shape (T, S)
        Variants of every title; -1 where there is none.
    budget : float
        Share of impressions on which all variants have the same chance, 0..1.
    """

    policy: Policy
    slots: Places
    budget: float = 0.0

    def __post_init__(self) -> None:
        if not 0 <= self.budget <= 1:
            raise ConfigError(f"an exploration budget lies in 0..1, not at {self.budget}")

    def probabilities(self, profiles: Profiles, profile: Places, title: Places) -> Doubles:
        """Probability of every variant of the title for each impression, shape (N, S)."""
        parts = [np.zeros((0, self.slots.shape[1]))]
        for at in range(0, len(profile), _CHUNK):
            who, what = profile[at : at + _CHUNK], title[at : at + _CHUNK]
            parts.append(self._mixed(profiles.group[who], profiles.taste[who], what))
        return np.concatenate(parts)

    def _mixed(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        there = self.slots[title] >= 0
        even = there / there.sum(axis=1, keepdims=True)
        scores = self.policy.scores(group, taste, title)
        return np.asarray((1 - self.budget) * scores + self.budget * even)

    def choose(
        self,
        group: int,
        taste: Doubles,
        title: int,
        rng: np.random.Generator,
        allowed: Sequence[bool] | NDArray[np.bool_] | None = None,
    ) -> tuple[int, float]:
        """Choose a variant for one impression.

        Parameters
        ----------
        group : int
            Taste group of the profile; -1 for none.
        taste : ndarray of float64, shape (D,)
            Its coordinates.
        title : int
            Place of the title.
        rng : numpy.random.Generator
            Where chance comes from.
        allowed : sequence of bool, length S, optional
            What the page allows (two neighbors of the same colors may not stand side by side …);
            the probabilities of the others go to these.

        Returns
        -------
        variant : int
            Place of the variant.
        propensity : float
            Probability it was chosen with; log it.

        Raises
        ------
        ConfigError
            When nothing is allowed.
        """
        chances = self._mixed(np.array([group]), taste[None], np.array([title]))[0]
        if allowed is not None:
            there = np.asarray(allowed, np.bool_) & (self.slots[title] >= 0)
            if not there.any():
                raise ConfigError("the page allows no variant of the title", "allow one")
            chances = np.where(there, chances, 0.0)
            # What the policy would never show gets an even chance when nothing else is left.
            chances = chances / chances.sum() if chances.sum() > 0 else there / there.sum()
        steps = chances.cumsum()
        slot = min(int(np.searchsorted(steps, rng.random() * steps[-1], "right")), len(steps) - 1)
        return int(self.slots[title, slot]), float(chances[slot])


@dataclass(frozen=True)
class Random:
    """Every variant alike."""

    slots: Places

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """See `Policy.scores`."""
        there = self.slots[title] >= 0
        return np.asarray(there / there.sum(axis=1, keepdims=True))


@dataclass(frozen=True)
class Fixed:
    """A table: the place of the variant to show, shape (G + 1, T); the last row for no group."""

    slots: Places
    slot: Places

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """See `Policy.scores`."""
        found = np.zeros((len(title), self.slots.shape[1]))
        found[np.arange(len(title)), self.slot[group, title]] = 1.0
        return found


def best_single(variants: Variants, assignments: Assignments) -> Fixed:
    """The variant with the best rate over all, to everybody."""
    row = variants.slot_of[assignments.best_single]
    return Fixed(variants.slots, np.tile(row, (len(assignments.shown) + 1, 1)))


def per_group(variants: Variants, assignments: Assignments) -> Fixed:
    """The variant assigned to the group; the default to profiles of none."""
    rows = variants.slot_of[assignments.assigned]
    default = variants.slot_of[assignments.best_single]
    return Fixed(variants.slots, np.vstack([rows, default]))


@dataclass(frozen=True)
class _Bilinear:
    """Features of a profile and a variant: products of their coordinates, D × E of them.

    What a variant earns from everybody is not learned again: it comes as an offset.
    """

    slots: Places
    style: Doubles

    def features(self, taste: Doubles, variant: Places) -> Doubles:
        """Shape (N, D·E)."""
        products = taste[:, :, None] * self.style[variant][:, None]
        return products.reshape(len(taste), -1)


@dataclass(frozen=True)
class LinUcb:
    """Li, Chu, Langford & Schapire, "A contextual-bandit approach to personalized news article
    recommendation", 2010: the highest upper bound of a linear reward; certain, so explore it.

    Attributes
    ----------
    weights : ndarray of float64, shape (D, E)
        Reward above the variant's own per product of coordinates.
    covariance : ndarray of float64, shape (D·E, D·E)
        Inverse of the design matrix.
    pooled : ndarray of float64, shape (V,)
        Reward of each variant from everybody.
    alpha : float
        How many standard deviations of the reward are added.
    """

    slots: Places
    style: Doubles
    weights: Doubles
    covariance: Doubles
    pooled: Doubles
    alpha: float

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """See `Policy.scores`."""
        slots = self.slots[title]
        style = self.style[slots]
        value = np.einsum("nse,ne->ns", style, taste @ self.weights) + self.pooled[slots]
        products = (taste[:, None, :, None] * style[:, :, None, :]).reshape(*slots.shape, -1)
        width = np.sqrt(np.maximum(((products @ self.covariance) * products).sum(axis=2), 0))
        value = np.where(slots >= 0, value + self.alpha * width, -np.inf)
        found = np.zeros(slots.shape)
        found[np.arange(len(slots)), value.argmax(axis=1)] = 1.0
        return found


@dataclass(frozen=True)
class Thompson:
    """Thompson sampling with a Bayesian logistic regression (Laplace: Chapelle & Li, "An empirical
    evaluation of Thompson sampling", 2011).

    A fixed set of draws of the weights is kept. A variant's probability is the share of draws
    under which it is the best: the policy chooses by that, so its propensity is exact.

    Attributes
    ----------
    draws : ndarray of float64, shape (64, D, E)
        Weights, in log-odds per product of coordinates.
    offset : ndarray of float64, shape (V,)
        Log-odds of each variant from everybody.
    """

    slots: Places
    style: Doubles
    draws: Doubles
    offset: Doubles

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """See `Policy.scores`."""
        slots = self.slots[title]
        n_draws, n_taste, n_style = self.draws.shape
        by_draw = taste @ self.draws.transpose(1, 0, 2).reshape(n_taste, -1)
        by_draw = by_draw.reshape(len(taste), n_draws, n_style)
        odds = by_draw @ self.style[slots].transpose(0, 2, 1)
        odds += np.where(slots >= 0, self.offset[slots], -np.inf)[:, None]
        best = odds.argmax(axis=2)
        places = (np.arange(len(taste)) * slots.shape[1])[:, None] + best
        counts = np.bincount(places.ravel(), minlength=slots.size)
        return np.asarray(counts.reshape(slots.shape) / n_draws)


def fit_lin_ucb(
    log: Decisions, variants: Variants, profiles: Profiles, style: Doubles, pooled: Doubles,
    alpha: float = 0.5, ridge: float = 100.0,
) -> LinUcb:  # fmt: skip
    """Learn from a log: ridge regression of the reward above the variant's own."""
    bilinear = _Bilinear(variants.slots, style)
    n = profiles.taste.shape[1] * style.shape[1]
    design, target = ridge * np.eye(n), np.zeros(n)
    for rows in _chunks(len(log)):
        x = bilinear.features(profiles.taste[log.profile[rows]], log.variant[rows])
        design += x.T @ x
        target += x.T @ (log.reward[rows] - pooled[log.variant[rows]])
    covariance = np.asarray(np.linalg.inv(design), np.float64)
    weights = np.asarray(covariance @ target).reshape(profiles.taste.shape[1], -1)
    return LinUcb(variants.slots, style, weights, covariance, pooled, alpha)


def fit_thompson(
    log: Decisions, variants: Variants, profiles: Profiles, style: Doubles, pooled: Doubles,
    precision: float = 10.0, seed: int = 0,
) -> Thompson:  # fmt: skip
    """Learn from a log: the mode of the posterior by Newton's method, and draws around it."""
    bilinear = _Bilinear(variants.slots, style)
    offset = np.log(pooled / (1 - pooled))
    n = profiles.taste.shape[1] * style.shape[1]
    weights = np.zeros(n)
    hessian = precision * np.eye(n)
    for _ in range(12):
        hessian, gradient = precision * np.eye(n), precision * weights
        for rows in _chunks(len(log)):
            x = bilinear.features(profiles.taste[log.profile[rows]], log.variant[rows])
            chance = 1 / (1 + np.exp(-(x @ weights + offset[log.variant[rows]])))
            gradient += x.T @ (chance - log.reward[rows])
            hessian += (x * (chance * (1 - chance))[:, None]).T @ x
        step = np.linalg.solve(hessian, gradient)
        weights = weights - step
        if np.abs(step).max() < 1e-8:
            break
    rng = np.random.default_rng([seed, 51])
    root = np.linalg.cholesky(np.linalg.inv(hessian))
    draws = weights + rng.normal(size=(_N_DRAWS, n)) @ root.T
    return Thompson(variants.slots, style, draws.reshape(_N_DRAWS, -1, style.shape[1]), offset)


def _chunks(n: int) -> list[slice]:
    return [slice(at, at + _CHUNK) for at in range(0, n, _CHUNK)]
