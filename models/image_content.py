"""What is in a picture, as 1,280 numbers: EfficientNet-Lite0, taught on ImageNet.

Tan & Le, "EfficientNet: rethinking model scaling for convolutional neural networks", ICML 2019; the
Lite variant has no squeeze-and-excitation and plain clipped activations. Its weights are stored by
PyTorch; it runs in ONNX Runtime, on pictures of less than half the pixels that it was
taught on.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.onnx_graph import FLOAT, INPUT, Graph, centred, session
from models.torch_weights import arrays_in

N_FEATURES = 1280
_SIZE = (224, 96)  # columns and lines; any picture is squeezed into it
# Repeats, stride of the first, expansion.
_STAGES = (
    (1, 1, 1), (2, 2, 6), (2, 2, 6), (3, 2, 6), (3, 1, 6), (4, 2, 6), (1, 1, 6),
)  # fmt: skip
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
        self._session = session(_model(arrays_in(path)), n_threads)

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
        small = cv2.resize(picture, _SIZE, interpolation=cv2.INTER_AREA)
        shown = centred(small.astype(np.uint8, copy=False))
        features: NDArray[np.float32] = self._session.run(None, {INPUT: shown})[0].ravel()
        return features


def class_weights(path: Path) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """What makes logits of ImageNet's classes of the features: weights (1000, 1280), bias (1000,)."""
    weights = arrays_in(path)
    return weights["_fc.weight"], weights["_fc.bias"]


def _model(weights: Weights) -> bytes:
    graph = Graph()
    limits = [graph.array(np.array([limit], np.float32)) for limit in (0.0, 6.0)]

    def clipped(values: str) -> str:
        return graph.add("Clip", values, *limits)

    def layer(values: str, name: str, norm: str, stride: int = 1, n_groups: int = 1) -> str:
        weight, bias = _folded(weights, name, norm)
        # As TensorFlow pads even sides: with stride 2 one more behind than before.
        whole = weight.shape[2] - stride
        pads = [whole // 2, whole // 2, whole - whole // 2, whole - whole // 2]
        inputs = values, graph.array(weight), graph.array(bias)
        return graph.add("Conv", *inputs, strides=[stride] * 2, pads=pads, group=n_groups)

    # It was taught on (picture - 127) / 128, and what lies outside of a picture is 0 in that.
    found = graph.add(
        "Add", graph.add("Cast", INPUT, to=FLOAT), graph.array(np.ones(1, np.float32))
    )
    weights["_conv_stem.weight"] = weights["_conv_stem.weight"] / np.float32(128)
    found = clipped(layer(found, "_conv_stem", "_bn0", 2))
    number = 0
    for n_repeats, first_stride, expansion in _STAGES:
        for repeat in range(n_repeats):
            place, start = f"_blocks.{number}.", found
            stride = 1 if repeat else first_stride
            if expansion > 1:
                found = clipped(layer(found, f"{place}_expand_conv", f"{place}_bn0"))
            n_wide = len(weights[f"{place}_depthwise_conv.weight"])
            depthwise = f"{place}_depthwise_conv", f"{place}_bn1"
            found = clipped(layer(found, *depthwise, stride, n_wide))
            found = layer(found, f"{place}_project_conv", f"{place}_bn2")
            found = graph.add("Add", start, found) if repeat else found
            number += 1
    found = clipped(layer(found, "_conv_head", "_bn1"))
    return graph.finished(graph.add("GlobalAveragePool", found), 4)


def _folded(weights: Weights, name: str, norm: str) -> tuple[Any, Any]:
    """A convolution and the normalization behind it as one."""
    scale = weights[f"{norm}.weight"] / np.sqrt(weights[f"{norm}.running_var"] + _EPSILON)
    weight = weights[f"{name}.weight"] * scale[:, None, None, None]
    return weight, weights[f"{norm}.bias"] - weights[f"{norm}.running_mean"] * scale
