"""Questions to a whole library, in SQL and by what a frame shows."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ava.catalog.finding import Wanted, find
from ava.catalog.library import query
from ava.core.errors import ConfigError, StoreError
from ava.pipeline import rank_title
from ava.scoring.contract import Runtime
from ava.settings import load_settings
from ava.source.opening import open_source
from ava.store.title_folder import read_ranking, read_title
from tests.conftest import encode
from tests.small_titles import sample_clips
from tests.test_pipeline import run

TINTS = {"red": (1.0, 0.25, 0.2), "blue": (0.2, 0.35, 1.0), "gray": (0.8, 0.8, 0.8)}


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same clip three times, in another light each, ranked without weights."""
    root = tmp_path_factory.mktemp("library")
    clip = sample_clips(root / "clips", 2)[1]
    with open_source(clip) as source:
        pictures = [frame.rgb() for frame in source.scan()]
    settings = load_settings(None, ["ranking.top=2", "ranking.canvases.names=['2:3']"])
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVA_MODELS_DIR", "")
        patch.setenv("XDG_CACHE_HOME", str(root / "no-weights"))
        for name, tint in TINTS.items():
            tinted = [(one.mean(axis=2, keepdims=True) * tint).astype(np.uint8) for one in pictures]
            film = encode(root / f"{name}.mp4", tinted)
            rank_title(film, root / "out", settings, Runtime(1, False), name=f"The {name} one")
    half = root / "out" / ".The-red-one.partial-1-00000000"  # of a living process: not a title
    half.mkdir()
    (half / "scores.parquet").write_bytes(b"half")
    return root / "out"


def test_tables_are_asked_in_sql(library: Path) -> None:
    answer = query(library, "select title, count(*) as n from scores group by 1 order by 1")
    assert answer.columns == ("title", "n")
    for title, n in answer.rows:
        assert n == len(read_title(library / title).refs)
    assert [row[0] for row in answer.rows] == ["The-blue-one", "The-gray-one", "The-red-one"]
    joined = query(
        library,
        "select t.name, c.rank, s.warmth from titles t join candidates c on c.title = t.title "
        "join scores s on s.title = c.title and s.frame_id = c.frame_id where c.rank = 1 "
        "order by s.warmth desc",
    )
    assert [row[0] for row in joined.rows] == ["The red one", "The gray one", "The blue one"]


def test_wrong_questions_are_answered_in_a_line(library: Path, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="nope") as error:
        query(library, "select nope from titles")
    assert error.value.hint == "tables are: candidates, characters, frames, scores, shots, titles"
    with pytest.raises(StoreError, match="no library"):
        query(tmp_path / "none", "select 1")
    (tmp_path / "empty").mkdir()
    assert query(tmp_path / "empty", "select * from titles").rows == []
    assert find(tmp_path / "empty", Wanted(scale="close-up")) == []


@pytest.mark.parametrize(("color", "first"), [("#aa2211", "red"), ("2244aa", "blue")])
def test_a_color_finds_the_film_of_that_color(library: Path, color: str, first: str) -> None:
    found = find(library, Wanted(colors=(color,), top=50))
    n_frames = len(read_title(library / f"The-{first}-one").refs)
    assert {one.title for one in found[:n_frames]} == {f"The-{first}-one"}
    distances = [one.color_distance for one in found]
    assert distances == sorted(distances)  # type: ignore[type-var]
    assert all(one.picture.is_file() for one in found)


def test_conditions_on_scores_hold(library: Path) -> None:
    found = find(library, Wanted(where="warmth > 0.1", top=50))
    assert {one.title for one in found} == {"The-red-one"}
    assert found[0].rank == 1
    assert found[0].picture.parent.name == "stills"
    assert [one.frame_id for one in find(library, Wanted(where="warmth > 0.1", top=1))] == [
        read_ranking(library / "The-red-one").candidates[0].frame_id
    ]
    side = read_title(library / "The-red-one").pool.scores
    words = ["left", "right", "top", "bottom"]
    for code, word in enumerate(words):
        rows = find(library, Wanted(title_space=word, where="title_space_side < 4", top=50))
        here = {one.frame_id for one in rows if one.title == "The-red-one"}
        planted = (side["title_space_side"] == code) & (side["title_space"] >= 0.12)
        assert here == set(side.frame_ids[planted].tolist())


def test_a_character_is_found_by_name_and_by_key(library: Path) -> None:
    folder = library / "The-blue-one"
    path = folder / "cast.json"
    before = path.read_bytes() if path.exists() else None
    frame_id = int(read_title(folder).refs[1].frame_id)
    character: dict[str, Any] = {
        "key": "c1", "name": "Anna", "role": "lead", "screen_share": 0.5,
        "faces": [{"frame_id": frame_id}],
    }  # fmt: skip
    path.write_text(json.dumps({"characters": [character]}), "utf-8")
    try:
        for name in ("anna", "c1"):
            found = find(library, Wanted(characters=(name,)))
            assert [(one.title, one.frame_id) for one in found] == [("The-blue-one", frame_id)]
        assert find(library, Wanted(characters=("anna", "berta"))) == []
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)


def test_a_title_that_is_ranked_by_hand_keeps_its_name_and_settings(
    library: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AVA_MODELS_DIR", "")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "no-weights"))
    folder = tmp_path / "The-gray-one"
    shutil.copytree(library / "The-gray-one", folder)
    file = tmp_path / "ava.toml"
    file.write_text("[titles.'The gray one'.ranking]\ntop = 1\n", "utf-8")
    ranked = rank_title(folder, tmp_path, load_settings(file), Runtime(1, False))
    assert ranked.n_frames > 0  # there were no weights: it was looked at again
    assert ranked.folder == folder
    assert read_title(folder).facts["title"] == "The gray one"
    assert len(read_ranking(folder).candidates) == 1


def test_the_commands(library: Path) -> None:
    done = run("find", str(library), "--palette", "#aa2211", "-n", "1", "--json")
    assert json.loads(done.stdout)[0]["title"] == "The-red-one"
    done = run("query", str(library), "select title, palette from scores limit 2", "--json")
    assert len(json.loads(done.stdout)[1]["palette"]) == 15
    wrong = run("find", str(library), "--scale", "enormous")
    assert wrong.returncode == 2
    assert "close-up" in wrong.stderr
