"""What a policy would have been worth, told from the log of another one.

All estimators are ratios of sums over impressions, and the impressions of one profile hang
together. So the bootstrap draws profiles, never impressions: `Estimate.replicates` of two policies
under the same seed belong together, and their differences have honest intervals, too.

================  ==========================================================================
replay            Li, Chu, Langford & Wang, "Unbiased offline evaluation of contextual-bandit-
                  based news article recommendation algorithms", 2011; impressions that the
                  policy would have made, thinned where the log did not choose evenly
IPS               Horvitz & Thompson, 1952: rewards weighted by policy / propensity
clipped IPS       the same with weights cut off: less noise, a bias towards 0
SNIPS             Swaminathan & Joachims, "The self-normalized estimator for counterfactual
                  learning", 2015
doubly robust     Dudík, Langford & Li, "Doubly robust policy evaluation and learning", 2011
================  ==========================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.taste.decisions import Doubles, Places

ESTIMATORS = ("replay", "ips", "clipped_ips", "snips", "dr")
CLIP = 10.0
N_BOOTSTRAP = 1000
_CHUNK = 100
_LEAST_ESS = 200.0
_MOST_UNSUPPORTED = 0.01
_MOST_OF_ONE = 0.05


@dataclass(frozen=True)
class Logged:
    """A log, and what a policy would have done; a row per impression, N in all.

    Attributes
    ----------
    profile : ndarray of int64, shape (N,)
        Impressions with the same number belong together.
    reward, propensity : ndarray of float64, shape (N,)
        What came of it, and how probable the log made it.
    target : ndarray of float64, shape (N,)
        Probability with which the policy would have shown what was shown.
    model : ndarray of float64, shape (N,)
        Modelled reward of what was shown, from a model that has not seen the profile.
    model_target : ndarray of float64, shape (N,)
        Modelled reward under the policy.
    unsupported : ndarray of float64, shape (N,)
        Probability that the policy gives to what the log never shows, 0..1.
    """

    profile: Places
    reward: Doubles
    propensity: Doubles
    target: Doubles
    model: Doubles
    model_target: Doubles
    unsupported: Doubles


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval, and the bootstrap replicates it comes from."""

    value: float
    low: float
    high: float
    replicates: Doubles


@dataclass(frozen=True)
class Diagnostics:
    """Whether the log can answer at all.

    Attributes
    ----------
    n_impressions, n_profiles : int
        What there is.
    effective : float
        Effective sample size, ``(Σw)² / Σw²`` (Kish, 1965), in impressions.
    mean_weight, mean_weight_low, mean_weight_high : float
        Must be 1 where the propensities are right; with its 95 % interval.
    largest_share : float
        Share of all weight that the heaviest impression has.
    unsupported : float
        Probability that the policy gives to what the log never shows.
    problems : tuple of str
        Why nothing can be concluded; empty where something can.
    """

    n_impressions: int
    n_profiles: int
    effective: float
    mean_weight: float
    mean_weight_low: float
    mean_weight_high: float
    largest_share: float
    unsupported: float
    problems: tuple[str, ...]


@dataclass(frozen=True)
class PolicyValue:
    """Every estimate of one policy, by the names of `ESTIMATORS`, and the diagnostics."""

    estimates: Mapping[str, Estimate]
    diagnostics: Diagnostics


def evaluate(
    logged: Logged, seed: int = 0, n_bootstrap: int = N_BOOTSTRAP, clip: float = CLIP
) -> PolicyValue:
    """Estimate what a policy is worth.

    Parameters
    ----------
    logged : Logged
        The log and the policy.
    seed : int
        Of the bootstrap, and of the thinning of replay.
    n_bootstrap : int
        How often profiles are drawn.
    clip : float
        Where clipped IPS cuts weights off.

    Returns
    -------
    PolicyValue
        Values in rewards per impression; intervals are percentiles of the bootstrap.
    """
    terms = ratio_terms(logged, seed, clip)
    terms["weight"] = (logged.target / logged.propensity, np.ones(len(logged.reward)))
    drawn = bootstrap_ratios(terms, logged.profile, seed, n_bootstrap)
    weight = drawn.pop("weight")
    return PolicyValue(drawn, _diagnose(logged, weight))


