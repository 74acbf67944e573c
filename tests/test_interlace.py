"""Interlaced video: found by looking, made whole, and the same from scan and read."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, Literal

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.source.interlace import interlace_of
from ava.source.opening import open_source

Picture = NDArray[np.uint8]
HEIGHT, WIDTH = 480, 640
Kind = Literal["progressive", "tff", "bff", "telecine"]


def moving(photo: Picture, n_steps: int) -> list[Picture]:
    """Camera positions in time, one for every field."""
    wide = cv2.resize(photo, (WIDTH + 8 * n_steps, HEIGHT), interpolation=cv2.INTER_AREA)
    return [wide[:, 8 * step : 8 * step + WIDTH].astype(np.uint8) for step in range(n_steps)]


def woven(first: Picture, second: Picture, top_first: bool) -> Picture:
    frame = first.copy()
    frame[1 if top_first else 0 :: 2] = second[1 if top_first else 0 :: 2]
    return frame


def frames_of(photo: Picture, kind: Kind, n_frames: int = 50) -> list[Picture]:
    if kind == "progressive":
        return moving(photo, n_frames)
    if kind == "telecine":  # film frames A B C D become AA BB BC CD DD, top field first
        film = moving(photo, n_frames)
        frames = []
        for at in range(0, n_frames // 5 * 4, 4):
            a, b, c, d = film[at : at + 4]
            frames += [a, b, woven(b, c, True), woven(c, d, True), d]
        return frames
    steps = moving(photo, 2 * n_frames)
    return [woven(steps[2 * at], steps[2 * at + 1], kind == "tff") for at in range(n_frames)]


def stored(frames: list[Picture], path: Path) -> Path:
    """As H.264 without any flag of interlacing: only the pictures can tell."""
    with av.open(str(path), "w") as box:
        stream: Any = box.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "8", "preset": "ultrafast", "g": "12"}
        for number, picture in enumerate(frames):
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return path


def combing(picture: Picture) -> float:
    """How much each line differs from the mean of its neighbours, gray levels."""
    luma = picture.mean(axis=2)
    return float(np.abs(luma[1:-1] - (luma[:-2] + luma[2:]) / 2).mean())


@pytest.mark.parametrize("photo", ["china", "motorcycle", "astronaut"])
@pytest.mark.parametrize("kind", ["progressive", "tff", "bff"])
def test_field_order_is_seen_without_a_flag(
    photographs: dict[str, Picture], tmp_path: Path, photo: str, kind: Kind
) -> None:
    path = stored(frames_of(photographs[photo], kind), tmp_path / "film.mp4")
    with open_source(path) as source:
        assert source.info.interlace.field_order == kind
        assert not source.info.interlace.flagged
        assert any("deinterlaced" in one for one in source.info.warnings) == (kind != "progressive")


def test_telecine_is_reported(photographs: dict[str, Picture], tmp_path: Path) -> None:
    path = stored(frames_of(photographs["china"], "telecine"), tmp_path / "film.mp4")
    with open_source(path) as source:
        assert source.info.interlace.telecined


@pytest.mark.parametrize(
    ("kind", "n_before", "n_least", "n_most"),
    [("progressive", 0, 10, 14), ("tff", 0, 24, 24), ("tff", 5, 24, 24), ("telecine", 3, 24, 24)],
)
def test_only_a_clean_stretch_is_cut_short(
    photographs: dict[str, Picture], kind: Kind, n_before: int, n_least: int, n_most: int
) -> None:
    """A few whole pictures before combed ones do not hide these."""
    frames = frames_of(photographs["china"], "progressive")[:n_before]
    frames += frames_of(photographs["china"], kind)
    n_looked_at = 0

    def stretch() -> Iterator[av.VideoFrame]:
        nonlocal n_looked_at
        for number, picture in enumerate(frames[:24]):
            n_looked_at += 1
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            yield frame.reformat(format="yuv420p")

    found = interlace_of([stretch()])
    assert n_least <= n_looked_at <= n_most
    assert found.field_order == ("progressive" if kind == "progressive" else "tff")


def test_pictures_are_whole_and_keep_their_times(
    photographs: dict[str, Picture], tmp_path: Path
) -> None:
    combed = frames_of(photographs["motorcycle"], "tff")
    path = stored(combed, tmp_path / "film.mp4")
    with open_source(path) as source:
        frames = [(frame.ref, frame.rgb()) for frame in source.scan()]
        assert [ref.time.exact_seconds for ref, _ in frames] == [
            Fraction(number, 25) for number in range(50)
        ]
        whole = np.mean([combing(pixels) for _, pixels in frames])
        assert whole < 0.5 * np.mean([combing(picture) for picture in combed])
        for at in (0, 7, 30):
            ref, pixels = frames[at]
            assert np.array_equal(next(iter(source.read([ref]))).rgb(), pixels)


def test_read_after_a_seek_is_the_frame_that_was_scanned(
    photographs: dict[str, Picture], tmp_path: Path
) -> None:
    frames = frames_of(photographs["china"], "bff", 40)
    path = stored(frames * 8, tmp_path / "film.mp4")  # 12.8 s: far enough for a seek
    with open_source(path) as source:
        scanned = {frame.ref: frame.rgb(120) for frame in source.scan() if frame.ref.frame_id > 240}
        for ref, pixels in list(scanned.items())[::7]:
            read = next(iter(source.read([ref])))
            assert np.array_equal(read.rgb(120), pixels), ref


def test_real_interlaced_and_progressive_files(shared_media: Path) -> None:
    with open_source(shared_media / "odd" / "derived_interlaced_576i.mpg") as source:
        assert source.info.interlace.field_order == "tff"
        assert source.info.interlace.flagged
    for name in ("films/elephants_dream.mp4", "films/craft_programme_anamorphic.mp4"):
        with open_source(shared_media / name) as source:
            assert source.info.interlace.field_order == "progressive", name


def test_inspect_says_what_the_source_is(shared_media: Path) -> None:
    ava = [sys.executable, "-c", "from ava.cli.app import main; main()", "inspect"]
    film = str(shared_media / "odd" / "derived_interlaced_576i.mpg")
    done = subprocess.run([*ava, film, "--json"], capture_output=True, text=True)
    facts = json.loads(done.stdout)
    assert facts["interlace"] == {"field_order": "tff", "flagged": True, "telecined": False}
    assert facts["color"]["from_header"] == ["range"]
    shown = subprocess.run([*ava, film], capture_output=True, text=True).stdout
    assert "interlaced, top field first" in shown
    assert "usual default" in shown
    hdr = str(shared_media / "odd" / "nasa_13013_hdr.mp4")
    shown = subprocess.run([*ava, hdr], capture_output=True, text=True).stdout
    assert "1000 cd/m²" in shown
