"""Networks that are put in another order, or written anew, give what they gave."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.runner import scaled
from models.lite_graph import LiteGraph, interpreter
from models.lite_levels import given
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


@dataclass(frozen=True)
class Chain:
    """A small network, as PyTorch and as LiteRT run it."""

    weights: list[NDArray[np.float32]]
    biases: list[NDArray[np.float32]]
    stride: int

    @classmethod
    def random(cls, stride: int) -> Chain:
        random = np.random.default_rng(stride)
        shapes = ((8, 3, 3, 3), (8, 1, 3, 3), (8, 8, 1, 1))
        weights = [random.normal(0, 0.3, shape).astype(np.float32) for shape in shapes]
        return cls(weights, [random.normal(0, 0.3, 8).astype(np.float32) for _ in weights], stride)

    def by_pytorch(self, picture: Picture) -> list[NDArray[np.float32]]:
        """What its first, second, third convolution and sum give, each (H, W, 8)."""
        from torch import from_numpy
        from torch.nn import functional

        shown = from_numpy((picture.astype(np.float32).transpose(2, 0, 1)[None] - 128) / 64)
        ours = [*zip(map(from_numpy, self.weights), map(from_numpy, self.biases), strict=True)]
        first = functional.conv2d(shown, *ours[0], stride=self.stride, padding=1).relu()
        second = functional.conv2d(first, *ours[1], padding=2, dilation=2, groups=8)
        third = functional.conv2d(second, *ours[2])
        return [one[0].numpy().transpose(1, 2, 0) for one in (first, second, third, first + third)]

    def written(self, ranges: NDArray[np.float32] | None = None) -> bytes:
        graph = LiteWriter(1 / 64, upside_down=True, ranges=ranges)
        pairs = [*zip(self.weights, self.biases, strict=True)]
        first = graph.convolution(graph.pictures, *pairs[0], self.stride, relu="relu")
        second = graph.convolution(first, *pairs[1], 1, 2)
        found = graph.sum(first, graph.convolution(second, *pairs[2]))
        return graph.finished(graph.sigmoid(found), graph.mean(graph.square(found)))

    def by_litert(
        self, picture: Picture, ranges: NDArray[np.float32] | None = None
    ) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Likelihoods (H, W, 8), and means of the squares (8,)."""
        shown = given(picture, True, ranges is not None)
        net = interpreter(self.written(ranges), 1, picture.shape[:2])
        net.set_tensor(net.get_input_details()[0]["index"], shown)
        net.invoke()
        likely, squares = (net.get_tensor(one["index"])[0] for one in net.get_output_details())
        return likely[::-1, ::-1], squares.ravel()


@pytest.mark.parametrize("sides", [(40, 64), (33, 47)])
@pytest.mark.parametrize("stride", [1, 2])
def test_a_written_network_computes_what_it_says(sides: tuple[int, int], stride: int) -> None:
    chain = Chain.random(stride)
    picture = np.random.default_rng(1).integers(0, 256, (*sides, 3), dtype=np.uint8)
    likely, squares = chain.by_litert(picture)
    last = chain.by_pytorch(picture)[-1]
    np.testing.assert_allclose(likely, 1 / (1 + np.exp(-last)), rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(squares, (last**2).mean(axis=(0, 1)), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("n_whole", [2, 4])
def test_whole_numbers_are_nearly_as_good_as_floats(
    photographs: dict[str, Picture], n_whole: int
) -> None:
    chain = Chain.random(2)
    picture = photographs["coffee"][:161, :240]
    steps = chain.by_pytorch(picture)
    ranges = np.array([[step.min(), step.max()] for step in steps], np.float32)[:n_whole]
    likely, squares = chain.by_litert(picture, ranges)
    off = likely - 1 / (1 + np.exp(-steps[-1]))
    assert 0 < np.abs(off).max() < 0.05
    assert abs(off.mean()) < 2e-3
    np.testing.assert_allclose(squares, (steps[-1] ** 2).mean(axis=(0, 1)), rtol=0.06)
    assert np.abs(np.roll(likely, 1, axis=0) - likely).mean() > 5 * np.abs(off).mean()


def test_a_third_is_the_mean_of_every_nine_pixels(photographs: dict[str, Picture]) -> None:
    picture = cv2.resize(photographs["coffee"], (960, 540), interpolation=cv2.INTER_AREA)
    frames = FrameBatch(picture[None].astype(np.uint8), np.zeros(1), np.zeros(1, np.int64))
    third = scaled(frames, 180).pixels[0]
    np.testing.assert_array_equal(
        third, cv2.resize(picture, (320, 180), interpolation=cv2.INTER_AREA)
    )
