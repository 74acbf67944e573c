"""A set in which every picture adds something, chosen greedily from a submodular objective."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.coverage import Coverage
from ava.ranking.facets import FACETS, Facet, facets_of
from ava.ranking.needs import Need, Quota, masks_of, parse_limits, parse_needs
from ava.ranking.pool import Pool
from ava.ranking.repeats import Looks

Floats = NDArray[np.float64]
_BLOCK = 1024  # frames looked at again together; one by one would be slower


@dataclass(frozen=True)
class DiversitySettings:
    """What a set is to cover.

    Attributes
    ----------
    strength : float
        What coverage counts, beside utility; 0 ranks by utility alone.
    shot, time, episode, characters, company, scale, environment, light, palette, space : float
        Weights of the facets: another shot, part of the film, episode of a season, person, number
        of people, shot scale, place, tone, colors, side with room for a title. Only their
        proportions matter.
    need : tuple of str
        What the set must hold where the title has it, such as ``lead:2`` or ``wide:3``.
    at_most : tuple of str
        What it may hold no more of, such as ``per-shot=1`` or ``per-character=3``.
    near_duplicate_gray : float
        Two frames are repeats of one picture when their 12 × 8 layouts differ by less than this
        many gray levels on average, and their colors by less than `near_duplicate_color`.
    near_duplicate_color : float
        Share of the picture with another of the 216 colors.
    """

    strength: float = 0.6
    shot: float = 3.0
    time: float = 2.0
    episode: float = 3.0
    characters: float = 3.0
    company: float = 1.0
    scale: float = 2.0
    environment: float = 2.0
    light: float = 1.0
    palette: float = 1.0
    space: float = 0.5
    need: tuple[str, ...] = ()
    at_most: tuple[str, ...] = ()
    near_duplicate_gray: float = 7.0
    near_duplicate_color: float = 0.3

    def __post_init__(self) -> None:
        negative = [name for name, weight in self.weights.items() if weight < 0]
        if self.strength < 0 or negative:
            name = negative[0] if negative else "strength"
            raise ConfigError(f"ranking.diversity.{name} must not be negative")
        parse_needs(self.need)
        parse_limits(self.at_most)

    @property
    def weights(self) -> dict[str, float]:
        """Weight by name of the facet."""
        return {name: float(getattr(self, name)) for name in FACETS}


@dataclass(frozen=True)
class Chosen:
    """A set in the order it was chosen.

    Attributes
    ----------
    picks : list of int
        Rows of `rows`, best first.
    diversity : list of float
        Of each, how much of what it covers is new to those before it, 0..1; 1 for the first.
    worth : list of float
        Of each, what it added: utility, and coverage × `strength`.
    firsts : list of tuple of str
        What each is the first to show, in words.
    repeats : dict of int to int
        Frames left out as repeats: from row of `rows` to the pick it repeats.
    unmet : tuple of str
        Sentences on what was asked for and could not be had.
    """

    picks: list[int]
    diversity: list[float]
    worth: list[float]
    firsts: list[tuple[str, ...]]
    repeats: dict[int, int]
    unmet: tuple[str, ...] = ()


@dataclass(frozen=True)
class Choices:
    """Frames to choose from, looked at once: their facets and looks, in order of time.

    Attributes
    ----------
    rows : ndarray of int64, shape (N,)
        Rows of the pool, in the order they were given.
    order : ndarray of int64, shape (N,)
        Their places in order of frame, so that the order they come in changes nothing.
    facets : tuple of Facet
        What they show; in order of frame.
    looks : Looks
        How they look; in order of frame.
    masks : tuple of ndarray of bool
        Which serve the needs; in order of frame.
    """

    rows: NDArray[np.int64]
    order: NDArray[np.int64]
    facets: tuple[Facet, ...]
    looks: Looks
    needs: tuple[Need, ...]
    masks: tuple[NDArray[np.bool_], ...]

    @classmethod
    def of(cls, pool: Pool, rows: NDArray[np.int64], settings: DiversitySettings) -> Choices:
        """Look at the frames in `rows`.

        Raises
        ------
        ConfigError
            When something is asked for that nobody knows.
        """
        order = np.argsort(pool.frame_ids[rows], kind="stable")
        ordered = rows[order]
        facets = facets_of(pool, ordered)
        looks = Looks.of(pool, ordered, settings.near_duplicate_gray, settings.near_duplicate_color)
        needs = parse_needs(settings.need)
        return cls(rows, order, facets, looks, needs, tuple(masks_of(needs, pool, ordered, facets)))

    def shown_by(self, row: int) -> dict[str, str]:
        """What a frame, by its place in `rows`, shows: words by facet."""
        place = int(np.flatnonzero(self.order == row)[0])
        return {one.name: " and ".join(one.of(place)) for one in self.facets if one.told}


def choose(
    choices: Choices,
    utility: Floats,
    top: int,
    settings: DiversitySettings,
    among: NDArray[np.bool_] | None = None,
    beyond: int = 0,
) -> Chosen:
    """Choose up to `top` frames, each time the one that adds most to utility and coverage.

    The objective ``Σ utility + strength × C(S)`` (see `Coverage`) is monotone and submodular, so
    that the greedy set is worth at least 1 - 1/e of the best one there is (Nemhauser, Wolsey &
    Fisher 1978), at least half of it under one limit such as ``per-shot=1`` (Fisher, Nemhauser &
    Wolsey 1978). What a frame adds never grows while the set does: only frames whose last known
    gain is on top are looked at again (Minoux 1978, "accelerated greedy"). Repeats of a pick are
    left out, and frames that would leave no room for what was asked for wait.

    Ties go to the earlier frame; the same frames in another order give the same set.

    Parameters
    ----------
    choices : Choices
        The frames.
    utility : ndarray of float64, shape (N,)
        What each is worth alone, 0 or more, in the order of ``choices.rows``.
    top : int
        How many are wanted, at most.
    settings : DiversitySettings
        What is to be covered.
    among : ndarray of bool, shape (N,), optional
        Only these may be chosen, in the order of ``choices.rows``.
    beyond : int
        How many more to name that would come next.
    """
    worth = utility[choices.order]
    available = np.ones(len(worth), bool) if among is None else among[choices.order]
    coverage = Coverage(choices.facets, settings.weights, len(worth))
    quota = Quota(choices.needs, choices.masks, parse_limits(settings.at_most), choices.facets, top)
    everyone = np.arange(len(worth))
    alone = coverage.gain(everyone, afresh=True)
    bound = worth + settings.strength * alone
    chosen = Chosen([], [], [], [], {})
    picks: list[int] = []
    while len(picks) < top + beyond:
        pick = _next(bound, quota.allowed(available), worth, settings.strength, coverage)
        if pick is None:
            break
        available[pick] = False
        repeated = choices.looks.same(pick, np.array(picks, np.int64))
        if repeated.any():
            chosen.repeats[int(choices.order[pick])] = int(
                choices.order[picks[int(repeated.argmax())]]
            )
            continue
        gain = float(coverage.gain(np.array([pick]))[0])
        picks.append(pick)
        chosen.picks.append(int(choices.order[pick]))
        chosen.diversity.append(min(1.0, gain / alone[pick]) if alone[pick] else 1.0)
        chosen.worth.append(float(worth[pick] + settings.strength * gain))
        chosen.firsts.append(coverage.first_with(pick))
        coverage.add(pick)
        available = quota.add(pick, available)
    _name_repeats(chosen, choices, picks, among)
    return Chosen(
        chosen.picks, chosen.diversity, chosen.worth, chosen.firsts, chosen.repeats, quota.unmet()
    )


def _next(
    bound: Floats, allowed: NDArray[np.bool_], worth: Floats, strength: float, coverage: Coverage
) -> int | None:
    """The allowed frame that adds most; `bound` holds gains of before and is brought up to date."""
    if not allowed.any():
        return None
    stale = allowed.copy()
    while True:
        open_bound = np.where(allowed, bound, -np.inf)
        top = int(open_bound.argmax())
        if not stale[top]:
            return top
        waiting = np.flatnonzero(stale)
        if len(waiting) > _BLOCK:
            best = np.argpartition(-bound[waiting], _BLOCK - 1)[:_BLOCK]
            waiting = waiting[best]
        bound[waiting] = worth[waiting] + strength * coverage.gain(waiting)
        stale[waiting] = False


def _name_repeats(
    chosen: Chosen, choices: Choices, picks: Sequence[int], among: NDArray[np.bool_] | None
) -> None:
    """Every frame that a pick stands for, the first pick that does."""
    rest = np.ones(len(choices.order), bool) if among is None else among[choices.order].copy()
    rest[list(picks)] = False
    for pick in picks:
        others = np.flatnonzero(rest)
        same = others[choices.looks.same(pick, others)]
        for row in same:
            chosen.repeats[int(choices.order[row])] = int(choices.order[pick])
        rest[same] = False
