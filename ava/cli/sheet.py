"""``ava sheet``."""

from __future__ import annotations

from pathlib import Path

import typer

from ava.core.errors import ConfigError


def sheet(
    folder: Path = typer.Argument(
        ..., metavar="DIR", help="A library of title folders, or a single title folder."
    ),
) -> None:
    """Write one page over all titles of a library, or the contact sheet of one title anew."""
    if not folder.is_dir():
        raise ConfigError(f"there is no folder {folder}", "name a library, or a title folder")
    from ava.store.title_folder import is_title_folder

    if is_title_folder(folder):
        from ava.review.sheet import write_sheet

        typer.echo(f"Contact sheet: {write_sheet(folder)}")
        return
    from ava.review.library import write_library

    typer.echo(f"Overview: {write_library(folder)}")
