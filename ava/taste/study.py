"""The steps of a study, each read from and written to the taste folder.

====================  ============================================================================
``simulated/``        events, artwork and truth of `simulate`
``fit/``              variants, impressions, profiles, ``groups.json``
``assign/``           ``assignments.parquet``, ``lookup.parquet`` and ``lookup.json``
``evaluate/``         ``evaluation.json``
====================  ============================================================================

The log is split in time. Groups, assignments and policies are learned from what came before the
split and judged on what came after: nothing is judged by what it was learned from.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ava.core.errors import ConfigError, StoreError
from ava.scoring.registry import Registry
from ava.store.atomic import replacing_folder, write_atomic
from ava.store.databases import is_database
from ava.store.tables import read_table, write_table
from ava.store.title_folder import read_json
from ava.taste.checking import Problem
from ava.taste.decisions import Decisions, Doubles, Places, Variants
from ava.taste.groups import K_ANONYMITY, MIN_PLAYS, Groups, find_groups, keep_names
from ava.taste.policies import shrunk_taste
from ava.taste.variants import measure_artwork, read_variants, write_variants
from ava.taste.viewers import (
    DAYS,
    HALF_LIFE_DAYS,
    Viewers,
    dealt_leanings,
    fetch_plays,
    play_weights,
    viewers_of,
)
from ava.taste.warehouse import N_LOG_PROFILES, TABLE, opened_events

SIMULATED, FIT, ASSIGN, EVALUATE = "simulated", "fit", "assign", "evaluate"
_DAY_SECONDS = 86_400


@dataclass(frozen=True)
class FitSettings:
    """How groups are found.

    Attributes
    ----------
    days, half_life_days : float
        How far back plays count, and how soon one counts half.
    train_share : float
        Share of the time of the log that is learned from, 0..1; the rest is kept for judging.
    n_groups : int or None
        How many; chosen where None.
    k_anonymity : int
        Smaller groups are dissolved.
    min_plays : int
        Profiles with fewer are in no group.
    log_profiles : int or None
        Assign and judge by the impressions of so many profiles, drawn by lot; groups are found
        from all. Of a file all where None, of a database 20,000.
    seed : int
        The same seed, the same result.
    """

    days: float = DAYS
    half_life_days: float = HALF_LIFE_DAYS
    train_share: float = 0.6
    n_groups: int | None = None
    k_anonymity: int = K_ANONYMITY
    min_plays: int = MIN_PLAYS
    log_profiles: int | None = None
    seed: int = 0

    def __post_init__(self) -> None:
        if not 0 < self.train_share < 1:
            raise ConfigError(f"the share to learn from lies in 0..1, not at {self.train_share}")
        if self.k_anonymity < 2 or self.min_plays < 1:
            raise ConfigError("k-anonymity must be 2 or more, and the fewest plays 1 or more")


@dataclass(frozen=True)
class Study:
    """What `fit` found.

    Attributes
    ----------
    variants : Variants
        The artwork, and `artwork` the folder its files are in.
    log : Decisions
        All impressions.
    viewers : Viewers
        Profiles with a play before the split.
    group : ndarray of int64, shape (P,)
        Group of every profile of the log; -1 for none.
    taste : ndarray of float64, shape (P, D)
        What policies know of them: coordinates of the leaning, and a 1 for their group.
    groups : mapping
        What ``groups.json`` says.
    """

    variants: Variants
    artwork: Path
    log: Decisions
    viewers: Viewers
    group: Places
    taste: Doubles
    groups: Mapping[str, Any]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the groups."""
        return tuple(self.groups["names"])

    @property
    def early(self) -> Decisions:
        """Impressions before the split."""
        return self.log.where(self.log.shown_days < self.groups["split_days"])

    @property
    def late(self) -> Decisions:
        """Impressions after the split."""
        return self.log.where(self.log.shown_days >= self.groups["split_days"])


