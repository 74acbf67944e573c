"""What the contact sheet is rendered from. The template sees nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BoxView:
    """A box to draw over a picture: its edges in per cent of the picture, and what it is."""

    left: float
    top: float
    width: float
    height: float
    kind: str


@dataclass(frozen=True)
class ScoreView:
    """A number in words, where it stands in the title (per cent), and its explanation.

    `percent` is None where the number does not apply or there is no title to compare with,
    `points` is empty for what does not count towards the utility, and `stands` says what the
    percentage is of.
    """

    label: str
    about: str
    value: str
    percent: int | None
    stands: str
    points: str


@dataclass(frozen=True)
class FamilyView:
    """Numbers that are read together."""

    heading: str
    scores: tuple[ScoreView, ...]


@dataclass(frozen=True)
class CardView:
    """One candidate."""

    rank: int
    frame_id: int
    label: str
    clock: str
    shot: int
    utility_percent: int
    picture: str
    still: str
    alt: str
    aspect: str
    reasons: tuple[str, ...]
    families: tuple[FamilyView, ...]
    boxes: tuple[BoxView, ...]
    palette: tuple[tuple[str, float], ...]
    time_percent: float
    people: tuple[str, ...]


@dataclass(frozen=True)
class CharacterView:
    """One character: a portrait, who it is, and how much of the film that person carries."""

    name: str
    role: str
    portrait: str
    seen: str


@dataclass(frozen=True)
class ExampleView:
    """One dropped frame."""

    picture: str
    label: str


@dataclass(frozen=True)
class DroppedView:
    """One reason, with examples."""

    gate: str
    about: str
    count: int
    examples: tuple[ExampleView, ...]


@dataclass(frozen=True)
class LoweredView:
    """One frame that watch-outs lowered; `rank` is empty where it is not a candidate."""

    picture: str
    label: str
    rank: str
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class WatchOutsView:
    """What was lowered and why; what was looked for, and what was not."""

    frames: tuple[LoweredView, ...]
    looked_for: str
    not_looked_for: str


@dataclass(frozen=True)
class ShotView:
    """A shot on the timeline, in per cent of the film."""

    left: float
    width: float
    index: int


@dataclass(frozen=True)
class CropView:
    """One crop: the file, the picture that it is cut out of, and where, in per cent of the crop."""

    file: str
    picture: str
    alt: str
    label: str
    aspect: str
    left: float
    top: float
    width: float
    percent: int
    warning: str


@dataclass(frozen=True)
class CanvasView:
    """A canvas with its crops, best first."""

    name: str
    use: str
    size: str
    crops: tuple[CropView, ...]


@dataclass(frozen=True)
class SheetContext:
    """The whole page.

    Attributes
    ----------
    title : str
        The title's name.
    facts : tuple of (str, str)
        Label and value pairs for the header.
    episodes : tuple of (str, str)
        Name and sheet of every episode, where the title is a season.
    cards : tuple of CardView
        Candidates, best first.
    canvases : tuple of CanvasView
        The best crops for each canvas.
    cast : tuple of CharacterView
        Leads and supporting characters, most prominent first.
    dropped : tuple of DroppedView
        What was taken out and why.
    watch_outs : WatchOutsView
        What was lowered and why.
    shots : tuple of ShotView
        The timeline.
    notes, warnings : tuple of str
        What a person should know of the ranking, and of the source.
    software : str
        Name and version.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    episodes: tuple[tuple[str, str], ...]
    cards: tuple[CardView, ...]
    canvases: tuple[CanvasView, ...]
    cast: tuple[CharacterView, ...]
    dropped: tuple[DroppedView, ...]
    watch_outs: WatchOutsView
    shots: tuple[ShotView, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    software: str
