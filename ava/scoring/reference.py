"""The reference of all scorers, written from their cards."""

from __future__ import annotations

import inspect

from ava.scoring.contract import FAMILIES, Column, Scorer
from ava.scoring.registry import Registry

_BETTER = {"more": "more", "less": "less", "neither": ""}


def as_markdown(registry: Registry) -> str:
    """Every scorer with its method, and every column with range, direction and sentence.

    Parameters
    ----------
    registry : Registry
        The scorers to describe.

    Returns
    -------
    str
        A Markdown page, families in the order of `FAMILIES`.
    """
    n_columns = len(registry.columns)
    lines = [
        "# What every number means",
        "",
        f"{len(registry.scorers)} scorers give {n_columns} columns. This page is written by "
        "`ava scorers --markdown` from the scorers' own cards.",
        "",
        "A number that does not apply to a frame (the expression of a landscape) is missing, not "
        "zero. *Better* says which way makes a better still; where it is empty the number "
        "describes and does not rate.",
    ]
    for family, heading in FAMILIES.items():
        lines += ["", f"## {heading}"]
        for scorer in registry.scorers:
            if scorer.card.family == family:
                lines += ["", *_section(scorer)]
    return "\n".join(lines) + "\n"


def _section(scorer: type[Scorer]) -> list[str]:
    card = scorer.card
    about = " ".join((inspect.getdoc(scorer) or "").split())
    needs = [f"needs {', '.join(one.__name__ for one in card.needs)}"] if card.needs else []
    uses = [f"uses {', '.join(one.__name__ for one in card.uses)}"] if card.uses else []
    facts = [f"version {card.version}", f"pictures of {card.height_px} lines", *needs, *uses]
    rows = [_row(column) for column in card.columns]
    head = ["| column | unit | range | better | meaning |", "|---|---|---|---|---|"]
    return [f"### {card.name}", "", about, "", f"*{'; '.join(facts)}*", "", *head, *rows]


def _row(column: Column) -> str:
    high = "∞" if column.high == float("inf") else f"{column.high:g}"
    size = f", {column.size} numbers" if column.size > 1 else ""
    bounds = f"{column.low:g} … {high}{size}"
    return f"| `{column.name}` | {column.unit} | {bounds} | {_BETTER[column.better]} | {column.about} |"
