"""What events must be, and impressions made of them: Ibis expressions over any store.

Nothing here runs anything. On the embedded DuckDB and in a warehouse the same expressions are
compiled; each looks at the events once.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from ava.taste.decisions import Variants

REQUIRED = ("profile_id", "title_id", "variant_id", "shown_at", "action", "propensity")
COUNTRY = "country"  # may be there
ACTIONS = ("impression", "play", "quality_play")


@dataclass(frozen=True)
class Problem:
    """Rows that cannot be used: why, how many, and of files the first lines (the header is line 1)."""

    what: str
    count: int
    lines: tuple[int, ...] = ()

    def __str__(self) -> str:
        if not self.lines:
            return f"{self.what}: {self.count:,}"
        where = ", ".join(map(str, self.lines)) + (" …" if self.count > len(self.lines) else "")
        unit = "line" if self.count == 1 else "lines"
        return f"{self.what}: {self.count:,} ({unit} {where})"


FAULTS = (
    "a required value is missing",
    "shown_at is no time",
    "shown_at lies in the future",
    f"action is none of {', '.join(ACTIONS)}",
    "propensity of an impression is missing or no number",
    "propensity is not above 0 and at most 1",
    "the variant is not known, or is of another title",
)
TWICE, ORPHAN = "the event is there twice", "a play without impression"


def judged(events: Any, variants: Variants, now: datetime) -> Any:
    """The events with a column ``wrong``: the place in `FAULTS` of the first fault; null for none."""
    import ibis

    known = [_pair(*one) for one in zip(variants.title_ids, variants.variant_ids, strict=True)]
    ids = [events.profile_id, events.title_id, events.variant_id]
    missing = [one.isnull() | (one.replace(" ", "") == "") for one in ids]
    chance = events.propensity
    later = ibis.literal(now.astimezone(UTC).replace(tzinfo=None), "timestamp")
    rules = (
        missing[0] | missing[1] | missing[2],
        events.shown_at.isnull(),
        events.shown_at > later,
        events.action.isnull() | events.action.notin(ACTIONS),
        (events.action == "impression") & chance.isnull(),
        # A propensity that is no number is neither.
        chance.notnull() & ~((chance > 0) & (chance <= 1)),
        _pair(events.title_id, events.variant_id).notin(known),
    )
    cases = [(rule, ibis.literal(at, "int8")) for at, rule in enumerate(rules)]
    return events.mutate(wrong=ibis.cases(*cases, else_=ibis.null("int8")))


def _pair(title: Any, variant: Any) -> Any:
    return title + " / " + variant


def faults(rows: Any) -> Any:
    """How many of the events of `judged` have which fault: a row for each ``wrong``."""
    wrong = rows.filter(rows.wrong.notnull())
    return wrong.group_by("wrong").aggregate(n=wrong.count())


def moments(rows: Any) -> Any:
    """The events of `judged` without fault, a row per profile, variant and `shown_at`.

    Columns `impressions`, `plays` and `quality_plays` count; the propensity is the largest.
    """
    good = rows.filter(rows.wrong.isnull())
    counts = {
        name: (good.action == action).ifelse(1, 0).sum()
        for name, action in zip(("impressions", "plays", "quality_plays"), ACTIONS, strict=True)
    }
    if COUNTRY in good.columns:
        counts[COUNTRY] = good[COUNTRY].max()
    return good.group_by(["profile_id", "variant_id", "shown_at"]).aggregate(
        **counts, propensity=good.propensity.max()
    )


def summary(groups: Any) -> Any:
    """One row of sums over `moments`: events `twice`, plays that are `orphan`, and `usable` events."""
    counts = [groups.impressions, groups.plays, groups.quality_plays]
    there = [(one > 0).ifelse(1, 0) for one in counts]
    shown = groups.impressions > 0
    plays = there[1] + there[2]
    return groups.aggregate(
        twice=sum(counts[1:], counts[0]).sum() - sum(there[1:], there[0]).sum(),
        orphan=shown.ifelse(0, plays).sum(),
        usable=shown.ifelse(plays + 1, 0).sum(),
    )


def impressions(groups: Any, dialect: str = "duckdb") -> Any:
    """A row per impression: ``profile_id, variant_id, at, played, reward, propensity``, maybe
    ``country``.

    The time ``at`` is in seconds since 1970-01-01 UTC, the only thing that stores disagree about.

    Parameters
    ----------
    dialect : str
        Name of the Ibis backend that will run it.
    """
    shown = groups.filter(groups.impressions > 0)
    moment = shown.shown_at
    # Ibis has Druid call a function EPOCH, which it does not have; its casts give milliseconds.
    at = moment.cast("int64") / 1000 if dialect == "druid" else moment.epoch_seconds()
    return shown.select(
        "profile_id",
        "variant_id",
        *([COUNTRY] if COUNTRY in shown.columns else []),
        at=at.cast("int64"),
        played=(shown.plays + shown.quality_plays) > 0,
        reward=(shown.quality_plays > 0).ifelse(1.0, 0.0),
        propensity=shown.propensity,
    )
