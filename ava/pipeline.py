"""The main job from end to end: a film in, a title folder out."""

from __future__ import annotations

import math
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

from ava.core.errors import MediaError, NothingToRank
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import cropped
from ava.core.progress import OnProgress, Progress, silent
from ava.ranking.pool import Pool
from ava.ranking.profiles import load_profile
from ava.ranking.rank import Ranking, rank_pool
from ava.review.sheet import write_sheet
from ava.scan.scanner import Scanner, ScanResult
from ava.scan.shortlist import Candidate, ClosedShot
from ava.scoring.analyses import Ragged
from ava.scoring.contract import Runtime
from ava.scoring.registry import Registry, installed
from ava.scoring.runner import Runner
from ava.settings import Settings
from ava.source.info import FrameRef, VideoInfo
from ava.source.opening import Source, open_source
from ava.store.atomic import replacing_folder
from ava.store.stills import Provenance, file_safe, write_proxy, write_still
from ava.store.title_folder import (
    PROXIES,
    RANKING,
    SCORES,
    STILLS,
    Title,
    folder_for,
    is_title_folder,
    proxy_name,
    read_title,
    take_over,
    write_boxes,
    write_json,
    write_title,
)

_CUT_OFF_SHARE = 0.9  # headers of whole films are a few pictures off, too
_BATCH = 8  # pictures scored together: bounded memory, and no scorer gains from more on a CPU


@dataclass(frozen=True)
class TitleResult:
    """Where a title's results are, and what was done to get them.

    Attributes
    ----------
    folder : pathlib.Path
        The title folder.
    ranking : Ranking or None
        The order; None after `extract_title`.
    n_frames : int
        Frames looked at in this run; 0 where earlier scores were used.
    problems : tuple of str
        What could not be looked at.
    seconds : float
        Wall time.
    """

    folder: Path
    ranking: Ranking | None
    n_frames: int
    problems: tuple[str, ...]
    seconds: float


@dataclass
class _Shortlisted:
    """What the scan leaves behind: rows only, never pictures."""

    refs: list[FrameRef] = field(default_factory=list)
    shot_index: list[int] = field(default_factory=list)
    in_transition: list[bool] = field(default_factory=list)
    boxes: dict[str, list[Ragged]] = field(default_factory=dict)

    def add(self, closed: ClosedShot) -> None:
        shot = closed.shot
        for one in closed.candidates:
            self.refs.append(one.ref)
            self.shot_index.append(shot.index)
            clean = shot.clean_first <= one.ref.frame_id < shot.clean_end
            self.in_transition.append(not clean)


def extract_title(
    path: Path,
    out: Path,
    settings: Settings,
    runtime: Runtime | None = None,
    on_progress: OnProgress = silent,
) -> TitleResult:
    """Scan and score a film, and write a full-resolution still of every shortlisted frame.

    Parameters
    ----------
    path : pathlib.Path
        A video file, a picture, or a folder of pictures.
    out : pathlib.Path
        Folder under which the title gets its own.
    settings : Settings
        All settings.
    runtime : Runtime, optional
        What the scorers may use.
    on_progress : callable, optional
        Told how far the work is.
    """
    started = time.monotonic()
    with open_source(path) as source:
        folder = folder_for(out, file_safe(source.info.title), source.info.content_id)
        with replacing_folder(folder) as draft:
            title = _scored(source, draft, settings, runtime or Runtime(), installed(), on_progress)
            wanted = [
                (ref, f"frame_{ref.frame_id:08d}_{file_safe(ref.label)}", None)
                for ref in title.refs
            ]
            _write_stills(source, draft, title, wanted, settings, on_progress)
    problems = title.pool.scores.problems
    n_frames = int(title.facts["n_frames"])
    return TitleResult(folder, None, n_frames, problems, time.monotonic() - started)


def rank_title(
    path: Path,
    out: Path,
    settings: Settings,
    runtime: Runtime | None = None,
    on_progress: OnProgress = silent,
) -> TitleResult:
    """Rank a film, or rank a title folder again, and write stills and contact sheet.

    Scores of an earlier run are used where the film, the scan settings and the scorers are the
    same: then nothing is decoded but the stills.

    Parameters
    ----------
    path : pathlib.Path
        A video file, a picture, a folder of pictures, or a title folder.
    out : pathlib.Path
        Folder under which the title gets its own; not used for a title folder.
    settings, runtime, on_progress
        See `extract_title`.

    Raises
    ------
    NothingToRank
        When every frame was dropped.
    """
    started = time.monotonic()
    profile = load_profile(settings.ranking.profile)
    earlier: Title | None = None
    if is_title_folder(path):
        folder, earlier = path, read_title(path)
        path = Path(earlier.facts["path"])
        if not path.exists():
            raise MediaError(
                f"the film of this title is not at {path} any more",
                "put it back there, or rank it from where it is now",
            )
    with open_source(path) as source:
        registry = installed()
        if earlier is None:
            folder = folder_for(out, file_safe(source.info.title), source.info.content_id)
            earlier = _reusable(folder, source.info, settings, registry)
        with replacing_folder(folder) as draft:
            if earlier is not None:
                title = earlier
                take_over(folder, draft)
            else:
                runtime = runtime or Runtime()
                title = _scored(source, draft, settings, runtime, registry, on_progress)
            ranking = rank_pool(title.pool, settings.ranking, profile)
            write_json(draft / RANKING, ranking.to_json())
            refs = {ref.frame_id: ref for ref in title.refs}
            wanted = [
                (refs[one.frame_id], f"{one.rank:03d}_{file_safe(one.label)}", one.rank)
                for one in ranking.candidates
            ]
            _write_stills(source, draft, title, wanted, settings, on_progress)
            write_sheet(draft)
    problems = title.pool.scores.problems
    n_frames = 0 if title is earlier else int(title.facts["n_frames"])
    return TitleResult(folder, ranking, n_frames, problems, time.monotonic() - started)


