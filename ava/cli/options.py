"""Options that several commands share, and the settings they make."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

if TYPE_CHECKING:
    from ava.settings import Settings

OUT = typer.Option(
    Path("artwork"), "--out", "-o", help="Folder under which each title gets its own."
)
SET = typer.Option([], "--set", metavar="KEY=VALUE", help="Change a setting, as ranking.top=20.")
CONFIG = typer.Option(
    None, "--config", help="Settings file; ./ava.toml by default where there is one."
)
JSON = typer.Option(False, "--json", help="Print one JSON document for machines.")
QUIET = typer.Option(False, "--quiet", "-q", help="No progress, no summary.")
OFFLINE = typer.Option(False, "--offline", help="Never fetch weights.")
FORMAT = typer.Option(None, "--format", help="Still format: jpeg or png.")
CAST = typer.Option(
    None, "--cast", metavar="CSV", help="People to recognize: columns name and portrait."
)
MATURITY = typer.Option(
    None, "--maturity", help="Look for nudity, too; needs the extra ava-artwork[maturity] (AGPL)."
)
SHOTS = typer.Option(
    None,
    "--shots",
    metavar="fast|cascade|neural",
    help="Who finds shots: quick rules; they, and a network in doubt; or the network alone.",
)
HDR = typer.Option(
    None, "--hdr", help="Of an HDR film, keep the HDR picture, too, as a 16-bit PNG beside it."
)


def settings_from(config: Path | None, assignments: list[str], named: dict[str, Any]) -> Settings:
    """Settings from the file, then ``--set``, then named options that were given."""
    from ava.settings import FILE_NAME, load_settings

    if config is None and Path(FILE_NAME).is_file():
        config = Path(FILE_NAME)
    given = [f"{key}={json.dumps(value)}" for key, value in named.items() if value is not None]
    return load_settings(config, [*assignments, *given])


SCAN = typer.Option(
    None,
    "--scan",
    metavar="all|keyframes",
    help="What is decoded. Key frames alone are several times quicker; shots are then rough, and "
    "fades and motion not seen.",
)
WORKERS = typer.Option(
    None,
    "--workers",
    metavar="N",
    help="Processes that score while the film is scanned, of up to 0.4 GB each; 0 for none beside "
    "this one. Two by default, on one core one. The results are the same.",
)
CATALOG = typer.Argument(
    ...,
    metavar="CATALOG",
    help="CSV, JSON Lines or Parquet with title_id and path, or the address of a database.",
)
ROWS = typer.Option(
    "titles", "--rows", metavar="TABLE|SELECT", help="Of a database: where the titles are."
)
