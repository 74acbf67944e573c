"""What makes two sources, or two settings, the same."""

from __future__ import annotations

import hashlib
import json
from typing import Any, BinaryIO, Literal, Protocol

_WHOLE_FILE_BYTES = 64 * 2**20
_BLOCK_BYTES = 2**20
_N_BLOCKS = 64


class Readable(Protocol):
    """A path of any kind that leads to a file."""

    def stat(self) -> Any:
        """Facts of the file; ``st_size`` is asked for."""
        ...

    def open(self, mode: Literal["rb"], /) -> BinaryIO:
        """Open the file for reading."""
        ...


def content_id(path: Readable) -> str:
    """A fingerprint of a file's content, independent of its name and dates.

    Files of up to 64 MiB are hashed whole. Of longer ones the size and 64 blocks of 1 MiB, evenly
    spread with the first and the last among them, are hashed: a second even for a 100 GB master.
    Two encodes of one film differ in every block; a file patched in place between the blocks
    would not be noticed.

    Parameters
    ----------
    path : pathlib.Path or another path
        An existing, readable file; of a remote one, as little is fetched.

    Returns
    -------
    str
        32 hexadecimal digits (BLAKE2b, 128 bit).

    Raises
    ------
    OSError
        When the file cannot be read.
    """
    digest = hashlib.blake2b(digest_size=16)
    size = path.stat().st_size
    digest.update(size.to_bytes(8, "big"))
    with path.open("rb") as file:
        if size <= _WHOLE_FILE_BYTES:
            while block := file.read(_BLOCK_BYTES):
                digest.update(block)
        else:
            for index in range(_N_BLOCKS):
                file.seek((size - _BLOCK_BYTES) * index // (_N_BLOCKS - 1))
                digest.update(file.read(_BLOCK_BYTES))
    return digest.hexdigest()


def combined_id(parts: list[str]) -> str:
    """One fingerprint (32 hexadecimal digits) of several strings, sensitive to their order."""
    return hashlib.blake2b("\x00".join(parts).encode(), digest_size=16).hexdigest()


def settings_id(settings: dict[str, Any]) -> str:
    """A short fingerprint (12 hexadecimal digits) of settings that JSON can hold."""
    canonical = json.dumps(settings, sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(canonical.encode(), digest_size=6).hexdigest()
