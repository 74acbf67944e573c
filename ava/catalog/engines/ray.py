"""The Ray engine: every title is a task on a cluster, worked on there as on one machine.

On its node a task runs the local engine with one title at a time. So limits, crashes and reports
are the same everywhere, and what is left to Ray is where a title goes, and to notice that a node
is lost. Title folders are written by the node, straight into the library: nothing but reports of
a few hundred bytes passes through Ray.
"""

from __future__ import annotations

import functools
import os
import socket
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from ava.catalog.engines.contract import Ended, Event, Job, Moved, Retried, Started
from ava.catalog.engines.local import LocalEngine
from ava.catalog.outcome import Outcome
from ava.catalog.plan import Limits
from ava.core.errors import ConfigError
from ava.store.atomic import recover

_STORE_BYTES = 80 << 20  # about the least that Ray takes: nothing of size goes through it
_CONNECT_SECONDS = 5.0
_LOSSES = 3  # a title that was on so many lost nodes may be what they died of
_LISTEN_SECONDS = 0.5
_WAIT_SECONDS = 0.1
_PROGRESS_EVERY_SECONDS = 1.0
# A worker was seen with 1.1 GiB at 360 lines and with 1.5 at 2160; its length counts for nothing.
_LEAST_BYTES, _MORE_BYTES = 5 << 28, 3 << 28
_LARGE_FILM_BYTES = 1 << 30


@dataclass(frozen=True)
class Need:
    """What a title asks of a node.

    Attributes
    ----------
    n_cpus : int
        Cores, and threads that a library inside may take.
    n_gpus : float
        Graphics processors; a part of one is possible.
    """

    n_cpus: int = 2
    n_gpus: float = 0.0

    def __post_init__(self) -> None:
        if self.n_cpus < 1 or self.n_gpus < 0:
            raise ConfigError("a title needs at least 1 core, and 0 or more graphics processors")

    def fits(self, node: Mapping[str, float]) -> int:
        """How many titles a node has room for, by its resources."""
        n = node.get("CPU", 0.0) // self.n_cpus
        return int(min(n, node.get("GPU", 0.0) / self.n_gpus) if self.n_gpus else n)


def memory_for(n_bytes: int, limit_bytes: int, most_bytes: int) -> int:
    """Memory that a title asks of its node, so that no more are put side by side than it bears.

    A large file is taken for one with large pictures. It is asked for only: what keeps a title to
    it is its limit.

    Parameters
    ----------
    n_bytes : int
        Size of the film.
    limit_bytes : int
        What it may use; 0 for any.
    most_bytes : int
        What the largest node has: more is not asked for, or no node would ever take it.
    """
    size = min(1.0, n_bytes / _LARGE_FILM_BYTES)
    return min(limit_bytes or _LEAST_BYTES + int(_MORE_BYTES * size), most_bytes)


@dataclass(frozen=True)
class _Current:
    """A title on the cluster, running or waiting for room."""

    job: Job
    started: float
    n_losses: int = 0


