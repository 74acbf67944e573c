"""Titles in which faces are rare: animation, nature, sport. What counts there is what draws the eye."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile

FACE_TERMS = (
    "face_presence",
    "face_quality",
    "face_placement",
    "face_sharpness",
    "face_exposure",
    "face_frontality",
    "eyes_open",
    "gaze_to_camera",
    "expression_strength",
    "head_cut",
    "main_character",
)
"""Columns that rate the principal face."""

SUBJECT_TERMS = ("subject_focus", "thirds")
"""Columns that rate what draws the eye, whatever it is."""

_RARE = 0.1  # of the shots


def for_title(
    pool: Pool, rows: NDArray[np.int64], profile: Profile
) -> tuple[Profile, tuple[str, ...]]:
    """The profile to rank the frames in `rows` by, and what a person should know of it.

    Where fewer than a tenth of the shots show a face, the few that do would win by it alone, and
    for the others a good part of the weights would say nothing. The weight of the face terms then
    goes to the subject terms, in their proportion. A profile that weighs no subject term keeps its
    own, and so does a title in which nobody looked for faces, and a profile that was learned.
    """
    if profile.learned is not None:
        return profile, ()
    counts = pool.column("face_count")[rows]
    subject = {name: profile.weights[name] for name in SUBJECT_TERMS if name in profile.weights}
    freed = sum(float(profile.weights.get(name, 0)) for name in FACE_TERMS)
    if not subject or not freed or np.isnan(counts).any():
        return profile, ()
    shots = np.unique(pool.shot_index[rows])
    with_faces = np.unique(pool.shot_index[rows[counts > 0]])
    if len(with_faces) >= _RARE * len(shots):
        return profile, ()
    scale = 1 + freed / sum(subject.values())
    weights = {
        name: float(weight) * (scale if name in subject else 1)
        for name, weight in profile.weights.items()
        if name not in FACE_TERMS
    }
    labels = {column.name: column.label for column in pool.scores.columns}
    words = " and ".join(labels.get(name, name) for name in subject)
    seen = f"in {len(with_faces)} of {len(shots)} shots" if len(with_faces) else "in no shot"
    note = (
        f"Faces are seen {seen}; what they would have counted went to what draws the eye ({words})."
    )
    return replace(profile, weights=weights), (note,)
