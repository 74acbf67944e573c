"""Networks that are put in another order, or written anew, give what they gave."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.runner import scaled
from models.lite_graph import LiteGraph, interpreter
from models.lite_writer import LiteWriter
from models.weights import require

Picture = NDArray[np.uint8]
Ask = Callable[[NDArray[np.generic]], NDArray[np.float32]]


def asked(model: bytes, sides: tuple[int, int]) -> Ask:
    net = interpreter(model, 1, sides)

    def ask(shown: NDArray[np.generic]) -> NDArray[np.float32]:
        net.set_tensor(net.get_input_details()[0]["index"], shown[None])
        net.invoke()
        given = [net.get_tensor(one["index"]).ravel() for one in net.get_output_details()]
        return np.concatenate(given)

    return ask


def test_a_convolution_before_an_enlargement_gives_the_same(
    photographs: dict[str, Picture], body_weights: None
) -> None:
    stored = require("body_joints").read_bytes()
    graph = LiteGraph.stored(stored)
    n_steps = len(graph.steps)
    graph.convolve_before_enlarging()
    assert len(graph.steps) == n_steps + 2  # what was clipped in the convolution is clipped after
    before, after = asked(stored, (224, 224)), asked(graph.packed(), (224, 224))
    for name in ("astronaut", "coffee"):
        small = cv2.resize(photographs[name], (224, 224), interpolation=cv2.INTER_AREA)
        shown = small.astype(np.float32) / 127.5 - 1
        assert np.abs(before(shown)).max() > 50  # pixels
        assert np.abs(after(shown) - before(shown)).max() < 2e-3, name


@pytest.mark.parametrize("sides", [(40, 64), (33, 47)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_written_network_computes_what_it_says(sides: tuple[int, int], stride: int) -> None:
    from torch import from_numpy
    from torch.nn import functional

    random = np.random.default_rng(stride)
    weights = [
        random.normal(0, 0.3, shape).astype(np.float32)
        for shape in ((8, 3, 3, 3), (8, 1, 3, 3), (8, 8, 1, 1))
    ]
    biases = [random.normal(0, 0.3, 8).astype(np.float32) for _ in weights]
    graph = LiteWriter(1 / 64)
    found = graph.convolution(graph.pictures, weights[0], biases[0], stride, relu=True)
    wide = graph.convolution(found, weights[1], biases[1], 1, 2)
    found = graph.sum(found, graph.convolution(wide, weights[2], biases[2]))
    model = graph.finished(graph.sigmoid(found), graph.mean(graph.square(found)))

    picture = random.integers(0, 256, (*sides, 3), dtype=np.uint8)
    shown = from_numpy((picture.astype(np.float32).transpose(2, 0, 1)[None] - 128) / 64)
    ours = [
        (from_numpy(weight), from_numpy(bias)) for weight, bias in zip(weights, biases, strict=True)
    ]
    first = functional.conv2d(shown, *ours[0], stride=stride, padding=1).relu()
    second = functional.conv2d(first, *ours[1], padding=2, dilation=2, groups=8)
    last = first + functional.conv2d(second, *ours[2])
    truth = np.concatenate(
        [
            last.sigmoid().numpy().transpose(0, 2, 3, 1).ravel(),
            (last * last).mean(dim=(2, 3)).numpy().ravel(),
        ]
    )
    np.testing.assert_allclose(asked(model, sides)(picture), truth, rtol=1e-4, atol=1e-5)


def test_a_third_is_the_mean_of_every_nine_pixels(photographs: dict[str, Picture]) -> None:
    picture = cv2.resize(photographs["coffee"], (960, 540), interpolation=cv2.INTER_AREA)
    frames = FrameBatch(picture[None].astype(np.uint8), np.zeros(1), np.zeros(1, np.int64))
    third = scaled(frames, 180).pixels[0]
    np.testing.assert_array_equal(
        third, cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    )
