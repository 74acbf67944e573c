"""Databases and warehouses, by their address. Ibis speaks to every one of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from ava.core.errors import AvaError, ConfigError


def is_database(where: str) -> bool:
    """Whether it is the address of a database, such as ``postgres://host/db``."""
    return re.match(r"[a-z][a-z0-9+]*://", where) is not None


def without_password(url: str) -> str:
    """An address that may be shown."""
    return re.sub(r"(://[^:/@]*):[^@]*@", r"\1:…@", url)


def named_table(connection: Any, name: str) -> Any:
    """A table or view as an Ibis table, called ``table`` or ``schema.table``."""
    schema, _, table = name.rpartition(".")
    return connection.table(table, database=schema or None)


@contextmanager
def connected(url: str, hint: str, error: type[AvaError] = ConfigError) -> Iterator[Any]:
    """A connection until the block ends, and the border to the store: its errors become ours.

    Parameters
    ----------
    url : str
        ``duckdb:///films.ddb``, ``postgres://user:password@host/db``, or whatever else
        ``ibis.connect`` knows: MySQL, Trino, Redshift (as PostgreSQL), Druid and more, each with
        its own extra of ibis-framework. Passwords are never shown.
    hint : str
        What to do when something cannot be read.
    error : type
        What is raised.

    Raises
    ------
    AvaError
        Of the type asked for, when the store cannot be reached or anything read from it fails.
    """
    import ibis

    # DuckDB would make a file that is not there, and lock one that another program reads.
    options: dict[str, Any] = {"read_only": True} if url.startswith("duckdb:") else {}
    try:
        connection: Any = ibis.connect(url, **options)
        try:
            yield connection
        finally:
            connection.disconnect()
    except AvaError:
        raise
    except Exception as foreign:  # every store has errors of its own
        said = without_password((str(foreign).strip().splitlines() or [""])[0])
        raise error(
            f"{without_password(url)} cannot be read: {type(foreign).__name__}: {said}", hint
        ) from foreign
