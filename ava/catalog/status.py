"""What is in a library, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from ava.catalog.outcome import Outcome
from ava.catalog.shelf import Library, require_library, shelf_of


@dataclass(frozen=True)
class LibraryStatus:
    """What is in a library.

    Attributes
    ----------
    counts : tuple of (str, int)
        What, and how many.
    failures : tuple of Outcome
        Titles that failed and are not there.
    scored_seconds : float
        Time that went into the titles.
    """

    counts: tuple[tuple[str, int], ...]
    failures: tuple[Outcome, ...]
    scored_seconds: float

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        return {
            "counts": dict(self.counts),
            "failures": [one.to_json() for one in self.failures],
            "scored_seconds": round(self.scored_seconds, 3),
        }


def library_status(library: Library) -> LibraryStatus:
    """Count what is in a library.

    Raises
    ------
    StoreError
        When there is none.
    """
    require_library(library)
    shelf = shelf_of(library)
    manifests = [shelf.manifest(name) for name in shelf.names()]
    known = [one for one in manifests if one is not None]
    failed = [shelf.failures.recall(name, None) for name in shelf.failures.names()]
    counts = (
        ("titles", len(manifests)),
        ("ranked", sum(1 for one in known if one["ranked_with"] is not None)),
        ("done in part", sum(1 for one in known if one["problems"])),
        ("without a manifest", len(manifests) - len(known)),
        ("failed", len(failed)),
        ("being worked on", len(shelf.leases.held_by_others())),
        ("unfinished", shelf.unfinished()),
        ("frames looked at", sum(int(one["n_frames"]) for one in known)),
    )
    return LibraryStatus(
        counts,
        tuple(one for one in failed if one is not None),
        float(sum(one["scored_seconds"] or 0.0 for one in known)),
    )
