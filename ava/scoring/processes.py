"""Starts processes that score; one may be started before anybody knows what for.

Light to import: a command starts one first, and loads everything else while that does the same.
"""

from __future__ import annotations

from ava.core.copies import Original
from ava.core.shared_memory import SharedMemory

_ready: list[ScoringProcess] = []


class ScoringProcess(Original):
    """One that runs `ava.scoring.worker`.

    Parameters
    ----------
    memory : SharedMemory
        Where batches will lie.
    """

    def __init__(self, memory: SharedMemory) -> None:
        super().__init__("ava.scoring.worker", memory.number, handed=(memory.number,))
        self.memory = memory


def start_one() -> None:
    """Start a process that loads all installed scorers, for whoever calls `first_one` next.

    When nobody does, it ends with this process.
    """
    process = ScoringProcess(SharedMemory())
    process.inbox.send(None)
    _ready.append(process)


def first_one() -> ScoringProcess:
    """The process that was started already, or a new one."""
    return _ready.pop() if _ready else ScoringProcess(SharedMemory())
