"""What a picture is of: its principal face, else its people, else where the eye goes first."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.scoring.analyses import Analyses, Faces, PersonMask, Saliency
from scorers.pictures import Floats

_EYES = 0.4  # of the face's height, from its top
_HAIR = 0.3  # of the face's height, above it
MIN_FACE_HEIGHT = 0.05
_MIN_PEOPLE_SHARE = 0.02
_PEOPLE = 0.5
_NO_FACES = np.zeros((0, 4), np.float32)
_SALIENT_MASS = 0.5  # of all saliency, in the fields that are looked at first


@dataclass(frozen=True)
class Subject:
    """What a picture is of.

    Attributes
    ----------
    kind : {"face", "person", "salient"}
        What it was told by.
    x, y : float
        The point that the eye rests on, 0..1: the eyes, the head, or the salient centre.
    box_xyxy : tuple of float
        All of it, 0..1.
    mask : ndarray of bool, shape (h, w)
        The fields of the picture that belong to it.
    """

    kind: Literal["face", "person", "salient"]
    x: float
    y: float
    box_xyxy: tuple[float, float, float, float]
    mask: NDArray[np.bool_]


def subject_of(faces: Floats, people: Floats | None, saliency: Floats) -> Subject | None:
    """Find the subject of a picture.

    Parameters
    ----------
    faces : ndarray of float32, shape (K, 4)
        Boxes of its faces, 0..1.
    people : ndarray of float32, shape (h, w), or None
        Share of people in every field.
    saliency : ndarray of float32, shape (h, w)
        Where the eye goes; all 0 for a picture without any detail.

    Returns
    -------
    Subject or None
        None for a picture without any detail.
    """
    heights = faces[:, 3] - faces[:, 1]
    persons = _largest_part(people) if people is not None else None
    if len(faces) and heights.max() >= MIN_FACE_HEIGHT:
        return _by_face(faces[int(heights.argmax())], people, saliency.shape)
    if persons is not None and persons.mean() >= _MIN_PEOPLE_SHARE:
        return _by_person(persons)
    return _by_saliency(saliency)


def subjects_in(found: Analyses) -> Callable[[int], Subject | None]:
    """The subject of each frame by its row, from the analyses that are there."""
    maps = found.get(Saliency).maps
    people = found.get(PersonMask).maps if PersonMask in found else None
    faces = found.get(Faces) if Faces in found else None

    def subject(row: int) -> Subject | None:
        boxes = _NO_FACES if faces is None else faces.box_xyxy[faces.of_frame(row)]
        return subject_of(boxes, None if people is None else people[row], maps[row])

    return subject


def _by_face(face: Floats, people: Floats | None, shape: tuple[int, ...]) -> Subject:
    x0, y0, x1, y1 = (float(edge) for edge in face)
    width, height = x1 - x0, y1 - y0
    # Head and shoulders, from the hair down to the chest.
    box = (
        max(0.0, x0 - 0.6 * width),
        max(0.0, y0 - _HAIR * height),
        min(1.0, x1 + 0.6 * width),
        min(1.0, y1 + 1.2 * height),
    )
    mask = _fields(box, shape)
    if people is not None:
        parts = _parts(people)
        row = min(shape[0] - 1, int((y0 + y1) / 2 * shape[0]))
        label = int(parts[row, min(shape[1] - 1, int((x0 + x1) / 2 * shape[1]))])
        if label:  # the mask knows where the person ends, the box around the face does not
            mask = parts == label
            box = _box(mask)
    return Subject("face", (x0 + x1) / 2, y0 + _EYES * height, box, mask)


def _by_person(mask: NDArray[np.bool_]) -> Subject:
    box = _box(mask)
    _, y0, _, y1 = box
    rows = mask.shape[0]
    head = mask[int(y0 * rows) : max(int(y0 * rows) + 1, int((y0 + 0.25 * (y1 - y0)) * rows))]
    columns = np.flatnonzero(head.any(axis=0))
    x = float(columns.mean() + 0.5) / mask.shape[1]
    return Subject("person", x, y0 + 0.12 * (y1 - y0), box, mask)


def _by_saliency(saliency: Floats) -> Subject | None:
    total = float(saliency.sum())
    if total <= 0:
        return None
    order = np.sort(saliency.ravel())[::-1]
    limit = order[int(np.searchsorted(np.cumsum(order), _SALIENT_MASS * total))]
    looked_at = saliency >= max(limit, 1e-12)
    mask = _largest_part(np.where(looked_at, 1.0, 0.0).astype(np.float32), saliency)
    assert mask is not None
    weights = np.where(mask, saliency, 0)
    height, width = saliency.shape
    x = float((weights.sum(axis=0) * (np.arange(width) + 0.5)).sum() / weights.sum() / width)
    y = float((weights.sum(axis=1) * (np.arange(height) + 0.5)).sum() / weights.sum() / height)
    return Subject("salient", x, y, _box(mask), mask)


def _parts(map_: Floats) -> NDArray[np.int32]:
    """Connected parts of a map, numbered from 1; 0 is what lies between."""
    _, labels = cv2.connectedComponents((map_ >= _PEOPLE).astype(np.uint8))
    return np.asarray(labels, np.int32)


def _largest_part(map_: Floats, weight: Floats | None = None) -> NDArray[np.bool_] | None:
    """The connected part of a map that is largest, or weighs most."""
    labels = _parts(map_)
    if not labels.any():
        return None
    sizes = np.bincount(labels.ravel(), None if weight is None else weight.ravel())
    part: NDArray[np.bool_] = labels == 1 + int(sizes[1:].argmax())
    return part


def _fields(box: tuple[float, float, float, float], shape: tuple[int, ...]) -> NDArray[np.bool_]:
    mask = np.zeros(shape, bool)
    x0, y0, x1, y1 = box
    rows = slice(int(y0 * shape[0]), int(np.ceil(y1 * shape[0])))
    mask[rows, int(x0 * shape[1]) : int(np.ceil(x1 * shape[1]))] = True
    return mask


def _box(mask: NDArray[np.bool_]) -> tuple[float, float, float, float]:
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    height, width = mask.shape
    return (
        float(columns[0]) / width,
        float(rows[0]) / height,
        float(columns[-1] + 1) / width,
        float(rows[-1] + 1) / height,
    )
