"""Which variant of a title for which group: take rates with intervals, and a default where in doubt.

A cell is a variant in a group. Its take rate has a beta prior, whose mean is the variant's rate
in the other groups moved by what the group makes of such colors (affinity), the cell itself left
out, and whose strength is the one under which all cells are likeliest (empirical Bayes: Robbins, 1956; Efron & Morris, 1975).
Where groups do not differ the strength comes out large, cells shrink to the variant's rate, and
nothing is assigned. A new variant, never shown, stands on its prior alone. Impressions of one
profile hang together: counts are divided by the design effect (Kish, 1965).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.taste.decisions import Decisions, Doubles, Places, Variants
from ava.taste.threads import one_thread

_LEVEL = 0.95
_N_DRAWS = 2000
_STRENGTHS = np.geomspace(20, 200_000, 41)
_POOLED_STRENGTH = 100.0  # impressions that a title's rate counts as for its variants
_N_AXES = 6


@dataclass(frozen=True)
class Assignments:
    """Variants for groups; G groups, V variants, T titles.

    Attributes
    ----------
    shown, taken : ndarray of int64, shape (G, V)
        Impressions and quality plays.
    rate, low, high : ndarray of float64, shape (G, V)
        Shrunk take rate with its 95 % credible interval.
    prior : ndarray of float64, shape (G, V)
        What it was shrunk to.
    strength : float
        How many impressions the prior counts as.
    pooled : ndarray of float64, shape (V,)
        Shrunk rate over all groups.
    best_single : ndarray of int64, shape (T,)
        The variant with the best rate over all: the default of every title.
    leader : ndarray of int64, shape (G, T)
        The variant with the best rate in the group.
    lift, lift_low, lift_high : ndarray of float64, shape (G, T)
        Take rate of the leader less that of the default, in the group; the interval allows for
        the leader being picked among all variants of the title (Bonferroni).
    assigned : ndarray of int64, shape (G, T)
        The leader where `lift_low` is above 0, else the default.
    """

    shown: Places
    taken: Places
    rate: Doubles
    low: Doubles
    high: Doubles
    prior: Doubles
    strength: float
    pooled: Doubles
    best_single: Places
    leader: Places
    lift: Doubles
    lift_low: Doubles
    lift_high: Doubles
    assigned: Places


@one_thread()
def assign(
    log: Decisions, variants: Variants, group: Places, n_groups: int, seed: int = 0
) -> Assignments:
    """Assign variants to groups.

    Parameters
    ----------
    log : Decisions
        What was shown, and what came of it; propensities may differ from title to title and
        variant to variant, but within a group must not hang on the single profile.
    group : ndarray of int64, shape (N,)
        Group of each impression's profile, best known without the impression (`Study.row_group`);
        those of none (-1) count for the variant's rate only.
    """
    n_variants = len(variants)
    member = group >= 0
    cell = group[member] * n_variants + log.variant[member]
    shape = (n_groups, n_variants)
    shown = np.bincount(cell, minlength=n_groups * n_variants).astype(np.float64).reshape(shape)
    taken = np.bincount(cell, log.reward[member], n_groups * n_variants).astype(np.float64)
    taken = taken.reshape(shape)
    pooled = _pooled(log, variants)
    prior = _prior(shown, taken, pooled, variants)
    effect = _design_effect(log, cell, member, n_groups * n_variants)
    strength = _strength(shown / effect, taken / effect, prior)
    alpha = strength * prior + taken / effect
    beta = strength * (1 - prior) + (shown - taken) / effect
    from scipy.stats import beta as beta_distribution

    tail = (1 - _LEVEL) / 2
    low, high = (np.asarray(beta_distribution.ppf(q, alpha, beta)) for q in (tail, 1 - tail))
    rate = alpha / (alpha + beta)
    slots = variants.slots
    # Crops of one artwork share its rate; of these one that was shown goes first.
    tried = np.bincount(log.variant, minlength=n_variants) > 0
    best_single = _best(pooled[None] + 1e-9 * tried, slots)[0]
    leader = _best(rate, slots)
    lifts = _lifts(alpha, beta, leader, best_single, slots, seed)
    assigned = np.where(lifts[1] > 0, leader, best_single)
    return Assignments(
        shown.astype(np.int64), taken.astype(np.int64), rate, low, high, prior, strength, pooled,
        best_single, leader, *lifts, assigned,
    )  # fmt: skip


def _pooled(log: Decisions, variants: Variants) -> Doubles:
    """Shrunk rate of every variant over all groups; variants of one artwork share it."""
    n = len(variants)
    shown = np.bincount(log.variant, minlength=n).astype(np.float64)
    taken = np.bincount(log.variant, log.reward, n).astype(np.float64)
    overall = taken.sum() / max(shown.sum(), 1.0)
    of_title = (np.bincount(variants.title_of, taken) + _POOLED_STRENGTH * overall) / (
        np.bincount(variants.title_of, shown) + _POOLED_STRENGTH
    )
    artwork = variants.artwork_of
    all_shown, all_taken = (np.bincount(artwork, one)[artwork] for one in (shown, taken))
    prior = of_title[variants.title_of]
    return np.asarray((all_taken + _POOLED_STRENGTH * prior) / (all_shown + _POOLED_STRENGTH))


def _prior(shown: Doubles, taken: Doubles, pooled: Doubles, variants: Variants) -> Doubles:
    """For every cell what the others say: the variant's rate in the other groups, moved by what
    the group makes of such colors (ridge regression). No cell has a part in its own prior.
    """
    from sklearn.linear_model import Ridge, RidgeCV

    axes = relative_colors(variants)
    elsewhere = (taken.sum(axis=0) - taken + _POOLED_STRENGTH * pooled) / (
        shown.sum(axis=0) - shown + _POOLED_STRENGTH
    )
    steadying = 50 * pooled.mean()
    level = (taken.sum(axis=1) + steadying) / ((shown * elsewhere).sum(axis=1) + steadying)
    prior = level[:, None] * elsewhere
    for row, (n, k) in enumerate(zip(shown, taken, strict=True)):
        there = np.flatnonzero(n > 0)
        if len(there) < 3 * axes.shape[1]:
            continue
        ratio, weight = k[there] / (n[there] * prior[row, there]) - 1, n[there] / n[there].mean()
        chosen = RidgeCV(alphas=np.geomspace(1e-2, 1e8, 21), fit_intercept=False)
        chosen.fit(axes[there], ratio, sample_weight=weight)
        model = Ridge(chosen.alpha_, fit_intercept=False)
        moved = model.fit(axes[there], ratio, sample_weight=weight).predict(axes)
        # Left out one by one: the residual over one less its leverage.
        design = axes[there] * np.sqrt(weight)[:, None]
        inner = design.T @ design + chosen.alpha_ * np.eye(axes.shape[1])
        leverage = (design * np.linalg.solve(inner, design.T).T).sum(axis=1)
        moved[there] = ratio - (ratio - moved[there]) / (1 - np.minimum(leverage, 0.99))
        prior[row] *= 1 + np.clip(moved, -0.9, 4.0)
    return np.asarray(np.clip(prior, 1e-6, 1 - 1e-6), np.float64)


def _design_effect(log: Decisions, cell: Places, member: NDArray[np.bool_], n_cells: int) -> float:
    """How many impressions count as one, since those of one profile hang together; 1 or more."""
    shown = np.bincount(cell, minlength=n_cells)
    rate = np.bincount(cell, log.reward[member], n_cells) / np.maximum(shown, 1)
    _, place = np.unique(log.profile[member] * n_cells + cell, return_inverse=True)
    apart = np.bincount(place, log.reward[member] - rate[cell])
    expected = (shown * rate * (1 - rate)).sum()
    return max(1.0, float((apart**2).sum() / expected)) if expected > 0 else 1.0


def relative_colors(variants: Variants) -> Doubles:
    """What sets a variant's colors off from the rest of its title, on six axes, shape (V, 6)."""
    n_titles = len(variants.titles)
    sums = np.zeros((n_titles, 216))
    np.add.at(sums, variants.title_of, variants.histograms)
    apart = (
        variants.histograms - (sums / np.bincount(variants.title_of)[:, None])[variants.title_of]
    )
    _, values, axes = np.linalg.svd(apart, full_matrices=False)
    n_axes = min(_N_AXES, len(axes))
    scale = max(values[0] / np.sqrt(len(variants)), 1e-12)
    return np.asarray(apart @ axes[:n_axes].T / scale)


