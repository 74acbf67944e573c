"""Faces of one title gathered into groups, each of one person."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.core.geometry import iou_xyxy

_APART = 2.0  # distance between faces that cannot be one person; descriptors are about 1.4 apart
_SAME_PLACE_IOU = 0.3
_MAX_TRACKS = 4000  # the distances of so many fill 64 MB; fainter faces join the groups these make
Floats = NDArray[np.float32]


@dataclass(frozen=True)
class CastSettings:
    """How faces become characters.

    Attributes
    ----------
    same_person : float
        Average distance of descriptors up to which faces are one person. The network was trained
        to keep the faces of one person within 0.6; a little less keeps look-alikes apart, whom a
        film has more of than an album.
    min_height : float
        Share of the picture's height that a face must have to found a character.
    max_yaw_degrees : float
        A face turned further away founds none.
    lead_share : float
        Prominence, as a share of the first lead's, from which a character is a lead.
    extra_shots : int
        Who is seen in no more shots than this, and for less than `extra_share`, is an extra.
    extra_share : float
        Share of the film, see `extra_shots`.
    names : str
        Path of a CSV file with columns ``name`` and ``portrait`` (a picture beside it): people to
        recognize.
    """

    same_person: float = 0.57
    min_height: float = 0.1
    max_yaw_degrees: float = 55.0
    lead_share: float = 0.4
    extra_shots: int = 1
    extra_share: float = 0.05
    names: str = ""

    def __post_init__(self) -> None:
        if not 0 < self.same_person < _APART:
            raise ConfigError(f"cast.same_person must lie between 0 and {_APART:g}")


@dataclass(frozen=True)
class TitleFaces:
    """All faces of a title's shortlisted frames, a row each.

    Attributes
    ----------
    frame_id : ndarray of int64, shape (K,)
        The frame of each, not decreasing.
    box_xyxy : ndarray of float32, shape (K, 4)
        Where it is, 0..1.
    identity : ndarray of float32, shape (K, 128)
        Its descriptor; NaN where there is none.
    sharpness : ndarray of float32, shape (K,)
        0..1.
    yaw_degrees : ndarray of float32, shape (K,)
        Turn of the head; NaN where it is not known.
    eyes_open : ndarray of float32, shape (K,)
        0..1; NaN where it is not known.
    """

    frame_id: NDArray[np.int64]
    box_xyxy: Floats
    identity: Floats
    sharpness: Floats
    yaw_degrees: Floats
    eyes_open: Floats

    def __post_init__(self) -> None:
        n_faces = len(self.frame_id)
        if self.identity.shape[:1] != (n_faces,) or self.box_xyxy.shape != (n_faces, 4):
            raise ValueError("identity and box_xyxy must have one row per frame_id")

    def __len__(self) -> int:
        return len(self.frame_id)

    @property
    def heights(self) -> Floats:
        """Share of the picture's height, shape (K,)."""
        return self.box_xyxy[:, 3] - self.box_xyxy[:, 1]


def grouped(
    faces: TitleFaces, shot_of: NDArray[np.int64], rows: NDArray[np.int64], settings: CastSettings
) -> list[NDArray[np.int64]]:
    """Gather the faces in `rows` by person.

    Faces that stay in place within a shot are one track; tracks are joined by average linkage of
    their descriptors; two faces in one frame are never one person.

    Parameters
    ----------
    faces : TitleFaces
        All faces of the title.
    shot_of : ndarray of int64, shape (K,)
        The shot of each.
    rows : ndarray of int64
        Those good enough to tell a person by.
    settings : CastSettings
        How alike is the same.

    Returns
    -------
    list of ndarray of int64
        Rows of each person's faces, increasing.
    """
    tracks = _tracks(faces, shot_of, rows)
    strongest = sorted(tracks, key=lambda one: -float(faces.heights[one].sum()))[:_MAX_TRACKS]
    tracks = sorted(strongest, key=lambda one: int(one[0]))
    if not tracks:
        return []
    means = np.stack([mean_identity(faces, track) for track in tracks])
    distance = _distances(means, means)
    frames = [set(faces.frame_id[track].tolist()) for track in tracks]
    for one in range(len(tracks)):
        for other in range(one):
            if frames[one] & frames[other]:
                distance[one, other] = distance[other, one] = np.inf
    return [
        np.sort(np.concatenate([tracks[at] for at in group]))
        for group in _joined(distance, settings.same_person)
    ]


