"""What was shown to whom, and what came of it: the columns that everything here stands on."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Doubles = NDArray[np.float64]
Places = NDArray[np.int64]


@dataclass(frozen=True)
class Variants:
    """The artwork there is.

    Attributes
    ----------
    variant_ids : tuple of str
        One per variant, V in all, as are the following.
    title_ids : tuple of str
        The title each is of.
    artwork_ids : tuple of str
        Lineage: crops and language versions of one picture share it.
    histograms : ndarray of float64, shape (V, 216)
        Share of each picture in 6 × 6 × 6 bins of sRGB; a row sums to 1.
    files : tuple of str
        Where the picture is, relative to the taste folder; may be empty.
    traits : mapping of str to ndarray of float64, shape (V,)
        Other numbers of the scorers, by column: brightness, shot scale, faces …; NaN: does not apply.
    genres : tuple of str
        Of the title; may be empty.
    """

    variant_ids: tuple[str, ...]
    title_ids: tuple[str, ...]
    artwork_ids: tuple[str, ...]
    histograms: Doubles
    files: tuple[str, ...]
    traits: dict[str, Doubles]
    genres: tuple[str, ...]

    def __post_init__(self) -> None:
        n = len(self.variant_ids)
        if len(set(self.variant_ids)) != n:
            raise ValueError("variant ids must differ")
        if self.histograms.shape != (n, 216):
            raise ValueError(f"histograms must be ({n}, 216), not {self.histograms.shape}")
        if not {n} == {*map(len, (self.title_ids, self.artwork_ids, self.files, self.genres))}:
            raise ValueError("every column needs a value per variant")

    def __len__(self) -> int:
        return len(self.variant_ids)

    @cached_property
    def titles(self) -> tuple[str, ...]:
        """The titles, in the order they first come, T in all."""
        return tuple(dict.fromkeys(self.title_ids))

    @cached_property
    def title_of(self) -> Places:
        """Place in `titles` of every variant's title, shape (V,)."""
        place = {name: at for at, name in enumerate(self.titles)}
        return np.array([place[name] for name in self.title_ids], np.int64)

    @cached_property
    def artwork_of(self) -> Places:
        """Number of every variant's artwork, shape (V,); artwork is never shared by two titles."""
        keys = list(zip(self.title_ids, self.artwork_ids, strict=True))
        place = {key: at for at, key in enumerate(dict.fromkeys(keys))}
        return np.array([place[key] for key in keys], np.int64)

    @cached_property
    def slots(self) -> Places:
        """Variants of every title, shape (T, S); -1 where a title has fewer than S."""
        members = [np.flatnonzero(self.title_of == title) for title in range(len(self.titles))]
        table = np.full((len(members), max(map(len, members), default=0)), -1, np.int64)
        for title, places in enumerate(members):
            table[title, : len(places)] = places
        return table

    @cached_property
    def slot_of(self) -> Places:
        """Place of every variant among those of its title, shape (V,)."""
        found = np.zeros(len(self), np.int64)
        rows, columns = np.nonzero(self.slots >= 0)
        found[self.slots[rows, columns]] = columns
        return found


@dataclass(frozen=True)
class Decisions:
    """Impressions, one per row, N in all.

    Attributes
    ----------
    profile_ids : tuple of str
        The profiles, P in all.
    profile, variant : ndarray of int64, shape (N,)
        Places in `profile_ids` and among the variants.
    shown_days : ndarray of float64, shape (N,)
        Days since 1970-01-01 UTC.
    reward : ndarray of float64, shape (N,)
        1 where a quality play followed, else 0: its mean is the take rate.
    played : ndarray of bool, shape (N,)
        Whether any play followed.
    propensity : ndarray of float64, shape (N,)
        Probability with which the logging policy showed this variant, 0..1.
    countries : tuple of str
        Where it was shown, where the events say so; else none.
    country : ndarray of int64, shape (N,), or None
        Places in `countries`; -1 for unknown. None where the events do not say.
    """

    profile_ids: tuple[str, ...]
    profile: Places
    variant: Places
    shown_days: Doubles
    reward: Doubles
    played: NDArray[np.bool_]
    propensity: Doubles
    countries: tuple[str, ...] = ()
    country: Places | None = None

    def __post_init__(self) -> None:
        columns = (self.variant, self.shown_days, self.reward, self.played, self.propensity)
        if any(one.shape != self.profile.shape for one in columns):
            raise ValueError("every column needs a value per impression")
        if len(self) and not (self.propensity.min() > 0 and self.propensity.max() <= 1):
            raise ValueError("propensities must be above 0 and at most 1")

    def __len__(self) -> int:
        return len(self.profile)

    def where(self, mask: NDArray[np.bool_]) -> Decisions:
        """The impressions of a mask; the profiles keep their places."""
        return Decisions(
            self.profile_ids,
            self.profile[mask],
            self.variant[mask],
            self.shown_days[mask],
            self.reward[mask],
            self.played[mask],
            self.propensity[mask],
            self.countries,
            None if self.country is None else self.country[mask],
        )
