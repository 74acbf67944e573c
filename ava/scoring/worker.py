"""A scoring process: takes batches from a pipe, one after the other, and sends back what it found."""

from __future__ import annotations

import gc
import os
import sys
from contextlib import ExitStack
from dataclasses import replace
from multiprocessing.connection import Connection

from ava.core.child import ends_with_parent, parent
from ava.core.copies import copied
from ava.core.errors import AvaError
from ava.core.memory import give_back_freed_memory, keep_freed_memory
from ava.core.shared_memory import received


def main(read_fd: int, write_fd: int, memory_fd: int, asked_fd: int) -> None:
    """Read a registry and what may be used; then score batch after batch, until it is killed.

    Before these it may read None: they are not known yet. Batches lie in shared memory; the pipe says
    where. When everything is open, the process is left as it is, to be copied, and its copies score.

    Sends `Progress` of downloads, `Opened` once, a `Scored` for every batch, or the error.
    """
    gc.disable()  # what is made from here on stays
    from ava.scoring.registry import installed
    from ava.scoring.runner import Opened, Runner

    keep_freed_memory()
    # Of its own, since a copy has other pipes.
    first, outbox = (Connection(os.dup(one)) for one in (read_fd, write_fd))
    try:
        while (given := first.recv()) is None:
            installed()  # these will be asked for
        first.close()
        registry, runtime = given
        with ExitStack() as opened:
            with ends_with_parent(read_fd):
                runner = Runner(registry, replace(runtime, on_progress=outbox.send))
                opened.enter_context(runner)
            outbox.close()
            give_back_freed_memory()
            gc.freeze()  # nor looked through by copies, which would not share it for long then
            gc.enable()
            is_wanted = runtime.n_workers > 1
            waiting, outbox = parent(*copied(asked_fd, read_fd, write_fd, is_wanted))
            outbox.send(Opened(tuple(runner.problems), runner.roads))
            while True:
                outbox.send(runner.score(received(memory_fd, waiting.get())))
    except AvaError as error:
        outbox.send(error)
    except EOFError:
        pass  # it was started for nothing


if __name__ == "__main__":
    main(*map(int, sys.argv[1:5]))
