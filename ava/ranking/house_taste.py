"""A learned taste in a title: the column its network gives, and what the title lacks of it."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.learned import Learned
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile
from ava.ranking.utility import percentiles_of
from ava.scoring.contract import Column

HOUSE_TASTE = Column(
    "house_taste", "share", 0, 1, "more",
    "How likely designers of this house are to prefer it to another frame of this title, "
    "learned from their decisions.",
    family="contextual",
)  # fmt: skip

_MOST = 401  # frames that stand for the title


def with_taste(
    pool: Pool, rows: NDArray[np.int64], profile: Profile
) -> tuple[Pool, tuple[str, ...]]:
    """The pool with the column of a learned network, and what a person should know.

    A profile that was not learned changes nothing; one without a network brings no column.

    Parameters
    ----------
    pool : Pool
        All frames.
    rows : ndarray of int64, shape (K,)
        Those that are ranked.
    profile : Profile
        The weights.

    Raises
    ------
    ConfigError
        When the title has nothing of what the network was learned on.
    """
    if profile.learned is None:
        return pool, ()
    network = profile.network
    wanted = tuple(profile.weights) if network is None else network.columns
    known = {column.name: column for column in pool.scores.scalars()}
    has = [name for name in wanted if name in known and not np.isnan(pool.column(name)[rows]).all()]
    lacks = [name for name in wanted if name not in has]
    remarks = (_lacking(profile.name, lacks, len(wanted)),) if lacks else ()
    if network is None:
        return pool, remarks
    if not has:
        raise ConfigError(f"profile {profile.name} was learned on nothing that this title has")
    at = [wanted.index(name) for name in has]
    percentiles = np.full((len(rows), len(wanted)), 0.5)
    percentiles[:, at] = percentiles_of(pool, rows, [known[name] for name in has])
    values = np.full(len(pool), np.nan, np.float32)
    values[rows] = _preferred(network(percentiles) / profile.learned.temperature)
    return pool.with_column(HOUSE_TASTE, values), remarks


def _preferred(strength: NDArray[np.float64]) -> NDArray[np.float64]:
    """Mean probability of each frame to be preferred to another, by the Bradley–Terry model."""
    others = np.quantile(strength, np.linspace(0, 1, min(_MOST, len(strength))))
    total = np.zeros(len(strength))
    for other in others:
        total += (1 + np.tanh((strength - other) / 2)) / 2  # the sigmoid, without overflow
    return total / len(others)


def _lacking(profile: str, names: list[str], n_wanted: int) -> str:
    words = ", ".join(name.replace("_", " ") for name in names)
    return (
        f"{profile} was learned on {n_wanted} columns, of which this title lacks {len(names)}: "
        f"{words}. They do not count."
    )


def other_versions(learned: Learned | None, scorer_ids: Iterable[str]) -> tuple[str, ...]:
    """One line where a title was scored by other versions than a taste was learned on.

    Parameters
    ----------
    learned : Learned or None
        The taste; None for a profile that a person wrote.
    scorer_ids : iterable of str
        What scored the title.
    """
    if learned is None:
        return ()
    there = set(scorer_ids)
    names = {one.rsplit("-", 2)[0] for one in there}
    moved = sorted(
        {
            meant.rsplit("-", 2)[0]
            for meant in learned.scorers.values()
            if meant not in there and meant.rsplit("-", 2)[0] in names
        }
    )
    if not moved:
        return ()
    return (
        f"the taste was learned on numbers of other versions of {', '.join(moved)}: "
        "rank its titles again, and learn it anew",
    )
