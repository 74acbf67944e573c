"""Room for a title or a logo: the largest calm rectangle, in the whole picture and on every canvas."""

from __future__ import annotations

from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.canvas import CANVASES
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, PersonMask, Saliency
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, field_means, gray, linear, per_frame
from scorers.subject import subject_of

_GRID = (32, 18)  # fields across and down
_LUMINANCE = np.array([0.2126, 0.7152, 0.0722], np.float32)
_CALM_DETAIL = 5.0  # mean gradient, gray levels per pixel at 270 lines
_MIN_FIELDS = (5, 2)  # narrower or lower, nothing can be written
_NO_FACES = np.zeros((0, 4), np.float32)
SIDES = ("left", "right", "top", "bottom", "all over")


class TitleSpaceScorer(Weightless):
    """Where a title could stand without covering the subject or any detail."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="title_space",
        version=3,
        family="composition",
        height_px=270,
        needs=(Saliency,),
        uses=(Faces, PersonMask),
        columns=(
            Column(
                "title_space", "share", 0, 1, "more",
                "The largest calm rectangle beside the subject: room for a title or a logo.",
            ),
            Column(
                "title_space_box", "share", 0, 1, "neither",
                "Where it is: left, top, right and bottom edge.",
                size=4,
            ),
            Column(
                "title_space_side", "code", 0, len(SIDES) - 1, "neither",
                "On which side of the picture: 0 left, 1 right, 2 top, 3 bottom, 4 all over.",
                words=SIDES,
            ),
            Column(
                "title_space_contrast", "ratio", 1, 21, "more",
                "Contrast that black or white letters would have there (WCAG; 4.5 is legible).",
            ),
            Column(
                "title_space_by_canvas", "share", 0, 1, "neither",
                "The same share for the canvases "
                + ", ".join(canvas.name for canvas in CANVASES)
                + ", cut around the subject.",
                size=len(CANVASES),
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        maps = found.get(Saliency).maps
        people = found.get(PersonMask).maps if PersonMask in found else None
        faces = found.get(Faces) if Faces in found else None

        def measure(
            picture: NDArray[np.uint8], row: int
        ) -> dict[str, float | NDArray[np.floating]]:
            boxes = _NO_FACES if faces is None else faces.box_xyxy[faces.of_frame(row)]
            mask = None if people is None else people[row]
            return _measure(picture, boxes, mask, maps[row])

        return per_frame(self.card, frames, measure)


def _measure(
    picture: NDArray[np.uint8], faces: Floats, people: Floats | None, saliency: Floats
) -> dict[str, float | NDArray[np.floating]]:
    luma = gray(picture)
    if min(luma.shape) < 2:
        return {}
    subject = subject_of(faces, people, saliency)
    calm = calm_fields(luma)
    if subject is not None:
        calm &= ~_shrunk(subject.mask)
    for face in faces:  # nobody writes over a face, whosever it is
        calm &= ~_covered(face)
    x, y = (0.5, 0.5) if subject is None else (subject.x, subject.y)
    picture_aspect = picture.shape[1] / picture.shape[0]
    by_canvas = []
    for canvas in CANVASES:
        left, top, right, bottom = canvas.window(x, y, picture_aspect).pixels(*_GRID)
        part = calm[top:bottom, left:right]
        by_canvas.append(_area(largest_rectangle(part)) / part.size)
    box = largest_rectangle(calm)
    values: dict[str, float | NDArray[np.floating]] = {
        "title_space": _area(box) / calm.size,
        "title_space_by_canvas": np.array(by_canvas, np.float32),
    }
    if _area(box):
        left, top, right, bottom = box
        edges: Floats = (np.array(box) / np.array([*_GRID, *_GRID])).astype(np.float32)
        height, width = luma.shape
        rows = slice(top * height // _GRID[1], max(1, bottom * height // _GRID[1]))
        there = picture[rows, left * width // _GRID[0] : max(1, right * width // _GRID[0])]
        values |= {
            "title_space_box": edges,
            "title_space_side": float(_side(edges)),
            "title_space_contrast": letter_contrast(there),
        }
    return values


def calm_fields(luma: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """Which fields of a picture of 270 lines hold next to no detail, shape (18, 32)."""
    here = luma[:-1, :-1]
    across, down = cv2.absdiff(luma[:-1, 1:], here), cv2.absdiff(luma[1:, :-1], here)
    detail = np.asarray(cv2.add(across, down, dtype=cv2.CV_16U), np.uint16)
    calm: NDArray[np.bool_] = field_means(detail, _GRID) < _CALM_DETAIL
    return calm


def _shrunk(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    fields = cv2.resize(mask.astype(np.float32), _GRID, interpolation=cv2.INTER_AREA)
    return np.asarray(fields) > 0.25


def _covered(face: Floats) -> NDArray[np.bool_]:
    fields = np.zeros(_GRID[::-1], bool)
    x0, y0, x1, y1 = (float(edge) for edge in face)
    rows = slice(int(y0 * _GRID[1]), int(np.ceil(y1 * _GRID[1])))
    fields[rows, int(x0 * _GRID[0]) : int(np.ceil(x1 * _GRID[0]))] = True
    return fields


def largest_rectangle(calm: NDArray[np.bool_]) -> tuple[int, int, int, int]:
    """The largest rectangle of true fields that letters fit in.

    Returns
    -------
    tuple of int
        Left, top, right, bottom, in fields; all 0 where there is none.
    """
    best, found = 0, (0, 0, 0, 0)
    heights = [0] * calm.shape[1]
    # Where all of a row goes on below, every rectangle that ends in it is part of a larger one.
    ends = np.append((calm[:-1] & ~calm[1:]).any(axis=1), True)
    for bottom, (row, may_end) in enumerate(zip(calm.tolist(), ends, strict=True), start=1):
        heights = [height + 1 if free else 0 for height, free in zip(heights, row, strict=True)]
        if not may_end or sum(heights) <= best:
            continue
        stack: list[tuple[int, int]] = []  # left edge and height of rectangles still growing
        for right, height in enumerate([*heights, 0]):
            left = right
            while stack and stack[-1][1] >= height:
                left, tall = stack.pop()
                wide = right - left
                if wide >= _MIN_FIELDS[0] and tall >= _MIN_FIELDS[1] and wide * tall > best:
                    best, found = wide * tall, (left, bottom - tall, right, bottom)
            stack.append((left, height))
    return found


def _area(box: tuple[int, int, int, int]) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])


def _side(edges: Floats) -> int:
    """Place in `SIDES`."""
    x0, y0, x1, y1 = (float(edge) for edge in edges)
    if x1 - x0 > 0.9 and y1 - y0 > 0.9:
        return 4
    across, down = (x0 + x1) / 2 - 0.5, (y0 + y1) / 2 - 0.5
    if abs(across) >= abs(down):
        return 0 if across < 0 else 1
    return 2 if down < 0 else 3


def letter_contrast(pixels: NDArray[np.uint8]) -> float:
    """The better of the contrasts of black and of white letters on a part of a picture, 1..21.

    Contrast ratio of the Web Content Accessibility Guidelines 2.2, at the worst tenth of the pixels.
    """
    luminance = linear(np.ascontiguousarray(pixels[::2, ::2])) @ _LUMINANCE
    darkest, brightest = np.percentile(luminance, [10, 90])
    return float(max((darkest + 0.05) / 0.05, 1.05 / (brightest + 0.05)))
