"""What the contact sheet is rendered from. The template sees nothing else."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class BoxView:
    """A box to draw over a picture: its edges 0..1, what it is, and what is said of it."""

    box_xyxy: tuple[float, ...]
    kind: str
    words: str


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
class ColumnView:
    """What a number of a frame means: its name, sentence, unit, range, direction and family."""

    name: str
    label: str
    about: str
    unit: str
    low: float
    better: str
    words: tuple[str, ...]
    family: str


@dataclass(frozen=True)
class PartView:
    """What a column adds to a candidate: its place among the columns, points, standing (per cent)."""

    column: int
    points: float
    percent: int
    stands: str


@dataclass(frozen=True)
class FrameView:
    """One shortlisted frame.

    `rank` and `utility_percent` are None where it is no candidate; `gate` is empty where nothing
    dropped it; `thumb` is empty in folders without thumbnails; `attention` holds a digit for each
    field of the map, row by row; `values` has a number, or None, for each column.
    """

    rank: int | None
    frame_id: int
    label: str
    clock: str
    seconds: float
    shot: int
    utility_percent: int | None
    picture: str
    thumb: str
    still: str
    alt: str
    aspect: str
    people: tuple[str, ...]
    company: str
    scale: str
    light: str
    environment: str
    space: str
    gate: str
    watch_outs: tuple[str, ...]
    reasons: tuple[str, ...]
    boxes: tuple[BoxView, ...]
    palette: tuple[tuple[str, float], ...]
    attention: str
    values: tuple[float | None, ...]
    parts: tuple[PartView, ...]


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
    """One crop: the file, the frame that it is cut out of, where (0..1), and how good (per cent)."""

    frame_id: int
    file: str
    box_xyxy: tuple[float, ...]
    percent: int
    warning: str


@dataclass(frozen=True)
class CanvasView:
    """A canvas with its crops, best first."""

    name: str
    use: str
    width_px: int
    height_px: int
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
    content_id : str
        Fingerprint of the source, by which decisions are kept.
    duration_seconds : float
        Length of the title.
    columns : tuple of ColumnView
        What the numbers of the frames are.
    frames : tuple of FrameView
        All shortlisted frames, in order of time.
    families : tuple of (str, str)
        Name and heading of the families that numbers are read in.
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
    provenance : tuple of (str, str)
        Label and value pairs: source, fingerprint, scan and scorers with their versions.
    live : str
        Path of the title's decisions where a server keeps them; empty for a page in a folder.
    token : str
        What the page has to show that server.
    reviewer : str
        Who is signed in there.
    """

    title: str
    facts: tuple[tuple[str, str], ...]
    episodes: tuple[tuple[str, str], ...]
    content_id: str
    duration_seconds: float
    columns: tuple[ColumnView, ...]
    families: tuple[tuple[str, str], ...]
    frames: tuple[FrameView, ...]
    canvases: tuple[CanvasView, ...]
    cast: tuple[CharacterView, ...]
    dropped: tuple[DroppedView, ...]
    watch_outs: WatchOutsView
    shots: tuple[ShotView, ...]
    notes: tuple[str, ...]
    warnings: tuple[str, ...]
    software: str
    provenance: tuple[tuple[str, str], ...]
    live: str = ""
    token: str = ""
    reviewer: str = ""

    @property
    def cards(self) -> tuple[FrameView, ...]:
        """The candidates, best first."""
        return tuple(
            sorted((one for one in self.frames if one.rank), key=lambda one: one.rank or 0)
        )
