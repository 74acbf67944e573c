"""Gates, utility and diversity put together: an explained order."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.canvas_picks import CanvasPick, CanvasSettings, LayoutOf, picks_for
from ava.ranking.gates import Dropped, GateSettings
from ava.ranking.genre import AUTO
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile
from ava.ranking.reasons import reasons_for
from ava.ranking.results import Candidate, DroppedFrames, Part, Ranking
from ava.ranking.sets import Choices, Chosen, DiversitySettings, choose
from ava.ranking.spoilers import LATENESS, SpoilerSettings
from ava.ranking.watch_outs import lowered_frames, reason
from ava.ranking.weighing import Weighed, weigh

_N_EXAMPLES = 6


@dataclass(frozen=True)
class RankingSettings:
    """How candidates are ranked.

    Attributes
    ----------
    top : int
        How many candidates are wanted, at most.
    profile : str
        Name of a built-in weight profile, or path of one's own; ``auto`` for the one that the
        title's measures speak for.
    gates : GateSettings
        Where the gates stand.
    diversity : DiversitySettings
        What the set is to cover.
    spoilers : SpoilerSettings
        What a late frame loses.
    canvases : CanvasSettings
        The shapes that crops are made for.
    """

    top: int = 12
    profile: str = AUTO
    gates: GateSettings = field(default_factory=GateSettings)
    diversity: DiversitySettings = field(default_factory=DiversitySettings)
    spoilers: SpoilerSettings = field(default_factory=SpoilerSettings)
    canvases: CanvasSettings = field(default_factory=CanvasSettings)

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ConfigError(f"top must be at least 1, not {self.top}")


def rank_pool(pool: Pool, settings: RankingSettings, profile: Profile) -> Ranking:
    """Weigh and rank the shortlisted frames of a title.

    Raises
    ------
    NothingToRank
        When no frame is left, with the counts.
    """
    weighed = weigh(pool, settings.gates, settings.spoilers, profile)
    return rank_weighed(weighed, choices_among(weighed, settings), settings)


def choices_among(weighed: Weighed, settings: RankingSettings) -> Choices:
    """The frames that passed the gates, looked at once for candidates and canvases."""
    return Choices.of(weighed.pool, weighed.gated.kept, settings.diversity)


def rank_weighed(
    weighed: Weighed,
    choices: Choices,
    settings: RankingSettings,
    elsewhere: frozenset[int] = frozenset(),
) -> Ranking:
    """Choose the candidates among frames that were weighed.

    Parameters
    ----------
    weighed : Weighed
        The frames.
    choices : Choices
        Those of them that passed the gates; see `choices_among`.
    settings : RankingSettings
        How many, and how different.
    elsewhere : frozenset of int
        Frames that may not be taken, by id: another set has them, or the same picture.
    """
    pool, gated, watched = weighed.pool, weighed.gated, weighed.watched
    free = _free(weighed, elsewhere)
    chosen = choose(choices, weighed.total, settings.top, settings.diversity, free)
    candidates = tuple(
        _candidate(weighed, choices, chosen, place) for place in range(len(chosen.picks))
    )
    dropped = [_dropped(pool, one) for one in gated.dropped]
    if pool.n_torn:
        dropped.append(
            DroppedFrames("torn", "damaged in the file, never looked at", pool.n_torn, ())
        )
    if chosen.repeats:
        rows = gated.kept[np.array(sorted(chosen.repeats), dtype=np.int64)]
        about = "nearly the same picture as a better candidate"
        dropped.append(_dropped(pool, Dropped("repeat", about, rows)))
    if not free.all():
        about = "in the set of the season or of another episode"
        dropped.append(_dropped(pool, Dropped("elsewhere", about, gated.kept[~free])))
    notes = [*gated.lifted, *weighed.remarks, *chosen.unmet]
    if len(candidates) < settings.top:
        found = f"only {len(candidates)} {'is' if len(candidates) == 1 else 'are'}"
        notes.append(
            f"{settings.top} candidates were asked for; {found} different enough and without a flaw."
        )
    ranks = {row: rank for rank, row in enumerate(chosen.picks, start=1)}
    return Ranking(
        candidates,
        tuple(dropped),
        tuple(notes),
        weighed.profile,
        len(pool),
        tuple(
            one
            for one in lowered_frames(pool, gated.kept, watched, ranks)
            if one.column != LATENESS.name or one.rank is not None  # of a quarter of the film
        ),
        tuple(column.name for column in watched.columns),
        watched.missing,
    )


def _free(weighed: Weighed, elsewhere: frozenset[int]) -> NDArray[np.bool_]:
    taken = np.array(sorted(elsewhere), np.int64)
    return ~np.isin(weighed.pool.frame_ids[weighed.gated.kept], taken)


def rank_for_canvases(
    weighed: Weighed,
    choices: Choices,
    settings: RankingSettings,
    layout_of: LayoutOf,
    elsewhere: frozenset[int] = frozenset(),
) -> dict[str, tuple[CanvasPick, ...]]:
    """The best frames of a title for each canvas, by the same gates and weights; see `picks_for`."""
    wanted = settings.canvases
    return picks_for(
        wanted.canvases,
        weighed.pool,
        choices,
        weighed.total,
        layout_of,
        wanted.top,
        settings.diversity,
        _free(weighed, elsewhere),
    )


def _dropped(pool: Pool, one: Dropped) -> DroppedFrames:
    spread = np.unique(np.linspace(0, len(one.rows) - 1, _N_EXAMPLES).round().astype(int))
    examples = tuple(int(frame) for frame in pool.frame_ids[one.rows[spread]])
    return DroppedFrames(one.gate, one.about, len(one.rows), examples)


def _candidate(weighed: Weighed, choices: Choices, chosen: Chosen, place: int) -> Candidate:
    pool, utility, watched = weighed.pool, weighed.utility, weighed.watched
    row = chosen.picks[place]
    pool_row = int(choices.rows[row])
    rated = zip(
        utility.columns, utility.percentile[row], utility.parts[row], utility.stands, strict=True
    )
    warned = zip(watched.columns, watched.percentile[row], watched.points[row], strict=True)
    took = [(*one, "better") for one in warned if one[2] < 0]
    values = {column.name: pool.column(column.name)[pool_row] for column in pool.scores.scalars()}
    parts = tuple(
        Part(
            column.name,
            column.label,
            column.about,
            _number(values[column.name]),
            float(percentile),
            float(points),
            stands,
        )
        for column, percentile, points, stands in (*rated, *took)
    )
    warnings = [reason(column, float(values[column.name]), points) for column, _, points, _ in took]
    return Candidate(
        rank=place + 1,
        frame_id=int(pool.frame_ids[pool_row]),
        pts_seconds=float(pool.pts_seconds[pool_row]),
        label=pool.labels[pool_row],
        shot_index=int(pool.shot_index[pool_row]),
        utility=float(sum(part.points for part in parts)),
        diversity=chosen.diversity[place],
        facets=choices.shown_by(row),
        parts=parts,
        reasons=(*warnings, *reasons_for(pool, pool_row, utility, row), *_adds(chosen, place)),
    )


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)


def _adds(chosen: Chosen, place: int) -> tuple[str, ...]:
    """What the set would lack without it; the first candidate has all to itself."""
    new = chosen.firsts[place]
    return (f"First of the set with: {', '.join(new)}.",) if place and new else ()
