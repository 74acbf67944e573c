"""dlib's face recognition network, written as ONNX.

A residual network of 29 convolutions after He, Zhang, Ren & Sun, "Deep residual learning for image
recognition" (2016), trained by Davis King with a metric loss on three million faces
(``dnn_face_recognition_ex.cpp`` in dlib): faces of one person lie within 0.6 of each other.
"""

from __future__ import annotations

from models.dlib_weights import Convolution, DlibNetwork
from models.onnx_graph import CENTRE, FLOAT, INPUT, Graph

_PIXEL_SCALE = 1 / 256


def dlib_face_network(network: DlibNetwork, side_px: int) -> bytes:
    """The network that maps face chips, less 128, to points in 128 dimensions.

    Parameters
    ----------
    network : DlibNetwork
        The parameters, with a stem and any number of pairs of convolutions.
    side_px : int
        Width and height of the chips.
    """
    graph = Graph()
    stem, *rest = network.convolutions
    # Pixels come in as they are: the stem has no padding, so it can do the normalizing too.
    weights = stem.weights * _PIXEL_SCALE
    bias = stem.bias - (weights * (network.mean_rgb - CENTRE)[:, None, None]).sum(axis=(1, 2, 3))
    stem = Convolution(weights, bias, stem.stride, stem.padding)
    pixels = graph.add("Cast", INPUT, to=FLOAT)
    pooled = graph.add("MaxPool", _conv(graph, pixels, stem), kernel_shape=[3, 3], strides=[2, 2])
    features, side_px = graph.add("Relu", pooled), (_side(side_px, stem) - 3) // 2 + 1
    n_channels = len(stem.bias)
    for first, second in zip(rest[::2], rest[1::2], strict=True):
        inner = graph.add("Relu", _conv(graph, features, first))
        change, n_before = _conv(graph, inner, second), n_channels
        if first.stride > 1:  # then the short cut is averaged down
            n_channels, halved_px = len(second.bias), side_px // 2
            side_px = _side(_side(side_px, first), second)
            features = graph.add("AveragePool", features, kernel_shape=[2, 2], strides=[2, 2])
            # dlib adds what differs in size as if the smaller one went on in zeros.
            features = graph.padded(features, n_channels - n_before, 0)
            change = graph.padded(change, 0, halved_px - side_px)
            side_px = halved_px
        features = graph.add("Relu", graph.add("Add", change, features))
    means = graph.add("Flatten", graph.add("GlobalAveragePool", features), axis=1)
    return graph.finished(graph.add("MatMul", means, graph.array(network.projection)), 2)


def _conv(graph: Graph, values: str, layer: Convolution) -> str:
    weights, bias = graph.array(layer.weights), graph.array(layer.bias)
    both = {"strides": [layer.stride] * 2, "pads": [layer.padding] * 4}
    return graph.add("Conv", values, weights, bias, **both)


def _side(side_px: int, layer: Convolution) -> int:
    """What a convolution makes of a width or height."""
    kernel_px: int = layer.weights.shape[2]
    return (side_px + 2 * layer.padding - kernel_px) // layer.stride + 1
