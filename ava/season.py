"""A season from its episodes: one set over all of them, and one for each, no picture twice."""

from __future__ import annotations

import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.casting import cast_title
from ava.core.errors import ConfigError
from ava.core.file_names import file_safe
from ava.core.media_time import MediaTime
from ava.core.progress import OnProgress, silent
from ava.pipeline import TitleResult, rank_title
from ava.ranking.canvas_picks import CanvasPick, LayoutOf
from ava.ranking.canvases import FrameLayout
from ava.ranking.gates import apply_gates
from ava.ranking.genre import profile_for, require_profile
from ava.ranking.pool import Pool
from ava.ranking.rank import choices_among, rank_for_canvases, rank_weighed
from ava.ranking.results import Ranking
from ava.ranking.season import Episode, episode_id, joined, season_id, taken_in
from ava.ranking.weighing import weigh
from ava.review.sheet import write_sheet
from ava.scoring.contract import Runtime
from ava.scoring_pass import software
from ava.settings import Settings
from ava.source.info import FrameRef
from ava.source.opening import open_source
from ava.store.atomic import replacing_folder
from ava.store.cast_files import KnownCharacter, known_characters
from ava.store.crops import layouts_of, read_crops, write_crops_file
from ava.store.decisions import keep_decisions
from ava.store.kept_pictures import KeptPictures
from ava.store.manifest import read_manifest, write_manifest
from ava.store.season_files import write_season
from ava.store.title_folder import (
    STILLS,
    Title,
    is_title_folder,
    read_ranking,
    read_title,
    write_ranking,
)
from ava.title_state import season_made_from
from ava.winners import Wanted, aspects_of, wanted_of, write_frames

_MILLISECOND = Fraction(1, 1000)


@dataclass(frozen=True)
class SeasonResult:
    """Where the results of a season are.

    Attributes
    ----------
    folder : pathlib.Path
        The season's folder: like that of a title.
    ranking : Ranking
        The set over all episodes.
    episodes : tuple of TitleResult
        Those of the episodes, ranked again without what the season's set has.
    seconds : float
        Wall time.
    """

    folder: Path
    ranking: Ranking
    episodes: tuple[TitleResult, ...]
    seconds: float


@dataclass(frozen=True)
class _Member:
    """An episode as it was ranked by itself."""

    folder: Path
    title: Title
    settings: Settings


def rank_season(
    folders: Sequence[Path],
    out: Path,
    name: str,
    settings: Settings,
    runtime: Runtime | None = None,
    on_progress: OnProgress = silent,
    of_episodes: Sequence[Settings] | None = None,
) -> SeasonResult:
    """Rank the frames of several episodes together, then each episode without what was taken.

    The season's folder is laid out like that of a title. Characters are found over all episodes
    together, so that a lead is the same person in each; the episodes keep their own lists.

    Parameters
    ----------
    folders : sequence of pathlib.Path
        Title folders of the episodes, ranked, in the order of the season.
    out : pathlib.Path
        Folder under which the season gets its own.
    name : str
        What the season is called.
    settings, runtime, on_progress
        See `ava.pipeline.extract_title`.
    of_episodes : sequence of Settings, optional
        Those of each episode, where `settings` does not know them.

    Raises
    ------
    ConfigError
        When there are fewer than two episodes, one comes twice, or another title has the name.
    NothingToRank
        When every frame was dropped.
    """
    started = time.monotonic()
    members = _members(folders, of_episodes or [settings] * len(folders))
    target = out / file_safe(name)
    settings = settings.for_title(name, "")
    require_profile(settings.ranking.profile)
    _require_episodes(members, target)
    wanted = settings.ranking
    with replacing_folder(target) as draft:
        keep_decisions(target, draft)
        title, starts = _as_title(name, members)
        write_season(draft, title, folders, starts)
        pool = cast_title(draft, title, settings.cast, _named_in(folders))
        weighed = weigh(pool, wanted.gates, wanted.spoilers, profile_for(wanted.profile, pool))
        choices = choices_among(weighed, wanted)
        ranking = rank_weighed(weighed, choices, wanted)
        write_ranking(draft, ranking, settings.of_ranking)
        crops = rank_for_canvases(weighed, choices, wanted, _layouts(members, pool))
        _write_pictures(draft, members, ranking, crops, settings, on_progress)
        write_sheet(draft)
    taken = {one.frame_id for one in ranking.candidates}
    taken |= {pick.frame_id for picks in crops.values() for pick in picks}
    episodes = []
    for at, member in enumerate(members):
        elsewhere = taken_in(at, pool, taken, wanted.diversity)
        result = rank_title(member.folder, out, member.settings, runtime, on_progress, elsewhere)
        taken |= {season_id(at, frame_id) for frame_id in _chosen_in(member.folder)}
        episodes.append(result)
    seconds = time.monotonic() - started
    # Last of all: until then the season is not done, whatever ends this.
    left = {folder.name: read_manifest(folder) for folder in folders}
    write_manifest(target, season_made_from(title.facts, settings, left, seconds))
    return SeasonResult(target, ranking, tuple(episodes), seconds)


