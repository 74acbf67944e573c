"""Decisions of a title, in the journal and in its folder: both know the same."""

from __future__ import annotations

import os
import threading
from collections.abc import Sequence
from pathlib import Path

from ava.core.errors import ConfigError, StoreError
from ava.deciding import merged
from ava.server.journal import Entries, Journal
from ava.store.decisions import DECISIONS, Decision, Decisions, MovedCrop, read_decisions
from ava.store.decisions import write_decisions as write_file
from ava.store.title_folder import TITLE, read_json

_DAMAGED = "decisions.damaged.json"


class Desk:
    """Takes what reviewers send and gives what others have sent.

    The journal is what counts. ``decisions.json`` in the title folder follows it, for the commands
    that read it; what such a command adds to it is taken into the journal. A folder that is just
    being ranked anew, and so is not there for a moment, gets its file the next time.

    Parameters
    ----------
    journal : Journal
        Of this library.
    """

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._seen: dict[Path, tuple[int, int]] = {}

    def take(self, folder: Path, decisions: Sequence[Decision], crops: Sequence[MovedCrop]) -> int:
        """Keep entries about the title of a folder; gives its revision.

        Raises
        ------
        StoreError
            When they cannot be kept; then nobody was told that they were.
        """
        facts = read_json(folder / TITLE)
        content_id = facts["source"]["content_id"]
        revision = self._journal.add(content_id, decisions, crops)
        self._follow(folder, facts["title"], content_id)
        return revision

    def given(self, folder: Path, after: int = 0) -> Entries:
        """All entries about the title of a folder that came after that revision."""
        facts = read_json(folder / TITLE)
        content_id = facts["source"]["content_id"]
        self._follow(folder, facts["title"], content_id)
        return self._journal.after(content_id, after)

    def _follow(self, folder: Path, title: str, content_id: str) -> None:
        """Bring the folder's file and the journal together, where either knows more."""
        path = folder / DECISIONS
        with self._lock:
            state = self._journal.after(content_id).revision, _changed(path)
            if self._seen.get(folder) == state:
                return
            theirs = _read(path, content_id)
            if theirs is not None:
                self._journal.add(content_id, theirs.decisions, theirs.crops)
            known = self._journal.after(content_id)
            ours = Decisions(title, content_id, known.decisions, known.crops)
            joined = merged([ours] if theirs is None else [theirs, ours])
            if theirs is None and not (joined.decisions or joined.crops):
                return
            if theirs != joined:
                try:
                    write_file(path, joined)
                except StoreError:
                    return  # the journal has it
            self._seen[folder] = known.revision, _changed(path)


def _changed(path: Path) -> int:
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def _read(path: Path, content_id: str) -> Decisions | None:
    """What the file says; one that is damaged, or about another film, is set aside."""
    if not path.is_file():
        return None
    try:
        found = read_decisions(path)
    except ConfigError:
        found = None
    if found is not None and found.content_id == content_id:
        return found
    os.replace(path, path.with_name(_DAMAGED))
    return None
