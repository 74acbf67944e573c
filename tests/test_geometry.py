"""Pictures stand upright, unmirrored, with square pixels, and show what is meant to be shown."""

from __future__ import annotations

import struct
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import AvaError
from ava.core.geometry import WHOLE_PICTURE
from ava.scan.glance import areas_at_a_glance
from ava.scan.scan_settings import ScanSettings
from ava.source.info import PixelBox
from ava.source.opening import open_source
from tests.conftest import ROOT, MakeVideo
from tests.test_picture_area import scanned

Picture = NDArray[np.uint8]
Pictures = dict[str, Picture]
CODECS = [("h264.mp4", "libx264"), ("hevc.mkv", "libx265"), ("prores.mov", "prores_ks")]


def encoded(
    path: Path,
    picture: Picture,
    codec: str = "libx264",
    degrees: int = 0,
    hflip: bool = False,
    sample_aspect: Fraction | None = None,
) -> Path:
    with av.open(str(path), "w") as box:
        stream = box.add_stream(codec, rate=25)
        stream.height, stream.width = picture.shape[:2]
        stream.pix_fmt = "yuv422p10le" if codec == "prores_ks" else "yuv420p"
        if codec != "prores_ks":
            stream.options = {"crf": "8"}
        if degrees or hflip:
            stream.set_display_rotation(degrees, hflip=hflip)
        if sample_aspect is not None:
            stream.codec_context.sample_aspect_ratio = sample_aspect
        for number in range(3):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.pts = number
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return path


def photograph(photographs: Pictures, width: int, height: int) -> Picture:
    resized = cv2.resize(photographs["coffee"], (width, height), interpolation=cv2.INTER_AREA)
    return np.asarray(resized, np.uint8)


def assert_alike(shown: Picture, expected: Picture) -> None:
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(float) - expected).mean() < 4


@pytest.mark.parametrize(("name", "codec"), CODECS)
@pytest.mark.parametrize("hflip", [False, True])
@pytest.mark.parametrize("turns", [0, 1, 2, 3])
def test_turned_and_mirrored_files_stand_upright(
    photographs: Pictures, tmp_path: Path, turns: int, hflip: bool, name: str, codec: str
) -> None:
    upright = photograph(photographs, 320, 176)
    stored = np.ascontiguousarray(np.rot90(upright[:, ::-1] if hflip else upright, -turns))
    path = encoded(tmp_path / name, stored, codec, 90 * turns, hflip)
    with open_source(path) as source:
        info = source.info
        assert (info.width_px, info.height_px) == (320, 176)
        assert info.orientation.mirrored == hflip
        if not hflip:
            assert info.orientation.rotation_degrees == -90 * turns % 360
        first = next(iter(source.scan()))
        assert_alike(first.rgb(), upright)
        assert_alike(first.rgb(88), cv2.resize(upright, (160, 88), interpolation=cv2.INTER_AREA))


