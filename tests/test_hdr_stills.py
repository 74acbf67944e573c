"""`--hdr`: the HDR picture beside the SDR one, with what its numbers mean."""

from __future__ import annotations

import struct
import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

import ava as api
from ava.settings import Settings
from ava.source.opening import open_source
from ava.store.stills import StillSettings
from tests.conftest import SAMPLE
from tests.test_color import CHART, Combination, patches, stored
from tests.test_still import ava


def chunks(path: Path) -> dict[bytes, bytes]:
    data, at, found = path.read_bytes(), 8, {}
    while at < len(data):
        size, name = struct.unpack_from(">I4s", data, at)
        found.setdefault(name, data[at + 8 : at + 8 + size])
        at += size + 12
    return found


@pytest.mark.parametrize(
    ("primaries", "transfer", "full"), [(9, 16, False), (9, 18, True), (12, 16, False)]
)
def test_the_hdr_still_holds_the_code_values(
    tmp_path: Path, primaries: int, transfer: int, full: bool
) -> None:
    made = Combination("libx265", "yuv444p10le", 9, full, primaries, transfer)
    film = stored(made, tmp_path)
    done = ava("still", str(film), "--at", "0", "--out", "pick.png", "--hdr", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "pick_hdr.png" in done.stdout
    hdr = tmp_path / "pick_hdr.png"
    found = chunks(hdr)
    assert list(found)[:3] == [b"IHDR", b"cICP", b"gAMA"]
    assert found[b"IHDR"][8:10] == b"\x10\x02"  # 16 bit, RGB
    assert found[b"cICP"] == bytes([primaries, transfer, 0, 1])
    picture = cv2.imread(str(hdr), cv2.IMREAD_UNCHANGED)
    assert picture is not None
    assert picture.dtype == np.uint16
    # The code values of the file, not those of the picture made for SDR displays.
    assert np.abs(patches(picture[:, :, ::-1] / 257) - CHART).max() < 0.01
    with Image.open(tmp_path / "pick.png") as still:
        assert np.abs(patches(np.asarray(still)) - CHART).max() > 0.05
        profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
        assert still.info["icc_profile"][16:20] == profile.tobytes()[16:20] == b"RGB "


def test_an_sdr_film_has_none_and_that_is_said(tmp_path: Path) -> None:
    done = ava("still", str(SAMPLE), "--at", "3", "--out", "pick.png", "--hdr", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "not HDR" in done.stderr
    assert [one.name for one in tmp_path.iterdir()] == ["pick.png"]


def test_stills_of_picks_keep_theirs_too(shared_media: Path, tmp_path: Path) -> None:
    film = shared_media / "odd" / "nasa_13013_hdr.mp4"
    title = api.rank(film, tmp_path, top=3, settings=Settings(stills=StillSettings(hdr=True)))
    stills = sorted(one.name for one in (title.folder / "stills").iterdir())
    n_picks = len(title.candidates)
    assert n_picks
    assert [name.endswith("_hdr.png") for name in stills] == [False, True] * n_picks
    assert title.still(1).suffix == ".jpg"
    assert "_hdr.png" not in (title.folder / "index.html").read_text("utf-8")
    with open_source(film) as source:
        first = next(iter(source.scan())).hdr()
    assert first is not None
    assert first.shape == (180, 320, 3)


def test_a_still_has_no_bars_but_where_they_are_wanted(shared_media: Path, tmp_path: Path) -> None:
    film = str(shared_media / "odd" / "derived_letterboxed.mp4")
    for name, words in (("without.png", []), ("with.png", ["--set", "scan.crop_bars=false"])):
        done = ava("still", film, "--at", "2", "--out", name, *words, folder=tmp_path)
        assert done.returncode == 0, done.stderr
    with (
        Image.open(tmp_path / "without.png") as without,
        Image.open(tmp_path / "with.png") as whole,
    ):
        assert whole.size == (640, 480)
        assert without.size == (640, 360)
        assert np.array_equal(np.asarray(whole)[60:420], np.asarray(without))


def test_inspect_names_bars_and_timecode(shared_media: Path, tmp_path: Path) -> None:
    def seen(name: str) -> subprocess.CompletedProcess[str]:
        return ava("inspect", str(shared_media / "odd" / name), folder=tmp_path)

    assert "640 × 360 px (1.78:1)" in seen("derived_letterboxed.mp4").stdout
    assert "00:00:00:00" in seen("derived_interlaced_576i.mpg").stdout
