"""The quicker pass: key frames alone, with their right numbers, and what is made of them."""

from __future__ import annotations

import json
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from ava.cli.app import app
from ava.core.errors import ConfigError, UnreadableMedia
from ava.core.geometry import WHOLE_PICTURE
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.scan.shortlist import ClosedShot
from ava.scan.shots import Shot
from ava.source.opening import open_source
from tests.conftest import SAMPLE

KEYFRAMES = ScanSettings(frames="keyframes")


def moving(
    photograph: NDArray[np.uint8], n_frames: int, by_px: int = 80
) -> list[NDArray[np.uint8]]:
    """The camera goes to and fro over a photograph."""
    xs = [round(90 + by_px * np.sin(at / 30)) for at in range(n_frames)]
    return [np.ascontiguousarray(photograph[100:340, x : x + 320]) for x in xs]


@pytest.mark.parametrize(
    ("codec", "ending", "options"),
    [
        ("libx264", "mp4", {"g": "40", "bf": "3"}),
        ("libx264", "mkv", {"g": "40", "bf": "3", "x264-params": "open-gop=1:b-pyramid=normal"}),
        ("libx265", "mp4", {"g": "40", "x265-params": "open-gop=1:bframes=4:log-level=none"}),
        ("mpeg2video", "ts", {"g": "12", "bf": "2"}),
        ("libvpx-vp9", "webm", {"g": "40", "auto-alt-ref": "1", "deadline": "realtime"}),
    ],
)
def test_key_frames_are_those_of_the_whole_pass(
    codec: str,
    ending: str,
    options: dict[str, str],
    photographs: dict[str, NDArray[np.uint8]],
    tmp_path: Path,
) -> None:
    path = tmp_path / f"film.{ending}"
    with av.open(str(path), "w") as box:
        stream = box.add_stream(codec, rate=24, options=options)
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for picture in moving(photographs["astronaut"], 200):
            box.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        box.mux(stream.encode())
    with open_source(path) as source:
        scanned = {one.ref.frame_id: (one.ref, one.rgb()) for one in source.scan()}
        assert source.n_passed == len(scanned) == 200
        keys = [(one.ref, one.rgb()) for one in source.key_frames()]
        assert source.n_passed == 200
    assert 5 <= len(keys) <= 20
    for ref, pixels in keys:
        same_ref, same_pixels = scanned[ref.frame_id]
        assert ref == same_ref
        assert np.array_equal(pixels, same_pixels)


@pytest.mark.parametrize("name", ["other/skincare_advert_text.mp4", "odd/nasa_13013_hdr.mp4"])
def test_key_frames_that_a_decoder_would_hold_back(shared_media: Path, name: str) -> None:
    """Sent one after the other without what is between, these came in a wrong order, or not."""
    with open_source(shared_media / name) as source:
        scanned = {one.ref.frame_id: one.ref for one in source.scan()}
        keys = [one.ref for one in source.key_frames()]
    assert keys == [scanned[ref.frame_id] for ref in keys]
    assert len(keys) == {"other/skincare_advert_text.mp4": 12, "odd/nasa_13013_hdr.mp4": 2}[name]


def test_what_cannot_be_numbered_is_refused(shared_media: Path, tmp_path: Path) -> None:
    with (
        open_source(shared_media / "odd" / "derived_interlaced_576i.mpg") as source,
        pytest.raises(UnreadableMedia, match="is interlaced"),
    ):
        list(source.key_frames())
    bare = tmp_path / "film.h264"
    with av.open(str(SAMPLE)) as box, av.open(str(bare), "w") as out:
        stream = out.add_stream_from_template(box.streams.video[0])
        for packet in box.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    with (
        open_source(bare) as source,
        pytest.raises(UnreadableMedia, match="does not say when its pictures are shown"),
    ):
        list(source.key_frames())


def scanned(path: Path) -> tuple[list[ClosedShot], Scanner]:
    scanner = Scanner(KEYFRAMES)
    with open_source(path) as source:
        return list(scanner.run(source)), scanner


