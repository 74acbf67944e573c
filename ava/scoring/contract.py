"""What a scorer and an analyser are. Strangers' packages import this file and no other of ours
but `ava.core` and `ava.scoring.analyses`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, ClassVar, Literal, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError, ScorerError
from ava.core.frame_batch import FrameBatch
from ava.core.identity import settings_id
from ava.core.progress import OnProgress, silent
from ava.scoring.analyses import Analyses, Analysis

Better = Literal["more", "less", "neither"]
Values = NDArray[np.float32]
FAMILIES = {
    "visual": "Light, color, sharpness",
    "contextual": "People, movement, kind of shot",
    "composition": "Composition",
    "filters": "Text, faults, watch-outs",
}
"""The families of annotations that people read together, with their headings."""


@dataclass(frozen=True)
class Column:
    """One number, or one vector, that a scorer gives every frame.

    Attributes
    ----------
    name : str
        Lower-case identifier, unique over all scorers.
    unit : str
        "share", "degrees", "gray levels", "count" …
    low, high : float
        The range it can take; `high` may be infinity.
    better : {"more", "less", "neither"}
        Which direction makes a better still; "neither" where it is a description.
    about : str
        One plain sentence for a designer.
    size : int
        Length of the vector; 1 for a number.
    label : str
        Two or three words for a chart; by default the name with spaces.
    words : tuple of str
        What the codes 0, 1, 2 … mean, where the number is a code.
    family : str
        Its scorer's family; set by the card.
    """

    name: str
    unit: str
    low: float
    high: float
    better: Better
    about: str
    size: int = 1
    label: str = ""
    words: tuple[str, ...] = ()
    family: str = ""

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ScorerError(f"column name {self.name!r} is not a lower-case identifier")
        if not self.low < self.high:
            raise ScorerError(f"column {self.name}: low must be below high")
        if self.size < 1:
            raise ScorerError(f"column {self.name}: size must be at least 1")
        if not self.label:
            object.__setattr__(self, "label", self.name.replace("_", " "))
        if self.words and len(self.words) != self.high - self.low + 1:
            raise ScorerError(f"column {self.name}: {len(self.words)} words do not fit its range")

    @property
    def shape(self) -> tuple[int, ...]:
        """Shape of one frame's value: ``()`` or ``(size,)``."""
        return () if self.size == 1 else (self.size,)

    def spoken(self, value: float) -> str:
        """A value in plain words: "73 %", "joy", "12.4 stops", "does not apply"."""
        if np.isnan(value):
            return "does not apply"
        if self.words:
            return self.words[round(value - self.low)]
        if self.unit == "share":
            return f"{100 * value:.0f} %" if self.low >= 0 else f"{value:+.2f}"
        number = f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.3g}"
        return number if self.unit == "count" else f"{number} {self.unit}"


@dataclass(frozen=True)
class ScorerCard:
    """Who a scorer is.

    Attributes
    ----------
    name : str
        Lower-case identifier, unique over all scorers.
    version : int
        Raised whenever a number would change.
    columns : tuple of Column
        What it gives.
    height_px : int
        Lines of the pictures it wants; they are made for it.
    needs : tuple of type
        The analyses it cannot do without (`Faces`, `Saliency` …).
    uses : tuple of type
        Analyses that it reads where they are there; it does without them, less well.
    family : str
        Which of `FAMILIES` its columns are read with.
    settings : mapping
        Whatever else changes its numbers, in plain JSON types.
    """

    name: str
    version: int
    columns: tuple[Column, ...]
    height_px: int = 270
    needs: tuple[type[Analysis], ...] = ()
    uses: tuple[type[Analysis], ...] = ()
    family: str = "visual"
    settings: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.family not in FAMILIES:
            raise ScorerError(
                f"scorer {self.name}: there is no family {self.family!r}",
                f"it is one of {', '.join(FAMILIES)}",
            )
        columns = tuple(replace(column, family=self.family) for column in self.columns)
        object.__setattr__(self, "columns", columns)

    @property
    def scorer_id(self) -> str:
        """Name, version and a fingerprint of all that changes the numbers."""
        facts = {"height_px": self.height_px, "settings": dict(self.settings)}
        return f"{self.name}-{self.version}-{settings_id(facts)}"

    def to_json(self) -> dict[str, Any]:
        """The card in plain JSON types."""
        columns = [asdict(column) for column in self.columns]
        for column in columns:
            column["high"] = None if np.isinf(column["high"]) else column["high"]
        return {
            "name": self.name,
            "version": self.version,
            "id": self.scorer_id,
            "family": self.family,
            "height_px": self.height_px,
            "needs": [need.__name__ for need in self.needs],
            "uses": [one.__name__ for one in self.uses],
            "columns": columns,
        }


