"""Events of viewers, read and checked. Together with `ava.taste.viewers` the owner of DuckDB and Ibis.

A row per thing that happened: an impression, and where they followed, a play and a quality play
with the same profile, title, variant and `shown_at` (when the artwork was shown, not when play was
pressed). Needed are ``profile_id, title_id, variant_id, shown_at, action, propensity``; a play
needs no propensity. Other columns may be there.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ava.core.errors import EventsError
from ava.taste.decisions import Decisions, Variants

REQUIRED = ("profile_id", "title_id", "variant_id", "shown_at", "action", "propensity")
ACTIONS = ("impression", "play", "quality_play")
_N_LINES_SHOWN = 5
_SALT_BYTES = 16


@dataclass(frozen=True)
class Problem:
    """Rows that cannot be used: why, how many, and the first lines (the header is line 1 of CSV)."""

    what: str
    count: int
    lines: tuple[int, ...]

    def __str__(self) -> str:
        where = ", ".join(map(str, self.lines)) + (" …" if self.count > len(self.lines) else "")
        unit = "line" if self.count == 1 else "lines"
        return f"{self.what}: {self.count:,} ({unit} {where})"


# What makes a row unusable, the first that holds; `{known}` is the table of variants.
_CHECKS = (
    (
        "a required value is missing",
        "nullif(trim(coalesce(profile_id, '')), '') is null or"
        " nullif(trim(coalesce(title_id, '')), '') is null or"
        " nullif(trim(coalesce(variant_id, '')), '') is null",
    ),
    ("shown_at is no time", "shown is null"),
    ("shown_at lies in the future", "shown > $now"),
    (
        f"action is none of {', '.join(ACTIONS)}",
        "action is null or action not in ('impression', 'play', 'quality_play')",
    ),
    (
        "propensity of an impression is missing or no number",
        "action = 'impression' and (chance is null or isnan(chance))",
    ),
    (
        "propensity is not above 0 and at most 1",
        "chance is not null and (chance <= 0 or chance > 1)",
    ),
    (
        "the variant is not known, or is of another title",
        "not exists (select 1 from known where known.variant_id = rows.variant_id"
        " and known.title_id = rows.title_id)",
    ),
)


class Events:
    """Checked events in an embedded DuckDB.

    Attributes
    ----------
    backend : ibis.backends.duckdb.Backend
        Holds the table ``events`` with the columns above, `shown_at` in UTC without a zone.
    problems : tuple of Problem
        What was left out.
    """

    def __init__(self, backend: Any, problems: tuple[Problem, ...]) -> None:
        self.backend = backend
        self.problems = problems

    @property
    def table(self) -> Any:
        """The events as an Ibis table."""
        return self.backend.table("events")

    def decisions(self, variants: Variants) -> Decisions:
        """A row per impression, in order of time, with what came of it."""
        connection = self.backend.con
        with _duckdb_errors("the events"):
            profiles = connection.execute(
                "select profile_id from events group by 1 order by 1"
            ).fetchnumpy()["profile_id"]
            connection.execute(
                "create or replace temp table numbered as"
                " select profile_id, row_number() over (order by profile_id) - 1 as place"
                " from (select distinct profile_id from events)"
            )
            rows = connection.execute(
                "select any_value(n.place) as profile, any_value(k.place) as variant,"
                " epoch_us(e.shown_at) / 86400e6 as day,"
                " bool_or(action = 'quality_play')::double as reward,"
                " bool_or(action <> 'impression') as played,"
                " max(case when action = 'impression' then propensity end) as propensity"
                " from events e join numbered n using (profile_id) join known k using (variant_id)"
                " group by e.profile_id, e.variant_id, e.shown_at order by 3, 1, 2"
            ).fetchnumpy()
        return Decisions(
            tuple(map(str, profiles)),
            np.asarray(rows["profile"], np.int64),
            np.asarray(rows["variant"], np.int64),
            np.asarray(rows["day"], np.float64),
            np.asarray(rows["reward"], np.float64),
            np.asarray(rows["played"], np.bool_),
            np.asarray(rows["propensity"], np.float64),
        )

    def __len__(self) -> int:
        return int(self.backend.con.execute("select count(*) from events").fetchone()[0])


def read_events(
    path: Path,
    variants: Variants,
    *,
    lenient: bool = False,
    salt: bytes | None = None,
    now: datetime | None = None,
) -> Events:
    """Read and check events.

    Parameters
    ----------
    path : pathlib.Path
        ``.parquet``, ``.csv``, or ``.jsonl``/``.ndjson``.
    variants : Variants
        What can have been shown.
    lenient : bool
        Go on with the good rows where others are not.
    salt : bytes, optional
        Replace profile ids by their HMAC-SHA256 under this salt, before anything else is done.
    now : datetime.datetime, optional
        Later events lie in the future; the present moment by default.

    Raises
    ------
    EventsError
        When the file cannot be read, a column is missing, or rows are unusable and `lenient` is
        not set; the message counts them and names the first lines.
    """
    import ibis

    if not path.is_file():
        raise EventsError(f"{path} is not there", "name a file of events: Parquet, CSV or JSONL")
    now = now or datetime.now(UTC)
    with _duckdb_errors(str(path)):
        backend = ibis.duckdb.connect()
        connection = backend.con
        connection.execute("set timezone = 'UTC'; set enable_progress_bar = false")
        first_line = _load(connection, path)
        _put_known(connection, variants)
        if salt is not None:
            _pseudonymize(connection, salt)
        problems = _check(connection, now, first_line)
    if problems and not lenient:
        raise EventsError(
            f"{path}: " + "; ".join(map(str, problems)),
            "mend the rows, or go on without them with --lenient",
        )
    events = Events(backend, problems)
    if not len(events):
        raise EventsError(f"{path} holds no usable event", "see what was left out")
    return events


def new_salt() -> bytes:
    """Random bytes to pseudonymize with; who keeps them can link later events to these."""
    import secrets

    return secrets.token_bytes(_SALT_BYTES)


@contextmanager
def _duckdb_errors(what: str) -> Iterator[None]:
    """The border to DuckDB: its errors become `EventsError`."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise EventsError(f"{what} cannot be read: {first_line}", "see docs/taste.md") from error


