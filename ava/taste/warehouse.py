"""Events where they are kept: checked, joined and summed up there.

What comes over are counts of what is wrong, a row for every profile and variant played, and the
impressions of some profiles, drawn by lot, to assign artwork and judge policies by.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ava.core.errors import EventsError
from ava.store.databases import connected, is_database, named_table, without_password
from ava.taste import checking
from ava.taste.checking import FAULTS, ORPHAN, REQUIRED, TWICE, Problem
from ava.taste.decisions import Variants
from ava.taste.events import Events, read_events, refuse

TABLE = "events"
N_LOG_PROFILES = 20_000


@contextmanager
def opened_events(
    where: str,
    variants: Variants,
    *,
    table: str = TABLE,
    lenient: bool = False,
    salt: bytes | None = None,
    now: datetime | None = None,
) -> Iterator[Events]:
    """Events in a file, or in a table of the database at an address, until the block ends.

    Parameters
    ----------
    where : str
        A path, as `ava.taste.events.read_events` takes it, or a URL.
    table : str
        ``events`` or ``schema.events``; a view will do. Of no meaning to a file.

    Raises
    ------
    EventsError
        When it cannot be read, a column is missing or of the wrong kind, or rows are unusable and
        `lenient` is not set.
    """
    if not is_database(where):
        yield read_events(Path(where), variants, lenient=lenient, salt=salt, now=now)
        return
    with connected(where, "check the address, and --table", EventsError) as connection:
        name = f"{without_password(where)}, table {table}"
        events = as_events(named_table(connection, table), name)
        rows = checking.judged(events, variants, now or datetime.now(UTC))
        groups = checking.moments(rows)
        sums = checking.summary(groups).to_pandas().iloc[0].fillna(0)
        counted = checking.faults(rows).to_pandas().sort_values("wrong")
        problems = [
            Problem(FAULTS[at], int(n))
            for at, n in zip(counted["wrong"], counted["n"], strict=True)
        ]
        problems += [
            Problem(what, int(sums[column]))
            for what, column in ((TWICE, "twice"), (ORPHAN, "orphan"))
            if sums[column] > 0
        ]
        n_events = int(sums["usable"])
        refuse(name, tuple(problems), n_events, lenient)
        impressions = checking.impressions(groups, connection.name)
        yield Events(impressions, n_events, tuple(problems), salt)


def as_events(table: Any, name: str) -> Any:
    """The columns needed, as the checks expect them: ids as text, times in UTC.

    Raises
    ------
    EventsError
        When a column is missing, or `shown_at` is no timestamp.
    """
    missing = [one for one in REQUIRED if one not in table.columns]
    if missing:
        raise EventsError(
            f"{name} has no column {', '.join(missing)}", f"events need {', '.join(REQUIRED)}"
        )
    if not table.shown_at.type().is_timestamp():
        raise EventsError(
            f"{name}: shown_at is a column of {table.shown_at.type()}, not of times",
            "make a view that casts it, and name that with --table",
        )
    texts = {
        one: table[one].cast("string")
        for one in ("profile_id", "title_id", "variant_id", "action", checking.COUNTRY)
        if one in table.columns
    }
    return table.select(
        **texts,
        shown_at=table.shown_at.cast("timestamp"),
        propensity=table.propensity.cast("float64"),
    )
