"""Films at addresses: read by range, through a bounded cache, and plain words where that fails."""

from __future__ import annotations

import json
import os
import random
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from ava.catalog.checking import missing_sources
from ava.catalog.outcome import failed
from ava.catalog.plan import Limits, Planner, TitlePlan
from ava.catalog.titles import read_catalog
from ava.core.errors import (
    AvaError,
    ConfigError,
    MediaNotFound,
    UnreachableMedia,
    UnreadableMedia,
)
from ava.scoring.registry import installed
from ava.settings import load_settings
from ava.source import remote
from ava.source.blocks import BLOCK_BYTES, BlockCache, RangeReader, cache_of_machine
from ava.source.opening import open_source
from ava.source.remote import RemotePath, located
from tests.conftest import SAMPLE
from tests.remote_stores import RangeServer, forget_stores, padded, with_variables
from tests.small_titles import AVA, LIGHT, light_environment, sample_clips, write_catalog

LONG_BYTES = 200 * 2**20


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RangeServer]:
    monkeypatch.setenv("AVA_REMOTE_CACHE_DIR", str(tmp_path / "cache"))
    monkeypatch.setattr(remote, "_WAITS_SECONDS", (0.01,))
    (tmp_path / "films").mkdir()
    with RangeServer(tmp_path / "films") as serving:
        yield serving


def ava(tmp_path: Path, *words: str) -> subprocess.CompletedProcess[str]:
    environment = with_variables(light_environment(tmp_path), tmp_path)
    return subprocess.run(
        [*AVA, *words], capture_output=True, text=True, timeout=200, env=environment
    )


def test_a_still_of_a_long_film_takes_its_head_only(server: RangeServer, tmp_path: Path) -> None:
    film = padded(SAMPLE, server.folder / "film.mp4", LONG_BYTES)
    stills = [tmp_path / "remote.png", tmp_path / "local.png"]
    for where, still in zip((f"{server.address}/film.mp4", str(film)), stills, strict=True):
        words = ("still", where, "--at", "5", "-o", str(still), "--set", "scan.crop_bars=false")
        done = ava(tmp_path, *words)
        assert done.returncode == 0, done.stderr
    assert stills[0].read_bytes() == stills[1].read_bytes()
    assert server.n_bytes < 2**20


def test_a_film_at_an_address_is_the_film_on_the_disk(server: RangeServer) -> None:
    film = padded(SAMPLE, server.folder / "film.mp4", LONG_BYTES)
    with open_source(f"{server.address}/film.mp4?token=1") as there, open_source(film) as here:
        assert there.info.title == "film"
        assert there.info.content_id == here.info.content_id
        assert server.n_bytes < 85 * 2**20  # 64 samples of a megabyte, and what blocks round up
        n = 0
        for one, other in zip(there.scan(), here.scan(), strict=True):
            assert one.ref == other.ref
            if n % 100 == 0:
                assert np.array_equal(one.rgb(), other.rgb())
            n += 1
        sent = server.n_bytes
        assert sum(1 for _ in there.scan()) == n
        assert server.n_bytes == sent  # the second time from the cache


def test_a_plan_knows_a_remote_film_by_its_content(server: RangeServer, tmp_path: Path) -> None:
    [clip] = sample_clips(server.folder, 1)
    film = f"{server.address}/{clip.name}"
    path = write_catalog(tmp_path / "catalog.csv", {"One": film})  # type: ignore[dict-item]
    library = tmp_path / "library"
    assert ava(tmp_path, "batch", str(path), "-o", str(library), *LIGHT).returncode == 0
    facts = json.loads((library / "One" / "title.json").read_text("utf-8"))
    assert facts["path"] == film
    before = server.n_bytes
    catalog = read_catalog(path)
    settings = load_settings(None, LIGHT[1:4:2])
    planner = Planner(library, settings, installed().ids, Limits())

    def plan() -> TitlePlan:
        return planner.plan(catalog.titles[0])

    assert plan().is_done
    assert server.n_bytes == before  # its size and date are enough
    os.utime(clip, (1, 1))
    assert plan().is_done
    assert plan().is_moved
    with clip.open("ab") as file:
        file.write(b"more")
    assert plan().scores.reasons == ("the film is another one",)
    clip.unlink()
    failure = plan().failure
    assert failure is not None
    assert failure.reason == f"no such file: {film}"
    assert [one.message for one in missing_sources(catalog)] == [f"no such file: {film}"]


def said(where: str) -> AvaError:
    with pytest.raises(AvaError) as error:
        open_source(where)
    assert "\n" not in error.value.message
    assert error.value.hint
    return error.value


def test_what_goes_wrong_is_said_in_one_line(server: RangeServer) -> None:
    shutil.copy(SAMPLE, server.folder / "film.mp4")
    film = f"{server.address}/film.mp4"
    assert isinstance(said(f"{server.address}/none.mp4"), MediaNotFound)
    server.status = 403
    refused = said(film)
    assert isinstance(refused, UnreachableMedia)
    assert "access is refused" in refused.message
    server.status = 500
    assert "cannot be reached" in said(film).message
    server.status = 0
    assert isinstance(said("http://127.0.0.1:9/film.mp4"), UnreachableMedia)
    assert "disk only" in said(f"{server.address}/picture.jpg").message
    server.gives_ranges = False
    with pytest.raises(UnreadableMedia, match="parts of a file"):
        list(open_source(film).scan())
    with pytest.raises(ConfigError, match="password"):
        located("https://me:secret@films.invalid/film.mp4")
    with pytest.raises(ConfigError, match="no bucket"):
        located("s3://")


