"""Studio logos and end credits: told by where they stand and by how much of it is text."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from ava.ranking.pool import Pool

Mask = NDArray[np.bool_]

_OPENING_SECONDS = 150.0
_OPENING_SHARE = 0.03
_LAST_SHARE = 0.15  # of the film, in which credits may begin
_DENSE = 0.5  # share of the shots of a stretch that show text
_A_FACE = 0.25  # height of one that an actor, not a figure of a logo, has


def opening_and_end(pool: Pool, is_text: Mask) -> Mask:
    """The frames of studio logos and end credits, those between the lettering too.

    Opening: the longest run of shots from the first one on that ends with a shot of text, half of
    whose shots show text, and in which nobody's face is large; within the first 3 % of the film.
    End: the longest run up to the last shot that begins with text and has it in half of its shots;
    within the last 15 %.

    Parameters
    ----------
    pool : Pool
        All frames of a film.
    is_text : ndarray of bool, shape (N,)
        Which frames are cards of text, or have text in the way.
    """
    shots, place = np.unique(pool.shot_index, return_inverse=True)
    starts = np.full(len(shots), np.inf)
    np.minimum.at(starts, place, pool.pts_seconds)
    has_text = np.zeros(len(shots), bool)
    np.logical_or.at(has_text, place, is_text)
    has_face = np.zeros(len(shots), bool)
    np.logical_or.at(has_face, place, pool.column("face_height") >= _A_FACE)
    seconds = pool.duration_seconds
    found = np.zeros(len(shots), bool)
    opening = (starts <= min(_OPENING_SECONDS, _OPENING_SHARE * seconds)) & _none_before(has_face)
    found[: _dense_run(has_text[opening])] = True
    ending = starts >= (1 - _LAST_SHARE) * seconds
    found[len(shots) - _dense_run(has_text[ending][::-1]) :] = True
    return found[place]


def _none_before(closed: Mask) -> Mask:
    """True up to the first True of `closed`, which is left out."""
    return ~np.logical_or.accumulate(closed)


def _dense_run(text: Mask) -> int:
    """Length of the longest run from the first on that ends with text and is dense with it."""
    share = np.cumsum(text) / np.arange(1, len(text) + 1)
    ends = np.flatnonzero(text & (share >= _DENSE))
    return int(ends[-1]) + 1 if len(ends) else 0
