"""Looks after a library: what is in it, whether it is whole, and what nobody needs any more."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from ava.catalog.leases import Leases
from ava.catalog.outcome import FailureStore
from ava.catalog.shelf import Library, require_library, shelf_of, title_folders
from ava.core.errors import StoreError
from ava.store.atomic import leftovers, recover, store_errors
from ava.store.decisions import DECISIONS
from ava.store.title_folder import TITLE, read_json


@dataclass(frozen=True)
class FolderState:
    """Whether a title folder is whole.

    Attributes
    ----------
    name : str
        The folder.
    has_manifest : bool
        Whether it says what must be in it; without, nothing can be told.
    damaged : tuple of str
        Files that are missing or not as they were written.
    n_files : int
        Files that were looked at.
    """

    name: str
    has_manifest: bool
    damaged: tuple[str, ...] = ()
    n_files: int = 0

    @property
    def is_whole(self) -> bool:
        """Whether every file is as it was written."""
        return self.has_manifest and not self.damaged


def verify(
    library: Library, rehash: bool = True, on_folder: Callable[[str], None] = lambda _: None
) -> list[FolderState]:
    """Compare every file of a library with the hash that was kept when it was written.

    Parameters
    ----------
    library : pathlib.Path or RemotePath
        The folder of title folders.
    rehash : bool
        Whether files are read; otherwise only their sizes are compared.
    on_folder : callable
        Told the name of each folder before it is looked at.
    """
    require_library(library)
    states, shelf = [], shelf_of(library)
    for name in shelf.names():
        on_folder(name)
        manifest = shelf.manifest(name)
        if manifest is None:
            states.append(FolderState(name, False))
            continue
        damaged = tuple(shelf.damage(name, manifest, rehash))
        states.append(FolderState(name, True, damaged, len(manifest["files"])))
    return states


def repair(library: Library) -> list[FolderState]:
    """Take away what is damaged, so that the next run makes it anew; gives the folders mended.

    Unfinished work of dead processes is cleared away first, and what one of them had set aside
    is put back. Titles that a run is at are left alone.

    Raises
    ------
    StoreError
        When there is no library, or it cannot be written.
    """
    require_library(library)
    shelf = shelf_of(library)
    leases = shelf.leases
    for _, name in leftovers(library) if isinstance(library, Path) else ():
        if leases.take(name):
            try:
                shelf.put_right(name)
            finally:
                leases.give_back(name)
    mended = []
    for state in verify(library):
        if not state.damaged or not leases.take(state.name):
            continue
        try:
            shelf.clear_damage(state.name, list(state.damaged))
        finally:
            leases.give_back(state.name)
        mended.append(state)
    return mended


@dataclass(frozen=True)
class Orphan:
    """Something in a library that belongs to no title of the catalog.

    Attributes
    ----------
    path : pathlib.Path
        What it is.
    why : str
        Why nobody needs it.
    is_kept : bool
        Whether it is left alone all the same: people's decisions are in it.
    """

    path: Path
    why: str
    is_kept: bool = False


def orphans(library: Path, folder_names: Sequence[str]) -> list[Orphan]:
    """What may be removed: folders of titles that the catalog does not name, and unfinished work.

    Parameters
    ----------
    library : pathlib.Path
        The folder of title folders.
    folder_names : sequence of str
        Those of the titles of the catalog.
    """
    require_library(library)
    named = set(folder_names)
    busy = set(Leases(library).held_by_others())
    found = [
        Orphan(path, "unfinished work of a process that is gone")
        for path, name in leftovers(library)
        if name not in busy
    ]
    for folder in title_folders(library):
        if folder.name in named or folder.name in busy:
            continue
        if _is_season(folder):
            found.append(Orphan(folder, "a season, which a catalog does not name", True))
            continue
        decided = (folder / DECISIONS).is_file()
        why = "the catalog does not name it"
        why += "; people's decisions are in it" if decided else ""
        found.append(Orphan(folder, why, decided))
    failures = FailureStore(library)
    found += [
        Orphan(failures.path(name), "a failure of a title that the catalog does not name")
        for name in failures.names()
        if name not in named
    ]
    return found


def _is_season(folder: Path) -> bool:
    try:
        return "episodes" in read_json(folder / TITLE)
    except StoreError:
        return False


def prune(library: Path, folder_names: Sequence[str], with_decisions: bool = False) -> list[Orphan]:
    """Remove what `orphans` finds; folders with people's decisions only when that is asked for.

    What had been set aside is put back first, where its title has nothing else.

    Returns
    -------
    list of Orphan
        What was removed.
    """
    removed = []
    leases = Leases(library)
    for _, name in leftovers(library):
        if name in folder_names and leases.take(name):
            try:
                recover(library / name, held=True)
            finally:
                leases.give_back(name)
    for one in orphans(library, folder_names):
        if one.is_kept and not (with_decisions and (one.path / DECISIONS).is_file()):
            continue
        with store_errors(one.path):
            if one.path.is_dir():
                shutil.rmtree(one.path)
            else:
                one.path.unlink(missing_ok=True)
        removed.append(one)
    leases.clear_dead()
    return removed
