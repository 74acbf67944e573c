"""A library in an object store: in and out, killed in the middle, two runs at once."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ava.catalog.leases import holder_of
from ava.catalog.library import query
from ava.catalog.publishing import bench_of, publish
from ava.catalog.remote_files import RemoteFiles
from ava.catalog.remote_shelf import RemoteShelf
from ava.catalog.status import library_status
from ava.catalog.upkeep import repair, verify
from ava.core.errors import ConfigError, StoreError
from ava.source.remote import RemotePath
from ava.store.manifest import write_manifest
from tests.remote_stores import (
    BUCKET,
    client_of,
    forget_stores,
    moto_s3,
    objects,
    with_variables,
)
from tests.small_titles import (
    AVA,
    LIGHT,
    contents,
    kill_tree,
    light_environment,
    sample_clips,
    wait_for,
    write_catalog,
)


@pytest.fixture(scope="module")
def slow(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file that makes the store slow; see `moto_s3`."""
    return tmp_path_factory.mktemp("store") / "slow"


@pytest.fixture(scope="module")
def s3(slow: Path) -> Iterator[dict[str, str]]:
    with moto_s3(slow) as variables:
        yield variables


@pytest.fixture
def here(
    s3: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[dict[str, str]]:
    """The same store for this process, with a cache of its own."""
    for name, value in with_variables(s3, tmp_path).items():
        monkeypatch.setenv(name, value)
    forget_stores()
    yield s3
    forget_stores()


class Night:
    """Films in a bucket, their catalog, and the library that a run on the disk makes of them."""

    def __init__(self, root: Path, s3: dict[str, str]) -> None:
        self.root, self.s3 = root, s3
        self.environment = with_variables({**light_environment(root), **s3}, root)
        clips = sample_clips(root / "clips", 3, n_frames=8)
        for clip in clips:
            client_of(s3).upload_file(str(clip), BUCKET, f"in/{clip.name}")
        films: dict[str, Any] = {one.stem: f"s3://{BUCKET}/in/{one.name}" for one in clips}
        self.catalog = write_catalog(root / "catalog.csv", films)
        local = write_catalog(root / "local.csv", {one.stem: one for one in clips})
        done = self.batch(str(root / "library"), catalog=local)
        assert done.returncode == 0, done.stderr
        self.wanted = contents(root / "library")

    def command(self, library: str, *words: str, catalog: Path | None = None) -> list[str]:
        return [*AVA, "batch", str(catalog or self.catalog), "-o", library, *LIGHT, *words]

    def batch(self, library: str, *words: str, catalog: Path | None = None) -> Any:
        return subprocess.run(
            self.command(library, *words, catalog=catalog),
            capture_output=True, text=True, timeout=200, env=self.environment,
        )  # fmt: skip

    def ava(self, *words: str) -> Any:
        return subprocess.run(
            [*AVA, *words], capture_output=True, text=True, timeout=100, env=self.environment
        )

    def contents(self, prefix: str) -> dict[str, bytes]:
        """Of a library in the bucket, what `tests.small_titles.contents` gives of one on the disk."""
        found = objects(self.s3, f"{prefix}/")
        names = {key.removeprefix(f"{prefix}/"): data for key, data in found.items()}
        return {
            name: data
            for name, data in names.items()
            if not name.startswith(".ava") and "/" in name and not name.endswith("manifest.json")
        }

    def is_like_the_local_one(self, prefix: str) -> bool:
        """Byte for byte, but for where the film is."""
        found = self.contents(prefix)
        assert sorted(found) == sorted(self.wanted)
        return all(
            _without_path(name, found[name]) == _without_path(name, data)
            for name, data in self.wanted.items()
        )


def _without_path(name: str, data: bytes) -> Any:
    return {**json.loads(data), "path": ""} if name.endswith("/title.json") else data


@pytest.fixture(scope="module")
def night(s3: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Night:
    return Night(tmp_path_factory.mktemp("night"), s3)


@pytest.mark.slow
def test_from_a_bucket_into_a_bucket_as_on_the_disk(night: Night, here: dict[str, str]) -> None:
    library = f"s3://{BUCKET}/library"
    where = RemotePath(library)
    first = night.batch(library, "--jobs", "2")
    assert first.returncode == 0, first.stderr
    assert night.is_like_the_local_one("library")
    assert not objects(here, "library/.ava")
    assert b'href="clip_000/index.html"' in objects(here, "library/batch.html").popitem()[1]
    counts = dict(library_status(where).counts)
    assert counts["ranked"] == counts["titles"] == 3
    assert counts["being worked on"] == counts["unfinished"] == 0
    assert all(one.is_whole for one in verify(where))

    still = next(key for key in objects(here, "library/clip_001/stills/"))
    data = bytearray(objects(here, still)[still])
    data[len(data) // 2] ^= 0xFF
    client_of(here).put_object(Bucket=BUCKET, Key=still, Body=bytes(data))
    assert all(one.is_whole for one in verify(where, rehash=False))
    damaged = {one.name: one.damaged for one in verify(where) if one.damaged}
    assert damaged == {"clip_001": (still.removeprefix("library/clip_001/"),)}
    assert night.ava("catalog", "verify", library).returncode == 6
    assert [one.name for one in repair(where)] == ["clip_001"]
    mended = night.batch(library, "--json")
    assert [one["status"] for one in json.loads(mended.stdout)["titles"]] == [
        "skipped", "partial", "skipped",
    ]  # fmt: skip
    assert all(one.is_whole for one in verify(where))

    key = "library/clip_000/scores.parquet"
    before = client_of(here).head_object(Bucket=BUCKET, Key=key)["LastModified"]
    assert night.batch(library, "--set", "ranking.top=3").returncode == 0
    assert len([one for one in night.contents("library") if "clip_000/stills/" in one]) == 3
    after = client_of(here).head_object(Bucket=BUCKET, Key=key)["LastModified"]
    assert before == after  # the same: not sent again
    with pytest.raises(StoreError, match="on a disk"):
        query(Path(library), "select 1")


@pytest.mark.slow
def test_an_upload_that_is_killed_goes_on_and_is_never_half_seen(night: Night, slow: Path) -> None:
    prefix = "killed"
    slow.write_text("0.2", "utf-8")
    process = subprocess.Popen(
        night.command(f"s3://{BUCKET}/{prefix}", "--jobs", "1"),
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env=night.environment, start_new_session=True,
    )  # fmt: skip
    client = client_of(night.s3)

    def keys() -> list[str]:
        found = client.list_objects_v2(Bucket=BUCKET, Prefix=f"{prefix}/clip")
        return [one["Key"] for one in found.get("Contents", [])]

    try:
        wait_for(keys, 90, "an upload has begun")
    finally:
        kill_tree(process)
        slow.unlink()
    there = keys()
    assert there
    assert not [key for key in there if key.endswith("manifest.json")]
    status = night.ava("catalog", "status", f"s3://{BUCKET}/{prefix}", "--json")
    counts = json.loads(status.stdout)["counts"]
    assert (counts["titles"], counts["unfinished"]) == (0, 1)
    sent = {
        key: client.head_object(Bucket=BUCKET, Key=key)["LastModified"] for key in sorted(there)
    }
    done = night.batch(f"s3://{BUCKET}/{prefix}", "--json")
    assert done.returncode == 0, done.stderr
    titles = json.loads(done.stdout)["titles"]
    assert sorted(one["n_frames"] for one in titles) == [0, 8, 8]  # the first was only sent
    assert night.is_like_the_local_one(prefix)
    for key, when in sent.items():
        assert client.head_object(Bucket=BUCKET, Key=key)["LastModified"] == when, key


@pytest.mark.slow
def test_two_runs_on_one_bucket_do_each_title_once(night: Night) -> None:
    logs = [night.root / "a.jsonl", night.root / "b.jsonl"]
    quiet: dict[str, Any] = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    runs = []
    for log in logs:
        command = night.command(f"s3://{BUCKET}/both", "--jobs", "1", "--log-json", str(log))
        runs.append(subprocess.Popen(command, env=night.environment, **quiet))
    assert [one.wait(150) for one in runs] == [0, 0]
    events = [json.loads(line) for log in logs for line in log.read_text("utf-8").splitlines()]
    started = [one["title_id"] for one in events if one["event"] == "started"]
    assert sorted(started) == ["clip_000", "clip_001", "clip_002"]
    assert night.is_like_the_local_one("both")


def test_a_title_is_replaced_manifest_last(here: dict[str, str], tmp_path: Path) -> None:
    files = RemoteFiles(RemotePath(f"s3://{BUCKET}/shelf"))
    folder = tmp_path / "title"
    (folder / "stills").mkdir(parents=True)
    (folder / "a.bin").write_bytes(b"a")
    (folder / "stills" / "1.jpg").write_bytes(b"one")
    write_manifest(folder, {"title": "t"})
    assert publish(files, "t", folder) == ["a.bin", "stills/1.jpg"]
    assert publish(files, "t", folder) == []
    files.write("t/decisions.json", b"{}")
    (folder / "stills" / "1.jpg").rename(folder / "stills" / "2.jpg")
    write_manifest(folder, {"title": "t"})
    manifests: list[bytes | None] = []
    publish(files, "t", folder, lambda _: manifests.append(files.read("t/manifest.json")))
    assert manifests == [None]  # while it is sent, the title is not there
    assert sorted(objects(here, "shelf/t/")) == [
        "shelf/t/a.bin", "shelf/t/decisions.json", "shelf/t/manifest.json", "shelf/t/stills/2.jpg",
    ]  # fmt: skip
    (folder / "a.bin").write_bytes(b"b")  # as large as before
    write_manifest(folder, {"title": "t"})
    files.remove(["t/manifest.json"])  # its upload was cut off: only the store knows what is there
    assert publish(files, "t", folder) == ["a.bin"]


def test_one_of_many_gets_a_lease(here: dict[str, str]) -> None:
    where = RemotePath(f"s3://{BUCKET}/leases")
    first, second = RemoteShelf(where).leases, RemoteShelf(where).leases
    assert first.take("title")
    assert not second.take("title")
    assert second.held_by_others() == ["title"]
    first.give_back("title")
    assert second.take("title")
    [held] = objects(here, "leases/.ava").values()
    gone = {**(holder_of(held) or {}), "run": "x", "pid": 2**22 + 1}
    key = "leases/.ava/leases/other/x.json"
    client_of(here).put_object(Bucket=BUCKET, Key=key, Body=json.dumps(gone).encode())
    assert first.take("other")  # its process is gone
    assert first.clear_dead() == ["other"]
    away = {**gone, "host": "another", "expires": 0.0}
    client_of(here).put_object(Bucket=BUCKET, Key=key, Body=json.dumps(away).encode())
    assert first.take("other")  # its time is over


def test_two_that_come_at_once_never_both_get_it(
    here: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    where = RemotePath(f"s3://{BUCKET}/race")
    first, second = RemoteShelf(where).leases, RemoteShelf(where).leases
    write = second._write

    def slowly(name: str) -> None:
        assert first.take(name)  # comes in between
        write(name)

    monkeypatch.setattr(second, "_write", slowly)
    assert not second.take("title")
    assert second.held_by_others() == ["title"]


def test_failures_are_remembered_in_the_store(here: dict[str, str]) -> None:
    from ava.catalog.outcome import Outcome

    where = RemotePath(f"s3://{BUCKET}/failures")
    one, other = RemoteShelf(where).failures, RemoteShelf(where).failures
    one.remember("a", Outcome("a", "failed", "broken", cause="media", exit_code=3), "x")
    other.expect(["a", "b"])
    assert other.recall("a", "x") is not None
    assert other.recall("a", "y") is None
    assert other.recall("b", "x") is None
    other.forget("a")
    assert one.names() == []


def test_what_cannot_be_a_library_is_refused(
    here: dict[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ConfigError, match="cannot be at https://"):
        RemoteFiles(RemotePath("https://example.invalid/library"))
    with pytest.raises(StoreError, match="bucket does not exist"):
        RemoteFiles(RemotePath("s3://nowhere/library")).write("a", b"a")
    assert bench_of(RemotePath(f"s3://{BUCKET}/x")) == bench_of(RemotePath(f"s3://{BUCKET}/x/"))
