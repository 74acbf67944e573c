"""The report: everything a study found, as one page."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ava.review import taste_page as page
from ava.source.stills_reader import load_still
from ava.store.atomic import store_errors, write_atomic
from ava.store.stills import jpeg_bytes
from ava.store.title_folder import read_json
from ava.taste.assignment import Assignments
from ava.taste.double_ml import causal_effects, not_compared
from ava.taste.fitting import Study
from ava.taste.group_words import in_words, leaning_colors, letter_colors, played_palette
from ava.taste.insights import trait_effects
from ava.taste.judging import assigned
from ava.taste.report_lines import (
    ABOUT,
    causal_views,
    effect_views,
    interval_bar,
    lift_views,
    picture_view,
    policy_views,
)
from ava.taste.study import EVALUATE, read_study
from ava.taste.trends import Trend, find_trends

_NO_GROUP_COLOR = "#8a8780"
_PICTURE_PX = 132
_N_DOTS, _N_EXAMPLES, _N_TITLES = 1500, 4, 3


def write_report(folder: Path, target: Path | None = None) -> Path:
    """Write ``report.html``; policies are in it where `evaluate` has been run; returns its path.

    Raises
    ------
    StoreError
        When there is no study, or the page cannot be written.
    """
    target = target or folder / "report.html"
    with store_errors(target.parent):
        target.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(target, page.render_taste(taste_context(folder)).encode())
    return target


def taste_context(folder: Path) -> page.TasteContext:
    """What the page shows."""
    study = read_study(folder)
    found = assigned(study)
    judged = folder / EVALUATE / "evaluation.json"
    evaluation: Mapping[str, Any] = read_json(judged) if judged.is_file() else {}
    n_groups = len(study.names)
    bars = policy_views(evaluation)
    lifts, no_lift, n_lifts = lift_views(study, found)
    effects, no_effect = effect_views(
        study, trait_effects(study.log, study.variants, study.row_group, n_groups)
    )
    effects_of_more = causal_effects(
        study.log, study.variants, study.row_group, study.names,
        study.groups["settings"]["k_anonymity"],
    )  # fmt: skip
    causal, no_cause = causal_views(effects_of_more)
    trends, n_asked = find_trends(study.log, study.variants, study.row_group, n_groups)
    return page.TasteContext(
        facts=_facts(study),
        verdict=study.groups["verdict"],
        answer=_answer(evaluation, n_groups),
        warnings=_warnings(study, evaluation),
        pictures=_pictures(study),
        groups=tuple(_group(study, found, at) for at in range(n_groups)),
        dots=_dots(study),
        tried=tuple(
            (_size(one), f"{one['stability']:.2f}", f"{one['silhouette']:.2f}")
            for one in study.groups["tried"]
        ),
        policies=bars[0],
        policy_scale=bars[1],
        baseline=bars[2],
        lifts=lifts,
        no_lift=no_lift,
        n_lifts=n_lifts,
        effects=effects,
        no_effect=no_effect,
        causal=causal,
        no_cause=no_cause,
        not_compared=tuple(
            one.replace("_", " ") for one in not_compared(effects_of_more, study.variants)
        ),
        trends=_trend_lines(study, trends, n_asked),
        titles=tuple(_title(study, found, at) for at in range(len(study.variants.titles)))
        if n_groups
        else (),
        software=f"ava {version('ava-artwork')}",
    )


def _facts(study: Study) -> tuple[tuple[str, str], ...]:
    log, variants = study.log, study.variants
    days = float(log.shown_days.max() - log.shown_days.min())
    return (
        ("Impressions", f"{len(log):,} over {days:.0f} days"),
        ("Profiles", f"{len(log.profile_ids):,}"),
        ("Artwork", f"{len(variants)} variants of {len(variants.titles)} titles"),
        ("Take rate", f"{100 * log.reward.mean():.1f} %"),
        ("Learned from", f"before {study.groups['split_at'][:16].replace('T', ' ')} UTC"),
        ("Groups of at least", f"{study.groups['settings']['k_anonymity']} profiles"),
    )


def _size(tried: Mapping[str, Any]) -> str:
    """How many groups were tried; where that was not asked for, also of how many profiles."""
    n_groups, size = tried["n_groups"], tried["size"]
    return str(n_groups) if n_groups == size else f"{n_groups} of {size} profiles or more"


def _warnings(study: Study, evaluation: Mapping[str, Any]) -> tuple[str, ...]:
    lines = [
        f"Left out of the events: {one['what']}, {one['count']:,} rows"
        for one in study.groups["left_out"]
    ]
    for name, value in evaluation.get("policies", {}).items():
        problems = value["diagnostics"]["problems"]
        lines += [f"{ABOUT[name][0]}: {one}" for one in problems]
    return tuple(lines)


def _answer(evaluation: Mapping[str, Any], n_groups: int) -> str:
    """Whether there is one ideal cover, or one per audience."""
    if not evaluation or not n_groups:
        return ""
    per_group = evaluation["policies"]["per_group"]
    base = evaluation["policies"]["best_single"]["estimates"]["dr"]["value"]
    lift, refused = per_group["lift"], per_group["diagnostics"]["problems"]
    if refused:
        return f"One cover for all, or one per audience? {per_group['conclusion']}"
    ends = f"{100 * lift['low'] / base:+.1f} to {100 * lift['high'] / base:+.1f} %"
    if lift["low"] > 0:
        return (
            f"One cover does not suit all: artwork per group is taken {100 * lift['value'] / base:.1f} % "
            f"more often than the best single artwork (95 % interval {ends})."
        )
    return f"That artwork per group is taken more often than the best single one cannot be told ({ends})."


def _group(study: Study, found: Assignments, at: int) -> page.GroupView:
    variants, viewers = study.variants, study.viewers
    place = {name: row for row, name in enumerate(study.log.profile_ids)}
    of_viewer = study.group[[place[name] for name in viewers.profile_ids]]
    leaning = np.array(study.groups["leanings"][at])
    more, less = leaning_colors(leaning)
    size, total = study.groups["sizes"][at], sum(study.groups["sizes"])
    ratio = found.rate[at] / found.pooled
    best = [int(one) for one in np.argsort(-ratio)]
    per_title = dict.fromkeys(variants.title_ids[one] for one in best)
    examples = [next(v for v in best if variants.title_ids[v] == t) for t in per_title]
    return page.GroupView(
        study.names[at],
        letter_colors(study.groups["leanings"])[at],
        f"{size:,}",
        f"{100 * size / total:.0f} %",
        in_words(leaning),
        played_palette(viewers.vectors[of_viewer == at].mean(axis=0)),
        more,
        less,
        _typical_titles(study, at),
        tuple(picture_view(variants, one) for one in examples[:_N_EXAMPLES]),
        f"{study.groups['cohesion'][at]:.2f}",
    )


def _typical_titles(study: Study, at: int) -> tuple[str, ...]:
    """Titles the group surely plays more of, per impression, than others do."""
    log, variants = study.early, study.variants
    title, mine = variants.title_of[log.variant], study.row_group[study.is_early] == at
    n = len(variants.titles)
    shown, played = (np.stack([
        np.bincount(title[part], weights, n)
        for part, weights in ((mine, values[mine]), (~mine, values[~mine]))
    ]) for values in (np.ones(len(log)), log.played.astype(np.float64)))  # fmt: skip
    rate = (played + 1) / (shown + 2)
    error = np.sqrt((rate * (1 - rate) / (shown + 2)).sum(axis=0))
    level = played[0].sum() / max(shown[0].sum(), 1) - played[1].sum() / max(shown[1].sum(), 1)
    score = (rate[0] - rate[1] - level) / error
    order = [int(one) for one in np.argsort(-score)[:_N_TITLES] if score[one] > 3]
    return tuple(variants.titles[one] for one in order)


def _dots(study: Study) -> tuple[page.DotView, ...]:
    known = np.flatnonzero((study.group >= 0) | (len(study.names) == 0))
    known = known[(study.taste[known] != 0).any(axis=1)]
    rng = np.random.default_rng(0)
    rows = known if len(known) <= _N_DOTS else rng.choice(known, _N_DOTS, False)
    if not len(rows):
        return ()
    points = study.taste[rows, :2]
    reach = np.quantile(np.abs(points), 0.998) * 1.04 or 1.0
    inside = (np.abs(points) < reach).all(axis=1)
    rows, places = rows[inside], 50 + 50 * points[inside] / reach
    colors = (*letter_colors(study.groups["leanings"]), _NO_GROUP_COLOR)  # -1 is no group
    return tuple(
        page.DotView(float(x), float(100 - y), colors[g])
        for (x, y), g in zip(places, study.group[rows].tolist(), strict=True)
    )


def _trend_lines(study: Study, trends: tuple[Trend, ...], n_asked: int) -> tuple[str, ...]:
    if not n_asked:
        return ("Too little was taken to look for trends.",)
    lines = [
        f"Group {study.names[one.group]} takes {study.variants.variant_ids[one.variant]} "
        f"{'more' if one.ratio > 1 else 'less'} often in the second half: "
        f"{one.ratio:.2f} times ({one.low:.2f} to {one.high:.2f}), the change of its title taken out."
        for one in trends
    ]
    return tuple(lines) or (
        f"None of {n_asked} pairs of group and artwork surely changed from the first half to the "
        "second, against the rest of its title.",
    )


def _title(study: Study, found: Assignments, at: int) -> page.TitleView:
    variants = study.variants
    members = [int(one) for one in variants.slots[at] if one >= 0]
    low, high = float(found.low[:, members].min()), float(found.high[:, members].max())
    default = int(found.best_single[at])
    rows = tuple(
        page.VariantView(
            picture_view(variants, one),
            f"{100 * found.pooled[one]:.1f} %",
            one == default,
            tuple(
                page.CellView(
                    interval_bar(
                        _cell(found, group, one), low, high, f"{100 * found.rate[group, one]:.1f} %"
                    ),
                    f"{found.shown[group, one]:,} shown",
                    bool(found.assigned[group, at] == one),
                    one == default,
                )
                for group in range(len(study.names))
            ),
        )
        for one in members
    )
    n_personal = int((found.assigned[:, at] != default).sum())
    return page.TitleView(variants.titles[at], f"t{at}", n_personal, rows)


def _cell(found: Assignments, group: int, variant: int) -> dict[str, float]:
    at = group, variant
    return {
        "value": float(found.rate[at]),
        "low": float(found.low[at]),
        "high": float(found.high[at]),
    }


def _pictures(study: Study) -> tuple[tuple[str, str], ...]:
    """Class and ``data:`` address of every variant; one that is gone is left black."""
    found = []
    for at, name in enumerate(study.variants.files):
        path = study.artwork / name
        if name and path.is_file():
            data = base64.b64encode(jpeg_bytes(_small(load_still(path)), 80)).decode()
            found.append((f"v{at}", f"data:image/jpeg;base64,{data}"))
    return tuple(found)


def _small(pixels: Any) -> Any:
    import cv2

    scale = _PICTURE_PX / min(pixels.shape[:2])
    if scale >= 1:
        return pixels
    size = (max(1, round(pixels.shape[1] * scale)), max(1, round(pixels.shape[0] * scale)))
    return cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
