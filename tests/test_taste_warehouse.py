"""Events in a database: the same answers as from a file, and the SQL that other stores get."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import ibis
import numpy as np
import pytest
import sqlglot

from ava.core.errors import EventsError
from ava.store.tables import read_table, write_table
from ava.taste import checking
from ava.taste.events import read_events
from ava.taste.simulating import simulate
from ava.taste.simulator import SimulationSettings, World, draw_traffic, event_columns, make_world
from ava.taste.study import SIMULATED
from ava.taste.viewers import fetch_plays, play_weights
from ava.taste.warehouse import as_events, opened_events
from tests.servers import postgres_server
from tests.test_taste_events import BAD, GOOD, HEAD, NOW, VARIANTS, write
from tests.test_taste_study import ava_taste

SNAPSHOTS = Path(__file__).parent / "snapshots"
UNTIL = datetime(2026, 3, 15, tzinfo=UTC)
CREATE = (
    "create table {} (profile_id varchar, title_id varchar, variant_id varchar,"
    " shown_at timestamptz, action varchar, propensity double precision, country varchar)"
)
# What a table with columns of their kind cannot hold.
UNTYPED = "yesterday"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    yield from postgres_server()


@pytest.fixture(scope="module")
def world() -> World:
    return make_world(SimulationSettings(n_profiles=60, n_titles=4, n_impressions=30))


def copy_rows(url: str, table: str, rows: str) -> None:
    import psycopg

    with psycopg.connect(url) as database:
        database.execute(CREATE.format(table))
        with database.cursor().copy(
            f"copy {table} (profile_id, title_id, variant_id, shown_at, action, propensity)"
            " from stdin (format csv)"
        ) as copy:
            copy.write(rows)


def copy_columns(url: str, table: str, columns: dict[str, object]) -> None:
    names = HEAD.strip().split(",")
    rows = zip(*(np.asarray(columns[name], object).tolist() for name in names), strict=True)
    lines = (",".join("" if one is None or one != one else str(one) for one in row) for row in rows)
    copy_rows(url, table, "".join(line + "\n" for line in lines))


def test_a_database_says_what_a_file_says(url: str, world: World, tmp_path: Path) -> None:
    columns = event_columns(draw_traffic(world, 0), world.variants, 0)
    write_table(tmp_path / "e.parquet", columns)
    names = HEAD.strip().split(",")
    table = zip(*(np.asarray(columns[name], object).tolist() for name in names), strict=True)
    text = "".join(",".join("" if one is None else str(one) for one in row) + "\n" for row in table)
    copy_rows(url, "watched", text)
    filed = read_events(tmp_path / "e.parquet", world.variants, now=NOW)
    with opened_events(url, world.variants, table="public.watched", now=NOW) as stored:
        assert len(stored) == len(filed)
        one, other = (events.decisions(world.variants) for events in (stored, filed))
        for name in ("profile_ids", "profile", "variant", "shown_days", "reward", "played"):
            assert np.array_equal(getattr(one, name), getattr(other, name)), name
        assert one.propensity == pytest.approx(other.propensity)
        a, b = (
            fetch_plays(play_weights(events.impressions, UNTIL), world.variants)
            for events in (stored, filed)
        )
        assert a.profile_ids == b.profile_ids
        assert np.array_equal(a.variant, b.variant)
        assert a.weight == pytest.approx(b.weight, rel=1e-9)
        assert a.shown == pytest.approx(b.shown, rel=1e-9)
        few = stored.decisions(world.variants, 15, seed=3)
        again = stored.decisions(world.variants, 15, seed=3)
    assert len(few.profile_ids) == 60  # all are known, of fifteen there are impressions
    assert len(np.unique(few.profile)) == 15
    assert np.array_equal(few.profile, again.profile)
    drawn = np.isin(other.profile, few.profile)
    assert few.reward.sum() == other.reward[drawn].sum()


def test_what_is_wrong_is_counted_there(url: str, tmp_path: Path) -> None:
    rows = GOOD + "".join(one for one in BAD if UNTYPED not in one)
    copy_rows(url, "torn", rows)
    filed = read_events(write(tmp_path / "e.csv", rows), VARIANTS, lenient=True, now=NOW)
    with (
        pytest.raises(EventsError, match="shown_at lies in the future: 1;") as caught,
        opened_events(url, VARIANTS, table="torn", now=NOW),
    ):
        pass
    assert "secret" not in caught.value.message
    with opened_events(
        url, VARIANTS, table="torn", lenient=True, salt=b"s" * 16, now=NOW
    ) as events:
        counts = [(one.what, one.count) for one in events.problems]
        assert counts == [(one.what, one.count) for one in filed.problems]
        assert len(events) == len(filed) == 4
        hashed = events.decisions(VARIANTS).profile_ids
        plays = fetch_plays(play_weights(events.impressions, UNTIL), VARIANTS, events.salt)
    assert not {"ann", "bo"} & set(hashed)
    assert set(plays.profile_ids) <= set(hashed)


def test_tables_that_will_not_do(url: str) -> None:
    import psycopg

    with psycopg.connect(url) as database:
        database.execute("create table half (profile_id varchar, title_id varchar)")
        database.execute(CREATE.format("texts").replace("timestamptz", "varchar"))
    for table, said in (
        ("half", "has no column variant_id, shown_at, action, propensity"),
        ("texts", "shown_at is a column of string"),
        ("nothing", "cannot be read: TableNotFound"),
    ):
        with (
            pytest.raises(EventsError, match=said),
            opened_events(url, VARIANTS, table=table),
        ):
            pass


def compiled(dialect: str) -> str:
    """All queries of a fit, as a store of this kind gets them."""
    kinds = {
        "profile_id": "string", "title_id": "string", "variant_id": "string",
        "shown_at": "timestamp", "action": "string", "propensity": "float64",
    }  # fmt: skip
    rows = checking.judged(as_events(ibis.table(kinds, name="events"), "events"), VARIANTS, NOW)
    groups = checking.moments(rows)
    shown = checking.impressions(groups, dialect)
    queries = {
        "how many rows have which fault": checking.faults(rows),
        "how many are there twice, stand alone, and can be used": checking.summary(groups),
        "what every profile was shown and played of every variant": play_weights(shown, UNTIL),
        "impressions of some profiles": shown.filter(shown.profile_id.isin(["ann", "bo"])),
    }
    # Ibis compiles Spark SQL offline as Databricks only; sqlglot knows what sets the two apart.
    spark = dialect == "spark"
    parts = []
    for about, query in queries.items():
        sql = str(ibis.to_sql(query, dialect="databricks" if spark else dialect))
        if spark:
            sql = sqlglot.transpile(sql, read="databricks", write="spark", pretty=True)[0]
        parts.append(f"-- {about}\n{sql};\n")
    return "\n".join(parts)


@pytest.mark.parametrize("dialect", ["druid", "trino", "spark"])
def test_the_sql_of_other_stores(dialect: str) -> None:
    """What cannot be run here is kept as text, so that a change is seen."""
    sql = compiled(dialect)
    path = SNAPSHOTS / f"taste_{dialect}.sql"
    assert sql == path.read_text("utf-8"), f"look at the change, then write it to {path}"
    assert "EPOCH(" not in sql  # Druid has no such function


@pytest.mark.slow
def test_a_study_of_a_database_is_that_of_the_file(url: str, tmp_path: Path) -> None:
    settings = SimulationSettings(n_profiles=150, n_titles=3, n_impressions=80, taste=3.0)
    simulate(tmp_path, settings)
    columns = read_table(tmp_path / SIMULATED / "events.parquet")
    copy_columns(url, "study", columns)
    artwork = str(tmp_path / SIMULATED / "artwork")
    found = []
    for where in (["--events", url, "--table", "study"], []):
        done = ava_taste("fit", str(tmp_path), "--artwork", artwork, *where)
        assert done.returncode == 0, done.stderr
        groups = json.loads((tmp_path / "fit" / "groups.json").read_text("utf-8"))
        found.append((groups["names"], groups["sizes"], groups["verdict"]))
    assert found[0] == found[1]
    assert "secret" not in (tmp_path / "fit" / "groups.json").read_text("utf-8")
