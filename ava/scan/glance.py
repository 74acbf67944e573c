"""What a quick look at a few places tells of the bars of a film, without a scan."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import chain

from ava.core.geometry import WHOLE_PICTURE, Box
from ava.scan.frame_stats import StatsCollector
from ava.scan.picture_area import AreaFinder
from ava.scan.scan_settings import ScanSettings
from ava.scan.shortlist import Candidate, ClosedShot
from ava.scan.shots import Shot
from ava.source.info import SourceFrame
from ava.source.opening import Source

_N_PLACES = 12
_N_FRAMES = 24  # at each
_EVERY = 4  # the finder looks at every fourth frame
_SAME = 0.01  # of the height or width


def areas_at_a_glance(source: Source, settings: ScanSettings) -> list[Box]:
    """The pictures' part inside their bars, at twelve places of a film.

    Returns
    -------
    list of Box
        One for each place, in order of time; empty for pictures, which are shown whole.
    """
    return list(_areas(source, settings, source.glances(_N_PLACES, _N_FRAMES)))


def area_of(source: Source, frame: SourceFrame, settings: ScanSettings) -> Box:
    """The part of one frame inside its bars.

    A single frame cannot tell bars from night: it is cropped only to bars that the film shows
    elsewhere, too. With `crop_bars` off, and in pictures, it is the whole.
    """
    if not settings.crop_bars:
        return WHOLE_PICTURE
    glances = source.glances(_N_PLACES, _N_FRAMES)
    *others, own = _areas(source, settings, chain(glances, [[frame] * (2 * _EVERY)]))
    return own if any(_are_same(own, other) for other in others) else WHOLE_PICTURE


def _areas(
    source: Source, settings: ScanSettings, glances: Iterator[Sequence[SourceFrame]]
) -> Iterator[Box]:
    finder = AreaFinder(source.info.orientation)
    for closed in finder.cropped(_as_shots(finder, settings, glances)):
        yield closed.shot.picture_area


def _as_shots(
    finder: AreaFinder, settings: ScanSettings, glances: Iterator[Sequence[SourceFrame]]
) -> Iterator[ClosedShot]:
    stats, start = StatsCollector(), 0
    for index, frames in enumerate(one for one in glances if one):
        for number in range(0, len(frames), _EVERY):
            luma = frames[number].luma(settings.lines_px)
            finder.add(start + number, stats.add(float(start + number), luma).small)
        end = start + -(-len(frames) // _EVERY) * _EVERY
        middle = frames[len(frames) // 2]
        picture = middle.rgb(settings.shortlist.height_px)
        yield ClosedShot(
            Shot(index, start, end, float(start), float(end), "edge", "edge", start, end),
            [Candidate(middle.ref, float(start), 0.0, picture)],
        )
        start = end


def _are_same(one: Box, other: Box) -> bool:
    pairs = zip(
        (one.x0, one.y0, one.x1, one.y1), (other.x0, other.y0, other.x1, other.y1), strict=True
    )
    return all(abs(edge - its) <= _SAME for edge, its in pairs)
