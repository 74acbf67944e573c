"""Files in object stores and on web servers, read by range. The only owner of fsspec."""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from email.utils import parsedate_to_datetime
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, Literal, NamedTuple, NoReturn, cast
from urllib.parse import unquote, urlsplit

from ava.core.errors import (
    AvaError,
    ConfigError,
    MediaNotFound,
    StoreError,
    UnreachableMedia,
    UnreadableMedia,
)
from ava.source.blocks import RangeReader, cache_of_machine

_ADDRESS = re.compile(r"(s3|gs|https?)://")
_WAITS_SECONDS = (0.5, 2.0, 5.0)  # between attempts to read a range
_CONNECT_SECONDS, _ANSWER_SECONDS = 10, 60
_NO_CREDENTIALS = frozenset(
    {
        "NoCredentialsError", "PartialCredentialsError", "CredentialRetrievalError",
        "ProfileNotFound", "TokenRetrievalError", "DefaultCredentialsError", "RefreshError",
    }
)  # fmt: skip
_REFUSED = (401, 403)
_PACKAGES = {"s3": "s3fs", "gs": "gcsfs", "http": "aiohttp", "https": "aiohttp"}


class RemoteStat(NamedTuple):
    """What a store says of a file, named as in `os.stat_result`.

    Attributes
    ----------
    st_size : int
        Bytes.
    st_mtime_ns : int
        When it was written, in nanoseconds since 1970. Where the server does not tell, a number
        that its ETag makes; where it has none, either, the present: then nothing is known of it.
    """

    st_size: int
    st_mtime_ns: int


@dataclass(frozen=True)
class RemotePath:
    """A file (or, of a library, a folder) by its address; answers what a source is asked of a path.

    Attributes
    ----------
    address : str
        ``s3://bucket/key``, ``gs://bucket/key``, ``http://…`` or ``https://…``.

    Raises
    ------
    ConfigError
        When there is a password in it: addresses are written into results and reports.
    """

    address: str

    def __post_init__(self) -> None:
        parts = urlsplit(self.address)
        if parts.password is not None:
            raise ConfigError(
                f"there is a password in the address of {parts.hostname}",
                "addresses are kept in the results: leave it out, and put it into ~/.netrc",
            )
        if not parts.netloc:
            raise ConfigError(f"{self.address} names no bucket or server", "write s3://bucket/key")

    def __str__(self) -> str:
        return self.address

    def __truediv__(self, name: str) -> RemotePath:
        return RemotePath(f"{self.address.rstrip('/')}/{name}")

    @property
    def scheme(self) -> str:
        """What kind of store it is in."""
        return self.address.partition(":")[0]

    @property
    def name(self) -> str:
        """Last part of the address, without a query."""
        if self.scheme in ("http", "https"):
            return PurePosixPath(unquote(urlsplit(self.address).path)).name
        return PurePosixPath(self.address.partition("://")[2]).name

    @property
    def stem(self) -> str:
        """The name without its ending."""
        return PurePosixPath(self.name).stem

    @property
    def suffix(self) -> str:
        """Ending of the name."""
        return PurePosixPath(self.name).suffix

    def resolve(self) -> RemotePath:
        """Itself."""
        return self

    def as_uri(self) -> str:
        """The address."""
        return self.address

    def is_dir(self) -> bool:
        """Never: folders of pictures are read from a disk only."""
        return False

    def exists(self) -> bool:
        """Whether it is there."""
        try:
            self.stat()
        except MediaNotFound:
            return False
        return True

    def stat(self) -> RemoteStat:
        """Ask its store what it knows of it.

        Raises
        ------
        MediaNotFound
            When it is not there.
        UnreachableMedia
            When the store cannot be reached, or does not let us in.
        """
        facts = self._facts()
        return RemoteStat(int(facts["size"]), _version(facts))

    def open(self, mode: Literal["rb"] = "rb") -> BinaryIO:
        """Open it for reading by range, through the cache of this machine.

        Raises
        ------
        MediaNotFound, UnreachableMedia
            See `stat`.
        UnreadableMedia
            When its server does not read by range.
        """
        facts = self._facts()
        if facts.get("partial") is False:
            self._needs_ranges()
        n_bytes = int(facts["size"])
        with remote_errors(self):
            file = filesystem(self).open(self.address, mode, cache_type="none", size=n_bytes)
        version = f"{self.address}\n{n_bytes}\n{_version(facts)}\n{facts.get('ETag', '')}"
        key = hashlib.blake2b(version.encode(), digest_size=16).hexdigest()
        reader = RangeReader(self._fetched_from(file), n_bytes, key, cache_of_machine())
        return cast("BinaryIO", reader)

    def _facts(self) -> dict[str, Any]:
        with remote_errors(self):
            facts: dict[str, Any] = filesystem(self).info(self.address)
        if facts.get("type") != "file":
            raise MediaNotFound(f"no such file: {self}", "check the address")
        if facts.get("size") is None:
            self._needs_ranges()
        return facts

    def _fetched_from(self, file: Any) -> Callable[[int, int], bytes]:
        def fetch(start: int, end: int) -> bytes:
            for wait in (*_WAITS_SECONDS, None):
                try:
                    with remote_errors(self):
                        file.seek(start)
                        data: bytes = file.read(end - start)
                    if len(data) == end - start:
                        return data
                    self._needs_ranges()
                except UnreachableMedia:
                    if wait is None:
                        raise
                    time.sleep(wait)
            raise AssertionError

        return fetch

    def _needs_ranges(self) -> NoReturn:
        raise _without_ranges(self)


