"""Small files and whole title folders in an object store."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from ava.core.errors import ConfigError, StoreError
from ava.source.remote import RemotePath, filesystem, remote_errors

_AT_ONCE = 16
_BLOCK_BYTES = 2**20


class RemoteFiles:
    """The objects below an address, by their names relative to it.

    Every write of one object is whole or not there: that much a store promises.

    Parameters
    ----------
    root : RemotePath
        Their common start.

    Raises
    ------
    ConfigError
        When it cannot be written to by its kind, or what it needs is not installed.
    """

    def __init__(self, root: RemotePath) -> None:
        if root.scheme not in ("s3", "gs"):
            raise ConfigError(
                f"a library cannot be at {root}", "write to a folder, or to s3:// or gs://"
            )
        self.root = root
        self._store = filesystem(root)
        self._start = root.address.partition("://")[2].rstrip("/")

    def _key(self, name: str) -> str:
        return f"{self._start}/{name}" if name else self._start

    def listed(self, folder: str = "") -> dict[str, dict[str, Any]]:
        """All objects below a folder, with what the store says of each."""
        with remote_errors(self.root, is_library=True):
            found = self._store.find(self._key(folder), detail=True)
        start = len(self._start) + 1
        return {key[start:]: facts for key, facts in found.items() if len(key) > start}

    def folders(self) -> list[str]:
        """Names of the folders right below, in order."""
        with remote_errors(self.root, is_library=True):
            try:
                found = self._store.ls(self._start, detail=True)
            except FileNotFoundError:
                return []
        names = [one["name"].rstrip("/") for one in found if one["type"] == "directory"]
        return sorted(name.rpartition("/")[2] for name in names)

    def read(self, name: str) -> bytes | None:
        """What is in an object; None where there is none."""
        return self.read_all([name])[name]

    def read_all(self, names: list[str]) -> dict[str, bytes | None]:
        """What is in some objects, many fetched at a time."""
        if not names:
            return {}
        keys = [self._key(name) for name in names]
        with remote_errors(self.root, is_library=True):
            found = self._store.cat(keys, on_error="return")
            read: dict[str, bytes | None] = {}
            for name, key in zip(names, keys, strict=True):
                data = found[key]
                if isinstance(data, Exception) and not isinstance(data, FileNotFoundError):
                    raise data
                read[name] = data if isinstance(data, bytes) else None
        return read

    def hash_of(self, name: str) -> str | None:
        """BLAKE2b (128 bit) of an object, as `ava.store.manifest.file_hash` has it."""
        digest = hashlib.blake2b(digest_size=16)
        with remote_errors(self.root, is_library=True):
            try:
                with self._store.open(self._key(name), "rb") as file:
                    while block := file.read(_BLOCK_BYTES):
                        digest.update(block)
            except FileNotFoundError:
                return None
        return digest.hexdigest()

    def write(self, name: str, data: bytes) -> None:
        """Write an object."""
        with remote_errors(self.root, is_library=True):
            self._store.pipe_file(self._key(name), data)

    def remove(self, names: list[str]) -> None:
        """Remove objects; those that are not there do no harm."""
        with remote_errors(self.root, is_library=True):
            for name in names:
                try:
                    self._store.rm_file(self._key(name))
                except FileNotFoundError:
                    continue

    def send(self, folder: Path, names: list[str], into: str, told: Callable[[int], None]) -> None:
        """Send files of a folder; `told` hears how many are there."""
        for at, group in _groups(names):
            here = [str(folder / name) for name in group]
            there = [self._key(f"{into}/{name}") for name in group]
            with remote_errors(self.root, is_library=True):
                self._store.put(here, there)
            told(at + len(group))

    def bring(self, names: list[str], from_folder: str, folder: Path) -> None:
        """Bring files of a folder here.

        Raises
        ------
        StoreError
            When one is not there.
        """
        for _, group in _groups(names):
            there = [self._key(f"{from_folder}/{name}") for name in group]
            here = [folder / name for name in group]
            for path in here:
                path.parent.mkdir(parents=True, exist_ok=True)
            with remote_errors(self.root, is_library=True):
                self._store.get(there, [str(path) for path in here])
            lost = [name for name, path in zip(group, here, strict=True) if not path.is_file()]
            if lost:
                raise StoreError(f"{self.root}/{from_folder}/{lost[0]} is missing")


def _groups(names: list[str]) -> Iterator[tuple[int, list[str]]]:
    for at in range(0, len(names), _AT_ONCE):
        yield at, names[at : at + _AT_ONCE]
