"""The steps of a study, each read from and written to the taste folder.

====================  ============================================================================
``simulated/``        events, artwork and truth of `simulate`
``fit/``              variants, impressions, profiles, ``groups.json``
``assign/``           ``assignments.parquet``, ``lookup.parquet`` and ``lookup.json``
``evaluate/``         ``evaluation.json``
====================  ============================================================================
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from ava.core.errors import StoreError
from ava.scoring.registry import Registry
from ava.store.atomic import replacing_folder, write_atomic
from ava.store.databases import is_database
from ava.store.tables import read_table, write_table
from ava.store.title_folder import read_json
from ava.taste.checking import Problem
from ava.taste.decisions import Decisions
from ava.taste.fitting import FitSettings, Study, places_in, study_of
from ava.taste.variants import measure_artwork, read_variants, write_variants
from ava.taste.viewers import (
    Viewers,
    fetch_plays,
    play_weights,
)
from ava.taste.warehouse import N_LOG_PROFILES, TABLE, opened_events

SIMULATED, FIT, ASSIGN, EVALUATE = "simulated", "fit", "assign", "evaluate"
_DAY_SECONDS = 86_400


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
    earlier = folder / FIT / "groups.json"
    before = read_json(earlier) if earlier.is_file() else None
    study = study_of(log, plays, variants, until, settings, before)
    left_out = [asdict(one) for one in events.problems]
    facts = {**study.groups, "artwork": str(artwork.resolve()), "left_out": left_out}
    study = replace(study, artwork=artwork.resolve(), groups=facts)
    _write_fit(folder, study)
    return study, events.problems


def _write_fit(folder: Path, study: Study) -> None:
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
                **({} if log.country is None else {"country": log.country}),
                "blind_group": study.row_group,
                "blind_taste": study.row_taste.astype(np.float32),
            },
        )
        write_table(
            draft / "profiles.parquet",
            {"profile_id": list(log.profile_ids), "group": study.group, "taste": study.taste},
        )
        write_table(
            draft / "viewers.parquet",
            {
                "profile": places_in(viewers, log),
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
    rows = read_table(at / "impressions.parquet")
    row_group, row_taste = rows.pop("blind_group"), rows.pop("blind_taste")
    log = Decisions(names, **rows, countries=tuple(groups["countries"]))
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
        row_group,
        row_taste.astype(np.float64),
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
