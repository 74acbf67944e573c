"""One pass over a source: statistics of every frame, shots as they close, their shortlists."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ava.core.progress import OnProgress, Progress, silent
from ava.scan.block_areas import BlockAreas
from ava.scan.film_pass import FilmPass, Seen
from ava.scan.frame_stats import FrameStats, StatsCollector
from ava.scan.key_frames import shots_of_key_frames
from ava.scan.picture_area import AreaFinder
from ava.scan.scan_settings import ScanSettings
from ava.scan.second_look import SecondLook
from ava.scan.shortlist import Candidate, ClosedShot, ShotShortlist, quick_score
from ava.scan.shots import Shot, ShotBuilder
from ava.scan.watched_frames import BoundaryJudge
from ava.source.opening import Source

_PROGRESS_EVERY = 24


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
    n_judged : int
        Frames that a network was asked about.
    """

    stats: FrameStats
    n_frames: int
    shots: tuple[Shot, ...]
    n_torn: int
    ended_early: bool
    n_judged: int = 0


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
        self._judge = judge
        self.result: ScanResult | None = None

    @property
    def _keys_only(self) -> bool:
        return self._settings.frames == "keyframes"

    def run(self, source: Source) -> Iterator[ClosedShot]:
        """Scan `source`, yielding every shot when it is over (about two seconds later)."""
        stats, builder, look = StatsCollector(), ShotBuilder(), self._second_look()
        seen = self._seen(source, stats, builder)
        if source.info.kind == "stills":
            found = self._stills(seen, builder)
        else:
            found = self._shots(source, seen, stats, builder, look)
        shots: list[Shot] = []
        for closed in found:
            shots.append(closed.shot)
            yield closed
        columns = stats.columns()
        self.result = ScanResult(
            columns,
            max(source.n_passed, len(columns)),
            tuple(shots),
            source.n_torn,
            source.ended_early,
            0 if look is None else look.n_judged,
        )

    def _second_look(self) -> SecondLook | None:
        settings = self._settings
        if self._judge is None:
            return None
        thresholds = settings.cut_threshold, settings.cut_min_content
        return SecondLook(
            self._judge, *thresholds, settings.transitions, settings.shots == "neural"
        )

    def _seen(self, source: Source, stats: StatsCollector, builder: ShotBuilder) -> Iterator[Seen]:
        total = source.info.n_frames_from_header or math.nan
        frames = source.key_frames() if self._keys_only else source.scan()
        for count, frame in enumerate(frames, start=1):
            seconds = frame.ref.time.seconds
            builder.pts_seconds.append(seconds)
            yield Seen(frame, stats.add(seconds, frame.luma(self._settings.lines_px)))
            if self._keys_only or count % _PROGRESS_EVERY == 0:
                self._on_progress(Progress("scan", frame.ref.frame_id + 1, total, "frames"))

    def _stills(self, seen: Iterable[Seen], builder: ShotBuilder) -> Iterator[ClosedShot]:
        # One picture cannot tell its own frame or passe-partout from bars: it stays whole.
        for row, one in enumerate(seen):
            shot = builder.close(row + 1, "cut", row + 1, row + 1)
            assert shot is not None
            pixels = one.frame.rgb(self._settings.shortlist.height_px)
            score = quick_score(one.facts, 0.0)
            candidate = Candidate(one.frame.ref, one.frame.ref.time.seconds, score, pixels)
            yield ClosedShot(shot, [candidate])

    def _shots(
        self,
        source: Source,
        seen: Iterable[Seen],
        stats: StatsCollector,
        builder: ShotBuilder,
        look: SecondLook | None,
    ) -> Iterator[ClosedShot]:
        settings, wanted, info = self._settings, self._settings.shortlist, source.info
        if self._keys_only:
            wanted = replace(wanted, bucket_seconds=settings.key_frame_seconds)
        shortlist = ShotShortlist(wanted, info.duration_seconds, info.orientation, source.keep)
        areas: AreaFinder | BlockAreas | None = None
        if settings.crop_bars:
            areas = (BlockAreas if self._keys_only else AreaFinder)(info.orientation)
            seen = _also_by(areas, seen)
        if self._keys_only:
            alike = settings.transitions.max_correlation
            found = shots_of_key_frames(source, seen, shortlist, alike)
        else:
            found = FilmPass(settings, stats, builder, shortlist, look).shots(seen)
        return found if areas is None else areas.cropped(found)


def _also_by(areas: AreaFinder | BlockAreas, seen: Iterable[Seen]) -> Iterator[Seen]:
    """The same frames, after the finder of bars has seen them."""
    for one in seen:
        areas.add(one.frame.ref.frame_id, one.facts.small)
        yield one
