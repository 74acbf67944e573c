"""A scoring process: takes batches from a pipe, one after the other, and sends back what it found."""

from __future__ import annotations

import sys
from dataclasses import replace

from ava.core.child import parent
from ava.core.errors import AvaError
from ava.core.memory import keep_freed_memory
from ava.core.shared_memory import received


def main(read_fd: int, write_fd: int, memory_fd: int) -> None:
    """Read a registry and what may be used; then score batch after batch, until it is killed.

    Batches lie in shared memory; the pipe says where.

    Sends `Progress` of downloads, `Opened` once, a `Scored` for every batch, or the error.
    """
    waiting, outbox = parent(read_fd, write_fd)
    from ava.scoring.runner import Opened, Runner

    keep_freed_memory()
    registry, runtime = waiting.get()
    try:
        with Runner(registry, replace(runtime, on_progress=outbox.send)) as runner:
            outbox.send(Opened(tuple(runner.problems), runner.roads))
            while True:
                outbox.send(runner.score(received(memory_fd, waiting.get())))
    except AvaError as error:
        outbox.send(error)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:4]))
