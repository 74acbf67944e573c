"""A catalog: a table with a row for every title."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ava.catalog.databases import TABLE, database_rows
from ava.catalog.seasons import seasons_in
from ava.core.errors import AvaError, ConfigError, StoreError
from ava.core.file_names import file_safe
from ava.ranking.genre import require_profile
from ava.settings import Settings, updated
from ava.source.remote import RemotePath, SourcePath, located
from ava.store.databases import is_database, without_password
from ava.store.tables import read_rows

REQUIRED = ("title_id", "path")
_KINDS = (".csv", ".jsonl", ".ndjson", ".parquet")


@dataclass(frozen=True)
class CatalogTitle:
    """One row of a catalog.

    Attributes
    ----------
    title_id : str
        What the title is called, and its folder in the library; unique.
    path : pathlib.Path or RemotePath
        A video file, on a disk or at an address, a picture, or a folder of pictures.
    line : int
        Where it stands in the catalog, counted from 1 as an editor does (a row, in tables).
    profile : str
        Its own weights; empty for those of the settings.
    spoiler_safe : float or None
        Its own share after which nothing is taken, 0..1.
    about : mapping of str to str
        The other columns. They decide nothing but which titles make a season.
    episodes : tuple of CatalogTitle
        Of a season, its titles in their order; it has no film of its own.
    """

    title_id: str
    path: SourcePath
    line: int
    profile: str = ""
    spoiler_safe: float | None = None
    about: Mapping[str, str] = field(default_factory=dict)
    episodes: tuple[CatalogTitle, ...] = ()

    @property
    def folder_names(self) -> tuple[str, ...]:
        """Folders that are written when it is worked on: of a season those of its episodes, too."""
        return (*(one.folder_name for one in self.episodes), self.folder_name)

    @property
    def folder_name(self) -> str:
        """Name of its folder in a library."""
        return file_safe(self.title_id)

    def settings(self, common: Settings, content_id: str) -> Settings:
        """Its own settings: what the catalog says goes before the file of settings.

        Parameters
        ----------
        common : Settings
            Those of the whole run.
        content_id : str
            Fingerprint of its source.

        Raises
        ------
        ConfigError
            When a value of its row is wrong.
        """
        own = common.for_title(self.title_id, content_id)
        if own is common:
            own = common.for_title(self.path.stem, content_id)
        ranking: dict[str, Any] = {}
        if self.profile:
            ranking["profile"] = self.profile
        if self.spoiler_safe is not None:
            ranking["gates"] = {"spoiler_safe": self.spoiler_safe}
        changes = {"titles": {}, "ranking": ranking} if ranking else {}
        return updated(own, changes, f"line {self.line}") if changes else own


@dataclass(frozen=True)
class CatalogProblem:
    """What is wrong with a row.

    Attributes
    ----------
    line : int
        Where it stands.
    title_id : str
        Which title it is; empty where the row does not say.
    message : str
        What is wrong, in one line.
    """

    line: int
    title_id: str
    message: str


@dataclass(frozen=True)
class Catalog:
    """All titles of a catalog that can be worked on, and the rows that cannot.

    Attributes
    ----------
    name : str
        Where it was read: a file, or the address of a database without its password.
    titles : tuple of CatalogTitle
        In the order of the catalog; no two have the same name or folder.
    problems : tuple of CatalogProblem
        In the same order.
    seasons : tuple of CatalogTitle
        Those that its titles make.
    """

    name: str
    titles: tuple[CatalogTitle, ...]
    problems: tuple[CatalogProblem, ...]
    seasons: tuple[CatalogTitle, ...] = ()


def read_catalog(where: Path | str, settings: Settings | None = None, rows: str = TABLE) -> Catalog:
    """Read a CSV, JSON Lines or Parquet file, or a table of a database.

    It has the columns ``title_id`` and ``path``.

    ``profile`` and ``spoiler_safe`` change the settings of a title; ``series``, ``season`` and
    ``episode`` say which make a season together; any other column is carried along. A relative path counts from the folder of the catalog; in a database from the working one.

    Parameters
    ----------
    where : pathlib.Path or str
        The file, whose ending says which kind it is, or an address such as ``duckdb:///films.ddb``.
    settings : Settings, optional
        Those of the run, which values of the rows are checked with.
    rows : str
        Of a database: the table, or a SELECT.

    Raises
    ------
    ConfigError
        When it cannot be read at all, has no such columns, or no rows.
    """
    titles: list[CatalogTitle] = []
    problems: list[CatalogProblem] = []
    folders: dict[str, CatalogTitle] = {}
    if is_database(str(where)):
        name, beside = without_password(str(where)), Path()
        found = _database_rows(str(where), rows)
    else:
        name, beside = str(where), Path(where).parent
        found = _rows(Path(where))
    for line, row in found:
        title_id = "" if isinstance(row, str) else _text(row.get("title_id"))
        try:
            if isinstance(row, str):
                raise ConfigError(row)
            title = _title(row, line, beside)
            title.settings(settings or Settings(), "")
            if title.profile:
                require_profile(title.profile)
            earlier = folders.get(title.folder_name.lower())
            if earlier is not None:
                same = "title_id" if earlier.title_id == title.title_id else "folder name"
                raise ConfigError(f"the {same} of line {earlier.line} again")
        except AvaError as error:
            problems.append(CatalogProblem(line, title_id, error.message))
            continue
        folders[title.folder_name.lower()] = title
        titles.append(title)
    if not titles and not problems:
        raise ConfigError(f"{name} names no titles", "it needs a row for every title")
    seasons = []
    for called, members in seasons_in([one.about for one in titles]):
        episodes = tuple(titles[at] for at in members)
        season = CatalogTitle(called, Path(), episodes[0].line, episodes=episodes)
        holder = folders.setdefault(season.folder_name.lower(), season)
        if holder is not season:
            message = f"the season {called} would have the folder of line {holder.line}"
            problems.append(CatalogProblem(season.line, called, message))
            continue
        seasons.append(season)
    return Catalog(name, tuple(titles), tuple(problems), tuple(seasons))


def _title(row: Mapping[str, Any], line: int, beside: Path) -> CatalogTitle:
    for name in REQUIRED:
        if not _text(row.get(name)):
            raise ConfigError(f"{name} is missing")
    spoiler_safe = _text(row.get("spoiler_safe"))
    try:
        share = float(spoiler_safe) if spoiler_safe else None
    except ValueError:
        raise ConfigError(f"spoiler_safe must be a number, not {spoiler_safe!r}") from None
    about = {
        str(name): _text(value)
        for name, value in row.items()
        if name not in (*REQUIRED, "profile", "spoiler_safe") and _text(value)
    }
    film = located(_text(row["path"]))
    where = film if isinstance(film, RemotePath) else beside / film.expanduser()
    profile = _text(row.get("profile"))
    return CatalogTitle(_text(row["title_id"]), where, line, profile, share, about)


def _text(value: Any) -> str:
    return "" if value is None else str(value).strip()


def _rows(path: Path) -> Iterator[tuple[int, dict[str, Any] | str]]:
    """Rows with their line; of one that cannot be read, what is wrong with it."""
    kind = path.suffix.lower()
    if kind not in _KINDS:
        raise ConfigError(
            f"{path} is not a catalog by its ending", f"known are: {', '.join(_KINDS)}"
        )
    if kind == ".parquet":
        try:
            rows = read_rows(path)
        except StoreError as error:
            raise ConfigError(error.message, error.hint) from error
        _require_columns(path, rows[0] if rows else ())
        yield from enumerate(rows, start=1)
        return
    try:
        text = path.read_text("utf-8-sig")
    except OSError as error:
        raise ConfigError(f"{path} cannot be read: {error.strerror}", "check the path") from error
    except UnicodeDecodeError as error:
        raise ConfigError(f"{path} is not UTF-8: {error}", "save it as UTF-8") from error
    yield from _csv_rows(path, text) if kind == ".csv" else _json_rows(text)


def _database_rows(url: str, rows: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    found = database_rows(url, rows)
    _require_columns(without_password(url), found[0] if found else REQUIRED)
    yield from enumerate(found, start=1)


def _csv_rows(path: Path, text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    reader = csv.reader(text.splitlines(keepends=True), strict=True)
    names: list[str] = []
    line = 1
    while True:
        try:
            row = next(reader)
        except StopIteration:
            break
        except csv.Error as error:
            yield line, f"not valid CSV: {error}"
            line = reader.line_num + 1
            continue
        if not names:
            names = [name.strip() for name in row]
            _require_columns(path, names)
        elif len(row) > len(names):
            yield line, f"{len(row)} values for {len(names)} columns"
        elif any(value.strip() for value in row):
            yield line, dict(zip(names, row, strict=False))
        line = reader.line_num + 1
    if not names:
        _require_columns(path, names)


def _require_columns(path: Path | str, names: Any) -> None:
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise ConfigError(
            f"{path} has no column {' and no column '.join(missing)}",
            f"its first line must name the columns, {' and '.join(REQUIRED)} among them",
        )


def _json_rows(text: str) -> Iterator[tuple[int, dict[str, Any] | str]]:
    for line, words in enumerate(text.split("\n"), start=1):
        if not words.strip():
            continue
        try:
            row = json.loads(words)
        except ValueError as error:
            yield line, f"not valid JSON: {error}"
            continue
        yield line, row if isinstance(row, dict) else "not a JSON object"
