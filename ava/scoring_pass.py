"""The first half of the main job: one pass over a film that scans, rates, and keeps tables."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cache
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import NothingToRank
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import Box
from ava.core.memory import keep_freed_memory
from ava.core.progress import OnProgress
from ava.ranking.pool import Pool
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner, ScanResult
from ava.scan.shortlist import Candidate, ClosedShot
from ava.scoring.analyses import Ragged
from ava.scoring.contract import Runtime
from ava.scoring.registry import Registry, installed
from ava.scoring.runner import Runner
from ava.scoring.static_marks import STATIC_LOGO, Mark, MarkFinder, StaticMarks
from ava.scoring.table import ScoreTable
from ava.scoring.workers import runner_for
from ava.settings import Settings
from ava.source.info import FrameRef
from ava.source.opening import Source
from ava.store.stills import read_proxy, write_proxy, write_thumb
from ava.store.title_folder import (
    PROXIES,
    THUMBS,
    Title,
    proxy_name,
    thumb_name,
    write_boxes,
    write_title,
)

_CUT_OFF_SHARE = 0.9  # headers of whole films are a few pictures off, too
_BATCH = 8  # pictures scored together: bounded memory, and no scorer gains from more on a CPU


@dataclass
class _Shortlisted:
    """What the scan leaves behind: rows, and pictures only until they are scored."""

    refs: list[FrameRef] = field(default_factory=list)
    shot_index: list[int] = field(default_factory=list)
    in_transition: list[bool] = field(default_factory=list)
    boxes: dict[str, list[Ragged]] = field(default_factory=dict)
    finder: MarkFinder = field(default_factory=MarkFinder)
    marks: StaticMarks | None = None
    unwritten: deque[FrameBatch] = field(default_factory=deque)  # held by the runner, too

    def add(self, closed: ClosedShot) -> None:
        shot = closed.shot
        for one in closed.candidates:
            self.refs.append(one.ref)
            self.shot_index.append(shot.index)
            clean = shot.clean_first <= one.ref.frame_id < shot.clean_end
            self.in_transition.append(not clean)
            self.finder.add(one.pixels, shot.picture_area)

    def write_next(self, draft: Path) -> None:
        """Write proxies and thumbs of the next batch, if there is one."""
        if self.unwritten:
            batch = self.unwritten.popleft()
            for frame_id, pixels in zip(batch.frame_ids, batch.pixels, strict=True):
                write_proxy(draft / proxy_name(int(frame_id)), pixels)
                write_thumb(draft / thumb_name(int(frame_id)), pixels)


@contextmanager
def scoring_ahead(settings: Settings, runtime: Runtime, is_new: bool) -> Iterator[Runner | None]:
    """What scores, its networks being opened by other processes while the film itself is opened.

    None where that may be for nothing: where this process scores, and where a title may have settings
    of its own.

    Parameters
    ----------
    settings : Settings
        All settings, before it is known what the title is.
    runtime : Runtime
        What the scorers may use.
    is_new : bool
        Whether there are no scores of an earlier run; if there are, the answer is None, too.
    """
    if not is_new or settings.titles or not runtime.n_workers:
        yield None
        return
    with runner_for(installed(settings.scoring.on_request), runtime) as runner:
        yield runner


def scored_title(
    source: Source,
    draft: Path,
    settings: Settings,
    runtime: Runtime,
    registry: Registry,
    on_progress: OnProgress,
    name: str = "",
    ahead: Runner | None = None,
) -> Title:
    """Scan a source once, score its shortlist on the way, and write tables and proxies.

    Parameters
    ----------
    source : Source
        An opened film, picture or folder of pictures.
    draft : pathlib.Path
        The title folder in the making.
    settings : Settings
        All settings.
    runtime : Runtime
        What the scorers may use.
    registry : Registry
        The scorers and analysers to run.
    on_progress : callable
        Told how far the scan is.
    name : str
        What the title is called; empty for the name of its file.
    ahead : Runner, optional
        What `scoring_ahead` gave; it is ended.

    Raises
    ------
    NothingToRank
        When the source holds no frame that can be decoded.
    WeightsError
        When the settings ask for a network to find shots, and its weights cannot be had.
    """
    keep_freed_memory()
    (draft / PROXIES).mkdir()
    (draft / THUMBS).mkdir()
    scanner, rows = scanner_for(source, settings.scan, runtime, on_progress), _Shortlisted()
    with ahead or runner_for(registry, runtime) as runner:
        given = batches(_remembered(scanner.run(source), rows))
        for _, scored in runner.run_all(_until_over(given, draft, rows)):
            for analyser in registry.analysers:
                kind = analyser.card.yields
                if issubclass(kind, Ragged) and kind in scored.found:
                    rows.boxes.setdefault(analyser.card.name, []).append(scored.found.get(kind))
            rows.write_next(draft)
        table = runner.table()
    result, marks = scanner.result, rows.marks
    assert result is not None
    assert marks is not None
    if not len(table):
        raise NothingToRank(
            f"{source.info.path}: no frame could be decoded", "the file may be damaged"
        )
    areas = tuple(shot.picture_area for shot in result.shots)
    table = _with_marks(draft, table, marks, [areas[shot] for shot in rows.shot_index])
    roads = {**(table.roads or {}), **_road_of_shots(source, settings.scan, result)}
    facts = _facts(source, result, settings, registry, table.problems, roads)
    facts["title"] = name or source.info.title
    title = Title(
        {**facts, "static_marks": [_mark_facts(one) for one in marks.marks]},
        tuple(rows.refs),
        Pool(
            np.array([ref.time.seconds for ref in rows.refs]),
            tuple(ref.label for ref in rows.refs),
            np.array(rows.shot_index, np.int64),
            np.array(rows.in_transition, bool),
            table,
            max(result.shots[-1].end_seconds, 1e-3),
            source.info.kind == "video",
            n_torn=result.n_torn,
        ),
        areas,
    )
    write_title(draft, title, result.stats, result.shots)
    for name, parts in rows.boxes.items():
        write_boxes(draft, name, table.frame_ids, type(parts[0]).joined(parts))
    return title


def scanner_for(
    source: Source, settings: ScanSettings, runtime: Runtime, on_progress: OnProgress
) -> Scanner:
    """A scanner, with the network that its settings ask for; pictures of a folder need none.

    Raises
    ------
    WeightsError
        When the weights of the network are missing and cannot be fetched.
    """
    if settings.shots == "fast" or source.info.kind == "stills":
        return Scanner(replace(settings, shots="fast"), on_progress)
    from models.transnetv2 import BoundaryNetwork

    judge = BoundaryNetwork.open(runtime.on_progress, runtime.may_download)
    return Scanner(settings, on_progress, judge)


def _road_of_shots(source: Source, settings: ScanSettings, result: ScanResult) -> dict[str, str]:
    """How much the network saw: on a GPU every frame, so that a cascade may end otherwise there."""
    if settings.shots == "fast" or source.info.kind == "stills":
        return {}
    is_every = result.n_judged >= len(result.stats)
    return {"shots": "TransNetV2, every frame" if is_every else "TransNetV2, doubtful places"}


def _with_marks(
    draft: Path, table: ScoreTable, marks: StaticMarks, areas: Sequence[Box]
) -> ScoreTable:
    """The table with how much each frame shows of the marks; proxies are read where there are any."""
    if not marks.marks:
        seen = np.full(len(table), 0.0 if marks.known else np.nan, np.float32)
        return table.with_column(STATIC_LOGO, seen)
    shown = [
        marks.seen_in(read_proxy(draft / proxy_name(int(frame_id))), area)
        for frame_id, area in zip(table.frame_ids, areas, strict=True)
    ]
    return table.with_column(STATIC_LOGO, np.array(shown, np.float32))


def _mark_facts(mark: Mark) -> dict[str, Any]:
    box = mark.box
    return {"place": mark.place, "box_xyxy": [box.x0, box.y0, box.x1, box.y1]}


def _remembered(shots: Iterator[ClosedShot], rows: _Shortlisted) -> Iterator[Candidate]:
    for closed in shots:
        rows.add(closed)
        yield from closed.candidates


def batches(candidates: Iterator[Candidate]) -> Iterator[FrameBatch]:
    """Candidates in batches of one picture size."""
    held: list[Candidate] = []
    for one in candidates:
        if held and (len(held) == _BATCH or _shapes(held[0]) != _shapes(one)):
            yield _batch(held)
            held = []
        held.append(one)
    if held:
        yield _batch(held)


def _until_over(
    given: Iterator[FrameBatch], draft: Path, rows: _Shortlisted
) -> Iterator[FrameBatch]:
    """The batches; after the last of them, what needs no scores, while other processes find these."""
    for batch in given:
        rows.unwritten.append(batch)
        yield batch
    while rows.unwritten:
        rows.write_next(draft)
    rows.marks = rows.finder.found()


def _shapes(one: Candidate) -> tuple[tuple[int, ...], ...]:
    return one.pixels.shape, () if one.moments is None else one.moments.shape


def _batch(held: Sequence[Candidate]) -> FrameBatch:
    return FrameBatch(
        np.stack([one.pixels for one in held]),
        np.array([one.pts_seconds for one in held]),
        np.array([one.ref.frame_id for one in held], np.int64),
        *_moments(held),
    )


def _moments(
    held: Sequence[Candidate],
) -> tuple[NDArray[np.uint8], NDArray[np.float64]] | tuple[None, None]:
    moments = [one.moments for one in held if one.moments is not None]
    if len(moments) < len(held):
        return None, None
    return np.stack(moments), np.array([one.moment_seconds for one in held], np.float64)


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
    if len(result.stats) < result.n_frames:
        warnings.append(
            f"only the {len(result.stats):,} key frames were looked at, of {result.n_frames:,} "
            "frames: shots are rough, fades and motion are not known"
        )
    promised, seen = info.n_frames_from_header, result.n_frames + result.n_torn
    if seen < _CUT_OFF_SHARE * promised:
        warnings.append(f"the file is cut off: {seen:,} of {promised:,} pictures are there")
    elif result.ended_early:
        warnings.append("the file is damaged: what follows the last frame looked at was not seen")
    return {
        "path": str(info.path.resolve()),
        "source": {**info.to_json(), "warnings": warnings},
        "time_base": str(info.start.time_base),
        "scanned_seconds": max(result.shots[-1].end_seconds, 1e-3),
        "n_frames": len(result.stats),
        "n_shots": len(result.shots),
        "n_torn": result.n_torn,
        "software": software(),
        "scan_id": settings.scan_id,
        "scan": settings.scan.facts,
        "scorer_ids": list(registry.ids),
        "roads": dict(roads),
        "problems": list(problems),
    }


@cache
def software() -> str:
    """Name and version, as written into results."""
    return f"ava {version('ava-artwork')}"
