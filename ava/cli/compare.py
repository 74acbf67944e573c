"""``ava compare``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ava.cli.options import CONFIG, JSON, QUIET, SET, settings_from
from ava.cli.output import print_json, progress_bar, show_table

if TYPE_CHECKING:
    from ava.review.comparison import ComparedView, ComparisonContext

_BAR_CELLS = 60


def compare(
    sources: list[Path] = typer.Argument(
        ...,
        metavar="PICTURE|VIDEO|DIR…",
        help="Two or more: posters or stills, films, folders of pictures, title folders.",
    ),
    html: Path | None = typer.Option(
        None, "--html", "-o", metavar="FILE", help="Write a page to look at and pass on."
    ),
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
    as_json: bool = JSON,
    quiet: bool = QUIET,
) -> None:
    """Compare colors: palettes side by side, how far apart they are, and where they differ."""
    settings = settings_from(config, assignments, {})
    from ava.comparing import (
        colors_of,
        compare_colors,
        context_of,
        needs_scan,
        require_comparable,
        write_comparison,
    )
    from ava.scoring.registry import installed

    require_comparable(len(sources))
    registry, found = installed(), []
    for source in sources:
        if needs_scan(source) and not quiet:
            sys.stderr.write(
                f"Note: {source.name} is scanned for its colors; of a title folder they are known\n"
            )
        with progress_bar(source.name, quiet or as_json) as on_progress:
            found.append(colors_of(source, settings, registry, on_progress=on_progress))
    comparison = compare_colors(found)
    context = context_of(comparison)
    if html is not None:
        write_comparison(html, context)
    if as_json:
        print_json(comparison.to_json())
    elif not quiet:
        _show(context)
        if html is not None:
            typer.echo(f"The page is {html}")


def _show(context: ComparisonContext) -> None:
    for one in context.compared:
        _show_palette(one)
    show_table(
        ["", "Chi-square", "Earth mover's", "Palettes"],
        [
            [f"{one.first}, {one.second}", one.chi_square, one.earth_movers, one.palette_difference]
            for one in context.pairs
        ],
    )
    typer.echo(
        "Chi-square of 216 colors: 0 the same, 1 not one in common. Earth mover's: how far color\n"
        "has to be moved in CIELAB. Palettes: mean difference of matched colors, CIEDE2000."
    )
    for pair in context.pairs:
        typer.echo(f"\nWhere {pair.first} and {pair.second} differ:")
        for difference in pair.differences:
            typer.echo(f"  {difference.sentence}")
        if not pair.differences:
            typer.echo("  By name they have the same colors, to 2 % of the picture.")


def _show_palette(one: ComparedView) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console()
    palette = [swatch for swatch in one.palette if swatch.percent > 0]
    ends = [0.0]
    for swatch in palette:
        ends.append(ends[-1] + swatch.percent)
    bar = Text("   ")
    for swatch, start, end in zip(palette, ends, ends[1:], strict=False):
        n_cells = round(end * _BAR_CELLS / 100) - round(start * _BAR_CELLS / 100)
        bar.append(" " * n_cells, style=f"on {swatch.color}")
    typer.echo(f"\n{one.letter}  {one.name} ({one.about[0].lower()}{one.about[1:]})")
    if console.is_terminal:
        console.print(bar)
    words = [f"{one.name} {one.percent:.0f} % {one.color}" for one in palette]
    typer.echo("   " + ", ".join(words))
