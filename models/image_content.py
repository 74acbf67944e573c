"""What is in a picture, as 1,280 numbers: EfficientNet-Lite0, taught on ImageNet.

Tan & Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019; the
Lite variant has no squeeze-and-excitation and plain clipped activations. Its weights are stored by
PyTorch; it runs in LiteRT, on pictures of half the pixels that it was taught on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.lite_graph import LiteNet
from models.lite_levels import Ranges, given, stored_ranges
from models.lite_writer import LiteWriter, Relu
from models.torch_weights import arrays_in

N_FEATURES = 1280
RANGES = "image_content"
"""What its ranges are stored as."""

_SIZE = (192, 128)  # columns and lines; any picture is squeezed into it
# Repeats, stride of the first, expansion.
_STAGES = (
    (1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6),
)  # fmt: skip
_CENTRE = 127  # it was taught on (picture - 127) / 128
_EPSILON = 1e-3  # of its batch normalization

Weights = dict[str, NDArray[np.float32]]


class ImageContent:
    """The network, ready to be asked.

    Parameters
    ----------
    path : pathlib.Path
        Its weights.
    n_threads : int
        What it may use.
    """

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        model = written(arrays_in(path), stored_ranges()[RANGES])
        self._net = LiteNet(model, n_threads, _SIZE[::-1])

    def of(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """The last features before its classes.

        Parameters
        ----------
        picture : ndarray of uint8, shape (H, W, 3)
            sRGB, of any shape.

        Returns
        -------
        ndarray of float32, shape (1280,)
            From 0; means over the picture.
        """
        (features,) = self._net.of(given(shrunk(picture), False, True))
        return features.ravel()


def shrunk(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """The picture as the network sees it, (128, 192, 3); one of that size is itself."""
    if picture.shape[1::-1] == _SIZE:
        return picture
    return cv2.resize(picture, _SIZE, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def class_weights(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What makes logits of ImageNet's classes of the features: weights (1000, 1280), bias (1000,)."""
    weights = arrays_in(path)
    return weights["_fc.weight"], weights["_fc.bias"]


def written(weights: Weights, ranges: Ranges | None) -> bytes:
    """The network for LiteRT, up to the features; without ranges it computes in floats."""
    graph = LiteWriter(1 / 128, _CENTRE, ranges=ranges)

    def layer(values: int, name: str, norm: str, stride: int = 1, relu: Relu = "relu6") -> int:
        weight, bias = _folded(weights, name, norm)
        return graph.convolution(values, weight, bias, stride, relu=relu)

    found = layer(graph.pictures, "_conv_stem", "_bn0", 2)
    number = 0
    for n_repeats, first_stride, expansion in _STAGES:
        for repeat in range(n_repeats):
            place, start = f"_blocks.{number}.", found
            if expansion > 1:
                found = layer(found, f"{place}_expand_conv", f"{place}_bn0")
            stride = 1 if repeat else first_stride
            found = layer(found, f"{place}_depthwise_conv", f"{place}_bn1", stride)
            found = layer(found, f"{place}_project_conv", f"{place}_bn2", relu="")
            found = graph.sum(start, found) if repeat else found
            number += 1
    return graph.finished(graph.mean(layer(found, "_conv_head", "_bn1")))


def _folded(weights: Weights, name: str, norm: str) -> tuple[Any, Any]:
    """A convolution and the normalization behind it as one."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
    weight = weights[f"{name}.weight"] * scale[:, None, None, None]
    return weight, weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
