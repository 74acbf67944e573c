"""What came of a run: as JSON, as a page, and for a monitoring system."""

from __future__ import annotations

import json
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePath
from typing import Any

from ava.catalog.outcome import Outcome
from ava.catalog.shelf import Library, Shelf, shelf_of
from ava.core.errors import CatalogError
from ava.review.batch import BatchContext, TitleView, batch_page
from ava.scoring_pass import software
from ava.store.atomic import write_atomic
from ava.store.databases import is_database
from ava.store.title_folder import SHEET

REPORT, PAGE = "batch.json", "batch.html"
SCHEMA = "ava.batch/1"
STATUSES = ("done", "partial", "skipped", "failed", "stopped")


@dataclass(frozen=True)
class BatchReport:
    """How a run ended.

    Attributes
    ----------
    catalog, library : str
        What was worked on, and where the results are.
    started_at : float
        Seconds since 1970.
    seconds : float
        Wall time.
    outcomes : tuple of Outcome
        One for every row of the catalog, in its order.
    n_retries : int
        How often a worker died and its title was tried again.
    was_stopped : bool
        Whether a person stopped it.
    """

    catalog: str
    library: str
    started_at: float
    seconds: float
    outcomes: tuple[Outcome, ...]
    n_retries: int = 0
    was_stopped: bool = False

    @property
    def counts(self) -> dict[str, int]:
        """Titles by status, every status named."""
        counted = Counter(one.status for one in self.outcomes)
        return {status: counted.get(status, 0) for status in STATUSES}  # type: ignore[call-overload]

    @property
    def exit_code(self) -> int:
        """0 when every title is there; 6 when one is not; 130 when a person stopped it."""
        if self.was_stopped:
            return 130
        counts = self.counts
        return CatalogError.exit_code if counts["failed"] or counts["stopped"] else 0

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        return {
            "schema": SCHEMA,
            "software": software(),
            "catalog": self.catalog,
            "library": self.library,
            "started_at": datetime.fromtimestamp(self.started_at, UTC).isoformat("T", "seconds"),
            "seconds": round(self.seconds, 3),
            "counts": self.counts,
            "n_retries": self.n_retries,
            "exit_code": self.exit_code,
            "titles": [one.to_json() for one in self.outcomes],
        }

    def write(self, library: Library) -> None:
        """Write ``batch.json`` and ``batch.html`` into a library."""
        shelf = shelf_of(library)
        text = json.dumps(self.to_json(), indent=1, ensure_ascii=False)
        shelf.write(REPORT, f"{text}\n".encode())
        shelf.write(PAGE, batch_page(self._context(shelf)).encode("utf-8"))

    def _context(self, shelf: Shelf) -> BatchContext:
        at = datetime.fromtimestamp(self.started_at, UTC)
        return BatchContext(
            catalog=self.catalog if is_database(self.catalog) else Path(self.catalog).name,
            when=at.strftime("%Y-%m-%d %H:%M UTC"),
            seconds=self.seconds,
            titles=tuple(_view(one, shelf) for one in self.outcomes),
            software=software(),
        )


def _view(one: Outcome, shelf: Shelf) -> TitleView:
    name = PurePath(one.folder).name
    return TitleView(
        title_id=one.title_id,
        status=one.status,
        reason=one.reason,
        hint=one.hint,
        seconds=one.seconds,
        n_frames=one.n_frames,
        memory_mib=one.peak_memory_bytes / 2**20,
        sheet=f"{name}/{SHEET}" if name and shelf.has_sheet(name) else "",
    )


@dataclass
class Metrics:
    """Figures of a run for a Prometheus text file.

    Attributes
    ----------
    path : pathlib.Path
        The file, such as one that node_exporter's textfile collector reads.
    """

    path: Path
    n_titles: int = 0
    n_frames: int = 0
    n_retries: int = 0
    title_seconds: float = 0.0
    peak_memory_bytes: int = 0
    n_active: int = 0

    def __post_init__(self) -> None:
        self.by_status: Counter[str] = Counter()
        self.started = time.time()

    def ended(self, outcome: Outcome) -> None:
        """Count a title."""
        self.by_status[outcome.status] += 1
        self.n_frames += outcome.n_frames
        self.title_seconds += outcome.seconds
        self.peak_memory_bytes = max(self.peak_memory_bytes, outcome.peak_memory_bytes)

    def text(self, is_over: bool) -> str:
        """All figures in Prometheus' text format."""
        left = self.n_titles - sum(self.by_status.values())
        single: Mapping[str, tuple[str, str, float]] = {
            "ava_batch_titles_left": ("gauge", "Titles not ended yet.", max(0, left)),
            "ava_batch_titles_active": ("gauge", "Titles being worked on.", self.n_active),
            "ava_batch_frames_total": ("counter", "Frames looked at.", self.n_frames),
            "ava_batch_worker_deaths_total": (
                "counter",
                "Workers that died, whose title was tried again.",
                self.n_retries,
            ),
            "ava_batch_title_seconds_total": (
                "counter",
                "Time spent on titles that have ended.",
                round(self.title_seconds, 3),
            ),
            "ava_batch_peak_memory_bytes": (
                "gauge",
                "Most memory that one title had.",
                self.peak_memory_bytes,
            ),
            "ava_batch_started_timestamp_seconds": (
                "gauge",
                "When the run began.",
                round(self.started, 3),
            ),
            "ava_batch_written_timestamp_seconds": (
                "gauge",
                "When this was written.",
                round(time.time(), 3),
            ),
            "ava_batch_running": ("gauge", "1 while the run goes on.", 0 if is_over else 1),
        }
        lines = [
            "# HELP ava_batch_titles Titles by how they ended.",
            "# TYPE ava_batch_titles gauge",
            *(f'ava_batch_titles{{status="{one}"}} {self.by_status[one]}' for one in STATUSES),
        ]
        for name, (kind, about, value) in single.items():
            lines += [f"# HELP {name} {about}", f"# TYPE {name} {kind}", f"{name} {value}"]
        return "\n".join(lines) + "\n"

    def write(self, is_over: bool = False) -> None:
        """Write the file, never half of it."""
        write_atomic(self.path, self.text(is_over).encode("utf-8"))
