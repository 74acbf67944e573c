"""One pass over a source: statistics of every frame, shots as they close, their shortlists."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ava.core.errors import ConfigError
from ava.core.progress import OnProgress, Progress, silent
from ava.scan.fading import FLAT_STD, whole_around
from ava.scan.frame_stats import FrameFacts, FrameStats, StatsCollector
from ava.scan.picture_area import AreaFinder
from ava.scan.second_look import Boundaries, SecondLook
from ava.scan.shortlist import (
    Candidate,
    ClosedShot,
    Moments,
    ShortlistSettings,
    ShotShortlist,
    quick_score,
)
from ava.scan.shots import Boundary, CutFinder, Shot, ShotBuilder
from ava.scan.transitions import LOOK_AHEAD, MIN_VOTES, TransitionFinder, TransitionSettings
from ava.scan.watched_frames import PICTURE_SIZE, BoundaryJudge
from ava.source.info import SourceFrame
from ava.source.opening import Source

_PROGRESS_EVERY = 24
_NEIGHBOURS = 2  # on either side of a frame, to see what moves
_NEAR_CUTS = 12  # more cannot lie in the frames that wait, and those around the one that is judged


@dataclass(frozen=True)
class ScanSettings:
    """Settings of the single pass.

    Attributes
    ----------
    lines_px : int
        Luma is halved while it has at least twice so many lines.
    cut_threshold : float
        How many times its neighbours' difference a cut must be (PySceneDetect's adaptive ratio).
    cut_min_content : float
        The least mean difference of luma at a cut, gray levels of 255.
    cut_margin_frames : int
        Frames next to a cut are not taken: encoders smear there.
    crop_bars : bool
        Whether letterbox, pillarbox and windowbox bars are cut off before anything is rated.
    transitions : TransitionSettings
        The mixture test for fades and dissolves.
    shortlist : ShortlistSettings
        How many frames go on.
    shots : {"fast", "cascade", "neural"}
        Who finds the boundaries: the cuts and transitions above; they, and a network where they
        are in doubt; or the network alone, from every frame.
    """

    lines_px: int = 270
    cut_threshold: float = 3.0
    cut_min_content: float = 10.0
    cut_margin_frames: int = 2
    crop_bars: bool = True
    transitions: TransitionSettings = field(default_factory=TransitionSettings)
    shortlist: ShortlistSettings = field(default_factory=ShortlistSettings)
    shots: Literal["fast", "cascade", "neural"] = "fast"

    def __post_init__(self) -> None:
        if self.shots not in ("fast", "cascade", "neural"):
            raise ConfigError(f"shots must be fast, cascade or neural, not {self.shots!r}")

    @property
    def facts(self) -> dict[str, Any]:
        """All that decides what a scan finds, in plain types."""
        facts = asdict(self)
        if self.shots == "fast":
            # What was scanned before there was a choice is still what it says.
            del facts["shots"]
        return facts


@dataclass(frozen=True)
class ScanResult:
    """What is known once the film has gone by.

    Attributes
    ----------
    stats : FrameStats
        A row for every frame.
    shots : tuple of Shot
        All shots, in order.
    n_torn : int
        Pictures that could not be decoded.
    ended_early : bool
        Whether damage cut the film short.
    n_judged : int
        Frames that a network was asked about.
    """

    stats: FrameStats
    shots: tuple[Shot, ...]
    n_torn: int
    ended_early: bool
    n_judged: int = 0


@dataclass(frozen=True)
class _Pending:
    frame: SourceFrame
    facts: FrameFacts


@dataclass(frozen=True)
class _Break:
    """A boundary that is found: the next shot begins with frame `at`."""

    at: int
    kind: Boundary
    clean_end: int
    next_clean: int


class Scanner:
    """Runs the pass; iterate over `run`, then read `result`.

    Parameters
    ----------
    settings : ScanSettings
        How to look.
    on_progress : callable, optional
        Told how far the scan is.
    judge : BoundaryJudge, optional
        The network that the shots "cascade" and "neural" need.
    """

    def __init__(
        self,
        settings: ScanSettings,
        on_progress: OnProgress = silent,
        judge: BoundaryJudge | None = None,
    ) -> None:
        if (judge is None) != (settings.shots == "fast"):
            raise ValueError(f"shots are {settings.shots}, and the judge is {judge}")
        self._settings = settings
        self._on_progress = on_progress
        self._judge_of_shots = judge
        self._look: SecondLook | None = None
        self.result: ScanResult | None = None

    def run(self, source: Source) -> Iterator[ClosedShot]:
        """Scan `source`, yielding every shot when it is over (about two seconds later)."""
        follow = self._stills if source.info.kind == "stills" else self._film
        stats, builder = StatsCollector(), ShotBuilder()
        self._look = self._second_look()
        areas = AreaFinder(source.info.orientation) if self._settings.crop_bars else None
        for closed in follow(source, stats, builder, areas):
            builder.shots[closed.shot.index] = closed.shot
            yield closed
        n_judged = 0 if self._look is None else self._look.n_judged
        self.result = ScanResult(
            stats.columns(), tuple(builder.shots), source.n_torn, source.ended_early, n_judged
        )

    def _measured(
        self, source: Source, stats: StatsCollector, builder: ShotBuilder
    ) -> Iterator[_Pending]:
        total = source.info.n_frames_from_header or math.nan
        for count, frame in enumerate(source.scan(), start=1):
            seconds = frame.ref.time.seconds
            builder.pts_seconds.append(seconds)
            yield _Pending(frame, stats.add(seconds, frame.luma(self._settings.lines_px)))
            if count % _PROGRESS_EVERY == 0:
                self._on_progress(Progress("scan", count, total, "frames"))

    def _stills(
        self,
        source: Source,
        stats: StatsCollector,
        builder: ShotBuilder,
        _areas: AreaFinder | None,
    ) -> Iterator[ClosedShot]:
        # One picture cannot tell its own frame or passe-partout from bars: it stays whole.
        for row, one in enumerate(self._measured(source, stats, builder)):
            shot = builder.close(row + 1, "cut", row + 1, row + 1)
            assert shot is not None
            pixels = one.frame.rgb(self._settings.shortlist.height_px)
            score = quick_score(one.facts, 0.0)
            candidate = Candidate(one.frame.ref, one.frame.ref.time.seconds, score, pixels)
            yield ClosedShot(shot, [candidate])

    def _film(
        self,
        source: Source,
        stats: StatsCollector,
        builder: ShotBuilder,
        areas: AreaFinder | None,
    ) -> Iterator[ClosedShot]:
        found = self._found(source, stats, builder, areas)
        return found if areas is None else areas.cropped(found)

    def _found(
        self,
        source: Source,
        stats: StatsCollector,
        builder: ShotBuilder,
        areas: AreaFinder | None,
    ) -> Iterator[ClosedShot]:
        settings = self._settings
        cut_finder = CutFinder(settings.cut_threshold, settings.cut_min_content)
        fades = TransitionFinder(settings.transitions)
        shortlist = ShotShortlist(
            settings.shortlist, source.info.duration_seconds, source.info.orientation
        )
        look = self._look
        waiting: deque[_Pending] = deque()
        judged: deque[_Pending] = deque(maxlen=_NEIGHBOURS)
        cuts: list[int] = []
        n_closed_to = 0
        for one in self._measured(source, stats, builder):
            waiting.append(one)
            known = cut_finder.add(one.facts.motion)
            if look is not None:
                known = look.add(one.frame.stretched(*PICTURE_SIZE), one.facts, known)
            cuts += known
            fades.add(one.facts.small)
            if areas is not None:
                areas.add(one.frame.ref.frame_id, one.facts.small)
            # A frame is judged once its fate is known: is there a cut within the margin after it?
            if len(waiting) > CutFinder.LOOK_AHEAD + settings.cut_margin_frames:
                self._judge(judged, waiting, cuts, shortlist)
            if fades.horizon > n_closed_to:
                n_closed_to = fades.horizon
                found = _boundaries(fades, cuts, n_closed_to, look, builder)
                yield from self._closed(found, cuts, builder, shortlist, stats)
        fades.finish()
        while waiting:
            self._judge(judged, waiting, cuts, shortlist)
        shortlist.close_bucket()
        n_frames = len(builder.pts_seconds)
        found = _boundaries(fades, cuts, n_frames, look, builder)
        yield from self._closed(found, cuts, builder, shortlist, stats)
        last = self._close(builder, shortlist, _Break(n_frames, "edge", n_frames, n_frames))
        if last:
            yield last

    def _second_look(self) -> SecondLook | None:
        judge, settings = self._judge_of_shots, self._settings
        if judge is None:
            return None
        thresholds = settings.cut_threshold, settings.cut_min_content
        return SecondLook(judge, *thresholds, settings.transitions, settings.shots == "neural")

    def _judge(
        self,
        judged: deque[_Pending],
        waiting: deque[_Pending],
        cuts: list[int],
        shortlist: ShotShortlist,
    ) -> None:
        one = waiting.popleft()
        frame_id, margin = one.frame.ref.frame_id, self._settings.cut_margin_frames
        recent = cuts[-_NEAR_CUTS:]
        if frame_id in recent:
            shortlist.close_bucket()
        motion_after = waiting[0].facts.motion if waiting else 0.0
        score = quick_score(one.facts, motion_after)
        near_cut = any(cut - margin <= frame_id < cut + margin for cut in recent)
        # Not refused: a shot of four frames has no others.
        shown = score * 0.01 if near_cut else score
        shortlist.add(one.frame, shown, lambda: _moments(one, judged, waiting, recent))
        judged.append(one)

    def _closed(
        self,
        found: Boundaries,
        marked: list[int],
        builder: ShotBuilder,
        shortlist: ShotShortlist,
        stats: StatsCollector,
    ) -> Iterator[ClosedShot]:
        """Close the shots whose boundaries can no longer change.

        Frames next to the `marked` cuts have been set back already; next to others they are set
        aside here.
        """
        start, horizon = builder.shots[-1].end_frame if builder.shots else 0, found.horizon
        breaks = []
        for cut in found.cuts:
            if start < cut < horizon:
                margin = 0 if cut in marked else self._settings.cut_margin_frames
                breaks.append(_Break(cut, "cut", cut - margin, cut + margin))
        for fade in found.transitions:
            is_final = fade.last + LOOK_AHEAD < horizon or horizon == len(builder.pts_seconds)
            if not is_final:
                # Whatever comes after it may still be swallowed by it.
                breaks = [one for one in breaks if one.at < fade.first]
            elif fade.middle > start and fade.n_votes >= MIN_VOTES:
                ends = (max(0, fade.first - 2), min(fade.last + 2, len(builder.pts_seconds) - 1))
                flattest = min(map(stats.luma_std_of, ends))
                kind: Boundary = "fade" if flattest < FLAT_STD else "dissolve"
                breaks = [one for one in breaks if not fade.first <= one.at <= fade.last + 1]
                clean = whole_around(fade, stats, kind, ends)
                breaks.append(_Break(fade.middle, kind, *clean))
        for one in sorted(breaks, key=lambda one: one.at):
            closed = self._close(builder, shortlist, one)
            if closed:
                yield closed

    def _close(
        self, builder: ShotBuilder, shortlist: ShotShortlist, end: _Break
    ) -> ClosedShot | None:
        shot = builder.close(end.at, end.kind, end.clean_end, end.next_clean)
        if shot is None:
            return None
        seconds = shot.end_seconds - shot.start_seconds
        taken = shortlist.take(shot.clean_first, shot.clean_end, shot.end_frame, seconds)
        return ClosedShot(shot, taken)


def _boundaries(
    fades: TransitionFinder,
    cuts: list[int],
    horizon: int,
    look: SecondLook | None,
    builder: ShotBuilder,
) -> Boundaries:
    if look is None:
        return Boundaries(cuts, fades.found, horizon)
    start = builder.shots[-1].end_frame if builder.shots else 0
    return look.settled(fades.found, start, horizon, horizon == len(builder.pts_seconds))


def _moments(
    one: _Pending, judged: deque[_Pending], waiting: deque[_Pending], cuts: list[int]
) -> Moments:
    """The frame with its neighbours in the same shot."""
    here = one.frame.ref.frame_id
    found: list[_Pending | None] = []
    for step in range(-_NEIGHBOURS, _NEIGHBOURS + 1):
        row = len(judged) + step if step < 0 else step - 1
        side = judged if step < 0 else waiting
        other = one if step == 0 else side[row] if 0 <= row < len(side) else None
        low, high = sorted((here, here + step))
        found.append(None if any(low < cut <= high for cut in cuts) else other)
    return Moments(
        tuple(None if other is None else other.facts.small for other in found),
        tuple(math.nan if other is None else other.frame.ref.time.seconds for other in found),
    )