def _reusable(
    folder: Path, info: VideoInfo, settings: Settings, registry: Registry
) -> Title | None:
    """Scores of an earlier run that still hold."""
    if not is_title_folder(folder) or not (folder / SCORES).is_file():
        return None
    title = read_title(folder)
    same = (
        title.facts["source"]["content_id"] == info.content_id
        and title.facts["scan_id"] == settings.scan_id
        and title.facts["scorer_ids"] == list(registry.ids)
        # What could not be looked at then may be possible now.
        and not title.facts["problems"]
    )
    return title if same else None


def _scored(
    source: Source,
    draft: Path,
    settings: Settings,
    runtime: Runtime,
    registry: Registry,
    on_progress: OnProgress,
) -> Title:
    """Scan a source once, score its shortlist on the way, and write tables and proxies."""
    (draft / PROXIES).mkdir()
    scanner, rows = Scanner(settings.scan, on_progress), _Shortlisted()
    with Runner(registry, runtime) as runner:
        for batch in _batches(_remembered(scanner.run(source), rows)):
            scored = runner.run(batch)
            for analyser in registry.analysers:
                kind = analyser.card.yields
                if issubclass(kind, Ragged) and kind in scored.found:
                    rows.boxes.setdefault(analyser.card.name, []).append(scored.found.get(kind))
            for frame_id, pixels in zip(batch.frame_ids, batch.pixels, strict=True):
                write_proxy(draft / proxy_name(int(frame_id)), pixels)
        table = runner.table()
    result = scanner.result
    assert result is not None
    if not len(table):
        raise NothingToRank(
            f"{source.info.path}: no frame could be decoded", "the file may be damaged"
        )
    title = Title(
        _facts(source, result, settings, registry, table.problems, table.roads or {}),
        tuple(rows.refs),
        Pool(
            np.array([ref.time.seconds for ref in rows.refs]),
            tuple(ref.label for ref in rows.refs),
            np.array(rows.shot_index, np.int64),
            np.array(rows.in_transition, bool),
            table,
            max(result.shots[-1].end_seconds, 1e-3),
        ),
        tuple(shot.picture_area for shot in result.shots),
    )
    write_title(draft, title, result.stats, result.shots)
    for name, parts in rows.boxes.items():
        write_boxes(draft, name, table.frame_ids, type(parts[0]).joined(parts))
    return title


def _remembered(shots: Iterator[ClosedShot], rows: _Shortlisted) -> Iterator[Candidate]:
    for closed in shots:
        rows.add(closed)
        yield from closed.candidates


def _batches(candidates: Iterator[Candidate]) -> Iterator[FrameBatch]:
    """Candidates in batches of one picture size."""
    held: list[Candidate] = []
    for one in candidates:
        if held and (len(held) == _BATCH or held[0].pixels.shape != one.pixels.shape):
            yield _batch(held)
            held = []
        held.append(one)
    if held:
        yield _batch(held)


def _batch(held: Sequence[Candidate]) -> FrameBatch:
    return FrameBatch(
        np.stack([one.pixels for one in held]),
        np.array([one.pts_seconds for one in held]),
        np.array([one.ref.frame_id for one in held], np.int64),
    )


def _facts(
    source: Source,
    result: ScanResult,
    settings: Settings,
    registry: Registry,
    problems: Sequence[str],
    roads: dict[str, str] | Any,
) -> dict[str, Any]:
    info, warnings = source.info, list(source.info.warnings)
    if result.n_torn:
        warnings.append(f"{result.n_torn} damaged pictures were passed over")
    promised, seen = info.n_frames_from_header, len(result.stats) + result.n_torn
    if seen < _CUT_OFF_SHARE * promised:
        warnings.append(f"the file is cut off: {seen:,} of {promised:,} pictures are there")
    elif result.ended_early:
        warnings.append("the file is damaged: what follows the last frame looked at was not seen")
    return {
        "title": info.title,
        "path": str(info.path.resolve()),
        "source": {**info.to_json(), "warnings": warnings},
        "time_base": str(info.start.time_base),
        "scanned_seconds": max(result.shots[-1].end_seconds, 1e-3),
        "n_frames": len(result.stats),
        "n_shots": len(result.shots),
        "software": software(),
        "scan_id": settings.scan_id,
        "scorer_ids": list(registry.ids),
        "roads": dict(roads),
        "problems": list(problems),
    }


def software() -> str:
    """Name and version, as written into results."""
    return f"ava {version('ava-artwork')}"


def _write_stills(
    source: Source,
    draft: Path,
    title: Title,
    wanted: Sequence[tuple[FrameRef, str, int | None]],
    settings: Settings,
    on_progress: OnProgress,
) -> None:
    """Decode the wanted frames once, in order of time, and write them at full resolution.

    They are cropped like the pictures that were rated.
    """
    (draft / STILLS).mkdir()
    area_of = {
        int(frame_id): title.areas[int(shot)]
        for frame_id, shot in zip(title.pool.frame_ids, title.pool.shot_index, strict=True)
    }
    in_time = sorted(wanted, key=lambda one: one[0].time)
    frames = source.read([ref for ref, _, _ in in_time])
    total = float(len(in_time)) or math.nan
    for done, (frame, (ref, name, rank)) in enumerate(zip(frames, in_time, strict=True), start=1):
        provenance = Provenance(source.info.path.name, ref.label, rank, software())
        path = draft / STILLS / f"{name}{settings.stills.suffix}"
        write_still(path, cropped(frame.rgb(), area_of[ref.frame_id]), provenance, settings.stills)
        on_progress(Progress("stills", done, total, "stills"))
