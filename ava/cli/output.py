"""What the commands print: errors, progress, tables. Quiet where nobody watches."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from ava.core.errors import AvaError
from ava.core.progress import OnProgress, Progress, silent

if TYPE_CHECKING:
    from rich.progress import TaskID
    from rich.table import Table

_SHOW_AFTER_SECONDS = 2.0
DEBUG_FLAG = "--debug"
DEBUG = DEBUG_FLAG in sys.argv  # looked at before the flag is taken out of the words to parse


def fail(error: AvaError) -> None:
    """Print an error in one line, and its hint in another, on stderr."""
    sys.stderr.write(f"Error: {' '.join(error.message.split())}\n")
    if error.hint:
        sys.stderr.write(f"Hint: {' '.join(error.hint.split())}\n")


def print_json(document: Any) -> None:
    """Print a document for machines on stdout."""
    print(json.dumps(document, ensure_ascii=False, indent=1))  # noqa: T201


@contextmanager
def progress_bar(title: str, quiet: bool) -> Iterator[OnProgress]:
    """A bar on stderr with speed and time left, from the third second on; none off a terminal."""
    if quiet or not sys.stderr.isatty():
        yield silent
        return
    from rich.console import Console
    from rich.markup import escape
    from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
    from rich.progress import Progress as Bars

    bars = Bars(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.fields[speed]}"),
        TimeRemainingColumn(),
        console=Console(stderr=True),
        transient=True,
    )
    tasks: dict[str, TaskID] = {}
    begun: dict[str, float] = {}
    started = time.monotonic()

    def show(report: Progress) -> None:
        begun.setdefault(report.stage, time.monotonic())
        if time.monotonic() - started < _SHOW_AFTER_SECONDS:
            return
        if not tasks:
            bars.start()
        total = report.total if report.total == report.total else None
        if report.stage not in tasks:
            text = escape(f"{title}: {report.stage}")
            tasks[report.stage] = bars.add_task(text, total=total, speed="")
        seconds = max(1e-3, time.monotonic() - begun[report.stage])
        speed = f"{report.done / seconds:,.0f} {report.unit}/s"
        bars.update(tasks[report.stage], completed=report.done, total=total, speed=speed)

    try:
        yield show
    finally:
        if tasks:
            bars.stop()


def show_table(headers: list[str], rows: list[list[str]], title: str | None = None) -> None:
    """Print a table on stdout."""
    from rich import box
    from rich.console import Console
    from rich.markup import escape
    from rich.table import Table as RichTable

    table: Table = RichTable(box=box.SIMPLE_HEAD, title=title, title_justify="left")
    for header in headers:
        table.add_column(header, overflow="fold")
    for row in rows:
        table.add_row(*map(escape, row))
    console = Console()
    if not console.is_terminal:
        console = Console(width=160)
    console.print(table)
