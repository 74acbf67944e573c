"""What is in a library, at a glance."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ava.catalog.leases import Leases
from ava.catalog.outcome import FailureStore, Outcome
from ava.catalog.upkeep import require_library, title_folders
from ava.store.atomic import leftovers
from ava.store.manifest import read_manifest


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


def library_status(library: Path) -> LibraryStatus:
    """Count what is in a library.

    Raises
    ------
    StoreError
        When there is none.
    """
    require_library(library)
    manifests = [read_manifest(folder) for folder in title_folders(library)]
    known = [one for one in manifests if one is not None]
    failures = FailureStore(library)
    failed = [failures.recall(name, None) for name in failures.names()]
    counts = (
        ("titles", len(manifests)),
        ("ranked", sum(1 for one in known if one["ranked_with"] is not None)),
        ("done in part", sum(1 for one in known if one["problems"])),
        ("without a manifest", len(manifests) - len(known)),
        ("failed", len(failed)),
        ("being worked on", len(Leases(library).held_by_others())),
        ("unfinished", len(leftovers(library))),
        ("frames looked at", sum(int(one["n_frames"]) for one in known)),
    )
    return LibraryStatus(
        counts,
        tuple(one for one in failed if one is not None),
        float(sum(one["scored_seconds"] or 0.0 for one in known)),
    )
