"""The pass over all frames of a film: shots as they close, with their shortlists."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from ava.scan.fading import FLAT_STD, whole_around
from ava.scan.frame_stats import FrameFacts, StatsCollector
from ava.scan.scan_settings import ScanSettings
from ava.scan.second_look import Boundaries, SecondLook
from ava.scan.shortlist import ClosedShot, Moments, ShotShortlist, quick_score
from ava.scan.shots import Boundary, CutFinder, ShotBuilder
from ava.scan.transitions import LOOK_AHEAD, MIN_VOTES, TransitionFinder
from ava.scan.watched_frames import PICTURE_SIZE
from ava.source.info import SourceFrame

_NEIGHBOURS = 2  # on either side of a frame, to see what moves
_NEAR_CUTS = 12  # more cannot lie in the frames that wait, and those around the one that is judged


@dataclass(frozen=True)
class Seen:
    """A frame as it went by, and what was measured on it."""

    frame: SourceFrame
    facts: FrameFacts


@dataclass(frozen=True)
class _Break:
    """A boundary that is found: the next shot begins with frame `at`."""

    at: int
    kind: Boundary
    clean_end: int
    next_clean: int


class FilmPass:
    """Follows the frames of one film.

    Parameters
    ----------
    settings : ScanSettings
        How to look.
    stats : StatsCollector
        What was measured on all frames so far.
    builder : ShotBuilder
        Makes the shots; it is told the time of every frame before this sees it.
    shortlist : ShotShortlist
        Holds what may go on.
    look : SecondLook or None
        Judges what is in doubt.
    """

    def __init__(
        self,
        settings: ScanSettings,
        stats: StatsCollector,
        builder: ShotBuilder,
        shortlist: ShotShortlist,
        look: SecondLook | None,
    ) -> None:
        self._settings, self._stats, self._builder = settings, stats, builder
        self._shortlist, self._look = shortlist, look
        self._fades = TransitionFinder(settings.transitions)
        self._cuts: list[int] = []
        self._waiting: deque[Seen] = deque()
        self._judged: deque[Seen] = deque(maxlen=_NEIGHBOURS)

    def shots(self, seen: Iterable[Seen]) -> Iterator[ClosedShot]:
        """Every shot of the frames in `seen` when it is over (about two seconds later)."""
        settings, fades = self._settings, self._fades
        cut_finder = CutFinder(settings.cut_threshold, settings.cut_min_content)
        n_closed_to = 0
        for one in seen:
            self._waiting.append(one)
            known = cut_finder.add(one.facts.motion)
            if self._look is not None:
                known = self._look.add(one.frame.stretched(*PICTURE_SIZE), one.facts, known)
            self._cuts += known
            fades.add(one.facts.small)
            # A frame is judged once its fate is known: is there a cut within the margin after it?
            if len(self._waiting) > CutFinder.LOOK_AHEAD + settings.cut_margin_frames:
                self._judge()
            if fades.horizon > n_closed_to:
                n_closed_to = fades.horizon
                yield from self._closed(self._boundaries(n_closed_to))
        fades.finish()
        while self._waiting:
            self._judge()
        self._shortlist.close_bucket()
        n_frames = self._n_frames
        yield from self._closed(self._boundaries(n_frames))
        last = self._close(_Break(n_frames, "edge", n_frames, n_frames))
        if last:
            yield last

    @property
    def _n_frames(self) -> int:
        return len(self._builder.pts_seconds)

    @property
    def _open_from(self) -> int:
        """Where the shot begins that is not closed yet."""
        shots = self._builder.shots
        return shots[-1].end_frame if shots else 0

    def _judge(self) -> None:
        one = self._waiting.popleft()
        frame_id, margin = one.frame.ref.frame_id, self._settings.cut_margin_frames
        recent = self._cuts[-_NEAR_CUTS:]
        if frame_id in recent:
            self._shortlist.close_bucket()
        motion_after = self._waiting[0].facts.motion if self._waiting else 0.0
        score = quick_score(one.facts, motion_after)
        near_cut = any(cut - margin <= frame_id < cut + margin for cut in recent)
        # Not refused: a shot of four frames has no others.
        shown = score * 0.01 if near_cut else score
        self._shortlist.add(
            one.frame, shown, lambda: _moments(one, self._judged, self._waiting, recent)
        )
        self._judged.append(one)

    def _boundaries(self, horizon: int) -> Boundaries:
        fades = self._fades.found
        if self._look is None:
            return Boundaries(self._cuts, fades, horizon)
        return self._look.settled(fades, self._open_from, horizon, horizon == self._n_frames)

    def _closed(self, found: Boundaries) -> Iterator[ClosedShot]:
        """Close the shots whose boundaries can no longer change.

        Frames next to cuts that were known in time have been set back already; next to others they
        are set aside here.
        """
        start, horizon, stats = self._open_from, found.horizon, self._stats
        breaks = []
        for cut in found.cuts:
            if start < cut < horizon:
                margin = 0 if cut in self._cuts else self._settings.cut_margin_frames
                breaks.append(_Break(cut, "cut", cut - margin, cut + margin))
        for fade in found.transitions:
            is_final = fade.last + LOOK_AHEAD < horizon or horizon == self._n_frames
            if not is_final:
                # Whatever comes after it may still be swallowed by it.
                breaks = [one for one in breaks if one.at < fade.first]
            elif fade.middle > start and fade.n_votes >= MIN_VOTES:
                ends = (max(0, fade.first - 2), min(fade.last + 2, self._n_frames - 1))
                flattest = min(map(stats.luma_std_of, ends))
                kind: Boundary = "fade" if flattest < FLAT_STD else "dissolve"
                breaks = [one for one in breaks if not fade.first <= one.at <= fade.last + 1]
                clean = whole_around(fade, stats, kind, ends)
                breaks.append(_Break(fade.middle, kind, *clean))
        for one in sorted(breaks, key=lambda one: one.at):
            closed = self._close(one)
            if closed:
                yield closed

    def _close(self, end: _Break) -> ClosedShot | None:
        shot = self._builder.close(end.at, end.kind, end.clean_end, end.next_clean)
        if shot is None:
            return None
        seconds = shot.end_seconds - shot.start_seconds
        taken = self._shortlist.take(shot.clean_first, shot.clean_end, shot.end_frame, seconds)
        return ClosedShot(shot, taken)


def _moments(one: Seen, judged: deque[Seen], waiting: deque[Seen], cuts: list[int]) -> Moments:
    """The frame with its neighbours in the same shot."""
    here = one.frame.ref.frame_id
    found: list[Seen | None] = []
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
