"""Decodes the winners once more, and writes their stills and crops."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.canvas import Canvas
from ava.core.file_names import file_safe
from ava.core.geometry import Box, cropped
from ava.core.progress import OnProgress, Progress
from ava.ranking.canvas_picks import CanvasPick
from ava.ranking.results import Ranking
from ava.scoring_pass import software
from ava.settings import Settings
from ava.source.ahead import ahead
from ava.source.info import FrameRef, SourceFrame, VideoInfo
from ava.source.opening import Pictures
from ava.store.crops import write_crops, write_crops_file
from ava.store.kept_pictures import KeptPictures, made_with, write_kept
from ava.store.stills import (
    Provenance,
    StillSettings,
    write_hdr_still,
    write_still,
)
from ava.store.title_folder import STILLS, Title


@dataclass
class Wanted:
    """What becomes of one frame: a still, crops, or both.

    Attributes
    ----------
    still : str
        Name of its file, without an ending; empty for none.
    crops : list of (Canvas, CanvasPick)
        The parts of it that are wanted.
    """

    still: str = ""
    crops: list[tuple[Canvas, CanvasPick]] = field(default_factory=list)


@dataclass
class Written:
    """What was written.

    Attributes
    ----------
    stills : dict of int to list of str
        The files of each frame.
    crops : dict of str to list of dict
        By canvas, entries of ``crops.json``.
    """

    stills: dict[int, list[str]] = field(default_factory=dict)
    crops: dict[str, list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))


def aspects_of(title: Title) -> list[float]:
    """Width over height of every shortlisted frame as it was rated, without bars."""
    source = title.facts["source"]
    shapes = [
        (area.x1 - area.x0) * source["width_px"] / ((area.y1 - area.y0) * source["height_px"])
        for area in title.areas
    ]
    return [shapes[int(shot)] for shot in title.pool.shot_index]


def write_shortlist(
    source: Pictures, draft: Path, title: Title, settings: Settings, on_progress: OnProgress
) -> None:
    """Write a full-resolution still of every shortlisted frame."""
    wanted = {
        ref.frame_id: Wanted(f"frame_{ref.frame_id:08d}_{file_safe(ref.label)}")
        for ref in title.refs
    }
    (draft / STILLS).mkdir()
    written = write_frames(source, draft, title, wanted, settings, on_progress, KeptPictures())
    write_kept(draft, _made_with(source, settings), written.stills)


def write_winners(
    source: Pictures,
    draft: Path,
    title: Title,
    ranking: Ranking,
    crops: Mapping[str, Sequence[CanvasPick]],
    settings: Settings,
    on_progress: OnProgress,
    earlier: Path | None = None,
) -> None:
    """Write the stills of the candidates and the crops for all canvases, in one ordered pass.

    Parameters
    ----------
    source, draft, title, settings, on_progress
        See `write_frames`.
    ranking : Ranking
        Whose candidates get stills.
    crops : mapping of str to sequence of CanvasPick
        By canvas.
    earlier : pathlib.Path, optional
        A folder of the same scan, whose pictures need not be decoded again.
    """
    canvases = settings.ranking.canvases.canvases
    (draft / STILLS).mkdir()
    kept = (
        KeptPictures()
        if earlier is None
        else KeptPictures.of(earlier, _made_with(source, settings))
    )
    written = write_frames(
        source, draft, title, wanted_of(ranking, crops, canvases), settings, on_progress, kept
    )
    write_kept(draft, _made_with(source, settings), written.stills)
    if canvases:
        write_crops_file(draft, canvases, written.crops)


def _made_with(source: Pictures, settings: Settings) -> str:
    return made_with(settings.stills, source.info.content_id, software())


def wanted_of(
    ranking: Ranking, crops: Mapping[str, Sequence[CanvasPick]], canvases: Sequence[Canvas]
) -> dict[int, Wanted]:
    """What becomes of each frame of a ranking, by frame id."""
    wanted: dict[int, Wanted] = defaultdict(Wanted)
    for one in ranking.candidates:
        wanted[one.frame_id].still = f"{one.rank:03d}_{file_safe(one.label)}"
    for canvas in canvases:
        for pick in crops[canvas.name]:
            wanted[pick.frame_id].crops.append((canvas, pick))
    return wanted


def write_frames(
    source: Pictures,
    draft: Path,
    title: Title,
    wanted: Mapping[int, Wanted],
    settings: Settings,
    on_progress: OnProgress,
    kept: KeptPictures,
) -> Written:
    """Decode the wanted frames once, in order of time; they are cut like the pictures that were rated.

    Parameters
    ----------
    source : Pictures
        The film.
    draft : pathlib.Path
        The folder to write into, with one for stills.
    title : Title
        What is known of the film.
    wanted : mapping of int to Wanted
        By frame id of this film.
    settings : Settings
        All settings; those of the stills are used.
    on_progress : callable
        Told how far it is.
    kept : KeptPictures
        What need not be decoded again.
    """
    written = Written()
    waiting = [
        ref
        for ref in sorted(title.refs, key=lambda ref: ref.time)
        if ref.frame_id in wanted and not _taken(draft, ref, wanted[ref.frame_id], kept, written)
    ]
    if not waiting:
        return written
    areas = {
        int(frame_id): title.areas[int(shot)]
        for frame_id, shot in zip(title.pool.frame_ids, title.pool.shot_index, strict=True)
    }
    total = float(len(waiting))
    # Decoding, conversion and encoding each take about a third, and wait for nobody else.
    decoded = ahead(iter(source.read(waiting)), 1)
    shown = ahead((_Shown.of(frame, settings.stills) for frame in decoded), 1)
    with closing(decoded), closing(shown):
        for done, (frame, ref) in enumerate(zip(shown, waiting, strict=True), start=1):
            one, area = wanted[ref.frame_id], areas[ref.frame_id]
            provenance = Provenance(source.info.path.name, ref.label, software())
            if one.still:
                path = draft / STILLS / f"{one.still}{settings.stills.suffix}"
                files = frame.write(path, area, source.info, provenance, settings.stills)
                written.stills[ref.frame_id] = [file.name for file in files]
            if one.crops:
                picture = cropped(frame.rgb, area)
                for entry in write_crops(draft, picture, one.crops, provenance, settings.stills):
                    written.crops[entry["canvas"]].append(entry)
            on_progress(Progress("stills", done, total, "stills"))
    return written


def _taken(draft: Path, ref: FrameRef, one: Wanted, kept: KeptPictures, written: Written) -> bool:
    """Whether all that is wanted of a frame could be taken over; else none of it is."""
    files = kept.take_still(draft, ref.frame_id, one.still) if one.still else []
    entries = [kept.take_crop(draft, canvas, pick, ref.label) for canvas, pick in one.crops]
    if (one.still and not files) or not all(entries):
        for path in [draft / STILLS / file for file in files]:
            path.unlink()  # a link to what is kept: it is written anew, not over the old one
        for entry in entries:
            if entry:
                (draft / entry["file"]).unlink()
        return False
    if files:
        written.stills[ref.frame_id] = files
    for entry in entries:
        written.crops[entry["canvas"]].append(entry)
    return True


def write_frame(
    path: Path,
    frame: SourceFrame,
    area: Box,
    info: VideoInfo,
    provenance: Provenance,
    settings: StillSettings,
) -> list[Path]:
    """Write a frame and, where it is wanted and there is one, its HDR picture beside it."""
    return _Shown.of(frame, settings).write(path, area, info, provenance, settings)


@dataclass(frozen=True)
class _Shown:
    """A frame after conversion: its picture and, where it is wanted and there is one, in HDR."""

    rgb: NDArray[np.uint8]
    hdr: NDArray[np.uint16] | None

    @classmethod
    def of(cls, frame: SourceFrame, settings: StillSettings) -> _Shown:
        return cls(frame.rgb(), frame.hdr() if settings.hdr else None)

    def write(
        self,
        path: Path,
        area: Box,
        info: VideoInfo,
        provenance: Provenance,
        settings: StillSettings,
    ) -> list[Path]:
        write_still(path, cropped(self.rgb, area), provenance, settings)
        if self.hdr is None:
            return [path]
        return [path, write_hdr_still(path, cropped(self.hdr, area), *info.color.h273_codes)]
