"""Decisions as a table for spreadsheets: one row for each entry, read back without loss."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from typing import Any

from ava.core.errors import ConfigError
from ava.store.decisions import Decision, Decisions, MovedCrop

COLUMNS = (
    "title", "content_id", "frame_id", "label", "verdict", "stars", "note", "by", "at",
    "canvas", "x0", "y0", "x1", "y1",
)  # fmt: skip
_NEEDED = ("content_id", "frame_id", "verdict", "by", "at")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "'")


def to_csv(*titles: Decisions) -> str:
    """The table as text. A row with a canvas is a crop that was moved."""
    out = io.StringIO()
    rows = csv.writer(out, lineterminator="\n")
    rows.writerow(COLUMNS)
    for one in titles:
        _add(rows, one)
    return out.getvalue()


def _add(rows: Any, decisions: Decisions) -> None:
    about = (decisions.title, decisions.content_id)
    for one in decisions.decisions:
        stars = "" if one.stars is None else one.stars
        said = (one.frame_id, one.label, one.verdict or "", stars, one.note, one.by, one.at)
        rows.writerow(map(_cell, (*about, *said, "", "", "", "", "")))
    for crop in decisions.crops:
        said = (crop.frame_id, crop.label, "", "", "", crop.by, crop.at)
        rows.writerow(map(_cell, (*about, *said, crop.canvas, *map(repr, crop.box_xyxy))))


def _cell(value: object) -> object:
    """A spreadsheet takes text after one of these signs for a formula: a quote goes before it."""
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULA) else value


def _text(cell: str | None) -> str:
    cell = cell or ""
    return cell[1:] if cell[:1] == "'" and cell[1:].startswith(_FORMULA) else cell


def read_csv(path: Path) -> tuple[Decisions, ...]:
    """Read a table back, one `Decisions` for each film in it.

    Raises
    ------
    ConfigError
        When it is missing, lacks a column, or a row is wrong; the message names the line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            text = file.read()
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} cannot be read: {error}", "name a CSV file in UTF-8") from error
    rows = csv.DictReader(io.StringIO(text, newline=""))
    missing = [name for name in _NEEDED if name not in (rows.fieldnames or ())]
    if missing:
        raise ConfigError(f"{path} has no column {missing[0]!r}", f"it needs {', '.join(_NEEDED)}")
    titles: dict[str, str] = {}
    decisions: dict[str, list[Decision]] = {}
    crops: dict[str, list[MovedCrop]] = {}
    for number, cells in enumerate(rows, start=2):
        row = {name: _text(cells.get(name)) for name in COLUMNS}
        content_id = row["content_id"]
        titles.setdefault(content_id, row["title"])
        try:
            if row["canvas"]:
                crops.setdefault(content_id, []).append(_crop(row))
            else:
                decisions.setdefault(content_id, []).append(_decision(row))
        except (ValueError, ConfigError) as error:
            raise ConfigError(f"{path}, line {number}: {error}") from error
    return tuple(
        Decisions(title, key, tuple(decisions.get(key, ())), tuple(crops.get(key, ())))
        for key, title in titles.items()
    )


def _decision(row: dict[str, str]) -> Decision:
    return Decision(
        int(row["frame_id"]),
        row["label"],
        row["verdict"] or None,  # type: ignore[arg-type]  # checked when it is made
        int(row["stars"]) if row["stars"] else None,
        row["note"],
        row["by"],
        row["at"],
    )


def _crop(row: dict[str, str]) -> MovedCrop:
    edges = (float(row["x0"]), float(row["y0"]), float(row["x1"]), float(row["y1"]))
    return MovedCrop(int(row["frame_id"]), row["label"], row["canvas"], edges, row["by"], row["at"])
