"""``ava extract``."""

from __future__ import annotations

from pathlib import Path

import typer

from ava.cli.options import (
    CONFIG,
    FORMAT,
    HDR,
    JSON,
    MATURITY,
    OFFLINE,
    OUT,
    QUIET,
    SCAN,
    SET,
    SHOTS,
    WORKERS,
    settings_from,
)
from ava.cli.titles import each_title


def extract(
    sources: list[str] = typer.Argument(
        ..., metavar="VIDEO…", help="Films (also s3://, gs://, https://), or folders of stills."
    ),
    out: Path = OUT,
    still_format: str | None = FORMAT,
    hdr: bool | None = HDR,
    maturity: bool | None = MATURITY,
    scan: str | None = SCAN,
    shots: str | None = SHOTS,
    workers: int | None = WORKERS,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    offline: bool = OFFLINE,
) -> None:
    """Scan a film: shots, statistics, scores, and a still of every shortlisted frame."""
    named = {
        "scan.frames": scan,
        "stills.format": still_format,
        "stills.hdr": hdr,
        "scan.shots": shots,
        "scoring.on_request": ["maturity"] if maturity else None,
    }
    settings = settings_from(config, assignments, named)
    from ava.pipeline import extract_title

    each_title(sources, out, settings, as_json, quiet, offline, extract_title, workers)
