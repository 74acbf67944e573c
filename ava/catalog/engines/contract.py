"""What an engine is asked to do, and what it tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ava.catalog.outcome import Outcome
from ava.catalog.shelf import Library
from ava.core.progress import Progress
from ava.settings import Settings
from ava.source.remote import SourcePath


@dataclass(frozen=True)
class Job:
    """One title to work on.

    Attributes
    ----------
    title_id, folder_name : str
        Which one, and its folder in the library.
    path : pathlib.Path or RemotePath
        The film.
    library : pathlib.Path or RemotePath
        Where its folder goes.
    settings : Settings
        Its own settings.
    may_download : bool
        Whether missing weights may be fetched.
    n_bytes : int
        Size of the source.
    episodes : mapping of str to Settings
        Of a season, the folders of its episodes, in order, with their settings.
    """

    title_id: str
    folder_name: str
    path: SourcePath
    library: Library
    settings: Settings
    may_download: bool = True
    n_bytes: int = 0
    episodes: Mapping[str, Settings] = field(default_factory=dict)


@dataclass(frozen=True)
class Started:
    """A title is being worked on."""

    title_id: str
    worker: str


@dataclass(frozen=True)
class Moved:
    """How far a title is."""

    title_id: str
    progress: Progress


@dataclass(frozen=True)
class Retried:
    """The worker of a title died; it is tried once more."""

    title_id: str
    reason: str


@dataclass(frozen=True)
class Ended:
    """A title has ended, well or not."""

    outcome: Outcome


Event = Started | Moved | Retried | Ended


class Engine(Protocol):
    """Works on titles, several at once; a title that goes wrong costs nothing but itself."""

    @property
    def n_free(self) -> int:
        """How many more titles it would start at once."""
        ...

    def submit(self, job: Job) -> None:
        """Take a title; to be called while `n_free` is above 0."""
        ...

    def events(self, timeout_seconds: float) -> Iterator[Event]:
        """What happened, waiting no longer than that for the first event."""
        ...

    def stop(self) -> list[str]:
        """Let all workers go, and leave at once what they are at; gives those titles."""
        ...