def ratio_terms(logged: Logged, seed: int, clip: float) -> dict[str, tuple[Doubles, Doubles]]:
    """Numerator and denominator of every estimator, per impression."""
    ones = np.ones(len(logged.reward))
    weight = logged.target / logged.propensity
    rng = np.random.default_rng([seed, 11])
    # The policy's own draw hits what was shown with probability `target`; where the log favored
    # it, only so many hits count that all have the same chance of being there.
    floor = logged.propensity.min() if len(ones) else 1.0
    hit = (rng.random(len(ones)) < logged.target * floor / logged.propensity).astype(np.float64)
    return {
        "replay": (hit * logged.reward, hit),
        "ips": (weight * logged.reward, ones),
        "clipped_ips": (np.minimum(weight, clip) * logged.reward, ones),
        "snips": (weight * logged.reward, weight),
        "dr": (logged.model_target + weight * (logged.reward - logged.model), ones),
    }


def bootstrap_ratios(
    terms: Mapping[str, tuple[Doubles, Doubles]], profile: Places, seed: int, n_bootstrap: int
) -> dict[str, Estimate]:
    """Ratios of sums with percentile intervals from a bootstrap of profiles.

    The same seed and the same profiles draw the same replicates, whatever the terms are.
    """
    _, profile = np.unique(profile, return_inverse=True)
    n_profiles = int(profile.max()) + 1 if len(profile) else 0
    sums = np.stack(
        [np.bincount(profile, one, n_profiles) for pair in terms.values() for one in pair], axis=1
    )
    rng = np.random.default_rng([seed, 12])
    totals = [
        _draws(rng, n_profiles, min(_CHUNK, n_bootstrap - at)) @ sums
        for at in range(0, n_bootstrap, _CHUNK)
    ]
    drawn = np.concatenate(totals) if totals else np.zeros((0, sums.shape[1]))
    whole = sums.sum(axis=0)
    found = {}
    for at, name in enumerate(terms):
        with np.errstate(invalid="ignore", divide="ignore"):
            value = whole[2 * at] / whole[2 * at + 1]
            replicates = drawn[:, 2 * at] / drawn[:, 2 * at + 1]
        low, high = interval(replicates)
        found[name] = Estimate(float(value), low, high, replicates)
    return found


def _draws(rng: np.random.Generator, n_profiles: int, n_draws: int) -> Doubles:
    """How often each profile is drawn, shape (n_draws, P)."""
    picks = rng.integers(n_profiles, size=(n_draws, n_profiles))
    picks += np.arange(n_draws)[:, None] * n_profiles
    counts = np.bincount(picks.ravel(), minlength=n_draws * n_profiles)
    return counts.reshape(n_draws, n_profiles).astype(np.float64)


def interval(replicates: Doubles) -> tuple[float, float]:
    """The middle 95 % of replicates; NaN where there are none."""
    known = replicates[np.isfinite(replicates)]
    if not len(known):
        return float("nan"), float("nan")
    low, high = np.quantile(known, [0.025, 0.975])
    return float(low), float(high)


def difference(one: Estimate, other: Estimate) -> Estimate:
    """What one policy is worth more than another, where both come from the same log and seed."""
    replicates = one.replicates - other.replicates
    return Estimate(one.value - other.value, *interval(replicates), replicates)


def compare_halves(
    reward: Doubles, profile: Places, in_first: NDArray[np.bool_], seed: int
) -> Estimate:
    """Take rate of the impressions in a mask less that of the others; whole profiles are drawn."""
    ones = np.ones(len(reward))
    terms = {
        "first": (reward * in_first, ones * in_first),
        "second": (reward * ~in_first, ones * ~in_first),
    }
    rates = bootstrap_ratios(terms, profile, seed, N_BOOTSTRAP)
    return difference(rates["first"], rates["second"])


def _diagnose(logged: Logged, mean_weight: Estimate) -> Diagnostics:
    weight = logged.target / logged.propensity
    total = float(weight.sum())
    effective = total**2 / float((weight**2).sum()) if total > 0 else 0.0
    largest = float(weight.max()) / total if total > 0 else 1.0
    unsupported = float(logged.unsupported.mean()) if len(weight) else 1.0
    problems = []
    if unsupported > _MOST_UNSUPPORTED:
        problems.append(
            f"{100 * unsupported:.1f} % of what the policy shows was never shown in the log"
        )
    if effective < _LEAST_ESS:
        problems.append(
            f"the log says as much as {effective:.0f} impressions of this policy: too few"
        )
    if largest > _MOST_OF_ONE:
        problems.append(f"one impression carries {100 * largest:.0f} % of the weight")
    supported = 1 - unsupported
    if (
        not mean_weight.low <= supported <= mean_weight.high
        and abs(mean_weight.value - supported) > 0.01
    ):
        problems.append(
            f"weights average {mean_weight.value:.2f} instead of 1: logged propensities are wrong"
        )
    return Diagnostics(
        len(weight),
        len(np.unique(logged.profile)),
        effective,
        mean_weight.value,
        mean_weight.low,
        mean_weight.high,
        largest,
        unsupported,
        tuple(problems),
    )
