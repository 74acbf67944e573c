"""Why a frame is in a ranking or out of it, and what would have to change."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from ava.ranking.gates import GATES, Dropped
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile
from ava.ranking.rank import RankingSettings
from ava.ranking.sets import Choices, choose
from ava.ranking.weighing import weigh

_FOLLOWED = 200  # picks; further down nobody looks
_STRICTER = (
    "stricter on what is the same: "
    "--set ranking.diversity.near_duplicate_gray=… or near_duplicate_color=…"
)
_OTHER_WEIGHTS = "other weights: --profile, or --need for what it shows"


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
    choices = Choices.of(outcome.pool, kept, settings.diversity)
    n_followed = max(settings.top, _FOLLOWED)
    chosen = choose(
        choices, total, settings.top, settings.diversity, beyond=n_followed - settings.top
    )
    if place in chosen.repeats:
        name = pool.labels[int(kept[chosen.repeats[place]])]
        because = (utility, f"It is nearly the same picture as {name}, which adds more to the set.")
        return Why(frame_id, label, None, because, (_STRICTER,))
    if place not in chosen.picks:
        because = (utility, f"It is not among the first {n_followed} that would be taken.")
        return Why(frame_id, label, None, because, (_OTHER_WEIGHTS,))
    rank = chosen.picks.index(place) + 1
    adds = f"When its turn comes, {100 * chosen.diversity[rank - 1]:.0f} % of what it covers is new"
    if first := chosen.firsts[rank - 1]:
        adds += f" ({', '.join(first)})"
    adds += f": with that it adds {100 * chosen.worth[rank - 1]:.1f} points to the set."
    if rank <= settings.top:
        return Why(frame_id, label, rank, (f"It is candidate {rank}.", utility, adds), ())
    bar = chosen.worth[settings.top - 1]
    because = (utility, adds, f"The last candidate adds {100 * bar:.1f}.")
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
