"""Readers: exact times, upright square pixels, right colors, honest errors."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ava.core.errors import DecodeError, MediaNotFound, NoVideoStream, UnreadableMedia
from ava.source.info import Orientation
from ava.source.opening import open_source
from tests.conftest import SAMPLE, MakeVideo

UNREADABLE = {
    "derived_zero_length.mp4": UnreadableMedia,
    "derived_text_named_video.mp4": UnreadableMedia,
    "derived_truncated_no_index.mp4": UnreadableMedia,
    "derived_audio_only.m4a": NoVideoStream,
}


def numbered(n_frames: int, height: int = 64, width: int = 96) -> list[NDArray[np.uint8]]:
    """Frames that carry their number as ten bars, black or white."""
    frames = []
    for number in range(n_frames):
        bits = [255 * ((number >> bit) & 1) for bit in range(8)]
        row = np.repeat(np.array([0, *bits, 255], np.uint8), width // 10 + 1)[:width]
        frames.append(np.repeat(np.tile(row, (height, 1))[:, :, None], 3, axis=2))
    return frames


def number_of(picture: NDArray[np.uint8]) -> int:
    width = picture.shape[1]
    step = (96 // 10 + 1) * width / 96
    levels = [picture[picture.shape[0] // 2, int((1.5 + bit) * step)].mean() for bit in range(8)]
    return sum((level > 128) << bit for bit, level in enumerate(levels))


def test_scan_and_read_return_the_very_same_frames(make_video: MakeVideo) -> None:
    path = make_video(numbered(250))
    with open_source(path) as source:
        scanned = [(frame.ref, frame.rgb()) for frame in source.scan()]
        assert [number_of(pixels) for _, pixels in scanned] == list(range(250))
        wanted = [scanned[index] for index in (0, 7, 8, 100, 101, 249)]
        read = list(source.read([ref for ref, _ in wanted]))
        for frame, (ref, pixels) in zip(read, wanted, strict=True):
            assert frame.ref == ref
            assert np.array_equal(frame.rgb(), pixels)


def test_far_frames_are_sought_and_still_exact(make_video: MakeVideo) -> None:
    path = make_video(numbered(250), rate=5)  # 50 s: gaps over 8 s are sought over
    with open_source(path) as source:
        refs = [frame.ref for frame in source.scan()]
        chosen = [refs[index] for index in (3, 90, 91, 180, 249)]
        assert [number_of(frame.rgb()) for frame in source.read(chosen)] == [3, 90, 91, 180, 249]


@pytest.mark.parametrize(
    ("codec", "ending"),
    [("libx264", "mp4"), ("libx265", "mkv"), ("mpeg4", "avi"), ("mpeg2video", "mpg")],
)
def test_what_is_left_out_on_the_way_changes_no_picture(
    codec: str, ending: str, photographs: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    path = tmp_path / f"film.{ending}"
    scene = photographs["astronaut"]
    with av.open(str(path), "w") as box:
        stream = box.add_stream(codec, rate=24, options={"bf": "3", "g": "72"})
        stream.width, stream.height, stream.pix_fmt = 320, 240, "yuv420p"
        for at in range(30 * 24):  # the camera goes to and fro
            x = round(90 + 80 * np.sin(at / 30))
            cut = np.ascontiguousarray(scene[100:340, x : x + 320])
            box.mux(stream.encode(av.VideoFrame.from_ndarray(cut, format="rgb24")))
        box.mux(stream.encode())
    with open_source(path) as source:
        wanted = (5, 300, 301, 302, 303, 521, 522, 719)
        scanned = [(one.ref, one.rgb()) for at, one in enumerate(source.scan()) if at in wanted]
        read = source.read([ref for ref, _ in scanned])
        same = [
            np.array_equal(one.rgb(), pixels)
            for one, (_, pixels) in zip(read, scanned, strict=True)
        ]
        assert same == [True] * len(wanted)


def test_variable_rate_keeps_its_times(make_video: MakeVideo) -> None:
    pts = [0, 1, 2, 10, 11, 30, 31, 60]
    path = make_video(numbered(8), pts=pts)
    with open_source(path) as source:
        assert source.info.frame_rate is None
        times = [frame.ref.time.exact_seconds for frame in source.scan()]
        assert times == [Fraction(one, 24) for one in pts]


def test_a_changed_file_is_noticed(make_video: MakeVideo) -> None:
    path = make_video(numbered(10))
    with open_source(path) as source:
        refs = [frame.ref for frame in source.scan()]
    shorter = make_video(numbered(5), name="shorter.mp4")
    with open_source(shorter) as source, pytest.raises(DecodeError, match="not there any more"):
        list(source.read([refs[8]]))


@pytest.mark.parametrize(
    ("width", "height", "aspect", "shown"),
    [
        (720, 576, Fraction(16, 11), (1047, 576)),
        (720, 480, Fraction(8, 9), (720, 540)),
        (640, 360, Fraction(1), (640, 360)),
    ],
)
def test_pixels_are_made_square(
    make_video: MakeVideo, width: int, height: int, aspect: Fraction, shown: tuple[int, int]
) -> None:
    picture = np.full((height, width, 3), 90, np.uint8)
    path = make_video([picture] * 3, sample_aspect=aspect)
    with open_source(path) as source:
        assert (source.info.width_px, source.info.height_px) == shown
        frame = next(iter(source.scan()))
        assert frame.rgb().shape[:2] == shown[::-1]
        assert frame.rgb(100).shape[0] == 100


@pytest.mark.parametrize("turns", [0, 1, 2, 3])
@pytest.mark.parametrize("mirrored", [False, True])
def test_orientation_undoes_a_display_matrix(turns: int, mirrored: bool) -> None:
    upright = np.arange(24, dtype=np.uint8).reshape(4, 6, 1)
    cos, sin = [(1, 0), (0, 1), (-1, 0), (0, -1)][turns]
    flip = -1 if mirrored else 1
    a, b, c, d = flip * cos, sin, flip * -sin, cos
    orientation = Orientation.from_display_matrix(a * 65536, b * 65536, c * 65536, d * 65536)
    # Where the matrix sends every stored pixel, computed by the definition: (x, y) times the matrix.
    stored = upright
    height, width = stored.shape[:2]
    sent = [
        ((a * x + c * y, b * x + d * y), stored[y, x, 0])
        for y in range(height)
        for x in range(width)
    ]
    left, top = min(x for (x, _), _ in sent), min(y for (_, y), _ in sent)
    expected = np.zeros((width, height) if turns % 2 else (height, width), np.uint8)
    for (x, y), value in sent:
        expected[y - top, x - left] = value
    assert np.array_equal(orientation.applied(stored)[:, :, 0], expected)
    assert orientation.mirrored == mirrored
    if not mirrored:
        assert orientation.rotation_degrees == 90 * turns


def test_sample_colors_are_true(sample_truth: dict[str, Any]) -> None:
    """The title card's known gray and white come back: matrix and range are read right."""
    card = next(span for span in sample_truth["bad_spans"] if span["kind"] == "title card")
    with open_source(SAMPLE) as source:
        assert source.info.color.matrix == "bt709"
        assert not source.info.color.full_range
        for frame in source.scan():
            if frame.ref.frame_id == card["first"] + 10:
                picture, luma = frame.rgb(), frame.luma(270)
                break
    assert abs(float(np.median(picture)) - 12) <= 2
    assert abs(float(np.median(luma)) - 12) <= 2
    assert abs(float(np.median(picture[picture > 200])) - 233) <= 4


