"""Arrays for another process, in memory that both of them see.

Through a pipe a batch of pictures is copied five times, in pieces of 64 kB.
"""

from __future__ import annotations

import mmap
import os
import pickle
import tempfile
from dataclasses import dataclass
from typing import IO, Any

_ALIGNED = 64  # bytes; what vector instructions like
_BLOCK = mmap.ALLOCATIONGRANULARITY


@dataclass(frozen=True)
class Handed:
    """Where something lies whose arrays are in shared memory.

    Attributes
    ----------
    rest : bytes
        All of it but the arrays.
    block : tuple of int
        First byte and length of what it takes.
    places : tuple of tuple of int
        First byte within the block, and length, of each array.
    """

    rest: bytes
    block: tuple[int, int]
    places: tuple[tuple[int, int], ...]


class SharedMemory:
    """The side that writes.

    It is a file without a name: nothing is left of it when both processes are gone, however they
    end.
    """

    def __init__(self) -> None:
        self._file: IO[bytes]
        if hasattr(os, "memfd_create"):
            self._file = os.fdopen(os.memfd_create("ava"), "w+b")
        else:  # not on Linux
            self._file = tempfile.TemporaryFile()  # noqa: SIM115
        self._free: list[tuple[int, int]] = []
        self._end = 0

    @property
    def number(self) -> int:
        """Its file descriptor, for the other side."""
        return self._file.fileno()

    def put(self, thing: Any) -> Handed:
        """Write the arrays of `thing`; they stay until `free`."""
        arrays: list[pickle.PickleBuffer] = []
        rest = pickle.dumps(thing, 5, buffer_callback=arrays.append)
        places, n_bytes = [], 0
        for one in arrays:
            places.append((n_bytes, one.raw().nbytes))
            n_bytes += -(-one.raw().nbytes // _ALIGNED) * _ALIGNED
        block = self._block(max(n_bytes, 1))
        for one, (start, _) in zip(arrays, places, strict=True):
            self._file.seek(block[0] + start)
            self._file.write(one.raw())
        self._file.flush()
        return Handed(rest, block, tuple(places))

    def _block(self, n_bytes: int) -> tuple[int, int]:
        for block in self._free:
            if block[1] >= n_bytes:
                self._free.remove(block)
                return block
        block = self._end, -(-n_bytes // _BLOCK) * _BLOCK
        self._end += block[1]
        self._file.truncate(self._end)
        return block

    def free(self, handed: Handed) -> None:
        """The other side is done with it: its place may be written over."""
        self._free.append(handed.block)

    def close(self) -> None:
        """Let go of this side."""
        self._file.close()


def received(number: int, handed: Handed) -> Any:
    """What was handed over, by the other side's file descriptor; its arrays are not to be written."""
    start, n_bytes = handed.block
    seen = memoryview(mmap.mmap(number, n_bytes, access=mmap.ACCESS_READ, offset=start))
    arrays = [seen[first : first + length] for first, length in handed.places]
    return pickle.loads(handed.rest, buffers=arrays)
