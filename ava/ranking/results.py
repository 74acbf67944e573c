"""What ranking gives: candidates with their reasons, and what was left out."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from ava.ranking.watch_outs import Lowered


@dataclass(frozen=True)
class Part:
    """What one column adds to a candidate's utility.

    Attributes
    ----------
    column, label, about : str
        The column, in a word and in a sentence.
    value : float or None
        The number itself; None where it does not apply.
    percentile : float
        Share of the ranked frames that are not better, 0..1.
    points : float
        What it adds; the parts of a candidate sum to its utility.
    stands : str
        "better" than that share of frames; "higher" or "lower" where a learned taste likes that.
    """

    column: str
    label: str
    about: str
    value: float | None
    percentile: float
    points: float
    stands: str = "better"


@dataclass(frozen=True)
class Candidate:
    """A frame that could become artwork.

    Attributes
    ----------
    rank : int
        1 is the best.
    frame_id : int
        Place in the decoded stream.
    pts_seconds : float
        Time since the first picture.
    label : str
        Timecode or file name.
    shot_index : int
        Its shot.
    utility : float
        0..1.
    diversity : float
        How much of what it covers is new to the candidates above it, 0..1; 1 for the first.
    facets : dict of str to str
        What it shows, by facet, such as ``scale`` or ``characters``.
    parts : tuple of Part
        Where the utility comes from, in order of weight.
    reasons : tuple of str
        Plain sentences.
    """

    rank: int
    frame_id: int
    pts_seconds: float
    label: str
    shot_index: int
    utility: float
    diversity: float
    facets: dict[str, str]
    parts: tuple[Part, ...]
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class DroppedFrames:
    """Frames that were taken out for one reason: how many, and some of them."""

    gate: str
    about: str
    count: int
    example_frame_ids: tuple[int, ...]


@dataclass(frozen=True)
class Ranking:
    """The result for one title.

    Attributes
    ----------
    candidates : tuple of Candidate
        Best first.
    dropped : tuple of DroppedFrames
        What was taken out, by reason.
    notes : tuple of str
        What a person should know: gates that were lifted, weights that moved because faces are
        rare, fewer candidates than asked for.
    profile : str
        The weight profile.
    n_considered : int
        Shortlisted frames in all.
    lowered : tuple of Lowered
        Every frame that a watch-out lowered.
    watched, not_watched : tuple of str
        The watch-outs that were looked for, and those that nobody looked for.
    """

    candidates: tuple[Candidate, ...]
    dropped: tuple[DroppedFrames, ...]
    notes: tuple[str, ...]
    profile: str
    n_considered: int
    lowered: tuple[Lowered, ...] = ()
    watched: tuple[str, ...] = ()
    not_watched: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The ranking in plain JSON types."""
        return asdict(self)

    @classmethod
    def from_json(cls, facts: dict[str, Any]) -> Ranking:
        """The reverse of `to_json`."""
        candidates = tuple(
            Candidate(
                **{
                    **one,
                    "parts": tuple(Part(**part) for part in one["parts"]),
                    "reasons": tuple(one["reasons"]),
                }
            )
            for one in facts["candidates"]
        )
        dropped = tuple(
            DroppedFrames(**{**one, "example_frame_ids": tuple(one["example_frame_ids"])})
            for one in facts["dropped"]
        )
        return cls(
            candidates,
            dropped,
            tuple(facts["notes"]),
            facts["profile"],
            facts["n_considered"],
            tuple(Lowered(**one) for one in facts.get("lowered", [])),
            tuple(facts.get("watched", [])),
            tuple(facts.get("not_watched", [])),
        )
