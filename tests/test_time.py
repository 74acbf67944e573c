"""Time: asked for any instant of any container, the very frame comes back."""

from __future__ import annotations

import random
from bisect import bisect_right
from collections.abc import Callable
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ava.core.errors import MediaError
from ava.core.media_time import parse_time
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.source import pyav_reader
from ava.source.info import FrameRef, SourceFrame
from ava.source.opening import open_source
from ava.source.pyav_reader import PyAVReader
from tests.conftest import SAMPLE

N_FRAMES = 600
N_ASKED = 200
_BITS, _BAR_PX, _WIDTH_PX, _HEIGHT_PX = 12, 16, 240, 96
OPEN_GOP = {"x264-params": "open-gop=1:bframes=3:keyint=48:min-keyint=48:scenecut=0"}
NTSC = Fraction(30000, 1001)
CLOSED_GOP = {"x264-params": "bframes=2:keyint=48"}


def bar_code(number: int) -> NDArray[np.uint8]:
    """A picture that carries its number: a black bar, one for each bit, and the rest white."""
    bars = [0, *(255 * (number >> bit & 1) for bit in range(_BITS)), 255, 255]
    row = np.repeat(np.array(bars, np.uint8), _BAR_PX)
    return np.repeat(np.tile(row, (_HEIGHT_PX, 1))[:, :, None], 3, axis=2)


def number_of(frame: SourceFrame) -> int:
    """The number that a decoded picture carries."""
    columns = frame.luma(_HEIGHT_PX)[8:-8:8].mean(axis=0).reshape(-1, _BAR_PX)
    levels = columns[1 : 1 + _BITS, 4:-4].mean(axis=1)
    assert np.all((levels < 60) | (levels > 195)), levels
    return sum(int(level > 128) << bit for bit, level in enumerate(levels))


def encode(
    path: Path,
    codec: str = "libx264",
    options: dict[str, str] | None = None,
    rate: Fraction = Fraction(25),
    pts: list[int] | None = None,
    time_base: Fraction | None = None,
    container: str | None = None,
    timecode: str | None = None,
) -> Path:
    """A clip of numbered frames; frame n is shown at ``pts[n] * time_base``, by default n / rate."""
    with av.open(str(path), "w", format=container) as box:
        stream = box.add_stream(codec, rate=rate)
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = _WIDTH_PX, _HEIGHT_PX, "yuv420p"
        stream.options = {"preset": "veryfast", "crf": "18", **(options or {})}
        stream.codec_context.time_base = time_base or 1 / rate
        if timecode is not None:
            stream.metadata["timecode"] = timecode
        for number in range(N_FRAMES if pts is None else len(pts)):
            frame = av.VideoFrame.from_ndarray(bar_code(number), format="rgb24")
            frame.time_base = time_base or 1 / rate
            frame.pts = number if pts is None else pts[number]
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return path


def remux(source: Path, path: Path, shift_seconds: Fraction) -> Path:
    """The same packets, all times moved; an edit list hides what then is negative."""
    with av.open(str(source)) as box, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(box.streams.video[0])
        for packet in box.demux(video=0):
            if packet.dts is None:
                continue
            assert packet.time_base is not None
            assert packet.pts is not None
            shift = round(shift_seconds / packet.time_base)
            packet.pts, packet.dts = packet.pts + shift, packet.dts + shift
            packet.stream = stream
            out.mux(packet)
    return path


def irregular() -> list[int]:
    """Times in thousandths of a second, with gaps from 1 ms to 2 s."""
    gaps = random.Random(5).choices([1, 17, 20, 33, 40, 41, 100, 700, 2000], k=N_FRAMES - 1)
    times = [0]
    for gap in gaps:
        times.append(times[-1] + gap)
    return times


def vfr(path: Path) -> Path:
    return encode(path, options=OPEN_GOP, pts=irregular(), time_base=Fraction(1, 1000))


def open_gop(path: Path) -> Path:
    return encode(path, options=OPEN_GOP)


def closed_gop(path: Path) -> Path:
    return encode(path, options=CLOSED_GOP)


def mpeg2(path: Path) -> Path:
    options = {"g": "15", "bf": "2", "qscale": "3"}
    return encode(
        path, "mpeg2video", options, container=path.suffix.lstrip(".").replace("ts", "mpegts")
    )


def moved(path: Path, seconds: Fraction) -> Path:
    return remux(open_gop(path.with_name(f"whole_{path.name}")), path, seconds)


