"""A process that has everything open, and makes copies of itself that need not open it again.

A copy is there in milliseconds, and what it only reads it shares with the others. It has one thread,
that which made it: what another one held locked would stay so for ever. So only a process of a single
thread is copied, and only on Linux, which tells how many there are.
"""

from __future__ import annotations

import os
import signal
import socket
import struct
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import IO

from ava.core.child import Child, Process, pipes

_MESSAGE = struct.Struct("=i")
_COPY = 0  # what is asked for; otherwise the copy to wait for
_NOBODY = 0  # the answer of a process that is not copied
_A_MOMENT_SECONDS = 0.05  # for which Linux may still count a thread that has ended
_ENDING_SECONDS = 10.0  # for an original to clear up after its copies, which are dead already


class Original(Child):
    """The parent's side of a process that may be copied, once it calls `copied`.

    Parameters are those of `Child`; behind `words` comes the file descriptor for `copied`.
    """

    def __init__(
        self,
        module: str,
        *words: object,
        environment: Mapping[str, str] | None = None,
        handed: Sequence[int] = (),
    ) -> None:
        self._asked, theirs = socket.socketpair()
        number = theirs.fileno()
        super().__init__(module, *words, number, environment=environment, handed=(*handed, number))
        theirs.close()
        self._has_answered = False
        self._copies: list[Copy] = []

    def first_copy(self) -> Copy | None:
        """The one that goes on at its pipes; None where it is not copied, and goes on itself.

        Raises
        ------
        OSError
            When the original is dead.
        """
        self._has_answered = True
        pid = self._answer()
        if pid == _NOBODY:
            return None
        return self._known(Copy(self, pid, self.inbox, self.outbox, self.written))

    def another_copy(self) -> Copy:
        """One more, with pipes of its own.

        Raises
        ------
        OSError
            When the original is dead.
        """
        ours, theirs = pipes()
        try:
            given = [*theirs, ours[-1].fileno()]
            socket.send_fds(self._asked, [_MESSAGE.pack(_COPY)], given)
            pid = self._answer()
        finally:
            for one in theirs:
                os.close(one)
        return self._known(Copy(self, pid, *ours))

    def has(self, copy: Copy) -> bool:
        """Whether a copy may be alive, or nobody has been told how it ended."""
        return copy in self._copies

    def wait_for(self, copy: Copy) -> int:
        """With what a copy ended, once it has; negative for a signal."""
        if self.has(copy):
            self._copies.remove(copy)
            with suppress(OSError):
                self._asked.sendall(_MESSAGE.pack(copy.pid))
                return os.waitstatus_to_exitcode(self._answer())
        return -signal.SIGKILL  # by `kill`; or the original is dead, and nobody else is told

    def end(self) -> None:
        """See `Process.end`; where it has copies, they are sent the signal, and it waits for them."""
        if not self._has_answered and wait([self._asked], 0):
            with suppress(OSError):
                self.first_copy()
        for copy in self._copies:
            copy.end()
        if not self._copies:
            super().end()

    def kill(self) -> str:
        """End it and its copies; see `Process.kill`."""
        self.end()
        self._has_answered = True
        self._asked.close()
        if self._copies:  # given the time to wait for them, it leaves no dead ones behind
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(_ENDING_SECONDS)
            self._copies.clear()
        return super().kill()

    def _known(self, copy: Copy) -> Copy:
        self._copies.append(copy)
        return copy

    def _answer(self) -> int:
        said = self._asked.recv(_MESSAGE.size, socket.MSG_WAITALL)
        if len(said) < _MESSAGE.size:
            raise ConnectionResetError("the original is dead")
        number: int = _MESSAGE.unpack(said)[0]
        return number


class Copy(Process):
    """The parent's side of a copy."""

    def __init__(
        self,
        original: Original,
        pid: int,
        inbox: Connection,
        outbox: Connection,
        written: IO[bytes],
    ) -> None:
        super().__init__(pid, inbox, outbox, written)
        self._original = original

    def end(self) -> None:
        """See `Process.end`."""
        if self._original.has(self):
            super().end()

    def _waited_for(self) -> int:
        return self._original.wait_for(self)


def copied(asked_fd: int, read_fd: int, write_fd: int, is_wanted: bool) -> tuple[int, int]:
    """The child's side: comes back in every copy, with its pipes, and never in the original.

    The first copy goes on at the pipes that are given. Where it is not copied, the process itself comes
    back. No thread of its own may be running.

    Parameters
    ----------
    asked_fd : int
        What `Original` handed over.
    read_fd, write_fd : int
        The pipes.
    is_wanted : bool
        Whether there is to be more than one: a copy beside an idle original takes more memory than
        the process alone.
    """
    asked = socket.socket(fileno=asked_fd)
    if not (is_wanted and _is_alone()):
        asked.sendall(_MESSAGE.pack(_NOBODY))
        asked.close()
        return read_fd, write_fd
    given = [read_fd, write_fd]
    while given:
        pid = os.fork()
        if pid == 0:
            asked.close()
            break
        with suppress(PermissionError, ProcessLookupError):
            os.setpgid(pid, pid)  # a group of its own before anybody hears of it
        for one in given:
            os.close(one)
        asked.sendall(_MESSAGE.pack(pid))
        given = _next_one(asked)
    if not given:
        _clear_up()
    read_fd, write_fd, *written = given
    for one in written:
        os.dup2(one, sys.stdout.fileno())
        os.dup2(one, sys.stderr.fileno())
        os.close(one)
    return read_fd, write_fd


def _next_one(asked: socket.socket) -> list[int]:
    """What the next copy is to have; nothing when no more are wanted."""
    while True:
        try:
            message, given, *_ = socket.recv_fds(asked, _MESSAGE.size, 3)
        except OSError:
            return []
        if len(message) < _MESSAGE.size:
            return []
        (wanted,) = _MESSAGE.unpack(message)
        if wanted == _COPY:
            return given
        _, status = os.waitpid(wanted, 0)
        asked.sendall(_MESSAGE.pack(status))


def _clear_up() -> None:
    """Wait for what is left of the copies, and end."""
    with suppress(ChildProcessError):
        while True:
            os.wait()
    os._exit(0)


def _is_alone() -> bool:
    """Whether this process has a single thread, as far as that can be told."""
    if sys.platform != "linux":
        return False
    until = time.monotonic() + _A_MOMENT_SECONDS
    while len(os.listdir("/proc/self/task")) > 1:
        if time.monotonic() > until:
            return False
        time.sleep(_A_MOMENT_SECONDS / 50)
    return True
