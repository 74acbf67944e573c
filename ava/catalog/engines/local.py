"""The local engine: worker processes of their own on this machine."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from multiprocessing.connection import wait
from typing import Any

from ava.catalog.engines.contract import Ended, Event, Job, Moved, Retried, Started
from ava.catalog.engines.work import knows_memory, resident_bytes, tree_of
from ava.catalog.engines.worker import READY
from ava.catalog.outcome import Cause, Outcome
from ava.catalog.plan import Limits
from ava.core.child import Child
from ava.core.errors import ConfigError
from ava.core.progress import Progress
from ava.core.threads import ONE_THREAD

_TITLES_PER_WORKER = 100  # then a fresh one, so that what leaks anywhere stays small
_WATCH_EVERY_SECONDS = 0.2
_START_SECONDS = 300.0  # to import everything, on a machine that is very busy
_THREADS = ("OMP_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass
class _Current:
    """The title that a worker is at."""

    job: Job
    started: float
    n_attempts: int
    peak_bytes: int = 0


class _Worker:
    """One process."""

    def __init__(self, name: str, cores: set[int] | None, n_threads: int) -> None:
        self.name, self.n_titles = name, 0
        self.current: _Current | None = None
        self.is_ready = False
        self.began = time.monotonic()
        threads = ONE_THREAD | {variable: str(n_threads) for variable in _THREADS}
        self.child = Child("ava.catalog.engines.worker", environment=threads)
        if cores is not None:
            # Every library counts the cores it may use: so they do not get in each other's way.
            with suppress(OSError):
                os.sched_setaffinity(self.child.pid, cores)

    def memory_bytes(self) -> int:
        return resident_bytes(tree_of(self.child.pid))


class LocalEngine:
    """Up to `n_jobs` titles at once, each in a process of its own that stays warm between titles.

    A worker that dies costs only its title, which is tried once more with a fresh one. One that
    takes more memory or time than is allowed is killed with all its processes.

    Parameters
    ----------
    n_jobs : int
        Titles at once.
    limits : Limits
        What each may use.
    n_threads : int
        Threads that a library may take that decides by itself; 0 to share the cores of the machine out.

    Raises
    ------
    ConfigError
        When memory is to be limited on a system that does not tell how much there is in use.
    """

    def __init__(self, n_jobs: int, limits: Limits, n_threads: int = 0) -> None:
        if n_jobs < 1:
            raise ConfigError(f"--jobs must be at least 1, not {n_jobs}")
        if limits.memory_bytes and not knows_memory():
            raise ConfigError("memory can be limited on Linux only", "leave --max-memory out")
        self._n_jobs, self._limits, self._n_threads = n_jobs, limits, n_threads
        self._workers: dict[int, _Worker] = {}
        self._waiting: list[tuple[Job, int]] = []
        self._told: list[Event] = []

    @property
    def n_free(self) -> int:
        """See `ava.catalog.engines.contract.Engine.n_free`."""
        n_busy = sum(1 for one in self._workers.values() if one.current is not None)
        return self._n_jobs - n_busy - len(self._waiting)

    def submit(self, job: Job) -> None:
        """See `ava.catalog.engines.contract.Engine.submit`."""
        self._waiting.append((job, 1))
        self._hand_out()

    def _hand_out(self) -> None:
        """Give waiting titles to workers that are idle."""
        for slot in range(self._n_jobs):
            if not self._waiting:
                return
            worker = self._workers.get(slot)
            if worker is not None and worker.current is not None:
                continue
            if worker is not None and self._is_worn(worker):
                worker.child.kill()
                worker = None
            if worker is None:
                worker = self._workers[slot] = _Worker(f"w{slot + 1}", *self._share(slot))
            job, n_attempts = self._waiting.pop(0)
            worker.current = _Current(job, time.monotonic(), n_attempts)
            worker.n_titles += 1
            self._told.append(Started(job.title_id, worker.name))
            with suppress(OSError):  # it died while idle: its pipe of reports will say so
                worker.child.inbox.send(job)

    def _is_worn(self, worker: _Worker) -> bool:
        """Whether a fresh worker would be better: it may have left memory behind."""
        half = self._limits.memory_bytes / 2
        grown = bool(half) and knows_memory() and worker.memory_bytes() > half
        return worker.n_titles >= _TITLES_PER_WORKER or (grown and worker.n_titles > 0)

    def _share(self, slot: int) -> tuple[set[int] | None, int]:
        """The cores of one worker, and how many threads go with them."""
        if self._n_threads:
            return None, self._n_threads
        if not hasattr(os, "sched_getaffinity"):
            return None, max(1, (os.cpu_count() or 1) // self._n_jobs)
        cores = sorted(os.sched_getaffinity(0))
        if self._n_jobs == 1 or self._n_jobs > len(cores):
            return None, max(1, len(cores) // self._n_jobs)
        own = set(cores[slot :: self._n_jobs])
        return own, len(own)

    def events(self, timeout_seconds: float) -> Iterator[Event]:
        """See `ava.catalog.engines.contract.Engine.events`."""
        self._hand_out()
        ends = time.monotonic() + timeout_seconds
        while True:
            yield from self._take_told()
            by_pipe: dict[Any, int] = {
                one.child.outbox: slot for slot, one in self._workers.items() if one.current
            }
            left = max(0.0, ends - time.monotonic())
            happened = False
            for pipe in wait(list(by_pipe), min(left, _WATCH_EVERY_SECONDS)):
                happened |= self._receive(by_pipe[pipe])
            self._watch()
            happened |= bool(self._told)
            self._hand_out()
            yield from self._take_told()
            if happened or time.monotonic() >= ends or not by_pipe:
                return

    def _take_told(self) -> Iterator[Event]:
        while self._told:
            yield self._told.pop(0)

    def _receive(self, slot: int) -> bool:
        """Read one report of a worker; whether it was of interest."""
        worker = self._workers[slot]
        current = worker.current
        assert current is not None
        try:
            report = worker.child.outbox.recv()
        except Exception:  # closed, or torn in the middle by its death
            self._died(slot)
            return True
        if report == READY:
            worker.is_ready = True
            current.started = time.monotonic()
            return False
        if isinstance(report, Progress):
            self._told.append(Moved(current.job.title_id, report))
            return True
        self._finished(slot, report)
        return True

    def _finished(self, slot: int, outcome: Outcome) -> None:
        worker = self._workers[slot]
        current = worker.current
        assert current is not None
        peak = max(current.peak_bytes, worker.memory_bytes())
        done = replace(outcome, n_attempts=current.n_attempts, peak_memory_bytes=peak)
        self._told.append(Ended(done))
        worker.current = None

    def _died(self, slot: int) -> None:
        worker = self._workers.pop(slot)
        current = worker.current
        assert current is not None
        said = worker.child.said()
        reason = f"the worker died: {worker.child.kill()}"
        reason += f" ({said[:200]})" if said else ""
        if current.n_attempts < 2:
            self._told.append(Retried(current.job.title_id, reason))
            self._waiting.insert(0, (current.job, current.n_attempts + 1))
            return
        hint = "the film may be damaged in a way that a decoder does not survive; see --max-memory"
        self._told.append(Ended(_lost(current, "crash", f"{reason}, twice", hint)))

    def _watch(self) -> None:
        """Kill what takes more than it may."""
        for slot, worker in list(self._workers.items()):
            current = worker.current
            if current is None:
                continue
            seconds = time.monotonic() - current.started
            memory = worker.memory_bytes() if knows_memory() else 0
            current.peak_bytes = max(current.peak_bytes, memory)
            if self._limits.memory_bytes and memory > self._limits.memory_bytes:
                had, may = memory / 2**20, self._limits.memory_bytes / 2**20
                reason = f"it took {had:,.0f} MiB of memory; {may:,.0f} MiB are allowed"
                self._over(slot, "memory", reason, "allow more with --max-memory")
            elif worker.is_ready and 0 < self._limits.seconds < seconds:
                reason = f"it was not done after {self._limits.seconds:g} s"
                self._over(slot, "time", reason, "allow more with --max-time")
            elif not worker.is_ready and time.monotonic() - worker.began > _START_SECONDS:
                self._over(slot, "other", "its worker did not start", "see ava doctor")

    def _over(self, slot: int, cause: Cause, reason: str, hint: str) -> None:
        worker = self._workers.pop(slot)
        current = worker.current
        assert current is not None
        worker.child.kill()
        self._told.append(Ended(_lost(current, cause, reason, hint)))

    def stop(self) -> list[str]:
        """See `ava.catalog.engines.contract.Engine.stop`."""
        left = [job.title_id for job, _ in self._waiting]
        for worker in self._workers.values():
            if worker.current is not None:
                left.append(worker.current.job.title_id)
            worker.child.kill()
        self._workers.clear()
        self._waiting.clear()
        return left


def _lost(current: _Current, cause: Cause, reason: str, hint: str) -> Outcome:
    return Outcome(
        current.job.title_id,
        "failed",
        reason,
        hint,
        cause,
        6,
        seconds=time.monotonic() - current.started,
        n_attempts=current.n_attempts,
        peak_memory_bytes=current.peak_bytes,
    )
