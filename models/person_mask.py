"""Which part of a picture is people: MediaPipe's selfie segmentation.

A MobileNetV3 (Howard et al., "Searching for MobileNetV3", ICCV 2019) with a small decoder. It runs in
LiteRT itself: MediaPipe's own task gives the same mask, but enlarges it to the size of the picture,
which costs as much again as the network. The last step of the stored network is an operator that only
MediaPipe knows; it is a transposed convolution with a bias, and is written as one.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from models.lite_graph import interpreter, packed, parsed

_SIDES = (256, 256)
_STRIDE = 2  # of the last step


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
        self._net = interpreter(_in_plain_words(path.read_bytes()), n_threads, _SIDES)
        self._input = self._net.get_input_details()[0]["index"]
        self._output = self._net.get_output_details()[0]["index"]

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
        across, down = picture.shape[1] / _SIDES[1], picture.shape[0] / _SIDES[0]
        shown = cv2.warpAffine(
            picture,
            np.array([[across, 0, 0], [0, down, 0]]),
            _SIDES[::-1],
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        self._net.set_tensor(self._input, np.multiply(shown, 1 / 255, dtype=np.float32)[None])
        self._net.invoke()
        mask: NDArray[np.float32] = self._net.get_tensor(self._output)[0, :, :, 0]
        return mask


def _in_plain_words(model: bytes) -> bytes:
    """The network without MediaPipe's own operator."""
    from ai_edge_litert import schema_py_generated as schema

    tree: Any = parsed(model)
    graph = tree.subgraphs[0]
    for step in graph.operators:
        code = tree.operatorCodes[step.opcodeIndex]
        if code.customCode != b"Convolution2DTransposeBias":
            continue
        code.builtinCode = code.deprecatedBuiltinCode = schema.BuiltinOperator.TRANSPOSE_CONV
        code.customCode, code.version = None, 3  # from the third on it has a bias
        step.customOptions = None
        step.builtinOptionsType = schema.BuiltinOptions.TransposeConvOptions
        step.builtinOptions = schema.TransposeConvOptionsT()
        step.builtinOptions.padding = schema.Padding.VALID
        step.builtinOptions.strideH = step.builtinOptions.strideW = _STRIDE
        size = schema.TensorT()
        size.name, size.type, size.shape = b"size", schema.TensorType.INT32, np.array([4], np.int32)
        stored = schema.BufferT()
        stored.data = np.frombuffer(np.array([1, *_SIDES, 1], "<i4").tobytes(), np.uint8)
        size.buffer = len(tree.buffers)
        tree.buffers.append(stored)
        graph.tensors.append(size)
        values, weights, bias = step.inputs
        step.inputs = np.array([len(graph.tensors) - 1, weights, values, bias], np.int32)
    return packed(tree)
