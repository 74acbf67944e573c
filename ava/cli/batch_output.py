"""What ``ava batch`` and ``ava catalog`` show on a terminal."""

from __future__ import annotations

from collections import Counter
from types import TracebackType
from typing import TYPE_CHECKING, Any

import typer

from ava.cli.output import print_json, show_table

if TYPE_CHECKING:
    from ava.catalog.batch import BatchEvent
    from ava.catalog.plan import TitlePlan
    from ava.catalog.report import BatchReport

_SHOWN_STATUSES = ("failed", "stopped")


class BatchBars:
    """A bar for all titles, and one for each that is being worked on."""

    def __enter__(self) -> BatchBars:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

        self._bars = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            TextColumn("{task.completed:,.0f} of {task.total:,.0f} {task.fields[unit]}"),
            TimeElapsedColumn(),
            console=Console(stderr=True),
            transient=True,
        )
        self._tasks: dict[str, Any] = {}
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bars.stop()

    def __call__(self, event: BatchEvent) -> None:
        """Show what happened."""
        from rich.markup import escape

        from ava.catalog.batch import Planned
        from ava.catalog.engines.contract import Ended, Moved, Retried, Started

        if isinstance(event, Planned):
            self._all = self._bars.add_task("All titles", total=event.n_titles, unit="titles")
        elif isinstance(event, Started) and event.title_id not in self._tasks:
            text = escape(event.title_id)
            self._tasks[event.title_id] = self._bars.add_task(text, total=1, unit="")
        elif isinstance(event, Moved):
            report = event.progress
            total = report.total if report.total == report.total else max(1.0, report.done)
            text = escape(f"{event.title_id}: {report.stage}")
            self._bars.update(
                self._tasks[event.title_id],
                description=text,
                completed=report.done,
                total=total,
                unit=report.unit,
            )
        elif isinstance(event, Retried):
            self._bars.console.print(f"{escape(event.title_id)} once more: {escape(event.reason)}")
        elif isinstance(event, Ended):
            one = event.outcome
            self._bars.advance(self._all)
            if one.title_id in self._tasks:
                self._bars.remove_task(self._tasks.pop(one.title_id))
            if one.status == "failed":
                self._bars.console.print(f"[red]{escape(one.title_id)}[/]: {escape(one.reason)}")


def show_plan(plans: list[TitlePlan], estimate_seconds: float | None, as_json: bool) -> None:
    """Print what is left to do for each title, and why."""
    n_left = sum(1 for one in plans if one.is_left)
    if as_json:
        print_json(
            {
                "n_titles": len(plans),
                "n_left": n_left,
                "estimate_seconds": estimate_seconds,
                "titles": [one.to_json() for one in plans],
            }
        )
        return
    rows = [_plan_row(one) for one in plans if not one.is_done or one.failure is not None]
    if rows:
        show_table(["Title", "Scores", "Ranking", "Note"], rows)
    n_failed = sum(1 for one in plans if one.failure is not None)
    line = f"{n_left} of {len(plans)} titles are left to do"
    if n_failed:
        line += f", {n_failed} cannot be done"
    if n_left:
        line += f"; {_about(estimate_seconds)}"
    typer.echo(f"{line}.")


def _plan_row(one: TitlePlan) -> list[str]:
    note = one.failure.reason if one.failure is not None else "; ".join(one.partial)
    if one.failure is not None and one.failure.n_attempts:
        note += " (failed before; --retry tries it again)"
    return [one.title.title_id, str(one.scores), str(one.ranking), note]


def _about(seconds: float | None) -> str:
    if seconds is None:
        return "how long that takes is known once the first is done"
    return f"about {clock_words(seconds)}"


def clock_words(seconds: float) -> str:
    """A time in words that fit its size."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    if seconds < 5400:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.1f} h"


def show_report(report: BatchReport, library: str, quiet: bool) -> None:
    """Print how a run ended: what needs a person as a table, the rest as a line."""
    rows = [
        [one.title_id, one.status, one.reason, one.hint]
        for status in _SHOWN_STATUSES
        for one in report.outcomes
        if one.status == status
    ]
    if rows and not (quiet and report.exit_code == 0):
        show_table(["Title", "", "Why", "What to do"], rows)
    if quiet:
        return
    in_part = Counter(one.reason for one in report.outcomes if one.status == "partial")
    for reason, n in in_part.most_common():
        typer.echo(f"{n} in part: {reason}")
    counts = ", ".join(f"{n} {status}" for status, n in report.counts.items() if n)
    typer.echo(f"{counts or 'no titles'} in {clock_words(report.seconds)}.")
    from ava.catalog.report import PAGE

    typer.echo(f"Report: {library.rstrip('/')}/{PAGE}")
