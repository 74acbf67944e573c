"""Writes small networks for LiteRT, which runs them from plain arrays of weights.

It is quicker than ONNX Runtime with few channels and many pixels. Only what our own networks need is
here: a chain of operators. Sizes are left open; `models.lite_graph.interpreter` sets them.

A network may compute in whole numbers of eight bits, which takes half the time (Jacob et al.,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference", CVPR
2018): weights by the largest of each output channel, what lies between layers by the range that
`training.activation_ranges` has seen there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.lite_graph import LiteGraph

Relu = Literal["", "relu", "relu6"]
Ranges = NDArray[np.float32]

RANGES = Path(__file__).with_name("activation_ranges.npz")
_SCHEMA = 3  # of the format
_FIELD = np.array([1, 2], np.int32)  # axes: lines and columns
_LOWEST, _HIGHEST = -128, 127
_BYTES_LESS = 128  # a byte less this is a whole number of eight bits
_MOST_BIAS = 2.0**30  # sums are whole numbers of 32 bits


@cache
def stored_ranges() -> dict[str, Ranges]:
    """By the name of a network, the least and the largest number that each operator gave, (N, 2)."""
    with np.load(RANGES, allow_pickle=False) as arrays:
        return {name: arrays[name] for name in arrays.files}


class LiteWriter:
    """A network in the making; every method adds an operator and gives back its output's number.

    Its input is `pictures`, (1, H, W, 3), as `given` makes them.

    Parameters
    ----------
    scale : float
        The network sees pixels less `centre`, times this.
    centre : int
        Of the 256 levels; what lies outside of a picture is as this.
    upside_down : bool
        Whether it is given pictures turned by 180 degrees, and turns its filters, too. With stride 2,
        LiteRT pads even sides behind, as TensorFlow does, and PyTorch before: turned, they agree.
    ranges : ndarray of float32, shape (N, 2), optional
        The least and the largest number that each of the first N operators will give, in the order in
        which they are added: those of them that are convolutions or sums compute in whole numbers.
        Without it all compute in floats.

    Attributes
    ----------
    pictures : int
        What it sees.
    """

    def __init__(
        self,
        scale: float,
        centre: int = 128,
        upside_down: bool = False,
        ranges: Ranges | None = None,
    ) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        self._upside_down, self._ranges = upside_down, ranges
        tree = schema.ModelT()
        tree.version, tree.operatorCodes, tree.buffers = _SCHEMA, [], [schema.BufferT()]
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs = [], [], []
        tree.subgraphs = [graph]
        self._graph = LiteGraph(tree)
        self._floats: dict[int, int] = {}  # what whole numbers are in floats
        self._n_added = 0
        if ranges is None:
            self.pictures = self._graph.tensor([1, 1, 1, 3])
            self._graph.take_bytes(self.pictures, scale, centre)
        else:
            self.pictures = self._whole(3, scale, centre - _BYTES_LESS)
            self._graph.inputs = [self.pictures]

    def convolution(
        self,
        values: int,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
        stride: int = 1,
        dilation: int = 1,
        relu: Relu = "",
    ) -> int:
        """Square, padded so that stride 1 keeps the size.

        Parameters
        ----------
        values : int
            What goes in.
        weight : ndarray of float32, shape (out, in, k, k)
            As PyTorch has it; (out, 1, k, k) is one filter for each channel.
        bias : ndarray of float32, shape (out,)
            Added to each channel.
        stride, dilation : int
            Steps of the filter, and within it.
        relu : {"", "relu", "relu6"}
            What is cut off of the result.
        """
        schema = self._schema
        one_each = weight.shape[1] == 1
        options = schema.DepthwiseConv2DOptionsT() if one_each else schema.Conv2DOptionsT()
        if one_each:
            options.depthMultiplier = 1
        options.strideW = options.strideH = stride
        options.dilationWFactor = options.dilationHFactor = dilation
        options.padding = schema.Padding.SAME
        if relu:
            options.fusedActivationFunction = getattr(schema.ActivationFunctionType, relu.upper())
        if self._upside_down:
            weight = weight[:, :, ::-1, ::-1]
        stored = weight.transpose((1, 2, 3, 0) if one_each else (0, 2, 3, 1))
        kinds = schema.BuiltinOperator
        kind = kinds.DEPTHWISE_CONV_2D if one_each else kinds.CONV_2D
        range_ = self._next_range()
        if range_ is None:
            constants = [self._graph.constant(stored), self._graph.constant(bias)]
            inputs = [self._as_floats(values), *constants]
        else:
            inputs = [values, *self._whole_weights(values, stored, bias, 3 if one_each else 0)]
        return self._add(kind, inputs, len(weight), options, range_)

    def sum(self, one: int, other: int) -> int:
        """Two of the same shape added up."""
        range_ = self._next_range()
        inputs = [one, other] if range_ else [self._as_floats(one), self._as_floats(other)]
        kind, options = self._schema.BuiltinOperator.ADD, self._schema.AddOptionsT()
        return self._add(kind, inputs, self._channels(one), options, range_)

    def square(self, values: int) -> int:
        """Each number times itself."""
        kind = self._schema.BuiltinOperator.SQUARE
        return self._add(kind, [self._as_floats(values)], self._channels(values))

    def sigmoid(self, values: int) -> int:
        """Each number as a likelihood."""
        kind = self._schema.BuiltinOperator.LOGISTIC
        return self._add(kind, [self._as_floats(values)], self._channels(values))

    def mean(self, values: int) -> int:
        """Of every channel."""
        options = self._schema.ReducerOptionsT()
        options.keepDims = True
        inputs = [self._as_floats(values), self._graph.constant(_FIELD)]
        kind = self._schema.BuiltinOperator.MEAN
        return self._add(kind, inputs, self._channels(values), options)

    def finished(self, *outputs: int) -> bytes:
        """The network as a file."""
        self._graph.tree.subgraphs[0].outputs = np.array(outputs, np.int32)
        return self._graph.packed()

    def _channels(self, values: int) -> int:
        return int(self._graph.tensors[values].shape[3])

    def _add(
        self,
        kind: int,
        inputs: list[int],
        n_channels: int,
        options: Any = None,
        range_: tuple[float, float] | None = None,
    ) -> int:
        """A new operator; with a range it gives whole numbers."""
        if range_ is None:
            output = self._graph.tensor([1, 1, 1, n_channels])
        else:
            low, high = min(range_[0], 0.0), max(range_[1], 0.0)  # 0 is what lies outside
            scale = (high - low) / (_HIGHEST - _LOWEST)
            output = self._whole(n_channels, scale, round(_LOWEST - low / scale))
        self._n_added += 1
        self._graph.steps.append(self._graph.step(kind, inputs, output, options))
        return output

    def _next_range(self) -> tuple[float, float] | None:
        if self._ranges is None or self._n_added >= len(self._ranges):
            return None
        low, high = self._ranges[self._n_added].tolist()
        return low, high

    def _whole(self, n_channels: int, scale: float, zero: int) -> int:
        tensor = self._graph.tensor([1, 1, 1, n_channels], self._schema.TensorType.INT8)
        self._graph.code_levels(tensor, [scale], [zero])
        return tensor

    def _whole_weights(
        self, values: int, weight: NDArray[np.float32], bias: NDArray[np.float32], axis: int
    ) -> list[int]:
        """Weights and bias of a convolution; the channels of its output lie along `axis`."""
        of_input = float(self._graph.tensors[values].quantization.scale[0])
        others = tuple(one for one in range(4) if one != axis)
        scales = np.abs(weight).max(axis=others).astype(np.float64) / _HIGHEST
        scales = np.maximum(scales, np.abs(bias) / (of_input * _MOST_BIAS))
        scales[scales == 0] = 1.0  # of a channel that is nothing at all
        along = scales.reshape([-1 if one == axis else 1 for one in range(4)])
        constants = [
            self._graph.constant(np.rint(weight / along).astype(np.int8)),
            self._graph.constant(np.rint(bias / (scales * of_input)).astype(np.int32)),
        ]
        self._graph.code_levels(constants[0], scales, axis=axis)
        self._graph.code_levels(constants[1], scales * of_input)
        return constants

    def _as_floats(self, values: int) -> int:
        if self._graph.tensors[values].type != self._schema.TensorType.INT8:
            return values
        if values not in self._floats:
            floats = self._graph.tensor(self._graph.tensors[values].shape)
            kind = self._schema.BuiltinOperator.DEQUANTIZE
            self._graph.steps.append(self._graph.step(kind, [values], floats))
            self._floats[values] = floats
        return self._floats[values]


def weights_in(path: Any) -> dict[str, NDArray[np.float32]]:
    """The arrays of an `.npz` file by name, as float32."""
    with np.load(path, allow_pickle=False) as arrays:
        return {name: arrays[name].astype(np.float32) for name in arrays.files}


def given(picture: NDArray[np.uint8], upside_down: bool, in_whole_numbers: bool) -> NDArray[Any]:
    """A picture (H, W, 3) as such a network takes it, (1, H, W, 3)."""
    import cv2

    shown = np.asarray(cv2.flip(picture, -1), np.uint8) if upside_down else picture
    return (shown ^ np.uint8(_BYTES_LESS)).view(np.int8)[None] if in_whole_numbers else shown[None]
