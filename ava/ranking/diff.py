"""What changed between two rankings of one title, and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from ava.ranking.fate import Fate, Ranked, Share

_SAME = 1e-9
_SAME_VALUE = 1e-5  # of float32 numbers that were written and read


@dataclass(frozen=True)
class Changed:
    """Something with a name that was one thing and is another; None where it was not there."""

    name: str
    before: Any
    after: Any


@dataclass(frozen=True)
class GateCount:
    """How many frames a gate dropped, before and after."""

    gate: str
    about: str
    before: int
    after: int


@dataclass(frozen=True)
class Moved:
    """How much one column moved a frame's utility.

    Attributes
    ----------
    column, label : str
        The column, and in a word.
    change : float
        Points after, less points before.
    cause : str
        ``weight`` where it counts more or less than before, ``value`` where the number itself
        changed, ``field`` where the frames changed that it is compared with, ``watch_out`` where a
        watch-out lowers the frame more or less. Where several did, the one that moved it most.
    points_before, points_after : float
        What it adds to the utility; 0 where it does not count.
    weight_before, weight_after : float
        Its share of all weights; 0 for a watch-out.
    percentile_before, percentile_after : float or None
        Share of the ranked frames that are not better, 0..1.
    value_before, value_after : float or None
        The number itself; None where it does not apply.
    """

    column: str
    label: str
    change: float
    cause: str
    points_before: float
    points_after: float
    weight_before: float
    weight_after: float
    percentile_before: float | None
    percentile_after: float | None
    value_before: float | None
    value_after: float | None


@dataclass(frozen=True)
class FrameChange:
    """A frame that is a candidate before, after, or both.

    Attributes
    ----------
    frame_id : int
        Place in the decoded stream.
    label : str
        Timecode or file name.
    rank_before, rank_after : int or None
        None where it is no candidate.
    before, after : Fate
        What became of it.
    moved : tuple of Moved
        What moved its utility, most first; empty where nothing did, or it was not weighed in both.
    """

    frame_id: int
    label: str
    rank_before: int | None
    rank_after: int | None
    before: Fate
    after: Fate
    moved: tuple[Moved, ...]

    @property
    def unchanged(self) -> bool:
        """Whether it has the same rank and utility."""
        return self.rank_before == self.rank_after and not self.moved


@dataclass(frozen=True)
class RankingDiff:
    """What changed between two rankings of one title.

    Attributes
    ----------
    stayed : tuple of FrameChange
        Candidates in both, in the order of the second.
    came_in, went_out : tuple of FrameChange
        Candidates in one of them only, by rank there.
    profile : Changed or None
        The weight profile by name, where it is another.
    weights : tuple of Changed
        Columns that count more or less, of 1 in all; the greatest change first.
    gates : tuple of GateCount
        Gates that drop more or fewer frames.
    settings : tuple of Changed
        By name, such as ``ranking.top``.
    made_with : tuple of Changed
        What else decides the numbers, such as the version of ava.
    scorers_gone, scorers_new : tuple of str
        Ids of scorers that only one of them has.
    n_shortlisted : Changed or None
        Frames that were scored, where that is another number.
    notes : tuple of str
        What could not be told.
    """

    stayed: tuple[FrameChange, ...]
    came_in: tuple[FrameChange, ...]
    went_out: tuple[FrameChange, ...]
    profile: Changed | None
    weights: tuple[Changed, ...]
    gates: tuple[GateCount, ...]
    settings: tuple[Changed, ...]
    made_with: tuple[Changed, ...]
    scorers_gone: tuple[str, ...]
    scorers_new: tuple[str, ...]
    n_shortlisted: Changed | None
    notes: tuple[str, ...]

    @property
    def same_candidates(self) -> bool:
        """Whether the same frames have the same ranks and utilities."""
        moved = any(not one.unchanged for one in self.stayed)
        return not (moved or self.came_in or self.went_out)

    @property
    def same(self) -> bool:
        """Whether nothing changed at all."""
        others = (self.weights, self.gates, self.settings, self.made_with)
        ids = (self.scorers_gone, self.scorers_new)
        return (
            self.same_candidates
            and not any((*others, *ids))
            and self.profile is None
            and self.n_shortlisted is None
        )

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        return {"same": self.same, "same_candidates": self.same_candidates, **asdict(self)}


def diff(before: Ranked, after: Ranked) -> RankingDiff:
    """Compare two rankings of one title; frames are matched by their id.

    Parameters
    ----------
    before, after : Ranked
        Of the same title: their ids must mean the same frames.
    """
    first, second = before.ranking, after.ranking
    ids_before = [one.frame_id for one in first.candidates]
    ids_after = [one.frame_id for one in second.candidates]
    labels = {one.frame_id: one.label for one in (*first.candidates, *second.candidates)}

    def changes(ids: list[int]) -> tuple[FrameChange, ...]:
        return tuple(_frame(before, after, frame_id, labels[frame_id]) for frame_id in ids)

    return RankingDiff(
        stayed=changes([one for one in ids_after if one in before.ranks]),
        came_in=changes([one for one in ids_after if one not in before.ranks]),
        went_out=changes([one for one in ids_before if one not in after.ranks]),
        profile=_changed("profile", first.profile, second.profile),
        weights=_weights(before, after),
        gates=_gates(before, after),
        settings=_settings(before.settings, after.settings),
        made_with=_mapping(before.made_with, after.made_with),
        scorers_gone=tuple(sorted(set(before.scorer_ids) - set(after.scorer_ids))),
        scorers_new=tuple(sorted(set(after.scorer_ids) - set(before.scorer_ids))),
        n_shortlisted=_changed("shortlisted", first.n_considered, second.n_considered),
        notes=(*_unknown("first", before), *_unknown("second", after)),
    )


def _frame(before: Ranked, after: Ranked, frame_id: int, label: str) -> FrameChange:
    return FrameChange(
        frame_id,
        label,
        before.ranks.get(frame_id),
        after.ranks.get(frame_id),
        before.fate(frame_id),
        after.fate(frame_id),
        _moved(before, after, frame_id),
    )


def _moved(before: Ranked, after: Ranked, frame_id: int) -> tuple[Moved, ...]:
    old, new = before.shares(frame_id), after.shares(frame_id)
    if old is None or new is None:
        return ()
    found = []
    for name in {**old, **new}:
        was, now = old.get(name), new.get(name)
        weights = before.weights.get(name, 0.0), after.weights.get(name, 0.0)
        moved = _of_column(name, was, now, *weights)
        if abs(moved.change) > _SAME:
            found.append(moved)
    return tuple(sorted(found, key=lambda one: (-abs(one.change), one.column)))


def _of_column(
    name: str, was: Share | None, now: Share | None, weight_before: float, weight_after: float
) -> Moved:
    known = now or was
    assert known is not None
    points_before, points_after = was.points if was else 0.0, now.points if now else 0.0
    return Moved(
        name,
        known.label,
        points_after - points_before,
        _cause(was, now, weight_before, weight_after),
        points_before,
        points_after,
        weight_before,
        weight_after,
        was.percentile if was else None,
        now.percentile if now else None,
        was.value if was else None,
        now.value if now else None,
    )


def _cause(was: Share | None, now: Share | None, weight_before: float, weight_after: float) -> str:
    """Points are weight × percentile: each one's effect is taken at the other's mean."""
    if any(one is not None and one.points < 0 for one in (was, now)):
        return "watch_out"
    if was is None or now is None:
        return "weight"
    by_weight = (weight_after - weight_before) * (was.percentile + now.percentile) / 2
    by_standing = (now.percentile - was.percentile) * (weight_before + weight_after) / 2
    if abs(by_weight) >= abs(by_standing):
        return "weight"
    return "field" if _same_value(was.value, now.value) else "value"


def _same_value(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return bool(np.isclose(one, other, rtol=_SAME_VALUE, atol=_SAME_VALUE))


def _changed(name: str, before: Any, after: Any) -> Changed | None:
    return None if before == after else Changed(name, before, after)


def _weights(before: Ranked, after: Ranked) -> tuple[Changed, ...]:
    names = {**before.weights, **after.weights}
    pairs = [(name, before.weights.get(name, 0.0), after.weights.get(name, 0.0)) for name in names]
    moved = [one for one in pairs if abs(one[2] - one[1]) > _SAME]
    moved.sort(key=lambda one: (-abs(one[2] - one[1]), one[0]))
    return tuple(Changed(*one) for one in moved)


def _gates(before: Ranked, after: Ranked) -> tuple[GateCount, ...]:
    old = {one.gate: one for one in before.ranking.dropped}
    new = {one.gate: one for one in after.ranking.dropped}
    counts = [
        GateCount(
            gate,
            one.about,
            old[gate].count if gate in old else 0,
            new[gate].count if gate in new else 0,
        )
        for gate, one in {**old, **new}.items()
    ]
    return tuple(one for one in counts if one.before != one.after)


def _settings(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Changed, ...]:
    """Of the sections that both kept: what is not known did not change for all one knows."""
    sections = [name for name in before if name in after]
    return _mapping(
        _flat({name: before[name] for name in sections}),
        _flat({name: after[name] for name in sections}),
    )


def _flat(facts: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, value in facts.items():
        if isinstance(value, Mapping):
            found |= _flat(value, f"{prefix}{name}.")
        else:
            found[prefix + name] = value
    return found


def _mapping(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Changed, ...]:
    pairs = [(name, before.get(name), after.get(name)) for name in {**before, **after}]
    return tuple(Changed(*one) for one in pairs if one[1] != one[2])


def _unknown(which: str, ranked: Ranked) -> tuple[str, ...]:
    if not ranked.settings.get("ranking"):
        why = "its settings were not kept"
    elif ranked.weighed is None:
        why = "its settings, applied again, do not give the same numbers"
    else:
        return ()
    return (f"Of the {which} ranking it is not known why other frames are out: {why}.",)
