"""Which part of a picture is people: MediaPipe's selfie segmentation.

A MobileNetV3 (Howard et al., "Searching for MobileNetV3", ICCV 2019) with a small decoder. It runs in
LiteRT itself: MediaPipe's own task gives the same mask, but enlarges it to the size of the picture,
which costs as much again as the network. The last step of the stored network is an operator that only
MediaPipe knows, a transposed convolution with a bias; LiteRT's own is slow where it gives one channel,
and it is written as a plain convolution, whose four results are laid out as a square.
"""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.lite_graph import LiteGraph, LiteNet

SIDES = (256, 256)
"""Lines and columns of what it sees and gives."""

_STRIDE = 2  # of the last step
_LAST_STEP = b"Convolution2DTransposeBias"


class PersonMaskNetwork:
    """The network, ready to be asked.

    Parameters
    ----------
    path : pathlib.Path
        Its weights.
    n_threads : int
        What it may use.
    """

    def __init__(self, path: Path, n_threads: int = 1) -> None:
        self._net = LiteNet(_in_plain_words(path.read_bytes()), n_threads, SIDES)

    def of(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How surely each field is part of a person.

        Parameters
        ----------
        picture : ndarray of uint8, shape (H, W, 3)
            sRGB, of any shape: it is squeezed into a square, as the network was taught.

        Returns
        -------
        ndarray of float32, shape (256, 256)
            0..1, over the whole picture.
        """
        # Samples are taken at corners, not at middles, of the pixels, as MediaPipe takes them.
        across, down = picture.shape[1] / SIDES[1], picture.shape[0] / SIDES[0]
        shown = cv2.warpAffine(
            picture,
            np.array([[across, 0, 0], [0, down, 0]]),
            SIDES[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        (mask,) = self._net.of(np.asarray(shown, np.uint8)[None])
        return mask[0, :, :, 0]


def _in_plain_words(model: bytes) -> bytes:
    """The network without MediaPipe's own operator, and in an order that has less to do."""
    from ai_edge_litert import schema_py_generated as schema

    kinds = schema.BuiltinOperator
    graph = LiteGraph.stored(model)
    (last,) = (one for one in graph.steps if graph.code(one).customCode == _LAST_STEP)
    values, weights, bias = last.inputs
    at, n_places = graph.steps.index(last), _STRIDE * _STRIDE
    fields = graph.tensor([1, SIDES[0] // _STRIDE, SIDES[1] // _STRIDE, n_places])
    # Its fields of 2 × 2 do not overlap: it is a convolution of single pixels with four results.
    convolution = schema.Conv2DOptionsT()
    convolution.padding = schema.Padding.VALID
    convolution.strideH = convolution.strideW = 1
    convolution.dilationHFactor = convolution.dilationWFactor = 1
    laid_out = schema.DepthToSpaceOptionsT()
    laid_out.blockSize = _STRIDE
    weight = graph.constant(graph.weights(weights).reshape(n_places, 1, 1, -1))
    inputs = values, weight, graph.constant(np.repeat(graph.weights(bias), n_places))
    graph.steps[at : at + 1] = [
        graph.step(kinds.CONV_2D, inputs, fields, convolution),
        graph.step(kinds.DEPTH_TO_SPACE, [fields], last.outputs[0], laid_out),
    ]
    graph.convolve_before_enlarging()
    graph.take_bytes(graph.inputs[0], 1 / 255)
    return graph.packed()
