"""Opens networks stored for LiteRT, after what it cannot read, or runs slowly, was put in other words."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from models.native_log import hushed

N_SHAPES = 4
"""Shapes of pictures that a network is kept open for: with bars and without, a film has a few, and
changes between them."""


_LAST_OLD_CODE = 127  # newer operators are known by their new code alone


class LiteGraph:
    """A network for LiteRT, to be changed.

    Parameters
    ----------
    tree : object
        All of it, a `ModelT` of `ai_edge_litert.schema_py_generated`.

    Attributes
    ----------
    tree : object
        The same.
    steps : list
        Its operators, in the order in which they run.
    tensors : list
        What they take and give.
    inputs : list of int
        Which of these come from outside.
    """

    def __init__(self, tree: Any) -> None:
        from ai_edge_litert import schema_py_generated as schema

        self._schema: Any = schema
        self.tree = tree
        graph = self.tree.subgraphs[0]
        self.steps: list[Any] = graph.operators
        self.tensors: list[Any] = graph.tensors
        self.inputs: list[int] = list(graph.inputs)

    @classmethod
    def stored(cls, model: bytes) -> LiteGraph:
        """What a `.tflite` file holds."""
        from ai_edge_litert.schema_py_generated import ModelT

        return cls(ModelT.InitFromPackedBuf(bytearray(model), 0))

    def code(self, step: Any) -> Any:
        """What kind of operator a step is."""
        return self.tree.operatorCodes[step.opcodeIndex]

    def of_kind(self, kind: int) -> list[Any]:
        """The steps of one kind, a `schema.BuiltinOperator`."""
        return [step for step in self.steps if self.code(step).builtinCode == kind]

    def step(self, kind: int, inputs: Sequence[int], output: int, options: Any = None) -> Any:
        """A new step, which still has to be put among the others."""
        code, step = self._schema.OperatorCodeT(), self._schema.OperatorT()
        code.builtinCode, code.deprecatedBuiltinCode = kind, min(kind, _LAST_OLD_CODE)
        code.version = 1
        step.opcodeIndex = len(self.tree.operatorCodes)
        self.tree.operatorCodes.append(code)
        step.inputs, step.outputs = np.array(inputs, np.int32), np.array([output], np.int32)
        if options is not None:
            step.builtinOptions = options
            kind_of_options = type(options).__name__.removesuffix("T")
            step.builtinOptionsType = getattr(self._schema.BuiltinOptions, kind_of_options)
        return step

    def tensor(self, shape: Sequence[int], element: int = 0, buffer: int = 0) -> int:
        """A new tensor, of floats where nothing is said; its number."""
        tensor = self._schema.TensorT()
        tensor.name, tensor.type = f"new_{len(self.tensors)}".encode(), element
        tensor.shape, tensor.buffer = np.array(shape, np.int32), buffer
        self.tensors.append(tensor)
        return len(self.tensors) - 1

    def constant(self, values: NDArray[Any]) -> int:
        """A new tensor of weights (float32) or whole numbers (int8, int32); its number."""
        kinds = self._schema.TensorType
        element = {"f": kinds.FLOAT32, "b": kinds.INT8, "i": kinds.INT32}[values.dtype.char]
        stored = self._schema.BufferT()
        stored.data = np.frombuffer(
            values.astype(values.dtype.newbyteorder("<")).tobytes(), np.uint8
        )
        self.tree.buffers.append(stored)
        return self.tensor(values.shape, element, len(self.tree.buffers) - 1)

    def code_levels(self, tensor: int, scales: Any, zeros: Any = (0,), axis: int = 0) -> None:
        """Say what the whole numbers of a tensor stand for: these less `zeros`, times `scales`.

        Along `axis` there is one of each, or one of both for all.
        """
        coded = self._schema.QuantizationParametersT()
        coded.scale = np.asarray(scales, np.float32)
        coded.zeroPoint = np.broadcast_to(np.asarray(zeros, np.int64), coded.scale.shape)
        coded.quantizedDimension = axis
        self.tensors[tensor].quantization = coded

    def weights(self, tensor: int) -> NDArray[np.float32]:
        """The weights that are stored at half precision and that a step makes whole."""
        (made_whole,) = (step for step in self.steps if tensor in step.outputs)
        half = self.tensors[made_whole.inputs[0]]
        stored = np.frombuffer(bytes(self.tree.buffers[half.buffer].data), "<f2")
        return stored.astype(np.float32).reshape(half.shape)

    def take_bytes(self, seen: int, scale: float, zero: int = 0) -> None:
        """From outside come bytes; what the network sees is these less `zero`, times `scale`."""
        given = self.tensor(self.tensors[seen].shape, self._schema.TensorType.UINT8)
        self.code_levels(given, [scale], [zero])
        kind = self._schema.BuiltinOperator.DEQUANTIZE
        self.steps.insert(0, self.step(kind, [given], seen))
        self.inputs = [given]

    def convolve_before_enlarging(self) -> None:
        """Lets every 1 × 1 convolution behind an enlargement come before it.

        What is enlarged is a mean of its neighbors, and so is what a convolution of single pixels
        makes of it: the numbers are the same but for rounding, and it has a quarter of the work.
        """
        kinds = self._schema.BuiltinOperator
        functions = self._schema.ActivationFunctionType
        for enlarging in self.of_kind(kinds.RESIZE_BILINEAR):
            (convolution,) = (one for one in self.steps if enlarging.outputs[0] in one.inputs)
            (given,) = convolution.outputs
            n_channels = self.tensors[given].shape[3]
            small = self.tensor([*self.tensors[enlarging.inputs[0]].shape[:3], n_channels])
            behind = [enlarging]
            convolution.inputs[0], enlarging.inputs[0] = enlarging.inputs[0], small
            convolution.outputs[0] = small
            if convolution.builtinOptions.fusedActivationFunction == functions.RELU6:
                convolution.builtinOptions.fusedActivationFunction = functions.NONE
                enlarging.outputs[0] = self.tensor(self.tensors[given].shape)
                behind.append(self.step(kinds.RELU6, [enlarging.outputs[0]], given))
            else:
                enlarging.outputs[0] = given
            self.steps.remove(enlarging)
            at = self.steps.index(convolution) + 1
            self.steps[at:at] = behind

    def packed(self) -> bytes:
        """The changed network as a file again."""
        from flatbuffers import Builder

        self.tree.subgraphs[0].inputs = np.array(self.inputs, np.int32)
        builder = Builder(1 << 20)
        builder.Finish(self.tree.Pack(builder), b"TFL3")
        return bytes(builder.Output())


def interpreter(model: bytes, n_threads: int, sides: tuple[int, int]) -> Any:
    """An `ai_edge_litert.interpreter.Interpreter` for one picture of so many lines and columns."""
    from ai_edge_litert.interpreter import Interpreter

    with hushed():
        opened = Interpreter(model_content=model, num_threads=n_threads)
        opened.resize_tensor_input(opened.get_input_details()[0]["index"], [1, *sides, 3])
        opened.allocate_tensors()
    return opened


class LiteNet:
    """A network of LiteRT with one input, ready to be asked.

    Parameters
    ----------
    model : bytes
        The network as a file.
    n_threads : int
        What it may use.
    sides : tuple of int
        Lines and columns of its first picture.
    """

    def __init__(self, model: bytes, n_threads: int, sides: tuple[int, int]) -> None:
        self._net = interpreter(model, n_threads, sides)
        self._input = self._net.get_input_details()[0]["index"]
        self._outputs = [one["index"] for one in self._net.get_output_details()]
        self._shape: tuple[int, ...] = (1, *sides, 3)

    def of(self, shown: NDArray[Any]) -> list[NDArray[np.float32]]:
        """All that it gives of a picture, (1, H, W, 3); of another size than before, it takes longer."""
        if shown.shape != self._shape:
            self._shape = shown.shape
            self._net.resize_tensor_input(self._input, self._shape)
            self._net.allocate_tensors()
        self._net.set_tensor(self._input, shown)
        self._net.invoke()
        return [self._net.get_tensor(one) for one in self._outputs]
