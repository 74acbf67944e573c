"""Assignments and policies of a study, learned from what came before the split, judged after it."""

from __future__ import annotations

from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np

from ava.core.errors import ConfigError
from ava.store.atomic import replacing_folder
from ava.store.tables import write_table
from ava.taste import contextual, policies
from ava.taste.assignment import Assignments, assign, relative_colors
from ava.taste.decisions import Decisions, Doubles
from ava.taste.evaluation import Estimate, Logged, PolicyValue, difference, evaluate
from ava.taste.fitting import Study
from ava.taste.reward_model import cross_fitted
from ava.taste.study import ASSIGN, EVALUATE, read_study, write_json
from ava.taste.threads import one_thread


def assign_groups(folder: Path) -> tuple[Study, Assignments]:
    """Assign variants to groups by what came before the split, and write ``assign/``."""
    study = read_study(folder)
    found = assigned(study)
    variants, names = study.variants, study.names
    rows = [(g, v) for g in range(len(names)) for v in range(len(variants))]
    group, variant = (np.array([row[at] for row in rows], np.int64) for at in (0, 1))
    table: dict[str, Any] = {
        "group": [names[at] for at in group],
        "title_id": [variants.title_ids[at] for at in variant],
        "variant_id": [variants.variant_ids[at] for at in variant],
        "impressions": found.shown[group, variant],
        "quality_plays": found.taken[group, variant],
        "take_rate": found.rate[group, variant],
        "low": found.low[group, variant],
        "high": found.high[group, variant],
        "prior": found.prior[group, variant],
        "assigned": found.assigned[group, variants.title_of[variant]] == variant,
    }
    lookup = _lookup(study, found)
    with replacing_folder(folder / ASSIGN) as draft:
        write_table(draft / "assignments.parquet", table)
        write_table(
            draft / "lookup.parquet",
            {
                name: [row[name] for row in lookup]
                for name in ("group", "title_id", "variant_id", "is_default")
            },
        )
        write_json(draft / "lookup.json", {"assignments": lookup})
    return study, found


def assigned(study: Study) -> Assignments:
    """The assignments of a study; the same every time."""
    seed = study.groups["settings"]["seed"]
    group = study.row_group[study.is_early]
    return assign(study.early, study.variants, group, len(study.names), seed)


def _lookup(study: Study, found: Assignments) -> list[dict[str, Any]]:
    """What a service loads: a variant for every group and title; group "" is everybody else."""
    variants = study.variants
    rows = [("", found.best_single), *zip(study.names, found.assigned, strict=True)]
    return [
        {
            "group": name,
            "title_id": title,
            "variant_id": variants.variant_ids[row[at]],
            "is_default": bool(row[at] == found.best_single[at]),
        }
        for name, row in rows
        for at, title in enumerate(variants.titles)
    ]


@one_thread()
def learned_policies(
    study: Study, found: Assignments, explore: float = 0.0
) -> dict[str, policies.Explored]:
    """All policies, learned from what came before the split; the last one is hindsight."""
    variants, early = study.variants, study.early
    rows = policies.Profiles(study.row_group[study.is_early], study.row_taste[study.is_early])
    style, slots = relative_colors(variants), variants.slots
    learned = (early, variants, rows, style, contextual.known_rates(found))
    late = study.late
    hindsight = assign(late, variants, study.group[late.profile], len(study.names))
    after = replace(hindsight, assigned=hindsight.leader)
    return {
        "random": policies.Explored(policies.Random(slots), slots),
        "best_single": policies.Explored(policies.best_single(variants, found), slots),
        "per_group": policies.Explored(policies.per_group(variants, found), slots, explore),
        "lin_ucb": policies.Explored(contextual.fit_lin_ucb(*learned), slots, explore),
        "thompson": policies.Explored(contextual.fit_thompson(*learned), slots, explore),
        "hindsight": policies.Explored(policies.per_group(variants, after), slots),
    }


def logged_for(policy: policies.Explored, study: Study, log: Decisions, model: Doubles) -> Logged:
    """What a policy would have done in a log.

    Parameters
    ----------
    model : ndarray of float64, shape (N, S)
        From `ava.taste.reward_model.cross_fitted`.
    """
    variants = study.variants
    title = variants.title_of[log.variant]
    profiles = policies.Profiles(study.group, study.taste)
    chances = policy.probabilities(profiles, log.profile, title)
    rows, slot = np.arange(len(log)), variants.slot_of[log.variant]
    never = np.bincount(log.variant, minlength=len(variants)) == 0
    slots = variants.slots[title]
    return Logged(
        log.profile,
        log.reward,
        log.propensity,
        chances[rows, slot],
        model[rows, slot],
        (chances * model).sum(axis=1),
        (chances * (never[slots] & (slots >= 0))).sum(axis=1),
    )


@one_thread()
def judge(study: Study, found: Assignments, explore: float = 0.0) -> dict[str, PolicyValue]:
    """Every policy's value on what came after the split."""
    late, seed = study.late, study.groups["settings"]["seed"]
    if not len(late):
        raise ConfigError("nothing was shown after the split", "lower --train-share of the fit")
    model = cross_fitted(late, study.variants, study.group, len(study.names), seed)
    return {
        name: evaluate(logged_for(policy, study, late, model), seed)
        for name, policy in learned_policies(study, found, explore).items()
    }


def evaluate_study(folder: Path, explore: float = 0.0) -> dict[str, Any]:
    """Judge all policies, and write ``evaluate/evaluation.json``; returns what it says."""
    study = read_study(folder)
    values = judge(study, assigned(study), explore)
    baseline, best = values["best_single"], values["hindsight"]
    document = {
        "log": {
            "n_impressions": len(study.late),
            "take_rate": float(study.late.reward.mean()),
            "from": study.groups["split_at"],
        },
        "explore": explore,
        "policies": {
            name: {
                "estimates": {key: _interval(one) for key, one in value.estimates.items()},
                "lift": _interval(difference(value.estimates["dr"], baseline.estimates["dr"])),
                "regret": _interval(difference(best.estimates["dr"], value.estimates["dr"])),
                "diagnostics": asdict(value.diagnostics),
                "conclusion": conclusion(name, value, baseline),
            }
            for name, value in values.items()
        },
    }
    with replacing_folder(folder / EVALUATE) as draft:
        write_json(draft / "evaluation.json", document)
    return document


def _interval(one: Estimate) -> dict[str, float]:
    return {"value": one.value, "low": one.low, "high": one.high}


def conclusion(name: str, value: PolicyValue, baseline: PolicyValue) -> str:
    """What may be said of a policy against the best single artwork, in one sentence."""
    problems = [*value.diagnostics.problems, *baseline.diagnostics.problems]
    if problems:
        return f"Nothing can be concluded: {problems[0]}."
    if name == "best_single":
        return "What the others are compared with."
    lift = difference(value.estimates["dr"], baseline.estimates["dr"])
    percent = 100 * lift.value / baseline.estimates["dr"].value
    if name == "hindsight":
        return f"{percent:+.1f} %, flattered: it was picked by what it is judged on."
    if lift.low > 0:
        return f"Better than the best single artwork by {percent:.1f} %."
    if lift.high < 0:
        return f"Worse than the best single artwork by {-percent:.1f} %."
    return "No difference from the best single artwork can be told."
