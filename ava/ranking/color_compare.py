"""How the colors of two pictures or titles differ: distances, matched palettes, plain words.

All stand on shares, so that pictures of any size and films of any length compare.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from ava.core.color_names import NAMES, name_index
from ava.core.palettes import palette_of

Doubles = NDArray[np.float64]

N_BINS, N_PALETTE = 216, 5
_LEVELS = 6
_CELLS = 32
_WORTH_SAYING = 0.02
_HARDLY_ANY = 0.005


@dataclass(frozen=True)
class ColorBreakdown:
    """The colors of a picture or a title.

    Attributes
    ----------
    histogram : ndarray of float64, shape (216,)
        Share in each of 6 × 6 × 6 bins of sRGB; sums to 1.
    named : ndarray of float64, shape (K,)
        Share of each of `ava.core.color_names.NAMES`; sums to 1.
    palette : ndarray of float64, shape (5, 3)
        sRGB 0..255 of the colors that stand for it, commonest first.
    palette_share : ndarray of float64, shape (5,)
        What each stands for; sums to 1; 0 for a repeated color.
    """

    histogram: Doubles
    named: Doubles
    palette: Doubles
    palette_share: Doubles

    def __post_init__(self) -> None:
        for name, shape in (
            ("histogram", (N_BINS,)),
            ("named", (len(NAMES),)),
            ("palette", (N_PALETTE, 3)),
            ("palette_share", (N_PALETTE,)),
        ):
            value = getattr(self, name)
            if value.shape != shape:
                raise ValueError(f"{name} must have shape {shape}, not {value.shape}")
            if name != "palette" and abs(value.sum() - 1) > 1e-3:
                raise ValueError(f"{name} must sum to 1, not {value.sum()}")


def breakdown_over(
    histograms: NDArray[np.floating],
    named: NDArray[np.floating],
    palettes: NDArray[np.floating],
    palette_shares: NDArray[np.floating],
    weights: Doubles,
) -> ColorBreakdown:
    """The breakdown of several frames together.

    Parameters
    ----------
    histograms : ndarray, shape (N, 216)
        A row per frame, as are the following.
    named : ndarray, shape (N, K)
        Shares of named colors.
    palettes : ndarray, shape (N, 15)
        Five colors each.
    palette_shares : ndarray, shape (N, 5)
        Their shares; the palette of all is gathered from those of the frames.
    weights : ndarray of float64, shape (N,)
        What each frame counts; above 0.
    """
    weights = weights / weights.sum()
    colors = palettes.reshape(-1, 3).astype(np.float64)
    shares = (palette_shares * weights[:, None]).ravel()
    there = shares > 0
    colors, shares = colors[there], shares[there]
    palette, palette_share = palette_of(colors, lab_of(colors), shares, N_PALETTE)
    return ColorBreakdown(weights @ histograms, weights @ named, palette, palette_share)


@dataclass(frozen=True)
class MatchedColors:
    """A color of one palette and the one of the other that stands for the same place.

    Attributes
    ----------
    first, second : int
        Places in the two palettes.
    difference : float
        CIEDE2000 between them: 1 is hardly seen, 10 at a glance, 50 is another color altogether.
    weight : float
        Mean of their shares.
    """

    first: int
    second: int
    difference: float
    weight: float


@dataclass(frozen=True)
class NamedDifference:
    """A named color, and its share in either."""

    name: str
    first: float
    second: float


@dataclass(frozen=True)
class ColorDistance:
    """How far apart two breakdowns are; every number is 0 for the same one twice.

    Attributes
    ----------
    chi_square : float
        Of the histograms, ``½ Σ (a - b)² / (a + b)``: 0 the same, 1 not a bin in common.
    earth_movers : float
        How far, in CIELAB, color has to be moved to turn one histogram into the other, on average
        over the picture (Rubner, Tomasi & Guibas, "The earth mover's distance as a metric for
        image retrieval", 2000). Bins lie at their middles; neighbors are 6 to 30 apart.
    palette_difference : float
        Mean CIEDE2000 of the matched palette colors, by their weight.
    matches : tuple of MatchedColors
        The palettes matched one to one so that this mean is least.
    differences : tuple of NamedDifference
        Named colors that differ by 2 % of the picture or more, the most first.
    """

    chi_square: float
    earth_movers: float
    palette_difference: float
    matches: tuple[MatchedColors, ...]
    differences: tuple[NamedDifference, ...]


def color_distance(first: ColorBreakdown, second: ColorBreakdown) -> ColorDistance:
    """Compare two breakdowns; the numbers are symmetric."""
    matches = matched_palettes(first, second)
    return ColorDistance(
        chi_square(first.histogram, second.histogram),
        earth_movers(first.histogram, second.histogram),
        float(sum(one.difference * one.weight for one in matches)),
        matches,
        named_differences(first, second),
    )


def chi_square(first: Doubles, second: Doubles) -> float:
    """``½ Σ (a - b)² / (a + b)`` over the bins that either has; 0..1 for shares."""
    both = first + second
    there = both > 0
    return float(0.5 * ((first - second)[there] ** 2 / both[there]).sum())


def earth_movers(first: Doubles, second: Doubles) -> float:
    """Least mean distance in CIELAB that turns one histogram (216,) into the other, ΔE*ab."""
    from scipy.optimize import linprog
    from scipy.sparse import eye_array, kron, vstack

    # What both have can stay where it is: the distance obeys the triangle inequality.
    surplus = first - second
    givers, takers = np.flatnonzero(surplus > 1e-9), np.flatnonzero(surplus < -1e-9)
    if not len(givers) or not len(takers):
        return 0.0
    given, taken = surplus[givers], -surplus[takers]
    moved = (given.sum() + taken.sum()) / 2
    given, taken = given * (moved / given.sum()), taken * (moved / taken.sum())
    points = _bin_points()
    costs = np.linalg.norm(points[givers][:, None] - points[takers][None], axis=2)
    leaves = kron(eye_array(len(givers)), np.ones((1, len(takers))))
    arrives = kron(np.ones((1, len(givers))), eye_array(len(takers)))
    plan = linprog(
        costs.ravel(),
        # The last equation follows from the others, and rounding would make it contradict them.
        A_eq=vstack([leaves, arrives]).tocsr()[:-1],
        b_eq=np.concatenate([given, taken])[:-1],
        method="highs",
    )
    assert plan.status == 0, plan.message
    return float(plan.fun)


@cache
def _bin_points() -> Doubles:
    """CIELAB of the middle of every bin, shape (216, 3)."""
    middles = (np.indices((_LEVELS,) * 3).reshape(3, -1).T + 0.5) * 256 / _LEVELS
    return lab_of(middles)


def matched_palettes(first: ColorBreakdown, second: ColorBreakdown) -> tuple[MatchedColors, ...]:
    """Palette colors matched one to one, the heaviest first; those that stand for nothing left out."""
    from scipy.optimize import linear_sum_assignment
    from skimage.color import deltaE_ciede2000

    one, other = lab_of(first.palette), lab_of(second.palette)
    differences = deltaE_ciede2000(one[:, None], other[None])  # type: ignore[no-untyped-call]
    weights = (first.palette_share[:, None] + second.palette_share[None]) / 2
    pairs = [
        MatchedColors(int(i), int(j), float(differences[i, j]), float(weights[i, j]))
        for i, j in zip(*linear_sum_assignment(differences * weights), strict=True)
        if weights[i, j] > 0
    ]
    return tuple(sorted(pairs, key=lambda pair: (-pair.weight, pair.first)))


def named_differences(first: ColorBreakdown, second: ColorBreakdown) -> tuple[NamedDifference, ...]:
    """Named colors of which one has more by at least 2 % of the picture, the most first."""
    found = [
        NamedDifference(name, float(one), float(other))
        for name, one, other in zip(NAMES, first.named, second.named, strict=True)
        if abs(one - other) >= _WORTH_SAYING
    ]
    return tuple(sorted(found, key=lambda one: -abs(one.first - one.second)))


def in_words(one: NamedDifference, first: str, second: str) -> str:
    """A difference as a sentence: "A has 23 % more dark blue: 41 % against 18 %"."""
    more, fewer = (first, second) if one.first > one.second else (second, first)
    high, low = max(one.first, one.second), min(one.first, one.second)
    if low < _HARDLY_ANY:
        return f"{more} has {100 * high:.0f} % {one.name}, {fewer} hardly any."
    points = round(100 * high) - round(100 * low)
    return f"{more} has {points} % more {one.name}: {100 * high:.0f} % against {100 * low:.0f} %."


def lab_of(colors: NDArray[np.floating]) -> Doubles:
    """CIELAB (D65) of sRGB colors 0..255, shape (..., 3)."""
    from skimage.color import rgb2lab

    return np.asarray(rgb2lab(np.asarray(colors, np.float64) / 255), np.float64)


def name_of(color: NDArray[np.floating]) -> str:
    """The plain name of one sRGB color (3,), 0..255."""
    return NAMES[int(name_index(lab_of(color)))]


@cache
def _typical_colors() -> Doubles:
    """For every name the mean sRGB of the colors that go by it, shape (K, 3)."""
    colors = (np.indices((_CELLS,) * 3).reshape(3, -1).T + 0.5) * 256 / _CELLS
    names = name_index(lab_of(colors))
    sums = np.stack([np.bincount(names, channel, len(NAMES)) for channel in colors.T], axis=1)
    return np.asarray(sums / np.bincount(names, minlength=len(NAMES))[:, None], np.float64)


def typical_color(name: str) -> Doubles:
    """The middle of the colors that go by a name, sRGB 0..255, shape (3,)."""
    return np.asarray(_typical_colors()[NAMES.index(name)], np.float64)
