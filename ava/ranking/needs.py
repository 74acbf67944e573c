"""What a set must hold, and what it may not hold too much of, as a person asks for it."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.facets import Facet
from ava.ranking.pool import Pool

_GROUPS = {
    "wide": ("long shot", "extreme long shot"),
    "medium": ("medium close-up", "medium shot", "medium long shot"),
    "close": ("extreme close-up", "close-up"),
    "alone": ("one person alone",),
    "together": ("two people", "three people", "a crowd"),
    **{
        word: tuple(
            f"{light} {tone} light"
            for light in ("dark", "medium", "bright")
            for tone in ("cool", "neutral", "warm")
            if word in (light, tone)
        )
        for word in ("dark", "bright", "cool", "warm")
    },
    "title-left": ("room for a title on the left",),
    "title-right": ("room for a title on the right",),
    "title-above": ("room for a title above",),
    "title-below": ("room for a title below",),
}
_LIMITED = ("shot", "characters", "company", "scale", "space", "light", "environment", "episode")
_LIMITS = {f"per-{'character' if name == 'characters' else name}": name for name in _LIMITED}
_UNLIMITED = ("nobody", "somebody else")  # are no characters


@dataclass(frozen=True)
class Need:
    """At least `count` frames with something.

    Attributes
    ----------
    word : str
        As it was asked for.
    count : int
        How many.
    """

    word: str
    count: int


@dataclass(frozen=True)
class Limit:
    """At most `count` frames with the same value of a facet.

    Attributes
    ----------
    facet : str
        Name of the facet.
    count : int
        How many.
    """

    facet: str
    count: int


def parse_needs(texts: Iterable[str]) -> tuple[Need, ...]:
    """``lead:2`` and the like.

    Raises
    ------
    ConfigError
        When it is not written so.
    """
    return tuple(Need(*_pair(text, ":", "--need", "lead:2")) for text in texts)


def parse_limits(texts: Iterable[str]) -> tuple[Limit, ...]:
    """``per-shot=1`` and the like.

    Raises
    ------
    ConfigError
        When it is not written so, or there is no such limit.
    """
    found = []
    for text in texts:
        name, count = _pair(text, "=", "--at-most", "per-shot=1")
        if name not in _LIMITS:
            raise ConfigError(f"--at-most {text}: no limit {name!r}", _near(name, _LIMITS))
        found.append(Limit(_LIMITS[name], count))
    return tuple(found)


def _pair(text: str, sign: str, option: str, example: str) -> tuple[str, int]:
    name, found, count = text.rpartition(sign)
    if not found or not name.strip() or not count.strip().isdecimal() or int(count) < 1:
        raise ConfigError(f"{option} {text}: write it as {example}")
    return _plain(name), int(count)


def _plain(word: str) -> str:
    return "-".join(word.lower().split())


def _near(word: str, known: Iterable[str]) -> str:
    known = sorted(known)
    near = difflib.get_close_matches(word, known, n=1)
    return f"did you mean {near[0]}?" if near else f"known are: {', '.join(known)}"


def masks_of(
    needs: Sequence[Need], pool: Pool, rows: NDArray[np.int64], facets: Sequence[Facet]
) -> list[NDArray[np.bool_]]:
    """Which of the frames serve each need.

    Raises
    ------
    ConfigError
        When nobody knows the word, with the nearest that is known.
    """
    known = _vocabulary(pool, rows, facets) if needs else {}
    for need in needs:
        if need.word not in known:
            raise ConfigError(
                f"--need {need.word}: there is no such thing", _near(need.word, known)
            )
    return [known[need.word] for need in needs]


def _vocabulary(
    pool: Pool, rows: NDArray[np.int64], facets: Sequence[Facet]
) -> Mapping[str, NDArray[np.bool_]]:
    """Everything that can be asked for, and which frames have it."""
    found = {
        _plain(word): facet.showing(value)
        for facet in facets
        if facet.told
        for value, word in enumerate(facet.values)
    }
    for word, members in _GROUPS.items():
        masks = [found[_plain(one)] for one in members if _plain(one) in found]
        if masks:
            found[word] = np.logical_or.reduce(masks)
    roles = {one.key: one.role for row in rows for one in (pool.seen[row] if pool.seen else ())}
    for facet in facets:
        of_key = {key: facet.showing(value) for value, key in enumerate(facet.keys)}
        found |= of_key
        for role in {roles[key] for key in of_key}:
            having = [mask for key, mask in of_key.items() if roles[key] == role]
            found[role] = np.logical_or.reduce(having)
    return found


class Quota:
    """Keeps a growing set within its limits, and leaves room for what it still needs.

    Parameters
    ----------
    needs : sequence of Need
        What must come.
    masks : sequence of ndarray of bool, shape (N,)
        Which frames serve each, see `masks_of`.
    limits : sequence of Limit
        What may not come too often; a facet that the title lacks limits nothing.
    facets : sequence of Facet
        What the frames show.
    top : int
        How many frames the set takes.
    """

    def __init__(
        self,
        needs: Sequence[Need],
        masks: Sequence[NDArray[np.bool_]],
        limits: Sequence[Limit],
        facets: Sequence[Facet],
        top: int,
    ) -> None:
        self._needs, self._masks, self._left = needs, masks, top
        self._open = np.array([need.count for need in needs], np.int64)
        by_name = {facet.name: facet for facet in facets}
        self._limits = [
            (by_name[one.facet], one.count, np.zeros(len(by_name[one.facet].values), np.int64))
            for one in limits
            if one.facet in by_name
        ]

    def allowed(self, available: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which of the available frames may come next."""
        if not self._open.any() or self._left <= 0 or not available.any():
            return available
        # What is not there any more cannot be waited for.
        there = np.array([int((mask & available).sum()) for mask in self._masks])
        still = np.minimum(self._open, there)
        unmet = np.full(len(available), int(still.sum()))
        for mask, count in zip(self._masks, still, strict=True):
            unmet -= mask & (count > 0)
        fewest = int(unmet[available].min())
        allowed: NDArray[np.bool_] = available & (unmet <= max(fewest, self._left - 1))
        return allowed

    def add(self, row: int, available: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Count a frame that was taken; gives the available ones less those at a limit now."""
        self._left -= 1
        for at, mask in enumerate(self._masks):
            self._open[at] = max(0, self._open[at] - int(mask[row]))
        for facet, most, counts in self._limits:
            for value in facet.index[row][facet.share[row] > 0]:
                counts[value] += 1
                if counts[value] >= most and facet.values[value] not in _UNLIMITED:
                    available = available & ~facet.showing(int(value))
        return available

    def unmet(self) -> tuple[str, ...]:
        """A sentence on every need that the set does not serve in full."""
        return tuple(
            f"{need.count} with {need.word} were asked for; {need.count - left} could be had."
            for need, left in zip(self._needs, self._open, strict=True)
            if left
        )
