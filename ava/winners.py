"""Decodes the winners once more, and writes their stills and crops."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ava.core.canvas import Canvas
from ava.core.geometry import Box, cropped
from ava.core.progress import OnProgress, Progress
from ava.ranking.canvas_picks import CanvasPick
from ava.ranking.results import Ranking
from ava.scoring_pass import software
from ava.settings import Settings
from ava.source.info import FrameRef, SourceFrame, VideoInfo
from ava.source.opening import Source
from ava.store.crops import write_crops, write_crops_file
from ava.store.stills import (
    Provenance,
    StillSettings,
    file_safe,
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
    rank : int or None
        Its place, where it was ranked.
    crops : list of (Canvas, CanvasPick)
        The parts of it that are wanted.
    """

    still: str = ""
    rank: int | None = None
    crops: list[tuple[Canvas, CanvasPick]] = field(default_factory=list)


def aspects_of(title: Title) -> list[float]:
    """Width over height of every shortlisted frame as it was rated, without bars."""
    source = title.facts["source"]
    shapes = [
        (area.x1 - area.x0) * source["width_px"] / ((area.y1 - area.y0) * source["height_px"])
        for area in title.areas
    ]
    return [shapes[int(shot)] for shot in title.pool.shot_index]


def write_shortlist(
    source: Source, draft: Path, title: Title, settings: Settings, on_progress: OnProgress
) -> None:
    """Write a full-resolution still of every shortlisted frame."""
    wanted = {
        ref.frame_id: Wanted(f"frame_{ref.frame_id:08d}_{file_safe(ref.label)}")
        for ref in title.refs
    }
    (draft / STILLS).mkdir()
    write_frames(source, draft, title, wanted, settings, on_progress)


def write_winners(
    source: Source,
    draft: Path,
    title: Title,
    ranking: Ranking,
    crops: Mapping[str, Sequence[CanvasPick]],
    settings: Settings,
    on_progress: OnProgress,
) -> None:
    """Write the stills of the candidates and the crops for all canvases, in one ordered pass."""
    canvases = settings.ranking.canvases.canvases
    (draft / STILLS).mkdir()
    entries = write_frames(
        source, draft, title, wanted_of(ranking, crops, canvases), settings, on_progress
    )
    if canvases:
        write_crops_file(draft, canvases, entries)


def wanted_of(
    ranking: Ranking, crops: Mapping[str, Sequence[CanvasPick]], canvases: Sequence[Canvas]
) -> dict[int, Wanted]:
    """What becomes of each frame of a ranking, by frame id."""
    wanted: dict[int, Wanted] = defaultdict(Wanted)
    for one in ranking.candidates:
        wanted[one.frame_id].still = f"{one.rank:03d}_{file_safe(one.label)}"
        wanted[one.frame_id].rank = one.rank
    for canvas in canvases:
        for pick in crops[canvas.name]:
            wanted[pick.frame_id].crops.append((canvas, pick))
    return wanted


def write_frames(
    source: Source,
    draft: Path,
    title: Title,
    wanted: Mapping[int, Wanted],
    settings: Settings,
    on_progress: OnProgress,
) -> dict[str, list[dict[str, Any]]]:
    """Decode the wanted frames once, in order of time; they are cut like the pictures that were rated.

    Parameters
    ----------
    source : Source
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

    Returns
    -------
    dict of str to list of dict
        By canvas, entries of ``crops.json``.
    """
    areas = {
        int(frame_id): title.areas[int(shot)]
        for frame_id, shot in zip(title.pool.frame_ids, title.pool.shot_index, strict=True)
    }
    refs: list[FrameRef] = sorted(
        (ref for ref in title.refs if ref.frame_id in wanted), key=lambda ref: ref.time
    )
    total = float(len(refs)) or math.nan
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for done, (frame, ref) in enumerate(zip(source.read(refs), refs, strict=True), start=1):
        one, area = wanted[ref.frame_id], areas[ref.frame_id]
        provenance = Provenance(source.info.path.name, ref.label, one.rank, software())
        if one.still:
            path = draft / STILLS / f"{one.still}{settings.stills.suffix}"
            write_frame(path, frame, area, source.info, provenance, settings.stills)
        if one.crops:
            picture = cropped(frame.rgb(), area)
            for entry in write_crops(draft, picture, one.crops, provenance, settings.stills):
                entries[entry["canvas"]].append(entry)
        on_progress(Progress("stills", done, total, "stills"))
    return entries


def write_frame(
    path: Path,
    frame: SourceFrame,
    area: Box,
    info: VideoInfo,
    provenance: Provenance,
    settings: StillSettings,
) -> list[Path]:
    """Write a frame and, where it is wanted and there is one, its HDR picture beside it."""
    write_still(path, cropped(frame.rgb(), area), provenance, settings)
    hdr = frame.hdr() if settings.hdr else None
    if hdr is None:
        return [path]
    return [path, write_hdr_still(path, cropped(hdr, area), *info.color.h273_codes)]
