"""How long work reports where it stands, without knowing who shows it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """One report.

    Attributes
    ----------
    stage : str
        What is being done, in a word or two ("scan", "stills").
    done, total : float
        Amount done and to do, in `unit`; `total` is NaN where nobody knows.
    unit : str
        The unit of both ("frames", "stills").
    """

    stage: str
    done: float
    total: float
    unit: str


OnProgress = Callable[[Progress], None]


def silent(_: Progress) -> None:
    """Show nothing."""
