"""Watch-outs: soft, never silent, and the parts still add up."""

from __future__ import annotations

import dataclasses
import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from typer.testing import CliRunner

import ava
from ava.core.errors import ConfigError
from ava.core.frame_batch import FrameBatch
from ava.ranking.profiles import Profile, load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.ranking.results import Ranking
from ava.ranking.watch_outs import WatchOut
from ava.review.sheet import render, sheet_context
from ava.scoring.analyses import Analyses
from ava.scoring.check import check_scorer
from ava.scoring.contract import Column, Runtime
from ava.scoring.registry import installed
from ava.settings import load_settings
from ava.store.title_folder import read_ranking
from scorers.blood import BloodScorer, blood_red
from scorers.maturity import MaturityScorer
from tests.browser import open_page, show_pictures
from tests.conftest import SAMPLE
from tests.test_ranking import PROFILE, pool_of

Picture = NDArray[np.uint8]
NUDITY = MaturityScorer.card.columns[0]
needs_nudenet = pytest.mark.skipif(
    find_spec("nudenet") is None, reason="the extra ava-artwork[maturity] is AGPL, and off"
)


def watched(nudity: Any, blood: Any = 0.0, seed: int = 3) -> tuple[Any, int]:
    values = np.asarray(nudity, np.float32)
    pool = pool_of(len(values), seed=seed, blood_red=blood).with_column(NUDITY, values)
    return pool, len(values)


def test_a_lowered_frame_is_listed_with_its_reason_and_not_dropped() -> None:
    pool, n_frames = watched(np.where(np.arange(24) == 5, 0.9, 0.0))
    settings = RankingSettings(top=n_frames)
    ranking = rank_pool(pool, settings, PROFILE)
    free = rank_pool(pool, settings, dataclasses.replace(PROFILE, watch_outs={}))
    assert not free.lowered
    (one,) = ranking.lowered
    assert (one.frame_id, one.column, one.value) == (50, "nudity", pytest.approx(0.9))
    assert one.reason.startswith("Watch out, nudity (0.9): lowered by ")
    before, after = ({c.frame_id: c for c in r.candidates}[50] for r in (free, ranking))
    assert after.rank == one.rank >= before.rank
    assert after.utility == pytest.approx(0.6 * before.utility)
    assert after.utility - before.utility == pytest.approx(one.points)
    assert after.reasons[0] == one.reason
    others = {c.frame_id: c.utility for c in free.candidates if c.frame_id != 50}
    assert others == {c.frame_id: c.utility for c in ranking.candidates if c.frame_id != 50}


@given(
    st.lists(st.floats(0, 1, width=32), min_size=8, max_size=24), st.floats(0, 1), st.integers(0, 9)
)
def test_parts_add_up_exactly_and_nothing_is_silent(
    nudity: list[float], blood: float, seed: int
) -> None:
    pool, n_frames = watched(nudity, blood, seed)
    outs = {"nudity": WatchOut(0.4, 1.0), "blood_red": WatchOut(0.5, 0.3), "guns": WatchOut(0, 1)}
    profile = dataclasses.replace(PROFILE, watch_outs=outs)
    ranking = rank_pool(pool, RankingSettings(top=n_frames), profile)
    for one in ranking.candidates:
        assert one.utility == sum(part.points for part in one.parts)
        assert -1e-9 <= one.utility <= 1
        taken = [part for part in one.parts if part.points < 0]
        listed = [low for low in ranking.lowered if low.frame_id == one.frame_id]
        assert [part.column for part in taken] == [low.column for low in listed]
        assert all(low.rank == one.rank for low in listed)
    expected = sum(value >= np.float32(0.4) for value in np.asarray(nudity, np.float32))
    # A second watch-out finds nothing left to take from a frame that lost all it had.
    assert sum(low.column == "nudity" for low in ranking.lowered) == expected
    assert ranking.watched == ("nudity", "blood_red")
    assert ranking.not_watched == ("guns",)
    assert Ranking.from_json(json.loads(json.dumps(ranking.to_json()))) == ranking


def test_frames_that_nobody_could_judge_keep_their_utility() -> None:
    pool, n_frames = watched(np.full(12, np.nan))
    ranking = rank_pool(pool, RankingSettings(top=n_frames), PROFILE)
    assert not ranking.lowered
    assert "nudity" in ranking.not_watched


