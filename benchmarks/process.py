"""What a command costs: time, processor, and the memory of all its processes together."""

from __future__ import annotations

import math
import os
import subprocess
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_LOOK_SECONDS = 0.01
_COUNT_SECONDS = 0.5
# Counting the pages of all processes takes 10 ms each: twice a second, a run would take 4 % longer. What
# they have resident is known at once, though shared pages are in it once for each.
_MORE = 1.03
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True)
class Run:
    """One run of a command.

    Attributes
    ----------
    wall_seconds, cpu_seconds : float
        Time that passed, and time of the processor over all its processes that it waited for.
    peak_bytes : int
        The most memory that all of them held at once, shared pages counted once (PSS): looked at
        whenever they have more resident than before.
    """

    wall_seconds: float
    cpu_seconds: float
    peak_bytes: int


def measured(command: Sequence[str], counts_memory: bool = True) -> Run:
    """Run a command, which must end well; without its memory, it is not even looked at meanwhile."""
    started, peak, most_resident = time.perf_counter(), 0, 0
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    counted = -math.inf
    while True:
        ended, status, used = os.wait4(child.pid, os.WNOHANG)
        if ended:
            break
        if counts_memory and time.perf_counter() - counted >= _COUNT_SECONDS:
            family = [child.pid, *_below(child.pid)]
            resident = sum(map(_resident, family))
            if resident > _MORE * most_resident:
                peak, most_resident = max(peak, sum(map(_held, family))), resident
            counted = time.perf_counter()
        time.sleep(_LOOK_SECONDS)
    wall = time.perf_counter() - started
    assert child.stderr is not None
    said = child.stderr.read().decode("utf-8", "replace")
    child.returncode = os.waitstatus_to_exitcode(status)
    child.stderr.close()
    if child.returncode:
        raise RuntimeError(f"{command[0]} ended with {child.returncode}: {said[-1000:]}")
    return Run(wall, used.ru_utime + used.ru_stime, peak)


def _below(pid: int) -> list[int]:
    """All processes that a process has started, and those that they have."""
    found = []
    with suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            for one in (task / "children").read_text().split():
                found += [int(one), *_below(int(one))]
    return found


def _resident(pid: int) -> int:
    with suppress(OSError, ValueError):
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES
    return 0


def _held(pid: int) -> int:
    with suppress(OSError, ValueError):
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    return 0
