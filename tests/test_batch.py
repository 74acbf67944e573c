"""Whole runs over small catalogs, through the command line."""

from __future__ import annotations

import json
import os
import shutil
import signal
import time
from pathlib import Path
from typing import Any

import pytest

from ava.catalog.upkeep import orphans, prune, repair, verify
from ava.store.manifest import read_manifest
from ava.store.title_folder import SCORES
from tests.small_titles import (
    batch,
    broken_files,
    contents,
    kill_tree,
    report_of,
    sample_clips,
    start_batch,
    wait_for,
    write_catalog,
)

FAILS = {
    "truncated": "cannot be read as video",
    "zero": "is empty",
    "text": "cannot be read as video",
    "wrong_ending": "cannot be read as video",
    "sound_only": "no moving picture",
    "black": "black",
    "dangling": "is not there",
    "pipe": "neither a file nor a folder",
    "missing": "is not there",
}


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """A catalog with broken files among good ones, run once."""
    root = tmp_path_factory.mktemp("night")
    clips = sample_clips(root / "clips", 4)
    films = {f"Good {at}": clip for at, clip in enumerate(clips)}
    films |= broken_files(root / "broken", clips[0])
    catalog = write_catalog(root / "catalog.csv", films, season={"Good 0": "1"})
    with catalog.open("a", encoding="utf-8") as file:
        file.write(",nothing.mp4,\n")
    log, metrics = root / "log.jsonl", root / "ava.prom"
    done = batch(catalog, root / "library", "--jobs", "2", "--log-json", str(log),
                 "--metrics", str(metrics))  # fmt: skip
    return {"root": root, "catalog": catalog, "library": root / "library", "done": done,
            "clips": clips, "log": log, "metrics": metrics, "films": films}  # fmt: skip


def test_every_good_title_is_there_and_every_bad_one_says_why(nights: dict[str, Any]) -> None:
    assert nights["done"].returncode == 6
    assert nights["done"].stderr.strip().endswith(":15: title_id is missing")
    report = report_of(nights["library"])
    assert report["counts"] == {"done": 0, "partial": 4, "skipped": 0, "failed": 10, "stopped": 0}
    for name, says in FAILS.items():
        one = report["by_title"][name]
        assert says in one["reason"], one
        assert one["hint"]
        assert not (nights["library"] / name).exists()
    for at in range(4):
        folder = nights["library"] / f"Good-{at}"
        assert (folder / "index.html").is_file()
        manifest = read_manifest(folder)
        assert manifest is not None
        assert manifest["title"] == f"Good {at}"
        assert SCORES in manifest["files"]
    assert not [one for one in os.listdir(nights["library"]) if ".partial-" in one]
    page = (nights["library"] / "batch.html").read_text("utf-8")
    assert 'href="Good-0/index.html"' in page
    assert "no moving picture" in page


def test_what_happened_can_be_read_by_machines(nights: dict[str, Any]) -> None:
    events = [json.loads(line) for line in nights["log"].read_text("utf-8").splitlines()]
    assert events[0]["event"] == "planned"
    assert (events[0]["n_titles"], events[0]["n_left"]) == (13, 10)
    assert events[-1]["event"] == "finished"
    assert events[-1]["exit_code"] == 6
    ended = [one["title_id"] for one in events if one["event"] == "ended"]
    assert len(ended) == len(set(ended)) == 14
    started = [one["title_id"] for one in events if one["event"] == "started"]
    assert len(started) == len(set(started)) == 10
    assert "ava_batch_running 0" in nights["metrics"].read_text("utf-8")


@pytest.fixture
def again(nights: dict[str, Any], tmp_path: Path) -> tuple[Path, Path]:
    """A copy of catalog and library that a test may change."""
    shutil.copytree(nights["library"], tmp_path / "library")
    catalog = write_catalog(
        tmp_path / "catalog.csv", {f"Good {at}": nights["clips"][at] for at in range(4)}
    )
    return catalog, tmp_path / "library"


def plan_of(catalog: Path, library: Path, *words: str) -> dict[str, Any]:
    done = batch(catalog, library, "--plan", "--json", *words)
    assert done.returncode == 0, done.stderr
    facts: dict[str, Any] = json.loads(done.stdout)
    return {"n_left": facts["n_left"], **{one["title_id"]: one for one in facts["titles"]}}


