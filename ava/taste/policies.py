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
from ava.taste.decisions import Doubles, Places, Variants

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


def known_taste(coordinates: Doubles, n_plays: Places, group: Places, n_groups: int) -> Doubles:
    """What policies know of a taste, shape (P, D + G).

    Coordinates (P, D), pulled to 0 as if there were twenty more plays without any leaning, and a
    1 for the group (P,).
    """
    share = n_plays / (n_plays + _TAKEN_FOR)
    return np.hstack([coordinates * share[:, None], group[:, None] == np.arange(n_groups)])


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

    def row(self, group: int, taste: Doubles, title: int) -> Doubles:
        """The same for one impression, shape (S,), as fast as a service needs it."""
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
        slots = self.slots[title]
        there = slots >= 0
        chances = self.policy.row(group, taste, title)
        if self.budget:
            chances = (1 - self.budget) * chances + self.budget / np.count_nonzero(there) * there
        if allowed is not None:
            there = there & np.asarray(allowed, np.bool_)
            if not there.any():
                raise ConfigError("the page allows no variant of the title", "allow one")
            chances = np.where(there, chances, 0.0)
            # What the policy would never show gets an even chance when nothing else is left.
            chances = chances / chances.sum() if chances.sum() > 0 else there / there.sum()
        steps = chances.cumsum()
        slot = min(int(steps.searchsorted(rng.random() * steps[-1], "right")), len(steps) - 1)
        return int(slots[slot]), float(chances[slot])


@dataclass(frozen=True)
class Random:
    """Every variant alike."""

    slots: Places

    def scores(self, group: Places, taste: Doubles, title: Places) -> Doubles:
        """See `Policy.scores`."""
        there = self.slots[title] >= 0
        return np.asarray(there / there.sum(axis=1, keepdims=True))

    def row(self, group: int, taste: Doubles, title: int) -> Doubles:
        """See `Policy.row`."""
        there = self.slots[title] >= 0
        return np.asarray(there / np.count_nonzero(there))


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

    def row(self, group: int, taste: Doubles, title: int) -> Doubles:
        """See `Policy.row`."""
        found = np.zeros(self.slots.shape[1])
        found[self.slot[group, title]] = 1.0
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