def _strength(shown: Doubles, taken: Doubles, prior: Doubles) -> float:
    """The strength under which all cells are likeliest (beta-binomial)."""
    from scipy.special import betaln

    there = shown > 0
    n, k, mean = shown[there], taken[there], prior[there]
    likelihoods = [
        float(
            (betaln(s * mean + k, s * (1 - mean) + n - k) - betaln(s * mean, s * (1 - mean))).sum()
        )
        for s in _STRENGTHS
    ]
    return float(_STRENGTHS[int(np.argmax(likelihoods))])


def _best(rate: Doubles, slots: Places) -> Places:
    """The best variant of every title, shape (rows, T)."""
    table = np.where(slots >= 0, rate[:, slots], -1.0)
    return np.asarray(slots[np.arange(len(slots)), table.argmax(axis=2)], np.int64)


def _lifts(
    alpha: Doubles, beta: Doubles, leader: Places, default: Places, slots: Places, seed: int
) -> tuple[Doubles, Doubles, Doubles]:
    """Rate of the leader less that of the default, with its interval, each of shape (G, T)."""
    rng = np.random.default_rng([seed, 41])
    mean, low, high = (np.zeros(leader.shape) for _ in range(3))
    for group, title in np.argwhere(leader != default[None]):
        one, other = leader[group, title], default[title]
        drawn = rng.beta(alpha[group, one], beta[group, one], _N_DRAWS) - rng.beta(
            alpha[group, other], beta[group, other], _N_DRAWS
        )
        tail = (1 - _LEVEL) / 2 / max((slots[title] >= 0).sum() - 1, 1)
        mean[group, title] = drawn.mean()
        low[group, title], high[group, title] = np.quantile(drawn, [tail, 1 - tail])
    return mean, low, high
