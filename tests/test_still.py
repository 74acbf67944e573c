"""Times as people write them, and ``ava still`` from end to end."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from ava.core.errors import ConfigError
from ava.core.media_time import MediaTime, clock, parse_time
from ava.source.opening import open_source
from tests.conftest import ROOT, SAMPLE

AVA = [sys.executable, "-c", "from ava.cli.app import main; main()"]
NTSC = Fraction(30000, 1001)
RATES = [Fraction(24), Fraction(24000, 1001), Fraction(25), NTSC, Fraction(30), 2 * NTSC]


@given(st.integers(0, 10**7), st.sampled_from(RATES), st.booleans())
def test_a_timecode_read_back_is_within_its_frame(
    frame: int, rate: Fraction, drop_frame: bool
) -> None:
    text = MediaTime(frame, 1 / rate).timecode(rate, drop_frame=drop_frame)
    assert (";" in text) == (drop_frame and rate in (NTSC, 2 * NTSC))
    assert parse_time(text, rate) == (frame + Fraction(1, 2)) / rate


@given(st.integers(0, 10**9))
def test_a_clock_time_is_read_exactly(milliseconds: int) -> None:
    exact = Fraction(milliseconds, 1000)
    text = clock(exact)
    assert parse_time(text) == parse_time(f" {text} ") == exact
    assert parse_time(f"{milliseconds // 1000}.{milliseconds % 1000:03d}") == exact
    assert parse_time(f"{milliseconds // 60_000}:{text[-6:]}") == exact


@given(st.integers(0, 10**10), st.sampled_from([Fraction(1, 90_000), Fraction(1, 10**6)]))
def test_a_written_time_is_never_before_its_frame(pts: int, base: Fraction) -> None:
    exact = pts * base
    assert 0 <= parse_time(MediaTime(pts, base).timecode(None)) - exact < Fraction(1, 1000)


@given(st.text("0123456789:;.-+ e", max_size=14))
def test_nonsense_is_refused_and_nothing_else_happens(text: str) -> None:
    with suppress(ConfigError):
        assert parse_time(text, NTSC) >= 0


def test_drop_frame_numbers_are_those_of_the_standard() -> None:
    def number(frame: int, rate: Fraction = NTSC) -> str:
        return MediaTime(frame, 1 / rate).timecode(rate, drop_frame=True)

    assert number(1799) == "00:00:59;29"
    assert number(1800) == "00:01:00;02"
    assert number(17_981) == "00:09:59;29"
    assert number(17_982) == "00:10:00;00"
    assert number(107_892) == "01:00:00;00"
    assert number(3600, 2 * NTSC) == "00:01:00;04"
    assert number(1800, Fraction(30)) == "00:01:00:00"  # not made for 30 exactly


@pytest.mark.parametrize(
    ("text", "rate", "says"),
    [
        ("abc", Fraction(25), "is not a time"),
        ("", Fraction(25), "is not a time"),
        ("-5", Fraction(25), "is not a time"),
        ("1:2:3:4:5", Fraction(25), "is not a time"),
        ("00:60:00.0", Fraction(25), "more than 59"),
        ("12:60", Fraction(25), "more than 59"),
        ("00:00:60:00", Fraction(25), "more than 59"),
        ("00:00:01:25", Fraction(25), "names frame 25 of a second that has 25"),
        ("00:12:33:120", Fraction(25), "names frame 120"),
        ("00:00:01:05", None, "frame rate of this source varies"),
        ("00:00:01;05", Fraction(25), "drop-frame"),
        ("00:00:01;05", Fraction(30), "drop-frame"),
        ("00:01:00;01", NTSC, "leaves out"),
        ("00:01:00;03", 2 * NTSC, "leaves out"),
    ],
)
def test_times_that_cannot_be_are_explained(text: str, rate: Fraction | None, says: str) -> None:
    with pytest.raises(ConfigError, match=says) as caught:
        parse_time(text, rate)
    assert caught.value.hint


def ava(*words: str, folder: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.run(
        [*AVA, *words], capture_output=True, text=True, timeout=120, cwd=folder, env=environment
    )


@pytest.mark.parametrize(
    ("at", "frame_id"),
    [("00:00:12.500", 300), ("0:12.541", 300), ("12.542", 301), ("00:00:12:13", 301), ("0", 0)],
)
def test_the_still_is_the_very_frame(tmp_path: Path, at: str, frame_id: int) -> None:
    done = ava("still", str(SAMPLE), "--at", at, "--format", "png", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.iterdir()
    label = MediaTime(frame_id, Fraction(1, 24)).timecode(Fraction(24))
    assert path.name == f"sample_film_{label.replace(':', '-')}.png"
    assert label in done.stdout
    assert path.name in done.stdout
    with open_source(SAMPLE) as source, Image.open(path) as still:
        for frame in source.scan():
            if frame.ref.frame_id == frame_id:
                assert np.array_equal(np.asarray(still), frame.rgb())
                break
        assert still.info["Source"] == "sample_film.mp4"
        assert still.info["Timecode"] == label


def test_a_jpeg_has_its_provenance(tmp_path: Path) -> None:
    done = ava("still", str(SAMPLE), "--at", "3.2", "--out", "pick.jpg", folder=tmp_path)
    assert done.returncode == 0, done.stderr
    with Image.open(tmp_path / "pick.jpg") as still, open_source(SAMPLE) as source:
        assert still.getexif()[0x010E] == "sample_film.mp4, 00:00:03:04"
        assert still.size == (source.info.width_px, source.info.height_px)


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--at", "noon"], 2, "is not a time"),
        (["--at", "00:00:01;05"], 2, "drop-frame"),
        (["--at", "00:00:01:24"], 2, "names frame 24"),
        (["--at", "46.375"], 3, "is 00:00:46.375 long"),
        (["--at", "09:00:00"], 3, "is 00:00:46.375 long"),
        (["--at", "1", "--out", "pick.tif"], 2, "neither a .jpg nor a .png"),
        (["--at", "1", "--out", "pick.jpg", "--format", "png"], 2, "not named as png"),
        (["--at", "1", "--format", "bmp"], 2, "bmp"),
        (["--at", "1", "--out", "no/such/folder/pick.jpg"], 7, "could not be written"),
        ([], 2, "--at"),
    ],
)
def test_what_cannot_be_done_is_said(
    tmp_path: Path, words: list[str], code: int, says: str
) -> None:
    done = ava("still", str(SAMPLE), *words, folder=tmp_path)
    assert done.returncode == code, done.stderr
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []
