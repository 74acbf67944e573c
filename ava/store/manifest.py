"""``manifest.json``: what a title folder was made from, and a hash of every file in it."""

from __future__ import annotations

import hashlib
import os
import shutil
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from ava.core.errors import StoreError
from ava.source.remote import RemotePath, SourcePath
from ava.store.atomic import replacing_folder, store_errors, write_atomic
from ava.store.decisions import DECISIONS
from ava.store.title_folder import (
    MANIFEST,
    SCORES,
    TITLE,
    is_of_ranking,
    json_bytes,
    link_or_copy,
    read_json,
)

SCHEMA = "ava.manifest/1"
_BLOCK_BYTES = 2**20
_DIGEST_BYTES = 16
_NOT_OURS = frozenset({MANIFEST, DECISIONS})


@dataclass(frozen=True)
class SourceStamp:
    """What a source looks like from outside, without reading it.

    Attributes
    ----------
    n_bytes : int
        Of the file, or of all files of a folder.
    modified_ns : int
        When it was last written, in nanoseconds since 1970; of a folder the latest of its files.
    """

    n_bytes: int
    modified_ns: int

    @classmethod
    def of(cls, path: SourcePath) -> SourceStamp:
        """Of a file, or a folder of pictures.

        Raises
        ------
        OSError
            When it is not there, or may not be looked at.
        """
        if isinstance(path, RemotePath) or not path.is_dir():
            facts = path.stat()
            return cls(facts.st_size, facts.st_mtime_ns)
        own = path.stat().st_mtime_ns
        inside = [one.stat() for one in os.scandir(path) if one.is_file()]
        latest = max([one.st_mtime_ns for one in inside] + [own])
        return cls(sum(one.st_size for one in inside), latest)


def write_manifest(folder: Path, facts: dict[str, Any], earlier: Path | None = None) -> None:
    """Write the manifest of a folder that is otherwise complete.

    Parameters
    ----------
    folder : pathlib.Path
        The title folder, or the draft of one.
    facts : dict
        What it was made from, in plain JSON types; see `ava.title_state.made_from`.
    earlier : pathlib.Path, optional
        The folder that it takes the place of: what is the very same file keeps the hash that it was
        given when it was written, and is not read again.
    """
    known = (read_manifest(earlier) or {}).get("files", {}) if earlier else {}
    with store_errors(folder):
        files = {
            name: known[name]
            if earlier and name in known and _is_same(folder / name, earlier / name)
            else {"n_bytes": (folder / name).stat().st_size, "blake2b": file_hash(folder / name)}
            for name in files_in(folder)
        }
    write_atomic(folder / MANIFEST, json_bytes({"schema": SCHEMA, **facts, "files": files}))


def _is_same(one: Path, other: Path) -> bool:
    """Whether two names are of one file."""
    try:
        return one.samefile(other)
    except OSError:
        return False


def read_manifest(folder: Path) -> dict[str, Any] | None:
    """What `write_manifest` wrote; None where there is none, or it cannot be read."""
    try:
        facts = read_json(folder / MANIFEST)
    except StoreError:
        return None
    return facts if facts.get("schema") == SCHEMA else None


def files_in(folder: Path) -> list[str]:
    """Paths of all that ava wrote in a title folder, relative to it, in order.

    The manifest itself is not among them, nor is what people add later: their decisions.
    """
    found = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        inside = Path(place).relative_to(folder)
        found += [(inside / name).as_posix() for name in names if not name.startswith(".")]
    return sorted(name for name in found if name not in _NOT_OURS)


def file_hash(path: Path) -> str:
    """BLAKE2b (128 bit) of a whole file, as 32 hexadecimal digits."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    with path.open("rb") as file:
        while block := file.read(_BLOCK_BYTES):
            digest.update(block)
    return digest.hexdigest()


def damaged_files(folder: Path, manifest: dict[str, Any], rehash: bool) -> list[str]:
    """Files of a folder that are missing or not as they were written.

    Parameters
    ----------
    folder : pathlib.Path
        The title folder.
    manifest : dict
        Its manifest.
    rehash : bool
        Whether every file is read and hashed; otherwise only sizes are compared.
    """
    damaged = []
    for name, facts in manifest["files"].items():
        path = folder / name
        try:
            same = path.stat().st_size == facts["n_bytes"]
            if same and rehash:
                same = file_hash(path) == facts["blake2b"]
        except OSError:
            same = False
        if not same:
            damaged.append(name)
    return damaged


def clear_damaged(folder: Path, damaged: list[str]) -> None:
    """Take damaged files away, so that the next run makes them anew and never builds on them.

    Without its tables a title is scanned again; its decisions stay in any case.

    Raises
    ------
    StoreError
        When a file cannot be removed.
    """
    if not damaged:
        return
    with store_errors(folder):
        for name in damaged:
            (folder / name).unlink(missing_ok=True)
        if any(not is_of_ranking(name) for name in damaged):
            for name in (SCORES, TITLE):
                (folder / name).unlink(missing_ok=True)


def set_source_path(folder: Path, path: SourcePath) -> None:
    """Say where the film of a title is now, when it is the same film at another place.

    Raises
    ------
    StoreError
        When the folder cannot be read or written.
    """
    where = str(path.resolve())
    with store_errors(folder):
        stamp = SourceStamp.of(path)
    title, manifest = read_json(folder / TITLE), read_json(folder / MANIFEST)
    title["path"] = where
    manifest["source"] |= {"path": where, **asdict(stamp)}
    with replacing_folder(folder) as draft:  # the two files must agree, whenever it is killed
        with store_errors(folder):
            shutil.copytree(folder, draft, copy_function=link_or_copy, dirs_exist_ok=True)
        write_atomic(draft / TITLE, json_bytes(title))
        with store_errors(folder):
            n_bytes = (draft / TITLE).stat().st_size
            manifest["files"][TITLE] = {"n_bytes": n_bytes, "blake2b": file_hash(draft / TITLE)}
        write_atomic(draft / MANIFEST, json_bytes(manifest))
