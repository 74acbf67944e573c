"""``ava batch``."""

from __future__ import annotations

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ava.cli.batch_output import BatchBars, show_plan, show_report
from ava.cli.options import (
    CATALOG,
    CONFIG,
    JSON,
    OFFLINE,
    QUIET,
    ROWS,
    SCAN,
    SET,
    SHOTS,
    settings_from,
)
from ava.cli.output import print_json
from ava.core.amounts import bytes_of, seconds_of
from ava.core.errors import ConfigError

if TYPE_CHECKING:
    from ava.catalog.batch import Stop
    from ava.catalog.engines.contract import Engine

LIBRARY = typer.Option(
    "library",
    "--out",
    "-o",
    help="The library: a folder with one for each title, here or at s3:// or gs://.",
)


def batch(
    catalog: str = CATALOG,
    library: str = LIBRARY,
    plan: bool = typer.Option(False, "--plan", help="Only say what is left to do, and why."),
    jobs: int | None = typer.Option(
        None,
        "--jobs",
        "-j",
        help="Titles at once; by default half of the cores, or what the cluster has room for.",
    ),
    engine: str = typer.Option(
        "local", "--engine", metavar="local|ray", help="Where to work: here, or on a Ray cluster."
    ),
    address: str = typer.Option(
        "",
        "--address",
        metavar="HOST:PORT",
        help="Of the Ray cluster; auto for the one that this machine belongs to.",
    ),
    cpus: int = typer.Option(2, "--cpus-per-title", help="Cores of a node for one title (Ray)."),
    gpus: float = typer.Option(0.0, "--gpus-per-title", help="GPUs of a node for it (Ray)."),
    max_memory: str = typer.Option(
        "", "--max-memory", metavar="SIZE", help="Of one title, as 4G; no limit by default."
    ),
    max_time: str = typer.Option(
        "12h", "--max-time", metavar="TIME", help="For one title, as 90m; 0 for no limit."
    ),
    retry: bool = typer.Option(
        False, "--retry", help="Try again what failed, or could be done in part only."
    ),
    stop_after: str = typer.Option(
        "", "--stop-after", metavar="TIME", help="Start no title after that long, as 6h."
    ),
    table: str = ROWS,
    log_json: Path | None = typer.Option(
        None,
        "--log-json",
        metavar="FILE",
        help="Add a line of JSON for all that happens; - for stderr.",
    ),
    metrics: Path | None = typer.Option(
        None, "--metrics", metavar="FILE", help="Keep a Prometheus text file up to date."
    ),
    scan: str | None = SCAN,
    shots: str | None = SHOTS,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    offline: bool = OFFLINE,
) -> None:
    """Rank all titles of a catalog, and whatever happens, leave a library that is whole."""
    settings = settings_from(config, assignments, {"scan.frames": scan, "scan.shots": shots})
    if engine not in ("local", "ray"):
        raise ConfigError(f"{engine!r} is not an engine", "known are: local, ray")
    if address and engine == "local":
        raise ConfigError("--address is that of a Ray cluster", "add --engine ray")
    n_jobs = max(1, (os.cpu_count() or 2) // 2) if jobs is None else jobs
    limits_given = (bytes_of(max_memory), seconds_of(max_time))
    after_seconds = seconds_of(stop_after)
    from ava.catalog.plan import Limits, Pace, Planner
    from ava.catalog.titles import read_catalog
    from ava.scoring.registry import installed
    from ava.source.remote import located

    limits = Limits(*limits_given)
    named = read_catalog(catalog, settings, table)
    for problem in named.problems:
        sys.stderr.write(f"{named.name}:{problem.line}: {problem.message}\n")
    ids = installed(settings.scoring.on_request).ids
    where = located(library)
    planner = Planner(where, settings, ids, limits, retry)
    if plan:
        plans = list(planner.plans((*named.titles, *named.seasons)))
        names = [one.title.folder_name for one in plans]
        estimate = Pace.of(planner.shelf, names).seconds(plans, n_jobs)
        show_plan(plans, estimate, as_json)
        return
    from ava.catalog.batch import Batch, Stop

    stop = Stop(after_seconds)
    with ExitStack() as stack:
        watchers = _watchers(stack, log_json, metrics, quiet or as_json)
        works: Engine
        if engine == "ray":
            from ava.catalog.engines.ray import Need, RayEngine

            works = RayEngine(jobs or 0, limits, address, Need(cpus, gpus))
        else:
            from ava.catalog.engines.local import LocalEngine

            works = LocalEngine(n_jobs, limits)
        run = Batch(named, where, planner, works, not offline, watchers)
        with _signals(stop):
            report = run.run(stop)
    report.write(where)
    if as_json:
        print_json(report.to_json())
    else:
        show_report(report, library, quiet)
    if report.exit_code:
        raise typer.Exit(report.exit_code)


def _watchers(
    stack: ExitStack, log_json: Path | None, metrics: Path | None, quiet: bool
) -> list[Any]:
    from ava.catalog.report import Metrics
    from ava.catalog.watch import JsonLog, MetricsFile

    watchers: list[Any] = []
    if log_json is not None and str(log_json) == "-":
        watchers.append(JsonLog(sys.stderr))
    elif log_json is not None:
        try:
            watchers.append(JsonLog(stack.enter_context(log_json.open("a", encoding="utf-8"))))
        except OSError as error:
            raise ConfigError(f"{log_json} cannot be written: {error.strerror}") from error
    if metrics is not None:
        watchers.append(MetricsFile(Metrics(metrics)))
    if not quiet and sys.stderr.isatty():
        watchers.append(stack.enter_context(BatchBars()))
    return watchers


@contextmanager
def _signals(stop: Stop) -> Iterator[None]:
    """The first Ctrl-C (or SIGTERM) lets running titles end; a second one leaves them."""

    def asked(*_: Any) -> None:
        stop.level += 1
        said = "no more titles are started; once more to stop at once"
        sys.stderr.write(f"\nStopping: {said}.\n" if stop.level == 1 else "\nStopped at once.\n")

    before = {one: signal.signal(one, asked) for one in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for one, handler in before.items():
            signal.signal(one, handler)
