"""``decisions.json``: what people decided about the frames of a title."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal, TypeVar

from ava.core.errors import ConfigError
from ava.store.atomic import store_errors, write_atomic

DECISIONS = "decisions.json"
SCHEMA = "ava.decisions/2"
_WITHOUT_CROPS = "ava.decisions/1"
Verdict = Literal["keep", "reject", "maybe"]
VERDICTS: tuple[Verdict, ...] = ("keep", "maybe", "reject")
"""From best to worst."""


@dataclass(frozen=True)
class Decision:
    """What one person decided about one frame.

    Attributes
    ----------
    frame_id : int
        Place in the decoded stream.
    label : str
        Timecode or file name, for people.
    verdict : {"keep", "reject", "maybe"} or None
        None where only stars or a note were given.
    stars : int or None
        1 to 5.
    note : str
        In the person's own words; may be empty.
    by : str
        Who decided; may be empty where there is but one person.
    at : str
        When, ISO 8601 in UTC.

    Raises
    ------
    ConfigError
        When a value is not one of these.
    """

    frame_id: int
    label: str
    verdict: Verdict | None
    stars: int | None
    note: str
    by: str
    at: str

    def __post_init__(self) -> None:
        if type(self.frame_id) is not int or self.frame_id < 0:
            raise ConfigError(f"frame_id must be a whole number from 0, not {self.frame_id!r}")
        if self.verdict is not None and self.verdict not in VERDICTS:
            raise ConfigError(f"verdict must be keep, maybe, reject or null, not {self.verdict!r}")
        if self.stars is not None and (type(self.stars) is not int or not 1 <= self.stars <= 5):
            raise ConfigError(f"stars must be 1 to 5 or null, not {self.stars!r}")
        for name in ("label", "note", "by", "at"):
            if not isinstance(getattr(self, name), str):
                raise ConfigError(f"{name} must be text, not {getattr(self, name)!r}")
        _ = self.instant

    @property
    def instant(self) -> datetime:
        """When, as a time that compares."""
        return _instant(self.at)

    @property
    def says_something(self) -> bool:
        """Whether anything is left of it: a person may take all back."""
        return self.verdict is not None or self.stars is not None or bool(self.note)


@dataclass(frozen=True)
class MovedCrop:
    """A part of a frame that a person chose for a canvas, in place of the one that was found.

    Attributes
    ----------
    frame_id, label
        See `Decision`.
    canvas : str
        Its name, such as ``2:3``.
    box_xyxy : tuple of float
        Edges of the part, 0..1 of the still, which is the picture without bars.
    by, at
        See `Decision`.

    Raises
    ------
    ConfigError
        When a value is not one of these.
    """

    frame_id: int
    label: str
    canvas: str
    box_xyxy: tuple[float, float, float, float]
    by: str
    at: str

    def __post_init__(self) -> None:
        if type(self.frame_id) is not int or self.frame_id < 0:
            raise ConfigError(f"frame_id must be a whole number from 0, not {self.frame_id!r}")
        for name in ("label", "canvas", "by", "at"):
            if not isinstance(getattr(self, name), str):
                raise ConfigError(f"{name} must be text, not {getattr(self, name)!r}")
        edges = self.box_xyxy
        if not (
            isinstance(edges, list | tuple)
            and len(edges) == 4
            and all(type(edge) in (int, float) and 0 <= edge <= 1 for edge in edges)
            and edges[0] < edges[2]
            and edges[1] < edges[3]
        ):
            raise ConfigError(
                f"box_xyxy must be left, top, right, bottom within 0 and 1, not {edges!r}"
            )
        object.__setattr__(self, "box_xyxy", tuple(float(edge) for edge in edges))
        _ = self.instant

    @property
    def instant(self) -> datetime:
        """When, as a time that compares."""
        return _instant(self.at)


def _instant(at: str) -> datetime:
    try:
        instant = datetime.fromisoformat(at)
    except ValueError:
        instant = datetime.min
    if instant.utcoffset() != timedelta(0):
        raise ConfigError(
            f"at must be an ISO 8601 time in UTC, not {at!r}",
            "write it as 2026-05-04T09:30:00Z",
        )
    return instant


@dataclass(frozen=True)
class Decisions:
    """All decisions about one title, by however many people.

    Attributes
    ----------
    title : str
        Its name, for people.
    content_id : str
        Fingerprint of the film, as ``title.json`` has it: which title this is about.
    decisions : tuple of Decision
        In the order in which they were written. A person may judge a frame again.
    crops : tuple of MovedCrop
        In the order in which they were moved.
    """

    title: str
    content_id: str
    decisions: tuple[Decision, ...]
    crops: tuple[MovedCrop, ...] = ()

    def __post_init__(self) -> None:
        if not isinstance(self.title, str):
            raise ConfigError(f"title must be text, not {self.title!r}")
        if not isinstance(self.content_id, str) or not self.content_id:
            raise ConfigError(
                f"content_id must be the title's fingerprint, not {self.content_id!r}"
            )


def standing(decisions: Iterable[Decision]) -> tuple[Decision, ...]:
    """Those that count: of several by one person on one frame the last.

    Of two at the same instant, the one that comes later counts.

    Parameters
    ----------
    decisions : iterable of Decision
        About one title.

    Returns
    -------
    tuple of Decision
        In order of frame, then of person.
    """
    last: dict[tuple[int, str], Decision] = {}
    for one in decisions:
        key = (one.frame_id, one.by)
        if key not in last or one.instant >= last[key].instant:
            last[key] = one
    return tuple(last[key] for key in sorted(last))


def standing_crops(crops: Iterable[MovedCrop]) -> tuple[MovedCrop, ...]:
    """Those that count: of several for one frame and canvas the last, whoever moved it."""
    last: dict[tuple[int, str], MovedCrop] = {}
    for one in crops:
        key = (one.frame_id, one.canvas)
        if key not in last or one.instant >= last[key].instant:
            last[key] = one
    return tuple(last[key] for key in sorted(last))


def read_decisions(path: Path) -> Decisions:
    """Read and check a decisions file.

    Raises
    ------
    ConfigError
        When it is missing, is no such file, or an entry of it is wrong; the message names the
        entry, counted from 1.
    """
    try:
        facts = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(
            f"{path} cannot be read: {error.strerror}", "name a title folder with decisions in it"
        ) from error
    except ValueError as error:
        raise ConfigError(f"{path} is not valid JSON: {error}") from error
    return decisions_of(facts, str(path))


def decisions_of(facts: Any, where: str) -> Decisions:
    """What a decisions document in plain JSON types says, checked.

    Parameters
    ----------
    facts : object
        The document.
    where : str
        What errors call it.

    Raises
    ------
    ConfigError
        See `read_decisions`.
    """
    found = facts.get("schema") if isinstance(facts, dict) else None
    if found not in (SCHEMA, _WITHOUT_CROPS):
        raise ConfigError(
            f"{where} is no decisions file"
            + (f": its schema is {found!r}" if found is not None else ""),
            f'it is a JSON object with "schema": "{SCHEMA}"; see docs/decisions.md',
        )
    if found == _WITHOUT_CROPS:
        facts = {**facts, "crops": []}
    kept = _exactly(facts, {"schema", *(field.name for field in fields(Decisions))}, where)
    decisions = _entries(kept["decisions"], Decision, where, "entry")
    crops = _entries(kept["crops"], MovedCrop, where, "crop")
    try:
        return Decisions(kept["title"], kept["content_id"], decisions, crops)
    except ConfigError as error:
        raise ConfigError(f"{where}: {error.message}", error.hint) from error


Entry = TypeVar("Entry", Decision, MovedCrop)


def _entries(rows: Any, kind: type[Entry], where: str, word: str) -> tuple[Entry, ...]:
    if not isinstance(rows, list):
        raise ConfigError(f"{where}: decisions and crops must be lists")
    names = {field.name for field in fields(kind)}
    found = []
    for number, row in enumerate(rows, start=1):
        place = f"{where}, {word} {number}"
        kept = _exactly(row, names, place)
        try:
            found.append(kind(**kept))
        except ConfigError as error:
            raise ConfigError(f"{place}: {error.message}", error.hint) from error
    return tuple(found)


def _exactly(entry: Any, names: set[str], where: str) -> Mapping[str, Any]:
    """The entry, which has these keys and no others."""
    if not isinstance(entry, dict):
        raise ConfigError(f"{where}: it must be a JSON object, not {entry!r}")
    unknown, missing = sorted(set(entry) - names), sorted(names - set(entry))
    if unknown or missing:
        key = f"unknown key {unknown[0]!r}" if unknown else f"no key {missing[0]!r}"
        raise ConfigError(f"{where}: {key}", f"the keys are {', '.join(sorted(names))}")
    return entry


def write_decisions(path: Path, decisions: Decisions) -> None:
    """Write a decisions file; an earlier one stays whole until the new one is complete.

    Raises
    ------
    StoreError
        When the place cannot be written.
    """
    facts = {"schema": SCHEMA, **asdict(decisions)}
    text = json.dumps(facts, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomic(path, (text + "\n").encode())


def keep_decisions(old: Path, new: Path) -> None:
    """Bring what people decided into the folder that takes the place of `old`.

    Raises
    ------
    StoreError
        When it cannot be written.
    """
    if (old / DECISIONS).is_file():
        with store_errors(new):
            shutil.copy2(old / DECISIONS, new / DECISIONS)
