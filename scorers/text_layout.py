"""What kind of text a frame carries, told by where its lines stand: subtitle, title, credits."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from scorers.pictures import Floats

_SAME_ROW = 0.5  # of the lower one's height, between the middles
_WORD_GAP = 2.0  # line heights; wider apart it is another piece
_LOWER_QUARTER, _TOP = 0.72, 0.14
_MIDDLE = (0.2, 0.8)
_OFF_CENTRE, _FLUSH = 0.1, 0.02
_SAME_SIZE, _REACH = 1.8, 3.5  # times the height of a line


@dataclass(frozen=True)
class Layout:
    """The lines of one frame.

    Attributes
    ----------
    pieces : ndarray of float, shape (K, 4)
        Words that stand together, as left, top, right, bottom, 0..1, from the top.
    rows : ndarray of float, shape (R, 4)
        The same with all that stands side by side as one.
    legible : ndarray of float, shape (K,)
        Whether each piece is light lettering that stands out from what is around it, 0..1.
    """

    pieces: NDArray[np.float64]
    rows: NDArray[np.float64]
    legible: NDArray[np.float64]


def layout_of(boxes: Floats, luma: Floats) -> Layout:
    """Put boxes of text (K, 4) in a picture (H, W), 0..255, into rows and pieces."""
    rows: list[list[NDArray[np.float64]]] = []
    for box in boxes.astype(np.float64)[np.argsort(boxes[:, 1] + boxes[:, 3], kind="stable")]:
        if rows and _beside(_around(rows[-1]), box):
            rows[-1].append(box)
        else:
            rows.append([box])
    pieces: list[NDArray[np.float64]] = []
    aspect = luma.shape[1] / luma.shape[0]
    for row in rows:
        words = sorted(row, key=lambda box: float(box[0]))
        together = [words[:1]]
        for word in words[1:]:
            last = _around(together[-1])
            if (word[0] - last[2]) * aspect > _WORD_GAP * (last[3] - last[1]):
                together.append([])
            together[-1].append(word)
        pieces += [_around(one) for one in together]
    return Layout(
        np.array(pieces).reshape(-1, 4),
        np.array([_around(row) for row in rows]).reshape(-1, 4),
        np.array([_legible(piece, luma) for piece in pieces]),
    )


def subtitle_band(layout: Layout) -> float:
    """One to three centred lines of one size, light and sharp, low in the picture or at its top."""
    middles = _middles(layout.pieces)[:, 1]
    places = (middles > _LOWER_QUARTER, middles < _TOP)
    return max(_as_subtitle(layout, place) for place in places)


def _as_subtitle(layout: Layout, place: NDArray[np.bool_]) -> float:
    pieces, legible = layout.pieces, layout.legible
    heights, widths = pieces[:, 3] - pieces[:, 1], pieces[:, 2] - pieces[:, 0]
    middles = _middles(pieces)
    off = np.abs(middles[:, 0] - 0.5)
    could_be = place & (off < _OFF_CENTRE) & (legible > 0)
    if not could_be.any():
        return 0.0
    anchor = int(np.where(could_be, widths, 0).argmax())
    height = heights[anchor]
    alike = np.maximum(heights, height) < _SAME_SIZE * np.minimum(heights, height)
    near = alike & (np.abs(middles[:, 1] - middles[anchor, 1]) < _REACH * height)
    # Two speakers' lines are set flush left, and only the longer one stands in the middle.
    lines = near & ((off < _OFF_CENTRE) | (np.abs(pieces[:, 0] - pieces[anchor, 0]) < _FLUSH))
    above = np.abs(middles[:, 1:] - middles[lines, 1])
    beside = near & ~lines & (above < _SAME_ROW * height).any(axis=1)
    # Lettering of the same size to the left or right makes it a row of signs or buttons.
    if lines.sum() > 3 or beside.any():
        return 0.0
    centred = _falls(float(off[anchor]), 0.03, _OFF_CENTRE)
    size = _rises(float(heights[lines].min()), 0.02, 0.03)
    size *= _falls(float(heights[lines].max()), 0.13, 0.18)
    width = _rises(float(widths[anchor]), 0.02, 0.05) * _falls(float(widths[anchor]), 0.88, 0.97)
    return centred * size * width * float(legible[lines].min())


def credits_roll(layout: Layout, text_card: float, ground: Floats) -> float:
    """Many short lines, centred or in two columns, over the height of a dark, plain picture.

    Parameters
    ----------
    layout : Layout
        The lines.
    text_card : float
        Share of all that is drawn that is text.
    ground : ndarray of float32, shape (P,)
        Luma of the picture outside of the text, 0..255.
    """
    rows = layout.rows
    if len(rows) < 2 or not ground.size:
        return 0.0
    many = _rises(len(rows), 4, 7) * _rises(float(rows[-1, 3] - rows[0, 1]), 0.3, 0.55)
    plain = _falls(float(np.percentile(ground, 90)), 45, 80) * _rises(text_card, 0.35, 0.6)
    return many * plain * max(_centred(rows), _in_columns(layout.pieces))


def _centred(rows: NDArray[np.float64]) -> float:
    middles = _middles(rows)[:, 0]
    return _falls(float(np.median(np.abs(middles - np.median(middles)))), 0.03, 0.08)


def _in_columns(pieces: NDArray[np.float64]) -> float:
    """Whether the pieces end at the left of a gutter and begin at its right."""
    left = pieces[_middles(pieces)[:, 0] < 0.5]
    right = pieces[_middles(pieces)[:, 0] >= 0.5]
    if min(len(left), len(right)) < 3:
        return 0.0
    edges = (left[:, 2], right[:, 0])
    ragged = max(float(np.median(np.abs(edge - np.median(edge)))) for edge in edges)
    return _falls(ragged, 0.02, 0.06)


def title_card(layout: Layout, text_card: float) -> float:
    """Few words that are all there is to see, or that stand large in the middle of a picture."""
    if not len(layout.pieces):
        return 0.0
    tall = float(np.median(layout.pieces[:, 3] - layout.pieces[:, 1]))
    few = _falls(len(layout.rows), 6, 9) * _falls(tall, 0.35, 0.5)
    return few * max(_rises(text_card, 0.35, 0.6), _over_picture(layout))


def _over_picture(layout: Layout) -> float:
    middles = _middles(layout.pieces)
    inside = (middles[:, 1] > _MIDDLE[0]) & (middles[:, 1] < _MIDDLE[1])
    lines = inside & (np.abs(middles[:, 0] - 0.5) < _OFF_CENTRE)
    if not lines.any():
        return 0.0
    sides = layout.pieces[:, 2:] - layout.pieces[:, :2]
    areas = sides.prod(axis=1)
    most = _rises(float(areas[lines].sum() / areas[inside].sum()), 0.4, 0.7)
    centred = _falls(float(np.abs(middles[lines, 0] - 0.5).max()), 0.03, _OFF_CENTRE)
    size = _rises(float(sides[lines, 1].max()), 0.04, 0.06)
    width = _rises(float(sides[lines, 0].max()), 0.1, 0.2)
    return most * centred * size * width * float(layout.legible[lines].min())


def _legible(piece: NDArray[np.float64], luma: Floats) -> float:
    height, width = luma.shape
    rows = slice(int(piece[1] * height), int(np.ceil(piece[3] * height)))
    columns = slice(int(piece[0] * width), int(np.ceil(piece[2] * width)))
    dark, light = np.percentile(luma[rows, columns], [10, 96])
    return _rises(float(light - dark), 40, 75) * _rises(float(light), 120, 160)


def _around(boxes: list[NDArray[np.float64]]) -> NDArray[np.float64]:
    edges = np.stack(boxes)
    return np.concatenate([edges[:, :2].min(axis=0), edges[:, 2:].max(axis=0)])


def _beside(row: NDArray[np.float64], box: NDArray[np.float64]) -> bool:
    apart = abs((row[1] + row[3]) / 2 - (box[1] + box[3]) / 2)
    return bool(apart < _SAME_ROW * min(row[3] - row[1], box[3] - box[1]))


def _middles(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    return (boxes[:, :2] + boxes[:, 2:]) / 2


def _rises(value: float, low: float, high: float) -> float:
    return float(np.clip((value - low) / (high - low), 0, 1))


def _falls(value: float, low: float, high: float) -> float:
    return 1.0 - _rises(value, low, high)
