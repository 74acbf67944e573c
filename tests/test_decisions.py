"""Decisions files: read, checked, written; what is wrong is named."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from ava.core.errors import ConfigError
from ava.store.decisions import (
    SCHEMA,
    Decision,
    Decisions,
    read_decisions,
    standing,
    standing_crops,
    write_decisions,
)
from tests.test_pipeline import run

ENTRY = {
    "frame_id": 120,
    "label": "00:00:05:00",
    "verdict": "keep",
    "stars": 4,
    "note": "her look",
    "by": "ann",
    "at": "2026-05-04T09:30:00Z",
}


def file_of(path: Path, *entries: Any, **others: Any) -> Path:
    facts = {
        "schema": SCHEMA,
        "title": "film",
        "content_id": "abc",
        "decisions": list(entries),
        "crops": [],
    }
    path.write_text(json.dumps({**facts, **others}), "utf-8")
    return path


def test_what_is_written_is_read_back(tmp_path: Path) -> None:
    one = Decision(**ENTRY)
    silent = replace(one, verdict=None, stars=None, by="bo", note="Ünsicher “…”")
    decisions = Decisions("film", "abc", (one, silent))
    write_decisions(tmp_path / "decisions.json", decisions)
    assert read_decisions(tmp_path / "decisions.json") == decisions
    assert [path.name for path in tmp_path.iterdir()] == ["decisions.json"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"verdict": "kep"}, "entry 2: verdict must be keep, maybe, reject or null, not 'kep'"),
        ({"stars": 6}, "entry 2: stars must be 1 to 5"),
        ({"stars": True}, "entry 2: stars"),
        ({"frame_id": -1}, "entry 2: frame_id"),
        ({"frame_id": 1.5}, "entry 2: frame_id"),
        ({"at": "yesterday"}, "entry 2: at must be an ISO 8601 time in UTC"),
        ({"at": "2026-05-04T09:30:00"}, "entry 2: at must"),
        ({"at": "2026-05-04T09:30:00+02:00"}, "entry 2: at must"),
        ({"mood": "good"}, "entry 2: unknown key 'mood'"),
        ({"by": None}, "entry 2: by must be text"),
    ],
)
def test_a_wrong_entry_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = file_of(tmp_path / "decisions.json", ENTRY, {**ENTRY, **change})
    with pytest.raises(ConfigError) as caught:
        read_decisions(path)
    assert said in caught.value.message


def test_files_from_before_crops_were_moved_are_read(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    facts = {"schema": "ava.decisions/1", "title": "film", "content_id": "abc"}
    path.write_text(json.dumps({**facts, "decisions": [ENTRY]}), "utf-8")
    read = read_decisions(path)
    assert read.decisions == (Decision(**ENTRY),)
    assert read.crops == ()


CROP = {
    "frame_id": 120,
    "label": "00:00:05:00",
    "canvas": "2:3",
    "box_xyxy": [0.1, 0.0, 0.4, 0.8],
    "by": "ann",
    "at": "2026-05-04T09:30:00Z",
}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"box_xyxy": [0.1, 0, 0.4]}, "crop 1: box_xyxy must be left, top, right, bottom"),
        ({"box_xyxy": [0.4, 0, 0.1, 1]}, "crop 1: box_xyxy"),
        ({"box_xyxy": [0, 0, 1.2, 1]}, "crop 1: box_xyxy"),
        ({"box_xyxy": [0, 0, float("nan"), 1]}, "crop 1: box_xyxy"),
        ({"canvas": 3}, "crop 1: canvas must be text"),
        ({"at": "noon"}, "crop 1: at must"),
    ],
)
def test_a_wrong_crop_is_named(tmp_path: Path, change: dict[str, Any], said: str) -> None:
    path = file_of(tmp_path / "decisions.json", crops=[{**CROP, **change}])
    with pytest.raises(ConfigError) as caught:
        read_decisions(path)
    assert said in caught.value.message


def test_the_last_move_of_a_crop_counts_whoever_made_it(tmp_path: Path) -> None:
    later = {**CROP, "by": "bo", "at": "2026-05-04T10:00:00Z", "box_xyxy": [0.2, 0, 0.5, 0.8]}
    path = file_of(tmp_path / "decisions.json", crops=[later, CROP, {**CROP, "canvas": "1:1"}])
    found = {one.canvas: one.by for one in standing_crops(read_decisions(path).crops)}
    assert found == {"2:3": "bo", "1:1": "ann"}


def test_a_wrong_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "decisions.json"
    with pytest.raises(ConfigError, match="cannot be read"):
        read_decisions(path)
    path.write_text("{")
    with pytest.raises(ConfigError, match="not valid JSON"):
        read_decisions(path)
    with pytest.raises(ConfigError, match="no decisions file"):
        read_decisions(file_of(path, schema="ava.decisions/9"))
    with pytest.raises(ConfigError, match="unknown key 'colour'"):
        read_decisions(file_of(path, colour=1))
    with pytest.raises(ConfigError, match="entry 1: no key 'at'"):
        read_decisions(file_of(path, {key: one for key, one in ENTRY.items() if key != "at"}))
    with pytest.raises(ConfigError, match="entry 1: it must be a JSON object"):
        read_decisions(file_of(path, "keep"))


def test_the_last_of_a_person_counts() -> None:
    first = Decision(**ENTRY)
    later = replace(first, verdict="reject", at="2026-05-04T10:00:00+00:00")
    other = replace(first, by="bo", verdict="maybe")
    assert standing([later, first, other]) == (later, other)
    assert standing([first, replace(first, stars=2)])[0].stars == 2


def test_a_corrupt_file_is_one_line_and_exit_code_2(tmp_path: Path) -> None:
    path = file_of(tmp_path / "decisions.json", {**ENTRY, "verdict": "yes"})
    done = run("learn", str(path), "-o", str(tmp_path / "taste.toml"))
    assert done.returncode == 2
    (line,) = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert "entry 1" in line
    assert "Traceback" not in done.stderr
    assert not (tmp_path / "taste.toml").exists()
