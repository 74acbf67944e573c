"""``ava scorers``."""

from __future__ import annotations

import typer

from ava.cli.options import JSON
from ava.cli.output import print_json, show_table


def scorers(
    as_json: bool = JSON,
    as_markdown: bool = typer.Option(False, "--markdown", help="Print the reference page."),
) -> None:
    """List the scorers that are installed, with what each number means."""
    from ava.scoring.registry import installed

    registry = installed()
    if as_json:
        cards = [scorer.card.to_json() for scorer in (*registry.scorers, *registry.on_request)]
        print_json(cards)
        return
    if as_markdown:
        from ava.scoring.reference import as_markdown as reference

        typer.echo(reference(registry), nl=False)
        return
    rows = []
    for scorer in (*registry.scorers, *registry.on_request):
        asked = " (on request)" if scorer in registry.on_request else ""
        for column in scorer.card.columns:
            high = "∞" if column.high == float("inf") else f"{column.high:g}"
            size = f" × {column.size}" if column.size > 1 else ""
            better = {"more": "more is better", "less": "less is better", "neither": ""}
            rows.append(
                [
                    scorer.card.name + asked,
                    column.name,
                    f"{column.low:g}..{high}{size}",
                    better[column.better],
                    column.about,
                ]
            )
    show_table(["Scorer", "Column", "Range", "Direction", "Meaning"], rows)
