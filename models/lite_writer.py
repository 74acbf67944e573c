"""Writes small networks for LiteRT, which runs them from plain arrays of weights.

It is quicker than ONNX Runtime with few channels and many pixels. Only what the networks of this house
need is here. Sizes are left open; `models.lite_graph.interpreter` sets them.

A network may compute in whole numbers of eight bits, which takes half the time (Jacob et al.,
"Quantization and training of neural networks for efficient integer-arithmetic-only inference", CVPR
2018): weights by the largest of each output channel, what lies between layers by the range that
`training.activation_ranges` has seen there.
"""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from models.lite_graph import LiteGraph
from models.lite_levels import BYTES_LESS, HIGHEST, Range, Ranges, levels

Relu = Literal["", "relu", "relu6"]
Pads = Literal["same", "around", "nowhere"]

_SCHEMA = 3  # of the format
_FIELD = np.array([1, 2], np.int32)  # axes: lines and columns
_MOST_BIAS = 2.0**30  # sums are whole numbers of 32 bits
_MOST_TAPS = 25  # of a filter for a single channel; LiteRT is ten times slower with more
_PAIR = 2  # a field of 2 × 2


class LiteWriter:
    """A network in the making; every method adds an operator and gives back its output's number.

    Its input is `pictures`, (1, H, W, 3), as `models.lite_levels.given` makes them.

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
        which they are added: those of them compute in whole numbers that can, and that are given
        some. Without it all compute in floats.

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
        self._other: dict[int, int] = {}  # what whole numbers are in floats, and the other way
        self._range_of: dict[int, Range] = {}
        self._n_added = 0
        if ranges is None:
            self.pictures = self._graph.tensor([1, 1, 1, 3])
            self._graph.take_bytes(self.pictures, scale, centre)
        else:
            self.pictures = self._whole(3, scale, centre - BYTES_LESS)
            self._graph.inputs = [self.pictures]

    def convolution(
        self,
        values: int,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
        stride: int = 1,
        dilation: int | tuple[int, int] = 1,
        relu: Relu = "",
        pads: Pads = "same",
    ) -> int:
        """Square filters, or such with gaps.

        Parameters
        ----------
        values : int
            What goes in.
        weight : ndarray of float32, shape (out, in, k, k)
            As PyTorch has it; (out, 1, k, k) is one filter for each channel.
        bias : ndarray of float32, shape (out,)
            Added to each channel.
        stride, dilation : int
            Steps of the filter, and within it (down and across, where they differ).
        relu : {"", "relu", "relu6"}
            What is cut off of the result.
        pads : {"same", "around", "nowhere"}
            Where zeros are put around: so that stride 1 keeps the size, as TensorFlow does; half the
            filter on every side, as PyTorch does; or not at all.
        """
        schema = self._schema
        one_each = weight.shape[1] == 1
        if one_each and weight[0].size > _MOST_TAPS:
            return self._in_parts(values, weight, bias)
        options = schema.DepthwiseConv2DOptionsT() if one_each else schema.Conv2DOptionsT()
        if one_each:
            options.depthMultiplier = 1
        options.strideW = options.strideH = stride
        down, across = (dilation, dilation) if isinstance(dilation, int) else dilation
        options.dilationHFactor, options.dilationWFactor = down, across
        if pads == "around" and stride > 1:  # with stride 1 it is the same
            values, pads = self._padded(values, weight.shape[2] // 2), "nowhere"
        options.padding = schema.Padding.VALID if pads == "nowhere" else schema.Padding.SAME
        if relu:
            options.fusedActivationFunction = getattr(schema.ActivationFunctionType, relu.upper())
        if self._upside_down:
            weight = weight[:, :, ::-1, ::-1]
        stored = weight.transpose((1, 2, 3, 0) if one_each else (0, 2, 3, 1))
        kinds = schema.BuiltinOperator
        kind = kinds.DEPTHWISE_CONV_2D if one_each else kinds.CONV_2D
        if self._next_range() is None or not self._is_whole(values):
            constants = [self._graph.constant(stored), self._graph.constant(bias)]
            return self._add(kind, [self._as_floats(values), *constants], len(weight), options)
        constants = self._whole_weights(values, stored, bias, 3 if one_each else 0)
        return self._add_whole(kind, [values, *constants], len(weight), options)

    def _in_parts(self, values: int, weight: NDArray[Any], bias: NDArray[Any]) -> int:
        """A large filter as the sum of three with gaps: every other line, every other column."""
        none = np.zeros_like(bias)
        found = self.convolution(values, weight[..., 1::2], bias, dilation=(1, 2))
        for first in range(2):
            part = weight[:, :, first::2, ::2]
            found = self.sum(found, self.convolution(values, part, none, dilation=2))
        return found

    def _padded(self, values: int, n_px: int) -> int:
        sides = np.array([[0, 0], [n_px, n_px], [n_px, n_px], [0, 0]], np.int32)
        kind, options = self._schema.BuiltinOperator.PAD, self._schema.PadOptionsT()
        constant = self._graph.constant(sides)
        return self._add_alike(kind, [values, constant], self._channels(values), options)

    def sum(self, one: int, other: int) -> int:
        """Two of the same shape added up."""
        return self._combined("ADD", self._schema.AddOptionsT(), one, other)

    def product(self, one: int, other: int) -> int:
        """Two multiplied; the other may be one number for each channel."""
        return self._combined("MUL", self._schema.MulOptionsT(), one, other)

    def _combined(self, name: str, options: Any, one: int, other: int) -> int:
        kind, n_channels = getattr(self._schema.BuiltinOperator, name), self._channels(one)
        if self._next_range() is None or not (self._is_whole(one) or self._is_whole(other)):
            return self._add(kind, [*map(self._as_floats, (one, other))], n_channels, options)
        return self._add_whole(kind, [*map(self._as_whole, (one, other))], n_channels, options)

    def gelu(self, values: int) -> int:
        """Gaussian error linear units (Hendrycks & Gimpel, 2016)."""
        kind, options = self._schema.BuiltinOperator.GELU, self._schema.GeluOptionsT()
        is_whole = self._next_range() is not None and self._is_whole(values)
        add = self._add_whole if is_whole else self._add
        return add(kind, [values], self._channels(values), options)

    def at_most_one(self, values: int) -> int:
        """What is above one is one."""
        one = self._graph.constant(np.ones(1, np.float32))
        inputs, kind = [self._as_floats(values), one], self._schema.BuiltinOperator.MINIMUM
        return self._add(
            kind, inputs, self._channels(values), self._schema.MaximumMinimumOptionsT()
        )

    def largest(self, values: int) -> int:
        """The largest of every field of 2 × 2, which overlap."""
        options = self._schema.Pool2DOptionsT()
        options.padding, options.strideW, options.strideH = self._schema.Padding.SAME, 1, 1
        options.filterWidth = options.filterHeight = _PAIR
        kind = self._schema.BuiltinOperator.MAX_POOL_2D
        return self._add_alike(kind, [values], self._channels(values), options)

    def joined(self, *parts: int) -> int:
        """The channels of all, one after the other."""
        if all(map(self._is_whole, parts)):
            ranges = [self._range_of[part] for part in parts]
            range_ = min(low for low, _ in ranges), max(high for _, high in ranges)
            parts = tuple(self._coded_for(part, range_) for part in parts)
        else:
            parts = tuple(map(self._as_floats, parts))
        options = self._schema.ConcatenationOptionsT()
        options.axis = 3
        kind = self._schema.BuiltinOperator.CONCATENATION
        return self._add_alike(kind, [*parts], sum(map(self._channels, parts)), options)

    def laid_out(self, values: int) -> int:
        """Every four channels as a square of 2 × 2 pixels."""
        options = self._schema.DepthToSpaceOptionsT()
        options.blockSize = _PAIR
        kind, n_channels = self._schema.BuiltinOperator.DEPTH_TO_SPACE, self._channels(values)
        return self._add_alike(kind, [values], n_channels // _PAIR**2, options)

    def enlarged(self, values: int) -> int:
        """Every pixel as a square of 2 × 2; LiteRT's own operator must be told the size."""
        return self.laid_out(self.joined(*[values] * _PAIR**2))

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

    def _is_whole(self, values: int) -> bool:
        return bool(self._graph.tensors[values].type == self._schema.TensorType.INT8)

    def _add(self, kind: int, inputs: list[int], n_channels: int, options: Any = None) -> int:
        """A new operator that gives floats."""
        return self._added(kind, inputs, self._graph.tensor([1, 1, 1, n_channels]), options)

    def _add_whole(self, kind: int, inputs: list[int], n_channels: int, options: Any) -> int:
        """A new operator that gives whole numbers, in its range."""
        range_ = self._next_range()
        assert range_ is not None
        return self._added(kind, inputs, self._whole(n_channels, *levels(range_)), options)

    def _add_alike(self, kind: int, inputs: list[int], n_channels: int, options: Any) -> int:
        """A new operator that moves numbers, and leaves them as they are."""
        first = self._graph.tensors[inputs[0]]
        output = self._graph.tensor([1, 1, 1, n_channels], first.type)
        self._graph.tensors[output].quantization = first.quantization
        given = self._added(kind, inputs, output, options)
        if inputs[0] in self._range_of:
            self._range_of[given] = self._range_of[inputs[0]]
        return given

    def _added(self, kind: int, inputs: list[int], output: int, options: Any) -> int:
        range_ = self._next_range()
        if range_ is not None:
            self._range_of[output] = range_
        self._n_added += 1
        self._graph.steps.append(self._graph.step(kind, inputs, output, options))
        return output

    def _next_range(self) -> Range | None:
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
        scales = np.abs(weight).max(axis=others).astype(np.float64) / HIGHEST
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
        if not self._is_whole(values):
            return values
        if values not in self._other:
            floats = self._graph.tensor(self._graph.tensors[values].shape)
            self._other[values] = self._recoded("DEQUANTIZE", values, floats)
        return self._other[values]

    def _as_whole(self, values: int) -> int:
        if self._is_whole(values):
            return values
        if values not in self._other:
            self._other[values] = self._coded_for(values, self._range_of[values])
        return self._other[values]

    def _coded_for(self, values: int, range_: Range) -> int:
        """The same in whole numbers that reach over a range."""
        if self._is_whole(values) and self._range_of[values] == range_:
            return values
        whole = self._whole(self._channels(values), *levels(range_))
        self._range_of[whole] = range_
        return self._recoded("QUANTIZE", values, whole)

    def _recoded(self, name: str, values: int, output: int) -> int:
        kind = getattr(self._schema.BuiltinOperator, name)
        self._graph.steps.append(self._graph.step(kind, [values], output))
        return output
