"""Decoding goes on while what it gave is being looked at."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from queue import Full, Queue
from threading import Event, Thread
from typing import TypeVar

One = TypeVar("One")

_LEAST, _MOST, _BYTES = 3, 16, 56 << 20
_PATIENCE_SECONDS = 0.1


def depth_for(n_bytes: int) -> int:
    """How many pictures of that size may wait: where a shot ends, looking at one takes long."""
    return min(_MOST, max(_LEAST, _BYTES // max(1, n_bytes)))


def ahead(ones: Iterator[One], depth: int) -> Generator[One, None, None]:
    """The same, made in a thread of its own, up to `depth` steps ahead.

    FFmpeg's own threads decode only while somebody asks for pictures. What `ones` raises is raised
    here, in its place. Close this one (`contextlib.closing`) before what `ones` reads from: it comes
    back from that when `ones` is closed, too.
    """
    given: Queue[tuple[One | None, BaseException | None]] = Queue(depth)
    is_over = Event()

    def handed_over(one: One | None, error: BaseException | None) -> bool:
        while not is_over.is_set():
            try:
                given.put((one, error), timeout=_PATIENCE_SECONDS)
                return True
            except Full:
                pass  # whoever looks at them takes its time
        return False

    def run() -> None:
        try:
            for one in ones:
                if not handed_over(one, None):
                    return
            handed_over(None, StopIteration())
        except BaseException as error:
            handed_over(None, error)
        finally:
            if isinstance(ones, Generator):
                ones.close()

    thread = Thread(target=run, name="decoding ahead", daemon=True)
    thread.start()
    try:
        while True:
            one, error = given.get()
            if isinstance(error, StopIteration):
                return
            if error is not None:
                raise error
            yield one  # type: ignore[misc]
    finally:
        is_over.set()
        thread.join()
