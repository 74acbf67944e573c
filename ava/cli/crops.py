"""``ava crops``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path

import typer

from ava.cli.options import CONFIG, FORMAT, JSON, QUIET, SET, settings_from
from ava.cli.output import print_json, progress_bar


def crops(
    folder: Path = typer.Argument(..., metavar="DIR", help="A title folder that was ranked."),
    still_format: str | None = FORMAT,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
) -> None:
    """Write the crops of the kept frames anew from the film, as people moved them."""
    settings = settings_from(config, assignments, {"stills.format": still_format})
    from ava.keeping import recrop

    with progress_bar(folder.name, quiet or as_json) as on_progress:
        done = recrop(folder, settings, on_progress)
    if as_json:
        print_json({**asdict(done), "folder": str(done.folder)})
        return
    for line in done.warnings:
        sys.stderr.write(f"Note: {line}\n")
    if not quiet:
        typer.echo(f"{done.n_crops} crops, {done.n_moved} of them moved by people: {folder}/crops")
