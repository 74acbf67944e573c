"""``ava diff``: what it says of two rankings is what was done to make them differ."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import ava
from ava.core.errors import ConfigError, StoreError
from ava.pipeline import rank_title
from ava.ranking.diff import RankingDiff, diff
from ava.ranking.fate import Fate, Ranked
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile, load_profile
from ava.ranking.rank import RankingSettings, choices_among, rank_weighed
from ava.ranking.repeats import Looks
from ava.ranking.weighing import weigh
from ava.settings import Settings, load_settings
from ava.store.title_folder import read_ranking
from tests.conftest import SAMPLE
from tests.test_pipeline import run
from tests.test_ranking import column, pool_of

Again = Callable[..., Path]
DEFAULT = load_profile("default")


@pytest.fixture(scope="module")
def again(ranked_sample: ava.RankedTitle, tmp_path_factory: pytest.TempPathFactory) -> Again:
    """Ranks a copy of the sample's folder again, from its scores, with other settings; only once."""

    @cache
    def ranked(*assignments: str) -> Path:
        folder = tmp_path_factory.mktemp("again") / ranked_sample.folder.name
        shutil.copytree(ranked_sample.folder, folder)
        settings = load_settings(None, ["ranking.top=10", *assignments])
        return rank_title(SAMPLE, folder.parent, settings).folder

    return ranked


def ids(frames: tuple[object, ...]) -> list[int]:
    return [one.frame_id for one in frames]  # type: ignore[attr-defined]


def candidates(folder: Path) -> list[int]:
    return ids(read_ranking(folder).candidates)


def of_pool(
    pool: Pool, settings: RankingSettings | None = None, profile: Profile = DEFAULT
) -> Ranked:
    settings = settings or RankingSettings()
    weighed = weigh(pool, settings.gates, settings.spoilers, profile)
    ranking = rank_weighed(weighed, choices_among(weighed, settings), settings)
    near = settings.diversity.near_duplicate_gray, settings.diversity.near_duplicate_color
    looks = Looks.of(weighed.pool, np.arange(len(pool)), *near)
    kept = {"ranking": {"top": settings.top}}
    return Ranked(ranking, kept, {}, ("one-1-a",), pool.frame_ids, weighed, looks)


def test_the_same_ranking_has_not_changed(ranked_sample: ava.RankedTitle, again: Again) -> None:
    for other in (ranked_sample.folder, again()):
        found = ava.diff(ranked_sample.folder, other)
        assert found.same
        assert found.same_candidates
        assert not found.notes
        assert [(one.rank_before, one.rank_after) for one in found.stayed] == [
            (rank, rank) for rank in range(1, 11)
        ]


def test_other_weights_are_named_and_explain_the_points(
    ranked_sample: ava.RankedTitle, again: Again
) -> None:
    folder = again("ranking.profile=drama")
    found = ava.diff(ranked_sample.folder, folder)
    assert found.profile is not None
    assert (found.profile.before, found.profile.after) == ("default", "drama")
    changed = {one.name: (one.before, one.after) for one in found.settings}
    assert changed == {"ranking.profile": ("auto", "drama")}
    assert {one.gate for one in found.gates} <= {"repeat"}  # of other picks
    assert not found.made_with
    assert sum(one.after - one.before for one in found.weights) == pytest.approx(0)
    drama = load_profile("drama").weights
    total = sum(drama.values())
    for one in found.weights:
        assert one.after == pytest.approx(drama.get(one.name, 0) / total, abs=1e-6)
    assert found.stayed
    for frame in found.stayed:
        before, after = frame.before.utility, frame.after.utility
        assert before is not None
        assert after is not None
        assert sum(one.change for one in frame.moved) == pytest.approx(after - before)
        # The same frames are compared by the same numbers: only the weights can move them.
        assert {one.cause for one in frame.moved} <= {"weight", "watch_out"}


