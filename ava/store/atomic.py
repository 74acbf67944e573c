"""Nothing half-written: a folder is built under a temporary name beside its place, then renamed."""

from __future__ import annotations

import errno
import os
import re
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ava.core.errors import StoreError

_PARTIAL = re.compile(r"^\.(?P<name>.+)\.(?P<kind>partial|replaced)-(?P<pid>\d+)-[0-9a-f]{8}$")


@contextmanager
def store_errors(path: Path) -> Iterator[None]:
    """The border to the file system: its refusals become `StoreError`."""
    try:
        yield
    except OSError as error:
        if error.errno in (errno.ENOSPC, errno.EDQUOT):
            raise StoreError(
                f"the disk is full: {path} could not be written",
                "make room; earlier results are untouched",
            ) from error
        if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise StoreError(
                f"no permission to write {path}", "choose another folder with -o"
            ) from error
        if error.errno in (errno.ENOTDIR, errno.EEXIST, errno.ENAMETOOLONG):
            raise StoreError(
                f"{path} cannot be a folder: {error.strerror}", "choose another folder with -o"
            ) from error
        raise StoreError(
            f"{path} could not be written: {error.strerror or error}",
            "choose another folder with -o",
        ) from error


@contextmanager
def replacing_folder(target: Path) -> Iterator[Path]:
    """A new folder that takes the place of `target` when the block ends well.

    Until then an earlier `target` stays as it is; when the block fails, the new folder is removed.
    What a killed process left behind is cleared away by the next one.

    Raises
    ------
    StoreError
        When the place cannot be written.
    """
    token = f"{os.getpid()}-{secrets.token_hex(4)}"
    partial = target.parent / f".{target.name}.partial-{token}"
    with store_errors(target):
        target.parent.mkdir(parents=True, exist_ok=True)
        recover(target)
        if target.exists() and not target.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, "a file of that name is in the way")
        partial.mkdir()
    try:
        yield partial
        with store_errors(target):
            _swap(partial, target, target.parent / f".{target.name}.replaced-{token}")
    finally:
        shutil.rmtree(partial, ignore_errors=True)


def _swap(partial: Path, target: Path, aside: Path) -> None:
    if target.exists():
        os.replace(target, aside)
    os.replace(partial, target)
    shutil.rmtree(aside, ignore_errors=True)


def recover(target: Path, held: bool = False) -> None:
    """Clear away what dead processes left of `target`, and put back what they had set aside.

    Parameters
    ----------
    target : pathlib.Path
        The folder.
    held : bool
        Whether the caller holds the title: then no other process is at it, whatever its number,
        which may have been given to another one after a restart.
    """
    if not target.parent.is_dir():
        return
    for path in sorted(target.parent.iterdir()):
        match = _PARTIAL.match(path.name)
        if match is None or match["name"] != target.name:
            continue
        if not held and _is_alive(int(match["pid"])):
            continue
        if match["kind"] == "replaced" and not target.exists():
            os.replace(path, target)  # it died between the two renames
        else:
            shutil.rmtree(path, ignore_errors=True)


def leftovers(library: Path) -> list[tuple[Path, str]]:
    """Unfinished folders and files in a library, each with the name of what it was to become."""
    found = []
    for path in sorted(library.iterdir()):
        match = _PARTIAL.match(path.name)
        if match is not None and not _is_alive(int(match["pid"])):
            found.append((path, match["name"]))
    return found


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


def write_atomic(path: Path, data: bytes) -> None:
    """Write a file under a temporary name, then rename it."""
    partial = path.with_name(f".{path.name}.partial-{os.getpid()}-{secrets.token_hex(4)}")
    with store_errors(path):
        try:
            partial.write_bytes(data)
            os.replace(partial, path)
        finally:
            partial.unlink(missing_ok=True)