@dataclass(frozen=True)
class AnalyserCard:
    """Who an analyser is: like a scorer, but it yields an `Analysis` instead of columns."""

    name: str
    version: int
    yields: type[Analysis]
    height_px: int = 270
    settings: Mapping[str, Any] = field(default_factory=dict)

    @property
    def analyser_id(self) -> str:
        """Name, version and a fingerprint of all that changes the result."""
        facts = {"height_px": self.height_px, "settings": dict(self.settings)}
        return f"{self.name}-{self.version}-{settings_id(facts)}"


@dataclass(frozen=True)
class Runtime:
    """What a scorer may use of the machine.

    Attributes
    ----------
    n_threads : int
        Threads that a library inside may take. The scan beside it uses the other cores, and sums
        that several threads share come out with other last digits.
    may_download : bool
        Whether missing weights may be fetched.
    on_progress : callable
        Told how far a download is.
    n_workers : int
        Processes beside this one that share the batches; with none they are scored here. The numbers
        are the same with any number of them.
    """

    n_threads: int = 1
    may_download: bool = True
    on_progress: OnProgress = silent
    n_workers: int = 0

    def __post_init__(self) -> None:
        if self.n_workers < 0:
            raise ConfigError(f"--workers must be at least 0, not {self.n_workers}")


@runtime_checkable
class Scorer(Protocol):
    """Gives numbers to frames.

    The number of a frame never depends on its neighbours in the batch. `score` does no input or
    output, reads no clock and no global random state. NaN means "does not apply".
    """

    card: ClassVar[ScorerCard]

    def open(self, runtime: Runtime) -> None:
        """Load what is needed; raises `WeightsError` where weights are missing."""
        ...

    def score(self, frames: FrameBatch, found: Analyses, /) -> Mapping[str, Values]:
        """Values by column name, float32, of shape ``(N,)`` or ``(N, size)``."""
        ...

    def close(self) -> None:
        """Let go of everything; `open` may follow again."""
        ...


@runtime_checkable
class Analyser(Protocol):
    """Finds things in frames that several scorers share; the same rules hold."""

    card: ClassVar[AnalyserCard]

    def open(self, runtime: Runtime) -> None:
        """Load what is needed; raises `WeightsError` where weights are missing."""
        ...

    def analyse(self, frames: FrameBatch, /) -> Analysis:
        """An instance of ``card.yields`` for these frames."""
        ...

    def close(self) -> None:
        """Let go of everything; `open` may follow again."""
        ...

    @property
    def road(self) -> str:
        """Which of several ways was taken, in plain words; empty where there is one."""
        ...


@dataclass(frozen=True)
class Provider:
    """What a package offers under the entry point group ``ava.scorers``.

    Attributes
    ----------
    scorers, analysers : tuple of type
        Classes that can be made without arguments.
    on_request : tuple of type
        Scorers that only run where a person asks for them by name (``scoring.on_request``).
    """

    scorers: tuple[type[Scorer], ...]
    analysers: tuple[type[Analyser], ...] = ()
    on_request: tuple[type[Scorer], ...] = ()
