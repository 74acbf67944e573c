"""The part inside bars of shots of which only a picture or two was seen."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import replace

from ava.scan.bars import Gray, Margins, light_of, same_margins
from ava.scan.picture_area import AreaFinder
from ava.scan.shortlist import ClosedShot
from ava.scan.shots import Shot
from ava.source.info import Orientation

_MAX_SHOTS, _MAX_PICTURES = 16, 24  # in a block; the second bounds memory


class BlockAreas:
    """Crops the candidates of shots to what lies inside bars, many shots at a time.

    A single picture hardly tells bars from night. So neighbouring shots are looked at as if they
    were one, up to a picture that shows other bars, or plainly none: there another format begins.
    Only a picture that stands alone between two others is taken at its word.
    """

    def __init__(self, orientation: Orientation) -> None:
        self._finder = AreaFinder(orientation, all_frames=True)
        self._formats: deque[tuple[int, Margins | None]] = deque()
        self._blocks: deque[list[Shot]] = deque()

    def add(self, frame_id: int, small_luma: Gray) -> None:
        """Take the next frame, before its shot is closed."""
        twice = [small_luma, small_luma]  # one sample alone would count for nothing
        for luma in twice:
            self._finder.add(frame_id, luma)
        light = light_of(twice)
        assert light is not None
        unclear = not light.own and (light.undecided or light.is_dark)
        self._formats.append((frame_id, None if unclear else light.own))

    def cropped(self, shots: Iterable[ClosedShot]) -> Iterator[ClosedShot]:
        """The same shots in the same order, some of them later."""
        for whole in self._finder.cropped(self._in_blocks(shots)):
            area = whole.shot.picture_area
            for shot in self._blocks.popleft():
                mine = [
                    one
                    for one in whole.candidates
                    if shot.first_frame <= one.ref.frame_id < shot.end_frame
                ]
                yield ClosedShot(replace(shot, picture_area=area), mine)

    def _in_blocks(self, shots: Iterable[ClosedShot]) -> Iterator[ClosedShot]:
        held: list[ClosedShot] = []
        common: Margins | None = None
        for closed in shots:
            mine = self._format_of(closed.shot)
            is_other = not (mine is None or common is None or same_margins(mine, common))
            n_pictures = sum(len(one.candidates) for one in held)
            if held and (is_other or len(held) >= _MAX_SHOTS or n_pictures >= _MAX_PICTURES):
                yield self._joined(held)
                held, common = [], None
            held.append(closed)
            common = mine if common is None else common
        if held:
            yield self._joined(held)

    def _format_of(self, shot: Shot) -> Margins | None:
        """The bars of a shot, as a single picture shows them; None where it is too dark to tell."""
        found: Margins | None = None
        while self._formats and self._formats[0][0] < shot.end_frame:
            _, margins = self._formats.popleft()
            found = margins if found is None else found
        return found

    def _joined(self, held: list[ClosedShot]) -> ClosedShot:
        self._blocks.append([one.shot for one in held])
        end = held[-1].shot.end_frame
        whole = replace(held[0].shot, end_frame=end, clean_end=end)
        return ClosedShot(whole, [candidate for one in held for candidate in one.candidates])
