"""``ava why``."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import typer

from ava.cli.options import CONFIG, JSON, SET, settings_from
from ava.cli.output import print_json


def why(
    folder: Path = typer.Argument(..., metavar="DIR", help="A title folder that was ranked."),
    frame: str = typer.Option(
        ..., "--frame", metavar="ID|TIME", help="Its number, timecode or file name, or a time."
    ),
    top: int | None = typer.Option(None, "--top", "-n", help="Candidates wanted."),
    profile: str | None = typer.Option(
        None, "--profile", help="Weights: auto, a name, or a TOML file."
    ),
    as_json: bool = JSON,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
) -> None:
    """Say why a frame is among the candidates or not, and what would have to change."""
    named = {"ranking.top": top, "ranking.profile": profile}
    settings = settings_from(config, assignments, named)
    from ava.explaining import why_frame

    found = why_frame(folder, frame, settings)
    if as_json:
        print_json(asdict(found))
        return
    verdict = "out" if found.rank is None else f"in, candidate {found.rank}"
    typer.echo(f"The frame at {found.label} (number {found.frame_id}) is {verdict}.")
    for line in found.because:
        typer.echo(f"  {line}")
    for line in found.change:
        typer.echo(f"  It would take {line}")
