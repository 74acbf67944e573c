"""Who is in a film, found without a cast list: faces grouped into characters, leads told from extras."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.ranking.face_groups import (
    CastSettings,
    Floats,
    TitleFaces,
    grouped,
    join_rest,
    matched,
    mean_identity,
)
from ava.scoring.contract import Column

MAIN_CHARACTER = Column(
    "main_character", "share", 0, 1, "more",
    "How much of the film the most important person in the picture carries; the lead has 1.",
    family="contextual",
)  # fmt: skip


@dataclass(frozen=True)
class Screening:
    """Where the shortlisted frames stand in the film.

    Attributes
    ----------
    frame_ids, shot_index : ndarray of int64, shape (N,)
        Of every shortlisted frame, with or without a face.
    shot_seconds : ndarray of float64, shape (S,)
        Length of every shot.
    """

    frame_ids: NDArray[np.int64]
    shot_index: NDArray[np.int64]
    shot_seconds: NDArray[np.float64]


@dataclass(frozen=True)
class Character:
    """A person in a film.

    Attributes
    ----------
    key : str
        ``c1``, ``c2`` …; stays the same when the title is looked at again.
    name : str
        Given by a person; empty until then.
    role : {"lead", "supporting", "extra"}
        By prominence.
    n_faces, n_shots : int
        In how many shortlisted frames and shots the face is seen.
    screen_share : float
        Estimated share of the film with this face in the picture, 0..1.
    prominence : float
        Screen share × how large and how sharp the face is while it is there; the first lead has 1.
    centroid : tuple of float
        Mean descriptor, 128 numbers.
    best_face : int
        Row of the face that shows the person best: large, sharp, frontal, eyes open.
    """

    key: str
    name: str
    role: str
    n_faces: int
    n_shots: int
    screen_share: float
    prominence: float
    centroid: tuple[float, ...]
    best_face: int

    @property
    def called(self) -> str:
        """By name, else by key: "Person 3"."""
        return self.name or f"Person {self.key.removeprefix('c')}"


@dataclass(frozen=True)
class Cast:
    """The characters of a title, most prominent first, and whose each face is.

    Attributes
    ----------
    characters : tuple of Character
        Most prominent first.
    of_face : ndarray of int64, shape (K,)
        Place in `characters` for every face; -1 where it is nobody known.
    """

    characters: tuple[Character, ...]
    of_face: NDArray[np.int64]

    def presence(self, faces: TitleFaces, frame_ids: NDArray[np.int64]) -> Floats:
        """How strongly the most prominent character in each frame carries the film, 0..1.

        NaN in a title without any character.
        """
        if not self.characters:
            return np.full(len(frame_ids), np.nan, np.float32)
        weight = np.array([one.prominence for one in self.characters], np.float32)
        best = np.zeros(len(frame_ids), np.float32)
        known = self.of_face >= 0
        rows = np.searchsorted(frame_ids, faces.frame_id[known])
        np.maximum.at(best, rows, weight[self.of_face[known]])
        return best

    def in_frame(self, faces: TitleFaces, frame_id: int) -> tuple[Character, ...]:
        """The characters in a frame, most prominent first."""
        low, high = np.searchsorted(faces.frame_id, [frame_id, frame_id + 1])
        places = sorted({int(place) for place in self.of_face[low:high] if place >= 0})
        return tuple(self.characters[place] for place in places)

    def to_json(self, faces: TitleFaces) -> dict[str, Any]:
        """Characters, and their faces by frame, in plain JSON types."""
        characters = []
        for place, one in enumerate(self.characters):
            rows = np.flatnonzero(self.of_face == place)
            seen = [
                {"frame_id": int(faces.frame_id[row]), "box_xyxy": _edges(faces.box_xyxy[row])}
                for row in rows
            ]
            characters.append(
                {
                    "key": one.key,
                    "name": one.name,
                    "role": one.role,
                    "n_faces": one.n_faces,
                    "n_shots": one.n_shots,
                    "screen_share": round(one.screen_share, 4),
                    "prominence": round(one.prominence, 4),
                    "centroid": [round(value, 5) for value in one.centroid],
                    "faces": seen,
                }
            )
        return {"characters": characters}


def find_cast(
    faces: TitleFaces,
    screening: Screening,
    settings: CastSettings,
    earlier: Sequence[tuple[str, str, tuple[float, ...]]] = (),
) -> Cast:
    """Group the faces of a title into characters, and tell leads from extras.

    Parameters
    ----------
    faces : TitleFaces
        All faces.
    screening : Screening
        Where their frames stand in the film.
    settings : CastSettings
        How alike is the same.
    earlier : sequence of (key, name, centroid)
        Characters known already; those found again keep key and name.
    """
    described = np.isfinite(faces.identity).all(axis=1)
    shot_of = screening.shot_index[np.searchsorted(screening.frame_ids, faces.frame_id)]
    turned = np.nan_to_num(np.abs(faces.yaw_degrees)) > settings.max_yaw_degrees
    founding = described & (faces.heights >= settings.min_height) & ~turned
    groups = grouped(faces, shot_of, np.flatnonzero(founding), settings)
    of_face = np.full(len(faces), -1, np.int64)
    centroids = []
    for place, rows in enumerate(groups):
        of_face[rows] = place
        centroids.append(mean_identity(faces, rows))
    if centroids:
        join_rest(
            faces, np.flatnonzero(described & (of_face < 0)), np.stack(centroids), of_face, settings
        )
    return _told_apart(faces, screening, shot_of, of_face, centroids, settings, earlier)


def _told_apart(
    faces: TitleFaces,
    screening: Screening,
    shot_of: NDArray[np.int64],
    of_face: NDArray[np.int64],
    centroids: Sequence[Floats],
    settings: CastSettings,
    earlier: Sequence[tuple[str, str, tuple[float, ...]]],
) -> Cast:
    n_in_shot = np.bincount(screening.shot_index, minlength=len(screening.shot_seconds))
    film_seconds = max(float(screening.shot_seconds.sum()), 1e-9)
    shares, weights = [], []
    for place in range(len(centroids)):
        mine = of_face == place
        # A frame stands for its part of the shot that it was chosen from.
        seconds = screening.shot_seconds[shot_of[mine]] / np.maximum(n_in_shot[shot_of[mine]], 1)
        shares.append(float(seconds.sum()) / film_seconds)
        size = np.sqrt(faces.heights[mine].clip(0, 1))
        weights.append(float((seconds * size * (0.25 + 0.75 * faces.sharpness[mine])).sum()))
    order = np.argsort(-np.array(weights, np.float64), kind="stable")
    first = max(weights, default=0.0) or 1.0
    names = _kept_names([centroids[place] for place in order], settings, earlier)
    characters, new_place = [], np.full(len(centroids) + 1, -1, np.int64)
    for rank, place in enumerate(order):
        new_place[place] = rank
        rows = np.flatnonzero(of_face == place)
        n_shots, prominence = len(np.unique(shot_of[rows])), weights[place] / first
        lead = prominence >= settings.lead_share
        extra = n_shots <= settings.extra_shots and shares[place] < settings.extra_share
        characters.append(
            Character(
                *names[rank],
                "lead" if lead else "extra" if extra else "supporting",
                len(np.unique(faces.frame_id[rows])),
                n_shots,
                shares[place],
                prominence,
                tuple(float(value) for value in centroids[place]),
                _best_face(faces, rows, centroids[place]),
            )
        )
    return Cast(tuple(characters), new_place[of_face])


def _best_face(faces: TitleFaces, rows: NDArray[np.int64], centroid: Floats) -> int:
    frontal = np.cos(np.radians(np.nan_to_num(faces.yaw_degrees[rows], nan=45.0)))
    eyes = np.nan_to_num(faces.eyes_open[rows], nan=0.5)
    # Far from the mean is a face behind glasses, a hand or a shadow.
    typical = np.exp(-((np.linalg.norm(faces.identity[rows] - centroid, axis=1) / 0.4) ** 2))
    worth = np.sqrt(faces.heights[rows]) * (0.2 + faces.sharpness[rows]) * frontal * (0.3 + eyes)
    return int(rows[(worth * typical).argmax()])


def _kept_names(
    centroids: Sequence[Floats],
    settings: CastSettings,
    earlier: Sequence[tuple[str, str, tuple[float, ...]]],
) -> list[tuple[str, str]]:
    """Key and name for every character: those known already keep theirs."""
    found: list[tuple[str, str] | None] = [None] * len(centroids)
    for place, known in matched(centroids, [one[2] for one in earlier], settings.same_person):
        found[place] = earlier[known][:2]
    taken = {key for key, _, _ in earlier}
    fresh = (f"c{number}" for number in range(1, len(centroids) + len(taken) + 1))
    unused = (key for key in fresh if key not in taken)
    return [one or (next(unused), "") for one in found]


def _edges(box: Floats) -> list[float]:
    return [round(float(edge), 4) for edge in box]
