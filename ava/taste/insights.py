"""Which traits of artwork go with being taken, within a title; and whether one cover suits all.

Every variant of a title is shown to the same kind of audience on the same places, so variants are
compared within titles only: logistic regression with a fixed effect per title on the counts of
variants. What differs between variants is chosen by designers, not dealt out: a trait may stand for
another that nobody measured. The unit is the variant, and the intervals are robust to what each
has of its own (sandwich by variant, HC1), so more impressions of few variants do not narrow them.
The E-value says how strongly a hidden trait would have to go with both to explain the effect away
(VanderWeele & Ding, "Sensitivity analysis in observational research", 2017).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ava.taste.decisions import Decisions, Doubles, Places, Variants
from ava.taste.threads import one_thread

_MOST_ALIKE = 0.9  # correlation within titles above which the second trait is left out
_RIDGE = 1e-6


@dataclass(frozen=True)
class Effect:
    """What one standard deviation more of a trait does to the take rate.

    Attributes
    ----------
    trait : str
        The column.
    group : int or None
        Among profiles of this group; of all where None.
    ratio, low, high : float
        Odds with it over odds without, with the 95 % interval.
    e_value : float
        Risk ratio a hidden cause would need with both; 1 where the interval has no effect in it.
    """

    trait: str
    group: int | None
    ratio: float
    low: float
    high: float
    e_value: float


@one_thread()
def trait_effects(
    log: Decisions, variants: Variants, group: Places, n_groups: int
) -> tuple[Effect, ...]:
    """Effects of every trait together, over all profiles and in each group."""
    names, traits = usable_traits(variants)
    if not names:
        return ()
    found = []
    for one in (None, *range(n_groups)):
        rows = log if one is None else log.where(group == one)
        shown = np.bincount(rows.variant, minlength=len(variants)).astype(np.float64)
        taken = np.bincount(rows.variant, rows.reward, len(variants)).astype(np.float64)
        weights, errors = within_titles(shown, taken, traits, variants.title_of)
        rate = float(taken.sum() / max(shown.sum(), 1.0))
        for name, weight, error in zip(names, weights, errors, strict=True):
            low, high = weight - 1.96 * error, weight + 1.96 * error
            ratio, least, most = (float(np.exp(end)) for end in (weight, low, high))
            found.append(Effect(name, one, ratio, least, most, e_value(least, most, rate)))
    return tuple(found)


def usable_traits(variants: Variants) -> tuple[tuple[str, ...], Doubles]:
    """Traits known of every variant that differ within titles, in their standard deviations, (V, K).

    Of two that go along with each other the one that comes first is kept.
    """
    names: list[str] = []
    columns: list[Doubles] = []
    for name, values in variants.traits.items():
        if not np.isfinite(values).all():
            continue
        mean = np.bincount(variants.title_of, values) / np.bincount(variants.title_of)
        apart = values - mean[variants.title_of]
        spread = apart.std()
        if spread < 1e-9:
            continue
        column = apart / spread
        if all(abs(float((column * one).mean())) < _MOST_ALIKE for one in columns):
            names.append(name)
            columns.append(column)
    return tuple(names), np.stack(columns, axis=1) if columns else np.zeros((len(variants), 0))


def within_titles(
    shown: Doubles, taken: Doubles, traits: Doubles, title_of: Places
) -> tuple[Doubles, Doubles]:
    """Log-odds per trait (K,) and their standard errors, titles having effects of their own."""
    there = shown > 0
    shown, taken, traits = shown[there], taken[there], traits[there]
    _, title = np.unique(title_of[there], return_inverse=True)
    design = np.hstack([traits, np.eye(int(title.max()) + 1)[title]])
    n_rows, n_columns = design.shape
    weights = np.zeros(n_columns)
    weights[traits.shape[1] :] = np.log((taken.sum() + 1) / (shown.sum() - taken.sum() + 1))
    hessian = np.eye(n_columns)
    for _ in range(30):
        chance = 1 / (1 + np.exp(-design @ weights))
        hessian = (design * (shown * chance * (1 - chance))[:, None]).T @ design
        hessian += _RIDGE * np.eye(n_columns)
        step = np.linalg.solve(hessian, design.T @ (taken - shown * chance) - _RIDGE * weights)
        weights = weights + step
        if np.abs(step).max() < 1e-9:
            break
    inverse = np.linalg.inv(hessian)
    scores = design * (taken - shown / (1 + np.exp(-design @ weights)))[:, None]
    robust = inverse @ (scores.T @ scores) @ inverse * n_rows / max(n_rows - n_columns, 1)
    n_traits = traits.shape[1]
    return weights[:n_traits], np.sqrt(np.diag(robust))[:n_traits]


def e_value(low: float, high: float, rate: float) -> float:
    """E-value of the end of an interval of odds ratios that is nearer to 1; 1 where it holds 1.

    The odds ratio is turned into a risk ratio at the rate without the trait (Zhang & Yu, 1998).
    """
    if low <= 1 <= high:
        return 1.0
    odds = low if low > 1 else 1 / high
    risk = odds / (1 - rate + rate * odds)
    return float(risk + np.sqrt(max(risk * (risk - 1), 0.0)))
