"""Simulated worlds for the tests of taste groups, and policies whose true value is known."""

from __future__ import annotations

from datetime import UTC, datetime

import numpy as np

from ava.taste.clustering import Method
from ava.taste.decisions import Decisions, Doubles, Variants
from ava.taste.evaluation import Logged
from ava.taste.fitting import FitSettings, Study, study_of
from ava.taste.groups import Groups, find_groups
from ava.taste.policies import Explored, Profiles
from ava.taste.reward_model import cross_fitted
from ava.taste.simulator import Traffic, World
from ava.taste.viewers import Plays, dealt_leanings, viewers_of


def plays_of(log: Decisions, variants: Variants, weight: Doubles | None = None) -> Plays:
    """What was shown and played in a log, of profiles with a play; one counts as `weight` (N,)."""
    player = np.bincount(log.profile, log.played, len(log.profile_ids)) > 0
    rows = player[log.profile]
    weight = np.ones(rows.sum()) if weight is None else weight[rows]
    played = log.played[rows].astype(np.float64)
    key = log.profile[rows] * len(variants) + log.variant[rows]
    pairs, place = np.unique(key, return_inverse=True)
    ids = tuple(name for name, one in zip(log.profile_ids, player, strict=True) if one)
    return Plays(
        ids,
        (np.cumsum(player) - 1)[pairs // len(variants)],
        pairs % len(variants),
        np.bincount(place, weight),
        np.bincount(place, weight * played),
        np.bincount(place),
        np.bincount(place, played).astype(np.int64),
    )


def groups_of(world: World, traffic: Traffic, seed: int = 0, method: Method = "kmeans") -> Groups:
    plays = plays_of(traffic.decisions, world.variants)
    viewers = viewers_of(plays, world.variants)
    return find_groups(
        viewers.leanings,
        viewers.n_plays,
        lambda rng, rows: dealt_leanings(plays, world.variants, rng, rows),
        method=method,
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


def study_of_world(world: World, traffic: Traffic, settings: FitSettings | None = None) -> Study:
    """A study of a world, learned from the first six tenths of its time."""
    log, variants = traffic.decisions, world.variants
    first, last = float(log.shown_days.min()), float(log.shown_days.max())
    split = np.floor((first + 0.6 * (last - first)) * 24) / 24
    until = datetime.fromtimestamp(split * 86_400, UTC)
    settings = settings or FitSettings()
    day = log.shown_days
    recent = log.where((day < split) & (day >= split - settings.days))
    weight = 0.5 ** ((split - recent.shown_days) / settings.half_life_days)
    return study_of(log, plays_of(recent, variants, weight), variants, until, settings)


def true_worth(study: Study, traffic: Traffic, policy: Explored) -> float:
    """Take rate that a policy would truly have had after the split."""
    log = study.late
    who = Profiles(study.group, study.taste)
    chances = policy.probabilities(who, log.profile, study.variants.title_of[log.variant])
    assert np.abs(chances.sum(axis=1) - 1).max() < 1e-9
    return float((chances * traffic.chances[~study.is_early]).sum(axis=1).mean())
