"""A quicker pass, over the key frames of a film alone.

What lies between them is not decoded, so that nothing is known of it: not where exactly a shot
begins, nor of fades, dissolves and motion. Neighbours that show the same count as one shot.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from math import isfinite, nan

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.scan.film_pass import Seen
from ava.scan.shortlist import ClosedShot, Moments, ShotShortlist, quick_score
from ava.scan.shots import Boundary, Shot
from ava.scan.transitions import THUMB_SIZE, Tones
from ava.source.opening import Source


@dataclass(frozen=True)
class _Run:
    """Key frames that show the same: where they begin, and where the next ones do."""

    first: int
    start_seconds: float
    end: int
    end_seconds: float


def shots_of_key_frames(
    source: Source,
    seen: Iterable[Seen],
    shortlist: ShotShortlist,
    max_correlation: float,
) -> Iterator[ClosedShot]:
    """Shots as far as key frames tell, each with its part of the shortlist.

    Parameters
    ----------
    source : Source
        What they are from.
    seen : iterable of Seen
        All key frames, in order.
    shortlist : ShotShortlist
        Takes the best key frame of every stretch of the film.
    max_correlation : float
        Neighbours that are less alike (-1..1) are in different shots.
    """
    waiting: deque[_Run] = deque()
    n_shots = first = latest = 0
    start_seconds = latest_seconds = 0.0
    before: Tones | None = None
    for one in seen:
        frame, facts = one.frame, one.facts
        latest, latest_seconds = frame.ref.frame_id, frame.ref.time.seconds
        thumb = cv2.resize(facts.small, THUMB_SIZE, interpolation=cv2.INTER_AREA)
        tones = Tones.of(thumb.astype(np.float32).reshape(1, -1))
        if before is not None and before.unrelated(tones, max_correlation)[0]:
            waiting.append(_Run(first, start_seconds, latest, latest_seconds))
            first, start_seconds = latest, latest_seconds
        before = tones
        score = quick_score(replace(facts, motion=0.0), 0.0)  # what lies between is no motion
        shortlist.add(frame, score, lambda small=facts.small: _alone(small))  # type: ignore[misc]
        while waiting and waiting[0].end <= shortlist.decided_to:
            yield _closed(waiting.popleft(), n_shots, "cut", shortlist)
            n_shots += 1
    if before is None:
        return
    shortlist.close_bucket()
    end_seconds = source.info.duration_seconds
    if not isfinite(end_seconds) or end_seconds <= latest_seconds:
        end_seconds = latest_seconds + 0.04
    waiting.append(_Run(first, start_seconds, max(source.n_passed, latest + 1), end_seconds))
    while waiting:
        ends_with: Boundary = "cut" if len(waiting) > 1 else "edge"
        yield _closed(waiting.popleft(), n_shots, ends_with, shortlist)
        n_shots += 1


def _alone(small: NDArray[np.uint8]) -> Moments:
    return Moments((None, None, small, None, None), (nan, nan, nan, nan, nan))


def _closed(run: _Run, index: int, ends_with: Boundary, shortlist: ShotShortlist) -> ClosedShot:
    shot = Shot(
        index=index,
        first_frame=run.first,
        end_frame=run.end,
        start_seconds=run.start_seconds,
        end_seconds=run.end_seconds,
        starts_with="cut" if index else "edge",
        ends_with=ends_with,
        clean_first=run.first,
        clean_end=run.end,
    )
    seconds = run.end_seconds - run.start_seconds
    return ClosedShot(shot, shortlist.take(run.first, run.end, run.end, seconds))