def _load(connection: Any, path: Path) -> int:
    """Every row as text into ``raw``, numbered by line; returns the line of the first row."""
    reader, first_line = _reader(path)
    given = {
        str(row[0]) for row in connection.execute(f"describe select * from {reader}").fetchall()
    }
    missing = [name for name in REQUIRED if name not in given]
    if missing:
        raise EventsError(
            f"{path} has no column {', '.join(missing)}",
            f"events need {', '.join(REQUIRED)}",
        )
    columns = ", ".join(name for name in REQUIRED if name not in ("shown_at", "propensity"))
    connection.execute(
        f"create temp table raw as select row_number() over () + {first_line - 1} as line,"
        f" {columns.replace('profile_id', 'profile_id::varchar as profile_id', 1)},"
        " try_cast(shown_at as timestamptz)::timestamp as shown,"
        " try_cast(propensity as double) as chance,"
        " propensity is not null as has_propensity"
        f" from {reader}"
    )
    connection.execute(
        "alter table raw alter title_id type varchar; alter table raw alter variant_id type varchar;"
        " alter table raw alter action type varchar"
    )
    return first_line


def _reader(path: Path) -> tuple[str, int]:
    name = "'" + str(path).replace("'", "''") + "'"
    kind = path.suffix.lower()
    if kind == ".parquet":
        return f"read_parquet({name})", 1
    if kind == ".csv":
        return f"read_csv({name}, all_varchar=true, header=true)", 2
    if kind in (".jsonl", ".ndjson"):
        return f"read_json({name}, format='newline_delimited')", 1
    raise EventsError(f"{path} is of no kind that is read", "name it .parquet, .csv or .jsonl")


def _put_known(connection: Any, variants: Variants) -> None:
    connection.execute(
        "create temp table known (variant_id varchar, title_id varchar, place bigint)"
    )
    columns = [list(variants.variant_ids), list(variants.title_ids), list(range(len(variants)))]
    connection.execute(
        "insert into known select unnest($1::varchar[]), unnest($2::varchar[]), unnest($3::bigint[])",
        columns,
    )


def _pseudonymize(connection: Any, salt: bytes) -> None:
    ids = connection.execute("select distinct profile_id from raw where profile_id is not null")
    names = [row[0] for row in ids.fetchall()]
    hashed = [hmac.new(salt, one.encode(), hashlib.sha256).hexdigest()[:32] for one in names]
    connection.execute(
        "create temp table hashed as select unnest($1::varchar[]) as plain,"
        " unnest($2::varchar[]) as hash",
        [names, hashed],
    )
    connection.execute(
        "update raw set profile_id = hashed.hash from hashed where raw.profile_id = hashed.plain"
    )
    connection.execute("drop table hashed")


def _check(connection: Any, now: datetime, first_line: int) -> tuple[Problem, ...]:
    """Make ``events`` of the rows that pass, and say what does not."""
    cases = " ".join(f"when {rule} then {at}" for at, (_, rule) in enumerate(_CHECKS))
    naive = now.astimezone(UTC).replace(tzinfo=None)
    connection.execute(
        f"create temp table judged as select *, case {cases} end as wrong from raw as rows",
        {"now": naive},
    )
    n_checks = len(_CHECKS)
    key = "profile_id, title_id, variant_id, shown"
    connection.execute(
        f"create temp table twice as select line from (select line, row_number() over"
        f" (partition by {key}, action order by line) as nth from judged where wrong is null)"
        " where nth > 1"
    )
    connection.execute(
        f"update judged set wrong = {n_checks} where line in (select line from twice)"
    )
    connection.execute(
        f"create temp table shown_ones as select distinct {key} from judged"
        " where action = 'impression' and wrong is null"
    )
    connection.execute(
        f"create temp table orphans as select line from judged anti join shown_ones using ({key})"
        " where action <> 'impression' and wrong is null"
    )
    connection.execute(
        f"update judged set wrong = {n_checks + 1} where line in (select line from orphans)"
    )
    connection.execute(
        "create table events as select profile_id, title_id, variant_id, shown as shown_at, action,"
        " chance as propensity from judged where wrong is null order by line"
    )
    whats = [what for what, _ in _CHECKS] + [
        "the event is there twice",
        "a play without impression",
    ]
    counted = connection.execute(
        f"select wrong, count(*), list_sort(list(line))[1:{_N_LINES_SHOWN}] from judged"
        " where wrong is not null group by 1 order by 1"
    ).fetchall()
    for name in ("raw", "judged", "twice", "shown_ones", "orphans"):
        connection.execute(f"drop table {name}")
    return tuple(Problem(whats[wrong], count, tuple(lines)) for wrong, count, lines in counted)
