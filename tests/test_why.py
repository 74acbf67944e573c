"""``ava why``: what it says agrees with the ranking, frame by frame."""

from __future__ import annotations

import json

import pytest

import ava
from ava.core.errors import ConfigError
from ava.explaining import why_frame
from ava.ranking.profiles import load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.ranking.why import why
from ava.settings import load_settings
from tests.test_pipeline import run
from tests.test_ranking import column, pool_of

PROFILE = load_profile("default")


def test_every_frame_is_told_what_became_of_it() -> None:
    pool = pool_of(24, brightness=column(24, 50, 2, 3, 7), text_card=column(24, 0, 0.9, 11))
    settings = RankingSettings(top=5)
    ranking = rank_pool(pool, settings, PROFILE)
    ranks = {one.frame_id: one.rank for one in ranking.candidates}
    for row, frame_id in enumerate(pool.frame_ids.tolist()):
        told = why(pool, row, settings, PROFILE)
        assert told.frame_id == frame_id
        assert told.rank == ranks.get(frame_id)
        assert bool(told.change) == (told.rank is None)
    assert "black" in why(pool, 3, settings, PROFILE).because[0]
    card = why(pool, 11, settings, PROFILE)
    assert "Text card: 90 %." in card.because
    assert any("ranking.gates.text_card" in line for line in card.change)


def test_doing_as_told_brings_the_frame_in() -> None:
    pool = pool_of(24)
    settings = RankingSettings(top=4)
    out = [row for row in range(24) if why(pool, row, settings, PROFILE).rank is None]
    assert len(out) == 20
    for row in out[:6]:
        (change,) = why(pool, row, settings, PROFILE).change
        enough = int(change.split()[-1])
        assert why(pool, row, RankingSettings(top=enough), PROFILE).rank == enough
        assert why(pool, row, RankingSettings(top=enough - 1), PROFILE).rank is None


def test_a_repeat_names_the_better_one() -> None:
    pool = pool_of(6)
    for name in ("layout", "color_histogram"):
        pool.scores.values[name][4] = pool.scores.values[name][1]
    told = [why(pool, row, RankingSettings(), PROFILE) for row in (1, 4)]
    out, kept = sorted(told, key=lambda one: one.rank is not None)
    assert out.rank is None
    assert kept.label in out.because[1]


def test_a_ranked_title(ranked_sample: ava.RankedTitle) -> None:
    settings = load_settings(None, ["ranking.top=10"])
    for one in ranked_sample.candidates:
        assert why_frame(ranked_sample.folder, str(one.frame_id), settings).rank == one.rank
        assert why_frame(ranked_sample.folder, one.label, settings).rank == one.rank
    before = {path: path.stat().st_mtime_ns for path in ranked_sample.folder.rglob("*")}
    for group in ranked_sample.ranking.dropped:
        told = why_frame(ranked_sample.folder, str(group.example_frame_ids[0]), settings)
        assert told.rank is None
        if group.gate != "repeat":
            assert group.about in told.because[0]
    assert before == {path: path.stat().st_mtime_ns for path in ranked_sample.folder.rglob("*")}
    near = why_frame(ranked_sample.folder, "00:00:05.01", settings)
    assert near.label
    with pytest.raises(ConfigError, match="shortlist"):
        why_frame(ranked_sample.folder, "99999999", settings)


def test_the_command(ranked_sample: ava.RankedTitle) -> None:
    first = ranked_sample.candidates[0]
    words = ("why", str(ranked_sample.folder), "--frame", str(first.frame_id), "--top", "10")
    done = run(*words)
    assert done.returncode == 0, done.stderr
    assert "in, candidate 1" in done.stdout
    assert json.loads(run(*words, "--json").stdout)["rank"] == 1