def test_shots_of_key_frames_cover_the_film() -> None:
    closed, scanner = scanned(SAMPLE)
    result = scanner.result
    assert result is not None
    assert result.n_frames == 1113
    assert 10 < len(result.stats) < 40
    shots: list[Shot] = [one.shot for one in closed]
    assert [shot.index for shot in shots] == list(range(len(shots)))
    assert shots[0].first_frame == 0
    assert [one.first_frame for one in shots[1:]] == [one.end_frame for one in shots[:-1]]
    assert shots[-1].end_frame == 1113
    assert shots[-1].end_seconds == pytest.approx(46.375)
    for one in closed:
        for candidate in one.candidates:
            assert one.shot.first_frame <= candidate.ref.frame_id < one.shot.end_frame


def test_neighbours_that_show_the_same_are_one_shot(
    photographs: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    pictures = [
        picture for name in ("astronaut", "coffee") for picture in moving(photographs[name], 120, 8)
    ]
    with av.open(str(path), "w") as box:
        stream = box.add_stream("libx264", rate=24, options={"g": "24", "keyint_min": "24"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for picture in pictures:
            box.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        box.mux(stream.encode())
    closed, _ = scanned(path)
    assert [(one.shot.first_frame, one.shot.end_frame) for one in closed] == [(0, 120), (120, 240)]
    assert all(one.candidates for one in closed)


def test_of_a_long_film_some_key_frames_go_on(
    photographs: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    path = tmp_path / "film.mp4"
    names = sorted(photographs)
    with av.open(str(path), "w") as box:
        stream = box.add_stream("libx264", rate=1, options={"g": "2"})
        stream.width, stream.height, stream.pix_fmt = 160, 120, "yuv420p"
        for second in range(1200):
            scene = photographs[names[second // 2 % len(names)]][50:170, 50:210]
            picture = np.ascontiguousarray(scene)
            box.mux(stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        box.mux(stream.encode())
    closed, scanner = scanned(path)
    assert scanner.result is not None
    assert len(scanner.result.stats) == 600
    seconds = [one.pts_seconds for shot in closed for one in shot.candidates]
    assert 0.9 * 1200 / 8 <= len(seconds) <= 1200 / 8
    assert np.diff(seconds).max() <= 16


def test_bars_are_cut_off_where_single_pictures_show_them(shared_media: Path) -> None:
    closed, _ = scanned(shared_media / "films" / "sintel_trailer.mp4")
    assert [one.shot.picture_area.y0 for one in closed] == pytest.approx(
        [0.121] * len(closed), abs=0.01
    )
    closed, _ = scanned(shared_media / "films" / "craft_programme_anamorphic.mp4")
    assert {one.shot.picture_area for one in closed} == {WHOLE_PICTURE}
    mixed, _ = scanned(shared_media / "labelled" / "stitched.mp4")
    areas = [one.shot.picture_area for one in mixed if one.candidates]
    assert any(area.x0 > 0.1 and area.y0 == 0 for area in areas)
    assert any(area.y0 > 0.1 and area.x0 == 0 for area in areas)
    assert WHOLE_PICTURE in areas


def test_ranking_by_key_frames_says_so(tmp_path: Path) -> None:
    runner = CliRunner()
    words = ["rank", str(SAMPLE), "--out", str(tmp_path), "--json", "--scan"]
    done = runner.invoke(app, [*words, "keyframes"])
    assert done.exit_code == 0, done.output
    title = json.loads((tmp_path / "sample_film" / "title.json").read_text("utf-8"))
    assert any("only the" in one and "of 1,113" in one for one in title["source"]["warnings"])
    with open_source(SAMPLE) as source:
        keys = {one.ref.frame_id for one in source.key_frames()}
    ranked = json.loads((tmp_path / "sample_film" / "ranking.json").read_text("utf-8"))
    places = {one["frame_id"] for one in ranked["candidates"]}
    assert len(places) >= 8
    assert places <= keys
    wrong = runner.invoke(app, [*words, "some"])
    assert isinstance(wrong.exception, ConfigError)
    assert "all or keyframes" in str(wrong.exception)
