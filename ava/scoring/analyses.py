"""What analysers find, as columns that several scorers share."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Protocol, Self, TypeVar, cast

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
        for one in fields(self):
            if "shape" not in one.metadata:
                continue
            shape, dtype = (n_boxes, *one.metadata["shape"]), one.metadata["dtype"]
            if getattr(self, one.name) is None:
                object.__setattr__(self, one.name, np.full(shape, one.metadata["missing"], dtype))
            value = getattr(self, one.name)
            if value.shape != shape or value.dtype != dtype:
                raise ValueError(f"{one.name} must be {np.dtype(dtype)} {shape}")

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
        shifted = [part.frame_row + at for part, at in zip(parts, offsets, strict=False)]
        columns = {
            one.name: np.concatenate([getattr(part, one.name) for part in parts])
            for one in fields(cls)
            if one.name not in ("n_frames", "frame_row")
        }
        return cls(int(offsets[-1]), np.concatenate(shifted), **columns)

    def rows(self, index: slice) -> Self:
        """See `Analysis.rows`."""
        start, stop, _ = index.indices(self.n_frames)
        keep = (self.frame_row >= start) & (self.frame_row < stop)
        columns = {
            one.name: getattr(self, one.name)[keep]
            for one in fields(self)
            if one.name not in ("n_frames", "frame_row")
        }
        return type(self)(max(0, stop - start), self.frame_row[keep] - start, **columns)

    def to_columns(self) -> dict[str, Any]:
        """One row per box, as a table has it: every column but `frame_row`, in two dimensions."""
        columns: dict[str, Any] = {}
        for one in fields(self):
            if one.name not in ("n_frames", "frame_row"):
                value = getattr(self, one.name)
                flat = int(np.prod(value.shape[1:]))
                columns[one.name] = value.reshape(len(self), flat) if value.ndim > 2 else value
        return columns

    def of_frame(self, row: int) -> slice:
        """Where the boxes of one frame stand in the table."""
        low, high = np.searchsorted(self.frame_row, [row, row + 1])
        return slice(int(low), int(high))

    @property
    def areas(self) -> NDArray[np.float32]:
        """Share of the picture that each box covers, 0..1, shape (K,)."""
        areas: NDArray[np.float32] = (self.box_xyxy[:, 2:] - self.box_xyxy[:, :2]).prod(axis=1)
        return areas


EXPRESSIONS = ("neutral", "joy", "surprise", "anger", "sadness", "fear", "disgust")
"""What `Faces.expression` counts through."""


def _column(*shape: int, dtype: Any = np.float32, missing: float = np.nan) -> Any:
    """A column with one row per box; all missing where it is not given."""
    return field(default=None, metadata={"shape": shape, "dtype": dtype, "missing": missing})


@dataclass(frozen=True)
class Faces(Ragged):
    """Faces: boxes from the forehead to the chin, and what a closer look at each one shows.

    Only the boxes are needed; a column that is not given is missing. NaN where it does not apply:
    a face that is too small, or seen from the side or from behind, has a box but no landmarks, and
    only `sharpness`, `exposure` and `cut_by_edge` then.

    Attributes
    ----------
    yaw_degrees, pitch_degrees : ndarray of float32, shape (K,)
        Where the nose points: to the right of the picture, up; both are 0 towards the camera.
    roll_degrees : ndarray of float32, shape (K,)
        How far the head leans clockwise.
    gaze_away : ndarray of float32, shape (K,)
        Head and eyes together: 0 looks into the camera, 1 looks 45 degrees or more past it.
        Missing for shut eyes.
    eyes_open : ndarray of float32, shape (K,)
        0 shut, 1 open; the eye that is seen better counts more.
    downcast : ndarray of float32, shape (K,)
        0..1: lids lowered because the eyes look down, rather than shut.
    smile, mouth_open, brow_raise : ndarray of float32, shape (K,)
        0 at rest, 1 as far as it goes.
    expression_strength : ndarray of float32, shape (K,)
        How far the face is from rest, 0..1.
    expression : ndarray of int8, shape (K,)
        The word that fits best, as its place in `EXPRESSIONS`; -1 where it is not known.
    expression_confidence : ndarray of float32, shape (K,)
        How clearly, 0..1.
    landmark_confidence : ndarray of float32, shape (K,)
        How well detector and landmarks agree on where eyes, nose and mouth are, 0..1.
    sharpness : ndarray of float32, shape (K,)
        How crisp the face is, 0..1; faces of all sizes compare.
    exposure : ndarray of float32, shape (K,)
        Mean luma of the skin, 0..1.
    cut_by_edge : ndarray of float32, shape (K,)
        Share of the head that lies outside of the picture, 0..1.
    points : ndarray of float32, shape (K, 5, 2)
        The eye on the left of the picture, the other eye, the tip of the nose, the corners of the
        mouth from the left: x, y as shares of the picture. They may lie outside of it.
    identity : ndarray of float32, shape (K, 128)
        Who it is: near the faces of the same person.
    """

    yaw_degrees: NDArray[np.float32] = _column()
    pitch_degrees: NDArray[np.float32] = _column()
    roll_degrees: NDArray[np.float32] = _column()
    gaze_away: NDArray[np.float32] = _column()
    eyes_open: NDArray[np.float32] = _column()
    downcast: NDArray[np.float32] = _column()
    smile: NDArray[np.float32] = _column()
    mouth_open: NDArray[np.float32] = _column()
    brow_raise: NDArray[np.float32] = _column()
    expression_strength: NDArray[np.float32] = _column()
    expression: NDArray[np.int8] = _column(dtype=np.int8, missing=-1)
    expression_confidence: NDArray[np.float32] = _column()
    landmark_confidence: NDArray[np.float32] = _column()
    sharpness: NDArray[np.float32] = _column()
    exposure: NDArray[np.float32] = _column()
    cut_by_edge: NDArray[np.float32] = _column()
    points: NDArray[np.float32] = _column(5, 2)
    identity: NDArray[np.float32] = _column(128)

    def to_columns(self) -> dict[str, Any]:
        """See `Ragged.to_columns`; the expression is given as its word, "" where it is not known."""
        columns = super().to_columns()
        columns["expression"] = [EXPRESSIONS[code] if code >= 0 else "" for code in self.expression]
        columns["points_xy"] = columns.pop("points")
        return columns


@dataclass(frozen=True)
class Bodies(Ragged):
    """People from all sides, surest first: boxes around the whole person, inside the picture.

    Attributes
    ----------
    hips, shoulders : ndarray of float32, shape (K, 2)
        Their middle: x, y as shares of the picture. They may lie outside of it.
    reach : ndarray of float32, shape (K,)
        From the hips to the farthest end of the person, as a share of the picture's height.
    """

    hips: NDArray[np.float32] = _column(2)
    shoulders: NDArray[np.float32] = _column(2)
    reach: NDArray[np.float32] = _column()


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
