"""Take rates of variants in groups, pulled to where there is more evidence; never seen by its own profile."""

from __future__ import annotations

import numpy as np

from ava.taste.decisions import Decisions, Doubles, Places, Variants

_N_FOLDS = 4
_STRENGTH = 60.0  # impressions that a coarser rate counts as


def cross_fitted(
    log: Decisions, variants: Variants, group: Places, n_groups: int, seed: int = 0
) -> Doubles:
    """Modelled reward of every variant of the title shown, shape (N, S).

    Cells of group × variant are shrunk to the variant's rate, and that to its title's. Profiles
    are split into four parts; the numbers of a part come from the other three.

    Parameters
    ----------
    group : ndarray of int64, shape (P,)
        Group of each profile; -1 for none.
    """
    rng = np.random.default_rng([seed, 21])
    fold_of = rng.permutation(len(log.profile_ids)) % _N_FOLDS
    fold = fold_of[log.profile]
    cell_group = group[log.profile] + 1
    slots = variants.slots[variants.title_of[log.variant]]
    found = np.zeros(slots.shape)
    for part in range(_N_FOLDS):
        others, own = fold != part, fold == part
        table = _rates(
            log.reward[others], log.variant[others], cell_group[others], variants, n_groups + 1
        )
        found[own] = table[cell_group[own][:, None], slots[own]]
    found[slots < 0] = 0.0
    return found


def _rates(
    reward: Doubles, variant: Places, cell_group: Places, variants: Variants, n_cells: int
) -> Doubles:
    """Shrunk take rates, shape (cells, V)."""
    n_variants = len(variants)
    cell = cell_group * n_variants + variant
    shown = np.bincount(cell, minlength=n_cells * n_variants).reshape(n_cells, n_variants)
    taken = np.bincount(cell, reward, n_cells * n_variants).reshape(n_cells, n_variants)
    overall = reward.mean() if len(reward) else 0.0
    title_shown = np.bincount(variants.title_of, shown.sum(axis=0))
    title_taken = np.bincount(variants.title_of, taken.sum(axis=0))
    of_title = (title_taken + _STRENGTH * overall) / (title_shown + _STRENGTH)
    of_variant = (taken.sum(axis=0) + _STRENGTH * of_title[variants.title_of]) / (
        shown.sum(axis=0) + _STRENGTH
    )
    return np.asarray((taken + _STRENGTH * of_variant) / (shown + _STRENGTH))
