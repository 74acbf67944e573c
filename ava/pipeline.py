"""The main job from end to end: a film in, a title folder out."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from ava.casting import cast_title, known_of
from ava.core.errors import ConfigError, MediaError
from ava.core.file_names import file_safe
from ava.core.media_time import parse_time
from ava.core.progress import OnProgress, silent
from ava.ranking.genre import profile_for, require_profile
from ava.ranking.house_taste import other_versions
from ava.ranking.rank import choices_among, rank_for_canvases, rank_weighed
from ava.ranking.results import Ranking
from ava.ranking.weighing import weigh
from ava.review.sheet import write_sheet
from ava.scan.glance import area_of
from ava.scoring.contract import Runtime
from ava.scoring.registry import Registry, installed
from ava.scoring_pass import scored_title, scoring_ahead, software
from ava.settings import Settings
from ava.source.info import VideoInfo
from ava.source.opening import Source, open_source, title_of
from ava.source.remembered import Remembered
from ava.source.remote import SourcePath, located
from ava.store.atomic import recover, replacing_folder
from ava.store.crops import layouts_of
from ava.store.decisions import keep_decisions
from ava.store.manifest import SourceStamp, write_manifest
from ava.store.stills import Provenance
from ava.store.title_folder import (
    SCORES,
    Title,
    folder_for,
    is_title_folder,
    read_title,
    take_over,
    write_ranking,
)
from ava.title_state import made_from, remembered, scores_changes
from ava.winners import aspects_of, write_frame, write_shortlist, write_winners


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


@dataclass(frozen=True)
class StillResult:
    """Where a single still is.

    Attributes
    ----------
    label : str
        The frame's own time.
    files : tuple of pathlib.Path
        The still and, where there is one, its HDR picture.
    warnings : tuple of str
        What a person should know of the source.
    """

    label: str
    files: tuple[Path, ...]
    warnings: tuple[str, ...]


def extract_title(
    path: SourcePath,
    out: Path,
    settings: Settings,
    runtime: Runtime | None = None,
    on_progress: OnProgress = silent,
) -> TitleResult:
    """Scan and score a film, and write a full-resolution still of every shortlisted frame.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        A video file, on a disk or at an address, a picture, or a folder of pictures.
    out : pathlib.Path
        Folder under which the title gets its own.
    settings : Settings
        All settings.
    runtime : Runtime, optional
        What the scorers may use.
    on_progress : callable, optional
        Told how far the work is.
    """
    started, runtime = time.monotonic(), runtime or Runtime()
    with scoring_ahead(settings, runtime, True) as ahead, open_source(path) as source:
        stamp = SourceStamp.of(path)
        settings = settings.for_title(source.info.title, source.info.content_id)
        folder = folder_for(out, file_safe(source.info.title), source.info.content_id)
        with replacing_folder(folder) as draft:
            keep_decisions(folder, draft)
            registry = installed(settings.scoring.on_request)
            title = scored_title(
                source, draft, settings, runtime, registry, on_progress, ahead=ahead
            )
            write_shortlist(source, draft, title, settings, on_progress)
            seconds = time.monotonic() - started
            write_manifest(draft, made_from(title, source.info, stamp, None, None, seconds))
    problems = _problems(title, source.info, settings)
    n_frames = int(title.facts["n_frames"])
    return TitleResult(folder, None, n_frames, problems, time.monotonic() - started)


def rank_title(
    path: SourcePath,
    out: Path,
    settings: Settings,
    runtime: Runtime | None = None,
    on_progress: OnProgress = silent,
    elsewhere: frozenset[int] = frozenset(),
    name: str = "",
) -> TitleResult:
    """Rank a film, or rank a title folder again, and write stills and contact sheet.

    Scores of an earlier run are used where the film, the scan settings and the scorers are the
    same: then nothing is decoded but new stills, and without any the film is not even opened, so
    long as its file has neither changed nor moved.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        A video file, on a disk or at an address, a picture, a folder of pictures, or a title
        folder.
    out : pathlib.Path
        Folder under which the title gets its own; not used for a title folder.
    settings, runtime, on_progress
        See `extract_title`.
    elsewhere : frozenset of int
        Frames that may not be taken, by id: another set has them.
    name : str
        What the title is called, where that is not the name of its file. The folder of that name
        is then its own, whatever film was ranked into it before.

    Raises
    ------
    ConfigError
        When it is the folder of a season.
    NothingToRank
        When every frame was dropped.
    """
    started = time.monotonic()
    require_profile(settings.ranking.profile)
    folder: Path | None = None
    if isinstance(path, Path) and is_title_folder(path):
        facts = read_title(path).facts
        if "episodes" in facts:
            raise ConfigError(
                f"{path} is a season", "rank its episodes together again, with --as-season"
            )
        folder, path, name = path, located(facts["path"]), name or str(facts["title"])
        if not path.exists():
            raise MediaError(
                f"the film of this title is not at {path} any more",
                "put it back there, or rank it from where it is now",
            )
    runtime, where = runtime or Runtime(), folder or out / file_safe(name or title_of(path))
    with scoring_ahead(settings, runtime, not is_title_folder(where)) as ahead:
        source, stamp = _source(path, where)
        settings = settings.for_title(name or source.info.title, source.info.content_id)
        require_profile(settings.ranking.profile)
        registry = installed(settings.scoring.on_request)
        scans_as_asked = folder is None  # a title folder keeps the scan that it was made with
        if folder is None and name:
            folder = out / file_safe(name)
            recover(folder)
        folder = folder or folder_for(out, file_safe(source.info.title), source.info.content_id)
        earlier = _reusable(folder, source.info, settings if scans_as_asked else None, registry)
        known = known_of(folder, settings.cast, registry, runtime)
        with replacing_folder(folder) as draft:
            if earlier is not None:
                title = earlier
                take_over(folder, draft)
            else:
                keep_decisions(folder, draft)
                film = open_source(path) if isinstance(source, Remembered) else source
                title = scored_title(
                    film, draft, settings, runtime, registry, on_progress, name, ahead
                )
                source = film
            pool = cast_title(draft, title, settings.cast, known)
            wanted = settings.ranking
            profile = profile_for(wanted.profile, pool)
            weighed = weigh(pool, wanted.gates, wanted.spoilers, profile)
            choices = choices_among(weighed, wanted)
            ranking = rank_weighed(weighed, choices, wanted, elsewhere)
            write_ranking(draft, ranking, settings.of_ranking)
            layout_of = layouts_of(draft, pool, aspects_of(title))
            crops = rank_for_canvases(weighed, choices, wanted, layout_of, elsewhere)
            kept = folder if earlier is not None else None
            write_winners(source, draft, title, ranking, crops, settings, on_progress, kept)
            write_sheet(draft)
            seconds = time.monotonic() - started
            write_manifest(
                draft, made_from(title, source.info, stamp, settings, kept, seconds), kept
            )
    problems = _problems(title, source.info, settings)
    problems += other_versions(profile.learned, title.facts["scorer_ids"])
    n_frames = 0 if title is earlier else int(title.facts["n_frames"])
    return TitleResult(folder, ranking, n_frames, problems, time.monotonic() - started)


def _source(path: SourcePath, folder: Path) -> tuple[Source | Remembered, SourceStamp]:
    """A source, opened only if its title folder is not known to be of this very file."""
    known = remembered(path, folder)
    return known or (open_source(path), SourceStamp.of(path))


def _problems(title: Title, info: VideoInfo, settings: Settings) -> tuple[str, ...]:
    """What could not be done."""
    problems = title.pool.scores.problems
    if settings.stills.hdr and info.color.transfer == "sdr":
        return (*problems, "the source is not HDR; there are no HDR pictures to keep")
    return problems


def _reusable(
    folder: Path, info: VideoInfo, settings: Settings | None, registry: Registry
) -> Title | None:
    """Scores of an earlier run that still hold; without settings, however it was scanned."""
    if not is_title_folder(folder) or not (folder / SCORES).is_file():
        return None
    title = read_title(folder)
    changes = scores_changes(title.facts, info.content_id, settings, registry.ids)
    # What could not be looked at then may be possible now.
    return None if changes or title.facts["problems"] else title


def still_at(path: SourcePath, at: str, out: Path | None, settings: Settings) -> StillResult:
    """Write the frame that is shown at an instant, at full resolution and without bars.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        A video file, on a disk or at an address, a picture, or a folder of pictures.
    at : str
        Time since the first picture (see `ava.core.media_time.parse_time`).
    out : pathlib.Path or None
        The file to write; None for one named by film and time in the working folder.
    settings : Settings
        All settings; those of the stills, and `scan.crop_bars`, are used.

    Raises
    ------
    ConfigError
        When `at` is not a time.
    MediaError
        When the film shows nothing then.
    """
    with open_source(path) as source:
        info = source.info
        frame = source.at(parse_time(at, info.frame_rate))
        label = frame.ref.label
        area = area_of(source, frame, settings.scan)
    file = out or Path(f"{file_safe(info.title)}_{file_safe(label)}{settings.stills.suffix}")
    provenance = Provenance(info.path.name, label, software())
    files = write_frame(file, frame, area, info, provenance, settings.stills)
    return StillResult(label, tuple(files), info.warnings)
