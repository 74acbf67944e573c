"""What a set of artwork should cover: people, scales, places, light, palette, time, room for a title."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ava.ranking.pool import Pool

Floats = NDArray[np.float64]
Coded = tuple[tuple[str, ...], NDArray[np.int64]]

FACETS = (
    "shot", "time", "episode", "characters", "company", "scale", "environment", "light", "palette",
    "space",
)  # fmt: skip
"""Names of all facets."""

NOBODY, STRANGERS = "nobody", "somebody else"
_NO_ROOM = "no room for a title"
_NO_NEWS = (STRANGERS, _NO_ROOM)
_OF_ROLE = {"lead": 1.0, "supporting": 0.75}
_STRANGER, _PLACE_ALONE = 0.35, 0.5  # what a picture of somebody else, and of nobody, is worth
_COMPANY = (NOBODY, "one person alone", "two people", "three people", "a crowd")
_COLORS_KEPT = 16  # of the 216; what the others of a picture cover cannot be seen
_EVENNESS = 0.25  # 1 would cover values by their share of the film, 0 all of them alike
_PARTS_OF_TIME = 8
_MOST_PLACES, _PLACE_SAMPLE, _PLACE_ROUNDS = 10, 1500, 20
_DARK, _BRIGHT = 35.0, 62.0  # mean L*
_COOL, _WARM = -0.1, 0.1
_SMALL_FIGURE = 4  # from the medium long shot on
_ROOMY = 0.12  # share of the picture from which a calm rectangle takes a title
_SIDES = {
    "left": "room for a title on the left",
    "right": "room for a title on the right",
    "top": "room for a title above",
    "bottom": "room for a title below",
    "all over": "room for a title all over",
}


@dataclass(frozen=True)
class Facet:
    """One way in which frames differ, and what each frame shows of it.

    Attributes
    ----------
    name : str
        Identifier, such as ``scale``.
    values : tuple of str
        What there is, in words.
    index : ndarray of int64, shape (N, M)
        The values that each frame shows.
    share : ndarray of float64, shape (N, M)
        How much of each, 0..1; 0 where there are fewer than M. Sums to about 1.
    worth : ndarray of float64, shape (V,)
        What covering a value is worth, the commonest 1.
    saturation : float
        How much of a value is enough: the smaller, the less a second helping is worth.
    told : bool
        Whether its values are worth telling a person.
    keys : tuple of str
        What the first of its values are called by machines; words alone may be doubled.
    """

    name: str
    values: tuple[str, ...]
    index: NDArray[np.int64]
    share: Floats
    worth: Floats
    saturation: float
    told: bool = True
    keys: tuple[str, ...] = ()

    def of(self, row: int) -> tuple[str, ...]:
        """The values that a frame shows, in words."""
        shown = self.index[row][self.share[row] > 0]
        return tuple(self.values[value] for value in shown)

    def news(self, row: int) -> tuple[tuple[int, str], ...]:
        """The values whose coming into a set is worth saying, with their words."""
        # The number of an environment tells nobody anything, and an episode is in the label.
        said = self.told and self.name not in ("environment", "episode")
        shown = self.index[row][self.share[row] > 0] if said else ()
        words = ((int(value), self.values[value]) for value in shown)
        return tuple((value, word) for value, word in words if word not in _NO_NEWS)

    def showing(self, value: int) -> NDArray[np.bool_]:
        """Which frames show a value."""
        shown: NDArray[np.bool_] = ((self.index == value) & (self.share > 0)).any(axis=1)
        return shown


def facets_of(pool: Pool, rows: NDArray[np.int64]) -> tuple[Facet, ...]:
    """All facets of the frames in `rows`; those that nobody looked at are left out.

    A value is worth the fourth root of its share of the film (each shot counting the same): what
    the film is mostly about comes first, and what is rare still comes before a third helping.
    """
    _, place, n_in_shot = np.unique(pool.shot_index[rows], return_inverse=True, return_counts=True)
    mass = 1.0 / n_in_shot[place]
    found = [_one_of("shot", *_shots(pool, rows), None, 0.02, told=False)]
    if pool.is_film:
        found.append(_time(pool, rows))
    if pool.episode:
        names, codes = np.unique([pool.episode[row] for row in rows], return_inverse=True)
        words = tuple(str(name) for name in names)
        found.append(_one_of("episode", words, codes.astype(np.int64), None, 0.3))
    if pool.seen:
        found.append(_characters(pool, rows))
    if not np.isnan(pool.column("face_count")[rows]).all():
        found.append(_one_of("company", _COMPANY, _company(pool, rows), mass, 0.5))
    for name, coded in (("scale", _scale(pool, rows)), ("space", _space(pool, rows))):
        if coded is not None:
            found.append(_one_of(name, *coded, mass, 0.5))
    if not np.isnan(pool.column("brightness")[rows]).all():
        found.append(_one_of("light", *_light(pool, rows), mass, 0.5))
    colors = _known(pool, rows, "color_histogram")
    if colors.shape[1] > 1:
        found.append(_palette(colors, mass))
        layout = _known(pool, rows, "layout")
        places = _places(colors, layout, len(np.unique(pool.shot_index[rows])), mass)
        found.append(_one_of("environment", *places, mass, 0.3))
    return tuple(found)


def _one_of(
    name: str,
    values: tuple[str, ...],
    codes: NDArray[np.int64],
    mass: Floats | None,
    saturation: float,
    told: bool = True,
) -> Facet:
    """A facet of which every frame shows one value; without `mass` all are worth the same."""
    share = np.ones((len(codes), 1))
    worth = np.ones(len(values))
    if mass is not None:
        worth = _worth(np.bincount(codes, mass, minlength=len(values)).astype(np.float64))
    return Facet(name, values, codes[:, None], share, worth, saturation, told)


def _worth(mass: Floats) -> Floats:
    worth: Floats = (mass / max(float(mass.max(initial=0.0)), 1e-12)) ** _EVENNESS
    return worth


def _shots(pool: Pool, rows: NDArray[np.int64]) -> Coded:
    shots, codes = np.unique(pool.shot_index[rows], return_inverse=True)
    return tuple(f"shot {shot + 1}" for shot in shots), codes.astype(np.int64)


def _time(pool: Pool, rows: NDArray[np.int64]) -> Facet:
    """Each frame belongs to the two nearest of the parts, so that no border cuts through a scene."""
    at = (pool.pts_seconds[rows] / pool.duration_seconds).clip(0, 1) * (_PARTS_OF_TIME - 1)
    low = np.minimum(at.astype(np.int64), _PARTS_OF_TIME - 2)
    values = tuple(f"part {part + 1} of {_PARTS_OF_TIME}" for part in range(_PARTS_OF_TIME))
    return Facet(
        "time", values, np.column_stack([low, low + 1]),
        np.column_stack([1 - (at - low), at - low]), np.ones(_PARTS_OF_TIME), 0.3, told=False,
    )  # fmt: skip


def _characters(pool: Pool, rows: NDArray[np.int64]) -> Facet:
    people = {one.key: one for row in rows for one in pool.seen[row] if one.role != "extra"}
    place = {key: at for at, key in enumerate(people)}
    stranger, nobody = len(place), len(place) + 1
    width = max((len(pool.seen[row]) for row in rows), default=0) or 1
    index = np.zeros((len(rows), width), np.int64)
    share = np.zeros((len(rows), width))
    counts = np.nan_to_num(pool.column("face_count")[rows])
    index[:, 0], share[:, 0] = np.where(counts > 0, stranger, nobody), 1.0
    for at, row in enumerate(rows):
        shown = [place[one.key] for one in pool.seen[row] if one.key in place]
        if shown:
            index[at, : len(shown)], share[at, : len(shown)] = shown, 1 / len(shown)
    names = (*(one.called for one in people.values()), STRANGERS, NOBODY)
    worth = np.array([_OF_ROLE[one.role] for one in people.values()] + [_STRANGER, _PLACE_ALONE])
    return Facet("characters", names, index, share, worth, 0.5, keys=tuple(place))


def _company(pool: Pool, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    size = pool.column("group_size")[rows]
    counts = np.where(np.isnan(size), pool.column("face_count")[rows], size)
    return np.nan_to_num(counts).clip(0, len(_COMPANY) - 1).astype(np.int64)


def _scale(pool: Pool, rows: NDArray[np.int64]) -> Coded | None:
    codes = pool.column("shot_scale")[rows]
    # Without a face, only a small figure is told well enough from a thing.
    doubtful = (pool.column("face_count")[rows] == 0) & (codes < _SMALL_FIGURE)
    codes = np.where(doubtful, np.nan, codes)
    return _coded(pool, rows, "shot_scale", "without people", codes)


def _space(pool: Pool, rows: NDArray[np.int64]) -> Coded | None:
    side = pool.column("title_space_side")[rows]
    roomy = pool.column("title_space")[rows] >= _ROOMY
    coded = _coded(pool, rows, "title_space_side", _NO_ROOM, np.where(roomy, side, np.nan))
    if coded is None:
        return None
    return tuple(_SIDES.get(word, word) for word in coded[0]), coded[1]


def _coded(
    pool: Pool, rows: NDArray[np.int64], name: str, otherwise: str, codes: NDArray[np.float32]
) -> Coded | None:
    """The words of a column of codes, and the code of each frame; `otherwise` where it has none."""
    column = next((one for one in pool.scores.columns if one.name == name), None)
    if column is None or not column.words or np.isnan(pool.column(name)[rows]).all():
        return None
    known = np.where(np.isnan(codes), len(column.words), codes - column.low)
    return (*column.words, otherwise), known.astype(np.int64)


def _light(pool: Pool, rows: NDArray[np.int64]) -> Coded:
    """The tone of a picture: how light, and how warm."""
    level = np.digitize(np.nan_to_num(pool.column("brightness")[rows], nan=50.0), [_DARK, _BRIGHT])
    warmth = np.digitize(np.nan_to_num(pool.column("warmth")[rows]), [_COOL, _WARM])
    words = tuple(
        f"{light} {tone} light"
        for light in ("dark", "medium", "bright")
        for tone in ("cool", "neutral", "warm")
    )
    return words, (3 * level + warmth).astype(np.int64)


def _known(pool: Pool, rows: NDArray[np.int64], name: str) -> NDArray[np.float32]:
    """A column of several numbers a frame; 0 where it does not apply, one number where all do not."""
    values = pool.column(name)[rows].reshape(len(rows), -1)
    applies = np.isfinite(values[:, 0])
    if not applies.any():
        return np.zeros((len(rows), 1), np.float32)
    values[~applies] = 0
    return values


def _palette(colors: NDArray[np.float32], mass: Floats) -> Facet:
    kept = min(_COLORS_KEPT, colors.shape[1])
    index = np.argpartition(-colors, kept - 1, axis=1)[:, :kept]
    worth = _worth(mass @ colors)
    values = tuple(f"color {color}" for color in range(colors.shape[1]))
    share = np.take_along_axis(colors, index, axis=1).astype(np.float64)
    return Facet("palette", values, index, share, worth, 0.3, told=False)


def _places(
    colors: NDArray[np.float32], layout: NDArray[np.float32], n_shots: int, mass: Floats
) -> Coded:
    """Frames grouped by colors and layout: pictures of one place in one light come together.

    k-means on the square roots of the color shares (their Hellinger distance) and the brightness
    of the fields; one group for every two shots, ten at most. Seeded, so that the same
    film always has the same places; the commonest is the first.
    """
    import cv2  # its k-means: scikit-learn's and SciPy's take a third of a second to load

    light = layout / (255 * np.sqrt(layout.shape[1]))
    looks = np.concatenate([np.sqrt(colors.clip(0)), light], axis=1, dtype=np.float32)
    wanted = int(np.clip(round(n_shots / 2), 1, _MOST_PLACES))
    some = looks[np.unique(np.linspace(0, len(looks) - 1, _PLACE_SAMPLE).round().astype(int))]
    if len(np.unique(some, axis=0)) <= wanted:
        wanted = 1
    centers = some.mean(axis=0, keepdims=True)
    if wanted > 1:
        cv2.setRNGSeed(0)
        until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, _PLACE_ROUNDS, 1e-4)
        found = cv2.kmeans(some, wanted, None, until, 1, cv2.KMEANS_PP_CENTERS)  # type: ignore[call-overload]
        centers = found[2]
    codes = np.argmin((centers * centers).sum(axis=1) - 2 * looks @ centers.T, axis=1)
    order = np.argsort(-np.bincount(codes, mass, minlength=wanted), kind="stable")
    rank = np.empty(wanted, np.int64)
    rank[order] = np.arange(wanted)
    return tuple(f"environment {place + 1}" for place in range(wanted)), rank[codes]
