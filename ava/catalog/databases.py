"""Titles as rows of a table in a database or warehouse."""

from __future__ import annotations

import re
from typing import Any

from ava.store.databases import connected, named_table

TABLE = "titles"


def database_rows(url: str, rows: str) -> list[dict[str, Any]]:
    """Read a table, or what a SELECT gives.

    Parameters
    ----------
    url : str
        See `ava.store.databases.connected`.
    rows : str
        A table's name, ``schema.table``, or a SELECT.

    Raises
    ------
    ConfigError
        When the database or the table cannot be read.
    """
    with connected(url, "check the address, and --rows: a table, or a SELECT") as connection:
        if re.match(r"\s*(select|with)\b", rows, re.IGNORECASE):
            cursor = connection.raw_sql(rows.strip().rstrip(";"))
            names = [str(one[0]) for one in cursor.description]
            return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
        table: list[dict[str, Any]] = named_table(connection, rows).to_pyarrow().to_pylist()
        return table