@pytest.mark.parametrize(
    ("matrix", "kr", "kb"), [("bt709", 0.2126, 0.0722), ("bt601", 0.299, 0.114)]
)
def test_matrices_follow_the_itu(tmp_path: Path, matrix: str, kr: float, kb: float) -> None:
    import av

    tags = {"bt709": 1, "bt601": 6}
    luma, blue, red = 120, 100, 170
    path = tmp_path / "flat.mkv"
    with av.open(str(path), "w") as box:
        stream = box.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, 64, "yuv420p"
        stream.codec_context.colorspace = tags[matrix]
        stream.codec_context.color_range = 1
        frame = av.VideoFrame(64, 64, "yuv420p")
        for plane, value in zip(frame.planes, (luma, blue, red), strict=True):
            plane.update(bytes([value]) * plane.buffer_size)
        frame.colorspace, frame.color_range = tags[matrix], 1
        box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    y, u, v = (luma - 16) / 219, (blue - 128) / 224, (red - 128) / 224
    r, b = y + 2 * (1 - kr) * v, y + 2 * (1 - kb) * u
    g = (y - kr * r - kb * b) / (1 - kr - kb)
    with open_source(path) as source:
        assert source.info.color.matrix == matrix
        pixel = next(iter(source.scan())).rgb()[32, 32]
    assert pixel == pytest.approx(255 * np.array([r, g, b]), abs=2)