@pytest.mark.parametrize(
    ("stored", "aspect", "shown"),
    [
        ((720, 576), Fraction(16, 11), (1047, 576)),
        ((720, 576), Fraction(64, 45), (1024, 576)),
        ((720, 480), Fraction(8, 9), (720, 540)),
        ((1440, 1080), Fraction(4, 3), (1920, 1080)),
    ],
)
def test_a_circle_is_a_circle(
    tmp_path: Path, stored: tuple[int, int], aspect: Fraction, shown: tuple[int, int]
) -> None:
    canvas = np.full((shown[1], shown[0], 3), 40, np.uint8)
    cv2.circle(canvas, (shown[0] // 2, shown[1] // 2), 150, (220, 220, 220), -1)
    squeezed = cv2.resize(canvas, stored, interpolation=cv2.INTER_AREA).astype(np.uint8)
    path = encoded(tmp_path / "squeezed.mp4", squeezed, sample_aspect=aspect)
    with open_source(path) as source:
        picture = next(iter(source.scan())).rgb()
    assert picture.shape[:2] == shown[::-1]
    lit = picture[:, :, 1] > 130
    wide, high = np.flatnonzero(lit.any(axis=0)), np.flatnonzero(lit.any(axis=1))
    assert wide[-1] - wide[0] == pytest.approx(300, abs=3)
    assert high[-1] - high[0] == pytest.approx(300, abs=3)


@pytest.mark.parametrize(("width", "height"), [(321, 241), (121, 81), (99, 100), (100, 99)])
def test_odd_sizes_keep_every_line(tmp_path: Path, width: int, height: int) -> None:
    picture = np.full((height, width, 3), 60, np.uint8)
    picture[-3:], picture[:, -3:] = 230, 230
    path = tmp_path / "odd.mkv"
    with av.open(str(path), "w") as box:
        stream = box.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv444p"
        frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
        frame.pts = 0
        box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    with open_source(path) as source:
        shown = next(iter(source.scan())).rgb()
    assert shown.shape == picture.shape
    assert shown[-1].min() > 220
    assert shown[:, -1].min() > 220
    assert abs(float(shown[: height // 2, : width // 2].mean()) - 60) < 2


def with_clean_aperture(path: Path, words: tuple[int, ...]) -> Path:
    """Put a `clap` box into the sample entry of an MP4 whose index is behind its pictures."""
    data = bytearray(path.read_bytes())
    clap = struct.pack(">I4sIIIIiIiI", 40, b"clap", *words)
    at = data.index(b"avc1", data.index(b"stsd")) - 4
    end = at + struct.unpack_from(">I", data, at)[0]
    starts = [at]
    for name in (b"stsd", b"stbl", b"minf", b"mdia", b"trak", b"moov"):
        starts.append(data.rindex(name, 0, starts[-1]) - 4)
    for start in starts:
        struct.pack_into(">I", data, start, struct.unpack_from(">I", data, start)[0] + 40)
    changed = path.with_name(f"clap_{path.name}")
    changed.write_bytes(data[:end] + clap + data[end:])
    return changed


@pytest.mark.parametrize("turns", [0, 1])
def test_the_clean_aperture_is_what_is_shown(
    photographs: Pictures, tmp_path: Path, turns: int
) -> None:
    picture = photograph(photographs, 320, 176)
    stored = np.ascontiguousarray(np.rot90(picture, -turns))
    plain = encoded(tmp_path / "plain.mp4", stored, degrees=90 * turns)
    # 240 x 120 pixels, their middle 10 to the right of and 8 above that of the picture.
    size, offset = ((240, 120), (10, -8)) if turns == 0 else ((120, 240), (8, 10))
    words = (size[0], 1, size[1], 1, offset[0] * 2, 2, offset[1], 1)
    with open_source(with_clean_aperture(plain, words)) as source:
        assert source.info.clean_aperture is not None
        assert (source.info.width_px, source.info.height_px) == (240, 120)
        first = next(iter(source.scan()))
        assert_alike(first.rgb(), picture[20:140, 50:290])
        assert first.luma(1000).shape == size[::-1]
    with open_source(plain) as source:
        assert source.info.clean_aperture is None


@pytest.mark.parametrize(
    "words",
    [
        (0, 1, 0, 1, 0, 1, 0, 1),
        (240, 0, 120, 1, 0, 1, 0, 1),
        (400, 1, 120, 1, 0, 1, 0, 1),
        (240, 1, 120, 1, 90, 1, 0, 1),
        (320, 1, 176, 1, 0, 1, 0, 1),
    ],
)
def test_a_senseless_aperture_is_passed_over(
    photographs: Pictures, tmp_path: Path, words: tuple[int, ...]
) -> None:
    plain = encoded(tmp_path / "plain.mp4", photograph(photographs, 320, 176))
    with open_source(with_clean_aperture(plain, words)) as source:
        assert source.info.clean_aperture is None
        assert source.info.width_px == 320


def test_fractions_are_rounded_as_players_do() -> None:
    from ava.source.clean_aperture import _part

    # 703 1/8 of 720 columns: a part of a column is not shown.
    assert _part((5625, 8, 576, 1, 0, 1, 0, 1), 720, 576) == PixelBox(8, 0, 703, 576)


def test_a_glance_sees_bars_and_their_change(make_video: MakeVideo, photographs: Pictures) -> None:
    frames = []
    for share in (0.75, 1.0):
        for name in ("china", "flower", "coffee"):
            canvas = np.zeros((360, 640, 3), np.uint8)
            height = round(360 * share)
            top = (360 - height) // 2
            scene = cv2.resize(photographs[name], (720, height)).astype(np.uint8)
            for step in range(20):
                canvas[top : top + height] = scene[:, step : step + 640]
                frames.append(canvas.copy())
    with open_source(make_video(frames)) as source:
        areas = areas_at_a_glance(source, ScanSettings())
    assert {round(area.y0, 2) for area in areas} == {0.0, 0.12}
    assert {area.x0 for area in areas} == {0.0}


def test_real_films_with_bars(shared_media: Path) -> None:
    for name, bar in (
        ("odd/derived_letterboxed", 60 / 480),
        ("films/sintel_trailer", 58 / 480),
        ("films/iron_man", 62 / 480),  # a dark workshop: the line inside the edge is hardly lit
    ):
        areas = [one.shot.picture_area for one in scanned(shared_media / f"{name}.mp4")]
        found = [area for area in areas if area != WHOLE_PICTURE]
        assert len(found) >= min(len(areas), 12)
        for area in found:
            assert area.y0 == pytest.approx(bar, abs=0.01)
            assert area.y1 == pytest.approx(1 - bar, abs=0.01)
            assert (area.x0, area.x1) == (0, 1)
    (chaplin,) = scanned(shared_media / "films" / "chaplin.mp4")
    area = chaplin.shot.picture_area
    assert (area.x0 * 640, area.x1 * 640) == pytest.approx((72, 568), abs=2)


@pytest.mark.parametrize(
    "name",
    [
        "films/breakfast_at_tiffanys",
        "films/hamilton_white_house",
        "films/elephants_dream",
        "films/goldeneye_vfr",
        "people/stage_performer_dark",
        "other/nature_deer_fade",
        "odd/goldeneye_rotated",
    ],
)
def test_real_films_without_bars(shared_media: Path, name: str) -> None:
    for closed in scanned(shared_media / f"{name}.mp4"):
        assert closed.shot.picture_area == WHOLE_PICTURE


def odd_files() -> list[list[str]]:
    """The rows of the table in the documentation: what is written there is what is tested."""
    lines = (ROOT / "docs" / "odd_files.md").read_text("utf-8").splitlines()
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines if "." in line]
    return [row for row in rows if len(row) == 6]


def test_every_odd_file_is_in_the_table(shared_media: Path) -> None:
    assert sorted(row[0] for row in odd_files()) == sorted(
        path.name for path in (shared_media / "odd").iterdir()
    )


@pytest.mark.parametrize("row", odd_files(), ids=lambda row: row[0])
def test_odd_files_are_read_as_documented(shared_media: Path, row: list[str]) -> None:
    name, size, n_frames, rate, color, _ = row
    path = shared_media / "odd" / name
    if "×" not in size:
        with pytest.raises(AvaError) as caught, open_source(path) as source:
            list(source.scan())
        assert type(caught.value).__name__ == size
        return
    with open_source(path) as source:
        info = source.info
        assert f"{info.width_px} × {info.height_px}" == size
        assert ("variable" if info.frame_rate is None else f"{float(info.frame_rate):.5g}") == rate
        levels = "full" if info.color.full_range else "limited"
        assert f"{info.color.matrix} {info.color.transfer} {levels}" == color
        assert sum(1 for _ in source.scan()) == int(n_frames)
