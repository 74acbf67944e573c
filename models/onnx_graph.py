"""Writes small networks as ONNX, so that ONNX Runtime runs them from plain arrays of weights.

Only what our own networks need of the format (https://onnx.ai/onnx/intro/concepts.html): a chain of
operators on float32, with names given by counting. It takes a millisecond at load, and saves a
dependency and a second copy of the weights.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

_IR_VERSION, _OPSET = 8, 13
FLOAT, _INT8, _INT64 = 1, 3, 7  # TensorProto.DataType
CENTRE = 128
"""What is taken from the pixels of the input."""

_ATTRIBUTE_INT, _ATTRIBUTE_INTS = 2, 7  # AttributeProto.AttributeType
INPUT, OUTPUT = "pictures", "found"


class Graph:
    """A network in the making; every method adds an operator and gives back its output's name.

    Its input is `INPUT`, int8 (N, 3, H, W): pictures less `CENTRE`. Its output is named by `finished`.
    """

    def __init__(self) -> None:
        self._nodes: list[bytes] = []
        self._weights: list[bytes | memoryview] = []  # megabytes: put together once, at the end
        self._n_weights = 0

    def add(self, operator: str, *inputs: str, **attributes: int | Sequence[int]) -> str:
        """Any ONNX operator with whole-number attributes."""
        output = f"{operator}_{len(self._nodes)}"
        self._append(operator, inputs, output, attributes)
        return output

    def padded(self, values: str, channels: int, below_and_right: int) -> str:
        """Pictures with so many channels, lines and columns of zeros behind their own."""
        pads = [0, 0, 0, 0, 0, channels, below_and_right, below_and_right]
        return self.add("Pad", values, self._constant(np.array(pads, "<i8"), _INT64))

    def array(self, values: NDArray[np.float32]) -> str:
        """A constant."""
        return self._constant(np.ascontiguousarray(values, "<f4"), FLOAT)

    def _constant(self, values: NDArray[Any], element: int) -> str:
        name = f"weight_{self._n_weights}"
        self._n_weights += 1
        fields = b"".join(_whole(1, side) for side in values.shape)
        fields += _whole(2, element) + _text(8, name) + _opening(9, values.nbytes)
        self._weights += [
            _opening(5, len(fields) + values.nbytes) + fields,
            values.data.cast("B"),
        ]
        return name

    def finished(self, values: str, n_axes: int) -> bytes:
        """The serialised model, whose one output has so many axes."""
        self._append("Identity", (values,), OUTPUT, {})
        graph = b"".join(_bytes(1, node) for node in self._nodes) + _text(2, "ava")
        graph += _bytes(11, _tensor(INPUT, _INT8, 4)) + _bytes(12, _tensor(OUTPUT, FLOAT, n_axes))
        n_bytes = len(graph) + sum(map(len, self._weights))
        head = _whole(1, _IR_VERSION) + _bytes(8, _whole(2, _OPSET)) + _opening(7, n_bytes)
        return b"".join([head, graph, *self._weights])

    def _append(
        self,
        operator: str,
        inputs: Sequence[str],
        output: str,
        attributes: dict[str, int | Sequence[int]],
    ) -> None:
        node = b"".join(_text(1, name) for name in inputs) + _text(2, output) + _text(4, operator)
        for name, value in attributes.items():
            if isinstance(value, int):
                given = _whole(3, value) + _whole(20, _ATTRIBUTE_INT)
            else:
                given = b"".join(_whole(8, one) for one in value) + _whole(20, _ATTRIBUTE_INTS)
            node += _bytes(5, _text(1, name) + given)
        self._nodes.append(node)


def session(model: bytes, n_threads: int) -> Any:
    """An `onnxruntime.InferenceSession` on the processor."""
    # On Linux, too, it has something to tell its makers, and keeps a thread for that.
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    import onnxruntime  # here: it takes a moment, which listing the scorers must not pay

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = n_threads
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _varint(value: int) -> bytes:
    value &= 2**64 - 1
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    return bytes([*out, value])


def _whole(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _opening(number: int, n_bytes: int) -> bytes:
    return _varint(number << 3 | 2) + _varint(n_bytes)


def _bytes(number: int, value: bytes) -> bytes:
    return _opening(number, len(value)) + value


def _text(number: int, value: str) -> bytes:
    return _bytes(number, value.encode())


def _tensor(name: str, element: int, n_axes: int) -> bytes:
    """A ValueInfoProto with axes of any length."""
    shape = b"".join(_bytes(1, _text(2, f"{name}_{axis}")) for axis in range(n_axes))
    return _text(1, name) + _bytes(2, _bytes(1, _whole(1, element) + _bytes(2, shape)))
