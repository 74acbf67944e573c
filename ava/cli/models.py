"""``ava models list``, ``pull`` and ``path``."""

from __future__ import annotations

import typer

from ava.cli.options import JSON
from ava.cli.output import fail, print_json, progress_bar, show_table
from ava.core.errors import AvaError


def models_list(as_json: bool = JSON) -> None:
    """List the weight files, their licences, and whether they are on this machine."""
    from models.weights import cards, find

    rows, documents = [], []
    for name, card in cards().items():
        path = find(name)
        rows.append(
            [name, card.about, card.licence, f"{card.bytes / 1e6:.1f} MB", str(path or "not here")]
        )
        documents.append(
            {
                "name": name,
                "file": card.file,
                "about": card.about,
                "licence": card.licence,
                "bytes": card.bytes,
                "sha256": card.sha256,
                "sources": [str(source) for source in card.sources],
                "path": None if path is None else str(path),
            }
        )
    if as_json:
        print_json(documents)
    else:
        show_table(["Name", "For", "Licence", "Size", "Where"], rows)


def models_pull(
    names: list[str] = typer.Argument(None, metavar="[NAME…]", help="By default all of them."),
    as_far_as_possible: bool = typer.Option(
        False, "--as-far-as-possible", help="Report what cannot be had, and end well."
    ),
) -> None:
    """Fetch weight files, verified by their checksums."""
    from models.weights import cards, require

    failed: list[AvaError] = []
    for name in names or list(cards()):
        try:
            with progress_bar(name, quiet=False) as on_progress:
                path = require(name, on_progress)
        except AvaError as error:
            failed.append(error)
            if as_far_as_possible:
                typer.echo(f"{name}: done without; {error.message}")
            else:
                fail(error)
        else:
            typer.echo(f"{name}: {path}")
    if failed and not as_far_as_possible:
        raise typer.Exit(failed[0].exit_code)


def models_path(name: str = typer.Argument(..., help="Name of a weight file.")) -> None:
    """Print where a weight file is on this machine."""
    from ava.core.errors import WeightsError
    from models.weights import find

    path = find(name)
    if path is None:
        raise WeightsError(f"{name} is not on this machine", f"run: ava models pull {name}")
    typer.echo(str(path))
