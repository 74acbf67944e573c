"""Ranking again decodes only what it has not decoded before, and the files stay right."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ava
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.settings import load_settings
from ava.source.at_hand import AtHand
from ava.source.opening import open_source
from ava.source.pyav_reader import PyAVReader
from ava.source.seeking import Walk
from ava.store.crops import read_crops
from ava.store.manifest import damaged_files, file_hash, read_manifest
from ava.store.title_folder import read_ranking, read_title
from tests.conftest import SAMPLE


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The frames that were decoded at full resolution, as they are."""
    found: list[int] = []
    read = PyAVReader.read

    def counted(self: PyAVReader, refs: Sequence[Any]) -> Any:
        found.extend(ref.frame_id for ref in refs)
        return read(self, refs)

    monkeypatch.setattr(PyAVReader, "read", counted)
    return found


@pytest.fixture
def title(ranked_sample: ava.RankedTitle, tmp_path: Path) -> Path:
    return Path(shutil.copytree(ranked_sample.folder, tmp_path / "library" / "sample_film"))


def test_the_same_again_decodes_nothing(title: Path, decoded: list[int]) -> None:
    before = {path.name: path.read_bytes() for path in (title / "stills").iterdir()}
    crops = read_crops(title)
    ava.rank(title, title.parent, top=10)
    assert decoded == []
    assert {path.name: path.read_bytes() for path in (title / "stills").iterdir()} == before
    assert read_crops(title) == crops
    assert all((title / one["file"]).is_file() for canvas in crops for one in canvas["crops"])


def test_another_order_decodes_only_what_is_new(title: Path, decoded: list[int]) -> None:
    had = {one.frame_id for one in read_ranking(title).candidates}
    settings = load_settings(None, ["ranking.profile=kids", "ranking.canvases.names=[]"])
    ava.rank(title, title.parent, top=10, settings=settings)
    ranking = read_ranking(title)
    now = {one.frame_id for one in ranking.candidates}
    assert sorted(decoded) == sorted(now - had)
    assert now & had
    refs = {ref.frame_id: ref for ref in read_title(title).refs}
    for one in ranking.candidates:
        (path,) = (title / "stills").glob(f"{one.rank:03d}_*")
        with open_source(SAMPLE) as source:
            frame = next(iter(source.read([refs[one.frame_id]]))).rgb().astype(float)
        with Image.open(path) as picture:
            still = np.asarray(picture.convert("RGB")).astype(float)
            assert one.label in picture.getexif()[0x010E]
        if still.shape == frame.shape:  # letterboxed shots are cropped
            assert np.abs(still - frame).mean() < 1.5


@pytest.mark.parametrize("change", ["stills.quality=80", "stills.format=png"])
def test_another_way_of_writing_decodes_all(title: Path, decoded: list[int], change: str) -> None:
    ava.rank(title, title.parent, top=10, settings=load_settings(None, [change]))
    assert {one.frame_id for one in read_ranking(title).candidates} <= set(decoded)


def test_a_lost_picture_is_decoded_again(title: Path, decoded: list[int]) -> None:
    gone = read_ranking(title).candidates[2]
    (path,) = (title / "stills").glob(f"{gone.rank:03d}_*")
    path.unlink()
    crop = read_crops(title)[1]["crops"][0]
    (title / crop["file"]).unlink()
    ava.rank(title, title.parent, top=10)
    assert set(decoded) == {gone.frame_id, crop["frame_id"]}
    assert path.is_file()
    assert (title / crop["file"]).is_file()


def test_the_manifest_reads_only_what_is_new(title: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hashed: list[str] = []

    def counted(path: Path) -> str:
        hashed.append(path.name)
        return file_hash(path)

    monkeypatch.setattr("ava.store.manifest.file_hash", counted)
    ava.rank(title, title.parent, top=10)
    read = set(hashed)
    manifest = read_manifest(title)
    assert manifest is not None
    assert damaged_files(title, manifest, rehash=True) == []
    proxies = {path.name for path in (title / "proxies").iterdir()}
    assert proxies
    assert proxies.isdisjoint(read)


def test_ranking_again_does_not_make_damage_look_right(title: Path) -> None:
    proxy = next((title / "proxies").iterdir())
    with proxy.open("r+b") as file:
        file.seek(-40, 2)
        file.write(b"damaged")
    ava.rank(title, title.parent, top=10)
    manifest = read_manifest(title)
    assert manifest is not None
    assert damaged_files(title, manifest, rehash=True) == [f"proxies/{proxy.name}"]


def test_ranking_again_loads_nothing_that_it_does_not_use(title: Path) -> None:
    unused = (
        "pandas", "scipy", "sklearn", "matplotlib", "mediapipe", "torch", "onnxruntime",
        "av", "pyarrow.compute",
    )  # fmt: skip
    code = (
        f"import sys; sys.argv = ['ava', 'rank', {str(title)!r}, '--quiet', '--top', '10']\n"
        "from ava.cli.app import main\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        f"print([name for name in {unused!r} if name in sys.modules])"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert out.stdout.strip() == "[]", out.stdout + out.stderr


def test_what_was_scanned_is_not_decoded_again(monkeypatch: pytest.MonkeyPatch) -> None:
    walked: list[int] = []
    exactly = Walk.exactly

    def counted(self: Walk, target: int, far: int) -> Any:
        walked.append(target)
        return exactly(self, target, far)

    monkeypatch.setattr(Walk, "exactly", counted)
    with open_source(SAMPLE) as source:
        shots = list(islice(Scanner(ScanSettings()).run(source), 5))
        refs = [one.ref for shot in shots for one in shot.candidates]
        assert len(refs) > 4
        seen = [frame.rgb() for frame in source.read(refs)]
        assert walked == []
    with open_source(SAMPLE) as other:
        again = [frame.rgb() for frame in other.read(refs)]
    assert len(walked) == len(refs)
    assert all(np.array_equal(one, two) for one, two in zip(seen, again, strict=True))


@dataclass(frozen=True)
class _Sized:
    n_bytes: int


def test_of_a_long_film_nothing_is_at_hand() -> None:
    at_hand: AtHand[_Sized] = AtHand(10)
    at_hand.keep(1, _Sized(6))
    at_hand.keep(1, _Sized(6))
    assert at_hand.get(1) == _Sized(6)
    at_hand.keep(2, _Sized(5))
    at_hand.keep(3, _Sized(1))
    assert [at_hand.get(number) for number in (1, 2, 3)] == [None, None, None]
