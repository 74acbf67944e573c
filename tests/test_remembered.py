"""A film that is still the same file is not opened to be ranked again."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import asdict, replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ava
from ava.core.errors import MediaError
from ava.pipeline import rank_title
from ava.settings import load_settings
from ava.source.info import Orientation, VideoInfo
from ava.source.opening import open_source, title_of
from ava.source.pyav_reader import PyAVReader
from ava.source.remembered import Remembered
from ava.store.manifest import set_source_path
from ava.store.title_folder import MANIFEST, TITLE, read_ranking
from ava.title_state import remembered
from tests.conftest import SAMPLE

SOURCES = (
    "films/craft_programme_anamorphic.mp4", "films/goldeneye_vfr.mp4", "odd/goldeneye_rotated.mp4",
    "odd/derived_hlg_10bit.mp4", "odd/derived_anamorphic_mpeg2.ts", "odd/no_duration.webm",
    "odd/derived_interlaced_576i.mpg", "odd/test_non_zero_start.mp4", "odd/delayed_start.mp4",
)  # fmt: skip
DRAMA = load_settings(None, ["ranking.profile=drama", "ranking.top=10"])


@pytest.fixture
def film(tmp_path: Path) -> Path:
    return Path(shutil.copy2(SAMPLE, tmp_path / "sample_film.mp4"))


@pytest.fixture
def title(ranked_sample: ava.RankedTitle, film: Path, tmp_path: Path) -> Path:
    """The sample's folder, as if it had been made from `film`."""
    folder = Path(shutil.copytree(ranked_sample.folder, tmp_path / "library" / "sample_film"))
    set_source_path(folder, film)
    return folder


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """What is looked into from here on."""
    found: list[Path] = []
    look = PyAVReader._opened

    def counted(self: PyAVReader) -> Any:
        found.append(Path(str(self._path)))
        return look(self)

    monkeypatch.setattr(PyAVReader, "_opened", counted)
    return found


def noted(info: VideoInfo) -> Remembered:
    facts = json.loads(json.dumps(info.to_json()))
    return Remembered(info.path, facts, Fraction(str(info.start.time_base)))


def plain(info: VideoInfo) -> dict[str, Any]:
    facts = asdict(replace(info, n_frames_from_header=0, fingerprint=str))
    return {name: str(value) for name, value in facts.items()}  # NaN is as good as NaN


@pytest.mark.parametrize("name", SOURCES)
def test_what_is_written_down_says_all(shared_media: Path, name: str) -> None:
    with open_source(shared_media / name) as source:
        again = noted(source.info)
        assert plain(again.info) == plain(source.info)
        assert again.info.content_id == source.info.content_id
        assert again.info.title == source.info.title == title_of(shared_media / name)
        refs = []
        for frame in source.scan():
            refs.append((frame.ref, frame.rgb()))
            if len(refs) == 12:
                break
    chosen = [refs[0], refs[5], refs[11]]
    for frame, (ref, pixels) in zip(again.read([ref for ref, _ in chosen]), chosen, strict=True):
        assert frame.ref == ref
        assert np.array_equal(frame.rgb(), pixels)


def test_a_folder_of_pictures_says_all(shared_media: Path) -> None:
    picture = next(path for path in sorted(shared_media.rglob("*.jpg")))
    for path in (picture, picture.parent):
        with open_source(path) as source:
            again = noted(source.info)
            assert plain(again.info) == plain(source.info)
            assert title_of(path) == source.info.title
            first = next(iter(source.scan()))
        (same,) = again.read([first.ref])
        assert np.array_equal(same.rgb(), first.rgb())


def test_every_turn_is_found_again() -> None:
    bits = [False, True]
    for one in (Orientation(a, b, c) for a in bits for b in bits for c in bits):
        assert Orientation.from_turn(one.rotation_degrees, one.mirrored) == one


@pytest.mark.parametrize("by_folder", [True, False])
def test_nothing_is_opened_to_rank_again(
    title: Path, film: Path, opened: list[Path], by_folder: bool
) -> None:
    result = rank_title(title if by_folder else film, title.parent, DRAMA)
    assert (result.folder, result.n_frames, opened) == (title, 0, [])
    stills = {path.name: path.read_bytes() for path in (title / "stills").iterdir()}
    ranking = read_ranking(title)
    shutil.rmtree(title / "stills")
    os.utime(film, ns=(0, 0))
    rank_title(title, title.parent, DRAMA)
    assert opened == [film]
    assert read_ranking(title) == ranking
    assert {path.name: path.read_bytes() for path in (title / "stills").iterdir()} == stills


def test_a_film_that_may_be_another_one_is_opened(title: Path, film: Path, tmp_path: Path) -> None:
    found = remembered(film, title)
    assert found is not None
    assert found[0].info.content_id == open_source(film).info.content_id
    assert remembered(film, tmp_path) is None
    assert remembered(Path(shutil.copy2(film, tmp_path / "other.mp4")), title) is None
    facts = film.stat()
    os.utime(film, ns=(facts.st_atime_ns, facts.st_mtime_ns + 1))
    assert remembered(film, title) is None
    with film.open("ab") as file:
        file.write(b"more")
    os.utime(film, ns=(facts.st_atime_ns, facts.st_mtime_ns))
    assert remembered(film, title) is None
    shutil.copy2(SAMPLE, film)
    assert remembered(film, title) is not None
    film.unlink()
    assert remembered(film, title) is None
    with pytest.raises(MediaError, match="no such file"):
        rank_title(film, title.parent, DRAMA)


@pytest.mark.parametrize("file", [TITLE, MANIFEST])
def test_a_folder_that_does_not_agree_with_itself_is_not_believed(
    title: Path, film: Path, file: str
) -> None:
    facts = json.loads((title / file).read_text("utf-8"))
    facts["source"]["content_id"] = "0" * 32
    (title / file).write_text(json.dumps(facts), "utf-8")
    assert remembered(film, title) is None


def test_what_another_version_found_is_not_believed(title: Path, film: Path) -> None:
    facts = json.loads((title / MANIFEST).read_text("utf-8"))
    (title / MANIFEST).write_text(json.dumps({**facts, "software": "ava 0.0"}), "utf-8")
    assert remembered(film, title) is None


def test_a_folder_that_says_too_little_is_no_memory(title: Path, film: Path) -> None:
    facts = json.loads((title / TITLE).read_text("utf-8"))
    del facts["source"]["clean_aperture"]
    (title / TITLE).write_text(json.dumps(facts), "utf-8")
    assert remembered(film, title) is None
