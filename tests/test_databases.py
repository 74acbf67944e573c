"""Catalogs in databases: DuckDB as a file, PostgreSQL as a server that the test starts."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from ava.catalog.titles import read_catalog
from ava.core.errors import ConfigError
from ava.store.databases import without_password
from tests.servers import postgres_server
from tests.test_pipeline import run

CREATE = (
    "create table titles (title_id varchar(20), path varchar(99), season int, spoiler_safe float)"
)
ROWS = "insert into titles values ('One', 'one.mp4', 1, 0.75), ('Two', '/f/two.mp4', 2, null), ('', 'x', 3, null)"


@pytest.fixture
def duckdb_url(tmp_path: Path) -> str:
    path = tmp_path / "films.ddb"
    with duckdb.connect(str(path)) as database:
        database.execute(CREATE)
        database.execute(ROWS)
    return f"duckdb://{path}"


def check_rows(url: str) -> None:
    catalog = read_catalog(url)
    assert [(one.title_id, str(one.path)) for one in catalog.titles] == [
        ("One", "one.mp4"),
        ("Two", "/f/two.mp4"),
    ]
    assert [one.spoiler_safe for one in catalog.titles] == [0.75, None]
    assert catalog.titles[1].about == {"season": "2"}
    assert [(one.line, one.message) for one in catalog.problems] == [(3, "title_id is missing")]
    chosen = read_catalog(url, rows="select * from titles where season = 2;")
    assert [one.title_id for one in chosen.titles] == ["Two"]
    with pytest.raises(ConfigError, match=r"cannot be read: .*nothing"):
        read_catalog(url, rows="nothing")
    with pytest.raises(ConfigError, match=r"cannot be read: .*nope"):
        read_catalog(url, rows="select nope from titles")
    with pytest.raises(ConfigError, match="no column path"):
        read_catalog(url, rows="select title_id from titles")
    with pytest.raises(ConfigError, match="names no titles"):
        read_catalog(url, rows="select * from titles where season = 9")


def test_a_table_in_duckdb(duckdb_url: str) -> None:
    check_rows(duckdb_url)


def test_a_database_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be read"):
        read_catalog(f"duckdb://{tmp_path}/none.ddb")
    assert not (tmp_path / "none.ddb").exists()
    with pytest.raises(ConfigError, match="cannot be read"):
        read_catalog("nosuch://host/db")
    assert without_password("postgres://me:secret@host/db") == "postgres://me:…@host/db"


def test_the_command_takes_an_address(duckdb_url: str) -> None:
    done = run("catalog", "check", duckdb_url, "--rows", "select * from titles where season > 2")
    assert done.returncode == 6
    assert "title_id is missing" in done.stdout
    done = run("batch", duckdb_url, "--plan", "--rows", "select * from titles where season = 2")
    assert done.returncode == 0
    assert "0 of 1 titles are left to do, 1 cannot be done" in done.stdout


@pytest.fixture(scope="module")
def postgres_url() -> Iterator[str]:
    yield from postgres_server()


def test_a_table_in_postgresql(postgres_url: str) -> None:
    import psycopg

    with psycopg.connect(postgres_url) as database:
        database.execute(CREATE)
        database.execute(ROWS)
    check_rows(postgres_url)
    schema = read_catalog(postgres_url, rows="public.titles")
    assert schema.name.endswith("/postgres")
    assert "secret" not in schema.name
