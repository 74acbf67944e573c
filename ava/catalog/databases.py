"""Rows of a table in a database or warehouse. The only owner of ibis."""

from __future__ import annotations

import re
from typing import Any

from ava.core.errors import ConfigError

TABLE = "titles"


def is_database(where: str) -> bool:
    """Whether it is the address of a database, such as ``postgres://host/db``."""
    return re.match(r"[a-z][a-z0-9+]*://", where) is not None


def without_password(url: str) -> str:
    """An address that may be shown."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", url)


def database_rows(url: str, rows: str) -> list[dict[str, Any]]:
    """Read a table, or what a SELECT gives.

    Parameters
    ----------
    url : str
        ``duckdb:///films.ddb``, ``postgres://user:password@host/db``, or whatever else
        ``ibis.connect`` knows: MySQL, Trino, Redshift (as PostgreSQL), Druid and more, each with
        its own extra of ibis-framework.
    rows : str
        A table's name, ``schema.table``, or a SELECT.

    Raises
    ------
    ConfigError
        When ibis is not installed, or the database or the table cannot be read.
    """
    try:
        import ibis
    except ImportError as error:
        raise ConfigError(
            "catalogs in databases need ibis-framework",
            "pip install 'ava-artwork[database]', and the extra of ibis-framework for the store",
        ) from error
    shown = without_password(url)
    # DuckDB would make a file that is not there, and lock one that another program reads.
    options: dict[str, Any] = {"read_only": True} if url.startswith("duckdb:") else {}
    try:
        connection: Any = ibis.connect(url, **options)
        try:
            found = _rows(connection, rows)
        finally:
            connection.disconnect()
    except Exception as error:  # every store has errors of its own
        said = without_password(str(error).strip().splitlines()[0] if str(error) else "")
        raise ConfigError(
            f"{shown} cannot be read: {type(error).__name__}: {said}",
            "check the address, and --rows: a table, or a SELECT",
        ) from error
    return found


def _rows(connection: Any, rows: str) -> list[dict[str, Any]]:
    if re.match(r"\s*(select|with)\b", rows, re.IGNORECASE):
        cursor = connection.raw_sql(rows.strip().rstrip(";"))
        names = [str(one[0]) for one in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    schema, _, name = rows.rpartition(".")
    table: list[dict[str, Any]] = (
        connection.table(name, database=schema or None).to_pyarrow().to_pylist()
    )
    return table
