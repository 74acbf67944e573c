"""Catalogs as files, plans, leases, failures that are remembered: without decoding anything."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from ava.catalog.checking import missing_sources
from ava.catalog.leases import Leases
from ava.catalog.outcome import FailureStore, Outcome
from ava.catalog.report import BatchReport, Metrics
from ava.catalog.titles import read_catalog
from ava.core.amounts import bytes_of, seconds_of
from ava.core.errors import ConfigError
from ava.settings import Settings, load_settings
from tests.test_pipeline import run

ROWS = [
    {"title_id": "One", "path": "one.mp4", "season": "1", "spoiler_safe": "0.75"},
    {"title_id": "Two", "path": "/films/two.mp4", "season": "", "spoiler_safe": ""},
]


def written(folder: Path, kind: str) -> Path:
    path = folder / f"catalog.{kind}"
    if kind == "parquet":
        pq.write_table(pa.Table.from_pylist(ROWS), path)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in ROWS), "utf-8")
    else:
        lines = [",".join(ROWS[0]), *(",".join(row.values()) for row in ROWS)]
        path.write_text("\ufeff" + "\r\n".join(lines) + "\r\n", "utf-8")
    return path


@pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
def test_a_catalog_is_the_same_in_every_kind_of_file(tmp_path: Path, kind: str) -> None:
    catalog = read_catalog(written(tmp_path, kind))
    assert not catalog.problems
    one, two = catalog.titles
    assert (one.title_id, one.path) == ("One", tmp_path / "one.mp4")
    assert two.path == Path("/films/two.mp4")
    assert (one.spoiler_safe, two.spoiler_safe) == (0.75, None)
    assert (one.about, two.about) == ({"season": "1"}, {})


def test_problems_are_named_by_their_line(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_text(
        "title_id,path,profile,spoiler_safe\n"
        'good,"a\nb.mp4",,\n'  # a value over two lines: the next row is on line 4
        ",b.mp4,,\n"
        "c,,,\n"
        "\n"
        "good,d.mp4,,\n"
        "Go od,e.mp4,,\n"
        "Go-od,f.mp4,,\n"
        "g,g.mp4,nosuch,\n"
        "h,h.mp4,,most\n"
        "i,i.mp4,,1.5\n"
        "j,j.mp4,,,too,many\n"
        "k,k.mp4,drama,0.5\n",
        "utf-8",
    )
    catalog = read_catalog(path)
    assert [one.title_id for one in catalog.titles] == ["good", "Go od", "k"]
    found = {one.line: one.message for one in catalog.problems}
    assert sorted(found) == [4, 5, 7, 9, 10, 11, 12, 13]
    says = {
        4: "title_id is missing",
        5: "path is missing",
        7: "title_id of line 2",
        9: "folder name of line 8",
        10: "nosuch",
        11: "must be a number",
        12: "spoiler_safe",
        13: "6 values for 4 columns",
    }
    for line, words in says.items():
        assert words in found[line], (line, found[line])


def test_lines_of_json_that_are_none(tmp_path: Path) -> None:
    path = tmp_path / "catalog.jsonl"
    path.write_text('{"title_id": "a", "path": "a.mp4"}\n{"title_id"\n[1]\n\n', "utf-8")
    catalog = read_catalog(path)
    assert [one.title_id for one in catalog.titles] == ["a"]
    assert [one.line for one in catalog.problems] == [2, 3]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("c.csv", "name,film\na,b\n", "no column title_id and no column path"),
        ("c.csv", "", "no column title_id"),
        ("c.csv", "title_id,path\n", "names no titles"),
        ("c.xlsx", "x", "not a catalog by its ending"),
        ("c.parquet", "no table", "cannot be read"),
    ],
)
def test_what_is_no_catalog_is_refused(tmp_path: Path, name: str, text: str, says: str) -> None:
    path = tmp_path / name
    path.write_text(text, "utf-8")
    with pytest.raises(ConfigError, match=says):
        read_catalog(path)
    with pytest.raises(ConfigError, match="cannot be read"):
        read_catalog(tmp_path / "none.csv")


def test_a_title_has_its_own_settings(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_text("title_id,path,profile,spoiler_safe\na,a.mp4,drama,0.5\nb,b.mp4,,\n", "utf-8")
    file = tmp_path / "ava.toml"
    file.write_text("[titles.b.ranking]\ntop = 3\n[titles.a.ranking]\ntop = 4\n", "utf-8")
    common = load_settings(file)
    a, b = (one.settings(common, "") for one in read_catalog(path).titles)
    assert (a.ranking.top, a.ranking.profile, a.ranking.gates.spoiler_safe) == (4, "drama", 0.5)
    assert (b.ranking.top, b.ranking.profile) == (3, Settings().ranking.profile)


def test_check_looks_for_the_films(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    (tmp_path / "empty.mp4").touch()
    os.mkfifo(tmp_path / "pipe.mp4")
    (tmp_path / "good.mp4").write_bytes(b"x")
    path.write_text(
        "title_id,path\na,good.mp4\nb,empty.mp4\nc,pipe.mp4\nd,none.mp4\n,x.mp4\n", "utf-8"
    )
    found = missing_sources(read_catalog(path))
    assert [(one.line, one.message.split(" ", 1)[1]) for one in found] == [
        (3, "is empty"),
        (4, "is neither a file nor a folder"),
        (5, "no such file or directory"),
    ]
    done = run("catalog", "check", str(path), "--json")
    assert done.returncode == 6
    assert [one["line"] for one in json.loads(done.stdout)["problems"]] == [3, 4, 5, 6]


HOLD = """
import sys, time
from pathlib import Path
from ava.catalog.leases import Leases
leases = Leases(Path(sys.argv[1]))
print(leases.take("title"), flush=True)
time.sleep(60)
"""


def test_a_lease_is_held_until_it_is_given_back(tmp_path: Path) -> None:
    first, second = Leases(tmp_path), Leases(tmp_path)
    assert first.take("title")
    assert first.take("title")
    assert not second.take("title")
    assert second.held_by_others() == ["title"]
    second.give_back("title")  # not its own
    assert not second.take("title")
    first.give_back("title")
    assert second.take("title")


def test_the_lease_of_a_dead_process_is_free_at_once(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline().strip() == "True"
        leases = Leases(tmp_path)
        assert not leases.take("title")
        process.kill()
        process.wait(30)
    assert leases.take("title")


def test_the_lease_of_another_machine_runs_out(tmp_path: Path) -> None:
    mine, other = Leases(tmp_path), Leases(tmp_path, lease_seconds=1.0)
    other._owner = {**other._owner, "host": "another"}
    assert other.take("title")
    assert not mine.take("title")
    time.sleep(0.5)
    other.renew()
    time.sleep(0.7)
    assert not mine.take("title")  # it was renewed
    time.sleep(1.1)
    assert mine.take("title")


def test_many_processes_want_one_lease_and_one_gets_it(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLD, str(tmp_path)]
    processes = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(6)]
    try:
        said = [one.stdout.readline().strip() for one in processes if one.stdout]
    finally:
        for one in processes:
            one.kill()
            one.wait(30)
            assert one.stdout is not None
            one.stdout.close()
    assert sorted(said) == ["False"] * 5 + ["True"]


def test_failures_of_the_file_are_remembered_under_their_conditions(tmp_path: Path) -> None:
    store = FailureStore(tmp_path)
    store.remember("a", Outcome("a", "failed", "broken", cause="media", exit_code=3), "x")
    store.remember("b", Outcome("b", "failed", "disk full", cause="other", exit_code=7), "x")
    assert store.names() == ["a"]
    assert store.recall("a", "x") == Outcome("a", "failed", "broken", cause="media", exit_code=3)
    assert store.recall("a", "y") is None
    store.forget("a")
    assert store.names() == []


def test_exit_codes() -> None:
    def of(*statuses: str, was_stopped: bool = False) -> int:
        outcomes = tuple(Outcome("t", one) for one in statuses)  # type: ignore[arg-type]
        return BatchReport("c", "l", 0.0, 1.0, outcomes, was_stopped=was_stopped).exit_code

    assert of("done", "skipped", "partial") == 0
    assert of("done", "failed") == 6
    assert of("done", "stopped") == 6
    assert of("done", "stopped", was_stopped=True) == 130


def test_metrics_are_in_the_format_of_prometheus(tmp_path: Path) -> None:
    metrics = Metrics(tmp_path / "ava.prom", n_titles=3)
    metrics.ended(Outcome("a", "done", n_frames=100, seconds=2.5, peak_memory_bytes=7))
    metrics.ended(Outcome("b", "failed"))
    metrics.write()
    values = {}
    for line in (tmp_path / "ava.prom").read_text("utf-8").splitlines():
        if not line.startswith("#"):
            name, value = line.rsplit(" ", 1)
            values[name] = float(value)
    assert values['ava_batch_titles{status="done"}'] == 1
    assert values['ava_batch_titles{status="failed"}'] == 1
    assert values["ava_batch_titles_left"] == 1
    assert values["ava_batch_frames_total"] == 100
    assert values["ava_batch_running"] == 1


def test_sizes_and_times_as_people_write_them() -> None:
    assert [bytes_of(one) for one in ("", "4G", "800M", "1.5GiB", "10 kB", "512")] == [
        0, 4 << 30, 800 << 20, 3 << 29, 10 << 10, 512 << 20,
    ]  # fmt: skip
    assert [seconds_of(one) for one in ("", "6h", "90m", "45", "0", "1d")] == [
        0, 21600, 5400, 45, 0, 86400,
    ]  # fmt: skip
    for wrong in ("4X", "-1", "h"):
        with pytest.raises(ConfigError):
            bytes_of(wrong)
        with pytest.raises(ConfigError):
            seconds_of(wrong)
