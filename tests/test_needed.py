"""Of a film, only what a few pictures are made from is decoded, and they are the very same."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import av
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import DecodeError
from ava.source.needed import Needed, Run
from ava.source.opening import open_source
from ava.source.seeking import Walk

GROUP, N_PICTURES = 48, 480
OPEN = {"x264-params": "open-gop=1:bframes=4:scenecut=0"}
WAYS = {
    "film.mp4": ("libx264", {"bf": "3"}),
    "open.mkv": ("libx264", OPEN),
    "open.ts": ("libx264", OPEN),
    "refresh.mp4": ("libx264", {"x264-params": "intra-refresh=1"}),
    "endless.mp4": ("libx264", {"x264-params": "keyint=infinite:scenecut=0"}),
    "open.mp4": ("libx265", {"x265-params": "log-level=none"}),
    "film.mpg": ("mpeg2video", {"bf": "2"}),
    "film.webm": ("libvpx-vp9", {"deadline": "realtime", "cpu-used": "8", "lag-in-frames": "16"}),
    "bare.h264": ("libx264", {"bf": "3"}),
}
WITHOUT_LEAPS = ("refresh.mp4", "film.mpg", "bare.h264")  # their ways begin anew


def filmed(path: Path, scene: NDArray[np.uint8], codec: str, options: dict[str, str]) -> Path:
    """Twenty seconds of a camera that goes to and fro."""
    with av.open(str(path), "w") as box:
        stream = box.add_stream(codec, rate=24, options={"g": str(GROUP), **options})
        stream.width, stream.height, stream.pix_fmt = 256, 144, "yuv420p"
        for at in range(N_PICTURES):
            x = round(90 + 80 * np.sin(at / 30))
            cut = np.ascontiguousarray(scene[100:244, x : x + 256])
            box.mux(stream.encode(av.VideoFrame.from_ndarray(cut, format="rgb24")))
        box.mux(stream.encode())
    return path


@pytest.fixture
def starts(monkeypatch: pytest.MonkeyPatch) -> list[Walk]:
    """An entry for every time that a way was begun at the start of a film."""
    found: list[Walk] = []
    start = Walk._go_to_start

    def counted(self: Walk) -> None:
        found.append(self)
        start(self)

    monkeypatch.setattr(Walk, "_go_to_start", counted)
    return found


@pytest.mark.parametrize("name", WAYS)
def test_pictures_are_the_very_same_whatever_is_left_out(
    name: str,
    photographs: dict[str, NDArray[np.uint8]],
    tmp_path: Path,
    starts: list[Walk],
) -> None:
    path = filmed(tmp_path / name, photographs["astronaut"], *WAYS[name])
    near = (3, 40, 41, 43, 95, 96, 97, 143, 144, 300, 301, 302)
    assert_the_same(path, [near, (0, 47, N_PICTURES - 3), (250,)])
    assert (len(starts) == 3) == (name not in WITHOUT_LEAPS)


def assert_the_same(path: Path, sets: Sequence[Sequence[int]]) -> None:
    """Pictures of these numbers are what the scan has."""
    with open_source(path) as source:
        scanned = [(frame.ref, frame.rgb()) for frame in source.scan()]
        for numbers in sets:
            chosen = [scanned[at] for at in numbers]
            read = source.read([ref for ref, _ in chosen])
            for frame, (ref, pixels) in zip(read, chosen, strict=True):
                assert frame.ref == ref
                assert np.array_equal(frame.rgb(), pixels)


def test_key_frames_that_are_none_mislead_nobody(
    photographs: dict[str, NDArray[np.uint8]], tmp_path: Path
) -> None:
    good = filmed(tmp_path / "good.mp4", photographs["astronaut"], "mpeg4", {"bf": "2"})
    path = tmp_path / "all.mp4"
    with av.open(str(good)) as box, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(box.streams.video[0])
        for packet in box.demux(video=0):
            if packet.size:
                packet.stream, packet.is_keyframe = stream, True
                out.mux(packet)
    with av.open(str(path)) as box:
        assert all(one.is_keyframe for one in box.demux(video=0) if one.size)
    assert_the_same(path, [(30, 31, 200, 333)])


def runs(path: Path, places: Sequence[int], far: int = 10**9) -> tuple[list[Run], list[int]]:
    """What is needed for the pictures at these places, and the times of all."""
    with av.open(str(path)) as box:
        times = sorted(one.pts for one in box.demux(video=0) if one.pts is not None)
    with av.open(str(path)) as box:
        needed = Needed([times[at] for at in places], far)
        return list(needed.runs(box.demux(video=0), None)), times


@pytest.fixture(scope="module")
def film(
    photographs: dict[str, NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    folder = tmp_path_factory.mktemp("needed")
    return filmed(folder / "film.mp4", photographs["astronaut"], *WAYS["film.mp4"])


def test_the_way_starts_at_the_key_frame_before_a_picture(film: Path) -> None:
    found, times = runs(film, (100, 110, 300))
    first, second, third = (one.packets for one in found)
    assert [one.is_apart for one in found] == [True, False, True]
    assert [one.is_last for one in found] == [False, False, True]
    assert first[0].is_keyframe
    assert third[0].is_keyframe
    assert first[0].pts == times[2 * GROUP]
    assert third[0].pts == times[6 * GROUP]
    assert [one[-1].pts for one in (first, second, third)] == [times[at] for at in (100, 110, 300)]
    assert len(first) + len(second) + len(third) < GROUP


def test_before_a_long_gap_all_comes_out(film: Path) -> None:
    near = runs(film, (100, 300), far=10**9)[0]
    far = runs(film, (100, 300), far=1)[0]
    assert len(near) == 2
    assert [one.is_last for one in far] == [True]


def test_what_is_not_there_is_soon_given_up(film: Path) -> None:
    with av.open(str(film)) as box:
        packets = list(box.demux(video=0))
    missing = packets[10].pts + 1
    n_read = 0

    def read() -> object:
        nonlocal n_read
        for packet in packets:
            n_read += 1
            yield packet

    assert list(Needed([missing], 10**9).runs(read(), None)) == []  # type: ignore[arg-type]
    assert n_read <= 2 * GROUP + 1
    with open_source(film) as source:
        refs = [frame.ref for frame in source.scan()]
        other = type(refs[9])(
            9, type(refs[9].time)(refs[9].time.pts + 1, refs[9].time.time_base), "x"
        )
        with pytest.raises(DecodeError, match="not there any more"):
            list(source.read([refs[3], other]))
