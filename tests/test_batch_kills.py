"""Runs that are killed, runs beside each other: the library is the same in the end."""

from __future__ import annotations

import json
import random
import time
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from ava.catalog.upkeep import verify
from tests.small_titles import (
    batch,
    contents,
    kill_tree,
    sample_clips,
    start_batch,
    wait_for,
    write_catalog,
)

_KILLED_AFTER_SECONDS = (0.0, 4.0)  # from importing, over the first title, to the one after it


def read_everything(library: Path) -> int:
    """Open all that a reader could: what lies under its final name is never half there."""
    n = 0
    for path in sorted(library.rglob("*")) if library.exists() else []:
        inside = path.relative_to(library).parts
        if len(inside) < 2 or inside[0].startswith(".") or not path.is_file():
            continue
        if path.suffix == ".parquet":
            pq.ParquetFile(path).read()
        elif path.suffix == ".json":
            json.loads(path.read_text("utf-8"))
        n += 1
    return n


def killed_until_done(catalog: Path, library: Path, n_kills: int, seed: int) -> dict[str, int]:
    """Kill a run again and again at random moments, then let it end; gives when each title was made.

    Returns
    -------
    dict of str to int
        The inode of each manifest when its title was seen for the first time.
    """
    chance = random.Random(seed)
    first_seen: dict[str, int] = {}
    for _ in range(n_kills):
        process = start_batch(catalog, library, "--jobs", "2")
        try:
            # Not before it works: else only its start would be killed, again and again.
            leases = library / ".ava" / "leases"
            wait_for(
                lambda at=leases, run=process: run.poll() is not None or any(at.glob("*.json")),
                90,
                "a title has started",
            )
            time.sleep(chance.uniform(*_KILLED_AFTER_SECONDS))
        finally:
            kill_tree(process)
        read_everything(library)
        for manifest in library.glob("[!.]*/manifest.json"):
            first_seen.setdefault(manifest.parent.name, manifest.stat().st_ino)
    assert batch(catalog, library, "--jobs", "2").returncode == 0
    return first_seen


def assert_the_same(library: Path, undisturbed: Path, first_seen: dict[str, int]) -> None:
    assert all(one.is_whole for one in verify(library))
    assert contents(library) == contents(undisturbed)
    for name, inode in first_seen.items():
        assert (library / name / "manifest.json").stat().st_ino == inode, f"{name} was done twice"
    left = [one.name for one in library.iterdir() if one.name.startswith(".")]
    assert left == [".ava"]
    assert not list((library / ".ava" / "leases").glob("*.json"))


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A catalog, and the library that one run without trouble makes of it."""
    root = tmp_path_factory.mktemp("undisturbed")
    clips = sample_clips(root / "clips", 6, n_frames=8)
    catalog = write_catalog(root / "catalog.csv", {one.stem: one for one in clips})
    assert batch(catalog, root / "library").returncode == 0
    return catalog, root / "library"


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_five_kills_change_nothing(
    undisturbed: tuple[Path, Path], tmp_path: Path, seed: int
) -> None:
    catalog, library = undisturbed
    first_seen = killed_until_done(catalog, tmp_path / "library", 5, seed)
    assert_the_same(tmp_path / "library", library, first_seen)


@pytest.mark.slow
def test_two_runs_at_once_do_each_title_once(
    undisturbed: tuple[Path, Path], tmp_path: Path
) -> None:
    catalog, _ = undisturbed
    logs = [tmp_path / "a.jsonl", tmp_path / "b.jsonl"]
    library = tmp_path / "library"
    runs = [start_batch(catalog, library, "--jobs", "1", "--log-json", str(log)) for log in logs]
    try:
        assert [one.wait(150) for one in runs] == [0, 0]
    finally:
        for one in runs:
            kill_tree(one)
    events = [json.loads(line) for log in logs for line in log.read_text("utf-8").splitlines()]
    started = [one["title_id"] for one in events if one["event"] == "started"]
    assert sorted(started) == [f"clip_{at:03d}" for at in range(6)]
    ended = [one["status"] for one in events if one["event"] == "ended"]
    assert sorted(ended) == ["partial"] * 6 + ["skipped"] * 6
