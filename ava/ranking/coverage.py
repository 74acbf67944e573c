"""How much of a film's facets a set covers: a submodular function, and what one more frame adds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from ava.ranking.facets import Facet

Floats = NDArray[np.float64]


class Coverage:
    """Coverage of all facets by a growing set of frames.

    The function is ``C(S) = Σ_f w_f / n_f Σ_v worth_v log(1 + c_v(S) / s_f)``: ``c_v`` is how much
    of value ``v`` the set shows, ``s_f`` the facet's saturation, ``n_f`` what the single frame that
    shows most of the facet adds to an empty set, and ``w_f`` the facet's weight (they sum to 1).
    A concave function of a sum of shares that are not negative is monotone and submodular (Lin &
    Bilmes, "A class of submodular functions for document summarization", 2011), and so is a sum of
    such.

    Parameters
    ----------
    facets : sequence of Facet
        What can be covered; all of the same N frames.
    weights : mapping of str to float
        By name of the facet, not negative; a facet without one does not count.
    n_rows : int
        How many frames there are.
    """

    def __init__(self, facets: Sequence[Facet], weights: Mapping[str, float], n_rows: int) -> None:
        used = [(one, weights[one.name]) for one in facets if weights.get(one.name, 0) > 0]
        self._facets = facets
        whole = sum(weight for _, weight in used) or 1.0
        index, share, worth, scale, first = [], [], [], [], 0
        for facet, weight in used:
            most = _gain(facet.worth[facet.index], facet.share / facet.saturation).max(initial=0.0)
            index.append(facet.index + first)
            share.append(facet.share)
            worth.append(facet.worth * weight / whole / (most or 1.0))
            scale.append(np.full(len(facet.worth), 1 / facet.saturation))
            first += len(facet.worth)
        self._index = np.concatenate([np.zeros((n_rows, 0), np.int64), *index], axis=1)
        self._share = np.concatenate([np.zeros((n_rows, 0)), *share], axis=1)
        self._worth = np.concatenate([np.zeros(0), *worth])
        self._scale = np.concatenate([np.zeros(0), *scale])
        self._covered = np.zeros(first)
        self._seen = [np.zeros(len(one.values)) for one in facets]

    def gain(self, rows: NDArray[np.int64], afresh: bool = False) -> Floats:
        """What each of `rows` would add to the set, or to an empty one; not negative."""
        index = self._index[rows]
        scale = self._scale[index]
        before = 0.0 if afresh else self._covered[index]
        ratio = self._share[rows] * scale / (1 + before * scale)
        return _gain(self._worth[index], ratio)

    def first_with(self, row: int) -> tuple[str, ...]:
        """What the frame shows that no frame of the set does, in words."""
        words = (
            word
            for facet, seen in zip(self._facets, self._seen, strict=True)
            for value, word in facet.news(row)
            if not seen[value]
        )
        return tuple(dict.fromkeys(words))  # "nobody" is said of people and of company

    def add(self, row: int) -> None:
        """Put a frame into the set."""
        np.add.at(self._covered, self._index[row], self._share[row])
        for facet, seen in zip(self._facets, self._seen, strict=True):
            np.add.at(seen, facet.index[row], facet.share[row])


def _gain(worth: Floats, ratio: Floats) -> Floats:
    """Sum over values of ``worth × log(1 + ratio)``: log(1 + (c + x)/s) − log(1 + c/s) in one."""
    gain: Floats = (worth * np.log1p(ratio)).sum(axis=1)
    return gain
