"""How each title ended, and the failures that are remembered."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from ava.core.errors import AvaError, MediaError, NothingToRank, UnreachableMedia
from ava.store.atomic import store_errors, write_atomic

Status = Literal["done", "partial", "skipped", "failed", "stopped"]
Cause = Literal["", "media", "nothing", "crash", "memory", "time", "other"]
OF_STATE = ".ava"
_OF_THE_FILE: frozenset[Cause] = frozenset({"media", "nothing", "crash", "memory", "time"})


@dataclass(frozen=True)
class Outcome:
    """How one title ended.

    Attributes
    ----------
    title_id : str
        Which one; for a row that names none, its line.
    status : {"done", "partial", "skipped", "failed", "stopped"}
        ``partial``: ranked, but not all could be looked at. ``skipped``: nothing was left to do.
        ``stopped``: the run ended before.
    reason, hint : str
        Why, and what to do about it.
    cause : str
        What kind of failure it is: the film (``media``), every frame dropped (``nothing``), the
        worker died (``crash``), a limit (``memory``, ``time``), or another one.
    exit_code : int
        That of the error; 0 for none.
    folder : str
        Its title folder; empty where there is none.
    seconds : float
        How long it was worked on.
    n_attempts : int
        How often it was tried in this run.
    n_frames : int
        Frames looked at.
    peak_memory_bytes : int
        Most memory its worker had while at it, as far as it was looked at.
    """

    title_id: str
    status: Status
    reason: str = ""
    hint: str = ""
    cause: Cause = ""
    exit_code: int = 0
    folder: str = ""
    seconds: float = 0.0
    n_attempts: int = 0
    n_frames: int = 0
    peak_memory_bytes: int = 0

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        return asdict(self)


def failed(title_id: str, error: AvaError, **facts: Any) -> Outcome:
    """The outcome of a title that ended with one of our errors."""
    cause: Cause = "other"
    if isinstance(error, MediaError) and not isinstance(error, UnreachableMedia):
        cause = "media"
    elif isinstance(error, NothingToRank):
        cause = "nothing"
    return Outcome(
        title_id,
        "failed",
        " ".join(error.message.split()),
        " ".join((error.hint or "").split()),
        cause,
        error.exit_code,
        **facts,
    )


class FailureStore:
    """Remembers in a library which titles failed and under what conditions.

    A broken file is as broken the next night: it is reported again, and tried again only when the
    film, the settings or the limits are others, or when it is asked for.
    """

    def __init__(self, library: Path) -> None:
        self._folder = library / OF_STATE / "failed"

    def path(self, name: str) -> Path:
        """Where the failure of a title is kept."""
        return self._folder / f"{name}.json"

    def remember(self, name: str, outcome: Outcome, conditions: str) -> None:
        """Keep a failure that lies in the file or in the limits; others are tried every time."""
        if outcome.cause not in _OF_THE_FILE:
            self.forget(name)
            return
        facts = {"conditions": conditions, "outcome": outcome.to_json()}
        self._write(name, json.dumps(facts, indent=1).encode("utf-8"))

    def forget(self, name: str) -> None:
        """There is no failure any more."""
        self._remove(name)

    def recall(self, name: str, conditions: str | None) -> Outcome | None:
        """The failure under the same conditions (under any, for None), if there was one."""
        try:
            facts = json.loads(self._read(name) or b"{}")
            if conditions is not None and facts["conditions"] != conditions:
                return None
            return Outcome(**facts["outcome"])
        except (ValueError, KeyError, TypeError):
            return None

    def names(self) -> list[str]:
        """Folder names of all titles with a remembered failure."""
        return sorted(path.stem for path in self._folder.glob("*.json"))

    def _read(self, name: str) -> bytes | None:
        try:
            return self.path(name).read_bytes()
        except OSError:
            return None

    def _write(self, name: str, data: bytes) -> None:
        with store_errors(self._folder):
            self._folder.mkdir(parents=True, exist_ok=True)
        write_atomic(self.path(name), data)

    def _remove(self, name: str) -> None:
        with store_errors(self._folder):
            self.path(name).unlink(missing_ok=True)
