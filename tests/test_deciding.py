"""Decisions of several people: joined, listed where they disagree, and handed on."""

from __future__ import annotations

import csv
import json
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

import ava
from ava.core.errors import ConfigError
from ava.core.media_time import parse_time
from ava.deciding import conflicts, import_decisions, kept, merged, read_any
from ava.keeping import recrop
from ava.settings import load_settings
from ava.store.crops import read_crops
from ava.store.decisions import Decision, Decisions, MovedCrop, read_decisions, write_decisions
from ava.store.decisions_csv import to_csv
from ava.store.title_folder import read_json
from ava.timelines import KeptFrame, KeptReel, edl
from tests.test_pipeline import run

ENTRIES = st.builds(
    Decision,
    frame_id=st.integers(0, 4),
    label=st.just("x"),
    verdict=st.sampled_from(["keep", "reject", "maybe", None]),
    stars=st.sampled_from([None, 1, 5]),
    note=st.sampled_from(["", "her look", 'a "quoted", line\nand more']),
    by=st.sampled_from(["", "ann", "bo"]),
    at=st.sampled_from(["2026-05-04T09:30:00Z", "2026-05-04T09:31:00+00:00"]),
)
FILES = st.lists(ENTRIES, max_size=6).map(lambda one: Decisions("film", "abc", tuple(one)))


@given(FILES, FILES, FILES)
def test_merging_does_not_depend_on_order_or_repetition(
    one: Decisions, two: Decisions, three: Decisions
) -> None:
    assert merged([one, two]) == merged([two, one])
    assert merged([merged([one, two]), three]) == merged([one, merged([two, three])])
    assert merged([merged([one, two]), one, two]) == merged([one, two])
    assert set(merged([one, two]).decisions) == {*one.decisions, *two.decisions}


@given(FILES)
def test_a_table_says_the_same(decided: Decisions) -> None:
    import tempfile

    with tempfile.TemporaryDirectory() as name:
        path = Path(name) / "d.csv"
        path.write_text(to_csv(decided), "utf-8", newline="")
        read = read_any(path)
    assert read == ([decided] if decided.decisions else [])


def decision(frame_id: int, verdict: Any, by: str, minute: int) -> Decision:
    at = f"2026-05-04T09:{minute:02d}:00Z"
    return Decision(frame_id, f"f{frame_id}", verdict, None, "", by, at)


def test_who_does_not_agree_is_listed_with_when() -> None:
    decided = Decisions(
        "film",
        "abc",
        (
            decision(3, "keep", "ann", 1),
            decision(3, "reject", "bo", 2),
            decision(5, "keep", "ann", 1),
            decision(5, "reject", "bo", 2),
            decision(5, "keep", "bo", 3),  # bo has come round
            decision(7, "keep", "ann", 1),
            decision(7, None, "bo", 2),  # says nothing
        ),
    )
    (found,) = conflicts(decided)
    assert found.frame_id == 3
    assert [one[:2] for one in found.verdicts] == [("ann", "keep"), ("bo", "reject")]
    assert [one.frame_id for one in kept(decided)] == [5, 7]


def test_different_titles_are_not_merged() -> None:
    one = Decisions("film", "abc", ())
    with pytest.raises(ConfigError, match="different titles: film, other"):
        merged([one, replace(one, title="other", content_id="def")])


@pytest.fixture
def title(ranked_sample: ava.RankedTitle, tmp_path: Path) -> Path:
    folder = tmp_path / "library" / "sample_film"
    shutil.copytree(ranked_sample.folder, folder)
    return folder


Deciding = Callable[..., Decisions]


@pytest.fixture
def decide(title: Path) -> Deciding:
    facts = read_json(title / "title.json")

    def write(path: Path, *entries: Decision, crops: tuple[MovedCrop, ...] = ()) -> Decisions:
        decided = Decisions(facts["title"], facts["source"]["content_id"], entries, crops)
        write_decisions(path, decided)
        return decided

    return write


