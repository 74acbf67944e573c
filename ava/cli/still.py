"""``ava still``."""

from __future__ import annotations

import sys
from pathlib import Path

import typer

from ava.cli.options import CONFIG, FORMAT, HDR, SET, settings_from
from ava.core.errors import ConfigError

_FORMATS = {".jpg": "jpeg", ".jpeg": "jpeg", ".png": "png"}


def still(
    source: str = typer.Argument(
        ...,
        metavar="VIDEO|DIR",
        help="A film (also s3://, gs://, https://), or a folder of stills.",
    ),
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
    hdr: bool | None = HDR,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
) -> None:
    """Write the frame that is shown at an instant, at full resolution and without bars."""
    if out is not None:
        by_name = _FORMATS.get(out.suffix.lower())
        if by_name is None:
            raise ConfigError(f"{out} is neither a .jpg nor a .png", "end its name in one of them")
        if still_format not in (None, by_name):
            raise ConfigError(f"{out} is not named as {still_format}", "leave --format away")
        still_format = by_name
    named = {"stills.format": still_format, "stills.hdr": hdr}
    settings = settings_from(config, assignments, named)
    from ava.pipeline import still_at
    from ava.source.remote import located

    result = still_at(located(source), at, out, settings)
    for warning in result.warnings:
        sys.stderr.write(f"Note: {warning}\n")
    if settings.stills.hdr and len(result.files) == 1:
        sys.stderr.write("Note: the source is not HDR; there is no HDR picture to keep\n")
    typer.echo(f"The frame at {result.label} is in {' and '.join(map(str, result.files))}")