def joined_late(path: Path) -> Path:
    """A broadcast that begins amid a group of pictures."""
    data = open_gop(path.with_name(f"whole_{path.name}")).read_bytes()
    path.write_bytes(data[len(data) // 20 // 188 * 188 :])
    return path


CLIPS: dict[str, Callable[[Path], Path]] = {
    "cfr25.mp4": closed_gop,
    "cfr25.ts": closed_gop,
    "ntsc.mp4": lambda path: encode(path, options=CLOSED_GOP, rate=NTSC, timecode="01:00:00;02"),
    "ntsc.mkv": lambda path: encode(path, options=OPEN_GOP, rate=NTSC),
    "vfr.mp4": vfr,
    "vfr.mkv": vfr,
    "open_gop.mp4": open_gop,
    "open_gop.mkv": open_gop,
    "open_gop.ts": open_gop,
    "late_start.mp4": lambda path: moved(path, Fraction(7, 2)),
    # An edit list hides the first 20 pictures, which the next ones are made from.
    "starts_within_a_gop.mp4": lambda path: moved(path, Fraction(-20, 25)),
    "joined_late.ts": joined_late,
    "hevc_open_gop.mp4": lambda path: encode(
        path,
        "libx265",
        {"x265-params": "open-gop=1:bframes=3:keyint=48:log-level=none", "preset": "ultrafast"},
    ),
    "mpeg2.ts": mpeg2,
    "mpeg2.mpeg": mpeg2,
    "mpeg2.mxf": mpeg2,
    "mpeg4.avi": lambda path: encode(path, "mpeg4", {"g": "24", "bf": "2", "qscale": "3"}),
    # The others leap; these are walked from the start, having no key frames, stamps or index.
    "refreshed.mp4": lambda path: encode(
        path, options={"x264-params": "intra-refresh=1:keyint=48:bframes=0"}
    ),
    "bare.h264": closed_gop,
}
WALKED = {"refreshed.mp4", "bare.h264", "mpeg2.mpeg"}


@pytest.fixture(scope="module", params=sorted(CLIPS))
def clip(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, list[FrameRef], list[int]]:
    """A clip, and times and numbers of its pictures in a linear decode."""
    path = CLIPS[request.param](tmp_path_factory.mktemp("clip") / request.param)
    with open_source(path) as source:
        scanned = [(frame.ref, number_of(frame)) for frame in source.scan()]
    refs, numbers = [ref for ref, _ in scanned], [number for _, number in scanned]
    assert len(numbers) > N_FRAMES - 60, "too many pictures are missing from the linear decode"
    assert numbers == list(range(numbers[0], N_FRAMES))
    return path, refs, numbers


def test_200_instants_give_the_frame_shown_then(
    clip: tuple[Path, list[FrameRef], list[int]],
) -> None:
    path, refs, numbers = clip
    times = [ref.time.exact_seconds for ref in refs]
    chance = random.Random(11)
    asked = [Fraction(chance.randrange(int(times[-1] * 10**6)), 10**6) for _ in range(N_ASKED - 40)]
    asked += [*chance.sample(times, 38), times[0], times[-1]]  # the very beginnings of frames
    asked = asked[:: 5 if path.name in WALKED else 1]
    with PyAVReader(path) as reader:
        frames = [reader.at(one) for one in asked]
        got = [number_of(frame) for frame in frames]
    right = [numbers[bisect_right(times, one) - 1] for one in asked]
    wrong = [(str(a), g, r) for a, g, r in zip(asked, got, right, strict=True) if g != r]
    assert len(got) == (N_ASKED // 5 if path.name in WALKED else N_ASKED)
    assert not wrong, (len(wrong), wrong[:10])
    for one, frame in zip(asked, frames, strict=True):
        assert frame.ref.time.exact_seconds <= one


def test_read_finds_random_subsets(
    clip: tuple[Path, list[FrameRef], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pyav_reader, "_SEEK_WHEN_AHEAD_SECONDS", 0.5)
    path, refs, numbers = clip
    chance = random.Random(13)
    with PyAVReader(path) as reader:
        for size in (1, 3, 12, 30):
            chosen = sorted(chance.sample(range(len(refs)), size))
            read = list(reader.read([refs[one] for one in chosen]))
            assert [number_of(frame) for frame in read] == [numbers[one] for one in chosen]
            assert [frame.ref for frame in read] == [refs[one] for one in chosen]


def test_a_label_names_its_frame(clip: tuple[Path, list[FrameRef], list[int]]) -> None:
    path, refs, numbers = clip
    if path.name == "vfr.mkv":  # its header claims 25 a second: several frames share a label
        return
    with PyAVReader(path) as reader:
        for one in random.Random(17).sample(range(len(refs)), 12):
            instant = parse_time(refs[one].label, reader.info.frame_rate)
            assert number_of(reader.at(instant)) == numbers[one], refs[one]


def test_the_way_is_leapt_not_walked(
    clip: tuple[Path, list[FrameRef], list[int]], monkeypatch: pytest.MonkeyPatch
) -> None:
    path, refs, _ = clip
    decoded = 0
    whole_way = PyAVReader._timed

    def counted(*words: Any, **named: Any) -> Any:
        nonlocal decoded
        for one in whole_way(*words, **named):
            decoded += 1
            yield one

    monkeypatch.setattr(PyAVReader, "_timed", counted)
    with PyAVReader(path) as reader:
        reader.at(refs[-30].time.exact_seconds)
    assert decoded > 500 if path.name in WALKED else decoded < 250


def test_the_end_is_where_the_last_frame_ends(
    clip: tuple[Path, list[FrameRef], list[int]],
) -> None:
    path, refs, _ = clip
    last = refs[-1].time.exact_seconds
    with PyAVReader(path) as reader:
        assert reader.at(last + Fraction(1, 1000)).ref.time.exact_seconds == last
        for beyond in (last + 3, last + 10**5):
            with pytest.raises(MediaError, match=r"is 00:0\d:\d\d\.\d\d\d long"):
                reader.at(beyond)
        with pytest.raises(MediaError, match="before the first picture"):
            reader.at(Fraction(-1, 10))


@pytest.mark.parametrize(
    ("name", "codec", "timecode", "drop_frame"),
    [
        ("tape.mov", "libx264", "01:02:03:04", False),
        ("tape.mp4", "libx264", "01:02:03;04", True),
        ("tape.mxf", "mpeg2video", "10:00:00:05", False),
        ("tape.mkv", "libx264", "01:02:03;04", True),
        ("film.mp4", "libx264", None, False),
    ],
)
def test_the_timecode_of_the_source_is_kept(
    tmp_path: Path, name: str, codec: str, timecode: str | None, drop_frame: bool
) -> None:
    path = encode(tmp_path / name, codec, {}, NTSC, pts=list(range(8)), timecode=timecode)
    with open_source(path) as source:
        assert source.info.start_timecode == source.info.to_json()["start_timecode"] == timecode
        assert source.info.drop_frame == drop_frame
        labels = [frame.ref.label for frame in source.scan()]
    assert labels[5] == ("00:00:00;05" if drop_frame else "00:00:00:05")


def test_the_timecode_of_a_group_of_pictures_is_kept(tmp_path: Path) -> None:
    options = {"gop_timecode": "01:02:03;04"}
    path = encode(tmp_path / "tape.ts", "mpeg2video", options, NTSC, pts=list(range(8)))
    with open_source(path) as source:
        assert source.info.start_timecode == "01:02:03;04"


def test_what_is_scored_is_what_is_written() -> None:
    """Pixel for pixel: scanned, read again, and asked for by its time."""
    with open_source(SAMPLE) as source:
        shots = list(islice(Scanner(ScanSettings()).run(source), 4))  # a whole scan takes 10 s
        picks = [one for shot in shots for one in shot.candidates]
        assert len(picks) > 4
        for pick, read in zip(picks, source.read([one.ref for one in picks]), strict=True):
            height = pick.pixels.shape[0]
            assert np.array_equal(read.rgb(height), pick.pixels)
            found = source.at(pick.ref.time.exact_seconds)
            assert np.array_equal(found.rgb(height), pick.pixels)
            assert np.array_equal(found.rgb(), read.rgb())
            assert (found.ref.time, found.ref.label) == (pick.ref.time, pick.ref.label)


def test_a_folder_of_stills_has_a_picture_a_second(tmp_path: Path) -> None:
    for number in (1, 2, 3):
        Image.fromarray(bar_code(number)).save(tmp_path / f"{number}.png")
    with open_source(tmp_path) as source:
        assert [number_of(source.at(Fraction(one, 2))) for one in range(6)] == [
            1,
            1,
            2,
            2,
            3,
            3,
        ]
        assert source.at(Fraction(2)).ref.label == "3.png"
        with pytest.raises(MediaError, match=r"is 00:00:03\.000 long"):
            source.at(Fraction(3))
