"""A world with planted taste groups, to try everything on: who likes what is known.

The log-odds that an impression ends in a play are the sum of what the title, the variant, the
place on the page, the novelty of the artwork and the liking of the profile for the variant's style
give. Profiles of a group share a liking; every profile differs from its group a little.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.taste.decisions import Decisions, Doubles, Places, Variants

STYLES: tuple[tuple[str, tuple[tuple[int, int, int], ...]], ...] = (
    ("night blue", ((14, 22, 52), (28, 58, 112), (64, 118, 178), (176, 206, 226))),
    ("ember", ((44, 14, 10), (152, 44, 22), (226, 112, 34), (252, 206, 120))),
    ("forest", ((16, 34, 22), (40, 84, 46), (108, 146, 70), (214, 218, 168))),
    ("rose", ((84, 16, 62), (196, 46, 116), (240, 130, 162), (252, 220, 224))),
    ("stone", ((34, 34, 36), (98, 98, 100), (170, 168, 162), (236, 234, 228))),
)
_GENRES = ("drama", "comedy", "thriller", "documentary")
_COUNTRIES = ("DE", "FR", "JP", "US")
_DEVICES = ("tv", "phone", "web")
_QUALITY = 0.8  # share of plays that are quality plays
_N_PLACES = 10


@dataclass(frozen=True)
class SimulationSettings:
    """What is planted.

    Attributes
    ----------
    n_profiles, n_titles, n_variants, n_groups : int
        Profiles, titles, variants of each title, and groups; with 1 group nobody differs.
    n_impressions : int
        Impressions of each profile.
    days : float
        How long it is watched.
    base_rate : float
        Plays per impression of an average variant on the first place, 0..1.
    taste : float
        How much more, in log-odds, a group likes a variant of its own style than one of another.
    individual : float
        Spread of a profile's liking of a style about that of its group, in log-odds.
    popularity : float
        Titles are shown in proportion to 1 / rank to this power; the popular are played more, too.
    position_bias : float
        Log-odds lost from the first place of the page to the last.
    novelty, novelty_days : float
        Log-odds that new artwork gains, and how soon that falls to 1 / e of it.
    favored : float
        Probability on top of chance with which the log shows the first variant of a title, 0..1.
    seed : int
        The same seed, the same world.
    """

    n_profiles: int = 3000
    n_titles: int = 24
    n_variants: int = 5
    n_groups: int = 4
    n_impressions: int = 140
    days: float = 90.0
    base_rate: float = 0.2
    taste: float = 1.5
    individual: float = 0.4
    popularity: float = 0.7
    position_bias: float = 0.6
    novelty: float = 0.4
    novelty_days: float = 14.0
    favored: float = 0.2
    seed: int = 0

    def __post_init__(self) -> None:
        if not 1 <= self.n_groups <= len(STYLES):
            raise ConfigError(f"{self.n_groups} groups, and there can be 1 to {len(STYLES)}")
        if min(self.n_profiles, self.n_titles, self.n_impressions) < 1 or self.n_variants < 2:
            raise ConfigError("a simulation needs profiles, titles, impressions and two variants")
        if not (0 < self.base_rate < 1 and 0 <= self.favored < 1 and self.days > 0):
            raise ConfigError("base_rate must lie in 0..1, favored in 0..1, and days above 0")


@dataclass(frozen=True)
class World:
    """Titles and variants, and what is true of them; S styles.

    Attributes
    ----------
    settings : SimulationSettings
        What it was made with.
    variants : Variants
        With histograms mixed from those of the styles; `files` is empty.
    styles : ndarray of float64, shape (V, S)
        How much of each style a variant has; a row sums to 1.
    title_odds, variant_odds : ndarray of float64
        What titles (T,) and variants (V,) add to the log-odds.
    likings : ndarray of float64, shape (G, S)
        What each group adds for a style.
    logging : ndarray of float64, shape (V,)
        Propensity of each variant when its title is shown.
    shown : ndarray of float64, shape (T,)
        How often each title is shown.
    """

    settings: SimulationSettings
    variants: Variants
    styles: Doubles
    title_odds: Doubles
    variant_odds: Doubles
    likings: Doubles
    logging: Doubles
    shown: Doubles


@dataclass(frozen=True)
class Traffic:
    """One draw of profiles and impressions from a world.

    Attributes
    ----------
    decisions : Decisions
        The log.
    group : ndarray of int64, shape (P,)
        The planted group of every profile.
    chances : ndarray of float64, shape (N, S)
        True take rate of every variant of the title shown, by its place among them.
    position : ndarray of int64, shape (N,)
        Place on the page, from 1.
    """

    decisions: Decisions
    group: Places
    chances: Doubles
    position: Places


def make_world(settings: SimulationSettings) -> World:
    """Titles, variants and tastes; the same seed, the same world."""
    rng = np.random.default_rng([settings.seed, 1])
    n_titles, n_variants, n_styles = settings.n_titles, settings.n_variants, len(STYLES)
    n_all = n_titles * n_variants
    main = np.concatenate([np.arange(n_variants) % n_styles for _ in range(n_titles)])
    for title in range(n_titles):
        rng.shuffle(main[title * n_variants : (title + 1) * n_variants])
    styles = 0.2 * rng.dirichlet(np.full(n_styles, 0.5), n_all)
    styles[np.arange(n_all), main] += 0.8
    noise = rng.dirichlet(np.full(216, 0.05), n_all)
    histograms = 0.85 * styles @ style_histograms() + 0.15 * noise
    histograms /= histograms.sum(axis=1, keepdims=True)
    titles = tuple(f"title-{at + 1:02d}" for at in range(n_titles) for _ in range(n_variants))
    names = tuple(f"{title}-{at % n_variants + 1}" for at, title in enumerate(titles))
    genres = tuple(_GENRES[at // n_variants % len(_GENRES)] for at in range(n_all))
    variants = Variants(names, titles, names, histograms, ("",) * n_all, {}, genres)
    shown = (1 / np.arange(1, n_titles + 1)) ** settings.popularity
    likings = np.zeros((settings.n_groups, n_styles))
    if settings.n_groups > 1:
        likings[np.arange(settings.n_groups), np.arange(settings.n_groups)] = settings.taste
    logging = np.full(n_all, (1 - settings.favored) / n_variants)
    logging[::n_variants] += settings.favored
    return World(
        settings,
        variants,
        styles,
        0.4 * np.log(shown / shown.mean()) + rng.normal(0, 0.2, n_titles),
        rng.normal(0, 0.12, n_all),
        likings - likings.mean(),
        logging,
        shown / shown.sum(),
    )


def style_histograms() -> Doubles:
    """The 216 bins of every style, shape (S, 216), rows summing to 1."""
    table = np.zeros((len(STYLES), 216))
    for row, (_, colors) in zip(table, STYLES, strict=True):
        for color in colors:
            r, g, b = (channel * 6 // 256 for channel in color)
            row[36 * r + 6 * g + b] += 1 / len(colors)
    return table


def draw_traffic(world: World, seed: int) -> Traffic:
    """Profiles and their impressions; the same world and seed, the same traffic."""
    settings, variants = world.settings, world.variants
    rng = np.random.default_rng([settings.seed, 2, seed])
    n_profiles, n_rows = settings.n_profiles, settings.n_profiles * settings.n_impressions
    group = rng.integers(settings.n_groups, size=n_profiles)
    likes = world.likings[group]
    likes = likes + rng.normal(0, settings.individual, likes.shape)
    profile = np.repeat(np.arange(n_profiles), settings.n_impressions)
    title = rng.choice(settings.n_titles, n_rows, p=world.shown)
    age_days = np.sort(rng.uniform(0, settings.days, (n_profiles, settings.n_impressions)))
    position = rng.integers(1, _N_PLACES + 1, n_rows)
    slots = variants.slots[title]
    odds = world.variant_odds[slots] + np.einsum("nsk,nk->ns", world.styles[slots], likes[profile])
    fresh = settings.novelty * np.exp(-age_days.ravel() / settings.novelty_days)
    lost = settings.position_bias * (position - 1) / (_N_PLACES - 1)
    odds += (world.title_odds[title] + fresh - lost)[:, None]
    odds += np.log(settings.base_rate / (1 - settings.base_rate))
    chances = 1 / (1 + np.exp(-odds))
    steps = world.logging[variants.slots].cumsum(axis=1)[title]
    slot = np.minimum((rng.random((n_rows, 1)) > steps).sum(axis=1), slots.shape[1] - 1)
    variant = slots[np.arange(n_rows), slot]
    played = rng.random(n_rows) < chances[np.arange(n_rows), slot]
    quality = played & (rng.random(n_rows) < _QUALITY)
    started = 20_454.0  # 2026-01-01
    decisions = Decisions(
        tuple(f"p{at:06d}" for at in range(n_profiles)),
        profile,
        variant,
        started + age_days.ravel(),
        quality.astype(np.float64),
        played,
        world.logging[variant],
    )
    return Traffic(decisions, group, _QUALITY * chances, position)


def event_columns(traffic: Traffic, variants: Variants, seed: int) -> dict[str, object]:
    """A draw as events, a row for every impression and every play that followed, in order of time.

    Returns
    -------
    dict
        The columns of `ava.taste.events`, with position, device and country.
    """
    log = traffic.decisions
    rng = np.random.default_rng([seed, 3])
    where = np.array(_COUNTRIES)[rng.integers(len(_COUNTRIES), size=len(log.profile_ids))]
    device = np.array(_DEVICES)[rng.integers(len(_DEVICES), size=len(log))]
    kinds = [np.ones(len(log), np.bool_), log.played, log.reward > 0]
    rows = np.concatenate([np.flatnonzero(kind) for kind in kinds])
    action = np.repeat(["impression", "play", "quality_play"], [kind.sum() for kind in kinds])
    order = np.lexsort((action, log.profile[rows], log.shown_days[rows]))
    rows, action = rows[order], action[order]
    moments = (log.shown_days[rows] * 86_400e6).astype("datetime64[us]")
    shown: NDArray[np.bool_] = action == "impression"
    return {
        "profile_id": [log.profile_ids[at] for at in log.profile[rows]],
        "title_id": [variants.title_ids[at] for at in log.variant[rows]],
        "variant_id": [variants.variant_ids[at] for at in log.variant[rows]],
        "shown_at": moments,
        "action": action.tolist(),
        "propensity": [
            value if is_shown else None
            for value, is_shown in zip(log.propensity[rows].tolist(), shown.tolist(), strict=True)
        ],
        "position": traffic.position[rows],
        "device": device[rows].tolist(),
        "country": where[log.profile[rows]].tolist(),
    }
