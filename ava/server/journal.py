"""Every entry that a reviewer sent, in SQLite: once it is acknowledged, it is on the disk."""

from __future__ import annotations

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ava.core.errors import StoreError
from ava.store.decisions import Decision, MovedCrop

_TABLES = """
CREATE TABLE IF NOT EXISTS entries (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    content_id TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('decision', 'crop')),
    entry TEXT NOT NULL,
    UNIQUE (content_id, kind, entry)
);
CREATE TABLE IF NOT EXISTS secrets (name TEXT PRIMARY KEY, value BLOB NOT NULL);
"""
_PATIENCE_SECONDS = 30.0


@dataclass(frozen=True)
class Entries:
    """Entries about one title.

    Attributes
    ----------
    decisions : tuple of Decision
        In the order in which they came.
    crops : tuple of MovedCrop
        In the order in which they came.
    revision : int
        Number of the last entry of the title; later ones have higher numbers.
    """

    decisions: tuple[Decision, ...]
    crops: tuple[MovedCrop, ...]
    revision: int


class Journal:
    """Entries are only ever added, each once: two who send at once, or one twice, lose nothing.

    Parameters
    ----------
    path : pathlib.Path
        The database; made where it is not there. Several processes may have it open.

    Raises
    ------
    StoreError
        When it cannot be opened, or is no such database.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._errors():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._database = sqlite3.connect(
                path, timeout=_PATIENCE_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = FULL")  # also when the power fails
            self._database.executescript(_TABLES)

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error) as error:
            raise StoreError(
                f"{self._path}: {error}", "see that the disk has room and the file is not damaged"
            ) from error

    def secret(self, name: str) -> bytes:
        """Random bytes that stay the same from run to run."""
        with self._lock, self._errors():
            self._database.execute(
                "INSERT OR IGNORE INTO secrets VALUES (?, ?)", (name, secrets.token_bytes(32))
            )
            row = self._database.execute("SELECT value FROM secrets WHERE name = ?", (name,))
            return bytes(row.fetchone()[0])

    def add(
        self, content_id: str, decisions: Iterable[Decision], crops: Iterable[MovedCrop]
    ) -> int:
        """Keep entries that are not there yet, all or none; gives the title's revision.

        Raises
        ------
        StoreError
            When they cannot be kept.
        """
        rows = [(content_id, "decision", _as_text(one)) for one in decisions]
        rows += [(content_id, "crop", _as_text(one)) for one in crops]
        with self._lock, self._errors():
            self._database.execute("BEGIN IMMEDIATE")
            try:
                self._database.executemany(
                    "INSERT OR IGNORE INTO entries (content_id, kind, entry) VALUES (?, ?, ?)", rows
                )
                self._database.execute("COMMIT")
            except BaseException:
                self._database.execute("ROLLBACK")
                raise
            return self._revision(content_id)

    def after(self, content_id: str, number: int = 0) -> Entries:
        """The entries about a title with a number above this one."""
        with self._lock, self._errors():
            rows = self._database.execute(
                "SELECT kind, entry FROM entries WHERE content_id = ? AND number > ? ORDER BY number",
                (content_id, number),
            ).fetchall()
            revision = self._revision(content_id)
        facts: dict[str, list[dict[str, Any]]] = {"decision": [], "crop": []}
        for kind, entry in rows:
            facts[kind].append(json.loads(entry))
        return Entries(
            tuple(Decision(**one) for one in facts["decision"]),
            tuple(MovedCrop(**one) for one in facts["crop"]),
            revision,
        )

    def _revision(self, content_id: str) -> int:
        found = self._database.execute(
            "SELECT coalesce(max(number), 0) FROM entries WHERE content_id = ?", (content_id,)
        )
        return int(found.fetchone()[0])

    def close(self) -> None:
        """Let go of the database."""
        with self._lock:
            self._database.close()


def _as_text(entry: Decision | MovedCrop) -> str:
    return json.dumps(asdict(entry), sort_keys=True, ensure_ascii=False)
