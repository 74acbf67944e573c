"""A library in an object store: a title is there when its manifest is, which is written last."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict
from typing import Any

from ava.catalog.leases import RENEW_SECONDS, holder_of, is_held, lease_of, owner_of_this_run
from ava.catalog.outcome import OF_STATE, FailureStore
from ava.catalog.remote_files import RemoteFiles
from ava.core.errors import StoreError
from ava.source.remote import RemotePath, SourcePath
from ava.store.manifest import SCHEMA, SourceStamp
from ava.store.title_folder import MANIFEST, TITLE, json_bytes

_LEASES, _FAILED = f"{OF_STATE}/leases", f"{OF_STATE}/failed"


class RemoteLeases:
    """Leases of one run on a library in a store.

    A store has no locks. So each run writes an object of its own for a title, and then looks who
    else has one: whoever sees another that holds takes its own away. Since a store lists what was
    written before (S3 and Google Cloud Storage promise that), of two runs at least one sees the
    other: never two have a title, though once in a while both leave it, and come again.

    When a lease holds is told as for a library on a disk, by process on the same machine and by
    clock otherwise.

    Parameters
    ----------
    files : RemoteFiles
        The library.
    """

    def __init__(self, files: RemoteFiles) -> None:
        self._files, self._owner = files, owner_of_this_run()
        self._held: set[str] = set()
        self._renewed = time.monotonic()

    def _own(self, name: str) -> str:
        return f"{_LEASES}/{name}/{self._owner['run']}.json"

    def _write(self, name: str) -> None:
        self._files.write(self._own(name), lease_of(self._owner))

    def _others(self, folder: str) -> dict[str, bool]:
        """Leases of other runs below a folder, and whether they hold."""
        names = [one for one in self._files.listed(folder) if self._owner["run"] not in one]
        found = {}
        for name, data in self._files.read_all(names).items():
            holder = holder_of(data)
            found[name] = holder is not None and is_held(holder)
        return found

    def _is_free(self, name: str) -> bool:
        return not any(self._others(f"{_LEASES}/{name}/").values())

    def take(self, name: str) -> bool:
        """See `ava.catalog.leases.Leases.take`."""
        if not self._is_free(name):
            return False
        self._write(name)
        if not self._is_free(name):
            self._files.remove([self._own(name)])
            return False
        self._held.add(name)
        return True

    def give_back(self, name: str) -> None:
        """See `ava.catalog.leases.Leases.give_back`."""
        self._held.discard(name)
        self._files.remove([self._own(name)])

    def give_all_back(self) -> None:
        """See `ava.catalog.leases.Leases.give_all_back`."""
        for name in sorted(self._held):
            self.give_back(name)

    def renew(self) -> None:
        """See `ava.catalog.leases.Leases.renew`."""
        if time.monotonic() - self._renewed < RENEW_SECONDS:
            return
        self._renewed = time.monotonic()
        for name in sorted(self._held):
            self._write(name)

    def held_by_others(self) -> list[str]:
        """See `ava.catalog.leases.Leases.held_by_others`."""
        held = [name for name, holds in self._others(f"{_LEASES}/").items() if holds]
        return sorted({name.split("/")[-2] for name in held})

    def clear_dead(self) -> list[str]:
        """See `ava.catalog.leases.Leases.clear_dead`."""
        dead = [name for name, holds in self._others(f"{_LEASES}/").items() if not holds]
        self._files.remove(dead)
        return sorted(name.split("/")[-2] for name in dead)


class RemoteFailures(FailureStore):
    """Failures remembered in a library in a store."""

    def __init__(self, files: RemoteFiles) -> None:
        self._files = files
        self._known: dict[str, bytes | None] = {}

    def expect(self, names: list[str]) -> None:
        """Some will be asked for."""
        there = set(self.names())
        self._known = {name: None for name in names if name not in there}
        read = self._files.read_all([f"{_FAILED}/{name}.json" for name in names if name in there])
        self._known |= {_stem(name): data for name, data in read.items()}

    def look_again(self, name: str) -> None:
        """Another run may have remembered it meanwhile."""
        self._known.pop(name, None)

    def names(self) -> list[str]:
        """See `FailureStore.names`."""
        return sorted(_stem(name) for name in self._files.listed(f"{_FAILED}/"))

    def _read(self, name: str) -> bytes | None:
        if name not in self._known:
            self._known[name] = self._files.read(f"{_FAILED}/{name}.json")
        return self._known[name]

    def _write(self, name: str, data: bytes) -> None:
        self._known[name] = data
        self._files.write(f"{_FAILED}/{name}.json", data)

    def _remove(self, name: str) -> None:
        if self._read(name) is not None:
            self._files.remove([f"{_FAILED}/{name}.json"])
        self._known[name] = None


def _stem(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


class RemoteShelf:
    """A library in a store; see `ava.catalog.shelf.Shelf`.

    Manifests that a plan needs are fetched many at a time and kept; that of a title whose lease was
    taken is fetched anew.

    Parameters
    ----------
    library : RemotePath
        Its address.
    """

    def __init__(self, library: RemotePath) -> None:
        self._library = library
        self._files = RemoteFiles(library)
        self._known: dict[str, dict[str, Any] | None] = {}
        self.failures = RemoteFailures(self._files)
        self.leases = RemoteLeases(self._files)

    def place(self, name: str) -> str:
        """See `Shelf.place`."""
        return str(self._library / name)

    def is_there(self) -> bool:
        """See `Shelf.is_there`."""
        return bool(self._files.folders())

    def names(self) -> list[str]:
        """Those with a manifest: without one, a title is not there yet."""
        folders = self._folders()
        self.expect(folders)
        return [name for name in folders if self.manifest(name) is not None]

    def unfinished(self) -> int:
        """Folders without a manifest: their upload was cut off."""
        return len(self._folders()) - len(self.names())

    def _folders(self) -> list[str]:
        return [name for name in self._files.folders() if not name.startswith(".")]

    def expect(self, names: list[str]) -> None:
        """See `Shelf.expect`."""
        self.failures.expect(names)
        read = self._files.read_all([f"{name}/{MANIFEST}" for name in names])
        self._known |= {name.split("/")[0]: manifest_of(data) for name, data in read.items()}

    def manifest(self, name: str) -> dict[str, Any] | None:
        """See `Shelf.manifest`."""
        if name not in self._known:
            self._known[name] = manifest_of(self._files.read(f"{name}/{MANIFEST}"))
        return self._known[name]

    def has_sheet(self, name: str) -> bool:
        """It has: without one a title is not published."""
        return True

    def damage_at_a_glance(self, name: str, manifest: dict[str, Any]) -> list[str]:
        """None: a store keeps an object whole, and asking for each would take long."""
        return []

    def damage(self, name: str, manifest: dict[str, Any], rehash: bool) -> list[str]:
        """See `Shelf.damage`."""
        there = self._files.listed(f"{name}/")
        damaged = []
        for file, facts in manifest["files"].items():
            found = there.get(f"{name}/{file}")
            same = found is not None and found["size"] == facts["n_bytes"]
            if same and rehash:
                same = self._files.hash_of(f"{name}/{file}") == facts["blake2b"]
            if not same:
                damaged.append(file)
        return damaged

    def look_again(self, name: str) -> None:
        """See `Shelf.look_again`."""
        self._known.pop(name, None)
        self.failures.look_again(name)

    def put_right(self, name: str) -> None:
        """See `Shelf.put_right`; what an upload that was cut off left is of use to the next one."""
        self.look_again(name)

    def clear_damage(self, name: str, damaged: list[str]) -> None:
        """Take the manifest away, too: then the title is not there until it is made anew."""
        if damaged:
            self._files.remove([f"{name}/{file}" for file in (MANIFEST, *damaged)])
            self._known.pop(name, None)

    def set_source(self, name: str, path: SourcePath) -> None:
        """See `Shelf.set_source`."""
        manifest = self.manifest(name)
        data = self._files.read(f"{name}/{TITLE}")
        if manifest is None or data is None:
            raise StoreError(f"{self.place(name)} is not whole", "see ava catalog verify")
        where = str(path.resolve())
        title = json_bytes({**json.loads(data), "path": where})
        digest = hashlib.blake2b(title, digest_size=16).hexdigest()
        source = {**manifest["source"], "path": where, **asdict(SourceStamp.of(path))}
        files = {**manifest["files"], TITLE: {"n_bytes": len(title), "blake2b": digest}}
        self._files.remove([f"{name}/{MANIFEST}"])
        self._files.write(f"{name}/{TITLE}", title)
        new = {**manifest, "source": source, "files": files}
        self._files.write(f"{name}/{MANIFEST}", json_bytes(new))
        self._known[name] = new

    def write(self, name: str, data: bytes) -> None:
        """See `Shelf.write`."""
        self._files.write(name, data)


def manifest_of(data: bytes | None) -> dict[str, Any] | None:
    """A manifest from its bytes; None where it is none."""
    try:
        facts = json.loads(data) if data is not None else None
    except ValueError:
        return None
    return facts if isinstance(facts, dict) and facts.get("schema") == SCHEMA else None
