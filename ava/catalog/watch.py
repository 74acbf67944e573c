"""Tells what happens in a run: lines of JSON, and a file for a monitoring system."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from datetime import UTC, datetime
from typing import IO, Any

from ava.catalog.batch import BatchEvent, Finished, Planned
from ava.catalog.engines.contract import Ended, Moved, Retried, Started
from ava.catalog.report import Metrics

_METRICS_EVERY_SECONDS = 5.0
_PROGRESS_EVERY_SECONDS = 5.0


class JsonLog:
    """Writes a line of JSON for everything that happens; for progress every five seconds per title.

    Parameters
    ----------
    stream : text file
        Written line by line, so that nothing is lost when the run is killed.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._told: dict[tuple[str, str], float] = {}

    def __call__(self, event: BatchEvent) -> None:
        """Write down what happened."""
        facts = self._facts(event)
        if facts is None:
            return
        now = datetime.now(UTC).isoformat("T", "milliseconds")
        line = json.dumps({"time": now, **facts}, ensure_ascii=False)
        self._stream.write(line + "\n")
        self._stream.flush()

    def _facts(self, event: BatchEvent) -> dict[str, Any] | None:
        if isinstance(event, Planned):
            return {"event": "planned", **asdict(event)}
        if isinstance(event, Started):
            return {"event": "started", "title_id": event.title_id, "worker": event.worker}
        if isinstance(event, Retried):
            return {"event": "retried", "title_id": event.title_id, "reason": event.reason}
        if isinstance(event, Ended):
            return {"event": "ended", **event.outcome.to_json()}
        if isinstance(event, Finished):
            report = event.report
            return {
                "event": "finished",
                "seconds": round(report.seconds, 3),
                "counts": report.counts,
                "exit_code": report.exit_code,
            }
        return self._progress(event)

    def _progress(self, event: Moved) -> dict[str, Any] | None:
        key, now = (event.title_id, event.progress.stage), time.monotonic()
        if now - self._told.get(key, -1e9) < _PROGRESS_EVERY_SECONDS:
            return None
        self._told[key] = now
        total = event.progress.total
        return {
            "event": "progress",
            "title_id": event.title_id,
            "stage": event.progress.stage,
            "done": event.progress.done,
            "total": total if total == total else None,
            "unit": event.progress.unit,
        }


class MetricsFile:
    """Keeps a Prometheus text file up to date."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics, self._written = metrics, 0.0
        self._active: set[str] = set()

    def __call__(self, event: BatchEvent) -> None:
        """Count what happened, and write the file every few seconds and at the end."""
        metrics = self._metrics
        if isinstance(event, Planned):
            metrics.n_titles = event.n_titles
        elif isinstance(event, Started):
            self._active.add(event.title_id)
        elif isinstance(event, Retried):
            metrics.n_retries += 1
        elif isinstance(event, Ended):
            self._active.discard(event.outcome.title_id)
            metrics.ended(event.outcome)
        metrics.n_active = len(self._active)
        is_over = isinstance(event, Finished)
        if is_over or time.monotonic() - self._written > _METRICS_EVERY_SECONDS:
            self._written = time.monotonic()
            metrics.write(is_over)