def test_what_is_done_is_not_done_again(nights: dict[str, Any]) -> None:
    library = nights["library"]
    before = {path: path.stat().st_ino for path in library.rglob("manifest.json")}
    done = batch(nights["catalog"], library)
    assert done.returncode == 6
    report = report_of(library)
    assert report["counts"]["skipped"] == 4
    assert report["counts"]["failed"] == 10
    assert "it failed before" in report["by_title"]["text"]["reason"]
    assert before == {path: path.stat().st_ino for path in library.rglob("manifest.json")}


def test_a_plan_says_what_is_stale_and_why(again: tuple[Path, Path]) -> None:
    catalog, library = again
    assert plan_of(catalog, library)["n_left"] == 0
    other_top = plan_of(catalog, library, "--set", "ranking.top=3")
    assert other_top["n_left"] == 4
    assert other_top["Good 0"]["scores"]["state"] == "done"
    assert other_top["Good 0"]["ranking"] == {
        "state": "stale",
        "reasons": ["ranking.top: 2, now 3"],
    }
    other_scan = plan_of(catalog, library, "--set", "scan.crop_bars=false")
    assert other_scan["Good 0"]["scores"]["reasons"] == ["scan.crop_bars: true, now false"]
    assert other_scan["Good 0"]["ranking"]["state"] == "stale"
    quicker = plan_of(catalog, library, "--scan", "keyframes")["Good 0"]["scores"]["reasons"]
    assert 'scan.frames: not set, now "keyframes"' in quicker
    facts_path = library / "Good-1" / "manifest.json"
    facts = json.loads(facts_path.read_text("utf-8"))
    old = next(one for one in facts["scorer_ids"] if one.startswith("color-"))
    facts["scorer_ids"] = [one for one in facts["scorer_ids"] if one != old] + ["color-0-abc"]
    facts_path.write_text(json.dumps(facts), "utf-8")
    assert plan_of(catalog, library)["Good 1"]["scores"]["reasons"] == [
        f"scorer color: color-0-abc, now {old}"
    ]
    retry = plan_of(catalog, library, "--retry")
    assert retry["Good 0"]["scores"]["reasons"][0].startswith("to try again: faces")


def test_a_film_that_was_moved_or_touched_is_not_done_again(
    again: tuple[Path, Path], tmp_path: Path
) -> None:
    catalog, library = again
    moved = tmp_path / "moved.mp4"
    lines = catalog.read_text("utf-8").splitlines()
    shutil.copy(lines[1].split(",")[1], moved)
    os.utime(moved, (1, 1))
    lines[1] = f"Good 0,{moved}"
    lines[0] += ",episode"
    catalog.write_text("\n".join(lines) + "\n", "utf-8")
    assert plan_of(catalog, library)["n_left"] == 0
    scores = (library / "Good-0" / SCORES).stat().st_ino
    assert batch(catalog, library).returncode == 0
    assert (library / "Good-0" / SCORES).stat().st_ino == scores
    facts = json.loads((library / "Good-0" / "title.json").read_text("utf-8"))
    assert facts["path"] == str(moved)
    assert all(one.is_whole for one in verify(library))
    moved.write_bytes(Path(lines[2].split(",")[1]).read_bytes())
    assert plan_of(catalog, library)["Good 0"]["scores"]["reasons"] == ["the film is another one"]


