"""Seasons in a catalog: made after their episodes, and anew only when one of them changed."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from ava.catalog.plan import Limits, Planner
from ava.catalog.seasons import seasons_in
from ava.catalog.titles import read_catalog
from ava.catalog.upkeep import orphans, verify
from ava.settings import Settings
from ava.store.crops import read_crops
from ava.store.title_folder import read_json, read_ranking
from tests.remote_stores import BUCKET, moto_s3, objects, with_variables
from tests.small_titles import (
    AVA,
    LIGHT,
    broken_files,
    light_environment,
    report_of,
    sample_clips,
    write_catalog,
)


def test_rows_that_name_season_and_episode_belong_together() -> None:
    rows = [
        {"season": "1", "episode": "10"},
        {"season": "1", "episode": "2"},
        {"season": "2", "episode": "1"},  # by itself
        {"season": "1"},
        {"series": "The Show", "season": "1", "episode": "E2"},
        {"series": "The Show", "season": "1", "episode": "E1b"},
        {"season": "Year One", "episode": "1"},
        {"season": "Year One", "episode": "2"},
        {},
    ]
    assert seasons_in(rows) == [
        ("Season 1", [1, 0]),
        ("The Show season 1", [5, 4]),
        ("Year One", [6, 7]),
    ]


def test_a_season_with_the_folder_of_a_title_is_a_problem(tmp_path: Path) -> None:
    path = tmp_path / "catalog.csv"
    path.write_text("title_id,path,season,episode\na,a.mp4,S,1\nb,b.mp4,S,2\ns,s.mp4,,\n", "utf-8")
    catalog = read_catalog(path)
    assert not catalog.seasons
    assert [(one.line, one.message) for one in catalog.problems] == [
        (2, "the season S would have the folder of line 4")
    ]


class Show:
    """Three episodes and a film, and what runs make of them."""

    def __init__(self, root: Path) -> None:
        self.root, self.library = root, root / "library"
        self.clips = sample_clips(root / "clips", 4, n_frames=36)
        self.environment = light_environment(root)

    def catalog(self, **changes: Any) -> Path:
        films = dict(zip(("E1", "E2", "E3", "Film"), self.clips, strict=True)) | changes
        episodes = [one for one in films if one != "Film"]
        return write_catalog(
            self.root / "catalog.csv",
            films,
            series=dict.fromkeys(episodes, "The Show"),
            season=dict.fromkeys(episodes, "1"),
            episode={one: one[1:] for one in episodes},
        )

    def batch(self, catalog: Path, *words: str, library: str = "") -> Any:
        command = [*AVA, "batch", str(catalog), "-o", library or str(self.library)]
        return subprocess.run(
            [*command, *LIGHT, *words],
            capture_output=True, text=True, timeout=200, env=self.environment,
        )  # fmt: skip

    def plan(self, catalog: Path, *words: str) -> dict[str, Any]:
        facts = json.loads(self.batch(catalog, "--plan", "--json", *words).stdout)
        return {one["title_id"]: one for one in facts["titles"]}

    @property
    def season(self) -> Path:
        return self.library / "The-Show-season-1"

    def made(self) -> int:
        return (self.season / "ranking.json").stat().st_ino


def frames_of(folder: Path) -> set[int]:
    crops = {int(one["frame_id"]) for canvas in read_crops(folder) for one in canvas["crops"]}
    return {one.frame_id for one in read_ranking(folder).candidates} | crops


@pytest.mark.slow
def test_a_season_is_made_after_its_episodes_and_anew_when_one_changes(tmp_path: Path) -> None:
    show = Show(tmp_path)
    catalog = show.catalog()
    assert show.plan(catalog)["The Show season 1"]["ranking"]["state"] == "missing"
    done = show.batch(catalog, "--jobs", "2")
    assert done.returncode == 0, done.stderr
    ended = report_of(show.library)["by_title"]
    assert list(ended) == ["E1", "E2", "E3", "Film", "The Show season 1"]
    episodes = [one["name"] for one in read_json(show.season / "title.json")["episodes"]]
    assert episodes == ["E1", "E2", "E3"]
    taken = frames_of(show.season)
    for at, name in enumerate(episodes):  # no picture twice
        own = {at * 10**9 + frame_id for frame_id in frames_of(show.library / name)}
        assert not own & taken
        taken |= own
    assert all(one.is_whole for one in verify(show.library))
    assert not orphans(show.library, ["E1", "E2", "E3", "Film", "The-Show-season-1"])

    made = show.made()
    assert show.batch(catalog).returncode == 0
    assert show.made() == made
    assert report_of(show.library)["counts"]["skipped"] == 5
    assert show.plan(catalog)["The Show season 1"]["ranking"]["state"] == "done"

    more = show.catalog(E3=show.clips[3], Film=show.clips[2])
    plan = show.plan(more)
    assert plan["The Show season 1"]["ranking"] == {
        "state": "stale",
        "reasons": ["E3 is to be ranked"],
    }
    assert show.batch(more).returncode == 0
    assert show.made() != made
    assert show.plan(more)["The Show season 1"]["ranking"]["state"] == "done"
    made = show.made()

    broken = broken_files(tmp_path / "broken", show.clips[0])
    fourth = show.catalog(E4=broken["text"])
    assert show.batch(fourth).returncode == 6
    ended = report_of(show.library)["by_title"]
    assert ended["E4"]["status"] == "failed"
    assert ended["The Show season 1"]["status"] in ("partial", "skipped")
    assert "E4 is not there" in ended["The Show season 1"]["reason"]


def test_a_season_needs_two_episodes(tmp_path: Path) -> None:
    films = {name: tmp_path / f"{name}.mp4" for name in ("E1", "E2", "E3")}
    columns = {"season": dict.fromkeys(films, "1"), "episode": {one: one for one in films}}
    catalog = read_catalog(write_catalog(tmp_path / "catalog.csv", films, **columns))
    planner = Planner(tmp_path / "library", Settings(), (), Limits())
    for n_there, fails in ((1, True), (2, False)):
        for film in list(films.values())[:n_there]:
            film.write_bytes(b"a film")
        *_, season = planner.plans((*catalog.titles, *catalog.seasons))
        assert season.title.title_id == "Season 1"
        assert season.is_left is not fails
        reason = season.failure.reason if season.failure else "; ".join(season.partial)
        assert ("needs two episodes" in reason) is fails
        assert reason.endswith("E3 is not there")


@pytest.mark.slow
def test_a_season_can_lie_in_a_bucket(tmp_path: Path) -> None:
    show = Show(tmp_path)
    broken = broken_files(tmp_path / "broken", show.clips[0])
    with moto_s3(tmp_path / "slow") as s3:
        show.environment |= with_variables(s3, tmp_path)
        library = f"s3://{BUCKET}/shows"
        catalog = show.catalog(E3=broken["sound_only"])

        def season() -> dict[str, Any]:
            done = show.batch(catalog, "--json", library=library)
            titles: list[dict[str, Any]] = json.loads(done.stdout)["titles"]
            return next(one for one in titles if one["title_id"] == "The Show season 1")

        assert season()["status"] == "partial"
        found = objects(s3, "shows/The-Show-season-1/")
        facts = json.loads(found["shows/The-Show-season-1/title.json"])
        assert [each["name"] for each in facts["episodes"]] == ["E1", "E2"]
        assert season()["status"] == "skipped"
        assert objects(s3, "shows/The-Show-season-1/") == found