def test_a_stricter_gate_says_so_of_the_frames_it_took(
    ranked_sample: ava.RankedTitle, again: Again
) -> None:
    folder = again("ranking.gates.blurred_share=0.85")
    found = ava.diff(ranked_sample.folder, folder)
    gates = {one.gate: (one.before, one.after) for one in found.gates}
    assert gates["blurred"][1] > gates["blurred"][0]
    out = [one for one in found.went_out if one.after.outcome == "dropped"]
    assert out
    for frame in out:
        assert frame.after.gate == "blurred"
        assert frame.after.utility is None
        assert not frame.moved
    assert {one.name for one in found.settings} == {"ranking.gates.blurred_share"}
    # Fewer frames to compare with move utilities, though nothing was measured or weighed anew.
    causes = {moved.cause for one in found.stayed for moved in one.moved}
    assert causes == {"field"}


def test_fewer_candidates(ranked_sample: ava.RankedTitle, again: Again) -> None:
    found = ava.diff(ranked_sample.folder, again("ranking.top=4"))
    assert not found.came_in
    assert len(found.stayed) == 4
    assert ids(found.went_out) == candidates(ranked_sample.folder)[4:]
    for one in found.went_out:
        assert one.after.outcome == "outranked"
        assert one.after.place is not None
        assert f"number {one.after.place} of" in one.after.because
        assert one.after.utility == pytest.approx(one.before.utility)


@pytest.mark.parametrize(
    "assignment", ["ranking.gates.blurred_share=0.85", "ranking.top=4", "ranking.profile=drama"]
)
def test_turned_round_in_is_out(
    ranked_sample: ava.RankedTitle, again: Again, assignment: str
) -> None:
    folder = again(assignment)
    there = ava.diff(ranked_sample.folder, folder)
    back = ava.diff(folder, ranked_sample.folder)
    assert ids(there.came_in) == ids(back.went_out)
    assert ids(there.went_out) == ids(back.came_in)
    assert set(ids(there.stayed)) == set(ids(back.stayed))
    old, new = set(candidates(ranked_sample.folder)), set(candidates(folder))
    assert set(ids(there.came_in)) == new - old
    assert set(ids(there.went_out)) == old - new
    mirrored = {one.frame_id: one for one in (*back.stayed, *back.came_in, *back.went_out)}
    for one in (*there.stayed, *there.came_in, *there.went_out):
        other = mirrored[one.frame_id]
        assert (one.before, one.after) == (other.after, other.before)
        changes = {moved.column: (moved.change, moved.cause) for moved in one.moved}
        assert changes == {
            moved.column: (pytest.approx(-moved.change), moved.cause) for moved in other.moved
        }


