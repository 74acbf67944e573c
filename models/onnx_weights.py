"""Reads the convolutions of a network out of an ONNX file, in the order in which they run.

Only their weights are taken: `models` writes the network anew. The format is a message of Protocol
Buffers (https://protobuf.dev/programming-guides/encoding, https://onnx.ai/onnx/repo-docs/IR.html):
fields that are whole numbers, or bytes with their length before them.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import WeightsError

_GRAPH = 7  # of a model
_NODE, _TENSOR = 1, 5  # of a graph
_INPUT, _OUTPUT, _OPERATOR = 1, 2, 4  # of a node
_SIDE, _ELEMENT, _NAME, _BYTES = 1, 2, 8, 9  # of a tensor
_FLOAT = 1  # an element
_VARINT, _FIXED_64, _WITH_LENGTH, _FIXED_32 = 0, 1, 2, 5  # kinds of fields

Convolution = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True)
class _Node:
    operator: str
    inputs: list[str]
    outputs: list[str]


def convolutions_in(path: Path) -> list[Convolution]:
    """Weights as PyTorch has them and bias, zero where there is none, of every convolution.

    Raises
    ------
    WeightsError
        When the file is no such network.
    """
    try:
        return list(_convolutions(memoryview(path.read_bytes())))
    except (IndexError, KeyError, ValueError) as error:
        raise WeightsError(
            f"{path} is not an ONNX network that can be read here ({error})",
            "remove it, and it is fetched again",
        ) from error


def _convolutions(model: memoryview) -> Iterator[Convolution]:
    graph = _fields(_fields(model)[_GRAPH][0])
    nodes = [_node(one) for one in graph[_NODE]]
    arrays = dict(map(_array, graph[_TENSOR]))
    # Nodes that do nothing give a second name to what they are given.
    first_name: dict[str, str] = {}
    for node in nodes:
        node.inputs[:] = [first_name.get(name, name) for name in node.inputs]
        if node.operator == "Identity":
            first_name[node.outputs[0]] = node.inputs[0]
    # A bias is a sum behind its convolution.
    added = {
        name: arrays[other]
        for node in nodes
        if node.operator == "Add"
        for name, other in (node.inputs, node.inputs[::-1])
        if other in arrays
    }
    for node in nodes:
        if node.operator in ("Conv", "ConvTranspose"):
            weight = arrays[node.inputs[1]]
            n_out = weight.shape[1 if node.operator == "ConvTranspose" else 0]
            bias = added.get(node.outputs[0], np.zeros(n_out, np.float32)).ravel()
            if len(bias) != n_out:
                raise ValueError(f"{len(bias)} biases for {n_out} channels")
            yield weight, bias


def _node(content: memoryview) -> _Node:
    fields = _fields(content)
    inputs, outputs = (
        [bytes(name).decode() for name in fields[kind]] for kind in (_INPUT, _OUTPUT)
    )
    return _Node(bytes(fields[_OPERATOR][0]).decode(), inputs, outputs)


def _array(content: memoryview) -> tuple[str, NDArray[np.float32]]:
    fields = _fields(content)
    name = bytes(fields[_NAME][0]).decode()
    if fields[_ELEMENT] != [_FLOAT] or not fields[_BYTES]:
        return name, np.zeros(0, np.float32)  # shapes and such, which nobody asks for
    return name, np.frombuffer(fields[_BYTES][0], "<f4").reshape(fields[_SIDE])


def _fields(content: memoryview) -> dict[int, list[Any]]:
    """The fields of a message by number: whole numbers, or what they hold."""
    found: dict[int, list[Any]] = defaultdict(list)
    at = 0
    while at < len(content):
        key, at = _number(content, at)
        number, kind = key >> 3, key & 7
        if kind == _VARINT:
            value, at = _number(content, at)
            found[number].append(value)
            continue
        if kind == _WITH_LENGTH:
            n_bytes, at = _number(content, at)
        elif kind in (_FIXED_32, _FIXED_64):
            n_bytes = 4 if kind == _FIXED_32 else 8
        else:
            raise ValueError(f"no field is of kind {kind}")
        found[number].append(content[at : at + n_bytes])
        at += n_bytes
    if at > len(content):
        raise ValueError("it is cut off")
    return found


def _number(content: memoryview, at: int) -> tuple[int, int]:
    """A whole number of seven bits a byte, the low ones first, and where it ends."""
    value = shift = 0
    while True:
        byte = content[at]
        value |= (byte & 0x7F) << shift
        at, shift = at + 1, shift + 7
        if byte < 0x80:
            return value, at