class RayEngine:
    """Titles as tasks on a Ray cluster; a lost node costs only those that run there.

    They are tried again on other nodes. Films and library must have the same paths on all nodes,
    on which ava must be installed in the same version.

    Parameters
    ----------
    n_jobs : int
        Titles at once on the whole cluster; 0 for as many as it has room for.
    limits : Limits
        What each may use.
    address : str
        Of the cluster, as ``10.0.0.1:6379``; ``auto`` for the one that this machine belongs to.
        Empty for that of ``RAY_ADDRESS``, or else one of this machine alone.
    need : Need
        What a title asks of a node.

    Raises
    ------
    ConfigError
        When Ray is not installed, there is no such cluster, or none of its nodes is large enough.
    """

    def __init__(
        self, n_jobs: int, limits: Limits, address: str = "", need: Need | None = None
    ) -> None:
        if n_jobs < 0:
            raise ConfigError(f"--jobs must be at least 1, not {n_jobs}")
        self._n_jobs, self._limits, self._need = n_jobs, limits, need or Need()
        self._ray = _connected(address)
        self._task = self._ray.remote(_on_node)
        self._running: dict[Any, _Current] = {}
        self._told: list[Event] = []
        if not any(self._need.fits(node) for node in self._nodes()):
            self._ray.shutdown()
            need = self._need
            raise ConfigError(
                f"no node of the cluster has {need.n_cpus} cores and {need.n_gpus:g} GPUs",
                "ask for less with --cpus-per-title and --gpus-per-title",
            )

    def _nodes(self) -> list[dict[str, float]]:
        """Resources of all nodes that live, however busy they are."""
        return [one["Resources"] for one in self._ray.nodes() if one["Alive"]]

    @property
    def n_free(self) -> int:
        """See `ava.catalog.engines.contract.Engine.n_free`."""
        room = self._n_jobs or max(1, sum(self._need.fits(node) for node in self._nodes()))
        return room - len(self._running)

    def submit(self, job: Job) -> None:
        """See `ava.catalog.engines.contract.Engine.submit`."""
        self._start(_Current(job, time.monotonic()))

    def _start(self, current: _Current) -> None:
        job = current.job
        most = max((node.get("memory", 0.0) for node in self._nodes()), default=0.0)
        task = self._task.options(
            name=f"ava: {job.title_id}",
            num_cpus=self._need.n_cpus,
            num_gpus=self._need.n_gpus,
            memory=memory_for(job.n_bytes, self._limits.memory_bytes, int(most)),
            max_retries=0,  # we retry, and say so
            scheduling_strategy="SPREAD",  # so that a lost node costs few titles
        )
        words = (job, self._limits, self._need.n_cpus, os.getcwd())
        self._running[task.remote(*words)] = current

    def events(self, timeout_seconds: float) -> Iterator[Event]:
        """See `ava.catalog.engines.contract.Engine.events`."""
        if self._running:
            running = list(self._running)
            ready, _ = self._ray.wait(running, num_returns=len(running), timeout=0)
            if not ready:
                # Short: while Ray waits, two Ctrl-C count as one.
                ready, _ = self._ray.wait(running, timeout=min(timeout_seconds, _WAIT_SECONDS))
            for stream in ready:
                self._hear(stream)
        told, self._told = self._told, []
        yield from told

    def _hear(self, stream: Any) -> None:
        """Take the next report of a task."""
        from ray.exceptions import RayError, RayTaskError

        current = self._running[stream]
        try:
            event = self._ray.get(next(stream))
        except RayTaskError as error:  # our own code on the node, before any title
            reason = str(error).strip().splitlines()[-1]
            hint = "ava must be installed on every node, in the version that is here"
            self._running.pop(stream)
            self._told.append(Ended(_failed(current, reason, hint)))
        except (RayError, StopIteration) as error:
            self._running.pop(stream)
            self._lost(current, " ".join(str(error).split(". ")[0].split()))
        else:
            if isinstance(event, Ended):
                self._running.pop(stream)
                n_attempts = event.outcome.n_attempts + current.n_losses
                event = Ended(replace(event.outcome, n_attempts=n_attempts))
            self._told.append(event)

    def _lost(self, current: _Current, said: str) -> None:
        """Its node is gone: put it on another one."""
        job, current = current.job, replace(current, n_losses=current.n_losses + 1)
        reason = f"its node was lost: {said or 'it does not answer any more'}"
        if current.n_losses == _LOSSES:
            hint = "see the logs of the nodes; they may have run out of memory (--max-memory)"
            self._told.append(Ended(_failed(current, f"{reason}, {_LOSSES} times", hint)))
            return
        if isinstance(job.library, Path):
            recover(job.library / job.folder_name, held=True)  # should it live on: let it fail
        self._told.append(Retried(job.title_id, reason))
        self._start(current)

    def stop(self) -> list[str]:
        """See `ava.catalog.engines.contract.Engine.stop`."""
        left = [one.job.title_id for one in self._running.values()]
        for stream in self._running:
            with suppress(Exception):
                self._ray.cancel(stream, force=True)
        self._running.clear()
        self._ray.shutdown()
        return left


def _connected(address: str) -> Any:
    """Ray, connected to a cluster; the border to it."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")  # it tells its makers nothing from here
    try:
        import ray
    except ImportError as error:
        raise ConfigError("Ray is not installed", "pip install 'ava-artwork[ray]'") from error
    address = address or os.environ.get("RAY_ADDRESS", "")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": "ERROR"}
    if not address:
        options |= {"object_store_memory": _STORE_BYTES, "include_dashboard": False}
    elif address not in ("auto", "local"):
        _require_answer(address)
    try:
        ray.init(address=address or "local", **options)
    except (ConnectionError, RuntimeError, ValueError) as error:
        said = " ".join(str(error).split())[:300]
        raise ConfigError(
            f"no Ray cluster can be used at {address or 'this machine'}: {said}", "see ray status"
        ) from error
    return ray


def _require_answer(address: str) -> None:
    """Ray itself would try for a minute."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or "/" in address:
        raise ConfigError(
            f"{address!r} is not the address of a Ray cluster",
            "write it as HOST:PORT, or auto on a machine that belongs to it; from elsewhere, hand "
            "the whole command in with ray job submit",
        )
    try:
        socket.create_connection((host, int(port)), _CONNECT_SECONDS).close()
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"nothing answers at {address}: {error}", "ray start --head says its address"
        ) from error


def _failed(current: _Current, reason: str, hint: str) -> Outcome:
    return Outcome(
        current.job.title_id,
        "failed",
        reason,
        hint,
        "other",
        6,
        seconds=time.monotonic() - current.started,
        n_attempts=current.n_losses,
    )


def _on_node(job: Job, limits: Limits, n_threads: int, folder: str) -> Iterator[Event]:
    """Work on a title where Ray has put it; runs there, with the working folder of the run."""
    import ray

    name = f"{socket.gethostname()}-{ray.get_runtime_context().get_node_id()[:8]}"
    with suppress(OSError):
        os.chdir(folder)  # for relative paths in catalog and settings
    for path in (job.library, job.path):
        if isinstance(path, Path) and not path.exists():
            reason = f"{path} is not there on {name}"
            hint = "films and library must have the same paths on all nodes"
            yield Ended(Outcome(job.title_id, "failed", reason, hint, "other", 6))
            return
    engine = _engine(limits, n_threads)
    engine.submit(job)
    told, stage = 0.0, ""
    while True:
        for event in engine.events(_LISTEN_SECONDS):
            if isinstance(event, Moved):
                now = time.monotonic()
                if event.progress.stage == stage and now - told < _PROGRESS_EVERY_SECONDS:
                    continue
                told, stage = now, event.progress.stage
            yield replace(event, worker=name) if isinstance(event, Started) else event
            if isinstance(event, Ended):
                return


@functools.cache
def _engine(limits: Limits, n_threads: int) -> LocalEngine:
    """That of this process of Ray's, which takes one task after the other: so it stays warm."""
    return LocalEngine(1, limits, n_threads)
