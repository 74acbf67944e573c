"""Shot boundaries against hand labels: hard cuts to a frame, gradual transitions by overlap."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from ava.scan.shots import Shot

_NEAR_CUT = 1  # frames
_NEAR_GRADUAL = 2  # where a fade begins and ends is a matter of taste


@dataclass(frozen=True)
class Boundaries:
    """Where the shots of a film end.

    Attributes
    ----------
    cuts : list of int
        First frames of the shots after hard cuts.
    gradual : list of (int, int)
        First and last frame of each fade and dissolve.
    """

    cuts: list[int] = field(default_factory=list)
    gradual: list[tuple[int, int]] = field(default_factory=list)

    @classmethod
    def labelled(cls, path: Path) -> Boundaries:
        """Those of a list of labels."""
        found = cls()
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                first, last = int(row["first_frame_of_change"]), int(row["last_frame_of_change"])
                if row["type"] in ("cut", "join"):
                    found.cuts.append(first)
                elif row["type"] != "start":
                    found.gradual.append((first, last))
        return found

    @classmethod
    def of(cls, shots: Sequence[Shot]) -> Boundaries:
        """Those that a scan has found."""
        found = cls()
        for before, after in pairwise(shots):
            if after.starts_with == "cut":
                found.cuts.append(after.first_frame)
            else:
                found.gradual.append((before.clean_end, after.clean_first - 1))
        return found


def films(media: Path) -> list[tuple[Path, Path]]:
    """Every labelled film and its list of labels, the one that is stitched from others last."""
    folders = (media / "films", media / "other")
    by_name = {path.stem: path for folder in folders for path in folder.iterdir()}
    labelled = media / "labelled"
    single = [(by_name[path.stem], path) for path in sorted((labelled / "cuts").glob("*.csv"))]
    return [*single, (labelled / "stitched.mp4", labelled / "stitched_cuts.csv")]


@dataclass
class Tally:
    """What was found, missed, and wrongly reported."""

    found: int = 0
    missed: int = 0
    right: int = 0
    wrong: int = 0

    @property
    def f1(self) -> float:
        """Harmonic mean of the share found and the share of the reports that are right."""
        recall = self.found / max(1, self.found + self.missed)
        precision = self.right / max(1, self.right + self.wrong)
        return 2 * recall * precision / max(1e-9, recall + precision)


def tallied(pairs: Iterable[tuple[Boundaries, Boundaries]]) -> tuple[Tally, Tally]:
    """Compare labels with what was found, film by film: hard cuts, then gradual transitions.

    A cut is found when one is reported within a frame of it, a transition when one is reported that
    overlaps it. One that is taken for the other kind is missed, but not wrong besides.
    """
    cuts, gradual = Tally(), Tally()
    for labels, found in pairs:
        for cut in labels.cuts:
            if any(abs(cut - one) <= _NEAR_CUT for one in found.cuts):
                cuts.found += 1
            else:
                cuts.missed += 1
        for one in found.cuts:
            if any(abs(cut - one) <= _NEAR_CUT for cut in labels.cuts):
                cuts.right += 1
            elif not any(a - _NEAR_GRADUAL <= one <= b + _NEAR_GRADUAL for a, b in labels.gradual):
                cuts.wrong += 1
        for span in labels.gradual:
            if any(_overlap(span, other) for other in found.gradual):
                gradual.found += 1
            else:
                gradual.missed += 1
        for span in found.gradual:
            if any(_overlap(span, other) for other in labels.gradual):
                gradual.right += 1
            elif not any(span[0] - _NEAR_CUT <= cut <= span[1] + 2 for cut in labels.cuts):
                gradual.wrong += 1
    return cuts, gradual


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] <= other[1] and other[0] <= one[1]
