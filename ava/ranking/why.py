"""Why a frame is in a ranking or out of it, and what would have to change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ava.ranking.diversity import choose
from ava.ranking.gates import GATES, Dropped
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile
from ava.ranking.rank import RankingSettings
from ava.ranking.weighing import weigh


@dataclass(frozen=True)
class Why:
    """What became of one frame.

    Attributes
    ----------
    frame_id : int
        Place in the decoded stream.
    label : str
        Timecode or file name.
    rank : int or None
        Its rank; None where it is out.
    because : tuple of str
        Plain sentences.
    change : tuple of str
        What would bring it in.
    """

    frame_id: int
    label: str
    rank: int | None
    because: tuple[str, ...]
    change: tuple[str, ...]


def why(pool: Pool, row: int, settings: RankingSettings, profile: Profile) -> Why:
    """Follow one frame through gates, weights and choice.

    Parameters
    ----------
    pool : Pool
        All shortlisted frames of the title.
    row : int
        The frame's row in it.
    settings : RankingSettings
        How they are ranked.
    profile : Profile
        The weights.
    """
    outcome = weigh(pool, settings.gates, settings.spoilers, profile)
    frame_id, label = int(pool.frame_ids[row]), pool.labels[row]
    for gate in outcome.gated.dropped:
        if row in gate.rows:
            because, change = _dropped(pool, row, gate, settings)
            return Why(frame_id, label, None, because, change)
    place = int(np.searchsorted(outcome.gated.kept, row))
    total, kept = outcome.total, outcome.gated.kept
    n_better = int((total > total[place]).sum())
    utility = f"Its utility is {100 * total[place]:.1f}, number {n_better + 1} of {len(kept)}."
    chosen = choose(pool, kept, total, len(kept), settings.diversity)
    if place in chosen.repeats:
        better = chosen.repeats[place]
        name = pool.labels[int(kept[better])]
        return Why(
            frame_id,
            label,
            None,
            (utility, f"It is nearly the same picture as {name}, which is worth more."),
            (
                "stricter on what is the same: "
                "--set ranking.diversity.near_duplicate_gray=… or near_duplicate_color=…",
            ),
        )
    rank = chosen.picks.index(place) + 1
    likeness = chosen.likeness[rank - 1]
    cost = f"Likeness of {100 * likeness:.0f} % to a better candidate costs it "
    cost += f"{100 * settings.diversity.strength * likeness:.1f} points when the set is chosen."
    if rank <= settings.top:
        return Why(frame_id, label, rank, (f"It is candidate {rank}.", utility, cost), ())
    last = chosen.picks[settings.top - 1]
    bar = total[last] - settings.diversity.strength * chosen.likeness[settings.top - 1]
    because = (utility, cost, f"The last candidate has {100 * bar:.1f} points after likeness.")
    return Why(frame_id, label, None, because, (f"asking for more: --top {rank}",))


def _dropped(
    pool: Pool, row: int, dropped: Dropped, settings: RankingSettings
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    columns = {column.name: column for column in pool.scores.columns}
    because, change = [f"It was dropped: {dropped.about}."], []
    gate = next(one for one in GATES if one.name == dropped.gate)
    for setting, name in gate.limits:
        limit = getattr(settings.gates, setting)
        if name in columns:
            spoken = columns[name].spoken(float(pool.column(name)[row]))
            because.append(f"{name.replace('_', ' ').capitalize()}: {spoken}.")
        change.append(f"another limit: --set ranking.gates.{setting}=… (now {limit:g})")
    if not gate.limits:
        change.append("another moment of the shot: ava still, ava explain")
    return tuple(because), tuple(dict.fromkeys(change))
