"""Tables as Parquet. The only owner of pyarrow."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from ava.core.errors import StoreError
from ava.core.geometry import Box
from ava.ranking.results import Ranking
from ava.store.atomic import store_errors

Columns = Mapping[str, Any]
Row = TypeVar("Row")


def write_table(path: Path, columns: Columns) -> None:
    """Write columns of equal length; a 2-D array becomes a list of fixed size per row."""
    arrays = {name: _as_arrow(value) for name, value in columns.items()}
    with store_errors(path):
        pq.write_table(pa.table(arrays), path, compression="zstd")


def _as_arrow(value: Any) -> Any:
    """A column by what it is in memory: pyarrow's own way brings pandas in, half a second."""
    if isinstance(value, np.ndarray) and value.ndim == 2:
        return pa.FixedSizeListArray.from_arrays(_as_arrow(value.ravel()), value.shape[1])
    if value is not None and len(value) and all(isinstance(one, str) for one in value):
        texts = [one.encode("utf-8") for one in value]
        ends = np.cumsum([0, *map(len, texts)], dtype=np.int32)
        parts = [None, pa.py_buffer(ends.tobytes()), pa.py_buffer(b"".join(texts))]
        return pa.Array.from_buffers(pa.string(), len(texts), parts)
    array = np.asarray(value)
    if not len(array) and not isinstance(value, np.ndarray):
        return pa.nulls(0)
    if array.ndim != 1 or array.dtype.kind not in "biuf":
        return pa.array(value)
    held = np.packbits(array, bitorder="little") if array.dtype.kind == "b" else array
    kind = pa.from_numpy_dtype(array.dtype)
    data = pa.py_buffer(held.tobytes())
    return pa.Array.from_buffers(kind, len(array), [None, data])


def read_table(path: Path) -> dict[str, Any]:
    """Columns by name: NumPy arrays (2-D for lists of fixed size), lists for text.

    Raises
    ------
    StoreError
        When the file is missing or damaged.
    """
    try:
        with pq.ParquetFile(path) as file:  # read_table would bring pandas in
            table = file.read()
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(
            f"{path} cannot be read: {error}", "remove the title's folder and run again"
        ) from error
    return {name: _as_numpy(table.column(name)) for name in table.column_names}


def _as_numpy(column: Any) -> NDArray[Any] | list[str]:
    if pa.types.is_fixed_size_list(column.type):
        rows, size = column.combine_chunks(), column.type.list_size
        # flatten() would load all that pyarrow can compute.
        flat = rows.flatten() if rows.null_count else rows.values.slice(rows.offset * size)
        return _numbers(flat)[: len(rows) * size].reshape(-1, size)
    if pa.types.is_string(column.type):
        return [str(value) for value in column.to_pylist()]
    if pa.types.is_boolean(column.type):
        return _truths(column.combine_chunks())
    return _numbers(column.combine_chunks())


def _truths(values: Any) -> NDArray[np.bool_]:
    """The same of yes and no, which lie there as bits: a cast loads all that pyarrow can compute."""
    if values.null_count or not len(values):
        return np.array(values.to_pylist(), bool)
    bits = np.unpackbits(np.frombuffer(values.buffers()[1], np.uint8), bitorder="little")
    return bits[values.offset : values.offset + len(values)].astype(bool)


def _numbers(values: Any) -> NDArray[Any]:
    """An array as it lies in memory: every way of pyarrow's own brings pandas in, half a second."""
    if values.null_count:
        return np.asarray(values.to_numpy(zero_copy_only=False))
    kind = np.dtype(values.type.to_pandas_dtype())
    if not len(values):
        return np.zeros(0, kind)
    return np.frombuffer(values.buffers()[1], kind, len(values), values.offset * kind.itemsize)


def read_rows(path: Path) -> list[dict[str, Any]]:
    """The rows of any table as plain Python values by column; nothing is None.

    Raises
    ------
    StoreError
        When the file is missing or no Parquet.
    """
    try:
        with pq.ParquetFile(path) as file:
            rows: list[dict[str, Any]] = file.read().to_pylist()
    except (OSError, pa.ArrowInvalid) as error:
        raise StoreError(f"{path} cannot be read: {error}", "is it a Parquet file?") from error
    return rows


def rows_table(rows: Sequence[Mapping[str, Any]]) -> pa.Table:
    """Rows of plain Python values by column as a table in memory."""
    return pa.Table.from_pylist([dict(row) for row in rows])


def columns_of(rows: Sequence[Any], kind: type[Any]) -> dict[str, Any]:
    """Dataclass instances as columns, one per field; a box becomes its four edges."""
    columns: dict[str, Any] = {}
    for field in fields(kind):
        values = [getattr(row, field.name) for row in rows]
        if values and isinstance(values[0], Box):
            edges = [(box.x0, box.y0, box.x1, box.y1) for box in values]
            columns[f"{field.name}_xyxy"] = np.array(edges, np.float64)
        else:
            columns[field.name] = values
    return columns


def ranking_table(ranking: Ranking) -> pa.Table:
    """A row per candidate: where it is, its utility, and the value of every column that counted."""
    candidates = ranking.candidates
    columns: dict[str, list[Any]] = {
        name: [getattr(one, name) for one in candidates]
        for name in (
            "rank",
            "frame_id",
            "pts_seconds",
            "label",
            "shot_index",
            "utility",
            "diversity",
        )
    }
    columns["reasons"] = [" ".join(one.reasons) for one in candidates]
    # Only some candidates have a part for a watch-out.
    by_column = [{part.column: part for part in one.parts} for one in candidates]
    for name in dict.fromkeys(name for parts in by_column for name in parts):
        found = [parts.get(name) for parts in by_column]
        columns[name] = [None if part is None else part.value for part in found]
        columns[f"{name}_points"] = [0.0 if part is None else part.points for part in found]
    return pa.table(columns)
