"""``ava still``."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ava.cli.options import CONFIG, FORMAT, SET, settings_from
from ava.core.errors import ConfigError

_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}


def still(
    source: Path = typer.Argument(..., metavar="VIDEO|DIR", help="A film, or a folder of stills."),
    at: str = typer.Option(
        ...,
        "--at",
        metavar="TIME",
        help="Time since the first picture: HH:MM:SS.mmm, MM:SS.mmm, seconds, or a timecode "
        "HH:MM:SS:FF (drop-frame: HH:MM:SS;FF).",
    ),
    out: Path | None = typer.Option(
        None, "--out", "-o", metavar="FILE", help="Where to; by default named by film and time."
    ),
    still_format: str | None = FORMAT,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
) -> None:
    """Write the frame that is shown at an instant, at full resolution."""
    if out is not None:
        by_name = _FORMATS.get(out.suffix.lower())
        if by_name is None:
            raise ConfigError(f"{out} is neither a .jpg nor a .png", "end its name in one of them")
        if still_format not in (None, by_name):
            raise ConfigError(f"{out} is not named as {still_format}", "leave --format away")
        still_format = by_name
    settings = settings_from(config, assignments, {"stills.format": still_format}).stills
    from ava.core.media_time import parse_time
    from ava.pipeline import software
    from ava.source.opening import open_source
    from ava.store.stills import Provenance, file_safe, write_still

    with open_source(source) as opened:
        info = opened.info
        frame = opened.at(parse_time(at, info.frame_rate))
        label = frame.ref.label
        path = out or Path(f"{file_safe(info.title)}_{file_safe(label)}{settings.suffix}")
        provenance = Provenance(info.path.name, label, None, software())
        write_still(path, frame.rgb(), provenance, settings)
    for warning in info.warnings:
        sys.stderr.write(f"Note: {warning}\n")
    typer.echo(f"The frame at {label} is in {path}")