@pytest.mark.parametrize("name", sorted(UNREADABLE))
def test_bad_files_fail_with_one_clear_line(shared_media: Path, name: str) -> None:
    with pytest.raises(UNREADABLE[name]) as caught:
        open_source(shared_media / "odd" / name)
    assert "\n" not in caught.value.message
    assert name in caught.value.message
    assert caught.value.hint


def test_odd_files_open_and_read_back(shared_media: Path) -> None:
    names = sorted(path.name for path in (shared_media / "odd").iterdir())
    assert len(names) > 30
    for name in names:
        if name in UNREADABLE or name == "derived_bit_errors.mp4":
            continue
        with open_source(shared_media / "odd" / name) as source:
            kept = {}
            for frame in source.scan():
                if frame.ref.frame_id % 9 == 4 or frame.ref.frame_id == 0:
                    kept[frame.ref] = frame.rgb(90)
                assert frame.luma(270).dtype == np.uint8
            assert kept, name
            for frame in source.read(list(kept)):
                assert np.array_equal(frame.rgb(90), kept[frame.ref]), name


def test_too_much_damage_is_an_error_that_names_the_time(shared_media: Path) -> None:
    with open_source(shared_media / "odd" / "derived_bit_errors.mp4") as source:
        with pytest.raises(
            DecodeError, match=r"of 27\d pictures are damaged, the first at 00:00:0"
        ):
            for _ in source.scan():
                pass
        assert source.n_torn > 100


def test_a_decoder_that_says_nothing_is_stopped(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_video(numbered(5))
    with open_source(path) as source:
        monkeypatch.setattr("ava.source.decoding._SILENCE_SECONDS", -1)
        with pytest.raises(DecodeError, match="no picture came"):
            next(iter(source.scan()))


@pytest.mark.parametrize("pixel_format", ["rgba128le", "gbrap32le", "yaf32le"])
def test_a_pixel_format_without_a_conversion_is_refused(
    make_video: MakeVideo, monkeypatch: pytest.MonkeyPatch, pixel_format: str
) -> None:
    """No encoder writes them; a decoder may come that reads them."""
    import av

    from ava.source.decoding import Decoder

    path = make_video(numbered(2))
    frame = av.VideoFrame(96, 64, pixel_format)
    frame.time_base = Fraction(1, 24)
    monkeypatch.setattr(Decoder, "pictures", lambda *_: iter([frame]))
    with pytest.raises(UnreadableMedia, match=f"{pixel_format}, cannot be converted"):
        open_source(path)


def test_missing_and_empty_places(tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound, match="no such file"):
        open_source(tmp_path / "nothing.mp4")
    with pytest.raises(MediaNotFound, match="holds no pictures"):
        open_source(tmp_path)


def test_a_folder_of_stills_is_a_source(
    tmp_path: Path, photographs: dict[str, NDArray[np.uint8]]
) -> None:
    Image.fromarray(photographs["cat"]).save(tmp_path / "b.png")
    rotated = Image.Exif()
    rotated[0x0112] = 6  # shown turned a quarter clockwise
    Image.fromarray(photographs["coffee"]).save(tmp_path / "a.jpg", exif=rotated, quality=95)
    (tmp_path / "c.jpg").write_bytes(b"no picture")
    with open_source(tmp_path) as source:
        frames = list(source.scan())
        assert [frame.ref.label for frame in frames] == ["a.jpg", "b.png"]
        assert source.n_torn == 1
        height, width = photographs["coffee"].shape[:2]
        assert frames[0].rgb().shape[:2] == (width, height)
        assert np.array_equal(frames[1].rgb(), photographs["cat"])
        assert next(iter(source.read([frames[1].ref]))).ref == frames[1].ref


def test_luma_is_the_same_through_either_way(shared_media: Path) -> None:
    """The plane read without a copy agrees with the converted picture."""
    for name in ("nasa_13013.mp4", "h265_10bits.mp4", "av1_video.mkv"):
        with open_source(shared_media / "odd" / name) as source:
            frame = next(iter(source.scan()))
            luma = frame.luma(10_000)
            gray = cv2.cvtColor(frame.rgb(), cv2.COLOR_RGB2GRAY)
        # Luma weights differ between matrices; over a whole picture the means agree.
        assert abs(float(luma.mean()) - float(gray.mean())) < 4, name


def test_a_codec_that_nothing_decodes_is_said(make_video: MakeVideo) -> None:
    path = make_video(numbered(5))
    path.write_bytes(path.read_bytes().replace(b"avc1", b"zzz1"))
    with pytest.raises(UnreadableMedia, match="nothing is known that decodes"):
        open_source(path)
