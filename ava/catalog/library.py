"""All tables of a library as one database. The only owner of DuckDB."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from ava.catalog.shelf import require_library, title_folders
from ava.core.errors import ConfigError, StoreError
from ava.store.cast_files import read_cast
from ava.store.tables import rows_table
from ava.store.title_folder import RANKING, TITLE, read_json, read_ranking

_TITLE_OF = "regexp_extract(filename, '([^/]+)/[^/]+$', 1)"


@dataclass(frozen=True)
class Answer:
    """What a query gave.

    Attributes
    ----------
    columns : tuple of str
        Their names.
    rows : list of tuple
        In the order of the query.
    """

    columns: tuple[str, ...]
    rows: list[tuple[Any, ...]]

    def records(self) -> list[dict[str, Any]]:
        """A dictionary per row."""
        return [dict(zip(self.columns, row, strict=True)) for row in self.rows]


def query(library: Path, statement: str) -> Answer:
    """Ask a library in SQL.

    Every Parquet table of the title folders is a table here (``scores``, ``shots``, ``frames``,
    ``faces``, ``text``), with a column ``title``, the name of the folder; so are ``titles``,
    ``candidates`` and ``characters``, from their JSON files.

    Parameters
    ----------
    library : pathlib.Path
        The folder of title folders.
    statement : str
        SQL as DuckDB has it.

    Raises
    ------
    ConfigError
        When the statement cannot be run; the message is DuckDB's.
    StoreError
        When there is no library, or a table of it cannot be read.
    """
    with opened(library, statement) as database:
        try:
            result = database.execute(statement)
            columns = tuple(str(one[0]) for one in result.description or ())
            return Answer(columns, result.fetchall() if columns else [])
        except (duckdb.IOException, duckdb.InvalidInputException) as error:
            raise StoreError(_first_line(error), "see ava catalog verify") from error
        except duckdb.Error as error:
            tables = ", ".join(_tables(database))
            raise ConfigError(_first_line(error), f"tables are: {tables}") from error


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def _tables(database: duckdb.DuckDBPyConnection) -> list[str]:
    rows = database.execute(
        "select table_name from information_schema.tables "
        "where not starts_with(table_name, '_') order by 1"
    )
    return [str(row[0]) for row in rows.fetchall()]


@contextmanager
def opened(library: Path, statement: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """A database in memory over a library, with those tables from JSON that a statement names.

    Parameters
    ----------
    library : pathlib.Path
        The folder of title folders.
    statement : str
        What will be asked.
    """
    require_library(library)
    folders = [one for one in title_folders(library) if (one / TITLE).is_file()]
    files: dict[str, list[str]] = {}
    for folder in folders:
        for path in sorted(folder.glob("*.parquet")):
            files.setdefault(path.stem, []).append(str(path))
    with duckdb.connect() as database:
        for name, paths in sorted(files.items()):
            listed = ", ".join("'" + one.replace("'", "''") + "'" for one in paths)
            database.execute(
                f'create view "{name}" as select {_TITLE_OF} as title, * exclude (filename) '
                f"from read_parquet([{listed}], union_by_name = true, filename = true)"
            )
        for name, rows_of in _FROM_JSON.items():
            asked = re.search(rf"\b{name}\b", statement, re.IGNORECASE)
            rows = [row for folder in folders for row in rows_of(folder)] if asked else []
            if rows:
                database.register(f"_{name}", rows_table(rows))
                database.execute(f'create table "{name}" as select * from "_{name}"')
            else:
                empty = ", ".join(f'"{column}" {kind}' for column, kind in _EMPTY[name])
                database.execute(f'create table "{name}" ({empty})')
        yield database


def _titles(folder: Path) -> Iterable[dict[str, Any]]:
    facts = read_json(folder / TITLE)
    source = facts["source"]
    yield {
        "title": folder.name,
        "name": facts["title"],
        "path": facts["path"],
        "content_id": source["content_id"],
        "width_px": source["width_px"],
        "height_px": source["height_px"],
        "duration_seconds": facts["scanned_seconds"],
        "n_frames": facts["n_frames"],
        "n_shots": facts["n_shots"],
        "software": facts["software"],
        "problems": "; ".join(facts["problems"]),
    }


def _candidates(folder: Path) -> Iterable[dict[str, Any]]:
    if not (folder / RANKING).is_file():
        return
    for one in read_ranking(folder).candidates:
        yield {
            "title": folder.name,
            "rank": one.rank,
            "frame_id": one.frame_id,
            "pts_seconds": one.pts_seconds,
            "label": one.label,
            "shot_index": one.shot_index,
            "utility": one.utility,
            "reasons": " ".join(one.reasons),
        }


def _characters(folder: Path) -> Iterable[dict[str, Any]]:
    """A row per character and frame."""
    for one in read_cast(folder)["characters"]:
        for face in one["faces"]:
            yield {
                "title": folder.name,
                "character": one["key"],
                "name": one["name"],
                "role": one["role"],
                "screen_share": one["screen_share"],
                "frame_id": face["frame_id"],
            }


_FROM_JSON: dict[str, Callable[[Path], Iterable[dict[str, Any]]]] = {
    "titles": _titles,
    "candidates": _candidates,
    "characters": _characters,
}
_EMPTY: dict[str, Sequence[tuple[str, str]]] = {
    "titles": (("title", "varchar"), ("name", "varchar"), ("path", "varchar")),
    "candidates": (("title", "varchar"), ("rank", "bigint"), ("frame_id", "bigint")),
    "characters": (("title", "varchar"), ("name", "varchar"), ("frame_id", "bigint")),
}
