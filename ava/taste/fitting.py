"""A study: groups found in a log, and what is known of every profile and impression of it.

The log is split in time. Groups, assignments and policies are learned from what came before the
split and judged on what came after: nothing is judged by what it was learned from.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.taste.blinding import without_itself
from ava.taste.clustering import METHODS, Method
from ava.taste.decisions import Decisions, Doubles, Places, Variants
from ava.taste.groups import K_ANONYMITY, MIN_PLAYS, Groups, find_groups, keep_names
from ava.taste.policies import known_taste
from ava.taste.viewers import (
    DAYS,
    HALF_LIFE_DAYS,
    Plays,
    Viewers,
    dealt_leanings,
    viewers_of,
)

_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class FitSettings:
    """How groups are found.

    Attributes
    ----------
    days, half_life_days : float
        How far back plays count, and how soon one counts half.
    train_share : float
        Share of the time of the log that is learned from, 0..1; the rest is kept for judging.
    method : str
        How profiles are divided: one of `ava.taste.clustering.METHODS`.
    n_groups : int or None
        How many; chosen where None.
    k_anonymity : int
        Smaller groups are dissolved.
    min_plays : int
        Profiles with fewer are in no group.
    log_profiles : int or None
        Assign and judge by the impressions of so many profiles, drawn by lot; groups are found
        from all. Of a file all where None, of a database 20,000.
    seed : int
        The same seed, the same result.
    """

    days: float = DAYS
    half_life_days: float = HALF_LIFE_DAYS
    train_share: float = 0.6
    method: Method = "kmeans"
    n_groups: int | None = None
    k_anonymity: int = K_ANONYMITY
    min_plays: int = MIN_PLAYS
    log_profiles: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.train_share < 1:
            raise ConfigError(f"the share to learn from lies in 0..1, not at {self.train_share}")
        if self.method not in METHODS:
            raise ConfigError(f"{self.method} is no way to divide", f"try {', '.join(METHODS)}")
        if self.k_anonymity < 2 or self.min_plays < 1:
            raise ConfigError("k-anonymity must be 2 or more, and the fewest plays 1 or more")


@dataclass(frozen=True)
class Study:
    """What `fit` found.

    Attributes
    ----------
    variants : Variants
        The artwork, and `artwork` the folder its files are in.
    log : Decisions
        All impressions.
    viewers : Viewers
        Profiles with a play before the split.
    group : ndarray of int64, shape (P,)
        Group of every profile of the log; -1 for none.
    taste : ndarray of float64, shape (P, D)
        What policies know of them: coordinates of the leaning, and a 1 for their group.
    row_group, row_taste : ndarray, shape (N,) and (N, D)
        The same for every impression of the log, known without that impression.
    groups : mapping
        What ``groups.json`` says.
    """

    variants: Variants
    artwork: Path
    log: Decisions
    viewers: Viewers
    group: Places
    taste: Doubles
    row_group: Places
    row_taste: Doubles
    groups: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(self.groups["names"])

    @cached_property
    def is_early(self) -> NDArray[np.bool_]:
        """Which impressions (N,) are from before the split."""
        return np.asarray(self.log.shown_days < self.groups["split_days"])

    @property
    def early(self) -> Decisions:
        """Impressions before the split."""
        return self.log.where(self.is_early)

    @property
    def late(self) -> Decisions:
        """Impressions after the split."""
        return self.log.where(~self.is_early)


def study_of(
    log: Decisions,
    plays: Plays,
    variants: Variants,
    until: datetime,
    settings: FitSettings,
    before: Mapping[str, Any] | None = None,
) -> Study:
    """Find groups in plays up to a moment, and what is known of every impression; nothing is read
    or written.

    Parameters
    ----------
    before : mapping, optional
        What ``groups.json`` said last time: groups that are found again keep their names.
    """
    viewers = viewers_of(plays, variants)
    found = find_groups(
        viewers.leanings,
        viewers.n_plays,
        lambda rng, rows: dealt_leanings(plays, variants, rng, rows),
        method=settings.method,
        n_groups=settings.n_groups,
        k_anonymity=settings.k_anonymity,
        min_plays=settings.min_plays,
        seed=settings.seed,
    )
    means = _means(viewers.leanings, found.group, len(found.names))
    if before is not None:
        old = np.array(before["leanings"], np.float64).reshape(-1, 216)
        found = keep_names(found, tuple(before["names"]), old, means)
    where, n = places_in(viewers, log), len(log.profile_ids)
    group, n_plays = np.full(n, -1, np.int64), np.zeros(n, np.int64)
    coordinates = np.zeros((n, len(found.components)))
    group[where], n_plays[where] = found.group, viewers.n_plays
    coordinates[where] = found.coordinates(viewers.leanings)
    blind = without_itself(
        log, plays, variants, found, until, settings.days, settings.half_life_days
    )
    # In no group is who is in none, whatever an impression adds: else takes would go missing.
    row_group = np.where(group[log.profile] >= 0, found.nearest(blind.coordinates), -1)
    facts = {
        **_groups_json(found, settings),
        "split_days": until.timestamp() / _DAY_SECONDS,
        "split_at": until.isoformat(),
        "leanings": means.tolist(),
        "countries": list(log.countries),
    }
    n_groups = len(found.names)
    return Study(
        variants, Path(), log, viewers, group,
        known_taste(coordinates, n_plays, group, n_groups),
        row_group, known_taste(blind.coordinates, blind.n_plays, row_group, n_groups),
        facts,
    )  # fmt: skip


def places_in(viewers: Viewers, log: Decisions) -> Places:
    """Places of the viewers among the profiles of the log."""
    place = {name: at for at, name in enumerate(log.profile_ids)}
    return np.array([place[name] for name in viewers.profile_ids], np.int64)


def _means(rows: Doubles, group: Places, n_groups: int) -> Doubles:
    return np.array([rows[group == at].mean(axis=0) for at in range(n_groups)]).reshape(-1, 216)


def _groups_json(found: Groups, settings: FitSettings) -> dict[str, Any]:
    return {
        "names": list(found.names),
        "sizes": [int((found.group == at).sum()) for at in range(len(found.names))],
        "cohesion": found.cohesion.tolist(),
        "verdict": found.verdict,
        "p_value": found.p_value,
        "explained": found.explained,
        "explained_by_chance": found.explained_by_chance,
        "tried": [asdict(one) for one in found.tried],
        "settings": asdict(settings),
    }