def _members(folders: Sequence[Path], settings: Sequence[Settings]) -> list[_Member]:
    members = []
    for folder, given in zip(folders, settings, strict=True):
        title = read_title(folder)
        own = given.for_title(title.facts["title"], title.facts["source"]["content_id"])
        members.append(_Member(folder, title, own))
    return members


def _require_episodes(members: Sequence[_Member], target: Path) -> None:
    if len(members) < 2:
        raise ConfigError("a season has at least two episodes", "name them all, in their order")
    contents = [one.title.facts["source"]["content_id"] for one in members]
    for at, content in enumerate(contents):
        if content in contents[:at]:
            raise ConfigError(f"{members[at].folder.name} comes twice", "name each episode once")
    if is_title_folder(target) and read_title(target).facts["source"]["kind"] != "season":
        raise ConfigError(f"{target} is the folder of a title", "give the season another name")


def _as_title(name: str, members: Sequence[_Member]) -> tuple[Title, list[float]]:
    """The season as a title, and when each episode starts in it."""
    titles = [one.title for one in members]
    pool = joined(
        [
            Episode(one.folder.name, one.title.pool, len(one.title.areas), _kept(one))
            for one in members
        ]
    )
    lengths = [one.pool.duration_seconds for one in titles]
    starts = [float(sum(lengths[:at])) for at in range(len(lengths))]
    refs = tuple(
        FrameRef(int(frame_id), MediaTime(round(1000 * seconds), _MILLISECOND), label)
        for frame_id, seconds, label in zip(
            pool.frame_ids, pool.pts_seconds, pool.labels, strict=True
        )
    )
    sources = [one.facts["source"] for one in titles]
    together = "".join(one["content_id"] for one in sources)
    facts = {
        **titles[0].facts,
        "title": name,
        "path": "",
        "source": {
            **sources[0],
            "file": f"{len(titles)} episodes",
            "kind": "season",
            "content_id": hashlib.sha256(together.encode()).hexdigest(),
            "width_px": max(one["width_px"] for one in sources),
            "height_px": max(one["height_px"] for one in sources),
            "frame_rate": None,
            "warnings": list(dict.fromkeys(line for one in sources for line in one["warnings"])),
        },
        "time_base": str(_MILLISECOND),
        "scanned_seconds": pool.duration_seconds,
        "n_frames": sum(one.facts["n_frames"] for one in titles),
        "n_shots": sum(one.facts["n_shots"] for one in titles),
        "n_torn": pool.n_torn,
        "software": software(),
        "problems": list(pool.scores.problems),
        "static_marks": [],
        "episodes": [
            {"name": one.folder.name, "folder": f"../{one.folder.name}", "starts_seconds": start}
            for one, start in zip(members, starts, strict=True)
        ],
    }
    areas = tuple(area for one in titles for area in one.areas)
    return Title(facts, refs, pool, areas), starts


def _kept(member: _Member) -> NDArray[np.int64]:
    """Rows that pass the episode's own gates."""
    return apply_gates(member.title.pool, member.settings.ranking.gates).kept


def _named_in(folders: Sequence[Path]) -> list[KnownCharacter]:
    """Those to whom a person gave a name in any of the episodes."""
    known = [one for folder in folders for one in known_characters(folder) if one.name]
    return [KnownCharacter("", one.name, one.centroid) for one in known]


def _layouts(members: Sequence[_Member], pool: Pool) -> LayoutOf:
    """What is where in each frame of the season, by the tables of its episode."""
    layouts, firsts = [], [0]
    for one in members:
        layouts.append(layouts_of(one.folder, one.title.pool, aspects_of(one.title)))
        firsts.append(firsts[-1] + len(one.title.pool))

    def layout(row: int) -> FrameLayout:
        episode, _ = episode_id(int(pool.frame_ids[row]))
        return layouts[episode](row - firsts[episode])

    return layout


def _write_pictures(
    draft: Path,
    members: Sequence[_Member],
    ranking: Ranking,
    crops: dict[str, tuple[CanvasPick, ...]],
    settings: Settings,
    on_progress: OnProgress,
) -> None:
    """Stills and crops of the season's set, decoded episode by episode."""
    (draft / STILLS).mkdir()
    canvases = settings.ranking.canvases.canvases
    by_episode: dict[int, dict[int, Wanted]] = defaultdict(dict)
    for frame_id, one in wanted_of(ranking, crops, canvases).items():
        episode, own_id = episode_id(frame_id)
        by_episode[episode][own_id] = one
    entries: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for episode, wanted in sorted(by_episode.items()):
        member = members[episode]
        with open_source(member.title.facts["path"]) as source:
            found = write_frames(
                source, draft, member.title, wanted, settings, on_progress, KeptPictures()
            )
        for canvas, crops_of in found.crops.items():
            entries[canvas] += [{**one, "episode": member.folder.name} for one in crops_of]
    if canvases:
        write_crops_file(draft, canvases, entries)


def _chosen_in(folder: Path) -> set[int]:
    """The frames that a title folder's sets hold."""
    crops = {int(one["frame_id"]) for canvas in read_crops(folder) for one in canvas["crops"]}
    return {one.frame_id for one in read_ranking(folder).candidates} | crops