def test_no_credentials_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.startswith("AWS_") and name != "AWS_CA_BUNDLE":
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    forget_stores()
    try:
        error = said("s3://bucket/film.mp4")
    finally:
        forget_stores()
    assert "no credentials for s3://" in error.message
    assert "AWS_PROFILE" in (error.hint or "")


@pytest.mark.parametrize(
    ("package", "where"), [("aiohttp", "https://a/b.mp4"), ("s3fs", "s3://a/b.mp4")]
)
def test_a_missing_extra_is_named(package: str, where: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None\n"
        "from ava.cli.app import main\n"
        f"sys.argv = ['ava', 'rank', {where!r}]\n"
        "main()"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 2
    assert f"fsspec and {package}, which are not installed" in done.stderr
    assert "pip install 'ava-artwork[remote]'" in done.stderr


def test_a_film_that_breaks_off_is_no_short_film(
    server: RangeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVA_REMOTE_CACHE_MIB", "0")
    shutil.copy(SAMPLE, server.folder / "film.mp4")
    source = open_source(f"{server.address}/film.mp4")
    server.n_bytes, server.fails_after_bytes = 0, 800_000
    with pytest.raises(UnreachableMedia) as error:
        list(source.scan())
    assert failed("t", error.value).cause == "other"  # so it is tried again the next night


def test_a_film_that_is_exchanged_meanwhile_is_not_mixed_up(
    server: RangeServer,
) -> None:
    shutil.copy(SAMPLE, server.folder / "film.mp4")
    where = RemotePath(f"{server.address}/film.mp4")
    with where.open() as file:
        first = file.read(1000)
    (server.folder / "film.mp4").write_bytes(bytes(SAMPLE.stat().st_size))
    os.utime(server.folder / "film.mp4", (1, 1))
    with where.open() as file:
        assert file.read(1000) == bytes(1000) != first


@pytest.mark.parametrize("with_cache", [True, False])
def test_reading_here_and_there_gives_the_bytes_of_the_file(
    tmp_path: Path, with_cache: bool
) -> None:
    data = random.Random(1).randbytes(9 * BLOCK_BYTES + 12_345)
    asked: list[int] = []

    def fetch(start: int, end: int) -> bytes:
        asked.append(end - start)
        return data[start:end]

    cache = BlockCache(tmp_path, 2**30) if with_cache else None
    chance = random.Random(2)
    with RangeReader(fetch, len(data), "key", cache) as file:
        for _ in range(200):
            at, n = chance.randrange(len(data) + 10), chance.randrange(3 * BLOCK_BYTES)
            file.seek(at)
            assert file.read(n) == data[at : at + n]
        assert file.seek(-5, os.SEEK_END) == len(data) - 5
        assert file.read() == data[-5:]
        assert file.read(1) == b""
    if with_cache:
        assert sum(asked) <= 2 * len(data)


def test_reading_on_and_on_asks_for_more_and_more() -> None:
    asked: list[int] = []

    def fetch(start: int, end: int) -> bytes:
        asked.append((end - start) // BLOCK_BYTES)
        return bytes(end - start)

    with RangeReader(fetch, 100 * BLOCK_BYTES, "key", None) as file:
        while file.read(2**15):
            pass
    assert asked == [1, 2, 4, 8, 16, 32, 32, 5]


def test_the_cache_stays_within_its_bound_and_keeps_what_is_used(tmp_path: Path) -> None:
    limit = 64 * 1000
    cache = BlockCache(tmp_path, limit)
    for at in range(64):
        cache.write("film", at, bytes(1000))
        os.utime(tmp_path / "film" / str(at), (at + 1, at + 1))
    assert cache.read("film", 0) is not None  # which makes it the latest used
    for at in range(200):
        cache.write("another", at, bytes(1000))
        held = sum(one.stat().st_size for one in tmp_path.glob("*/*"))
        assert held <= limit * 33 / 32 + 1000
        if at == 3:
            assert cache.read("film", 0) is not None
            assert cache.read("film", 1) is None


def test_the_size_of_the_cache_can_be_set(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AVA_REMOTE_CACHE_MIB", "0")
    assert cache_of_machine() is None
    monkeypatch.setenv("AVA_REMOTE_CACHE_MIB", "4G")
    with pytest.raises(ConfigError, match="AVA_REMOTE_CACHE_MIB"):
        cache_of_machine()


def test_names_are_those_of_the_file() -> None:
    film = RemotePath("https://films.invalid/a%20b/The%20Film.v2.mp4?sig=x.y")
    assert (film.name, film.stem, film.suffix) == ("The Film.v2.mp4", "The Film.v2", ".mp4")
    film = RemotePath("s3://bucket/a/b?c#1.mov")
    assert (film.name, film.suffix) == ("b?c#1.mov", ".mov")
    assert located("film.mp4") == Path("film.mp4")
    assert str(RemotePath("s3://bucket/library/") / "title") == "s3://bucket/library/title"
