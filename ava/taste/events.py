"""Events of viewers, read and checked. Together with its neighbors the owner of DuckDB and Ibis.

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
from ava.taste import checking
from ava.taste.checking import FAULTS, ORPHAN, REQUIRED, TWICE, Problem
from ava.taste.decisions import Decisions, Places, Variants

_N_LINES_SHOWN = 5
_SALT_BYTES = 16
_KEY = "profile_id, variant_id, shown_at"


@dataclass(frozen=True)
class Events:
    """Checked events, in a store.

    Attributes
    ----------
    impressions : ibis.Table
        See `ava.taste.checking.impressions`.
    n_events : int
        Events behind them: impressions, plays and quality plays.
    problems : tuple of Problem
        What was left out.
    salt : bytes or None
        With which ids that come out of the store are still to be hashed.
    """

    impressions: Any
    n_events: int
    problems: tuple[Problem, ...]
    salt: bytes | None = None

    def __len__(self) -> int:
        return self.n_events

    def decisions(
        self, variants: Variants, most_profiles: int | None = None, seed: int = 0
    ) -> Decisions:
        """A row per impression, in order of time, with what came of it.

        Parameters
        ----------
        most_profiles : int, optional
            Bring over the impressions of so many profiles only, drawn by lot.
        seed : int
            The same seed, the same profiles.
        """
        table, known = self.impressions, None
        if most_profiles is not None:
            known = sorted(table.select("profile_id").distinct().to_pandas()["profile_id"])
            if len(known) > most_profiles:
                rng = np.random.default_rng([seed, 61])
                drawn = rng.choice(len(known), most_profiles, False)
                table = table.filter(table.profile_id.isin([known[at] for at in drawn]))
        rows = table.to_pandas()
        profile, ids = factorized(rows["profile_id"], known)
        variant = places_of(rows["variant_id"], variants)
        seconds = rows["at"].to_numpy(np.float64)
        order = np.lexsort((variant, profile, seconds))
        country: Places | None = None
        countries: tuple[str, ...] = ()
        if checking.COUNTRY in rows.columns:
            country, countries = factorized(rows[checking.COUNTRY])
        return Decisions(
            hashed_ids(ids, self.salt),
            profile[order],
            variant[order],
            seconds[order] / 86_400,
            rows["reward"].to_numpy(np.float64)[order],
            rows["played"].to_numpy(np.bool_)[order],
            rows["propensity"].to_numpy(np.float64)[order],
            countries,
            None if country is None else country[order],
        )


def factorized(ids: Any, known: list[str] | None = None) -> tuple[Places, tuple[str, ...]]:
    """A pandas column as places in the sorted ids, and these: those there are, or all `known`."""
    import pandas as pd

    if known is not None:
        return np.asarray(pd.Index(known).get_indexer(ids), np.int64), tuple(known)
    places, names = pd.factorize(ids, sort=True)
    return np.asarray(places, np.int64), tuple(map(str, names))


def places_of(ids: Any, variants: Variants) -> Places:
    """Places among the variants of a pandas column of their ids; -1 for one that is not known."""
    import pandas as pd

    codes, names = pd.factorize(ids)
    known = pd.Index(variants.variant_ids).get_indexer(pd.Index(names))
    return np.asarray(known[codes], np.int64)


def hashed_ids(ids: tuple[str, ...], salt: bytes | None) -> tuple[str, ...]:
    """Ids replaced by their HMAC-SHA256 under the salt; as they are without one."""
    if salt is None:
        return ids
    return tuple(hmac.new(salt, one.encode(), hashlib.sha256).hexdigest()[:32] for one in ids)


def new_salt() -> bytes:
    """Random bytes to pseudonymize with; who keeps them can link later events to these."""
    import secrets

    return secrets.token_bytes(_SALT_BYTES)


@contextmanager
def duckdb_errors(what: str) -> Iterator[None]:
    """The border to DuckDB: its errors become `EventsError`."""
    import duckdb

    try:
        yield
    except duckdb.Error as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        raise EventsError(f"{what} cannot be read: {first_line}", "see docs/taste.md") from error


def refuse(where: str, problems: tuple[Problem, ...], n_events: int, lenient: bool) -> None:
    """Raise where rows are wrong and nobody said to go on, or where none is left."""
    if problems and not lenient:
        raise EventsError(
            f"{where}: " + "; ".join(map(str, problems)),
            "mend the rows, or go on without them with --lenient",
        )
    if not n_events:
        raise EventsError(f"{where} holds no usable event", "see what was left out")


def read_events(
    path: Path,
    variants: Variants,
    *,
    lenient: bool = False,
    salt: bytes | None = None,
    now: datetime | None = None,
) -> Events:
    """Read and check a file of events, in an embedded DuckDB.

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
    with duckdb_errors(str(path)):
        backend = ibis.duckdb.connect()
        connection = backend.con
        connection.execute("set timezone = 'UTC'")
        _load(connection, path)
        if salt is not None:
            _pseudonymize(connection, salt)
        rows = checking.judged(backend.table("raw"), variants, now or datetime.now(UTC))
        backend.create_table("judged", rows, temp=True)
        groups = checking.moments(backend.table("judged"))
        backend.create_table("moments", groups, temp=True)
        sums = checking.summary(backend.table("moments")).to_pandas().iloc[0]
        problems = (*_faulty(connection), *_repeated(connection, sums))
    refuse(str(path), problems, int(sums["usable"] or 0), lenient)
    return Events(checking.impressions(backend.table("moments")), int(sums["usable"]), problems)


