"""Title folders made here for a library elsewhere: fetched where needed, and published whole."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ava.catalog.remote_files import RemoteFiles
from ava.catalog.remote_shelf import manifest_of
from ava.catalog.shelf import Library
from ava.core.errors import StoreError
from ava.core.progress import OnProgress, Progress, silent
from ava.source.blocks import remote_cache_folder
from ava.source.remote import RemotePath
from ava.store.atomic import recover, replacing_folder, store_errors
from ava.store.decisions import DECISIONS
from ava.store.manifest import read_manifest
from ava.store.title_folder import MANIFEST


@dataclass(frozen=True)
class Bench:
    """Where titles are worked on.

    Attributes
    ----------
    folder : pathlib.Path
        It holds the folders of those titles that there are.
    finished : frozenset of str
        Those of them that an earlier run finished here and did not come to publish.
    """

    folder: Path
    finished: frozenset[str] = frozenset()


@contextmanager
def at_hand(
    library: Library, names: Sequence[str], on_progress: OnProgress = silent
) -> Iterator[Bench]:
    """A place on this machine to work on some titles.

    For a library on a disk it is the library itself. For one in a store the titles are fetched
    before, published when the block ends well, in the order of `names`, and cleared away. What was
    finished and could not be published is still there for the next run.

    Parameters
    ----------
    library : pathlib.Path or RemotePath
        The library.
    names : sequence of str
        Folders of titles whose leases are held.
    on_progress : callable, optional
        Told how far the upload is.
    """
    if isinstance(library, Path):
        yield Bench(library)
        return
    files, bench = RemoteFiles(library), bench_of(library)
    finished = [name for name in names if _fetch(files, name, bench / name)]
    try:
        yield Bench(bench, frozenset(finished))
    except BaseException:
        _clear(bench, names)
        raise
    for name in names:
        publish(files, name, bench / name, on_progress)
    _clear(bench, names)  # not before: what could not be sent is sent by the next run


def _clear(bench: Path, names: Sequence[str]) -> None:
    for name in names:
        shutil.rmtree(bench / name, ignore_errors=True)


def bench_of(library: RemotePath) -> Path:
    """Where title folders of a library in a store are made on this machine."""
    key = hashlib.blake2b(library.address.rstrip("/").encode(), digest_size=8).hexdigest()
    return remote_cache_folder() / "titles" / key


def _fetch(files: RemoteFiles, name: str, folder: Path) -> bool:
    """Bring a title here, with people's decisions; whether a finished one was here before."""
    with store_errors(folder):
        folder.parent.mkdir(parents=True, exist_ok=True)
        recover(folder, held=True)
        decisions = files.read(f"{name}/{DECISIONS}")
    was_here = read_manifest(folder) is not None
    if not was_here:
        shutil.rmtree(folder, ignore_errors=True)
        manifest = manifest_of(files.read(f"{name}/{MANIFEST}"))
        if manifest is not None:
            # One that is damaged is made anew from its film.
            with suppress(StoreError), replacing_folder(folder) as draft:
                files.bring([*manifest["files"], MANIFEST], name, draft)
    if decisions is not None:
        with store_errors(folder):
            folder.mkdir(exist_ok=True)
            (folder / DECISIONS).write_bytes(decisions)
    return was_here


def publish(
    files: RemoteFiles, name: str, folder: Path, on_progress: OnProgress = silent
) -> list[str]:
    """Make a title of a library be as its folder is here; gives the files that were sent.

    A store cannot exchange a folder at once. So the manifest is removed first and written last: in
    between the title is not there, and never half there. What is there already is not sent again,
    by the old manifest or, after an upload that was cut off, by MD5 where the store tells it.
    People's decisions stay.

    Parameters
    ----------
    files : RemoteFiles
        The library.
    name : str
        The title's folder in it.
    folder : pathlib.Path
        The title folder here.
    on_progress : callable, optional
        Told how far it is.

    Raises
    ------
    StoreError
        When it has no manifest, or the store cannot be written.
    """
    new = read_manifest(folder)
    if new is None:
        raise StoreError(f"{folder} has no manifest", "run it again")
    before = files.read(f"{name}/{MANIFEST}")
    old = manifest_of(before) or {"files": {}}
    there = files.listed(f"{name}/")
    sent = [
        file
        for file, facts in new["files"].items()
        if not _is_there(folder / file, facts, old["files"].get(file), there.get(f"{name}/{file}"))
    ]
    keeps = {f"{name}/{one}" for one in (*new["files"], DECISIONS, MANIFEST)}
    gone = sorted(set(there) - keeps)
    manifest = (folder / MANIFEST).read_bytes()
    if before == manifest and not sent and not gone:
        return []
    if before is not None:
        files.remove([f"{name}/{MANIFEST}"])

    def told(n: int) -> None:
        on_progress(Progress("upload", n, len(sent), "files"))

    files.send(folder, sent, name, told)
    files.remove(gone)
    files.write(f"{name}/{MANIFEST}", manifest)
    return sent


def _is_there(
    path: Path, new: dict[str, Any], old: dict[str, Any] | None, facts: dict[str, Any] | None
) -> bool:
    if facts is None or facts["size"] != new["n_bytes"]:
        return False
    if old is not None:
        return old == new
    tag = str(facts.get("ETag", "")).strip('"')
    return tag == hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
