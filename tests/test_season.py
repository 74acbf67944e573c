"""Seasons: one set over all episodes, one for each, no picture twice, leads the same person."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.pipeline import rank_title
from ava.ranking.gates import GateSettings, apply_gates
from ava.ranking.season import Episode, episode_id, joined, season_id, taken_in
from ava.ranking.sets import DiversitySettings
from ava.season import SeasonResult, rank_season
from ava.settings import load_settings
from ava.source.opening import open_source
from ava.store.crops import read_crops
from ava.store.title_folder import read_ranking, read_title
from tests.conftest import SAMPLE, encode
from tests.test_pipeline import run
from tests.test_ranking import pool_of

SETTINGS = load_settings(None, ["ranking.top=4", "ranking.canvases.names=['2:3']"])


def second_episode(path: Path) -> Path:
    """A part of the sample film in other light: the same people, another film."""
    pictures: list[NDArray[np.uint8]] = []
    with open_source(SAMPLE) as source:
        for frame in source.scan():
            if len(pictures) == 420:
                break
            small = cv2.resize(frame.rgb(), (640, 360), interpolation=cv2.INTER_AREA)
            pictures.append((small * 0.8 + 20).astype(np.uint8))
    return encode(path, pictures)


@pytest.fixture(scope="module")
def season(tmp_path_factory: pytest.TempPathFactory) -> tuple[SeasonResult, Path]:
    out = tmp_path_factory.mktemp("season")
    films = [SAMPLE, second_episode(out / "second.mp4")]
    folders = [rank_title(film, out, SETTINGS).folder for film in films]
    return rank_season(folders, out, "Year One", SETTINGS), out


def frames_of(folder: Path) -> set[int]:
    crops = {int(one["frame_id"]) for canvas in read_crops(folder) for one in canvas["crops"]}
    return {one.frame_id for one in read_ranking(folder).candidates} | crops


def test_the_season_holds_pictures_of_all_its_episodes(season: tuple[SeasonResult, Path]) -> None:
    result, out = season
    assert result.folder == out / "Year-One"
    assert {episode_id(one.frame_id)[0] for one in result.ranking.candidates} == {0, 1}
    assert {one.facets["episode"] for one in result.ranking.candidates} == {
        "sample_film",
        "second",
    }
    assert len(list((result.folder / "stills").iterdir())) == len(result.ranking.candidates)
    for canvas in read_crops(result.folder):
        for crop in canvas["crops"]:
            assert (result.folder / crop["file"]).is_file()
            assert crop["episode"] in ("sample_film", "second")


def test_no_picture_comes_twice(season: tuple[SeasonResult, Path]) -> None:
    result, _ = season
    taken = frames_of(result.folder)
    for at, episode in enumerate(result.episodes):
        own = {season_id(at, frame_id) for frame_id in frames_of(episode.folder)}
        assert own
        assert not own & taken
        taken |= own
    elsewhere = [
        one.count
        for one in result.episodes[1].ranking.dropped
        if one.gate == "elsewhere"  # type: ignore[union-attr]
    ]
    assert elsewhere


def test_a_season_is_read_like_a_title(season: tuple[SeasonResult, Path]) -> None:
    result, _ = season
    title = read_title(result.folder)
    assert title.pool.is_film
    assert set(title.pool.episode) == {"sample_film", "second"}
    assert (np.diff(title.pool.pts_seconds) > 0).all()
    assert (np.diff(title.pool.frame_ids) > 0).all()
    page = (result.folder / "index.html").read_text("utf-8")
    assert 'href="../sample_film/index.html"' in page
    done = run("why", str(result.folder), "--frame", str(result.ranking.candidates[0].frame_id))
    assert "It is candidate 1." in done.stdout
    with pytest.raises(ConfigError, match="is a season"):
        rank_title(result.folder, result.folder.parent, SETTINGS)


def test_a_lead_is_the_same_person_in_every_episode(
    season: tuple[SeasonResult, Path], identity_weights: Path
) -> None:
    result, _ = season
    cast = json.loads((result.folder / "cast.json").read_text("utf-8"))["characters"]
    episodes = {episode_id(face["frame_id"])[0] for face in cast[0]["faces"]}
    assert episodes == {0, 1}


def test_what_cannot_be_a_season_is_refused(season: tuple[SeasonResult, Path]) -> None:
    result, out = season
    folder = result.episodes[0].folder
    with pytest.raises(ConfigError, match="at least two"):
        rank_season([folder], out, "x", SETTINGS)
    with pytest.raises(ConfigError, match="comes twice"):
        rank_season([folder, folder], out, "x", SETTINGS)
    with pytest.raises(ConfigError, match="folder of a title"):
        rank_season([one.folder for one in result.episodes], out, "second", SETTINGS)


def test_the_command_names_season_and_episodes(season: tuple[SeasonResult, Path]) -> None:
    result, out = season
    words = [str(one.folder) for one in result.episodes]
    done = run("rank", *words, "-o", str(out), "--as-season", "Again", "--top", "3", "--json")
    document = json.loads(done.stdout)
    assert document["season"]["folder"] == str(out / "Again")
    assert len(document["episodes"]) == 2
    assert document["season"]["ranking"]["candidates"]


def test_ids_go_there_and_back() -> None:
    for episode, frame_id in ((0, 0), (3, 172_800), (41, 999_999_999)):
        assert episode_id(season_id(episode, frame_id)) == (episode, frame_id)


def test_what_an_episode_dropped_stays_dropped() -> None:
    pools = [pool_of(8, 1), pool_of(12, 2)]
    kept = [np.array([0, 2, 5]), np.array([1, 11])]
    pool = joined(
        [
            Episode(name, one, 4, rows)
            for name, one, rows in zip(("a", "b"), pools, kept, strict=True)
        ]
    )
    assert len(pool) == 20
    assert pool.labels[8] == "b frame 0"
    assert pool.pts_seconds[8] == pools[0].duration_seconds
    assert pool.shot_index[8] == 4
    gated = apply_gates(pool, GateSettings())
    assert gated.kept.tolist() == [0, 2, 5, 9, 19]
    assert [(one.gate, len(one.rows)) for one in gated.dropped] == [("episode", 15)]


def test_a_picture_that_returns_in_another_episode_is_taken() -> None:
    pools = [pool_of(6, 1), pool_of(6, 2)]
    for name in ("layout", "color_histogram"):
        pools[1].scores.values[name][4] = pools[0].scores.values[name][2]
    everyone = np.arange(6)
    pool = joined([Episode(name, one, 2, everyone) for name, one in zip("ab", pools, strict=True)])
    taken = {int(pool.frame_ids[2])}
    assert taken_in(0, pool, taken, DiversitySettings()) == {20}
    assert taken_in(1, pool, taken, DiversitySettings()) == {40}