def test_damage_is_found_taken_away_and_made_anew(again: tuple[Path, Path]) -> None:
    catalog, library = again
    whole = contents(library)
    decisions = library / "Good-1" / "decisions.json"
    decisions.write_text("{}", "utf-8")
    still = next((library / "Good-0" / "stills").iterdir())
    data = bytearray(still.read_bytes())
    data[len(data) // 2] ^= 0xFF  # as large as before: only its hash tells
    still.write_bytes(data)
    (library / "Good-1" / "shots.parquet").unlink()
    assert plan_of(catalog, library)["n_left"] == 1
    damaged = {one.name: one.damaged for one in verify(library) if one.damaged}
    assert damaged == {
        "Good-0": (still.relative_to(library / "Good-0").as_posix(),),
        "Good-1": ("shots.parquet",),
    }
    assert [one.name for one in repair(library)] == ["Good-0", "Good-1"]
    plan = plan_of(catalog, library)
    assert plan["n_left"] == 2
    assert plan["Good 0"]["scores"]["state"] == "done"
    assert plan["Good 1"]["scores"]["state"] == "stale"
    assert batch(catalog, library).returncode == 0
    assert all(one.is_whole for one in verify(library))
    assert decisions.read_text("utf-8") == "{}"
    decisions.unlink()
    assert contents(library) == whole


def test_prune_removes_what_nobody_needs(again: tuple[Path, Path]) -> None:
    _, library = again
    (library / "Good-3" / "decisions.json").write_text("{}", "utf-8")
    dead = library / ".Good-0.partial-4194300-0123abcd"
    dead.mkdir()
    names = ["Good-0", "Good-1"]
    found = {one.path.name: one.is_kept for one in orphans(library, names)}
    assert found[dead.name] is False
    assert (found["Good-2"], found["Good-3"]) == (False, True)
    assert found["text.json"] is False
    prune(library, names)
    left = sorted(one.name for one in library.iterdir() if one.is_dir())
    assert left == [".ava", "Good-0", "Good-1", "Good-3"]
    prune(library, names, with_decisions=True)
    assert not (library / "Good-3").exists()


def test_limits_cost_only_the_title(nights: dict[str, Any], tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.csv", {"a": nights["clips"][0]})
    library = tmp_path / "library"
    assert batch(catalog, library, "--max-memory", "60M").returncode == 6
    one = report_of(library)["by_title"]["a"]
    assert one["cause"] == "memory"
    assert "60 MiB are allowed" in one["reason"]
    assert batch(catalog, library, "--max-time", "0.05").returncode == 6
    assert report_of(library)["by_title"]["a"]["cause"] == "time"
    assert not [path for path in library.iterdir() if ".partial-" in path.name]
    assert batch(catalog, library).returncode == 0
    assert report_of(library)["by_title"]["a"]["peak_memory_bytes"] > 100 << 20


def test_a_worker_that_dies_is_replaced(nights: dict[str, Any], tmp_path: Path) -> None:
    catalog = write_catalog(
        tmp_path / "c.csv", {f"t{at}": clip for at, clip in enumerate(nights["clips"])}
    )
    log = tmp_path / "log.jsonl"
    process = start_batch(catalog, tmp_path / "library", "--jobs", "1", "--log-json", str(log))
    try:
        said = lambda: log.read_text("utf-8") if log.exists() else ""  # noqa: E731
        wait_for(lambda: '"started"' in said(), 60, "a title has started")
        workers = _children(process.pid)
        os.kill(workers[0], signal.SIGKILL)
        assert process.wait(120) == 0
    finally:
        kill_tree(process)
    report = report_of(tmp_path / "library")
    assert report["n_retries"] == 1
    assert report["counts"]["partial"] == 4
    assert "killed by SIGKILL" in said()
    assert sorted(one["n_attempts"] for one in report["titles"]) == [1, 1, 1, 2]


def _children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


@pytest.mark.parametrize("n_signals", [1, 2])
def test_stopping_is_clean(nights: dict[str, Any], tmp_path: Path, n_signals: int) -> None:
    catalog = write_catalog(
        tmp_path / "c.csv", {f"t{at}": clip for at, clip in enumerate(nights["clips"])}
    )
    log, library = tmp_path / "log.jsonl", tmp_path / "library"
    process = start_batch(catalog, library, "--jobs", "1", "--log-json", str(log))
    try:
        said = lambda: log.read_text("utf-8") if log.exists() else ""  # noqa: E731
        wait_for(lambda: '"started"' in said(), 60, "a title has started")
        workers = _children(process.pid)
        for _ in range(n_signals):
            process.send_signal(signal.SIGINT)
            time.sleep(0.1)
        assert process.wait(90) == 130
    finally:
        kill_tree(process)
    assert not [pid for pid in workers if Path(f"/proc/{pid}/fd").exists()]
    counts = report_of(library)["counts"]
    assert counts["failed"] == 0
    assert counts["partial"] == 2 - n_signals  # the first signal lets the running title end
    assert counts["stopped"] == 4 - counts["partial"]
    assert not list((library / ".ava" / "leases").glob("*.json"))


def test_no_title_is_started_after_its_time(nights: dict[str, Any], tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.csv", {"a": nights["clips"][0], "b": nights["clips"][1]})
    done = batch(catalog, tmp_path / "library", "--jobs", "1", "--stop-after", "0.001")
    assert done.returncode == 6
    assert report_of(tmp_path / "library")["counts"]["stopped"] == 2
