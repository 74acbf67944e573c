"""The labels made by eye are well-formed, complete, and name frames that exist."""

from __future__ import annotations

import csv
from collections import Counter, defaultdict
from pathlib import Path

import pytest

from ava.source.opening import open_source
from tests.conftest import ROOT

LABELS = ROOT / "tests" / "labels"
Row = dict[str, str]

WORDS = {
    "film_faces.csv": {
        "kind": {"frontal", "three_quarter", "profile", "partly_hidden", "drawn", "small", ""},
        "sure": {"yes", "no", ""},
    },
    "film_eyes.csv": {"eyes": {"open", "shut", "downcast", "unsure"}},
    "film_shot_scale.csv": {
        "scale": {
            "extreme_close_up",
            "close_up",
            "medium_close_up",
            "medium",
            "medium_long",
            "long",
            "extreme_long",
            "none",
        },
        "place": {"interior", "exterior", ""},
        "time_of_day": {"day", "night", ""},
        "people": {"none", "one", "two", "three", "crowd", ""},
        "over_the_shoulder": {"yes", "no"},
        "sure": {"yes", "no"},
    },
    "film_text.csv": {
        "text": {"none", "subtitle", "title", "credits", "logo", "watermark", "scene_text"}
    },
}
WORDS["more_shot_scale.csv"] = WORDS["film_shot_scale.csv"]
BOX = ["x0", "y0", "x1", "y1"]
FRAME = ["file", "time_seconds", "n_frame"]


def rows_of(name: str) -> list[Row]:
    with (LABELS / name).open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def frame_of(row: Row) -> tuple[str, int]:
    return row["file"], int(row["n_frame"])


def height_of(row: Row) -> float:
    return float(row["y1"]) - float(row["y0"])


@pytest.mark.parametrize("name", WORDS)
def test_words_and_columns_are_known(name: str) -> None:
    rows = rows_of(name)
    boxes = BOX if name in ("film_faces.csv", "film_eyes.csv") else []
    assert list(rows[0]) == [*FRAME, *boxes, *WORDS[name]]
    for row in rows:
        assert None not in row.values()
        for column, known in WORDS[name].items():
            assert set(row[column].split("+")) <= known, row
        assert row["file"].split("/")[0] in ("films", "people", "other")
        assert float(row["time_seconds"]) >= 0
    text = [row["text"].split("+") for row in rows if "text" in row]
    assert not any("none" in words and len(words) > 1 for words in text)


@pytest.mark.parametrize("name", ["film_faces.csv", "film_eyes.csv"])
def test_boxes_lie_in_the_picture(name: str) -> None:
    for row in rows_of(name):
        edges = [row[edge] for edge in BOX]
        if not any(edges):
            assert name == "film_faces.csv"
            assert row["kind"] == row["sure"] == ""
            continue
        x0, y0, x1, y1 = map(float, edges)
        assert 0 <= x0 < x1 <= 1, row
        assert 0 <= y0 < y1 <= 1, row


def test_every_frame_is_labelled_once_in_each_list() -> None:
    faces = {frame_of(row) for row in rows_of("film_faces.csv")}
    for name in ("film_shot_scale.csv", "film_text.csv"):
        frames = [frame_of(row) for row in rows_of(name)]
        assert len(frames) == len(set(frames))
        assert set(frames) == faces
    by_frame = defaultdict(list)
    for row in rows_of("film_faces.csv"):
        by_frame[frame_of(row)].append(row["x0"])
    assert all(len(edges) == 1 or "" not in edges for edges in by_frame.values())


def test_faces_count_as_promised() -> None:
    rows = rows_of("film_faces.csv")
    frames = {frame_of(row) for row in rows}
    assert sum(name.startswith("films/") for name, _ in frames) >= 160
    assert sum(not name.startswith("films/") for name, _ in frames) >= 40
    assert sum(not row["x0"] for row in rows) >= 60
    for row in rows:
        if row["kind"] == "small":
            assert row["sure"] == "no"
            assert height_of(row) < 0.07
        if row["sure"] == "yes":
            assert height_of(row) > 0.06
    sure = Counter(row["kind"] for row in rows if row["sure"] == "yes")
    assert sum(sure.values()) >= 120
    assert min(sure[kind] for kind in ("frontal", "three_quarter", "profile")) >= 20


def test_eyes_count_as_promised() -> None:
    rows = rows_of("film_eyes.csv")
    assert all(height_of(row) * 540 >= 59 for row in rows)
    words = Counter(row["eyes"] for row in rows)
    assert sum(words.values()) >= 90
    assert words["shut"] >= 20
    assert words["downcast"] >= 10


def test_scales_count_as_promised() -> None:
    rows = rows_of("film_shot_scale.csv")
    assert sum(row["file"].split("/")[0] in ("films", "people") for row in rows) >= 140
    seen = {row["scale"] for row in rows if row["sure"] == "yes"}
    assert WORDS["film_shot_scale.csv"]["scale"] - seen == {"extreme_close_up"}


def test_the_other_scales_are_of_other_frames() -> None:
    more = rows_of("more_shot_scale.csv")
    assert not {frame_of(row) for row in more} & {
        frame_of(row) for row in rows_of("film_shot_scale.csv")
    }
    assert len(more) == len({frame_of(row) for row in more}) >= 90
    assert sum(row["sure"] == "yes" and row["scale"] != "none" for row in more) >= 55


def test_lists_do_not_contradict_each_other() -> None:
    faces = defaultdict(list)
    for row in rows_of("film_faces.csv"):
        faces[frame_of(row)].append(row)
    for row in rows_of("film_shot_scale.csv"):
        sure = [face for face in faces[frame_of(row)] if face["sure"] == "yes"]
        if row["people"] in ("none", "one", "two", "three"):
            assert len(sure) <= ["none", "one", "two", "three"].index(row["people"]), row
        if row["scale"] in ("none", "extreme_long"):
            assert not sure, row
        if row["scale"] == "close_up" and sure:
            assert max(map(height_of, sure)) > 0.25, row


@pytest.mark.slow
def test_every_labelled_frame_exists(shared_media: Path) -> None:
    wanted: dict[str, dict[int, float]] = defaultdict(dict)
    for name in WORDS:
        for row in rows_of(name):
            file, n_frame = frame_of(row)
            seconds = float(row["time_seconds"])
            assert wanted[file].setdefault(n_frame, seconds) == seconds, row
    for file, frames in wanted.items():
        with open_source(shared_media / file) as source:
            found = {
                frame.ref.frame_id: float(frame.ref.time.seconds)
                for frame in source.scan()
                if frame.ref.frame_id in frames
            }
        assert found == pytest.approx(frames, abs=1e-6), file