SourcePath = Path | RemotePath


def located(where: str | Path | RemotePath) -> SourcePath:
    """What a person wrote, as a path on the disk or as an address."""
    if isinstance(where, str) and _ADDRESS.match(where):
        return RemotePath(where)
    return where if isinstance(where, RemotePath) else Path(where)


def filesystem(path: RemotePath) -> Any:
    """The fsspec file system of an address; its listings are always fresh.

    Raises
    ------
    ConfigError
        When what it needs is not installed.
    """
    scheme, options = path.scheme, {}
    try:
        import fsspec

        if scheme == "s3":
            waits = {"connect_timeout": _CONNECT_SECONDS, "read_timeout": _ANSWER_SECONDS}
            options = {"config_kwargs": {**waits, "retries": {"max_attempts": 3}}}
        elif scheme != "gs":
            import aiohttp

            waits_of = aiohttp.ClientTimeout(
                total=None, sock_connect=_CONNECT_SECONDS, sock_read=_ANSWER_SECONDS
            )
            # With it, proxies and ~/.netrc count.
            options = {"client_kwargs": {"timeout": waits_of, "trust_env": True}}
        return fsspec.filesystem(scheme, use_listings_cache=False, **options)
    except ImportError as error:
        raise ConfigError(
            f"{scheme}:// needs fsspec and {_PACKAGES[scheme]}, which are not installed",
            "pip install 'ava-artwork[remote]'",
        ) from error


@contextmanager
def remote_errors(path: RemotePath, is_library: bool = False) -> Iterator[None]:
    """The border to stores and servers: their exceptions become ours.

    Parameters
    ----------
    path : RemotePath
        What was asked for.
    is_library : bool
        Whether it is where results are: then all become `StoreError`.
    """
    try:
        yield
    except AvaError:
        raise
    except Exception as error:  # every store has errors of its own
        ours = _ours(error, path)
        raise (StoreError(ours.message, ours.hint) if is_library else ours) from error


def _ours(error: Exception, path: RemotePath) -> AvaError:
    causes = [error]
    while (cause := causes[-1].__cause__) is not None and isinstance(cause, Exception):
        causes.append(cause)
    statuses = [getattr(one, "status", None) for one in causes]
    if any(type(one).__name__ in _NO_CREDENTIALS for one in causes):
        return UnreachableMedia(
            f"{path}: no credentials for {path.scheme}:// were found",
            "set them as for the store's own tools, such as AWS_PROFILE or AWS_ACCESS_KEY_ID",
        )
    if any(isinstance(one, PermissionError) for one in causes) or any(
        status in _REFUSED for status in statuses
    ):
        return UnreachableMedia(
            f"{path}: access is refused: {_said(causes[-1])}",
            "check the credentials and their rights",
        )
    if isinstance(error, ValueError) and "range requests" in str(error):
        return _without_ranges(path)
    if any(type(one).__name__ == "FileExpired" for one in causes):
        return UnreadableMedia(f"{path} was changed while it was read", "run it again")
    # fsspec says that a file is not there, too, when its server could not be asked.
    if isinstance(error, FileNotFoundError) and (len(causes) == 1 or 404 in statuses):
        return MediaNotFound(f"no such file: {path}", "check the address")
    if isinstance(error, FileNotFoundError) and path.scheme in ("s3", "gs"):
        return MediaNotFound(f"no such file: {path}: {_said(error)}", "check the address")
    return UnreachableMedia(
        f"{path} cannot be reached: {_said(causes[-1])}", "check the address and the network"
    )


def _without_ranges(path: RemotePath) -> UnreadableMedia:
    return UnreadableMedia(
        f"{path}: its server does not give parts of a file",
        "films are read by range: download it, or serve it from a server that can",
    )


def _said(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:200]}" if lines else type(error).__name__


def _version(facts: dict[str, Any]) -> int:
    """When a file was written, or whatever else tells its versions apart; see `RemoteStat`."""
    when = facts.get("LastModified") or facts.get("mtime") or facts.get("Last-Modified")
    if isinstance(when, str):
        try:
            when = parsedate_to_datetime(when)
        except ValueError:
            when = None
    if isinstance(when, datetime):
        return int(when.timestamp() * 1000) * 1_000_000
    tag = str(facts.get("ETag", ""))
    if tag:
        return int.from_bytes(hashlib.blake2b(tag.encode(), digest_size=7).digest(), "big")
    return time.time_ns()
