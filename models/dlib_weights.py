"""Reads the parameters of a residual network out of dlib's own serialized file.

The format (dlib's ``serialize.h`` and ``dnn/core.h``): an integer is one byte that tells sign and
length, then its bytes, lowest first; a text is its length and its bytes; a floating-point number is
an integer mantissa and a power of two; a tensor is a version, four sizes, then float32 values. A
network is a nest of layers: the outermost comes first, and each holds the one below it before its
own parameters, so the version numbers of all layers come first and the parameters follow from the
input upwards.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import WeightsError

_FLAGS_BYTES = 3  # "is set up", "gradient is stale", "getters are off", each an ASCII 0 or 1


@dataclass(frozen=True)
class Convolution:
    """A convolution with the affine layer above it folded in.

    Attributes
    ----------
    weights : ndarray of float32, shape (N_OUT, N_IN, ROWS, COLUMNS)
        The filters.
    bias : ndarray of float32, shape (N_OUT,)
        What is added to the output of each filter.
    stride, padding : int
        In pixels of the input, the same both ways.
    """

    weights: NDArray[np.float32]
    bias: NDArray[np.float32]
    stride: int
    padding: int

    def __post_init__(self) -> None:
        if self.weights.ndim != 4 or self.bias.shape != self.weights.shape[:1]:
            raise ValueError(f"filters {self.weights.shape} and biases {self.bias.shape} disagree")

    def then_affine(self, gain: NDArray[np.float32], shift: NDArray[np.float32]) -> Convolution:
        """The one convolution that does what this one and ``gain * x + shift`` after it do."""
        weights = self.weights * gain[:, None, None, None]
        return Convolution(weights, self.bias * gain + shift, self.stride, self.padding)


@dataclass(frozen=True)
class DlibNetwork:
    """What a file holds.

    Attributes
    ----------
    mean_rgb : ndarray of float32, shape (3,)
        Subtracted from the picture, 0..255.
    convolutions : tuple of Convolution
        From the input upwards.
    projection : ndarray of float32, shape (N_IN, N_OUT)
        The fully connected layer at the top, which has no bias.
    """

    mean_rgb: NDArray[np.float32]
    convolutions: tuple[Convolution, ...]
    projection: NDArray[np.float32]


def read_network(path: Path) -> DlibNetwork:
    """Read a metric-learning network that ends in one fully connected layer.

    Raises
    ------
    WeightsError
        When the file is not such a network.
    """
    reader = _Reader(path.read_bytes())
    try:
        return reader.network()
    except (IndexError, ValueError) as error:
        raise WeightsError(
            f"{path} is not a dlib network that can be read here ({error})",
            "remove it, and it is fetched again",
        ) from error


class _Reader:
    def __init__(self, content: bytes) -> None:
        self._content, self._at = content, 0

    def network(self) -> DlibNetwork:
        self._expect(1, self._integer())
        self._expect("loss_metric_2", self._text())
        self._numbers(2)
        while self._integer() != len("input_rgb_image_sized"):
            pass  # versions of the nested layers
        self._expect("input_rgb_image_sized", self._take(21).decode("ascii"))
        mean = np.array(self._numbers(3), np.float32)
        self._integers(2)  # height and width
        convolutions: list[Convolution] = []
        projection = None
        first = True
        while self._at < len(self._content):
            kind = self._text()
            if kind == "con_4":
                convolutions.append(self._convolution())
            elif kind == "affine_":
                convolutions[-1] = convolutions[-1].then_affine(*self._affine())
            elif kind == "fc_2":
                projection = self._projection()
            elif kind in ("max_pool_2", "avg_pool_2"):
                self._integers(6)
            elif kind not in ("relu_", "add_prev_"):
                raise ValueError(f"unknown layer {kind!r}")
            self._take(_FLAGS_BYTES)
            for _ in range(3):
                self._tensor()  # what training left behind; empty in a published file
            if first:
                self._integer()  # the layer on the input tells how many tensors a sample makes
            first = False
        if projection is None:
            raise ValueError("no fully connected layer")
        return DlibNetwork(mean, tuple(convolutions), projection)

    def _convolution(self) -> Convolution:
        values = self._tensor()
        _, _, _, stride, stride_across, padding, padding_across = self._integers(7)
        self._expect((stride, padding), (stride_across, padding_across))
        shape = self._shape_inside()
        self._shape_inside()
        self._numbers(4)  # multipliers of the learning rate and the weight decay
        n_filters = shape[0]
        return Convolution(values[:-n_filters].reshape(shape), values[-n_filters:], stride, padding)

    def _affine(self) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        values = self._tensor()
        self._shape_inside()
        self._shape_inside()
        self._expect(0, self._integer())  # mode: one gain for each channel
        gain, shift = np.split(values, 2)
        return gain, shift

    def _projection(self) -> NDArray[np.float32]:
        n_out, n_in = self._integers(2)
        values = self._tensor()
        self._shape_inside()
        self._shape_inside()
        self._expect(1, self._integer())  # mode: no bias
        self._numbers(4)
        return values.reshape(n_in, n_out)

    def _tensor(self) -> NDArray[np.float32]:
        self._expect(2, self._integer())
        n_values = int(np.prod(self._integers(4)))
        return np.frombuffer(self._take(4 * n_values), "<f4").astype(np.float32)

    def _shape_inside(self) -> tuple[int, ...]:
        """Sizes of a part of the layer's one tensor of parameters."""
        self._expect(1, self._integer())
        return self._integers(4)

    def _integers(self, count: int) -> tuple[int, ...]:
        return tuple(self._integer() for _ in range(count))

    def _integer(self) -> int:
        control = self._take(1)[0]
        size = int.from_bytes(self._take(control & 0x0F), "little")
        return -size if control & 0x80 else size

    def _numbers(self, count: int) -> tuple[float, ...]:
        return tuple(self._integer() * 2.0 ** self._integer() for _ in range(count))

    def _text(self) -> str:
        return self._take(self._integer()).decode("ascii")

    def _take(self, n_bytes: int) -> bytes:
        taken = self._content[self._at : self._at + n_bytes]
        if n_bytes < 0 or len(taken) != n_bytes:
            raise ValueError(f"it ends early, at byte {self._at}")
        self._at += n_bytes
        return taken

    def _expect(self, wanted: object, found: object) -> None:
        if found != wanted:
            raise ValueError(f"{found!r} in place of {wanted!r} before byte {self._at}")
