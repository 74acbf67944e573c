"""What became of a frame in one ranking, picked or not: its standing, and why it is out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.ranking.repeats import Looks
from ava.ranking.results import Ranking
from ava.ranking.weighing import Weighed

_SAME_UTILITY = 1e-6


@dataclass(frozen=True)
class Fate:
    """What became of a frame.

    Attributes
    ----------
    outcome : str
        ``picked``, ``dropped`` (by a gate), ``repeat`` (of a pick), ``outranked``, ``elsewhere`` (in
        another set), ``not_shortlisted`` (by the scan), or ``unknown``.
    because : str
        A plain sentence.
    gate : str or None
        The gate that dropped it.
    repeats : int or None
        Frame id of the pick that shows the same picture.
    place : int or None
        Its place by utility among the frames that passed the gates, from 1.
    utility : float or None
        0..1; None where it was not weighed, or that is not known.
    """

    outcome: str
    because: str
    gate: str | None = None
    repeats: int | None = None
    place: int | None = None
    utility: float | None = None


@dataclass(frozen=True)
class Share:
    """What one column adds to a frame: `points`, for a `value` that stands at `percentile`."""

    column: str
    label: str
    value: float | None
    percentile: float
    points: float


@dataclass(frozen=True)
class Ranked:
    """One ranking of a title, and what it was made from.

    Attributes
    ----------
    ranking : Ranking
        Candidates and counts.
    settings : mapping of str to anything
        The settings it was made with, nested; empty where they were not kept.
    made_with : mapping of str to str
        What else decides the numbers, such as the version of ava.
    scorer_ids : tuple of str
        Name, version and settings of every scorer.
    shortlist : ndarray of int64
        Ids of all frames that were scored.
    weighed : Weighed or None
        What each frame was worth; None where that is not known any more.
    looks : Looks or None
        How the frames of the shortlist look, in its order; None like `weighed`.
    """

    ranking: Ranking
    settings: Mapping[str, Any]
    made_with: Mapping[str, str]
    scorer_ids: tuple[str, ...]
    shortlist: NDArray[np.int64]
    weighed: Weighed | None = None
    looks: Looks | None = None

    def __post_init__(self) -> None:
        if (self.weighed is None) != (self.looks is None):
            raise ValueError("weighed and looks come together")

    @cached_property
    def ranks(self) -> dict[int, int]:
        """Rank by frame id, of the candidates."""
        return {one.frame_id: one.rank for one in self.ranking.candidates}

    @cached_property
    def weights(self) -> dict[str, float]:
        """What each column that rates a frame counts, by name; they sum to 1."""
        if self.weighed is not None:
            utility = self.weighed.utility
            pairs = zip(utility.columns, utility.weights, strict=True)
            return {column.name: float(weight) for column, weight in pairs}
        rated = [part for one in self.ranking.candidates for part in one.parts if part.points > 0]
        return {part.column: part.points / part.percentile for part in rated}

    def shares(self, frame_id: int) -> dict[str, Share] | None:
        """What makes up a frame's utility, by column; None where it was not weighed."""
        for one in self.ranking.candidates:
            if one.frame_id == frame_id:
                return {
                    part.column: Share(
                        part.column, part.label, part.value, part.percentile, part.points
                    )
                    for part in one.parts
                }
        place = self._place(frame_id)
        if self.weighed is None or place is None:
            return None
        pool, utility, watched = self.weighed.pool, self.weighed.utility, self.weighed.watched
        row = int(self.weighed.gated.kept[place])
        rated = zip(utility.columns, utility.percentile[place], utility.parts[place], strict=True)
        took = zip(watched.columns, watched.percentile[place], watched.points[place], strict=True)
        found = [*rated, *(one for one in took if one[2] < 0)]
        return {
            column.name: Share(
                column.name,
                column.label,
                _number(float(pool.column(column.name)[row])),
                float(percentile),
                float(points),
            )
            for column, percentile, points in found
        }

    def fate(self, frame_id: int) -> Fate:
        """What became of a frame of the title."""
        if frame_id in self.ranks:
            return self._picked(frame_id)
        if frame_id not in self.shortlist:
            return Fate("not_shortlisted", "the scan did not shortlist it")
        if self.weighed is None or self.looks is None:
            return Fate("unknown", "not among the candidates; why is not known")
        row = int(np.flatnonzero(self.shortlist == frame_id)[0])
        for gate in self.weighed.gated.dropped:
            if row in gate.rows:
                return Fate("dropped", f"dropped: {gate.about}", gate=gate.gate)
        total = self.weighed.total
        utility = float(total[int(np.searchsorted(self.weighed.gated.kept, row))])
        place, n_kept = int((total > utility).sum()) + 1, len(total)
        standing = f"number {place} of {n_kept} by utility"
        picks = np.array(list(self.ranks), np.int64)
        same = self.looks.same(row, np.searchsorted(self.shortlist, picks))
        if same.any():
            pick = int(picks[int(same.argmax())])
            name = self.weighed.pool.labels[int(np.searchsorted(self.shortlist, pick))]
            because = f"nearly the same picture as {name}, candidate {self.ranks[pick]}"
            return Fate("repeat", because, None, pick, place, utility)
        others = [one for one in self.ranking.dropped if one.gate == "elsewhere"]
        if any(frame_id in one.example_frame_ids for one in others):
            return Fate("elsewhere", others[0].about, None, None, place, utility)
        because = f"outranked: {standing}, and others added more to the set"
        if others:
            because += ", or another set has it"
        return Fate("outranked", because, None, None, place, utility)

    def _picked(self, frame_id: int) -> Fate:
        candidate = next(one for one in self.ranking.candidates if one.frame_id == frame_id)
        place = None
        if self.weighed is not None:
            place = int((self.weighed.total > candidate.utility + _SAME_UTILITY).sum()) + 1
        because = f"candidate {candidate.rank}"
        return Fate("picked", because, place=place, utility=candidate.utility)

    def _place(self, frame_id: int) -> int | None:
        """Its place in ``weighed.gated.kept``; None where it has none."""
        if self.weighed is None:
            return None
        kept = self.weighed.gated.kept
        found = np.flatnonzero(self.shortlist[kept] == frame_id)
        return int(found[0]) if len(found) else None


def gives(weighed: Weighed, ranking: Ranking) -> bool:
    """Whether frames that were weighed again are worth what the ranking says.

    They are not where a profile's file was edited since, or ava weighs in another way.
    """
    counts = {one.gate: one.count for one in ranking.dropped}
    gated = {one.gate: len(one.rows) for one in weighed.gated.dropped}
    if any(counts.get(gate) != count for gate, count in gated.items()):
        return False
    ids = weighed.pool.frame_ids[weighed.gated.kept]
    worth = dict(zip(ids.tolist(), weighed.total.tolist(), strict=True))
    return all(
        abs(worth.get(one.frame_id, np.inf) - one.utility) < _SAME_UTILITY
        for one in ranking.candidates
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else value