@pytest.mark.parametrize(
    "line", ["nudity = 3", "nudity = { from = 0.5 }", "nudity = { from = 0.5, lowers = 1.5 }"]
)
def test_a_profile_with_a_wrong_watch_out_is_refused(tmp_path: Path, line: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(f"[weights]\nsharpness = 1\n[watch_outs]\n{line}\n", "utf-8")
    with pytest.raises(ConfigError, match="watch-out nudity"):
        load_profile(str(path))


def test_the_default_profile_watches() -> None:
    assert set(PROFILE.watch_outs) == {"nudity", "blood_red"}
    assert Profile("one", "", {"sharpness": 1}).watch_outs == {}


def test_blood_red_is_dark_pure_red_and_no_skin_lips_or_orange() -> None:
    def flat(*color: int) -> float:
        return blood_red(np.full((40, 60, 3), color, np.uint8))

    assert min(flat(120, 8, 12), flat(80, 5, 8), flat(150, 20, 20)) > 0.9
    others = (
        (224, 172, 140), (180, 130, 100), (90, 56, 40), (70, 38, 26), (180, 80, 90),
        (100, 55, 25), (230, 120, 20), (140, 60, 45), (100, 10, 80), (0, 0, 0), (200, 200, 200),
    )  # fmt: skip
    assert max(flat(*color) for color in others) < 0.1


def test_more_blood_red_reads_higher_on_photographs(photographs: dict[str, Picture]) -> None:
    for name, picture in photographs.items():
        shares = []
        for part in (0, 0.1, 0.2, 0.35, 0.5):
            planted = picture.copy()
            planted[: round(part * len(picture))] = (110, 10, 14)
            shares.append(blood_red(planted))
        assert shares == sorted(shares), name
        # A table of red wood comes nearest.
        assert shares[0] < PROFILE.watch_outs["blood_red"].starts, name
        assert shares[-1] - shares[0] > 0.35, name
    check_scorer(BloodScorer)


def test_maturity_runs_only_where_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = installed()
    assert MaturityScorer in usual.on_request
    assert "nudity" not in [column.name for column in usual.columns]
    settings = load_settings(None, ['scoring.on_request=["maturity"]'])
    asked = installed(settings.scoring.on_request)
    assert asked.scorers == (*usual.scorers, MaturityScorer)
    with pytest.raises(ConfigError, match="no scorer 'maturety'"):
        installed(["maturety"])
    monkeypatch.setattr("scorers.maturity.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match="nudenet is not installed") as caught:
        MaturityScorer().open(Runtime())
    assert "ava-artwork[maturity]" in str(caught.value.hint)
    done = CliRunner().invoke(_app(), ["rank", "--help"], env={"COLUMNS": "200"})
    assert "--maturity" in done.output


def _app() -> Any:
    from ava.cli.app import app

    return app


@needs_nudenet
def test_maturity_agrees_with_the_package(photographs: dict[str, Picture]) -> None:
    from nudenet import NudeDetector, nudenet

    names = vars(nudenet)["__labels"]
    scorer, package = MaturityScorer(), NudeDetector()
    scorer.open(Runtime(n_threads=1))
    n_seen = 0
    for picture in photographs.values():
        mine = scorer.confidence(picture)
        for one in package.detect(np.ascontiguousarray(picture[:, :, ::-1])):
            best = mine[names.index(one["class"])]
            assert best >= one["score"] - 1e-4
            n_seen += best == pytest.approx(one["score"], abs=1e-4)
        frame = FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64))
        assert scorer.score(frame, Analyses())["nudity"][0] < 0.4
    assert n_seen >= 1
    exposed = [names[at] for at in (2, 3, 4, 6, 14)]
    assert all(name.endswith("EXPOSED") for name in exposed)
    check_scorer(MaturityScorer)


@pytest.fixture(scope="module")
def lowered_sample(tmp_path_factory: pytest.TempPathFactory) -> ava.RankedTitle:
    """The sample film, ranked with a watch-out that many of its frames set off."""
    folder = tmp_path_factory.mktemp("lowered")
    profile = folder / "strict.toml"
    text = "[weights]\nsharpness = 1\ncontrast = 1\n[watch_outs]\n"
    text += "warmth = { from = 0.05, lowers = 0.2 }\nsmoking = { from = 0.5, lowers = 0.1 }\n"
    profile.write_text(text, "utf-8")
    settings = load_settings(None, [f"ranking.profile={profile}"])
    return ava.rank(SAMPLE, folder, top=4, settings=settings)


def test_the_sheet_lists_them_beside_the_picks(lowered_sample: ava.RankedTitle) -> None:
    ranking = read_ranking(lowered_sample.folder)
    assert ranking.lowered
    context = sheet_context(lowered_sample.folder)
    assert len(context.watch_outs.frames) == len(ranking.lowered)
    assert context.watch_outs.looked_for == "warmth"
    assert context.watch_outs.not_looked_for == "smoking"
    with open_page(lowered_sample.sheet.as_uri()) as page:
        show_pictures(page)
        section = page.locator("section[aria-labelledby=watch-outs]")
        assert section.locator("li").count() == len(ranking.lowered)  # each for one reason
        assert "Not looked for: smoking." in section.inner_text()
        for frame, one in zip(section.locator("li").all(), ranking.lowered, strict=True):
            assert one.reason in frame.inner_text()
            assert one.label in frame.inner_text()
    nasty = dataclasses.replace(context.watch_outs, looked_for="<b>&")
    assert "<b>&" not in render(dataclasses.replace(context, watch_outs=nasty))


def test_column_of_a_stranger_can_be_a_watch_out() -> None:
    smoking = Column("smoking", "confidence", 0, 1, "less", "How surely someone smokes.")
    pool = pool_of(8).with_column(smoking, np.linspace(0, 1, 8, dtype=np.float32))
    profile = dataclasses.replace(PROFILE, watch_outs={"smoking": WatchOut(0.9, 0.5)})
    ranking = rank_pool(pool, RankingSettings(top=8), profile)
    assert [one.frame_id for one in ranking.lowered] == [70]
