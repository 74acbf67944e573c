"""Gates, utility and diversity put together: an explained order."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any

import numpy as np

from ava.core.errors import ConfigError
from ava.ranking.canvas_picks import CanvasPick, CanvasSettings, LayoutOf, picks_for
from ava.ranking.diversity import DiversitySettings, choose
from ava.ranking.gates import Dropped, GateSettings
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile
from ava.ranking.reasons import reasons_for
from ava.ranking.spoilers import LATENESS, SpoilerSettings
from ava.ranking.utility import Utility
from ava.ranking.watch_outs import Lowered, WatchedOver, lowered_frames, reason
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
        Name of a built-in weight profile, or path of one's own.
    gates : GateSettings
        Where the gates stand.
    diversity : DiversitySettings
        How much likeness costs.
    spoilers : SpoilerSettings
        What a late frame loses.
    canvases : CanvasSettings
        The shapes that crops are made for.
    """

    top: int = 12
    profile: str = "default"
    gates: GateSettings = field(default_factory=GateSettings)
    diversity: DiversitySettings = field(default_factory=DiversitySettings)
    spoilers: SpoilerSettings = field(default_factory=SpoilerSettings)
    canvases: CanvasSettings = field(default_factory=CanvasSettings)

    def __post_init__(self) -> None:
        if self.top < 1:
            raise ConfigError(f"top must be at least 1, not {self.top}")


@dataclass(frozen=True)
class Part:
    """What one column adds to a candidate's utility.

    Attributes
    ----------
    column, label, about : str
        The column, in a word and in a sentence.
    value : float or None
        The number itself; None where it does not apply.
    percentile : float
        Share of the ranked frames that are not better, 0..1.
    points : float
        What it adds; the parts of a candidate sum to its utility.
    stands : str
        "better" than that share of frames; "higher" or "lower" where a learned taste likes that.
    """

    column: str
    label: str
    about: str
    value: float | None
    percentile: float
    points: float
    stands: str = "better"


@dataclass(frozen=True)
class Candidate:
    """A frame that could become artwork.

    Attributes
    ----------
    rank : int
        1 is the best.
    frame_id : int
        Place in the decoded stream.
    pts_seconds : float
        Time since the first picture.
    label : str
        Timecode or file name.
    shot_index : int
        Its shot.
    utility : float
        0..1.
    likeness : float
        To the nearest candidate ranked above it, 0..1; it was weighed against utility.
    parts : tuple of Part
        Where the utility comes from, in order of weight.
    reasons : tuple of str
        Plain sentences.
    """

    rank: int
    frame_id: int
    pts_seconds: float
    label: str
    shot_index: int
    utility: float
    likeness: float
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class DroppedFrames:
    """Frames that were taken out for one reason: how many, and some of them."""

    gate: str
    about: str
    count: int
    example_frame_ids: tuple[int, ...]


@dataclass(frozen=True)
class Ranking:
    """The result for one title.

    Attributes
    ----------
    candidates : tuple of Candidate
        Best first.
    dropped : tuple of DroppedFrames
        What was taken out, by reason.
    notes : tuple of str
        What a person should know: gates that were lifted, weights that moved because faces are
        rare, fewer candidates than asked for.
    profile : str
        The weight profile.
    n_considered : int
        Shortlisted frames in all.
    lowered : tuple of Lowered
        Every frame that a watch-out lowered.
    watched, not_watched : tuple of str
        The watch-outs that were looked for, and those that nobody looked for.
    """

    candidates: tuple[Candidate, ...]
    dropped: tuple[DroppedFrames, ...]
    notes: tuple[str, ...]
    profile: str
    n_considered: int
    lowered: tuple[Lowered, ...] = ()
    watched: tuple[str, ...] = ()
    not_watched: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The ranking in plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Ranking:
        """The reverse of `to_json`."""
        candidates = tuple(
            Candidate(
                **{
                    **one,
                    "parts": tuple(Part(**part) for part in one["parts"]),
                    "reasons": tuple(one["reasons"]),
                }
            )
            for one in facts["candidates"]
        )
        dropped = tuple(
            DroppedFrames(**{**one, "example_frame_ids": tuple(one["example_frame_ids"])})
            for one in facts["dropped"]
        )
        return cls(
            candidates,
            dropped,
            tuple(facts["notes"]),
            facts["profile"],
            facts["n_considered"],
            tuple(Lowered(**one) for one in facts.get("lowered", [])),
            tuple(facts.get("watched", [])),
            tuple(facts.get("not_watched", [])),
        )


def rank_pool(pool: Pool, settings: RankingSettings, profile: Profile) -> Ranking:
    """Weigh and rank the shortlisted frames of a title.

    Raises
    ------
    NothingToRank
        When no frame is left, with the counts.
    """
    return rank_weighed(weigh(pool, settings.gates, settings.spoilers, profile), settings)


def rank_weighed(weighed: Weighed, settings: RankingSettings) -> Ranking:
    """Choose the candidates among frames that were weighed."""
    pool, gated, utility, watched = weighed.pool, weighed.gated, weighed.utility, weighed.watched
    chosen = choose(pool, gated.kept, weighed.total, settings.top, settings.diversity)
    candidates = tuple(
        _candidate(pool, int(gated.kept[row]), rank, row, utility, watched, likeness)
        for rank, (row, likeness) in enumerate(
            zip(chosen.picks, chosen.likeness, strict=True), start=1
        )
    )
    dropped = [_dropped(pool, one) for one in gated.dropped]
    if chosen.repeats:
        rows = gated.kept[np.array(sorted(chosen.repeats), dtype=np.int64)]
        about = "nearly the same picture as a better candidate"
        dropped.append(_dropped(pool, Dropped("repeat", about, rows)))
    notes = [*gated.lifted, *weighed.remarks]
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


def rank_for_canvases(
    weighed: Weighed, settings: RankingSettings, layout_of: LayoutOf
) -> dict[str, tuple[CanvasPick, ...]]:
    """The best frames of a title for each canvas, by the same gates and weights; see `picks_for`."""
    wanted = settings.canvases
    return picks_for(
        wanted.canvases,
        weighed.pool,
        weighed.gated.kept,
        weighed.total,
        layout_of,
        wanted.top,
        settings.diversity,
    )


def _dropped(pool: Pool, one: Dropped) -> DroppedFrames:
    spread = np.unique(np.linspace(0, len(one.rows) - 1, _N_EXAMPLES).round().astype(int))
    examples = tuple(int(frame) for frame in pool.frame_ids[one.rows[spread]])
    return DroppedFrames(one.gate, one.about, len(one.rows), examples)


def _candidate(
    pool: Pool,
    pool_row: int,
    rank: int,
    row: int,
    utility: Utility,
    watched: WatchedOver,
    likeness: float,
) -> Candidate:
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
        rank=rank,
        frame_id=int(pool.frame_ids[pool_row]),
        pts_seconds=float(pool.pts_seconds[pool_row]),
        label=pool.labels[pool_row],
        shot_index=int(pool.shot_index[pool_row]),
        utility=float(sum(part.points for part in parts)),
        likeness=likeness,
        parts=parts,
        reasons=(*warnings, *reasons_for(pool, pool_row, utility, row)),
    )


def _number(value: np.float32) -> float | None:
    return None if np.isnan(value) else float(value)
