"""The cast of a title: found among its faces, named by a person's list, matched between episodes."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from ava.core.errors import AvaError, ConfigError
from ava.core.frame_batch import FrameBatch
from ava.ranking.cast import MAIN_CHARACTER, find_cast
from ava.ranking.face_groups import CastSettings, matched
from ava.ranking.pool import Pool
from ava.scoring.analyses import Faces
from ava.scoring.contract import Analyser, Runtime
from ava.scoring.registry import Registry
from ava.source.opening import open_source
from ava.store.cast_files import (
    KnownCharacter,
    known_characters,
    read_cast,
    read_faces,
    read_screening,
    write_cast,
)
from ava.store.title_folder import Title, read_title

_PORTRAIT_LINES_PX = 540


def cast_title(
    folder: Path,
    title: Title,
    settings: CastSettings,
    known: Sequence[KnownCharacter],
    write: bool = True,
) -> Pool:
    """Find the cast of a scored title, write it into its folder, and rate the frames by it.

    Parameters
    ----------
    folder : pathlib.Path
        The title folder, or the draft of one, with its tables.
    title : Title
        What it holds.
    settings : CastSettings
        How alike is the same person.
    known : sequence of KnownCharacter
        Those to recognize, with the most trusted first.
    write : bool
        Whether it is written; False only rates.

    Returns
    -------
    Pool
        That of the title with the characters of every frame, and the column ``main_character``:
        none, and NaN, where faces were not looked at.
    """
    faces = read_faces(folder)
    if faces is None:
        nobody = np.full(len(title.pool), np.nan, np.float32)
        return title.pool.with_column(MAIN_CHARACTER, nobody)
    earlier = [(one.key, one.name, one.centroid) for one in known]
    cast = find_cast(faces, read_screening(folder, title), settings, earlier)
    if write:
        write_cast(folder, cast, faces)
    pool = title.pool.with_column(MAIN_CHARACTER, cast.presence(faces, title.pool.frame_ids))
    seen = tuple(cast.in_frame(faces, int(frame_id)) for frame_id in pool.frame_ids)
    return replace(pool, seen=seen)


def known_of(
    folder: Path, settings: CastSettings, registry: Registry, runtime: Runtime
) -> list[KnownCharacter]:
    """Who is known before a title is looked at: a person's list over an earlier run.

    A character of the earlier run who is on the list takes its name and keeps the key.

    Raises
    ------
    ConfigError
        When the list cannot be used, naming the line.
    """
    before = known_characters(folder)
    if not settings.names:
        return before
    named = _named(Path(settings.names), registry, runtime)
    pairs = dict(
        matched(
            [one.centroid for one in named],
            [one.centroid for one in before],
            settings.same_person,
        )
    )
    keyed = [
        replace(one, key=before[pairs[place]].key if place in pairs else "")
        for place, one in enumerate(named)
    ]
    return keyed + [one for place, one in enumerate(before) if place not in pairs.values()]


def _named(path: Path, registry: Registry, runtime: Runtime) -> list[KnownCharacter]:
    """The people of a CSV file with the columns ``name`` and ``portrait``."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            missing = {"name", "portrait"} - set(reader.fieldnames or ())
            rows = [
                (reader.line_num, row["name"], row["portrait"]) for row in reader if not missing
            ]
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise ConfigError(f"{path} cannot be read as CSV: {error}") from error
    if missing:
        raise ConfigError(
            f"{path} has no column {' or '.join(sorted(missing))}",
            "it holds name and portrait (a picture file beside it)",
        )
    analyser = next(one for one in registry.analysers if one.card.yields is Faces)()
    analyser.open(runtime)
    try:
        return [
            KnownCharacter("", name.strip(), _descriptor(analyser, path, line, portrait))
            for line, name, portrait in rows
        ]
    finally:
        analyser.close()


def _descriptor(analyser: Analyser, path: Path, line: int, portrait: str) -> tuple[float, ...]:
    picture = path.parent / (portrait or "").strip()
    try:
        with open_source(picture) as source:
            pixels = next(iter(source.scan())).rgb(_PORTRAIT_LINES_PX)
    except (AvaError, StopIteration) as error:
        raise ConfigError(f"{path}, line {line}: {error}") from error
    batch = FrameBatch(pixels[None], np.zeros(1), np.zeros(1, np.int64))
    faces = analyser.analyse(batch)
    assert isinstance(faces, Faces)
    described = np.flatnonzero(np.isfinite(faces.identity).all(axis=1))
    if not len(described):
        raise ConfigError(
            f"{path}, line {line}: no face can be told by {picture.name}",
            "name a portrait with one large, frontal face",
        )
    largest = described[faces.areas[described].argmax()]
    return tuple(float(value) for value in faces.identity[largest])


@dataclass(frozen=True)
class SeasonCharacter:
    """One person over several titles.

    Attributes
    ----------
    name : str
        As given in any of the titles.
    keys : dict of str to str
        Title to the character's key in it.
    screen_seconds : float
        Estimated time on screen over all titles.
    """

    name: str
    keys: dict[str, str]
    screen_seconds: float


def season_cast(folders: Sequence[Path], settings: CastSettings) -> list[SeasonCharacter]:
    """Match the characters of several title folders; extras are left out.

    Returns
    -------
    list of SeasonCharacter
        Most seen first.
    """
    people: list[tuple[np.ndarray, float, SeasonCharacter]] = []
    for folder in folders:
        title = read_title(folder)
        seconds = title.pool.duration_seconds
        mine = [one for one in read_cast(folder)["characters"] if one["role"] != "extra"]
        centroids = [np.array(one["centroid"]) for one in mine]
        pairs = dict(matched(centroids, [one[0] for one in people], settings.same_person))
        for place, one in enumerate(mine):
            shown = one["screen_share"] * seconds
            weight = float(one["n_faces"])
            if place in pairs:
                mean, before, known = people[pairs[place]]
                mean = (mean * before + centroids[place] * weight) / (before + weight)
                person = SeasonCharacter(
                    known.name or one["name"],
                    {**known.keys, folder.name: one["key"]},
                    known.screen_seconds + shown,
                )
                people[pairs[place]] = (mean, before + weight, person)
            else:
                person = SeasonCharacter(one["name"], {folder.name: one["key"]}, shown)
                people.append((centroids[place], weight, person))
    return sorted((person for _, _, person in people), key=lambda one: -one.screen_seconds)
