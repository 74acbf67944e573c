"""Runs on a real Ray cluster of two nodes, one of which is lost in the middle."""

from __future__ import annotations

import json
import os
import signal
import socket
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from ava.catalog.engines.ray import Need, memory_for
from ava.catalog.upkeep import verify
from ava.core.errors import ConfigError
from tests.conftest import SAMPLE, skip
from tests.small_titles import (
    batch,
    broken_files,
    contents,
    kill_tree,
    light_environment,
    report_of,
    sample_clips,
    start_batch,
    tree,
    wait_for,
    write_catalog,
)

_STORE_BYTES = 80 << 20


@pytest.fixture
def cluster(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A head with one core; more nodes can be added, and killed."""
    try:
        from ray.cluster_utils import Cluster
    except ImportError:
        skip("Ray is not installed")
    for name, value in light_environment(tmp_path).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    node = {"num_cpus": 1, "object_store_memory": _STORE_BYTES, "include_dashboard": False,
            "_system_config": {"health_check_period_ms": 500, "health_check_timeout_ms": 1000}}  # fmt: skip
    made = Cluster(initialize_head=True, head_node_args=node)
    try:
        yield made
    finally:
        made.shutdown()


def events_of(log: Path) -> list[dict[str, Any]]:
    if not log.exists():
        return []
    lines = log.read_text("utf-8").split("\n")[:-1]  # the last one may be half written
    return [json.loads(line) for line in lines]


def processes_of(node: Any) -> list[int]:
    return tree(node.all_processes["raylet"][0].process.pid)


def is_worker(pid: int) -> bool:
    """Whether a process is one that titles are worked on in."""
    try:
        return b"ava.catalog.engines.worker" in Path(f"/proc/{pid}/cmdline").read_bytes()
    except OSError:
        return False


def kill_node(node: Any) -> None:
    """SIGKILL for a node and all that runs there, as when it loses power."""
    for pid in processes_of(node):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.slow
def test_a_lost_node_costs_only_what_ran_there(cluster: Any, tmp_path: Path) -> None:
    second = cluster.add_node(num_cpus=1, object_store_memory=_STORE_BYTES)
    clips = sample_clips(tmp_path / "clips", 4, n_frames=48)
    films = {f"t{at}": clip for at, clip in enumerate(clips)}
    films |= {"text": broken_files(tmp_path / "broken", clips[0])["text"]}
    catalog = write_catalog(tmp_path / "c.csv", films)
    log, library = tmp_path / "log.jsonl", tmp_path / "library"
    words = ["--engine", "ray", "--address", cluster.address, "--cpus-per-title", "1"]
    process = start_batch(catalog, library, *words, "--log-json", str(log))
    try:
        lost = f"-{second.node_id[:8]}"

        def runs_there() -> bool:
            ended = {one["title_id"] for one in events_of(log) if one["event"] == "ended"}
            began = [one for one in events_of(log) if one["event"] == "started"]
            there = [one["title_id"] for one in began if one["worker"].endswith(lost)]
            return bool(ended) and bool(set(there) - ended)

        wait_for(runs_there, 90, "a title runs on the second node, and one has ended")
        kill_node(second)
        done = {path: path.stat().st_ino for path in library.glob("[!.]*/manifest.json")}
        assert process.wait(120) == 6
    finally:
        kill_tree(process)
    report = report_of(library)
    assert report["counts"]["partial"] == 4
    assert report["by_title"]["text"]["cause"] == "media"
    events = events_of(log)
    retried = [one for one in events if one["event"] == "retried"]
    assert len({one["title_id"] for one in retried}) == 1
    assert len(retried) == report["n_retries"]
    assert "node was lost" in retried[0]["reason"]
    assert report["by_title"][retried[0]["title_id"]]["n_attempts"] == 1 + len(retried)
    ended = [one["title_id"] for one in events if one["event"] == "ended"]
    assert sorted(ended) == sorted(films)
    assert len({one["worker"] for one in events if one["event"] == "started"}) == 2
    assert all(one.is_whole for one in verify(library))
    assert done == {path: path.stat().st_ino for path in done}
    assert not [one for one in os.listdir(library) if ".partial-" in one]
    assert not list((library / ".ava" / "leases").glob("*.json"))
    here = tmp_path / "here"
    assert batch(catalog, here, "--jobs", "1").returncode == 6
    assert contents(here) == contents(library)


@pytest.mark.slow
def test_limits_and_stopping_hold_on_a_node_too(cluster: Any, tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.csv", {"a": SAMPLE})
    words = ["--engine", "ray", "--address", cluster.address]
    done = batch(catalog, tmp_path / "library", *words)
    assert done.returncode == 2
    assert "no node of the cluster has 2 cores" in done.stderr
    words += ["--cpus-per-title", "1", "--max-memory", "60M"]
    assert batch(catalog, tmp_path / "library", *words).returncode == 6
    one = report_of(tmp_path / "library")["by_title"]["a"]
    assert one["cause"] == "memory"
    assert "60 MiB are allowed" in one["reason"]
    log, library = tmp_path / "log.jsonl", tmp_path / "library2"
    process = start_batch(catalog, library, *words[:-2], "--log-json", str(log))
    try:
        wait_for(lambda: any(one["event"] == "progress" for one in events_of(log)), 60, "it runs")
        at_work = [pid for pid in processes_of(cluster.head_node) if is_worker(pid)]
        assert len(at_work) == 1
        for _ in range(2):
            process.send_signal(signal.SIGINT)
            time.sleep(0.4)
        assert process.wait(60) == 130
        wait_for(lambda: not is_worker(at_work[0]), 30, "what worked on the title has ended")
    finally:
        kill_tree(process)
    assert report_of(library)["counts"]["stopped"] == 1
    assert not list((library / ".ava" / "leases").glob("*.json"))


def test_an_address_where_nothing_is(tmp_path: Path) -> None:
    catalog = write_catalog(tmp_path / "c.csv", {"a": tmp_path / "a.mp4"})
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # not listening: refused
        address = f"127.0.0.1:{taken.getsockname()[1]}"
        done = batch(catalog, tmp_path / "library", "--engine", "ray", "--address", address)
    assert done.returncode == 2
    assert f"nothing answers at {address}" in done.stderr
    done = batch(catalog, tmp_path / "library", "--engine", "ray", "--address", "ray://head:10001")
    assert done.returncode == 2
    assert "ray job submit" in done.stderr
    done = batch(catalog, tmp_path / "library", "--engine", "moon")
    assert done.returncode == 2
    assert "known are: local, ray" in done.stderr


def test_what_a_title_asks_of_a_node() -> None:
    assert Need(2).fits({"CPU": 7.0}) == 3
    assert Need(2, 0.5).fits({"CPU": 8.0, "GPU": 1.0}) == 2
    assert Need(2, 1.0).fits({"CPU": 8.0}) == 0
    with pytest.raises(ConfigError, match="at least 1 core"):
        Need(0)
    small, large = memory_for(10 << 20, 0, 1 << 40), memory_for(50 << 30, 0, 1 << 40)
    assert 1 << 30 < small < large <= 2 << 30
    assert memory_for(50 << 30, 4 << 30, 1 << 40) == 4 << 30
    assert memory_for(50 << 30, 4 << 30, 3 << 30) == 3 << 30  # else it would wait for ever