def candidates(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = read_json(folder / "ranking.json")["candidates"]
    return found


def keeps(folder: Path, n: int, by: str = "ann") -> list[Decision]:
    return [
        Decision(one["frame_id"], one["label"], "keep", 4, "", by, "2026-05-04T09:30:00Z")
        for one in candidates(folder)[:n]
    ]


def test_import_finds_the_title_and_loses_nothing(
    title: Path, decide: Deciding, tmp_path: Path
) -> None:
    mine = keeps(title, 3)
    decide(title / "decisions.json", *mine)
    theirs = [replace(one, by="bo", verdict="reject") for one in mine[:2]]
    decide(tmp_path / "bo.json", *theirs)
    done = run(
        "decisions", "import", str(tmp_path / "bo.json"), "--library", str(title.parent), "--json"
    )
    assert done.returncode == 0, done.stderr
    (told,) = json.loads(done.stdout)
    assert told["new"] == 2
    assert [one["frame_id"] for one in told["conflicts"]] == sorted(one.frame_id for one in theirs)
    assert set(read_decisions(title / "decisions.json").decisions) == {*mine, *theirs}
    again = import_decisions([tmp_path / "bo.json"], title, None)
    assert again[0].n_new == 0


def test_one_wrong_file_and_nothing_is_imported(
    title: Path, decide: Deciding, tmp_path: Path
) -> None:
    decide(tmp_path / "good.json", *keeps(title, 2))
    text = to_csv(decide(tmp_path / "x.json", *keeps(title, 2))).replace("keep", "kep", 1)
    (tmp_path / "bad.csv").write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=r"bad.csv, line 2: verdict must be"):
        import_decisions([tmp_path / "good.json", tmp_path / "bad.csv"], title, None)
    assert not (title / "decisions.json").exists()


def test_kept_frames_for_an_editor(title: Path, decide: Deciding, tmp_path: Path) -> None:
    otio = pytest.importorskip("opentimelineio")
    marked = sorted(keeps(title, 4), key=lambda one: one.frame_id)
    marked[0] = replace(marked[0], note='<b>"her"</b> look')
    rejected = [replace(one, verdict="reject") for one in keeps(title, 6)[4:]]
    decide(title / "decisions.json", *marked, *rejected)
    times = {one["frame_id"]: one["pts_seconds"] for one in candidates(title)}
    wanted = [round(times[one.frame_id] * 24) for one in marked]
    for kind in ("edl", "otio", "fcpxml"):
        path = tmp_path / f"kept.{kind}"
        done = run("decisions", "export", str(title), "-o", str(path))
        assert done.returncode == 0, done.stderr
        if kind == "fcpxml":
            root = ElementTree.fromstring(path.read_bytes())
            starts = [Fraction(one.get("start", "").rstrip("s")) for one in root.iter("asset-clip")]
            assert [start * 24 for start in starts] == wanted
            assert '<b>"her"</b> look' in str(next(root.iter("marker")).get("value"))
            continue
        read = otio.adapters.read_from_file(str(path), **({"rate": 24} if kind == "edl" else {}))
        clips = list(read.find_clips())
        assert [clip.source_range.start_time.value for clip in clips] == wanted
        assert '<b>"her"</b> look' in clips[0].markers[0].name


@pytest.mark.parametrize(
    ("rate", "start", "first"),
    [
        ("30000/1001", "01:00:00:00", "01:00:00:05"),
        ("30000/1001", "01:00:00;00", "01:00:00;05"),
        ("30000/1001", "00:00:59;28", "00:01:00;05"),
        ("24000/1001", "10:00:00:00", "10:00:00:05"),
        ("25", None, "00:00:00:05"),
    ],
)
def test_events_stand_at_the_films_own_timecode(rate: str, start: str | None, first: str) -> None:
    """By hand: five frames after the first; of 29.97 drop-frame two numbers a minute are left out."""
    exact = Fraction(rate)
    number = 0 if start is None else int(parse_time(start, exact) * exact)
    frame = KeptFrame(5, "x", number + 5, "")
    drop = start is not None and ";" in start
    reel = KeptReel(
        "film", "film.mov", "file:///film.mov", exact, drop, number, 99, (64, 36), (frame,)
    )
    event = next(line for line in edl(reel).splitlines() if line.startswith("001"))
    assert event.split()[4] == first


