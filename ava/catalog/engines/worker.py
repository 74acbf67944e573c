"""A worker process: takes titles from a pipe, one after the other, and stays warm between them."""

from __future__ import annotations

import sys
import time
from multiprocessing.connection import Connection

from ava.core.child import parent
from ava.core.progress import Progress

_PROGRESS_EVERY_SECONDS = 0.25
READY = "ready"


def main(jobs_fd: int, reports_fd: int) -> None:
    """Work until the pipe of jobs is closed; then end at once, also in the middle of a title.

    Parameters
    ----------
    jobs_fd, reports_fd : int
        File descriptors of the two pipes.
    """
    waiting, reports = parent(jobs_fd, reports_fd)
    from ava.catalog.engines.work import work_on
    from ava.scoring.registry import installed

    installed()
    reports.send(READY)
    while True:
        reports.send(work_on(waiting.get(), _Teller(reports)))


class _Teller:
    """Sends progress, but not more often than anybody can read."""

    def __init__(self, reports: Connection) -> None:
        self._reports, self._stage, self._told = reports, "", 0.0

    def __call__(self, progress: Progress) -> None:
        now = time.monotonic()
        if progress.stage == self._stage and now - self._told < _PROGRESS_EVERY_SECONDS:
            return
        self._stage, self._told = progress.stage, now
        self._reports.send(progress)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
