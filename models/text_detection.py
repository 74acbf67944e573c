"""Which pixels of a picture are lettering: the small detector of PaddleOCR, PP-OCRv6.

A backbone of depthwise convolutions (after Cui et al., "PP-LCNet: a lightweight CPU convolutional neural
network", 2021) with squeeze and excitation (Hu et al., CVPR 2018), a pyramid over its four sizes, and
the head of differentiable binarization (Liao et al., "Real-time scene text detection with
differentiable binarization", 2020). Its weights are stored as ONNX; it runs in LiteRT, in whole numbers
of eight bits, which takes half the time.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.lite_graph import LiteNet
from models.lite_levels import Ranges, given, stored_ranges
from models.lite_writer import LiteWriter, Relu
from models.onnx_weights import Convolution, convolutions_in

RANGES = "text_detection"
"""What its ranges are stored as."""

STEP_PX = 32
"""The network halves five times: sides of what it sees are multiples of this."""

# Blocks of each size of the backbone, and whether they weigh their channels; before all but the
# first size, a block halves the picture.
_STAGES = ((True, False), (True, False), (True, False, True, False), (True, False))
_OPENS_BY, _OPENS_BY_IN_NECK = 1 / 6, 0.2  # how steeply a channel's weight goes from 0 to 1
_N_ENLARGED = (3, 2, 1, 0)  # how often each size of the pyramid is doubled, the smallest first
_CENTRE, _SCALE = 116, 1 / 64  # of the pixels that the network is given
# It was taught on pictures less these means, divided by these deviations, blue first.
_MEAN = np.array([0.485, 0.456, 0.406])[::-1]
_STD = np.array([0.229, 0.224, 0.225])[::-1]
_NOTHING = np.rint(255 * _MEAN)  # what is zero to it


class TextDetection:
    """The network, ready to be asked.

    Parameters
    ----------
    path : pathlib.Path
        Its weights.
    n_threads : int
        What it may use.
    """

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        model = written(convolutions_in(path), stored_ranges()[RANGES])
        self._net = LiteNet(model, n_threads, (STEP_PX + 2, STEP_PX + 2))

    def ink(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How much each pixel looks like the core of a line of text.

        Parameters
        ----------
        picture : ndarray of uint8, shape (H, W, 3)
            sRGB; both sides are multiples of `STEP_PX`.

        Returns
        -------
        ndarray of float32, shape (H, W)
            0..1.
        """
        (ink,) = self._net.of(given(framed(picture), False, True))
        return ink[0, :, :, 0]


def framed(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture with a line of the color around it that is nothing to the network."""
    sides = (1, 1, 1, 1)
    whole = cv2.copyMakeBorder(picture, *sides, cv2.BORDER_CONSTANT, value=_NOTHING.tolist())
    return whole.astype(np.uint8, copy=False)


def written(convolutions: Sequence[Convolution], ranges: Ranges | None) -> bytes:
    """The network for LiteRT, for pictures as `framed` gives them; without ranges it computes in floats."""
    net = _Net(convolutions, ranges)
    found = net.stem()
    sizes = []
    for number, stage in enumerate(_STAGES):
        if number:
            found = net.block(found, weighs=False, halves=True)
        for weighs in stage:
            found = net.block(found, weighs)
        sizes.append(found)
    return net.graph.finished(net.head(net.pyramid(sizes)))


class _Net:
    """Puts the network together; convolutions are taken in the order in which they are stored."""

    def __init__(self, convolutions: Sequence[Convolution], ranges: Ranges | None) -> None:
        self.graph = LiteWriter(_SCALE, _CENTRE, ranges=ranges)
        self._left = iter(convolutions)

    def _layer(self, values: int, stride: int = 1, relu: Relu = "") -> int:
        weight, bias = next(self._left)
        return self.graph.convolution(values, weight, bias, stride, relu=relu, pads="around")

    def stem(self) -> int:
        """A quarter of the picture's height and width."""
        weight, bias = next(self._left)
        # What was done to the pixels before is done by the first weights.
        bias = bias + weight.sum(axis=(2, 3)) @ ((_CENTRE / 255 - _MEAN) / _STD)[::-1]
        of_pixels = weight[:, ::-1] / (255 * _SCALE * _STD)[None, :, None, None]
        first = self.graph.convolution(
            self.graph.pictures,
            of_pixels.astype(np.float32), bias.astype(np.float32),
            stride=2, relu="relu", pads="nowhere",
        )  # fmt: skip
        seen = self._layer(self._layer(first, relu="relu"), relu="relu")
        both = self.graph.joined(self.graph.largest(first), seen)
        return self._layer(self._layer(both, stride=2, relu="relu"), relu="relu")

    def block(self, values: int, weighs: bool, halves: bool = False) -> int:
        """Mixes places, then channels."""
        found = self._layer(values, stride=2 if halves else 1)
        if weighs:
            found = self._weighed(found, _OPENS_BY)
        mixed = self._layer(self.graph.gelu(self._layer(found)))
        return mixed if halves else self.graph.sum(found, mixed)

    def pyramid(self, sizes: Sequence[int]) -> int:
        """What all sizes say, at the largest; they are given from there down."""
        narrowed = [self._weighed_more(self._layer(one)) for one in reversed(sizes)]
        seen = narrowed[:1]
        for one in narrowed[1:]:
            seen.append(self.graph.sum(one, self.graph.enlarged(seen[-1])))
        parts = []
        for one, n_enlarged in zip(seen, _N_ENLARGED, strict=True):
            part = self._weighed_more(self._layer(self._layer(one)))
            for _ in range(n_enlarged):
                part = self.graph.enlarged(part)
            parts.append(part)
        return self.graph.joined(*parts)

    def head(self, values: int) -> int:
        """From a quarter of the picture's height and width to all of it."""
        found = self._transposed(self._layer(values, relu="relu"), relu="relu")
        return self.graph.sigmoid(self._transposed(found))

    def _transposed(self, values: int, relu: Relu = "") -> int:
        """A transposed convolution whose fields of 2 × 2 do not overlap."""
        weight, bias = next(self._left)
        n_in, n_out = weight.shape[:2]
        single = np.ascontiguousarray(weight.transpose(2, 3, 1, 0)).reshape(4 * n_out, n_in, 1, 1)
        fields = self.graph.convolution(values, single, np.tile(bias, 4), relu=relu)
        return self.graph.laid_out(fields)

    def _weighed_more(self, values: int) -> int:
        return self.graph.sum(values, self._weighed(values, _OPENS_BY_IN_NECK))

    def _weighed(self, values: int, opens_by: float) -> int:
        """Every channel by a weight from 0 to 1, which all of them together decide."""
        all_told = self._layer(self.graph.mean(values), relu="relu")
        weight, bias = next(self._left)
        steep = np.float32(opens_by)
        opened = self.graph.convolution(
            all_told, weight * steep, bias * steep + np.float32(0.5), relu="relu"
        )
        return self.graph.product(values, self.graph.at_most_one(opened))
