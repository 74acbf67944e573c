"""Where pictures are whole before and after a fade or dissolve."""

from __future__ import annotations

import math
from statistics import median

from ava.scan.frame_stats import StatsCollector
from ava.scan.shots import Boundary, Transition

FLAT_STD = 6.0  # gray levels; the black or white end of a fade
_LEVEL_FRAMES = 6  # before a fade, that say what contrast is full
_LIT = 0.92  # of it, from which a fading picture is whole
_GHOST_SHARE = 0.08  # of a transition, left and right of where both pictures are measured


def whole_around(
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
    flat_before, flat_after = (stats.luma_std_of(end) < FLAT_STD for end in ends)
    if flat_after:
        level = [stats.luma_std_of(row) for row in range(max(0, first - _LEVEL_FRAMES), first + 1)]
        lit = [row for row in range(first, last) if stats.luma_std_of(row) >= _LIT * median(level)]
        first = lit[-1] + 1 if lit else first
    if flat_before:
        level = [stats.luma_std_of(row) for row in range(last, ends[1] + 1)]
        lit = [row for row in range(first, last) if stats.luma_std_of(row) >= _LIT * median(level)]
        last = lit[0] - 1 if lit else last
    return first, last + 1
