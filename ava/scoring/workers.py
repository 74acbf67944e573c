"""Scoring shared by several processes: the same batches, so the same numbers.

Whoever scores it, a batch holds the same pictures, and a scorer's numbers stand on nothing else. So
results are those of one process, bit for bit, and come in the same order.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from multiprocessing.connection import Connection, wait
from types import TracebackType
from typing import cast

from ava.core.child import Process
from ava.core.copies import Original
from ava.core.errors import AvaError, ScorerError
from ava.core.frame_batch import FrameBatch
from ava.core.progress import Progress, silent
from ava.core.shared_memory import Handed
from ava.scoring.contract import Runtime
from ava.scoring.processes import ScoringProcess, first_one
from ava.scoring.registry import Registry
from ava.scoring.runner import Opened, Runner, Scored

_EACH = 2  # batches given to a process: one that it is at, and one that it finds when that is done
_AHEAD = 3  # batches a process that may wait: shots end in bursts, and the scan is not to wait


class SharedRunner(Runner):
    """A `Runner` whose batches are scored by `runtime.n_workers` processes.

    The first one alone fetches what is missing and opens everything. When that is done another one
    comes: as soon as all are at work, where the first can be copied; otherwise, since it has to open
    everything again, when there is more to do than they have been given.

    It may be entered before there are batches, and again by whoever has them: that ends it.
    """

    _is_entered = False

    def __enter__(self) -> SharedRunner:
        if self._is_entered:
            return self
        self._is_entered = True
        self._roads: dict[str, str] = {}
        self._originals: list[Original] = []
        self._copied: Original | None = None
        self._children: dict[Connection, Process] = {}
        # Numbers of the batches that each is at, and where they lie.
        self._given: dict[Connection, deque[tuple[int, Handed]]] = {}
        self._left: deque[tuple[int, FrameBatch]] = deque()  # that nobody has been given yet
        self._is_open = False
        self._done: dict[int, Scored] = {}
        first = first_one()
        self._memory = first.memory
        self._starts(first)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for child in self._children.values():
            child.end()  # all at once: giving back its memory takes each a while
        for one in dict.fromkeys((*self._children.values(), *self._originals)):
            one.kill()
        self._children.clear()
        self._originals.clear()
        self._memory.close()

    @property
    def roads(self) -> dict[str, str]:
        """See `Runner.roads`."""
        return self._roads

    @property
    def processes(self) -> tuple[int, ...]:
        """The numbers of those that score."""
        return tuple(child.pid for child in self._children.values())

    def _starts(self, original: Original) -> None:
        self._originals.append(original)
        self._takes_part(original)
        with suppress(OSError):
            original.inbox.send((self.registry, replace(self.runtime, on_progress=silent)))

    def _takes_part(self, child: Process) -> None:
        self._children[child.outbox], self._given[child.outbox] = child, deque()

    def _another(self) -> None:
        if self._copied is None:
            self._starts(ScoringProcess(self._memory))
            return
        try:
            self._takes_part(self._copied.another_copy())
        except OSError:
            raise self._died(self._copied) from None

    def run_all(self, batches: Iterable[FrameBatch]) -> Iterator[tuple[FrameBatch, Scored]]:
        """See `Runner.run_all`; a few batches are taken ahead of those given back."""
        waiting: deque[tuple[int, FrameBatch]] = deque()
        for number, frames in enumerate(batches):
            waiting.append((number, frames))
            self._left.append((number, frames))
            self._hand_out()
            self._listen(0)
            while waiting and (
                waiting[0][0] in self._done or len(waiting) >= _AHEAD * self.runtime.n_workers
            ):
                yield self._next(waiting)
        while waiting:
            yield self._next(waiting)

    def _hand_out(self) -> None:
        """Give every process something to do, and something to do after that."""
        while self._left:
            outbox = min(self._given, key=lambda one: len(self._given[one]))
            n_given = len(self._given[outbox])
            if n_given >= self._enough and self._is_open and self._may_grow:
                self._another()
            elif n_given < (_EACH if self._is_open else 1):
                self._give(outbox)
            else:
                return

    @property
    def _enough(self) -> int:
        """Batches that everybody has been given when another process is worth starting."""
        return _EACH if self._copied is None else 1

    @property
    def _may_grow(self) -> bool:
        return len(self._children) < self.runtime.n_workers

    def _give(self, outbox: Connection) -> None:
        number, frames = self._left.popleft()
        handed = self._memory.put(frames)
        self._given[outbox].append((number, handed))
        with suppress(OSError):  # it died: its outbox will say so
            self._children[outbox].inbox.send(handed)

    def _next(self, waiting: deque[tuple[int, FrameBatch]]) -> tuple[FrameBatch, Scored]:
        """The batch that is due, once it is scored."""
        number, frames = waiting[0]
        while number not in self._done:
            self._listen(None)
        waiting.popleft()
        return frames, self.remember(frames, self._done.pop(number))

    def _listen(self, timeout_seconds: float | None) -> None:
        """Hear what the processes say."""
        for outbox in cast(list[Connection], wait(list(self._children), timeout_seconds)):
            try:
                said = outbox.recv()
            except (EOFError, OSError):
                said = self._died(self._children[outbox])
            if isinstance(said, AvaError):
                raise said
            if isinstance(said, Progress):
                self.runtime.on_progress(said)
            elif isinstance(said, Scored):
                number, handed = self._given[outbox].popleft()
                self._done[number] = said
                self._memory.free(handed)
                self._hand_out()
            elif isinstance(said, Opened):
                self._opened(outbox, said)

    def _opened(self, outbox: Connection, said: Opened) -> None:
        child = self._children[outbox]
        if isinstance(child, Original):
            try:
                copy = child.first_copy()
            except OSError:
                raise self._died(child) from None
            if copy is not None:
                self._children[outbox], self._copied = copy, child
        if not self._roads and not self.problems:
            self._roads = said.roads
            self.problems += said.problems
        self._is_open = True
        self._hand_out()

    def _died(self, child: Process) -> ScorerError:
        words = child.said()
        self._children.pop(child.outbox, None)
        if isinstance(child, Original):
            self._originals.remove(child)
        how = child.kill()
        return ScorerError(
            f"a scoring process died: {how}" + (f" ({words[:200]})" if words else ""),
            "it may have run out of memory: use fewer with --workers",
        )


def runner_for(registry: Registry, runtime: Runtime) -> Runner:
    """One that scores here, or one that has it done by several processes."""
    return (SharedRunner if runtime.n_workers else Runner)(registry, runtime)