def fit(
    folder: Path,
    where: str,
    artwork: Path,
    registry: Registry,
    settings: FitSettings,
    *,
    table: str = TABLE,
    lenient: bool = False,
    salt: bytes | None = None,
) -> tuple[Study, tuple[Problem, ...]]:
    """Find the groups, and write ``fit/``.

    Parameters
    ----------
    where, table : str
        A file of events, or the URL of a database and the table they are in.

    Raises
    ------
    EventsError
        When events or artwork cannot be used.
    ConfigError
        When too few profiles have played enough.
    """
    variants = measure_artwork(artwork, registry)
    few = N_LOG_PROFILES if is_database(where) else None
    with opened_events(where, variants, table=table, lenient=lenient, salt=salt) as events:
        log = events.decisions(variants, settings.log_profiles or few, settings.seed)
        first, last = float(log.shown_days.min()), float(log.shown_days.max())
        split = np.floor((first + settings.train_share * (last - first)) * 24) / 24
        until = datetime.fromtimestamp(split * _DAY_SECONDS, UTC)
        query = play_weights(events.impressions, until, settings.days, settings.half_life_days)
        plays = fetch_plays(query, variants, events.salt)
    viewers = viewers_of(plays, variants)
    found = find_groups(
        viewers.leanings,
        viewers.n_plays,
        lambda rng, rows: dealt_leanings(plays, variants, rng, rows),
        n_groups=settings.n_groups,
        k_anonymity=settings.k_anonymity,
        min_plays=settings.min_plays,
        seed=settings.seed,
    )
    means = _means(viewers.leanings, found.group, len(found.names))
    found = _named_as_before(folder, found, means)
    place = {name: at for at, name in enumerate(log.profile_ids)}
    where = np.array([place[name] for name in viewers.profile_ids], np.int64)
    group = np.full(len(log.profile_ids), -1, np.int64)
    group[where] = found.group
    taste = np.zeros((len(group), len(found.components) + len(found.names)))
    coordinates = shrunk_taste(found.coordinates(viewers.leanings), viewers.n_plays)
    taste[where] = np.hstack([coordinates, found.group[:, None] == np.arange(len(found.names))])
    document = {
        **_groups_json(found, settings),
        "split_days": float(split),
        "split_at": until.isoformat(),
        "artwork": str(artwork.resolve()),
        "leanings": means.tolist(),
        "left_out": [asdict(one) for one in events.problems],
    }
    study = Study(variants, artwork.resolve(), log, viewers, group, taste, document)
    _write_fit(folder, study, where)
    return study, events.problems


def _named_as_before(folder: Path, found: Groups, means: Doubles) -> Groups:
    path = folder / FIT / "groups.json"
    if not path.is_file():
        return found
    before = read_json(path)
    old = np.array(before["leanings"], np.float64).reshape(-1, 216)
    return keep_names(found, tuple(before["names"]), old, means)


def _means(rows: Doubles, group: Places, n_groups: int) -> Doubles:
    return np.array([rows[group == at].mean(axis=0) for at in range(n_groups)]).reshape(-1, 216)


def _groups_json(found: Groups, settings: FitSettings) -> dict[str, Any]:
    return {
        "names": list(found.names),
        "sizes": [int((found.group == at).sum()) for at in range(len(found.names))],
        "cohesion": found.cohesion.tolist(),
        "verdict": found.verdict,
        "p_value": found.p_value,
        "explained": found.explained,
        "explained_by_chance": found.explained_by_chance,
        "tried": [asdict(one) for one in found.tried],
        "settings": asdict(settings),
    }


def _write_fit(folder: Path, study: Study, where: Places) -> None:
    log, viewers = study.log, study.viewers
    with replacing_folder(folder / FIT) as draft:
        write_variants(draft / "variants.parquet", study.variants)
        write_table(
            draft / "impressions.parquet",
            {
                "profile": log.profile,
                "variant": log.variant,
                "shown_days": log.shown_days,
                "reward": log.reward,
                "played": log.played,
                "propensity": log.propensity,
            },
        )
        write_table(
            draft / "profiles.parquet",
            {"profile_id": list(log.profile_ids), "group": study.group, "taste": study.taste},
        )
        write_table(
            draft / "viewers.parquet",
            {
                "profile": where,
                "n_plays": viewers.n_plays,
                "color_histogram": viewers.vectors,
                "leaning": viewers.leanings,
            },
        )
        write_json(draft / "groups.json", study.groups)


def read_study(folder: Path) -> Study:
    """What `fit` wrote.

    Raises
    ------
    StoreError
        When it was not run, or its files are damaged.
    """
    at = folder / FIT
    if not (at / "groups.json").is_file():
        raise StoreError(f"{folder} holds no taste groups yet", f"run: ava taste fit {folder}")
    profiles, viewers = read_table(at / "profiles.parquet"), read_table(at / "viewers.parquet")
    groups = read_json(at / "groups.json")
    names = tuple(profiles["profile_id"])
    log = Decisions(names, **read_table(at / "impressions.parquet"))
    return Study(
        read_variants(at / "variants.parquet"),
        Path(groups["artwork"]),
        log,
        Viewers(
            tuple(names[place] for place in viewers["profile"]),
            viewers["n_plays"],
            viewers["color_histogram"],
            viewers["leaning"],
        ),
        profiles["group"],
        profiles["taste"],
        groups,
    )


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a document; NaN becomes null."""
    text = json.dumps(_without_nan(document), ensure_ascii=False, indent=1, allow_nan=False)
    write_atomic(path, text.encode())


def _without_nan(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value
