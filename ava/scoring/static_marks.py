"""Marks that stand at one place while the pictures change: a station's logo, a watermark.

One frame cannot tell a mark from the scene, so this is the work of a title: over pictures from all
its shots, the edges of a mark stay where they are, and all others come and go. (The idea that a
watermark is what stays in the median gradient: Dekel et al., "On the effectiveness of visible
watermarks", 2017.)
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.core.geometry import Box
from ava.scoring.contract import Column

STATIC_LOGO = Column(
    "static_logo", "share", 0, 1, "less",
    "How much is seen of a mark that stands at one place throughout the title, such as a station's logo.",
    family="filters",
)  # fmt: skip

_LINES_PX = 270
_MOST, _FEWEST = 80, 12  # pictures compared
_SAME_AREA = 0.02
_MARGIN = 0.012  # of the picture's sides: codecs and scanners leave lines there
_LEAST_EDGE = 2.0  # gray levels per pixel
_LEAST_SIDE = _LEAST_EDGE / 1.5  # the larger side of such an edge is its length over 1.41 or more
_AS_BEFORE, _MOSTLY, _SURE = 0.4, 0.8, 0.87  # of the median edge; of the pictures
# Beyond these it is the scene that stands still: one place before a camera that does not move.
_STILL_SHARE = 0.02  # of the usual edges
_ALIKE = 0.03  # more of the edges of one picture are found again in another than by chance
_LEAST_EDGE_PX = 60
_JOINED_PX = 9
_WIDEST, _HIGHEST, _THINNEST = 0.7, 0.3, 0.015  # of the picture's sides
_ABSENT, _PRESENT = 0.3, 0.85  # share of a mark's edges

Floats = NDArray[np.float32]


@dataclass(frozen=True)
class Mark:
    """A mark: where it stands, as shares of the shown picture, and in how many of the pictures."""

    box: Box
    presence: float

    @property
    def place(self) -> str:
        """Where it is, in plain words."""
        x, y = (self.box.x0 + self.box.x1) / 2, (self.box.y0 + self.box.y1) / 2
        row = "upper" if y < 1 / 3 else "lower" if y > 2 / 3 else ""
        column = "left" if x < 1 / 3 else "right" if x > 2 / 3 else ""
        if row and column:
            return f"in the {row} {column} corner"
        if column:
            return f"at the {column} edge"
        return {"upper": "at the top", "lower": "at the foot", "": "in the middle"}[row]


@dataclass(frozen=True)
class StaticMarks:
    """What was found in a title.

    Attributes
    ----------
    marks : tuple of Mark
        Largest first.
    known : bool
        False where too few pictures, or too still ones, leave it open whether there is a mark.
    """

    marks: tuple[Mark, ...]
    known: bool
    _area: Box | None = None
    _edges: tuple[Floats, Floats] | None = None
    _where: NDArray[np.bool_] | None = None

    def seen_in(self, pixels: NDArray[np.uint8], area: Box) -> float:
        """How much of the marks a picture shows, 0..1; NaN where that cannot be told.

        Parameters
        ----------
        pixels : ndarray of uint8, shape (H, W, 3)
            Upright sRGB picture, cropped to `area`.
        area : Box
            The part of the shown picture that it is.
        """
        if not self.known:
            return float("nan")
        if not self.marks:
            return 0.0
        assert self._area is not None
        assert self._edges is not None
        assert self._where is not None
        if not _alike(area, self._area):
            return float("nan")
        luma = _luma(pixels, area)
        if luma.shape != self._where.shape:
            return float("nan")
        share = float(_stays(_edges(luma), self._edges)[self._where].mean())
        return float(np.clip((share - _ABSENT) / (_PRESENT - _ABSENT), 0, 1))


class MarkFinder:
    """Takes pictures of a title one by one, keeps a few dozen small ones, and compares them."""

    def __init__(self) -> None:
        self._kept: list[tuple[Box, NDArray[np.uint8]]] = []
        self._every, self._n_seen = 1, 0

    def add(self, pixels: NDArray[np.uint8], area: Box) -> None:
        """Consider one picture (H, W, 3), cropped to `area` of the shown one; in order of time."""
        if self._n_seen % self._every == 0:
            self._kept.append((area, _luma(pixels, area)))
            if len(self._kept) == _MOST:
                self._kept, self._every = self._kept[::2], 2 * self._every
        self._n_seen += 1

    def found(self) -> StaticMarks:
        """The marks of the pictures so far."""
        if not self._kept:
            return StaticMarks((), False)
        edges = np.array([(one.x0, one.y0, one.x1, one.y1) for one, _ in self._kept])
        area = Box(*map(float, np.median(edges, axis=0)))
        shape = next((luma.shape for one, luma in self._kept if _alike(one, area)), None)
        kept = [luma for one, luma in self._kept if _alike(one, area) and luma.shape == shape]
        if len(kept) < _FEWEST:
            return StaticMarks((), False)
        return _compared(np.stack(kept), area)


def _compared(stack: NDArray[np.uint8], area: Box) -> StaticMarks:
    edges = [_edges(luma) for luma in stack]
    inside = _inside(stack.shape[1:])
    middle, stays = _usual(edges, inside)
    still = (np.hypot(*middle) > _LEAST_EDGE) & (stays >= _MOSTLY)
    clusters = [one for one in _clusters(still, area) if stays[one].mean() >= _SURE]
    where = np.zeros(still.shape, bool)
    for cluster in clusters:
        where |= cluster
    strong = [np.hypot(*one) > _LEAST_EDGE for one in edges]
    usual = max(float(np.mean([one[inside].mean() for one in strong])), 1e-3)
    beyond = inside & ~_widened(where)
    rest_stands = float((still & ~where).mean()) > _STILL_SHARE * usual
    if rest_stands or _likeness(edges, [one & beyond for one in strong]) > _ALIKE:
        return StaticMarks((), False)
    marks = tuple(Mark(_box(one, area), float(stays[one].mean())) for one in clusters)
    return StaticMarks(marks, True, area, middle, where)


def _usual(
    edges: list[tuple[Floats, Floats]], inside: NDArray[np.bool_]
) -> tuple[tuple[Floats, Floats], NDArray[np.float64]]:
    """The median edges, and in which share of the pictures they are seen; 0 where there are none.

    A median of so many pictures takes long, and is of no use unless it is an edge: then half of them
    have one, across or down, either way.
    """
    sides = [np.stack([one[side] for one in edges]) for side in (0, 1)]
    half = len(edges) // 2
    may = np.zeros(inside.shape, bool)
    for side in sides:
        for rising in (side > _LEAST_SIDE, side < -_LEAST_SIDE):
            may |= rising.sum(axis=0, dtype=np.uint8) >= half  # of `_MOST` at most
    may &= inside
    across, down = (side[:, may] for side in sides)
    median = np.median(across, axis=0), np.median(down, axis=0)
    seen = np.mean([_stays(one, median) for one in zip(across, down, strict=True)], axis=0)
    middle = np.zeros(may.shape, np.float32), np.zeros(may.shape, np.float32)
    stays = np.zeros(may.shape)
    middle[0][may], middle[1][may], stays[may] = *median, seen
    return middle, stays


def _likeness(edges: list[tuple[Floats, Floats]], strong: list[NDArray[np.bool_]]) -> float:
    """How much of one picture's edges another one has, too: 0 by chance, 1 for the same picture.

    By chance as many edges run the other way as the same way.
    """
    n_pictures = len(edges)
    shared = []
    for one, where in enumerate(map(np.flatnonzero, strong)):
        if not len(where):
            continue
        mine = edges[one][0].ravel()[where], edges[one][1].ravel()[where]
        for step in (n_pictures // 2, n_pictures // 3):
            across, down = (side.ravel()[where] for side in edges[(one + step) % n_pictures])
            same, opposite = (_stays(it, mine).mean() for it in ((across, down), (-across, -down)))
            shared.append(float(same - opposite))
    return float(np.median(shared)) if shared else 1.0


def _luma(pixels: NDArray[np.uint8], area: Box) -> NDArray[np.uint8]:
    """Small luma of a cropped picture; the shown one would have `_LINES_PX` lines."""
    import cv2  # here: `import ava` must not pay for it

    luma = cv2.cvtColor(pixels, cv2.COLOR_RGB2GRAY)
    height = max(1, round(_LINES_PX * (area.y1 - area.y0)))
    size = (max(1, round(luma.shape[1] * height / luma.shape[0])), height)
    return cv2.resize(luma, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _edges(luma: NDArray[np.uint8]) -> tuple[Floats, Floats]:
    """How luma rises to the right and downwards, gray levels per pixel."""
    import cv2

    soft = cv2.GaussianBlur(luma.astype(np.float32), (0, 0), 1.0)
    return (
        cv2.Sobel(soft, cv2.CV_32F, 1, 0, scale=1 / 8).astype(np.float32, copy=False),
        cv2.Sobel(soft, cv2.CV_32F, 0, 1, scale=1 / 8).astype(np.float32, copy=False),
    )


def _stays(edges: tuple[Floats, Floats], middle: tuple[Floats, Floats]) -> NDArray[np.bool_]:
    """Where the edges of one picture run as the median ones do."""
    along = edges[0] * middle[0] + edges[1] * middle[1]
    stays: NDArray[np.bool_] = along > _AS_BEFORE * (middle[0] ** 2 + middle[1] ** 2)
    return stays


def _inside(shape: tuple[int, ...], further_px: int = 0) -> NDArray[np.bool_]:
    """All but the outermost lines."""
    rows, columns = (max(2, round(_MARGIN * side)) + further_px for side in shape)
    inside = np.zeros(shape, bool)
    inside[rows:-rows, columns:-columns] = True
    return inside


def _widened(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """With all that is near."""
    import cv2

    near = np.ones((_JOINED_PX, _JOINED_PX), np.uint8)
    return np.asarray(cv2.dilate(where.astype(np.uint8), near) > 0)


def _clusters(marks: NDArray[np.bool_], area: Box) -> list[NDArray[np.bool_]]:
    """Groups of edges with the size of a mark, largest first."""
    import cv2

    n_groups, labels = cv2.connectedComponents(_widened(marks).astype(np.uint8))
    groups = [(labels == group) & marks for group in range(1, n_groups)]
    fitting = [one for one in groups if one.sum() >= _LEAST_EDGE_PX and _like_a_mark(one, area)]
    return sorted(fitting, key=lambda one: -int(one.sum()))


def _like_a_mark(cluster: NDArray[np.bool_], area: Box) -> bool:
    box = _box(cluster, area)
    width, height = box.x1 - box.x0, box.y1 - box.y0
    free = not (cluster & ~_inside(cluster.shape, 1)).any()
    thin = min(width, height) < _THINNEST
    return free and not thin and width <= _WIDEST and height <= _HIGHEST


def _box(cluster: NDArray[np.bool_], area: Box) -> Box:
    height, width = cluster.shape
    rows, columns = np.flatnonzero(cluster.any(axis=1)), np.flatnonzero(cluster.any(axis=0))
    wide, high = area.x1 - area.x0, area.y1 - area.y0
    return Box(
        area.x0 + wide * int(columns[0]) / width,
        area.y0 + high * int(rows[0]) / height,
        min(1.0, area.x0 + wide * (int(columns[-1]) + 1) / width),
        min(1.0, area.y0 + high * (int(rows[-1]) + 1) / height),
    )


def _alike(one: Box, other: Box) -> bool:
    pairs = ((one.x0, other.x0), (one.y0, other.y0), (one.x1, other.x1), (one.y1, other.y1))
    return max(abs(edge - its) for edge, its in pairs) <= _SAME_AREA