def _load(connection: Any, path: Path) -> None:
    """Every row into ``raw``, numbered by line, ids as text and times in UTC."""
    reader, line = _reader(path)
    described = connection.execute(f"describe select * from {reader}").fetchall()
    given = {str(row[0]): str(row[1]) for row in described}
    missing = [name for name in REQUIRED if name not in given]
    if missing:
        raise EventsError(
            f"{path} has no column {', '.join(missing)}",
            f"events need {', '.join(REQUIRED)}",
        )
    # Through the calendar of time zones only where the column may have one: it is slow.
    shown = "try_cast(shown_at as timestamptz)::timestamp"
    if given["shown_at"].startswith("TIMESTAMP") and "ZONE" not in given["shown_at"]:
        shown = "shown_at::timestamp"
    country = f" {checking.COUNTRY}::varchar as country," if checking.COUNTRY in given else ""
    connection.execute(
        f"create temp table raw as select {line} as line, profile_id::varchar as profile_id,"
        " title_id::varchar as title_id, variant_id::varchar as variant_id,"
        f" {shown} as shown_at, action::varchar as action,{country}"
        " nullif(try_cast(propensity as double), 'nan'::double) as propensity"
        f" from {reader}"
    )


def _reader(path: Path) -> tuple[str, str]:
    """What DuckDB reads a file with, and the line of a row."""
    name = "'" + str(path).replace("'", "''") + "'"
    kind = path.suffix.lower()
    if kind == ".parquet":
        return f"read_parquet({name}, file_row_number = true)", "file_row_number + 1"
    if kind == ".csv":
        return f"read_csv({name}, all_varchar=true, header=true)", "row_number() over () + 1"
    if kind in (".jsonl", ".ndjson"):
        return f"read_json({name}, format='newline_delimited')", "row_number() over ()"
    raise EventsError(f"{path} is of no kind that is read", "name it .parquet, .csv or .jsonl")


def _pseudonymize(connection: Any, salt: bytes) -> None:
    ids = connection.execute("select distinct profile_id from raw where profile_id is not null")
    names = tuple(row[0] for row in ids.fetchall())
    connection.execute(
        "create temp table hashed as select unnest($1::varchar[]) as plain,"
        " unnest($2::varchar[]) as hash",
        [list(names), list(hashed_ids(names, salt))],
    )
    connection.execute(
        "update raw set profile_id = hashed.hash from hashed where raw.profile_id = hashed.plain"
    )
    connection.execute("drop table hashed")


def _faulty(connection: Any) -> tuple[Problem, ...]:
    rows = connection.execute(
        f"select wrong, count(*), min(line, {_N_LINES_SHOWN}) from judged"
        " where wrong is not null group by 1 order by 1"
    ).fetchall()
    return tuple(Problem(FAULTS[at], count, tuple(lines)) for at, count, lines in rows)


def _repeated(connection: Any, sums: Any) -> tuple[Problem, ...]:
    """Events that are there twice, and plays that stand alone; lines are sought only then."""
    found = []
    for what, count, lines in (
        (
            TWICE,
            sums["twice"],
            f"select line from (select line, row_number() over (partition by {_KEY}, action"
            f" order by line) as nth from judged semi join (from moments where"
            f" greatest(impressions, plays, quality_plays) > 1) using ({_KEY})"
            " where wrong is null) where nth > 1",
        ),
        (
            ORPHAN,
            sums["orphan"],
            f"select min(line) as line from judged semi join (from moments where impressions = 0)"
            f" using ({_KEY}) where wrong is null group by {_KEY}, action",
        ),
    ):
        if count and count > 0:
            first = connection.execute(f"{lines} order by line limit {_N_LINES_SHOWN}").fetchall()
            found.append(Problem(what, int(count), tuple(row[0] for row in first)))
    return tuple(found)