def _joined(distance: Floats, limit: float) -> list[list[int]]:
    """Average linkage in which what cannot be one stays apart, whatever else joins it.

    Parameters
    ----------
    distance : ndarray of float32, shape (N, N)
        Symmetric; infinite where two cannot be one. Written to.
    limit : float
        Groups further apart are not joined.
    """
    groups = [[at] for at in range(len(distance))]
    np.fill_diagonal(distance, np.inf)
    nearest = distance.argmin(axis=1)
    least = distance[np.arange(len(distance)), nearest]
    while True:
        one = int(least.argmin())
        other = int(nearest[one])
        if not least[one] <= limit:
            return [group for group in groups if group]
        n_one, n_other = len(groups[one]), len(groups[other])
        # An infinite part keeps the mean infinite: that is the constraint.
        mean = (n_one * distance[one] + n_other * distance[other]) / (n_one + n_other)
        mean[one] = np.inf
        distance[one] = distance[:, one] = mean
        distance[other] = distance[:, other] = np.inf
        groups[one] += groups[other]
        groups[other] = []
        stale = np.flatnonzero((nearest == one) | (nearest == other))
        for row in {one, other, *stale.tolist()}:
            nearest[row] = distance[row].argmin()
            least[row] = distance[row, nearest[row]]
        closer = np.flatnonzero(distance[:, one] < least)
        nearest[closer], least[closer] = one, distance[closer, one]


def _tracks(
    faces: TitleFaces, shot_of: NDArray[np.int64], rows: NDArray[np.int64]
) -> list[NDArray[np.int64]]:
    """Faces that stay where they are within a shot, and look alike."""
    tracks: list[list[int]] = []
    open_tracks: dict[int, list[list[int]]] = {}
    for row in rows.tolist():
        mine = open_tracks.setdefault(int(shot_of[row]), [])
        ends = [track[-1] for track in mine]
        best = None
        if ends:
            overlap = iou_xyxy(faces.box_xyxy[row : row + 1], faces.box_xyxy[ends])[0]
            alike = _distances(faces.identity[row : row + 1], faces.identity[ends])[0] < 0.6
            other_frame = faces.frame_id[ends] != faces.frame_id[row]
            overlap = np.where(alike & other_frame, overlap, 0)
            best = int(overlap.argmax()) if overlap.max() >= _SAME_PLACE_IOU else None
        if best is None:
            mine.append([row])
            tracks.append(mine[-1])
        else:
            mine[best].append(row)
    return [np.array(track, np.int64) for track in tracks]


def join_rest(
    faces: TitleFaces,
    rows: NDArray[np.int64],
    centroids: Floats,
    of_face: NDArray[np.int64],
    settings: CastSettings,
) -> None:
    """Let small and averted faces join the nearest person, where that one is near enough.

    Parameters
    ----------
    faces : TitleFaces
        All faces of the title.
    rows : ndarray of int64
        Those that belong to nobody yet.
    centroids : ndarray of float32, shape (P, 128)
        Mean descriptor of every person.
    of_face : ndarray of int64, shape (K,)
        Person of each face, -1 for nobody; written to.
    settings : CastSettings
        How alike is the same.
    """
    if not len(rows):
        return
    distance = _distances(faces.identity[rows], centroids)
    for at, row in enumerate(rows.tolist()):
        taken = of_face[faces.frame_id == faces.frame_id[row]]
        distance[at, taken[taken >= 0]] = _APART
        nearest = int(distance[at].argmin())
        if distance[at, nearest] <= 0.9 * settings.same_person:
            of_face[row] = nearest


def matched(
    centroids: Sequence[Any], others: Sequence[Any], same_person: float
) -> list[tuple[int, int]]:
    """Pairs of characters who are one person, each used once: least total distance.

    Parameters
    ----------
    centroids, others : sequence of array-like, each of 128 numbers
        Mean descriptors.
    same_person : float
        Pairs further apart are none.
    """
    if not len(centroids) or not len(others):
        return []
    distance = _distances(np.asarray(centroids, np.float32), np.asarray(others, np.float32))
    rows, columns = np.arange(len(distance)), distance.argmin(axis=1)
    if len(set(columns.tolist())) < len(rows):  # else everybody has the nearest: nothing is less
        from scipy.optimize import linear_sum_assignment

        rows, columns = linear_sum_assignment(np.minimum(distance, same_person))
    return [
        (int(row), int(column))
        for row, column in zip(rows, columns, strict=True)
        if distance[row, column] < same_person
    ]


def mean_identity(faces: TitleFaces, rows: NDArray[np.int64]) -> Floats:
    """Mean descriptor of some faces, shape (128,); larger and sharper ones weigh more."""
    weight = np.sqrt(faces.heights[rows]) * (0.1 + faces.sharpness[rows])
    mean: Floats = np.average(faces.identity[rows], axis=0, weights=weight).astype(np.float32)
    return mean


def _distances(one: Floats, other: Floats) -> Floats:
    """Euclidean distance of every pair."""
    squares = (one**2).sum(axis=1)[:, None] + (other**2).sum(axis=1)[None] - 2 * one @ other.T
    distance: Floats = np.sqrt(np.maximum(squares, 0)).astype(np.float32)
    return distance
