"""``ava query`` and ``ava find``."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer

from ava.cli.catalog import FOLDER
from ava.cli.options import JSON
from ava.cli.output import print_json, show_table

_SHOWN_ROWS = 200


def query(
    library: Path = FOLDER,
    statement: str = typer.Argument(..., metavar="SQL", help='Such as "select * from titles".'),
    as_json: bool = JSON,
) -> None:
    """Ask a library in SQL: titles, scores, shots, frames, faces, candidates, characters."""
    from ava.catalog.library import query as asked

    answer = asked(library, statement)
    if as_json:
        print_json([{key: _plain(one) for key, one in row.items()} for row in answer.records()])
        return
    shown = answer.rows[:_SHOWN_ROWS]
    show_table(list(answer.columns), [[_text(one) for one in row] for row in shown])
    if len(answer.rows) > len(shown):
        typer.echo(f"The first {len(shown)} of {len(answer.rows):,} rows; --json gives all.")


def find(
    library: Path = FOLDER,
    character: list[str] = typer.Option(
        [], "--character", metavar="NAME", help="Who is in it: a name, or a key such as c1."
    ),
    scale: str = typer.Option("", "--scale", help="Shot scale: close-up, medium shot, …"),
    title_space: str = typer.Option(
        "", "--title-space", metavar="SIDE", help="Room for a title: left, right, top or bottom."
    ),
    palette: list[str] = typer.Option(
        [], "--palette", metavar="#RRGGBB", help="Colors; the nearest frames come first."
    ),
    where: str = typer.Option(
        "", "--where", metavar="SQL", help='A condition on any score, as "brightness > 60".'
    ),
    top: int = typer.Option(20, "--top", "-n", min=1, help="How many frames."),
    as_json: bool = JSON,
) -> None:
    """Search the shortlisted frames of all titles of a library."""
    from ava.catalog.finding import Wanted
    from ava.catalog.finding import find as found_in

    wanted = Wanted(tuple(character), scale, title_space, tuple(palette), where, top)
    found = found_in(library, wanted)
    if as_json:
        print_json([one.to_json() for one in found])
        return
    if not found:
        typer.echo("No frame is like that.")
        return
    rows = [
        [
            one.title,
            one.label,
            "" if one.rank is None else str(one.rank),
            "" if one.color_distance is None else f"{one.color_distance:.1f}",
            str(one.picture),
        ]
        for one in found
    ]
    show_table(["Title", "Time", "Rank", "Color ΔE", "Picture"], rows)


def _plain(value: Any) -> Any:
    """A value as JSON has it."""
    if isinstance(value, float):
        return value if value - value == 0 else None
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    if isinstance(value, dict):
        return {str(key): _plain(one) for key, one in value.items()}
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return "" if value is None else str(value)
