"""Artwork variants: found in a folder, measured by the scorers, kept as a table."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from ava.core.errors import EventsError, ScorerError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import EXPRESSIONS
from ava.scoring.contract import Runtime
from ava.scoring.registry import Registry
from ava.scoring.runner import Runner
from ava.scoring.table import ScoreTable
from ava.source.stills_reader import load_still, still_files
from ava.store.crops import read_crops
from ava.store.tables import read_table, write_table
from ava.store.title_folder import STILLS, is_title_folder
from ava.taste.decisions import Doubles, Variants

LIST = "variants.csv"
TRAITS = (
    "brightness", "contrast", "saturation", "warmth", "colorfulness", "symmetry", "simplicity",
    "face_count", "face_share", "shot_scale", "expression_strength",
)  # fmt: skip
_EXPRESSION = "expression"


@dataclass(frozen=True)
class _Found:
    variant_id: str
    title_id: str
    artwork_id: str
    path: Path
    genre: str


def measure_artwork(folder: Path, registry: Registry, runtime: Runtime | None = None) -> Variants:
    """All variants under a folder, with their colors and traits.

    Every folder in it is a title: a folder of pictures, or one that ``ava rank`` made, whose stills
    and crops are taken. The variant goes by the file name without its ending, the artwork by what
    is before an ``@`` in that (``hero@2x3``, ``hero@de``: one artwork); stills and crops of one
    frame are one artwork, too. Where there is a `variants.csv` it
    decides instead: columns `variant_id, title_id, file`, and maybe `artwork_id, genre`.

    Raises
    ------
    EventsError
        When there is no artwork, or the list is wrong.
    UnreadableMedia
        When a picture cannot be read.
    ScorerError
        When no scorer is installed that tells colors.
    """
    if not folder.is_dir():
        raise EventsError(f"{folder} is not there", "name the folder of the artwork with --artwork")
    listed = folder / LIST
    found = _listed(listed) if listed.is_file() else _in_folders(folder)
    if not found:
        raise EventsError(f"{folder} holds no artwork", "it needs a folder of pictures per title")
    twice = len(found) - len({one.variant_id for one in found})
    if twice:
        raise EventsError(
            f"{folder}: {twice} variant ids are there twice", "name them apart across titles"
        )
    wanted = {"color_histogram", _EXPRESSION, *TRAITS}
    scorers = tuple(
        one for one in registry.scorers if wanted & {column.name for column in one.card.columns}
    )
    if not any(column.name == "color_histogram" for one in scorers for column in one.card.columns):
        raise ScorerError("no scorer that tells colors is installed", "install ava again")
    needed = {kind for one in scorers for kind in one.card.needs}
    analysers = tuple(one for one in registry.analysers if one.card.yields in needed)
    with Runner(Registry(scorers, analysers), runtime or Runtime()) as runner:
        for at, one in enumerate(found):
            pixels = load_still(one.path)[None]
            runner.run(FrameBatch(pixels, np.array([float(at)]), np.array([at])))
        table = runner.table()
    histograms = table["color_histogram"].astype(np.float64)
    return Variants(
        tuple(one.variant_id for one in found),
        tuple(one.title_id for one in found),
        tuple(one.artwork_id for one in found),
        histograms / histograms.sum(axis=1, keepdims=True),
        tuple(str(one.path.relative_to(folder)) for one in found),
        _traits(table),
        tuple(one.genre for one in found),
    )


def _traits(table: ScoreTable) -> dict[str, Doubles]:
    """The columns, and what the principal face shows, a column for each: 1 or 0.

    A picture without a face shows nothing, which can be compared; that it is unknown could not.
    """
    found = {name: table[name].astype(np.float64) for name in TRAITS if name in table}
    if "expression_strength" in found:
        found["expression_strength"] = np.nan_to_num(found["expression_strength"])
    if _EXPRESSION in table:
        code = np.nan_to_num(table[_EXPRESSION], nan=-1.0)
        for at, word in enumerate(EXPRESSIONS[1:], 1):
            found[word] = (code == at).astype(np.float64)
    return found


def _in_folders(folder: Path) -> list[_Found]:
    found = []
    for title in sorted(one for one in folder.iterdir() if one.is_dir()):
        if is_title_folder(title):
            found += _ranked(title)
            continue
        for path in still_files(title):
            artwork = path.stem.partition("@")[0]
            found.append(_Found(path.stem, title.name, artwork, path, ""))
    return found


def _ranked(title: Path) -> list[_Found]:
    """Stills and crops of a title folder; the artwork is the frame, called by its time.

    Names of stills are ranks and times: alike from title to title, so the title goes before.
    """
    pictures = [(path.stem, path) for path in still_files(title / STILLS)]
    for canvas in read_crops(title):
        for crop in canvas["crops"]:
            path = title / crop["file"]
            if path.is_file():
                pictures.append((f"{path.stem}@{path.parent.name}", path))
    return [
        _Found(f"{title.name}/{name}", title.name, path.stem.partition("_")[2], path, "")
        for name, path in pictures
    ]


def _listed(path: Path) -> list[_Found]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        reader = csv.DictReader(file)
        missing = {"variant_id", "title_id", "file"} - set(reader.fieldnames or ())
        if missing:
            raise EventsError(f"{path} has no column {', '.join(sorted(missing))}")
        found = []
        for row in reader:
            where = path.parent / row["file"]
            if not row["variant_id"] or not row["title_id"] or not where.is_file():
                raise EventsError(
                    f"{path}, line {reader.line_num}: an id or the file is missing",
                    "every variant needs variant_id, title_id and an existing file",
                )
            artwork = row.get("artwork_id") or row["variant_id"]
            genre = row.get("genre") or ""
            found.append(_Found(row["variant_id"], row["title_id"], artwork, where, genre))
    return found


def write_list(path: Path, variants: Variants, files: Sequence[str]) -> None:
    """Write `variants.csv`."""
    rows = zip(
        variants.variant_ids, variants.title_ids, variants.artwork_ids, files, variants.genres,
        strict=True,
    )  # fmt: skip
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["variant_id", "title_id", "artwork_id", "file", "genre"])
        writer.writerows(rows)


def write_variants(path: Path, variants: Variants) -> None:
    """Keep variants as a table, a row each; traits are columns."""
    write_table(
        path,
        {
            "variant_id": list(variants.variant_ids),
            "title_id": list(variants.title_ids),
            "artwork_id": list(variants.artwork_ids),
            "file": list(variants.files),
            "genre": list(variants.genres),
            "color_histogram": variants.histograms,
            **variants.traits,
        },
    )


def read_variants(path: Path) -> Variants:
    """The reverse of `write_variants`."""
    table = read_table(path)
    names = ("variant_id", "title_id", "artwork_id", "file", "genre")
    variant, title, artwork, files, genres = (tuple(table.pop(name)) for name in names)
    return Variants(variant, title, artwork, table.pop("color_histogram"), files, table, genres)
