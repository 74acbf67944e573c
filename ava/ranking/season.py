"""The frames of several episodes as those of one title."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from ava.ranking.gates import DROPPED_IN_EPISODE
from ava.ranking.pool import Pool
from ava.ranking.repeats import Looks
from ava.ranking.sets import DiversitySettings
from ava.scoring.table import ScoreTable

_ROOM = 10**9  # frames of one episode, at most


@dataclass(frozen=True)
class Episode:
    """An episode to be joined.

    Attributes
    ----------
    name : str
        What it is called.
    pool : Pool
        Its shortlisted frames.
    n_shots : int
        Its shots.
    kept : ndarray of int64
        The rows that passed its own gates.
    """

    name: str
    pool: Pool
    n_shots: int
    kept: NDArray[np.int64]


def season_id(episode: int, frame_id: int) -> int:
    """A frame's id in the season, from its id in the episode of that place."""
    return episode * _ROOM + frame_id


def episode_id(frame_id: int) -> tuple[int, int]:
    """The reverse of `season_id`."""
    return divmod(frame_id, _ROOM)


def joined(episodes: Sequence[Episode]) -> Pool:
    """One pool of all episodes, one after the other.

    Columns that one of them lacks are left out. What an episode's own gates dropped stays dropped:
    its openings and end credits stand in the middle of the season.
    """
    pools = [one.pool for one in episodes]
    shared = set.intersection(*({column.name for column in one.scores.columns} for one in pools))
    columns = tuple(one for one in pools[0].scores.columns if one.name in shared)
    values = {
        one.name: np.concatenate([pool.scores[one.name] for pool in pools]) for one in columns
    }
    ids = [season_id(at, 0) + pool.frame_ids for at, pool in enumerate(pools)]
    problems = dict.fromkeys(line for pool in pools for line in pool.scores.problems)
    table = ScoreTable(np.concatenate(ids), columns, values, tuple(problems), pools[0].scores.roads)
    starts = np.cumsum([0.0] + [pool.duration_seconds for pool in pools])
    shots = np.cumsum([0] + [one.n_shots for one in episodes])
    pool = Pool(
        np.concatenate(
            [one.pts_seconds + start for one, start in zip(pools, starts, strict=False)]
        ),
        tuple(f"{one.name} {label}" for one in episodes for label in one.pool.labels),
        np.concatenate([one.shot_index + first for one, first in zip(pools, shots, strict=False)]),
        np.concatenate([one.in_transition for one in pools]),
        table,
        float(starts[-1]),
        all(one.is_film for one in pools),
        episode=tuple(one.name for one in episodes for _ in one.pool.labels),
        n_torn=sum(one.n_torn for one in pools),
    )
    kept = [one.kept + first for one, first in zip(episodes, _firsts(pools), strict=True)]
    dropped = np.ones(len(pool), np.float32)
    dropped[np.concatenate(kept)] = 0
    return pool.with_column(DROPPED_IN_EPISODE, dropped)


def _firsts(pools: Sequence[Pool]) -> list[int]:
    return [sum(len(one) for one in pools[:at]) for at in range(len(pools))]


def taken_in(
    episode: int, pool: Pool, taken: Iterable[int], settings: DiversitySettings
) -> frozenset[int]:
    """The frames of an episode, by its own ids, that are taken or show a taken picture again.

    Parameters
    ----------
    episode : int
        Its place in the season.
    pool : Pool
        The season's.
    taken : iterable of int
        Season ids of the frames of other sets.
    settings : DiversitySettings
        What is the same picture.
    """
    looks = Looks.of(
        pool, np.arange(len(pool)), settings.near_duplicate_gray, settings.near_duplicate_color
    )
    mine = np.flatnonzero(pool.frame_ids // _ROOM == episode)
    out = np.zeros(len(mine), bool)
    for frame_id in taken:
        row = int(np.searchsorted(pool.frame_ids, frame_id))
        out |= looks.same(row, mine) | (mine == row)
    return frozenset(int(one) % _ROOM for one in pool.frame_ids[mine[out]])


def with_episodes(pool: Pool, names: Sequence[str]) -> Pool:
    """A season's pool as it is read back, with the episode of each frame."""
    return replace(pool, episode=tuple(names[int(one) // _ROOM] for one in pool.frame_ids))
