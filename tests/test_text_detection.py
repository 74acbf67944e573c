"""The detector of text, written anew, finds what it finds as it is stored."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from models.lite_graph import interpreter
from models.lite_levels import given
from models.onnx_weights import convolutions_in
from models.text_detection import STEP_PX, TextDetection, framed, written
from models.weights import require
from tests.lettering import FONTS, SPOKEN, subtitled

Picture = NDArray[np.uint8]
_INK = 0.3


@pytest.fixture(scope="module")
def lettered(photographs: dict[str, Picture]) -> list[Picture]:
    """Lower thirds of photographs with a subtitle, at sides that the network can halve."""
    found = []
    pictures = [photographs[name] for name in sorted(photographs)]
    for number, picture in enumerate(one for one in pictures if one.shape[1] >= 700):
        lines = subtitled(picture, SPOKEN[number % len(SPOKEN)], FONTS[number % len(FONTS)], 30)
        size = (18 * STEP_PX, 10 * STEP_PX)
        small = cv2.resize(lines, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8)
        found.append(np.ascontiguousarray(small[4 * STEP_PX :]))
    assert len(found) >= 3
    return found


def as_stored(path: Path, picture: Picture) -> NDArray[np.float32]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    mean, std = np.array([0.485, 0.456, 0.406]), np.array([0.229, 0.224, 0.225])
    shown = ((picture[:, :, ::-1] / 255 - mean) / std).astype(np.float32).transpose(2, 0, 1)
    ink: NDArray[np.float32] = session.run(None, {"x": np.ascontiguousarray(shown[None])})[0][0, 0]
    return ink


def agreement(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    """How much of what either takes for text both do."""
    first, second = one > _INK, other > _INK
    return float((first & second).sum() / (first | second).sum())


def test_in_floats_it_computes_what_is_stored(lettered: list[Picture], text_weights: None) -> None:
    path = require("text_detection_ppocr")
    picture = lettered[0]
    net = interpreter(written(convolutions_in(path), None), 1, framed(picture).shape[:2])
    net.set_tensor(net.get_input_details()[0]["index"], given(framed(picture), False, False))
    net.invoke()
    ours = net.get_tensor(net.get_output_details()[0]["index"])[0, :, :, 0]
    stored = as_stored(path, picture)
    assert (stored > _INK).mean() > 0.01
    # The line around the picture is of whole levels, and its numbers grow steep at the end.
    assert np.abs(ours - stored).max() < 0.05
    assert np.abs(ours - stored).mean() < 1e-3


def test_in_whole_numbers_it_finds_the_same_ink(
    lettered: list[Picture], text_weights: None
) -> None:
    path = require("text_detection_ppocr")
    detection = TextDetection(path)
    same = []
    for picture in lettered:
        ours, stored = detection.ink(picture), as_stored(path, picture)
        same.append(agreement(ours, stored))
        assert np.abs(ours - stored).mean() < 0.02
    assert min(same) > 0.8, same  # strips are a few pixels thick: one at their rim counts
    assert np.mean(same) > 0.9, same


def test_parts_of_all_shapes_are_as_if_it_knew_no_other(
    lettered: list[Picture], text_weights: None
) -> None:
    path = require("text_detection_ppocr")
    detection = TextDetection(path)
    for width in (18, 3, 7, 18):
        part = np.ascontiguousarray(lettered[1][: 3 * STEP_PX, : width * STEP_PX])
        assert np.array_equal(detection.ink(part), TextDetection(path).ink(part)), width


def test_a_damaged_file_is_named(tmp_path: Path, text_weights: None) -> None:
    content = require("text_detection_ppocr").read_bytes()
    for name, wrong in (("cut.onnx", content[: len(content) // 2]), ("no.onnx", b"\xff" * 99)):
        (tmp_path / name).write_bytes(wrong)
        with pytest.raises(WeightsError, match=name):
            convolutions_in(tmp_path / name)
