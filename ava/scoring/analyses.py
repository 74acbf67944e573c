"""What analysers find, as columns that several scorers share."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self, TypeVar, cast

import numpy as np
from numpy.typing import NDArray


class Analysis(Protocol):
    """What can be found in the frames of a batch."""

    @property
    def n_frames(self) -> int:
        """Frames in the batch."""
        ...

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """The findings of several batches as those of one, frames in order."""
        ...

    def rows(self, index: slice) -> Self:
        """The findings in a range of the frames, counted from its start."""
        ...


@dataclass(frozen=True)
class Ragged:
    """Boxes in frames: any number per frame, as one table.

    Attributes
    ----------
    n_frames : int
        Frames in the batch; those without a box have no row.
    frame_row : ndarray of int64, shape (K,)
        The frame of each box, 0-based in the batch, not decreasing.
    box_xyxy : ndarray of float32, shape (K, 4)
        Left, top, right, bottom as shares of the picture, 0..1.
    confidence : ndarray of float32, shape (K,)
        0..1.
    """

    n_frames: int
    frame_row: NDArray[np.int64]
    box_xyxy: NDArray[np.float32]
    confidence: NDArray[np.float32]

    def __post_init__(self) -> None:
        n_boxes = len(self.frame_row)
        if self.box_xyxy.shape != (n_boxes, 4) or self.confidence.shape != (n_boxes,):
            raise ValueError("box_xyxy and confidence must have one row per frame_row")
        if n_boxes and (np.any(np.diff(self.frame_row) < 0) or self.frame_row[0] < 0):
            raise ValueError("frame_row must not decrease, from 0")
        if n_boxes and self.frame_row[-1] >= self.n_frames:
            raise ValueError("frame_row points past the last frame")
        if n_boxes and (self.box_xyxy.min() < 0 or self.box_xyxy.max() > 1):
            raise ValueError("box_xyxy must lie in 0..1")

    def __len__(self) -> int:
        return len(self.frame_row)

    @classmethod
    def empty(cls, n_frames: int) -> Self:
        """Nothing found in `n_frames` frames."""
        return cls(
            n_frames,
            np.zeros(0, np.int64),
            np.zeros((0, 4), np.float32),
            np.zeros(0, np.float32),
        )

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """See `Analysis.joined`."""
        if not parts:
            return cls.empty(0)
        offsets = np.cumsum([0] + [part.n_frames for part in parts])
        return cls(
            int(offsets[-1]),
            np.concatenate([part.frame_row + at for part, at in zip(parts, offsets, strict=False)]),
            np.concatenate([part.box_xyxy for part in parts]),
            np.concatenate([part.confidence for part in parts]),
        )

    def rows(self, index: slice) -> Self:
        """See `Analysis.rows`."""
        start, stop, _ = index.indices(self.n_frames)
        keep = (self.frame_row >= start) & (self.frame_row < stop)
        return type(self)(
            max(0, stop - start),
            self.frame_row[keep] - start,
            self.box_xyxy[keep],
            self.confidence[keep],
        )

    def of_frame(self, row: int) -> slice:
        """Where the boxes of one frame stand in the table."""
        low, high = np.searchsorted(self.frame_row, [row, row + 1])
        return slice(int(low), int(high))

    @property
    def areas(self) -> NDArray[np.float32]:
        """Share of the picture that each box covers, 0..1, shape (K,)."""
        areas: NDArray[np.float32] = (self.box_xyxy[:, 2:] - self.box_xyxy[:, :2]).prod(axis=1)
        return areas


@dataclass(frozen=True)
class Faces(Ragged):
    """Faces: boxes from the forehead to the chin."""


@dataclass(frozen=True)
class TextRegions(Ragged):
    """Lines of burnt-in text: upright boxes around them."""


@dataclass(frozen=True)
class Maps:
    """One small map for every frame.

    Attributes
    ----------
    n_frames : int
        Frames in the batch.
    maps : ndarray of float32, shape (N, h, w)
        Over the whole picture, from its top left.
    """

    n_frames: int
    maps: NDArray[np.float32]

    def __post_init__(self) -> None:
        if self.maps.ndim != 3 or len(self.maps) != self.n_frames:
            raise ValueError("maps must be (N, h, w) with one map per frame")

    @classmethod
    def joined(cls, parts: list[Self]) -> Self:
        """See `Analysis.joined`."""
        if not parts:
            return cls(0, np.zeros((0, 1, 1), np.float32))
        maps = np.concatenate([part.maps for part in parts])
        return cls(len(maps), maps)

    def rows(self, index: slice) -> Self:
        """See `Analysis.rows`."""
        maps = self.maps[index]
        return type(self)(len(maps), maps)


@dataclass(frozen=True)
class Saliency(Maps):
    """Where the eye goes first: maps that sum to 1, or are all 0 for a picture without any detail."""


@dataclass(frozen=True)
class PersonMask(Maps):
    """How much of each field of the picture is people, 0..1."""


Found = TypeVar("Found", bound=Analysis)


class Analyses:
    """The findings for one batch, by type; what was not looked for, or could not be, is absent."""

    def __init__(self, found: dict[type[Analysis], Analysis] | None = None) -> None:
        self._found = dict(found or {})

    def __contains__(self, kind: type[Analysis]) -> bool:
        return kind in self._found

    def get(self, kind: type[Found]) -> Found:
        """The findings of one kind.

        Raises
        ------
        KeyError
            When they are absent: a scorer is only run where all that it needs is there.
        """
        return cast("Found", self._found[kind])

    def rows(self, index: slice) -> Analyses:
        """The findings in a range of the frames."""
        return Analyses({kind: one.rows(index) for kind, one in self._found.items()})
