"""Where a library's title folders stand: on a disk here, or in an object store (`remote_shelf`)."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path
from typing import Any, Protocol

from ava.catalog.leases import Leases
from ava.catalog.outcome import FailureStore
from ava.core.errors import StoreError
from ava.source.remote import RemotePath, SourcePath
from ava.store.atomic import leftovers, recover, write_atomic
from ava.store.manifest import clear_damaged, damaged_files, read_manifest, set_source_path
from ava.store.title_folder import SHEET, is_title_folder

Library = Path | RemotePath


class Held(Protocol):
    """Leases of one run; see `ava.catalog.leases.Leases`."""

    def take(self, name: str) -> bool:
        """Take the lease of a title; False where another run has it."""
        ...

    def give_back(self, name: str) -> None:
        """Give back the lease of a title."""
        ...

    def give_all_back(self) -> None:
        """Give back all that are held."""
        ...

    def renew(self) -> None:
        """Renew all that are held, when it is time."""
        ...

    def held_by_others(self) -> list[str]:
        """Titles that another run is at."""
        ...

    def clear_dead(self) -> list[str]:
        """Remove the leases that nobody holds any more; gives their titles."""
        ...


class Shelf(Protocol):
    """What a run asks of a library, wherever it is."""

    @property
    def leases(self) -> Held:
        """Those of this run."""
        ...

    @property
    def failures(self) -> FailureStore:
        """What is remembered of titles that failed."""
        ...

    def place(self, name: str) -> str:
        """Where a title's folder is, for people."""
        ...

    def is_there(self) -> bool:
        """Whether there is a library at all."""
        ...

    def names(self) -> list[str]:
        """Folders of all titles, in order."""
        ...

    def unfinished(self) -> int:
        """How many title folders were begun and not finished by runs that are gone."""
        ...

    def expect(self, names: list[str]) -> None:
        """Some titles will be asked for, one after the other."""
        ...

    def manifest(self, name: str) -> dict[str, Any] | None:
        """A title's manifest; None where there is none."""
        ...

    def has_sheet(self, name: str) -> bool:
        """Whether a title that was worked on has a contact sheet."""
        ...

    def damage_at_a_glance(self, name: str, manifest: dict[str, Any]) -> list[str]:
        """Files of a title that can be seen to be damaged without reading them."""
        ...

    def damage(self, name: str, manifest: dict[str, Any], rehash: bool) -> list[str]:
        """Files of a title that are missing or not as written; see `damaged_files`."""
        ...

    def look_again(self, name: str) -> None:
        """A title may be another one than when it was last asked for."""
        ...

    def put_right(self, name: str) -> None:
        """Look again, and clear away what a dead run left of a title, whose lease must be held."""
        ...

    def clear_damage(self, name: str, damaged: list[str]) -> None:
        """Take damaged files of a title away."""
        ...

    def set_source(self, name: str, path: SourcePath) -> None:
        """Say where the film of a title is now, when it is the same film at another place."""
        ...

    def write(self, name: str, data: bytes) -> None:
        """Write a file beside the title folders, never half of it."""
        ...


class DiskShelf:
    """A library on a disk of this machine."""

    def __init__(self, library: Path) -> None:
        self._library = library
        self.failures = FailureStore(library)

    @cached_property
    def leases(self) -> Leases:
        """See `Shelf.leases`; the library is made when they are first asked for."""
        return Leases(self._library)

    def place(self, name: str) -> str:
        """See `Shelf.place`."""
        return str(self._library / name)

    def is_there(self) -> bool:
        """See `Shelf.is_there`."""
        return self._library.is_dir()

    def names(self) -> list[str]:
        """See `Shelf.names`."""
        return [one.name for one in title_folders(self._library)]

    def unfinished(self) -> int:
        """See `Shelf.unfinished`."""
        return len(leftovers(self._library))

    def expect(self, names: list[str]) -> None:
        """Nothing: a disk is fast enough."""

    def manifest(self, name: str) -> dict[str, Any] | None:
        """See `Shelf.manifest`."""
        return read_manifest(self._library / name)

    def has_sheet(self, name: str) -> bool:
        """See `Shelf.has_sheet`."""
        return (self._library / name / SHEET).is_file()

    def damage_at_a_glance(self, name: str, manifest: dict[str, Any]) -> list[str]:
        """Those of another size: what a loss of power emptied."""
        return self.damage(name, manifest, rehash=False)

    def damage(self, name: str, manifest: dict[str, Any], rehash: bool) -> list[str]:
        """See `Shelf.damage`."""
        return damaged_files(self._library / name, manifest, rehash)

    def look_again(self, name: str) -> None:
        """Nothing: a disk is asked every time."""

    def put_right(self, name: str) -> None:
        """See `Shelf.put_right`."""
        recover(self._library / name, held=True)

    def clear_damage(self, name: str, damaged: list[str]) -> None:
        """See `Shelf.clear_damage`."""
        clear_damaged(self._library / name, damaged)

    def set_source(self, name: str, path: SourcePath) -> None:
        """See `Shelf.set_source`."""
        set_source_path(self._library / name, path)

    def write(self, name: str, data: bytes) -> None:
        """See `Shelf.write`."""
        write_atomic(self._library / name, data)


def shelf_of(library: Library) -> Shelf:
    """Where a library's title folders stand."""
    if isinstance(library, Path):
        return DiskShelf(library)
    from ava.catalog.remote_shelf import RemoteShelf

    return RemoteShelf(library)


def require_library(library: Library) -> None:
    """Make sure that there is a library.

    Raises
    ------
    StoreError
        When there is none, a store does not answer, or a disk is needed and it is in a store.
    """
    if isinstance(library, Path) and library.parts[:1] in (("s3:",), ("gs:",)):
        raise StoreError(
            "this needs the library on a disk", "copy it here first, as with aws s3 sync"
        )
    if not shelf_of(library).is_there():
        raise StoreError(f"there is no library at {library}", "ava batch makes one")


def title_folders(library: Path) -> list[Path]:
    """All title folders of a library on a disk, by name."""
    return [path for path in sorted(library.iterdir()) if _may_be_title(path)]


def _may_be_title(path: Path) -> bool:
    if path.name.startswith(".") or not path.is_dir():
        return False
    return is_title_folder(path) or read_manifest(path) is not None
