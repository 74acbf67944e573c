"""Everything that is known of one frame: its numbers in words, and a picture of the findings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from ava.casting import cast_title
from ava.core.errors import AvaError, ConfigError
from ava.core.file_names import file_safe
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import cropped
from ava.core.media_time import parse_time
from ava.ranking.genre import profile_for
from ava.ranking.pool import Pool
from ava.ranking.utility import standing_among
from ava.ranking.why import Why, why
from ava.review.annotations import families_of
from ava.review.context import FamilyView
from ava.review.overlay import draw_overlay
from ava.scan.glance import area_of
from ava.scoring.contract import Column, Runtime
from ava.scoring.registry import Registry
from ava.scoring.runner import Runner
from ava.settings import Settings
from ava.source.info import SourceFrame
from ava.source.opening import open_source
from ava.store.atomic import write_atomic
from ava.store.cast_files import known_characters
from ava.store.title_folder import Title, folder_for, is_title_folder, read_title

_LINES_PX = 540
_NOT_RANKED = "its standing in the title is not known: rank the film first (ava rank)"
_NOT_LISTED = (
    "this frame is not on the title's shortlist: it is measured by itself, without its neighbours"
)


@dataclass(frozen=True)
class Explanation:
    """All that is known of one frame.

    Attributes
    ----------
    label : str
        Timecode or file name.
    columns : tuple of Column
        What was measured, the vectors included.
    values : mapping of str to list of float
        By column; a list of one where it is a single number. NaN means "does not apply".
    standing : mapping of str to float
        Share of the title that is not better (or not higher), 0..1; empty without a title.
    families : tuple of FamilyView
        The single numbers in words, in the families they are read in.
    picture : pathlib.Path
        PNG with the findings drawn over the frame.
    notes : tuple of str
        What a person should know of this.
    """

    label: str
    columns: tuple[Column, ...]
    values: Mapping[str, list[float]]
    standing: Mapping[str, float]
    families: tuple[FamilyView, ...]
    picture: Path
    notes: tuple[str, ...]

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types; what does not apply is null."""
        return {
            "label": self.label,
            "picture": str(self.picture),
            "notes": list(self.notes),
            "columns": [
                {
                    "name": column.name,
                    "family": column.family,
                    "value": _plain(self.values[column.name]),
                    "unit": column.unit,
                    "low": column.low,
                    "high": None if np.isinf(column.high) else column.high,
                    "better": column.better,
                    "percentile": _plain([self.standing.get(column.name, np.nan)]),
                    "about": column.about,
                }
                for column in self.columns
            ],
        }


def _plain(values: list[float]) -> float | list[float | None] | None:
    known = [None if np.isnan(value) else value for value in values]
    return known[0] if len(known) == 1 else known


def explain_frame(
    what: str,
    out: Path,
    picture: Path | None,
    settings: Settings,
    runtime: Runtime,
    registry: Registry,
) -> Explanation:
    """Measure one frame, and compare it with its title where that was ranked.

    Parameters
    ----------
    what : str
        A picture file, or ``VIDEO@TIME`` (see `ava.core.media_time.parse_time`).
    out : pathlib.Path
        Folder under which `ava rank` left the title.
    picture : pathlib.Path or None
        The PNG to write; None for one named by film and time in the working folder.
    settings : Settings
        All settings; `scan.crop_bars` is used.
    runtime, registry
        What the scorers may use, and which there are.

    Raises
    ------
    ConfigError
        When `what` is neither a picture nor a film with a time.
    """
    path, at = _parted(what)
    with open_source(path) as source:
        info = source.info
        if at is None and info.kind == "video":
            raise ConfigError(f"{path} is a film", f"say which frame: {path.name}@00:12:33.120")
        frame = (
            next(iter(source.scan())) if at is None else source.at(parse_time(at, info.frame_rate))
        )
        area = area_of(source, frame, settings.scan)
    whole = cropped(frame.rgb(), area)
    batch = FrameBatch(
        cropped(frame.rgb(_LINES_PX), area)[None],
        np.array([frame.ref.time.seconds]),
        np.array([frame.ref.frame_id], np.int64),
    )
    with Runner(registry, runtime) as runner:
        scored = runner.run(batch)
        problems = tuple(runner.problems)
    values = {name: value[0] for name, value in scored.values.items()}
    pool, row = _in_title(folder_for(out, file_safe(info.title), info.content_id), frame)
    notes = [] if at is None else [_NOT_RANKED] if pool is None else []
    if pool is not None and row is not None:
        values = {name: pool.column(name)[row] for name in values}
    elif pool is not None:
        notes.append(_NOT_LISTED)
    columns = registry.columns
    numbers = {one.name: float(values[one.name]) for one in columns if one.size == 1}
    standing = {} if pool is None else standing_among(pool, numbers)
    file = picture or Path(f"{file_safe(info.title)}_{file_safe(frame.ref.label)}_explained.png")
    vectors = {name: np.atleast_1d(value) for name, value in values.items()}
    write_atomic(file, draw_overlay(whole, scored.found, vectors))
    return Explanation(
        frame.ref.label,
        columns,
        {name: [float(one) for one in vector] for name, vector in vectors.items()},
        standing,
        families_of([one for one in columns if one.size == 1], numbers, standing),
        file,
        (*problems, *notes),
    )


def _parted(what: str) -> tuple[Path, str | None]:
    """Path and time; a file whose own name has an @ is itself."""
    if "@" not in what or Path(what).exists():
        return Path(what), None
    path, _, at = what.rpartition("@")
    return Path(path), at


def _in_title(folder: Path, frame: SourceFrame) -> tuple[Pool | None, int | None]:
    """The title that the frame belongs to, where it was ranked, and the frame's row in it."""
    try:
        title = read_title(folder) if is_title_folder(folder) else None
    except AvaError:  # of another version, or damaged: the frame can be explained without it
        title = None
    if title is None:
        return None, None
    rows = [row for row, ref in enumerate(title.refs) if ref.time == frame.ref.time]
    return title.pool, rows[0] if rows else None


def why_frame(folder: Path, at: str, settings: Settings) -> Why:
    """Why a frame of a ranked title is in or out, by the settings given; nothing is written.

    Parameters
    ----------
    folder : pathlib.Path
        A title folder.
    at : str
        The frame's number in the decoded stream (as ``ranking.json`` has it), or its timecode or
        file name; of times between two shortlisted frames the nearest is taken.
    settings : Settings
        As for ranking.

    Raises
    ------
    StoreError
        When the folder is none of ours.
    ConfigError
        When there is no such frame.
    """
    title = read_title(folder)
    settings = settings.for_title(title.facts["title"], title.facts["source"]["content_id"])
    known = known_characters(folder)
    pool = cast_title(folder, title, settings.cast, known, write=False)
    row = _row_of(title, at)
    return why(pool, row, settings.ranking, profile_for(settings.ranking.profile, pool))


def _row_of(title: Title, at: str) -> int:
    for row, ref in enumerate(title.refs):
        if at in (str(ref.frame_id), ref.label):
            return row
    rate = title.facts["source"]["frame_rate"]
    if at.isdecimal() or title.facts["source"]["kind"] != "video":
        raise ConfigError(
            f"{at} is not on the shortlist of this title",
            "the scan keeps the best frames of every shot; their numbers are in scores.parquet",
        )
    seconds = float(parse_time(at, Fraction(rate) if rate else None))
    return int(np.abs(title.pool.pts_seconds - seconds).argmin())
