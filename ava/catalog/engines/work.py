"""What is done with one title, wherever it is done."""

from __future__ import annotations

import sys
import time
from contextlib import suppress
from pathlib import Path

from ava.catalog.engines.contract import Job
from ava.catalog.outcome import Outcome, failed
from ava.catalog.plan import Limits, Planner
from ava.catalog.publishing import Bench, at_hand
from ava.catalog.titles import CatalogTitle
from ava.core.errors import AvaError
from ava.core.progress import OnProgress
from ava.pipeline import TitleResult, rank_title
from ava.scoring.contract import Runtime
from ava.scoring.registry import installed
from ava.season import rank_season


def work_on(job: Job, on_progress: OnProgress) -> Outcome:
    """Rank a title into its folder; whatever goes wrong becomes its outcome.

    Parameters
    ----------
    job : Job
        Which one.
    on_progress : callable
        Told how far the work is.
    """
    started = time.monotonic()
    runtime = Runtime(may_download=job.may_download, on_progress=on_progress)
    try:
        with at_hand(job.library, [*job.episodes, job.folder_name], on_progress) as bench:
            result = _season(job, bench, runtime, on_progress) if job.episodes else None
            result = (
                result
                or _finished_before(job, bench)
                or rank_title(
                    job.path, bench.folder, job.settings, runtime, on_progress, name=job.title_id
                )
            )
    except AvaError as error:
        return failed(job.title_id, error, seconds=time.monotonic() - started)
    except Exception as error:  # whatever a stranger's scorer or a library raises
        return Outcome(
            job.title_id,
            "failed",
            f"{type(error).__name__}: {error}"[:500],
            "an error that ava does not know; ava rank FILM --debug shows where it comes from",
            "crash",
            1,
            seconds=time.monotonic() - started,
        )
    return Outcome(
        job.title_id,
        "partial" if result.problems else "done",
        "; ".join(result.problems),
        folder=str(job.library / job.folder_name),
        seconds=time.monotonic() - started,
        n_frames=result.n_frames,
    )


def _season(job: Job, bench: Bench, runtime: Runtime, on_progress: OnProgress) -> TitleResult:
    folders = [bench.folder / name for name in job.episodes]
    of_episodes = list(job.episodes.values())
    result = rank_season(
        folders, bench.folder, job.title_id, job.settings, runtime, on_progress, of_episodes
    )
    problems = dict.fromkeys(line for one in result.episodes for line in one.problems)
    return TitleResult(result.folder, result.ranking, 0, tuple(problems), result.seconds)


def _finished_before(job: Job, bench: Bench) -> TitleResult | None:
    """What an earlier run finished and did not come to publish, if it still holds."""
    if job.folder_name not in bench.finished:
        return None
    ids = installed(job.settings.scoring.on_request).ids
    planner = Planner(bench.folder, job.settings, ids, Limits())
    plan = planner.plan(CatalogTitle(job.title_id, job.path, line=0))
    if not plan.is_done:
        return None
    return TitleResult(bench.folder / job.folder_name, None, 0, plan.partial, 0.0)


def resident_bytes(pids: list[int]) -> int:
    """Resident memory of processes together; those that are gone count nothing."""
    total = 0
    for pid in pids:
        with suppress(OSError, ValueError, IndexError):
            total += int(Path(f"/proc/{pid}/statm").read_text("utf-8").split()[1])
    return total * _PAGE_BYTES


def tree_of(pid: int) -> list[int]:
    """A process and all its descendants, as far as the system tells."""
    found = [pid]
    for one in found:
        with suppress(OSError):
            for thread in Path(f"/proc/{one}/task").iterdir():
                children = (thread / "children").read_text("utf-8").split()
                found += [int(child) for child in children]
    return found


def knows_memory() -> bool:
    """Whether this system tells how much memory a process has."""
    return sys.platform.startswith("linux")


def _page_bytes() -> int:
    import resource

    return resource.getpagesize()


_PAGE_BYTES = _page_bytes()
