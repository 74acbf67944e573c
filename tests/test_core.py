"""The ground floor: errors that pickle, exact time, boxes, batches, identities."""

from __future__ import annotations

import pickle
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ava.core import errors
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import Box, iou_xyxy
from ava.core.identity import content_id, settings_id
from ava.core.media_time import MediaTime, clock

ALL_ERRORS = [
    one
    for one in vars(errors).values()
    if isinstance(one, type) and issubclass(one, errors.AvaError)
]


@pytest.mark.parametrize("kind", ALL_ERRORS)
@pytest.mark.parametrize("hint", [None, "do this"])
def test_errors_pickle_and_speak(kind: type[errors.AvaError], hint: str | None) -> None:
    error = pickle.loads(pickle.dumps(kind("what is wrong", hint)))
    assert type(error) is kind
    assert (error.message, error.hint, str(error)) == ("what is wrong", hint, "what is wrong")


def test_exit_codes_are_the_documented_ones() -> None:
    codes = {kind.__name__: kind.exit_code for kind in ALL_ERRORS}
    assert codes["ConfigError"] == 2
    assert codes["MediaNotFound"] == codes["DecodeError"] == codes["NoVideoStream"] == 3
    assert codes["ScorerError"] == 4
    assert codes["NothingToRank"] == 5
    assert codes["CatalogError"] == 6
    assert codes["StoreError"] == 7
    assert codes["WeightsError"] == 8
    assert issubclass(errors.MediaNotFound, FileNotFoundError)


@given(st.integers(0, 10**7), st.sampled_from([Fraction(24), Fraction(30000, 1001), Fraction(50)]))
def test_timecode_names_the_frame(frame: int, rate: Fraction) -> None:
    text = MediaTime(frame, 1 / rate).timecode(rate)
    hours, minutes, seconds, frames = map(int, text.split(":"))
    assert ((hours * 60 + minutes) * 60 + seconds) * round(rate) + frames == frame
    assert frames < round(rate)


def test_time_compares_across_bases() -> None:
    assert MediaTime(1, Fraction(1, 3)) == MediaTime(1, Fraction(1, 3))
    assert MediaTime(1, Fraction(1, 3)) < MediaTime(34, Fraction(1, 100))
    assert MediaTime(1500, Fraction(1, 1000)).timecode(None) == "00:00:01.500"
    assert clock(-61.25) == "-00:01:01.250"
    with pytest.raises(ValueError, match="time_base"):
        MediaTime(0, Fraction(0))


@given(
    st.floats(0, 0.9),
    st.floats(0, 0.9),
    st.floats(0.01, 1),
    st.floats(0.01, 1),
    st.integers(1, 4000),
    st.integers(1, 4000),
)
def test_a_box_in_pixels_is_never_empty_nor_outside(
    x: float, y: float, w: float, h: float, width: int, height: int
) -> None:
    box = Box(x, y, min(1.0, x + w), min(1.0, y + h))
    left, top, right, bottom = box.pixels(width, height)
    assert 0 <= left < right <= width
    assert 0 <= top < bottom <= height


def test_iou_of_known_boxes() -> None:
    boxes = np.array([[0, 0, 2, 2]], np.float32)
    others = np.array([[0, 0, 2, 2], [1, 0, 3, 2], [5, 5, 6, 6], [1, 1, 1, 1]], np.float32)
    assert iou_xyxy(boxes, others)[0] == pytest.approx([1, 1 / 3, 0, 0])


def test_a_batch_is_checked_when_it_is_made() -> None:
    pixels = np.zeros((2, 4, 4, 3), np.uint8)
    ids = np.arange(2)
    batch = FrameBatch(pixels, np.array([0.0, 1.0]), ids)
    assert len(batch.rows(slice(1, 2))) == 1
    with pytest.raises(ValueError, match="read-only"):
        batch.pixels[0, 0, 0, 0] = 1
    with pytest.raises(ValueError, match="increasing"):
        FrameBatch(np.zeros((2, 4, 4, 3), np.uint8), np.array([1.0, 1.0]), ids)
    with pytest.raises(ValueError, match="uint8"):
        FrameBatch(np.zeros((2, 4, 4, 3), np.float32), np.array([0.0, 1.0]), ids)  # type: ignore[arg-type]


def test_content_is_known_whatever_its_name(tmp_path: Path) -> None:
    first, second = tmp_path / "a.mp4", tmp_path / "b.mkv"
    first.write_bytes(b"x" * 70_000)
    second.write_bytes(b"x" * 70_000)
    assert content_id(first) == content_id(second)
    second.write_bytes(b"x" * 69_999 + b"y")
    assert content_id(first) != content_id(second)


def test_a_long_file_is_known_by_its_size_and_blocks(tmp_path: Path) -> None:
    path = tmp_path / "long.bin"
    with path.open("wb") as file:
        file.truncate(80 * 2**20)
    known = content_id(path)
    with path.open("r+b") as file:
        file.seek(-1, 2)
        file.write(b"z")
    assert content_id(path) != known


def test_settings_id_ignores_order_but_not_values() -> None:
    assert settings_id({"a": 1, "b": 2}) == settings_id({"b": 2, "a": 1})
    assert settings_id({"a": 1}) != settings_id({"a": 2})
