"""The comparison of colors: what it is shown from, in the terminal and as a page."""

from __future__ import annotations

from dataclasses import dataclass

from ava.review.pages import render_page


@dataclass(frozen=True)
class SwatchView:
    """A color, `#rrggbb`, in plain words, and its share in per cent."""

    color: str
    name: str
    percent: float


@dataclass(frozen=True)
class ComparedView:
    """One of those compared.

    Attributes
    ----------
    letter : str
        What it is called below: A, B, C …
    name : str
        File name or title.
    about : str
        What was looked at.
    picture : str
        A small picture as a ``data:`` address.
    palette : tuple of SwatchView
        The colors that stand for it, commonest first.
    """

    letter: str
    name: str
    about: str
    picture: str
    palette: tuple[SwatchView, ...]


@dataclass(frozen=True)
class DifferenceView:
    """A named color that one has more of: both shares in per cent, and the sentence."""

    color: str
    first_percent: float
    second_percent: float
    sentence: str


@dataclass(frozen=True)
class MatchView:
    """Two colors that stand for each other, and how far apart they are (CIEDE2000)."""

    first: SwatchView
    second: SwatchView
    difference: str


@dataclass(frozen=True)
class PairView:
    """Two of those compared: their letters, distances, and where they differ."""

    first: str
    second: str
    chi_square: str
    earth_movers: str
    palette_difference: str
    differences: tuple[DifferenceView, ...]
    matches: tuple[MatchView, ...]


@dataclass(frozen=True)
class ComparisonContext:
    """The whole page: those compared, every two of them, and the program's name and version."""

    compared: tuple[ComparedView, ...]
    pairs: tuple[PairView, ...]
    software: str


def render_comparison(context: ComparisonContext) -> str:
    """The page as text: self-contained, nothing from the network."""
    return render_page("comparison.html.jinja", ("sheet.css", "comparison.css"), comparison=context)
