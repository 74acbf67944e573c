"""A process of our own with a pipe to it and a pipe from it, that never outlives its parent."""

from __future__ import annotations

import os
import queue
import signal
import subprocess
import sys
import tempfile
import threading
import traceback
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import IO, Any

_SAID_BYTES = 2000


class Child:
    """The parent's side.

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

    Attributes
    ----------
    inbox : Connection
        Takes what it is to read.
    outbox : Connection
        Gives what it sends.
    """

    def __init__(
        self,
        module: str,
        *words: object,
        environment: Mapping[str, str] | None = None,
        handed: Sequence[int] = (),
    ) -> None:
        self._written: IO[bytes] = tempfile.TemporaryFile()  # noqa: SIM115
        to_child, from_child = os.pipe(), os.pipe()
        read_end, write_end = to_child[0], from_child[1]
        self.inbox = Connection(to_child[1], readable=False)
        self.outbox = Connection(from_child[0], writable=False)
        self._process = subprocess.Popen(
            [sys.executable, "-m", module, *map(str, (read_end, write_end, *words))],
            stdin=subprocess.DEVNULL,
            stdout=self._written,
            stderr=self._written,
            pass_fds=(read_end, write_end, *handed),
            start_new_session=True,
            env={**os.environ, **(environment or {})},
        )
        os.close(read_end)
        os.close(write_end)

    @property
    def pid(self) -> int:
        """Its number."""
        return self._process.pid

    def said(self) -> str:
        """The last line it wrote, which may say why it died."""
        self._written.seek(0, os.SEEK_END)
        self._written.seek(max(0, self._written.tell() - _SAID_BYTES))
        lines = self._written.read().decode("utf-8", "replace").strip().splitlines()
        return lines[-1].strip() if lines else ""

    def kill(self) -> str:
        """End it and all that it started; how it ended, in words, if it had ended before."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        returncode = self._process.wait()
        for one in (self.inbox, self.outbox, self._written):
            one.close()
        if returncode >= 0:
            return f"it ended with {returncode}"
        try:
            return f"killed by {signal.Signals(-returncode).name}"
        except ValueError:
            return f"killed by signal {-returncode}"


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
