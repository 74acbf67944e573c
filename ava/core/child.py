"""A process of our own with a pipe to it and a pipe from it, that never outlives its parent."""

from __future__ import annotations

import os
import queue
import select
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from multiprocessing.connection import Connection
from typing import IO, Any

_SAID_BYTES = 2000


class Process(ABC):
    """The parent's side of a process with two pipes.

    Attributes
    ----------
    pid : int
        Its number; it is that of its group, too.
    inbox : Connection
        Takes what it is to read.
    outbox : Connection
        Gives what it sends.
    written : file
        What it wrote.
    """

    def __init__(self, pid: int, inbox: Connection, outbox: Connection, written: IO[bytes]) -> None:
        self.pid, self.inbox, self.outbox, self.written = pid, inbox, outbox, written

    def said(self) -> str:
        """The last line it wrote, which may say why it died."""
        self.written.seek(0, os.SEEK_END)
        self.written.seek(max(0, self.written.tell() - _SAID_BYTES))
        lines = self.written.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def end(self) -> None:
        """Send it, and all that it started, the signal to end at once."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def kill(self) -> str:
        """End it and all that it started; how it ended, in words, if it had ended before."""
        self.end()
        returncode = self._waited_for()
        for one in (self.inbox, self.outbox, self.written):
            one.close()
        if returncode >= 0:
            return f"it ended with {returncode}"
        try:
            return f"killed by {signal.Signals(-returncode).name}"
        except ValueError:
            return f"killed by signal {-returncode}"

    @abstractmethod
    def _waited_for(self) -> int:
        """With what it ended, once it has; negative for a signal."""


class Child(Process):
    """A process that was started by this one.

    It is in a group of its own: Ctrl-C reaches the parent, which then decides. What it writes goes
    into a temporary file.

    Parameters
    ----------
    module : str
        Run with the file descriptors of both pipes and `words`; it calls `parent`.
    *words : object
        Further arguments.
    environment : mapping of str to str
        What is different in its environment.
    handed : sequence of int
        Further file descriptors that it may use.
    """

    def __init__(
        self,
        module: str,
        *words: object,
        environment: Mapping[str, str] | None = None,
        handed: Sequence[int] = (),
    ) -> None:
        (inbox, outbox, written), theirs = pipes()
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, (*theirs, *words))],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=written,
            pass_fds=(*theirs, *handed),
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
        for one in theirs:
            os.close(one)
        super().__init__(self._process.pid, inbox, outbox, written)

    def end(self) -> None:
        """See `Process.end`."""
        if self._process.returncode is None:  # else its number may be another one's by now
            super().end()

    def _waited_for(self) -> int:
        return self._process.wait()


def pipes() -> tuple[tuple[Connection, Connection, IO[bytes]], tuple[int, int]]:
    """Both pipes: the parent's ends, with a file for what is written; and the ends for the process."""
    to_child, from_child = os.pipe(), os.pipe()
    inbox = Connection(to_child[1], readable=False)
    outbox = Connection(from_child[0], writable=False)
    return (inbox, outbox, tempfile.TemporaryFile()), (to_child[0], from_child[1])


def parent(read_fd: int, write_fd: int) -> tuple[queue.SimpleQueue[Any], Connection]:
    """The child's side: what the parent sends, and where to send to.

    When the parent is gone there is nobody to work for: the process ends at once.
    """
    waiting: queue.SimpleQueue[Any] = queue.SimpleQueue()
    inbox = Connection(read_fd, writable=False)
    threading.Thread(target=_receive, args=(inbox, waiting), daemon=True).start()
    return waiting, Connection(write_fd, readable=False)


def _receive(inbox: Connection, waiting: queue.SimpleQueue[Any]) -> None:
    while True:
        try:
            waiting.put(inbox.recv())
        except (EOFError, OSError):
            os._exit(1)
        except Exception:  # what was sent cannot be read here: the last line says why
            traceback.print_exc()
            os._exit(1)


@contextmanager
def ends_with_parent(read_fd: int) -> Iterator[None]:
    """End at once when the parent is gone, as after `parent`; but read nothing that it sends.

    Afterwards there is no thread.
    """
    over, is_over = os.pipe()
    thread = threading.Thread(target=_watch, args=(read_fd, over), daemon=True)
    thread.start()
    try:
        yield
    finally:
        os.close(is_over)
        thread.join()
        os.close(over)


def _watch(read_fd: int, over: int) -> None:
    ends = select.poll()
    for one in (read_fd, over):
        ends.register(one, 0)  # nothing but that the other end was closed
    if read_fd in dict(ends.poll()):
        os._exit(1)
