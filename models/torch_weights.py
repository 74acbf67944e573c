"""Reads the arrays of a network out of a file that PyTorch has written, without PyTorch.

Loading PyTorch takes seconds and hundreds of megabytes, which a network that runs in ONNX Runtime
need not cost. The format is that of before PyTorch 1.6 (``torch/serialization.py``,
``_legacy_load``): pickles of a magic number, a version and the machine's habits, then one of the
arrays by name, each with the storage that it lies in, then one of the storages' order, and each
storage with its length before it. The pickles can call nothing: only the few names that such a file
needs are known here.
"""

from __future__ import annotations

import pickle
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import WeightsError

_MAGIC = 0x1950A86A20F9469CFC6C
_N_HEADERS = 3
_STORAGES = {"FloatStorage": "<f4", "LongStorage": "<i8"}


@dataclass(frozen=True)
class _Array:
    """Where an array lies."""

    storage: str
    dtype: str
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Reader(pickle.Unpickler):
    """Unpickles names and places, and refuses anything else."""

    def find_class(self, module: str, name: str) -> Any:
        known: dict[tuple[str, str], Any] = {
            ("collections", "OrderedDict"): OrderedDict,
            ("torch._utils", "_rebuild_tensor_v2"): _placed,
            **{("torch", storage): dtype for storage, dtype in _STORAGES.items()},
        }
        if (module, name) not in known:
            raise pickle.UnpicklingError(f"{module}.{name} has no place among weights")
        return known[module, name]

    def persistent_load(self, place: Any) -> Any:
        _, dtype, key, *_ = place
        return key, dtype


def _placed(
    storage: tuple[str, str], offset: int, shape: tuple[int, ...], strides: tuple[int, ...], *_: Any
) -> _Array:
    key, dtype = storage
    return _Array(key, dtype, offset, shape, strides)


def arrays_in(path: Path) -> dict[str, NDArray[Any]]:
    """The arrays of a file by name.

    Parameters
    ----------
    path : pathlib.Path
        A state dictionary, as ``torch.save`` wrote it before its version 1.6.

    Raises
    ------
    WeightsError
        When it is none, or damaged.
    """
    try:
        with path.open("rb") as file:
            return _read(file)
    except (OSError, EOFError, ValueError, KeyError, TypeError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path} holds no weights that can be read: {error}", "delete it: it is fetched again"
        ) from error


def _read(file: IO[bytes]) -> dict[str, NDArray[Any]]:
    headers = [_Reader(file).load() for _ in range(_N_HEADERS)]
    if headers[0] != _MAGIC or not headers[2]["little_endian"]:
        raise ValueError("it is not of this kind")
    placed: dict[str, _Array] = _Reader(file).load()
    dtypes = {one.storage: one.dtype for one in placed.values()}
    storages = {}
    for key in _Reader(file).load():
        count = int(np.frombuffer(file.read(8), "<i8")[0])
        dtype = np.dtype(dtypes[key])
        storages[key] = np.frombuffer(file.read(count * dtype.itemsize), dtype)
        if len(storages[key]) != count:
            raise EOFError("it is cut off")
    return {name: _array(storages[one.storage], one) for name, one in placed.items()}


def _array(storage: NDArray[Any], place: _Array) -> NDArray[Any]:
    strides = [step * storage.itemsize for step in place.strides]
    whole = storage[place.offset :]
    n_needed = 1 + sum(
        (side - 1) * step for side, step in zip(place.shape, place.strides, strict=True)
    )
    if 0 not in place.shape and n_needed > len(whole):
        raise ValueError("an array reaches beyond its storage")
    return np.lib.stride_tricks.as_strided(whole, place.shape, strides).copy()
