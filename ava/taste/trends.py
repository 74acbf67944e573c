"""Whether groups turn to or from artwork over time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ava.taste.decisions import Decisions, Doubles, Places, Variants

_LEAST_TAKEN = 10
_FALSE_SHARE = 0.05


@dataclass(frozen=True)
class Trend:
    """A variant that a group takes more or less often in the second half than its title's others.

    Attributes
    ----------
    group, variant : int
        Places.
    ratio : float
        Of the take rates, second half over first, after taking out how the whole title changed.
    low, high : float
        95 % interval.
    """

    group: int
    variant: int
    ratio: float
    low: float
    high: float


def find_trends(
    log: Decisions, variants: Variants, group: Places, n_groups: int
) -> tuple[tuple[Trend, ...], int]:
    """Trends that are surely there, the strongest first, and how many cells were asked.

    Cells of group × variant are compared with the rest of their title in the same group; of those
    found, 5 % may be false (Benjamini & Hochberg, "Controlling the false discovery rate", 1995).
    Cells with fewer than ten quality plays in a half are not asked.

    Parameters
    ----------
    group : ndarray of int64, shape (N,)
        Group of each impression's profile, known without the impression; -1 for none.
    """
    from scipy.stats import norm

    if not len(log) or not n_groups:
        return (), 0
    middle = (log.shown_days.min() + log.shown_days.max()) / 2
    halves = [_counts(log.where(part), variants, group[part], n_groups)
              for part in (log.shown_days < middle, log.shown_days >= middle)]  # fmt: skip
    change, variance = np.zeros((n_groups, len(variants))), np.zeros((n_groups, len(variants)))
    asked = np.ones(change.shape, np.bool_)
    for sign, (shown, taken) in zip((-1, 1), halves, strict=True):
        others_shown = _of_title(shown, variants) - shown
        others_taken = _of_title(taken, variants) - taken
        asked &= (taken >= _LEAST_TAKEN) & (others_taken >= _LEAST_TAKEN)
        with np.errstate(divide="ignore", invalid="ignore"):
            change += sign * (np.log(taken / shown) - np.log(others_taken / others_shown))
            variance += 1 / taken - 1 / shown + 1 / others_taken - 1 / others_shown
    places = np.argwhere(asked)
    if not len(places):
        return (), 0
    change, error = change[asked], np.sqrt(variance[asked])
    p_values = 2 * norm.sf(np.abs(change) / error)
    order = np.argsort(p_values)
    passed = p_values[order] <= _FALSE_SHARE * np.arange(1, len(order) + 1) / len(order)
    n_found = int(np.flatnonzero(passed).max()) + 1 if passed.any() else 0
    reach = 1.96 * error
    found = [
        Trend(
            int(places[at, 0]), int(places[at, 1]), float(np.exp(change[at])),
            float(np.exp(change[at] - reach[at])), float(np.exp(change[at] + reach[at])),
        )
        for at in order[:n_found]
    ]  # fmt: skip
    return tuple(found), len(places)


def _counts(
    log: Decisions, variants: Variants, group: Places, n_groups: int
) -> tuple[Doubles, Doubles]:
    member = group >= 0
    cell = group[member] * len(variants) + log.variant[member]
    size, shape = n_groups * len(variants), (n_groups, len(variants))
    shown = np.bincount(cell, minlength=size).reshape(shape).astype(np.float64)
    return shown, np.bincount(cell, log.reward[member], size).reshape(shape).astype(np.float64)


def _of_title(counts: Doubles, variants: Variants) -> Doubles:
    sums = np.stack([np.bincount(variants.title_of, row) for row in counts])
    return np.asarray(sums[:, variants.title_of])
