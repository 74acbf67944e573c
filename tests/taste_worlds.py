"""Simulated worlds for the tests of taste groups, and policies whose true value is known."""

from __future__ import annotations

import numpy as np

from ava.taste.decisions import Decisions, Doubles, Variants
from ava.taste.evaluation import Logged
from ava.taste.groups import Groups, find_groups
from ava.taste.reward_model import cross_fitted
from ava.taste.simulator import Traffic, World
from ava.taste.viewers import Plays, dealt_leanings, viewers_of


def plays_of(log: Decisions, variants: Variants) -> Plays:
    """What was shown and played in a log, nothing older than another; of profiles with a play."""
    player = np.bincount(log.profile, log.played, len(log.profile_ids)) > 0
    rows = player[log.profile]
    key = log.profile[rows] * len(variants) + log.variant[rows]
    pairs, place, shown = np.unique(key, return_inverse=True, return_counts=True)
    profile, variant = pairs // len(variants), pairs % len(variants)
    played = np.bincount(place, log.played[rows]).astype(np.int64)
    ids = tuple(name for name, one in zip(log.profile_ids, player, strict=True) if one)
    profile = (np.cumsum(player) - 1)[profile]
    return Plays(ids, profile, variant, shown.astype(np.float64), played.astype(np.float64), played)


def groups_of(world: World, traffic: Traffic, seed: int = 0) -> Groups:
    plays = plays_of(traffic.decisions, world.variants)
    viewers = viewers_of(plays, world.variants)
    return find_groups(
        viewers.leanings,
        viewers.n_plays,
        lambda rng, rows: dealt_leanings(plays, world.variants, rng, rows),
        seed=seed,
    )


def logged(world: World, traffic: Traffic, chances: Doubles) -> Logged:
    """A log and a policy that gives `chances` (N, S) to the variants of the title shown."""
    log, variants = traffic.decisions, world.variants
    model = cross_fitted(log, variants, traffic.group, world.settings.n_groups)
    rows, slot = np.arange(len(log)), variants.slot_of[log.variant]
    return Logged(
        log.profile,
        log.reward,
        log.propensity,
        chances[rows, slot],
        model[rows, slot],
        (chances * model).sum(axis=1),
        np.zeros(len(log)),
    )


def by_group(world: World, traffic: Traffic) -> Doubles:
    """To every group the variant most of its style, mostly, else any: shape (N, S)."""
    variants, log = world.variants, traffic.decisions
    slots = variants.slots[variants.title_of[log.variant]]
    likes = world.likings[traffic.group[log.profile]]
    best = np.einsum("nsk,nk->ns", world.styles[slots], likes).argmax(axis=1)
    chances = np.full(slots.shape, 0.1 / slots.shape[1])
    chances[np.arange(len(log)), best] += 0.9
    return chances
