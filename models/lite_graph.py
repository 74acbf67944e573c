"""Opens networks stored for LiteRT, after what its interpreter cannot read was put in other words."""

from __future__ import annotations

from typing import Any

from models.native_log import hushed


def parsed(model: bytes) -> Any:
    """The stored graph as a tree of `ai_edge_litert.schema_py_generated` objects, to be changed."""
    from ai_edge_litert.schema_py_generated import ModelT

    return ModelT.InitFromPackedBuf(bytearray(model), 0)


def packed(tree: Any) -> bytes:
    """A changed tree as a file again."""
    from flatbuffers import Builder

    builder = Builder(1 << 20)
    builder.Finish(tree.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def interpreter(model: bytes, n_threads: int, sides: tuple[int, int]) -> Any:
    """An `ai_edge_litert.interpreter.Interpreter` for one picture of so many lines and columns."""
    from ai_edge_litert.interpreter import Interpreter

    with hushed():
        opened = Interpreter(model_content=model, num_threads=n_threads)
        opened.resize_tensor_input(opened.get_input_details()[0]["index"], [1, *sides, 3])
        opened.allocate_tensors()
    return opened
