"""Published A/B tests of artwork: where the default profile would have put each variant.

python -m benchmarks.artwork_ab MEDIA

Each title's variants are scored as a folder of pictures; the gates are lifted, since a poster has
its title on it and would be dropped for it. Writes the tables of docs/artwork_ab.md.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

import ava
from ava.casting import cast_title
from ava.ranking.gates import GATES, GateSettings
from ava.ranking.profiles import load_profile
from ava.ranking.spoilers import SpoilerSettings
from ava.ranking.weighing import Weighed, weigh
from ava.settings import Settings
from ava.store.title_folder import read_title
from benchmarks.record import write

DOCUMENT = Path(__file__).parent.parent / "docs" / "artwork_ab.md"
TESTS = Path("labelled") / "artwork_ab_tests" / "results.csv"
LIFTED = GateSettings(
    black_brightness=-1,
    uniform_contrast=-1,
    blurred_share=0,
    clipped_dark=2,
    clipped_bright=2,
    text_card=2,
    text_share=2,
    subtitle_band=2,
    eyes_open=-1,
)
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


@dataclass(frozen=True)
class Variant:
    """One published picture: what was said of it, and what ava makes of it."""

    name: str
    result: str
    rank: int | None
    utility: float
    place: int
    gates: str

    @property
    def won(self) -> bool:
        """Whether it was published as a winner of its test."""
        return self.rank == 1


def published(media: Path) -> dict[str, list[dict[str, str]]]:
    """The lines of the table of results, by title."""
    titles: dict[str, list[dict[str, str]]] = {}
    with (media / TESTS).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            titles.setdefault(row["title"], []).append(row)
    return titles


def weighed_by_default(pictures: Sequence[Path]) -> tuple[Weighed, Mapping[str, str]]:
    """The pictures weighed as one title without gates; and which gates would drop which."""
    with tempfile.TemporaryDirectory() as work:
        folder = Path(work) / "pictures"
        folder.mkdir()
        for picture in pictures:
            shutil.copy(picture, folder)
        title_folder = ava.extract(folder, Path(work) / "out")
        title = read_title(title_folder)
        pool = cast_title(title_folder, title, Settings().cast, [], write=False)
    weighed = weigh(pool, LIFTED, SpoilerSettings(), load_profile("default"))
    assert len(weighed.gated.kept) == len(pictures)
    closed: dict[str, list[str]] = {label: [] for label in pool.labels}
    for gate in GATES:
        for row in np.flatnonzero(gate.closed(weighed.pool, GateSettings())):
            closed[pool.labels[row]].append(gate.name)
    return weighed, {label: ", ".join(names) for label, names in closed.items()}


def variants_of(media: Path, rows: Sequence[Mapping[str, str]]) -> list[Variant]:
    """A title's variants, the best by utility first."""
    weighed, gates = weighed_by_default([media / row["path"] for row in rows])
    labels = weighed.pool.labels
    worth = dict(zip(labels, weighed.total.tolist(), strict=True))
    found = []
    for row in rows:
        label = next(
            one for one in labels if one in (Path(row["path"]).name, Path(row["path"]).stem)
        )
        rank = int(row["rank_within_title"]) if row["rank_within_title"] else None
        place = 1 + sum(other > worth[label] for other in worth.values())
        found.append(
            Variant(
                Path(row["path"]).stem,
                row["result_as_published"],
                rank,
                worth[label],
                place,
                gates[label],
            )
        )
    return sorted(found, key=lambda one: one.place)


def ordered(variants: Sequence[Variant]) -> tuple[int, int]:
    """Pairs that the test told apart, and how many of them ava puts in its order."""
    last = len(variants) + 1
    pairs = [
        sorted(pair, key=lambda one: one.rank or last)
        for pair in combinations(variants, 2)
        if pair[0].rank != pair[1].rank
    ]
    return len(pairs), sum(better.utility > worse.utility for better, worse in pairs)


def tables(titles: Mapping[str, Sequence[Variant]]) -> str:
    """Every variant, and what comes of it in all."""
    lines = [
        "| title | place | variant | utility | published | gates lifted for it |",
        "|---|---|---|---|---|---|",
    ]
    for title, variants in titles.items():
        for one in variants:
            name = f"**{one.name}**" if one.won else one.name
            lines.append(
                f"| {title.replace('_', ' ')} | {one.place} of {len(variants)} | {name} | "
                f"{100 * one.utility:.1f} | {one.result} | {one.gates or 'none'} |"
            )
    lines += [
        "",
        "| title | first by utility won its test | by chance | pairs in the test's order | by chance |",
        "|---|---|---|---|---|",
    ]
    for title, variants in titles.items():
        n_pairs, n_right = ordered(variants)
        n_won = sum(one.won for one in variants)
        lines.append(
            f"| {title.replace('_', ' ')} | {'yes' if variants[0].won else 'no'} | "
            f"{n_won} in {len(variants)} | {n_right} of {n_pairs} | {n_pairs / 2:g} |"
        )
    firsts = sum(variants[0].won for variants in titles.values())
    by_chance = sum(sum(one.won for one in each) / len(each) for each in titles.values())
    pairs = [ordered(variants) for variants in titles.values()]
    n_pairs, n_right = sum(one[0] for one in pairs), sum(one[1] for one in pairs)
    lines.append(
        f"| all | {firsts} of {len(titles)} | {by_chance:.2f} of {len(titles)} | "
        f"{n_right} of {n_pairs} | {n_pairs / 2:g} |"
    )
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("media", type=Path)
    media = parser.parse_args().media
    titles = {title: variants_of(media, rows) for title, rows in published(media).items()}
    before, _, rest = DOCUMENT.read_text("utf-8").partition(_BEGIN)
    text = before + _BEGIN + tables(titles) + _END + rest.partition(_END)[2]
    DOCUMENT.write_text(text, "utf-8")
    write(
        "artwork_ab",
        {"profile": "default", "gates": "lifted"},
        {
            title: {one.name: {"utility": round(one.utility, 4), "won": one.won} for one in each}
            for title, each in titles.items()
        },
    )


if __name__ == "__main__":
    main()
