"""All that decides what a scan finds."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ava.core.errors import ConfigError
from ava.scan.shortlist import ShortlistSettings
from ava.scan.transitions import TransitionSettings


@dataclass(frozen=True)
class ScanSettings:
    """Settings of the single pass.

    Attributes
    ----------
    frames : {"all", "keyframes"}
        What is decoded: all frames, or only those that are made from no others, which is several
        times quicker (see `ava.scan.key_frames`).
    key_frame_seconds : float
        In a pass over key frames, of every stretch of this length the best is considered.
    lines_px : int
        Luma is halved while it has at least twice so many lines.
    cut_threshold : float
        How many times its neighbours' difference a cut must be (PySceneDetect's adaptive ratio).
    cut_min_content : float
        The least mean difference of luma at a cut, gray levels of 255.
    cut_margin_frames : int
        Frames next to a cut are not taken: encoders smear there.
    crop_bars : bool
        Whether letterbox, pillarbox and windowbox bars are cut off before anything is rated.
    transitions : TransitionSettings
        The mixture test for fades and dissolves.
    shortlist : ShortlistSettings
        How many frames go on.
    shots : {"fast", "cascade", "neural"}
        Who finds the boundaries: the cuts and transitions above; they, and a network where they
        are in doubt; or the network alone, from every frame.
    """

    frames: Literal["all", "keyframes"] = "all"
    key_frame_seconds: float = 8.0
    lines_px: int = 270
    cut_threshold: float = 3.0
    cut_min_content: float = 10.0
    cut_margin_frames: int = 2
    crop_bars: bool = True
    transitions: TransitionSettings = field(default_factory=TransitionSettings)
    shortlist: ShortlistSettings = field(default_factory=ShortlistSettings)
    shots: Literal["fast", "cascade", "neural"] = "fast"

    def __post_init__(self) -> None:
        if self.frames not in ("all", "keyframes"):
            raise ConfigError(f"scan.frames must be all or keyframes, not {self.frames!r}")
        if self.shots not in ("fast", "cascade", "neural"):
            raise ConfigError(f"shots must be fast, cascade or neural, not {self.shots!r}")
        if self.frames == "keyframes" and self.shots != "fast":
            raise ConfigError(
                f"shots cannot be {self.shots} where only key frames are decoded",
                "the network needs all frames: leave out one of the two",
            )

    @property
    def facts(self) -> dict[str, Any]:
        """All that decides what a scan finds, in plain types."""
        facts = asdict(self)
        # What was scanned before there was a choice is still what it says.
        if self.shots == "fast":
            del facts["shots"]
        if self.frames == "all":
            del facts["frames"], facts["key_frame_seconds"]
        return facts
