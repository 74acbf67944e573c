"""Events: what is wrong is said by line and count, and what is right is the same in every format."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from ava.core.errors import EventsError
from ava.store.tables import write_table
from ava.taste.decisions import Variants
from ava.taste.events import read_events
from ava.taste.simulator import SimulationSettings, draw_traffic, event_columns, make_world

NOW = datetime(2026, 5, 1, tzinfo=UTC)
HEAD = "profile_id,title_id,variant_id,shown_at,action,propensity\n"
GOOD = (
    "ann,film,hero,2026-03-01T10:00:00Z,impression,0.5\n"
    "ann,film,hero,2026-03-01T10:00:00Z,play,\n"
    "ann,film,hero,2026-03-01T10:00:00Z,quality_play,\n"
    "bo,film,star,2026-03-02T12:00:00+02:00,impression,0.5\n"
)
VARIANTS = Variants(
    ("hero", "star"), ("film", "film"), ("hero", "star"), np.full((2, 216), 1 / 216), ("", ""), {},
    ("", ""),
)  # fmt: skip


def write(path: Path, rows: str) -> Path:
    path.write_text(HEAD + rows, "utf-8")
    return path


def test_good_events_become_impressions(tmp_path: Path) -> None:
    log = read_events(write(tmp_path / "e.csv", GOOD), VARIANTS, now=NOW).decisions(VARIANTS)
    assert log.profile_ids == ("ann", "bo")
    assert log.reward.tolist() == [1, 0]
    assert log.played.tolist() == [True, False]
    assert log.variant.tolist() == [0, 1]
    assert log.propensity.tolist() == [0.5, 0.5]
    shown = datetime(2026, 3, 2, 10, tzinfo=UTC).timestamp() / 86_400  # the zone is honored
    assert log.shown_days[1] == pytest.approx(shown, abs=1e-6)


BAD = {
    ",film,hero,2026-03-01T10:00:00Z,impression,0.5\n": "a required value is missing",
    "cy,film,hero,yesterday,impression,0.5\n": "shown_at is no time",
    "cy,film,hero,2031-03-01T10:00:00Z,impression,0.5\n": "shown_at lies in the future",
    "cy,film,hero,2026-03-01T10:00:00Z,clicked,0.5\n": "action is none of",
    "cy,film,hero,2026-03-01T10:00:00Z,impression,\n": "propensity of an impression is missing",
    "cy,film,hero,2026-03-01T10:00:00Z,impression,0\n": "propensity is not above 0",
    "cy,film,hero,2026-03-01T10:00:00Z,impression,1.2\n": "propensity is not above 0",
    "cy,film,ghost,2026-03-01T10:00:00Z,impression,0.5\n": "the variant is not known",
    "cy,other,hero,2026-03-01T10:00:00Z,impression,0.5\n": "is of another title",
    "ann,film,hero,2026-03-01T10:00:00Z,impression,0.5\n": "the event is there twice",
    "cy,film,hero,2026-03-01T10:00:00Z,play,\n": "a play without impression",
}


@pytest.mark.parametrize(("row", "what"), BAD.items())
def test_a_wrong_row_is_refused_by_line_and_left_out_if_asked(
    tmp_path: Path, row: str, what: str
) -> None:
    path = write(tmp_path / "e.csv", GOOD + row)
    with pytest.raises(EventsError, match="line 6") as caught:
        read_events(path, VARIANTS, now=NOW)
    assert what in caught.value.message
    assert "--lenient" in str(caught.value.hint)
    events = read_events(path, VARIANTS, lenient=True, now=NOW)
    assert [(one.count, one.lines) for one in events.problems] == [(1, (6,))]
    assert len(events) == 4


def test_many_wrong_rows_are_counted(tmp_path: Path) -> None:
    row = "cy,film,hero,never,impression,0.5\n"
    with pytest.raises(EventsError, match=r"shown_at is no time: 7 \(lines 6, 7, 8, 9, 10 …\)"):
        read_events(write(tmp_path / "e.csv", GOOD + 7 * row), VARIANTS, now=NOW)


def test_faults_of_every_kind_are_counted_apart(tmp_path: Path) -> None:
    """An event three times, two plays alone, and a row with two faults, which counts once."""
    again = GOOD.splitlines(keepends=True)[0]
    alone = "cy,film,hero,2026-03-01T10:00:00Z,{},\n"
    both = "cy,film,ghost,never,impression,0.5\n"
    rows = again + GOOD + alone.format("play") + again + both + alone.format("quality_play")
    events = read_events(write(tmp_path / "e.csv", rows), VARIANTS, lenient=True, now=NOW)
    found = {one.what: (one.count, one.lines) for one in events.problems}
    assert found == {
        "shown_at is no time": (1, (9,)),
        "the event is there twice": (2, (3, 8)),
        "a play without impression": (2, (7, 10)),
    }
    assert len(events) == 4
    assert len(events.decisions(VARIANTS)) == 2


def test_missing_columns_and_files(tmp_path: Path) -> None:
    path = tmp_path / "e.csv"
    path.write_text("profile_id,title_id,variant_id\nann,film,hero\n", "utf-8")
    with pytest.raises(EventsError, match="no column shown_at, action, propensity"):
        read_events(path, VARIANTS)
    with pytest.raises(EventsError, match="is not there"):
        read_events(tmp_path / "none.csv", VARIANTS)
    (tmp_path / "e.parquet").write_bytes(b"not a table")
    with pytest.raises(EventsError, match="cannot be read"):
        read_events(tmp_path / "e.parquet", VARIANTS)
    with pytest.raises(EventsError, match="no usable event"):
        read_events(write(path, ""), VARIANTS)


def test_formats_agree_and_the_log_comes_back(tmp_path: Path) -> None:
    world = make_world(SimulationSettings(n_profiles=40, n_titles=3, n_impressions=20))
    traffic = draw_traffic(world, 0)
    columns = event_columns(traffic, world.variants, 0)
    write_table(tmp_path / "e.parquet", columns)
    names = list(columns)
    rows = list(zip(*(np.asarray(columns[name], object) for name in names), strict=True))
    with (tmp_path / "e.jsonl").open("w") as file:
        for row in rows:
            one = dict(zip(names, row, strict=True))
            one |= {"shown_at": str(one["shown_at"]), "position": int(one["position"])}
            file.write(json.dumps(one) + "\n")
    found = [
        read_events(tmp_path / name, world.variants, now=NOW).decisions(world.variants)
        for name in ("e.parquet", "e.jsonl")
    ]
    assert np.array_equal(found[0].reward, found[1].reward)
    assert np.array_equal(found[0].variant, found[1].variant)
    assert len(found[0]) == len(traffic.decisions)
    assert found[0].reward.sum() == traffic.decisions.reward.sum()
    assert found[0].countries == found[1].countries == ("DE", "FR", "JP", "US")
    assert found[0].country is not None
    assert np.array_equal(found[0].country, found[1].country)
    assert found[0].propensity.sum() == pytest.approx(traffic.decisions.propensity.sum())


def test_profile_ids_are_hashed_at_the_door(tmp_path: Path) -> None:
    path = write(tmp_path / "e.csv", GOOD)
    one = read_events(path, VARIANTS, salt=b"0123456789abcdef", now=NOW).decisions(VARIANTS)
    same = read_events(path, VARIANTS, salt=b"0123456789abcdef", now=NOW).decisions(VARIANTS)
    other = read_events(path, VARIANTS, salt=b"another-salt-now", now=NOW).decisions(VARIANTS)
    assert one.profile_ids == same.profile_ids
    assert not {"ann", "bo"} & set(one.profile_ids)
    assert not set(one.profile_ids) & set(other.profile_ids)
    assert sorted(one.reward) == [0, 1]
