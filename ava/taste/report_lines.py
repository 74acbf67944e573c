"""What the report draws on lines: policies, lifts and effects of traits."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ava.review import taste_page as page
from ava.taste.assignment import Assignments
from ava.taste.decisions import Variants
from ava.taste.double_ml import CausalEffect, told_apart
from ava.taste.fitting import Study
from ava.taste.group_words import letter_colors
from ava.taste.insights import Effect

ABOUT = {
    "random": ("Random", "every variant alike"),
    "best_single": ("Best single", "one artwork per title for everybody"),
    "per_group": ("Per group", "the artwork assigned to the group"),
    "lin_ucb": ("LinUCB", "the profile’s own leaning, upper confidence bound"),
    "thompson": ("Thompson", "the profile’s own leaning, Bayesian logistic"),
    "hindsight": ("Hindsight", "best per group, known afterwards"),
}
_ESTIMATORS = {"replay": "replay", "ips": "IPS", "clipped_ips": "clipped IPS", "snips": "SNIPS"}
_N_LIFTS = 40


def policy_views(
    evaluation: Mapping[str, Any],
) -> tuple[tuple[page.PolicyView, ...], tuple[str, str], float]:
    """Policies, the ends of their scale, and where the best single artwork lies on it."""
    if not evaluation:
        return (), ("", ""), 0.0
    values: Mapping[str, Any] = evaluation["policies"]
    ends = [one["estimates"]["dr"] for one in values.values()]
    low, high = min(one["low"] for one in ends), max(one["high"] for one in ends)
    low, high = low - 0.08 * (high - low), high + 0.08 * (high - low)
    base = values["best_single"]["estimates"]["dr"]["value"]
    views = []
    for name, value in values.items():
        estimates, checks = value["estimates"], value["diagnostics"]
        views.append(
            page.PolicyView(
                *ABOUT[name],
                interval_bar(estimates["dr"], low, high, _percent(estimates["dr"])),
                tuple((label, _percent(estimates[key])) for key, label in _ESTIMATORS.items()),
                "" if name == "best_single" else _points(value["lift"], base),
                ""
                if name == "hindsight"
                else with_minus(f"{100 * value['regret']['value']:.2f} points"),
                f"{checks['effective']:,.0f} of {checks['n_impressions']:,}",
                value["conclusion"],
                bool(checks["problems"]),
            )
        )
    scale = (f"{100 * low:.1f} %", f"{100 * high:.1f} %")
    return tuple(views), scale, 100 * (base - low) / (high - low)


def lift_views(study: Study, found: Assignments) -> tuple[tuple[page.LiftView, ...], float, int]:
    """The surest lifts, where nothing lies on their scale, and how many there are."""
    variants = study.variants
    cells = np.argwhere(found.assigned != found.best_single[None])
    if not len(cells):
        return (), 0.0, 0
    colors = letter_colors(study.groups["leanings"])
    order = np.argsort([-found.lift_low[g, t] for g, t in cells])
    shown = [(int(g), int(t)) for g, t in cells[order[:_N_LIFTS]]]
    high = max(found.lift_high[cell] for cell in shown) * 1.05
    low = -0.06 * high
    views = []
    for cell in shown:
        group, title = cell
        one = {
            "value": float(found.lift[cell]),
            "low": float(found.lift_low[cell]),
            "high": float(found.lift_high[cell]),
        }
        text = with_minus(
            f"{100 * one['value']:+.1f} ({100 * one['low']:+.1f} to {100 * one['high']:+.1f})"
        )
        views.append(
            page.LiftView(
                study.names[group],
                colors[group],
                variants.titles[title],
                f"t{title}",
                picture_view(variants, int(found.assigned[cell])),
                picture_view(variants, int(found.best_single[title])),
                interval_bar(one, low, high, text),
            )
        )
    return tuple(views), 100 * (0 - low) / (high - low), len(cells)


def effect_views(
    study: Study, effects: tuple[Effect, ...]
) -> tuple[tuple[page.EffectView, ...], float]:
    """Effects of traits, trait by trait, and where no effect lies on their scale."""
    if not effects:
        return (), 0.0
    reach = max(1e-3, *(abs(float(np.log(end))) for one in effects for end in (one.low, one.high)))
    reach = min(reach, 1.6)
    order = list(dict.fromkeys(one.trait for one in effects))
    ordered = sorted(
        effects, key=lambda one: (order.index(one.trait), -1 if one.group is None else one.group)
    )
    views = []
    for one in ordered:
        ends = np.clip(np.log([one.ratio, one.low, one.high]), -reach, reach)
        value = dict(zip(("value", "low", "high"), map(float, ends), strict=True))
        text = f"{one.ratio:.2f} ({one.low:.2f} to {one.high:.2f})"
        among = "all" if one.group is None else f"group {study.names[one.group]}"
        trait = one.trait.replace("_", " ")
        views.append(
            page.EffectView(
                trait, among, interval_bar(value, -reach, reach, text), f"{one.e_value:.2f}"
            )
        )
    return tuple(views), 50.0


def causal_views(
    effects: tuple[CausalEffect, ...],
) -> tuple[tuple[page.CausalView, ...], float]:
    """Effects with all else equal, and where no effect lies on their scale."""
    shown = told_apart(effects)
    if not shown:
        return (), 0.0
    ends = [end for one in shown for end in (one.ratio_low, one.ratio_high)]
    reach = min(max(1e-3, *(abs(float(np.log(end))) for end in ends)), 1.6)
    views = []
    for one in shown:
        ratios = np.clip(np.log([one.ratio, one.ratio_low, one.ratio_high]), -reach, reach)
        value = dict(zip(("value", "low", "high"), map(float, ratios), strict=True))
        text = f"{one.ratio:.2f} ({one.ratio_low:.2f} to {one.ratio_high:.2f})"
        among = " ".join((one.part.kind, one.part.name)).strip()
        points = with_minus(f"{100 * one.difference:+.1f} points")
        views.append(
            page.CausalView(
                one.trait.replace("_", " "),
                among,
                interval_bar(value, -reach, reach, text),
                points,
                f"{one.e_value:.2f}",
                f"{100 * one.overlap:.0f} % of impressions, {one.n_variants} variants",
            )
        )
    return tuple(views), 50.0


def interval_bar(one: Mapping[str, float], low: float, high: float, text: str) -> page.BarView:
    """An estimate on a line from `low` to `high`."""
    scale = 100 / max(high - low, 1e-12)
    return page.BarView(
        (one["low"] - low) * scale, (one["value"] - low) * scale, (one["high"] - low) * scale, text
    )


def _percent(one: Mapping[str, Any]) -> str:
    if one["value"] is None:
        return "unknown"
    return f"{100 * one['value']:.2f} % ({100 * one['low']:.2f} to {100 * one['high']:.2f})"


def _points(one: Mapping[str, float], base: float) -> str:
    return with_minus(
        f"{100 * one['value'] / base:+.1f} % "
        f"({100 * one['low'] / base:+.1f} to {100 * one['high'] / base:+.1f})"
    )


def with_minus(text: str) -> str:
    """Numbers with a sign as they are set in print."""
    return text.replace("-", "−")


def picture_view(variants: Variants, at: int) -> page.PictureView:
    """How the page calls a variant."""
    return page.PictureView(f"v{at}", variants.variant_ids[at], variants.title_ids[at])
