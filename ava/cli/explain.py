"""``ava explain``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ava.cli.options import CONFIG, JSON, OFFLINE, OUT, SET, settings_from
from ava.cli.output import print_json, show_table
from ava.core.errors import ConfigError

if TYPE_CHECKING:
    from ava.explaining import Explanation


def explain(
    what: str = typer.Argument(
        ...,
        metavar="STILL|VIDEO@TIME",
        help="A picture, or a film and a time: film.mp4@00:12:33.120",
    ),
    out: Path = OUT,
    picture: Path | None = typer.Option(
        None, "--picture", metavar="PNG", help="Where the overlays go; by default here, by name."
    ),
    as_json: bool = JSON,
    offline: bool = OFFLINE,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
) -> None:
    """Say everything about one frame, and draw what was found in it."""
    if picture is not None and picture.suffix.lower() != ".png":
        raise ConfigError(f"{picture} is not a .png", "end its name in .png")
    settings = settings_from(config, assignments, {})
    from ava.explaining import explain_frame
    from ava.scoring.contract import Runtime
    from ava.scoring.registry import installed

    runtime = Runtime(may_download=not offline)
    found = explain_frame(what, out, picture, settings, runtime, installed())
    if as_json:
        print_json(found.to_json())
        return
    _show(found)


def _show(found: Explanation) -> None:
    by_name = {column.name.replace("_", " "): column for column in found.columns}
    for family in found.families:
        typer.echo(f"\n{family.heading}")
        rows = []
        for score in family.scores:
            column = by_name[score.label]
            high = "∞" if column.high == float("inf") else f"{column.high:g}"
            stands = "" if score.percent is None else f"{score.stands} {score.percent} %"
            bounds = f"{column.low:g}..{high}"
            rows.append([score.label, score.value, stands, bounds, score.about])
        show_table(["", "Value", "In this title", "Range", "Meaning"], rows)
    for note in found.notes:
        sys.stderr.write(f"Note: {note}\n")
    typer.echo(f"\n{found.label}: the findings are drawn over the frame in {found.picture}")
