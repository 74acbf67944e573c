"""Two title folders of one film, compared: read, weighed again, and set side by side."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from ava.casting import cast_title
from ava.core.errors import AvaError, ConfigError
from ava.ranking.diff import RankingDiff, diff
from ava.ranking.fate import Ranked, gives
from ava.ranking.genre import profile_for
from ava.ranking.rank import RankingSettings
from ava.ranking.repeats import Looks
from ava.ranking.results import Ranking
from ava.ranking.weighing import Weighed, weigh
from ava.settings import Settings, updated
from ava.store.cast_files import known_characters
from ava.store.title_folder import Title, read_ranking, read_ranking_settings, read_title


def diff_titles(before: Path, after: Path) -> RankingDiff:
    """What changed between two rankings of one film; nothing is written.

    Each is weighed again with the settings kept in its folder, to say what became of the frames
    that are not among its candidates; where that does not give what the folder says, a note does.

    Parameters
    ----------
    before, after : pathlib.Path
        Title folders.

    Raises
    ------
    ConfigError
        When they are not of the same film.
    StoreError
        When one of them is no title folder, or holds no ranking.
    """
    titles = read_title(before), read_title(after)
    ids = [one.facts["source"]["content_id"] for one in titles]
    if ids[0] != ids[1]:
        raise ConfigError(
            f"{before} and {after} are of different films",
            "their sources differ in content (content_id in title.json); name two folders of one",
        )
    with_scan = all("scan" in one.facts for one in titles)
    first, second = (
        _ranked(folder, title, with_scan)
        for folder, title in zip((before, after), titles, strict=True)
    )
    return diff(first, second)


def _ranked(folder: Path, title: Title, with_scan: bool) -> Ranked:
    ranking, kept = read_ranking(folder), read_ranking_settings(folder)
    weighed, looks = _weighed_again(folder, title, ranking, kept)
    facts = title.facts
    # Folders of an earlier version say only whether the scan was another, not how.
    scan = facts["scan"] if with_scan else {"settings": facts["scan_id"]}
    roads = {f"road of {name}": road for name, road in facts["roads"].items()}
    return Ranked(
        ranking,
        {"scan": scan, **kept},
        {"software": facts["software"], **roads},
        tuple(facts["scorer_ids"]),
        title.pool.frame_ids,
        weighed,
        looks,
    )


def _weighed_again(
    folder: Path, title: Title, ranking: Ranking, kept: dict[str, Any]
) -> tuple[Weighed, Looks] | tuple[None, None]:
    """What each frame was worth, where the kept settings still give what the ranking says."""
    if not kept:
        return None, None
    try:
        settings = updated(Settings(), kept, str(folder))
        pool = cast_title(folder, title, settings.cast, known_characters(folder), write=False)
        wanted: RankingSettings = settings.ranking
        profile = profile_for(wanted.profile, pool)
        weighed = weigh(pool, wanted.gates, wanted.spoilers, profile)
    except AvaError:  # a profile that is gone, a setting of another version
        return None, None
    if not gives(weighed, ranking):
        return None, None
    near = wanted.diversity.near_duplicate_gray, wanted.diversity.near_duplicate_color
    return weighed, Looks.of(weighed.pool, np.arange(len(pool)), *near)