def test_a_repeat_names_the_pick() -> None:
    pool = pool_of(8)
    before = of_pool(pool)
    for name in ("layout", "color_histogram"):
        pool.scores.values[name][4] = pool.scores.values[name][1]
    found = diff(before, of_pool(pool))
    (out,) = found.went_out
    other = {10: 40, 40: 10}[out.frame_id]
    assert out.after.outcome == "repeat"
    assert out.after.repeats == other
    assert pool.labels[other // 10] in out.after.because


def test_a_number_that_changed_is_the_cause() -> None:
    before = of_pool(pool_of(12))
    better = pool_of(12)
    better.scores.values["exposure"][3] = 10.0
    found = diff(before, of_pool(better))
    (frame,) = [one for one in found.stayed if one.frame_id == 30]
    assert frame.moved[0].column == "exposure"
    assert frame.moved[0].cause == "value"
    assert frame.moved[0].change > 0
    others = {moved.cause for one in found.stayed if one.frame_id != 30 for moved in one.moved}
    assert "field" in others
    assert others <= {"field", "watch_out"}  # a watch-out takes a share of the rest


def test_every_frame_that_is_out_has_a_fate_that_adds_up() -> None:
    pool = pool_of(30, brightness=column(30, 50, 2, 3, 7), text_card=column(30, 0, 0.9, 11))
    ranked = of_pool(pool, RankingSettings(top=6))
    fates: dict[str, list[Fate]] = {}
    for frame_id in pool.frame_ids.tolist():
        fate = ranked.fate(frame_id)
        fates.setdefault(fate.outcome, []).append(fate)
    assert {name: len(found) for name, found in fates.items()} == {
        "picked": 6,
        "dropped": 3,
        "outranked": 21,
    }
    assert {one.gate for one in fates["dropped"]} == {"black", "text"}
    places = [one.place for one in (*fates["picked"], *fates["outranked"])]
    assert sorted(place for place in places if place is not None) == list(range(1, 28))
    assert ranked.fate(5).outcome == "not_shortlisted"


def test_another_film_is_refused(ranked_sample: ava.RankedTitle, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(ranked_sample.folder, other)
    facts = json.loads((other / "title.json").read_text("utf-8"))
    facts["source"]["content_id"] = "0" * 32
    (other / "title.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(ConfigError, match="different films"):
        ava.diff(ranked_sample.folder, other)
    with pytest.raises(StoreError):
        ava.diff(ranked_sample.folder, tmp_path)


def test_what_is_not_known_is_said(
    ranked_sample: ava.RankedTitle, again: Again, tmp_path: Path
) -> None:
    def edited(change: Callable[[dict[str, object]], None]) -> RankingDiff:
        folder = tmp_path / "edited"
        shutil.copytree(again("ranking.top=4"), folder, dirs_exist_ok=True)
        facts = json.loads((folder / "ranking.json").read_text("utf-8"))
        change(facts)
        (folder / "ranking.json").write_text(json.dumps(facts), "utf-8")
        return ava.diff(ranked_sample.folder, folder)

    without = edited(lambda facts: facts.pop("settings"))
    assert "not kept" in without.notes[0]
    assert {one.after.outcome for one in without.went_out} == {"unknown"}
    assert not without.settings

    def other_weights(facts: dict[str, object]) -> None:
        facts["settings"]["ranking"]["profile"] = "drama"  # type: ignore[index]

    doubtful = edited(other_weights)
    assert "do not give the same numbers" in doubtful.notes[0]
    assert {one.after.outcome for one in doubtful.went_out} == {"unknown"}


def test_scorers_and_versions(ranked_sample: ava.RankedTitle, tmp_path: Path) -> None:
    other = tmp_path / "other"
    shutil.copytree(ranked_sample.folder, other)
    facts = json.loads((other / "title.json").read_text("utf-8"))
    gone = facts["scorer_ids"].pop(0)
    facts["scorer_ids"].append("new-1-abc")
    facts["software"] = "ava 99"
    facts["scan"]["cut_threshold"] = 4.0
    (other / "title.json").write_text(json.dumps(facts), "utf-8")
    found = ava.diff(ranked_sample.folder, other)
    assert found.scorers_gone == (gone,)
    assert found.scorers_new == ("new-1-abc",)
    assert [(one.name, one.after) for one in found.made_with] == [("software", "ava 99")]
    threshold = Settings().scan.cut_threshold
    assert [(one.name, one.before, one.after) for one in found.settings] == [
        ("scan.cut_threshold", threshold, 4.0)
    ]
    assert found.same_candidates
    assert not found.same


def test_the_command(ranked_sample: ava.RankedTitle, again: Again) -> None:
    here, there = str(ranked_sample.folder), str(again("ranking.gates.blurred_share=0.85"))
    same = run("diff", here, here)
    assert same.returncode == 0, same.stderr
    assert "Nothing changed: 10 candidates." in same.stdout
    done = run("diff", here, there)
    assert done.returncode == 0, done.stderr
    for words in ("ranking.gates.blurred_share: 0.72 → 0.85", "Went out", "now dropped: blurred"):
        assert words in done.stdout
    document = json.loads(run("diff", here, there, "--json").stdout)
    assert document["same"] is False
    assert document["went_out"][0]["rank_after"] is None
