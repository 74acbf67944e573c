"""Writes small networks for LiteRT, which runs them from plain arrays of weights.

It is quicker than ONNX Runtime with few channels and many pixels. Only what our own networks need is
here: a chain of operators on floats. Sizes are left open; `models.lite_graph.interpreter` sets them.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.lite_graph import LiteGraph

_CENTRE = 128
_SCHEMA = 3  # of the format
_FIELD = np.array([1, 2], np.int32)  # axes: lines and columns


class LiteWriter:
    """A network in the making; every method adds an operator and gives back its output's number.

    Its input is `pictures`, uint8 (1, H, W, 3).

    Parameters
    ----------
    scale : float
        The network sees pixels less 128, times this.

    Attributes
    ----------
    pictures : int
        What it sees.
    """

    def __init__(self, scale: float) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        tree = schema.ModelT()
        tree.version, tree.operatorCodes, tree.buffers = _SCHEMA, [], [schema.BufferT()]
        graph = schema.SubGraphT()
        graph.tensors, graph.operators, graph.inputs = [], [], []
        tree.subgraphs = [graph]
        self._graph = LiteGraph(tree)
        self.pictures = self._graph.tensor([1, 1, 1, 3])
        self._graph.take_bytes(self.pictures, scale, _CENTRE)

    def convolution(
        self,
        values: int,
        weight: NDArray[np.float32],
        bias: NDArray[np.float32],
        stride: int = 1,
        dilation: int = 1,
        relu: bool = False,
    ) -> int:
        """Square, padded so that stride 1 keeps the size.

        `weight` is (out, in, k, k) as PyTorch has it; (out, 1, k, k) is one filter for each channel.
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
            options.fusedActivationFunction = schema.ActivationFunctionType.RELU
        if stride > 1:  # by itself it would put all of the padding behind
            pad = weight.shape[2] // 2
            pads = np.array([[0, 0], [pad, pad], [pad, pad], [0, 0]], np.int32)
            inputs = [values, self._graph.constant(pads)]
            kind = schema.BuiltinOperator.PAD
            values = self._add(kind, inputs, weight.shape[1], schema.PadOptionsT())
            options.padding = schema.Padding.VALID
        kinds = schema.BuiltinOperator
        stored = weight.transpose((1, 2, 3, 0) if one_each else (0, 2, 3, 1))
        inputs = [values, self._graph.constant(stored), self._graph.constant(bias)]
        kind = kinds.DEPTHWISE_CONV_2D if one_each else kinds.CONV_2D
        return self._add(kind, inputs, len(weight), options)

    def sum(self, one: int, other: int) -> int:
        """Two of the same shape added up."""
        kind = self._schema.BuiltinOperator.ADD
        return self._add(kind, [one, other], self._channels(one), self._schema.AddOptionsT())

    def square(self, values: int) -> int:
        """Each number times itself."""
        kind = self._schema.BuiltinOperator.SQUARE
        return self._add(kind, [values], self._channels(values))

    def sigmoid(self, values: int) -> int:
        """Each number as a likelihood."""
        kind = self._schema.BuiltinOperator.LOGISTIC
        return self._add(kind, [values], self._channels(values))

    def mean(self, values: int) -> int:
        """Of every channel."""
        options = self._schema.ReducerOptionsT()
        options.keepDims = True
        inputs = [values, self._graph.constant(_FIELD)]
        kind = self._schema.BuiltinOperator.MEAN
        return self._add(kind, inputs, self._channels(values), options)

    def finished(self, *outputs: int) -> bytes:
        """The network as a file."""
        self._graph.tree.subgraphs[0].outputs = np.array(outputs, np.int32)
        return self._graph.packed()

    def _channels(self, values: int) -> int:
        return int(self._graph.tensors[values].shape[3])

    def _add(self, kind: int, inputs: list[int], n_channels: int, options: Any = None) -> int:
        output = self._graph.tensor([1, 1, 1, n_channels])
        self._graph.steps.append(self._graph.step(kind, inputs, output, options))
        return output
