"""Groups in plain words: the named colors they play more and less of."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ava.core.color_names import NAMES, name_index
from ava.core.palettes import palette_of
from ava.ranking.color_compare import lab_of, name_of, typical_color
from ava.review.comparison import SwatchView
from ava.taste.decisions import Doubles

_N_COLORS = 4
_LETTERS = ("#2f6fb0", "#c2571a", "#3c8a4a", "#b03a78", "#75695c", "#7a4fb5", "#0f8b8d", "#9a7d0a")
_WORTH_SAYING = 0.005
_N_PALETTE = 6


def bin_middles() -> Doubles:
    """The middle of every bin in sRGB 0..255, shape (216, 3)."""
    return (np.indices((6, 6, 6)).reshape(3, -1).T + 0.5) * 256 / 6


def leaning_colors(leaning: Doubles) -> tuple[tuple[SwatchView, ...], tuple[SwatchView, ...]]:
    """Named colors played more and less of than expected, the strongest first, in points."""
    names = name_index(lab_of(bin_middles()))
    shares = np.bincount(names, leaning, len(NAMES)).astype(np.float64)
    order = np.argsort(-np.abs(shares))
    more = [at for at in order if shares[at] > _WORTH_SAYING][:_N_COLORS]
    less = [at for at in order if shares[at] < -_WORTH_SAYING][:_N_COLORS]
    return _swatches(more, shares), _swatches(less, shares)


def _swatches(places: list[int], shares: Doubles) -> tuple[SwatchView, ...]:
    return tuple(
        SwatchView(as_hex(typical_color(NAMES[at])), NAMES[at], 100 * abs(float(shares[at])))
        for at in places
    )


def in_words(leaning: Doubles) -> str:
    """Such as "More orange and brown, less dark blue"."""
    more, less = leaning_colors(leaning)
    parts = []
    if more:
        parts.append("more " + " and ".join(one.name for one in more[:2]))
    if less:
        parts.append("less " + less[0].name)
    text = ", ".join(parts) or "colors like everybody"
    return text[0].upper() + text[1:]


def played_palette(vector: Doubles) -> tuple[SwatchView, ...]:
    """Colors that stand for a vector (216,), commonest first."""
    there = vector > 0
    colors = bin_middles()[there]
    means, shares = palette_of(colors, lab_of(colors), vector[there], _N_PALETTE)
    return tuple(
        SwatchView(as_hex(color), name_of(color), 100 * float(share))
        for color, share in zip(means, shares, strict=True)
        if share > 0
    )


def letter_colors(leanings: Sequence[Sequence[float]]) -> tuple[str, ...]:
    """A color for each group's letter, well told apart, as near as can be to what it plays more of.

    Parameters
    ----------
    leanings : sequence of sequence of float
        One of 216 for each group; with more than eight of them the colors repeat.
    """
    from scipy.optimize import linear_sum_assignment

    more = np.maximum(np.array(leanings, np.float64).reshape(-1, 216), 0)
    hues = more @ lab_of(bin_middles())[:, 1:] / np.maximum(more.sum(axis=1, keepdims=True), 1e-12)
    known = lab_of(np.array([list(bytes.fromhex(one[1:])) for one in _LETTERS]))[:, 1:]
    # By direction: whoever plays dark colors plays no hue strongly.
    hues, known = (one / np.maximum(np.hypot(*one.T)[:, None], 1e-12) for one in (hues, known))
    colors = [_LETTERS[at % len(_LETTERS)] for at in range(len(more))]
    for row, column in zip(*linear_sum_assignment(-hues[: len(_LETTERS)] @ known.T), strict=True):
        colors[row] = _LETTERS[column]
    return tuple(colors)


def as_hex(color: Doubles) -> str:
    """A color as ``#rrggbb``."""
    return "#" + "".join(f"{round(float(one)):02x}" for one in color)
