"""Late frames lose a little, or are taken out; the list says so."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import ava
from ava.core.errors import ConfigError, NothingToRank
from ava.ranking.gates import GateSettings
from ava.ranking.pool import Pool
from ava.ranking.profiles import load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.ranking.results import Ranking
from ava.ranking.spoilers import LATENESS, SpoilerSettings
from ava.settings import load_settings
from ava.store.title_folder import read_title
from tests.test_ranking import pool_of

PROFILE = load_profile("default")


def film(n_rows: int, minutes: float) -> Pool:
    seconds = 60 * minutes
    pool = pool_of(n_rows, blood_red=0.0)
    return replace(pool, pts_seconds=pool.pts_seconds * seconds / n_rows, duration_seconds=seconds)


def ranked(pool: Pool, **settings: object) -> Ranking:
    return rank_pool(pool, RankingSettings(top=len(pool), **settings), PROFILE)  # type: ignore[arg-type]


def utilities(ranking: Ranking) -> dict[int, float]:
    return {one.frame_id: one.utility for one in ranking.candidates}


def test_the_last_quarter_loses_in_proportion() -> None:
    pool = film(40, 90)
    without = utilities(ranked(pool, spoilers=SpoilerSettings(lowers=0)))
    faded = ranked(pool, spoilers=SpoilerSettings(lowers=0.2))
    given = utilities(faded)
    for row, frame_id in enumerate(pool.frame_ids.tolist()):
        late = max(0.0, (row / 40 - 0.75) / 0.25)
        assert given[frame_id] == pytest.approx(without[frame_id] * (1 - 0.2 * late), abs=1e-5)
    for one in faded.candidates:
        assert one.utility == pytest.approx(sum(part.points for part in one.parts))
    late_ones = [one for one in faded.lowered if one.column == LATENESS.name]
    assert {one.frame_id for one in late_ones} == {
        one.frame_id for one in faded.candidates if one.pts_seconds > 0.75 * 90 * 60
    }
    assert all("late in the film" in one.reason for one in late_ones)


def test_a_trailer_has_no_end_to_give_away() -> None:
    pool = film(40, 3)
    assert not ranked(pool).lowered
    shorter = SpoilerSettings(shortest_minutes=1, lowers=0.5)
    assert ranked(pool, spoilers=shorter).lowered


def test_a_folder_of_pictures_has_no_end_either() -> None:
    pictures = replace(film(40, 90), is_film=False)
    assert not ranked(pictures, gates=GateSettings(spoiler_safe=0.5)).dropped
    assert not ranked(pictures, spoilers=SpoilerSettings(lowers=0.9)).lowered


def test_nothing_after_the_given_share() -> None:
    pool = film(40, 3)
    safe = ranked(pool, gates=GateSettings(spoiler_safe=0.5))
    assert safe.candidates
    assert max(one.pts_seconds for one in safe.candidates) <= 90
    (dropped,) = (one for one in safe.dropped if one.gate == "spoiler")
    assert dropped.count == int((pool.pts_seconds > 90).sum())
    with pytest.raises(NothingToRank, match="later in the film"):
        ranked(
            replace(pool, pts_seconds=pool.pts_seconds + 90), gates=GateSettings(spoiler_safe=0.4)
        )


def test_senseless_settings_are_refused() -> None:
    for share in (0.0, 1.5, -1.0):
        with pytest.raises(ConfigError, match="spoiler_safe"):
            GateSettings(spoiler_safe=share)
    with pytest.raises(ConfigError, match="starts"):
        SpoilerSettings(starts=1)
    with pytest.raises(ConfigError, match="lowers"):
        SpoilerSettings(lowers=np.inf)


def test_a_single_title_has_its_own_limit(tmp_path: Path) -> None:
    """Named by its file or its content, it goes before what holds for all."""
    path = tmp_path / "ava.toml"
    path.write_text(
        "[ranking.gates]\nspoiler_safe = 0.9\n"
        '[titles."The Last Reel".ranking.gates]\nspoiler_safe = 0.5\n'
        "[titles.0123456789ab.ranking]\ntop = 3\n",
        "utf-8",
    )
    settings = load_settings(path, ["ranking.gates.spoiler_safe=0.8", "titles.Other.ranking.top=7"])
    assert settings.for_title("Anything", "ffff").ranking.gates.spoiler_safe == 0.8
    assert settings.for_title("The Last Reel", "ffff").ranking.gates.spoiler_safe == 0.5
    assert settings.for_title("x", "0123456789abcdef").ranking.top == 3
    assert settings.for_title("Other", "ffff").ranking.top == 7
    for wrong, message in (
        ("titles.x.rankin.top=3", "unknown setting 'rankin'"),
        ("titles.x.ranking.gates.spoiler_safe=2", "spoiler_safe must be"),
        ("titles.x=3", "must hold sections"),
    ):
        with pytest.raises(ConfigError, match=message):
            load_settings(None, [wrong])


def test_a_title_is_ranked_by_its_own_limit(ranked_sample: ava.RankedTitle, tmp_path: Path) -> None:
    library = tmp_path / "library"
    shutil.copytree(ranked_sample.folder, library / "sample_film")
    assert max(one.pts_seconds for one in ranked_sample.candidates) > 23
    settings = load_settings(None, ["titles.sample_film.ranking.gates.spoiler_safe=0.5"])
    again = ava.rank(library / "sample_film", library, top=10, settings=settings)
    title = read_title(ranked_sample.folder)
    half = 0.5 * title.pool.duration_seconds
    assert max(one.pts_seconds for one in again.candidates) <= half