def test_a_rate_without_timecode_is_refused() -> None:
    reel = KeptReel("f", "f.mov", "file:///f", Fraction(15), False, 0, 9, (64, 36), ())
    with pytest.raises(ConfigError, match="15 frames a second"):
        edl(reel)


def test_kept_stills_in_a_zip_those_outside_the_ranking_too(
    title: Path, decide: Deciding, tmp_path: Path
) -> None:
    from ava.store.title_folder import read_title

    ranked = {one["frame_id"] for one in candidates(title)}
    pool = read_title(title).pool
    other = next(int(one) for one in pool.frame_ids if int(one) not in ranked)
    extra = replace(keeps(title, 1)[0], frame_id=other, label="other")
    decide(title / "decisions.json", *keeps(title, 2), extra)
    done = run("decisions", "export", str(title), "-o", str(tmp_path / "kept.zip"))
    assert done.returncode == 0, done.stderr
    with zipfile.ZipFile(tmp_path / "kept.zip") as box:
        names = sorted(box.namelist())
        assert len(names) == 4
        with box.open("stills.csv") as file:
            rows = list(csv.DictReader(line.decode("utf-8") for line in file))
        assert {int(row["frame_id"]) for row in rows} == {int(name[:8]) for name in names[:3]}
        for name in names[:3]:
            with box.open(name) as file:
                assert Image.open(file).size in {(1280, 720), (1280, 536)}  # without bars


def test_a_moved_crop_is_cut_from_the_film(title: Path, decide: Deciding) -> None:
    pick = candidates(title)[0]
    aspect = 16 / 9
    width = 1 / aspect  # a square of the full height, moved to the left edge
    moved = MovedCrop(
        pick["frame_id"], pick["label"], "1:1", (0.0, 0.0, width, 1.0), "ann",
        "2026-05-04T09:30:00Z",
    )  # fmt: skip
    decide(title / "decisions.json", *keeps(title, 3), crops=(moved,))
    stills = {path.name: path.read_bytes() for path in (title / "stills").iterdir()}
    done = recrop(title, load_settings(None))
    assert done.n_moved == 1
    square = next(one for one in read_crops(title) if one["name"] == "1:1")
    assert {one["frame_id"] for one in square["crops"]} <= {one.frame_id for one in keeps(title, 3)}
    entry = next(one for one in square["crops"] if one["frame_id"] == pick["frame_id"])
    still = np.asarray(Image.open(next((title / "stills").glob("001_*"))).convert("RGB"))
    crop = np.asarray(Image.open(title / entry["file"]).convert("RGB"))
    assert crop.shape[:2] == (720, 720)
    difference = np.abs(crop.astype(int) - still[:, :720].astype(int)).mean()
    assert difference < 2  # JPEG, twice
    assert {path.name: path.read_bytes() for path in (title / "stills").iterdir()} == stills
    assert len(read_decisions(title / "decisions.json").crops) == 1
    manifest = read_json(title / "manifest.json")
    assert entry["file"] in manifest["files"]


def test_a_crop_of_the_wrong_shape_is_refused_and_nothing_changes(
    title: Path, decide: Deciding
) -> None:
    pick = candidates(title)[0]
    moved = MovedCrop(
        pick["frame_id"], pick["label"], "1:1", (0.0, 0.0, 0.9, 1.0), "ann", "2026-05-04T09:30:00Z"
    )
    decide(title / "decisions.json", *keeps(title, 1), crops=(moved,))
    before = (title / "crops.json").read_bytes()
    done = run("crops", str(title))
    assert done.returncode == 2
    assert "has the shape 1.60, not 1.00" in done.stderr
    assert (title / "crops.json").read_bytes() == before


def test_nothing_to_export_is_one_line(title: Path, decide: Deciding, tmp_path: Path) -> None:
    done = run("decisions", "export", str(title), "-o", str(tmp_path / "x.edl"))
    assert done.returncode == 2
    assert "nobody has decided" in done.stderr
    decide(title / "decisions.json", replace(keeps(title, 1)[0], verdict="reject"))
    done = run("decisions", "export", str(title), "-o", str(tmp_path / "x.edl"))
    assert "nothing is kept" in done.stderr
    assert not (tmp_path / "x.edl").exists()
