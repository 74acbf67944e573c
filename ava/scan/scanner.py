"""One pass over a source: statistics of every frame, shots as they close, their shortlists."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from statistics import median

from ava.core.errors import ConfigError
from ava.core.progress import OnProgress, Progress, silent
from ava.scan.block_areas import BlockAreas
from ava.scan.frame_stats import FrameFacts, FrameStats, StatsCollector
from ava.scan.key_frames import shots_of_key_frames
from ava.scan.picture_area import AreaFinder
from ava.scan.shortlist import (
    Candidate,
    ClosedShot,
    Moments,
    ShortlistSettings,
    ShotShortlist,
    quick_score,
)
from ava.scan.shots import Boundary, CutFinder, Shot, ShotBuilder, Transition
from ava.scan.transitions import LOOK_AHEAD, TransitionFinder, TransitionSettings
from ava.source.info import SourceFrame
from ava.source.opening import Source

_MIN_VOTES = 2  # one lone mixture of all lengths and middles is chance
_PROGRESS_EVERY = 24
_NEIGHBOURS = 2  # on either side of a frame, to see what moves
_NEAR_CUTS = 12  # more cannot lie in the frames that wait, and those around the one that is judged
_FLAT_STD = 6.0  # gray levels; the black or white end of a fade
_LEVEL_FRAMES = 6  # before a fade, that say what contrast is full
_LIT = 0.92  # of it, from which a fading picture is whole
_GHOST_SHARE = 0.08  # of a transition, left and right of where both pictures are measured


Areas = AreaFinder | BlockAreas


@dataclass(frozen=True)
class ScanSettings:
    """Settings of the single pass.

    Attributes
    ----------
    frames : {"all", "keyframes"}
        What is decoded: all frames, or only those that are made from no others, which is several
        times quicker (see `ava.scan.key_frames`).
    key_frame_seconds : float
        In a pass over key frames, of every stretch of this length the best is considered.
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
    """

    frames: str = "all"
    key_frame_seconds: float = 6.0
    lines_px: int = 270
    cut_threshold: float = 3.0
    cut_min_content: float = 10.0
    cut_margin_frames: int = 2
    crop_bars: bool = True
    transitions: TransitionSettings = field(default_factory=TransitionSettings)
    shortlist: ShortlistSettings = field(default_factory=ShortlistSettings)

    def __post_init__(self) -> None:
        if self.frames not in ("all", "keyframes"):
            raise ConfigError(f"--scan {self.frames}: it is all or keyframes")


@dataclass(frozen=True)
class ScanResult:
    """What is known once the film has gone by.

    Attributes
    ----------
    stats : FrameStats
        A row for every frame that was looked at.
    n_frames : int
        How many frames there are, looked at or not.
    shots : tuple of Shot
        All shots, in order.
    n_torn : int
        Pictures that could not be decoded.
    ended_early : bool
        Whether damage cut the film short.
    """

    stats: FrameStats
    n_frames: int
    shots: tuple[Shot, ...]
    n_torn: int
    ended_early: bool


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
    """Runs the pass; iterate over `run`, then read `result`."""

    def __init__(self, settings: ScanSettings, on_progress: OnProgress = silent) -> None:
        self._settings = settings
        self._on_progress = on_progress
        self.result: ScanResult | None = None

    def run(self, source: Source) -> Iterator[ClosedShot]:
        """Scan `source`, yielding every shot when it is over (about two seconds later)."""
        keys_only = self._settings.frames == "keyframes"
        films = self._key_frames if keys_only else self._film
        follow = self._stills if source.info.kind == "stills" else films
        stats, builder = StatsCollector(), ShotBuilder()
        areas: Areas | None = None
        if self._settings.crop_bars:
            areas = (BlockAreas if keys_only else AreaFinder)(source.info.orientation)
        shots = []
        for closed in follow(source, stats, builder, areas):
            shots.append(closed.shot)
            yield closed
        columns = stats.columns()
        n_frames = max(source.n_passed, len(columns))
        self.result = ScanResult(columns, n_frames, tuple(shots), source.n_torn, source.ended_early)

    def _measured(
        self, source: Source, stats: StatsCollector, builder: ShotBuilder
    ) -> Iterator[_Pending]:
        total = source.info.n_frames_from_header or math.nan
        keys_only = self._settings.frames == "keyframes"
        frames = source.key_frames() if keys_only else source.scan()
        for count, frame in enumerate(frames, start=1):
            seconds = frame.ref.time.seconds
            builder.pts_seconds.append(seconds)
            yield _Pending(frame, stats.add(seconds, frame.luma(self._settings.lines_px)))
            if keys_only or count % _PROGRESS_EVERY == 0:
                self._on_progress(Progress("scan", frame.ref.frame_id + 1, total, "frames"))

    def _stills(
        self,
        source: Source,
        stats: StatsCollector,
        builder: ShotBuilder,
        _areas: Areas | None,
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
        areas: Areas | None,
    ) -> Iterator[ClosedShot]:
        found = self._found(source, stats, builder, areas)
        return found if areas is None else areas.cropped(found)

    def _key_frames(
        self,
        source: Source,
        stats: StatsCollector,
        builder: ShotBuilder,
        areas: Areas | None,
    ) -> Iterator[ClosedShot]:
        settings = self._settings
        wanted = replace(settings.shortlist, bucket_seconds=settings.key_frame_seconds)
        shortlist = ShotShortlist(wanted, source.info.duration_seconds, source.info.orientation)

        def seen() -> Iterator[tuple[SourceFrame, FrameFacts]]:
            for one in self._measured(source, stats, builder):
                if areas is not None:
                    areas.add(one.frame.ref.frame_id, one.facts.small)
                yield one.frame, one.facts

        alike = settings.transitions.max_correlation
        shots = shots_of_key_frames(source, seen(), shortlist, alike)
        return shots if areas is None else areas.cropped(shots)

    def _found(
        self,
        source: Source,
        stats: StatsCollector,
        builder: ShotBuilder,
        areas: Areas | None,
    ) -> Iterator[ClosedShot]:
        settings = self._settings
        cut_finder = CutFinder(settings.cut_threshold, settings.cut_min_content)
        fades = TransitionFinder(settings.transitions)
        shortlist = ShotShortlist(
            settings.shortlist, source.info.duration_seconds, source.info.orientation
        )
        waiting: deque[_Pending] = deque()
        judged: deque[_Pending] = deque(maxlen=_NEIGHBOURS)
        cuts: list[int] = []
        n_closed_to = 0
        for one in self._measured(source, stats, builder):
            waiting.append(one)
            cuts += cut_finder.add(one.facts.motion)
            fades.add(one.facts.small)
            if areas is not None:
                areas.add(one.frame.ref.frame_id, one.facts.small)
            # A frame is judged once its fate is known: is there a cut within the margin after it?
            if len(waiting) > CutFinder.LOOK_AHEAD + settings.cut_margin_frames:
                self._judge(judged, waiting, cuts, shortlist)
            if fades.horizon > n_closed_to:
                n_closed_to = fades.horizon
                yield from self._closed(fades, cuts, n_closed_to, builder, shortlist, stats)
        fades.finish()
        while waiting:
            self._judge(judged, waiting, cuts, shortlist)
        shortlist.close_bucket()
        n_frames = len(builder.pts_seconds)
        yield from self._closed(fades, cuts, n_frames, builder, shortlist, stats)
        last = self._close(builder, shortlist, _Break(n_frames, "edge", n_frames, n_frames))
        if last:
            yield last

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
        fades: TransitionFinder,
        cuts: list[int],
        horizon: int,
        builder: ShotBuilder,
        shortlist: ShotShortlist,
        stats: StatsCollector,
    ) -> Iterator[ClosedShot]:
        """Close the shots whose boundaries can no longer change."""
        start = builder.shots[-1].end_frame if builder.shots else 0
        breaks = [_Break(cut, "cut", cut, cut) for cut in cuts if start < cut < horizon]
        for fade in fades.found:
            is_final = fade.last + LOOK_AHEAD < horizon or horizon == len(builder.pts_seconds)
            if not is_final:
                # Whatever comes after it may still be swallowed by it.
                breaks = [one for one in breaks if one.at < fade.first]
            elif fade.middle > start and fade.n_votes >= _MIN_VOTES:
                ends = (max(0, fade.first - 2), min(fade.last + 2, len(builder.pts_seconds) - 1))
                flattest = min(map(stats.luma_std_of, ends))
                kind: Boundary = "fade" if flattest < _FLAT_STD else "dissolve"
                breaks = [one for one in breaks if not fade.first <= one.at <= fade.last + 1]
                clean = _whole(fade, stats, kind, ends)
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


def _whole(
    fade: Transition, stats: StatsCollector, kind: Boundary, ends: tuple[int, int]
) -> tuple[int, int]:
    """Where the picture before a transition ends to be whole, and where the next begins to be.

    In a dissolve what is a twentieth of the other picture is not measured, but seen as a ghost. In
    a fade there is no other picture: until contrast has sunk, it is whole.
    """
    first, last = fade.first, fade.last
    if kind == "dissolve":
        margin = 1 + math.ceil(_GHOST_SHARE * (last + 1 - first))
        return first - margin, last + 1 + margin
    flat_before, flat_after = (stats.luma_std_of(end) < _FLAT_STD for end in ends)
    if flat_after:
        level = [stats.luma_std_of(row) for row in range(max(0, first - _LEVEL_FRAMES), first + 1)]
        lit = [row for row in range(first, last) if stats.luma_std_of(row) >= _LIT * median(level)]
        first = lit[-1] + 1 if lit else first
    if flat_before:
        level = [stats.luma_std_of(row) for row in range(last, ends[1] + 1)]
        lit = [row for row in range(first, last) if stats.luma_std_of(row) >= _LIT * median(level)]
        last = lit[0] - 1 if lit else last
    return first, last + 1


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
