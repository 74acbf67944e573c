"""What several people decided about a title, joined, and handed on to whoever works with it next."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from ava.core.errors import ConfigError
from ava.judged_titles import content_id_of, title_shelf
from ava.store.decisions import (
    DECISIONS,
    Decision,
    Decisions,
    Verdict,
    read_decisions,
    standing,
    write_decisions,
)
from ava.store.decisions_csv import read_csv
from ava.store.title_folder import is_title_folder


@dataclass(frozen=True)
class Conflict:
    """Two people or more who do not agree about a frame.

    Attributes
    ----------
    title, label : str
        The title and the frame, for people.
    frame_id : int
        Place in the decoded stream.
    verdicts : tuple of (str, str, str)
        Who, what, and when; in order of time.
    """

    title: str
    label: str
    frame_id: int
    verdicts: tuple[tuple[str, Verdict, str], ...]


@dataclass(frozen=True)
class Imported:
    """What became of one title.

    Attributes
    ----------
    folder : pathlib.Path
        Its folder.
    decisions : Decisions
        All that is known now.
    n_new : int
        Entries that were not there before.
    """

    folder: Path
    decisions: Decisions
    n_new: int


def merged(several: Sequence[Decisions]) -> Decisions:
    """All entries about one title, each once, in order of time.

    The result does not depend on the order in which files come, nor on how often one comes.

    Raises
    ------
    ConfigError
        When there are none, or they are about different titles.
    """
    if not several:
        raise ConfigError("there are no decisions to merge", "name at least one file")
    films = {one.content_id for one in several}
    if len(films) > 1:
        titles = ", ".join(sorted({one.title for one in several}))
        raise ConfigError(f"these are about different titles: {titles}", "merge those of one title")
    decisions = {one for each in several for one in each.decisions}
    crops = {one for each in several for one in each.crops}
    return Decisions(
        min(one.title for one in several),
        several[0].content_id,
        tuple(sorted(decisions, key=lambda one: (one.instant, one.by, json.dumps(asdict(one))))),
        tuple(sorted(crops, key=lambda one: (one.instant, one.by, json.dumps(asdict(one))))),
    )


def conflicts(decided: Decisions) -> tuple[Conflict, ...]:
    """Frames of which one person says something else than another, in order of time in the film."""
    by_frame: dict[int, list[Decision]] = defaultdict(list)
    for one in standing(decided.decisions):
        if one.verdict is not None:
            by_frame[one.frame_id].append(one)
    return tuple(
        Conflict(
            decided.title,
            said[0].label,
            frame_id,
            tuple(
                (one.by, one.verdict, one.at)
                for one in sorted(said, key=lambda one: (one.instant, one.by))
                if one.verdict is not None
            ),
        )
        for frame_id, said in sorted(by_frame.items())
        if len({one.verdict for one in said}) > 1
    )


def kept(decided: Decisions) -> tuple[Decision, ...]:
    """One decision for each frame that is kept, in order of time in the film.

    Where people do not agree, the latest word counts; stars and notes are those of that person.
    """
    last: dict[int, Decision] = {}
    for one in sorted(standing(decided.decisions), key=lambda one: (one.instant, one.by)):
        if one.verdict is not None:
            last[one.frame_id] = one
    return tuple(last[frame_id] for frame_id in sorted(last) if last[frame_id].verdict == "keep")


def read_any(path: Path) -> list[Decisions]:
    """Decisions of a JSON file (one title) or a CSV file (one or more).

    Raises
    ------
    ConfigError
        When it cannot be read, or an entry is wrong, which is named.
    """
    return list(read_csv(path)) if path.suffix.lower() == ".csv" else [read_decisions(path)]


def import_decisions(
    files: Sequence[Path], folder: Path | None, library: Path | None
) -> list[Imported]:
    """Join decisions with those that title folders have; nothing is written when one is wrong.

    Parameters
    ----------
    files : sequence of pathlib.Path
        JSON or CSV files.
    folder : pathlib.Path or None
        The title folder that all of them are about.
    library : pathlib.Path or None
        Folder whose title folders are searched for theirs.

    Raises
    ------
    ConfigError
        When a file is wrong, or its title is not there.
    StoreError
        When a folder cannot be written.
    """
    shelf = title_shelf(library)
    if folder is not None:
        if not is_title_folder(folder):
            raise ConfigError(f"{folder} is not a title folder", "rank its film first (ava rank)")
        shelf = {content_id_of(folder): folder}
    by_folder: dict[Path, list[Decisions]] = defaultdict(list)
    for file in files:
        for one in read_any(file):
            if one.content_id not in shelf:
                raise ConfigError(
                    f"{file} is about {one.title} ({one.content_id[:8]}), which is not there",
                    "name its title folder with --to, or the folder of all with --library",
                )
            by_folder[shelf[one.content_id]].append(one)
    results = []
    for place, several in by_folder.items():
        path = place / DECISIONS
        before = [read_decisions(path)] if path.is_file() else []
        known = {*before[0].decisions, *before[0].crops} if before else set()
        joined = merged([*before, *several])
        n_new = len({*joined.decisions, *joined.crops} - known)
        results.append(Imported(place, joined, n_new))
    for result in results:
        write_decisions(result.folder / DECISIONS, result.decisions)
    return results
