"""What scoring yields: a row per shortlisted frame, a column per number."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ava.scoring.contract import Column


@dataclass(frozen=True)
class ScoreTable:
    """Scores of the shortlisted frames.

    Attributes
    ----------
    frame_ids : ndarray of int64, shape (N,)
        Place of each frame in the decoded stream, increasing.
    columns : tuple of Column
        The cards that explain the numbers.
    values : mapping of str to ndarray of float32
        By column name, shape ``(N,)`` or ``(N, size)``; NaN means "does not apply".
    problems : tuple of str
        What could not be looked at, one plain line each.
    roads : mapping of str to str
        Which way an analyser took, where it has several.
    """

    frame_ids: NDArray[np.int64]
    columns: tuple[Column, ...]
    values: Mapping[str, NDArray[np.float32]]
    problems: tuple[str, ...] = ()
    roads: Mapping[str, str] | None = None

    def __post_init__(self) -> None:
        for column in self.columns:
            value = self.values[column.name]
            if value.dtype != np.float32 or value.shape != (len(self.frame_ids), *column.shape):
                raise ValueError(f"{column.name}: {value.dtype} {value.shape} does not fit")

    def __len__(self) -> int:
        return len(self.frame_ids)

    def __getitem__(self, name: str) -> NDArray[np.float32]:
        return self.values[name]

    def __contains__(self, name: str) -> bool:
        return name in self.values

    def with_column(self, column: Column, values: NDArray[np.float32]) -> ScoreTable:
        """The same table with a column that only the whole title could give, in place of an older one."""
        others = (one for one in self.columns if one.name != column.name)
        return replace(
            self,
            columns=(*others, column),
            values={**self.values, column.name: values},
        )

    def scalars(self) -> Iterator[Column]:
        """The columns that hold one number per frame."""
        return (column for column in self.columns if column.size == 1)
