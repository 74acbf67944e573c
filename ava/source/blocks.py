"""Reading by range, and a bounded cache of what was read on this machine's disk."""

from __future__ import annotations

import io
import os
import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

from ava.core.errors import ConfigError

BLOCK_BYTES = 2**18
_BLOCKS_AT_ONCE = 32  # in one request, once a file is read on and on
_MOST_UNCOUNTED = 32  # a process looks how full the cache is after a 32nd part of it
_ROOM_MADE = 0.9
_FOLDER_VARIABLE, _SIZE_VARIABLE = "AVA_REMOTE_CACHE_DIR", "AVA_REMOTE_CACHE_MIB"
_DEFAULT_MIB = 4096


class BlockCache:
    """Blocks of remote files as files on a disk; those that were not used for longest go first.

    Several processes may share one. Trouble with its disk is borne in silence: it only helps.

    Parameters
    ----------
    folder : pathlib.Path
        Where it is.
    limit_bytes : int
        How much it may hold, give or take a 32nd part for every process that writes to it.
    """

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder, self._limit = folder, limit_bytes
        self._uncounted = limit_bytes  # nobody knows how full it is

    def read(self, key: str, index: int) -> bytes | None:
        """A block of a file; None where it is not held."""
        path = self._path(key, index)
        try:
            data = path.read_bytes()
            os.utime(path)
        except OSError:
            return None
        return data

    def write(self, key: str, index: int, data: bytes) -> None:
        """Hold a block of a file."""
        path = self._path(key, index)
        partial = path.with_name(f".{index}-{os.getpid()}-{secrets.token_hex(4)}")
        with suppress(OSError):
            path.parent.mkdir(parents=True, exist_ok=True)
            partial.write_bytes(data)
            os.replace(partial, path)
        self._uncounted += len(data)
        if self._uncounted > self._limit // _MOST_UNCOUNTED:
            self._uncounted = 0
            self._make_room()

    def _path(self, key: str, index: int) -> Path:
        return self._folder / key / str(index)

    def _make_room(self) -> None:
        held = []
        for path in self._folder.glob("*/*"):
            with suppress(OSError):
                facts = path.stat()
                held.append((facts.st_mtime_ns, facts.st_size, path))
        total = sum(n_bytes for _, n_bytes, _ in held)
        if total <= self._limit:
            return
        for _, n_bytes, path in sorted(held):
            if total <= _ROOM_MADE * self._limit:
                return
            with suppress(OSError):
                path.unlink()
                total -= n_bytes
                path.parent.rmdir()  # once it is empty


def cache_of_machine() -> BlockCache | None:
    """The cache that ``AVA_REMOTE_CACHE_DIR`` and ``AVA_REMOTE_CACHE_MIB`` describe; None for 0 MiB.

    By default 4 GiB in the user's cache folder.

    Raises
    ------
    ConfigError
        When the size is none.
    """
    text = os.environ.get(_SIZE_VARIABLE, "").strip() or str(_DEFAULT_MIB)
    if not text.isdigit():
        raise ConfigError(f"{_SIZE_VARIABLE} is {text!r}", "it must be a number of MiB; 0 for none")
    where = remote_cache_folder() / "blocks"
    return BlockCache(where, int(text) * 2**20) if int(text) else None


def remote_cache_folder() -> Path:
    """Where this machine keeps what is remote: ``AVA_REMOTE_CACHE_DIR``, or the user's cache."""
    from platformdirs import user_cache_path

    folder = os.environ.get(_FOLDER_VARIABLE, "").strip()
    return Path(folder) if folder else user_cache_path("ava") / "remote"


class RangeReader(io.RawIOBase):
    """A file that is fetched in blocks, as they are asked for.

    Asked for here and there it fetches no more than the blocks in question; read on and on it
    fetches twice as many with every request, up to 8 MiB.

    Parameters
    ----------
    fetch : callable
        Gives the bytes from a start up to an end.
    n_bytes : int
        Size of the file.
    key : str
        Names the file and its version in the cache.
    cache : BlockCache or None
        Where blocks are kept.
    """

    def __init__(
        self, fetch: Callable[[int, int], bytes], n_bytes: int, key: str, cache: BlockCache | None
    ) -> None:
        super().__init__()
        self._fetch, self._n_bytes, self._key, self._cache = fetch, n_bytes, key, cache
        self._at = 0
        self._start, self._data = 0, b""  # what is at hand
        self._expected, self._n_latest = -1, 0  # the block after the latest request, and its size

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Where the next byte comes from."""
        return self._at

    def seek(self, offset: int, whence: int = os.SEEK_SET, /) -> int:
        """Go somewhere; nothing is fetched."""
        start = {os.SEEK_SET: 0, os.SEEK_CUR: self._at, os.SEEK_END: self._n_bytes}[whence]
        if start + offset < 0:
            raise OSError("a place before the start of a file")
        self._at = start + offset
        return self._at

    def readinto(self, buffer: Any, /) -> int:
        """Fill all of a buffer, as far as the file goes."""
        view = memoryview(buffer).cast("B")
        end = min(self._at + len(view), self._n_bytes)
        done = 0
        while self._at < end:
            if not self._start <= self._at < self._start + len(self._data):
                self._bring(self._at // BLOCK_BYTES, -(-end // BLOCK_BYTES))
            inside = self._at - self._start
            part = self._data[inside : inside + end - self._at]
            view[done : done + len(part)] = part
            done += len(part)
            self._at += len(part)
        return done

    def _bring(self, first: int, end: int) -> None:
        """Have a block at hand, and where it must be fetched, those after it up to `end`, too."""
        self._start = first * BLOCK_BYTES
        cached = self._cache.read(self._key, first) if self._cache else None
        if cached is not None and len(cached) == min(BLOCK_BYTES, self._n_bytes - self._start):
            self._data = cached
            return
        n = min(2 * self._n_latest, _BLOCKS_AT_ONCE) if first == self._expected else 1
        n = max(n, min(end - first, _BLOCKS_AT_ONCE))
        stop = min((first + n) * BLOCK_BYTES, self._n_bytes)
        self._data = self._fetch(self._start, stop)
        self._expected, self._n_latest = first + n, n
        if self._cache:
            for at in range(0, len(self._data), BLOCK_BYTES):
                block = self._data[at : at + BLOCK_BYTES]
                self._cache.write(self._key, first + at // BLOCK_BYTES, block)
