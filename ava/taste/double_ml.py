"""What more of a trait does to the take rate, other things equal: double machine learning.

Chernozhukov, Chetverikov, Demirer, Duflo, Hansen, Newey & Robins, "Double/debiased machine learning
for treatment and structural parameters", 2018, partialling out: what else is known (other traits,
who is asked) predicts both whether a variant has more of the trait and how often it is taken;
what neither prediction explains is compared. Boosted trees predict, so that the rest may act in
any shape; each title is predicted from other titles, so that nothing is learned by heart.

A variant is compared with its own title: "more" is above the mean of the title, takes are counted
from the rate of the title. Where others' traits all but tell whether a variant has more of it there
is nothing to compare, and it is left out. Designers choose variants, chance does not: what nobody
measured may still be behind an effect, and the E-value says how strong it would have to be.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.taste.decisions import Decisions, Doubles, Places, Variants
from ava.taste.groups import K_ANONYMITY
from ava.taste.insights import e_value, usable_traits
from ava.taste.threads import one_thread

_N_FOLDS = 5
_OVERLAP = (0.05, 0.95)
_LEAST_VARIANTS = 12  # on either side, to say anything of a part


@dataclass(frozen=True)
class Part:
    """Whose impressions: `kind` is all, group, genre or country, and `name` which."""

    kind: str
    name: str


@dataclass(frozen=True)
class CausalEffect:
    """Variants with more of a trait than their title's mean, against those with less.

    Attributes
    ----------
    trait : str
        The column.
    part : Part
        Among whose impressions.
    difference, low, high : float
        Take rate with more of it less that with less, and the 95 % interval.
    ratio, ratio_low, ratio_high : float
        The same as a ratio of rates.
    p_value : float
        Of no effect.
    e_value : float
        Risk ratio a hidden cause would need with both; 1 where the interval has no effect in it.
    overlap : float
        Share of impressions that could be compared, 0..1.
    n_variants : int
        Variants compared.
    """

    trait: str
    part: Part
    difference: float
    low: float
    high: float
    ratio: float
    ratio_low: float
    ratio_high: float
    p_value: float
    e_value: float
    overlap: float
    n_variants: int


@dataclass(frozen=True)
class _Cells:
    """Impressions of the same variant, group and country, R in all."""

    variant: Places
    group: Places
    country: Places
    shown: Doubles
    taken: Doubles


@one_thread()
def causal_effects(
    log: Decisions,
    variants: Variants,
    group: Places,
    names: tuple[str, ...],
    k_anonymity: int = K_ANONYMITY,
    seed: int = 0,
) -> tuple[CausalEffect, ...]:
    """Effects of every trait, over all and by genre, country and group where these are known.

    Parameters
    ----------
    group : ndarray of int64, shape (N,)
        Group of each impression's profile, known without the impression; -1 for none.
    names : tuple of str
        Of the groups.
    k_anonymity : int
        Of countries with fewer profiles nothing is said.
    """
    traits, values = usable_traits(variants)
    cells = _cells(log, variants, group)
    parts = _parts(cells, variants, names, _large_countries(log, k_anonymity))
    who = np.hstack([_one_hot(cells.group), _one_hot(cells.country), _one_hot(_genres(variants)[0])[cells.variant]])  # fmt: skip
    title = variants.title_of[cells.variant]
    title_rate = np.bincount(title, cells.taken) / np.maximum(np.bincount(title, cells.shown), 1)
    above = cells.taken / cells.shown - title_rate[title]
    found = []
    for at, trait in enumerate(traits):
        rest = [variants.traits[one] for one in traits if one != trait]
        others = _in_its_title(rest, variants)[cells.variant]
        more = (values[cells.variant, at] > 0).astype(np.float64)
        known = np.hstack([others, who])
        chance, expected = _predicted(known, more, above, cells.shown, title, seed)
        comparable = (chance >= _OVERLAP[0]) & (chance <= _OVERLAP[1])
        for part, rows in parts:
            kept = rows & comparable
            overlap = cells.shown[kept].sum() / cells.shown[rows].sum()
            effect = _compared(
                trait, part, float(overlap), (more - chance)[kept], (above - expected)[kept],
                more[kept], _picked(cells, kept),
            )  # fmt: skip
            if effect is not None:
                found.append(effect)
    return tuple(found)


def not_compared(effects: tuple[CausalEffect, ...], variants: Variants) -> tuple[str, ...]:
    """Traits that other traits all but tell, so that nothing could be said of them."""
    said = {one.trait for one in effects if one.part.kind == "all"}
    return tuple(one for one in usable_traits(variants)[0] if one not in said)


def _in_its_title(traits: list[Doubles], variants: Variants) -> Doubles:
    """Traits (V,) with the mean and spread of each in the title, shape (V, 3 K): a variant stands
    out from its title by what it is and by what the others are.
    """
    title, n = variants.title_of, np.bincount(variants.title_of)
    columns = [np.zeros((len(variants), 0))]
    for one in traits:
        mean = np.bincount(title, one) / n
        spread = np.sqrt(np.maximum(np.bincount(title, one**2) / n - mean**2, 0))
        columns.append(np.stack([one, mean[title], spread[title]], axis=1))
    return np.hstack(columns)


def told_apart(effects: tuple[CausalEffect, ...], level: float = 0.05) -> tuple[CausalEffect, ...]:
    """Effects over all, and those of parts of which a share of `level` may be false (Benjamini &
    Hochberg, 1995).
    """
    parts = sorted((one for one in effects if one.part.kind != "all"), key=lambda one: one.p_value)
    n_passed = max(
        (rank for rank, one in enumerate(parts, 1) if one.p_value <= level * rank / len(parts)),
        default=0,
    )
    passed = set(map(id, parts[:n_passed]))
    return tuple(one for one in effects if one.part.kind == "all" or id(one) in passed)


def _cells(log: Decisions, variants: Variants, group: Places) -> _Cells:
    country = np.full(len(log), -1) if log.country is None else log.country
    n_groups, n_countries = int(group.max(initial=-1)) + 2, int(country.max(initial=-1)) + 2
    key = (log.variant * n_groups + group + 1) * n_countries + country + 1
    keys, place = np.unique(key, return_inverse=True)
    rest, countries = np.divmod(keys, n_countries)
    of_variant, groups = np.divmod(rest, n_groups)
    return _Cells(
        of_variant,
        groups - 1,
        countries - 1,
        np.bincount(place).astype(np.float64),
        np.bincount(place, log.reward).astype(np.float64),
    )


def _large_countries(log: Decisions, k_anonymity: int) -> tuple[str, ...]:
    """Names of the countries, empty for those with too few profiles."""
    if log.country is None:
        return ()
    n_profiles = [
        len(np.unique(log.profile[log.country == at])) for at in range(len(log.countries))
    ]
    return tuple(
        name if n >= k_anonymity else "" for name, n in zip(log.countries, n_profiles, strict=True)
    )


def _picked(cells: _Cells, rows: NDArray[np.bool_]) -> _Cells:
    return _Cells(*(one[rows] for one in vars(cells).values()))


def _genres(variants: Variants) -> tuple[Places, tuple[str, ...]]:
    names = tuple(sorted(set(variants.genres)))
    return np.array([names.index(one) for one in variants.genres], np.int64), names


def _one_hot(places: Places) -> Doubles:
    return np.asarray(places[:, None] == np.unique(places), np.float64)


def _parts(
    cells: _Cells, variants: Variants, names: tuple[str, ...], countries: tuple[str, ...]
) -> list[tuple[Part, NDArray[np.bool_]]]:
    genre, genres = _genres(variants)
    found = [(Part("all", ""), np.ones(len(cells.shown), np.bool_))]
    for kind, column, labels in (
        ("group", cells.group, names),
        ("genre", genre[cells.variant], genres),
        ("country", cells.country, countries),
    ):
        known = [(at, label) for at, label in enumerate(labels) if label]
        if len(known) > 1:
            found += [(Part(kind, label), column == at) for at, label in known]
    return [(part, rows) for part, rows in found if rows.any()]


def _predicted(
    known: Doubles, more: Doubles, above: Doubles, weight: Doubles, title: Places, seed: int
) -> tuple[Doubles, Doubles]:
    """Chance of having more of the trait, and takes expected, of each title from other titles."""
    from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor

    settings = {
        "max_iter": 80, "max_leaf_nodes": 6, "learning_rate": 0.08, "min_samples_leaf": 20,
        "l2_regularization": 1.0, "random_state": seed,
    }  # fmt: skip
    rng = np.random.default_rng([seed, 71])
    fold = (rng.permutation(title.max() + 1) % _N_FOLDS)[title]
    chance, expected = np.full(len(more), more.mean()), np.zeros(len(more))
    for part in np.unique(fold):
        own, others = fold == part, fold != part
        if len(np.unique(more[others])) < 2:
            continue
        classes = HistGradientBoostingClassifier(**settings)
        classes.fit(known[others], more[others], sample_weight=weight[others])
        chance[own] = classes.predict_proba(known[own])[:, 1]
        takes = HistGradientBoostingRegressor(**settings)
        takes.fit(known[others], above[others], sample_weight=weight[others])
        expected[own] = takes.predict(known[own])
    return chance, expected


def _compared(
    trait: str, part: Part, overlap: float, more: Doubles, above: Doubles, has: Doubles,
    cells: _Cells,
) -> CausalEffect | None:  # fmt: skip
    """The effect, from what neither prediction explains; intervals by variant."""
    from scipy.stats import t as student

    sides = [len(np.unique(cells.variant[has == side])) for side in (0, 1)]
    spread = (cells.shown * more**2).sum()
    if min(sides) < _LEAST_VARIANTS or spread <= 0:
        return None
    effect = (cells.shown * more * above).sum() / spread
    scores = np.bincount(cells.variant, cells.shown * more * (above - effect * more))
    n = sum(sides)
    error = np.sqrt((scores**2).sum() * n / (n - 1)) / spread
    reach = student.ppf(0.975, n - 1) * error
    # The rate that variants with less of it would have with all else as it is on the whole.
    rate = cells.taken.sum() / cells.shown.sum()
    without = max(rate - effect * (cells.shown * has).sum() / cells.shown.sum(), 1e-6)
    ratio, low, high = (
        max(1 + end / without, 1e-6) for end in (effect, effect - reach, effect + reach)
    )
    return CausalEffect(
        trait, part, float(effect), float(effect - reach), float(effect + reach),
        float(ratio), float(low), float(high),
        float(2 * student.sf(abs(effect) / max(error, 1e-12), n - 1)),
        e_value(float(low), float(high), 0.0), overlap, n,
    )  # fmt: skip
