"""The report of taste groups: what it is shown from, and the page."""

from __future__ import annotations

from dataclasses import dataclass

from ava.review.comparison import SwatchView
from ava.review.pages import render_page


@dataclass(frozen=True)
class PictureView:
    """An artwork variant: the class its picture goes by on the page, its id and its title."""

    style: str
    name: str
    title: str


@dataclass(frozen=True)
class GroupView:
    """A taste group.

    Attributes
    ----------
    name, color : str
        Its letter, and its color on the map.
    size, share : str
        Profiles, and their share of those in groups.
    words : str
        What it plays more and less of, in a sentence.
    palette : tuple of SwatchView
        Colors of what it plays.
    more, less : tuple of SwatchView
        Named colors it plays more or less of than expected; the percent is the difference.
    titles : tuple of str
        What it plays more of than others do.
    examples : tuple of PictureView
        Artwork it takes more often than others do.
    cohesion : str
        Mean silhouette.
    """

    name: str
    color: str
    size: str
    share: str
    words: str
    palette: tuple[SwatchView, ...]
    more: tuple[SwatchView, ...]
    less: tuple[SwatchView, ...]
    titles: tuple[str, ...]
    examples: tuple[PictureView, ...]
    cohesion: str


@dataclass(frozen=True)
class DotView:
    """A profile on the map: place in per cent, and the color of its group."""

    x: float
    y: float
    color: str


@dataclass(frozen=True)
class BarView:
    """An estimate with its interval on a line from 0 to 100, and in words."""

    low: float
    value: float
    high: float
    text: str


@dataclass(frozen=True)
class PolicyView:
    """A policy: its value on the line, its other estimates, and what may be said of it."""

    name: str
    about: str
    bar: BarView
    estimates: tuple[tuple[str, str], ...]
    lift: str
    regret: str
    effective: str
    conclusion: str
    refused: bool


@dataclass(frozen=True)
class CellView:
    """A variant in a group: its take rate, and whether it is what the group is shown."""

    bar: BarView
    shown: str
    assigned: bool
    default: bool


@dataclass(frozen=True)
class VariantView:
    """A row of a title: a variant, its rate over all, and a cell per group."""

    picture: PictureView
    overall: str
    default: bool
    cells: tuple[CellView, ...]


@dataclass(frozen=True)
class TitleView:
    """A title with its variants, and in how many groups something else than the default is shown."""

    name: str
    anchor: str
    n_personal: int
    variants: tuple[VariantView, ...]


@dataclass(frozen=True)
class LiftView:
    """A group that gets something else than the default of a title."""

    group: str
    color: str
    title: str
    anchor: str
    variant: PictureView
    default: PictureView
    bar: BarView


@dataclass(frozen=True)
class EffectView:
    """What a trait goes with, in one group or in all."""

    trait: str
    group: str
    bar: BarView
    e_value: str


@dataclass(frozen=True)
class CausalView:
    """What more of a trait does with all else equal: among whom, and how much could be compared."""

    trait: str
    among: str
    bar: BarView
    points: str
    e_value: str
    compared: str


@dataclass(frozen=True)
class TasteContext:
    """The whole page.

    Attributes
    ----------
    facts : tuple of (str, str)
        What was looked at.
    verdict, answer : str
        Whether there are groups; whether one cover suits all.
    warnings, notes : tuple of str
        What a person must know.
    pictures : tuple of (str, str)
        Class and ``data:`` address of every picture, each once.
    tried : tuple of (str, str, str)
        Numbers of groups with stability and silhouette.
    no_lift : float
        Where a lift of nothing lies on the line of the lifts, 0..100; likewise `no_effect` and `no_cause`.
    not_compared : tuple of str
        Traits of which nothing could be said with all else equal.
    """

    facts: tuple[tuple[str, str], ...]
    verdict: str
    answer: str
    warnings: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]
    groups: tuple[GroupView, ...]
    dots: tuple[DotView, ...]
    tried: tuple[tuple[str, str, str], ...]
    policies: tuple[PolicyView, ...]
    policy_scale: tuple[str, str]
    baseline: float
    lifts: tuple[LiftView, ...]
    no_lift: float
    n_lifts: int
    effects: tuple[EffectView, ...]
    no_effect: float
    causal: tuple[CausalView, ...]
    no_cause: float
    not_compared: tuple[str, ...]
    trends: tuple[str, ...]
    titles: tuple[TitleView, ...]
    software: str


def render_taste(context: TasteContext) -> str:
    """The page as text: self-contained, nothing from the network."""
    return render_page("taste.html.jinja", ("sheet.css", "taste.css"), taste=context)
