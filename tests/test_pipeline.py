"""The main job on the sample film and on bad input, as Python and as a command."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import ava
from ava.core.errors import MediaError, NothingToRank, StoreError
from ava.pipeline import rank_title
from ava.scoring.contract import Runtime
from ava.settings import Settings, load_settings
from ava.source.opening import open_source
from ava.store.title_folder import read_boxes, read_ranking, read_title
from tests.conftest import ROOT, SAMPLE, MakeVideo

AVA = [sys.executable, "-c", "from ava.cli.app import main; main()"]


def run(*words: str, **kwargs: Any) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*AVA, *words], capture_output=True, text=True, timeout=300, **kwargs)


def test_no_pick_lies_in_a_planted_bad_span(
    ranked_sample: ava.RankedTitle, sample_truth: dict[str, Any]
) -> None:
    assert len(ranked_sample.candidates) == 10
    for one in ranked_sample.candidates:
        for span in sample_truth["bad_spans"]:
            assert not span["first"] <= one.frame_id <= span["last"], (one.rank, span)


def test_the_folder_holds_what_is_promised(ranked_sample: ava.RankedTitle) -> None:
    names = {path.name for path in ranked_sample.folder.iterdir()}
    assert names >= {
        "title.json",
        "shots.parquet",
        "frames.parquet",
        "scores.parquet",
        "faces.parquet",
        "ranking.json",
        "index.html",
        "stills",
        "proxies",
    }
    assert not [name for name in os.listdir(ranked_sample.folder.parent) if name.startswith(".")]
    assert len(list((ranked_sample.folder / "stills").iterdir())) == 10


def test_stills_are_full_size_and_know_where_they_come_from(
    ranked_sample: ava.RankedTitle,
) -> None:
    first = ranked_sample.candidates[0]
    with Image.open(ranked_sample.still(1)) as still:
        assert still.size == (1280, 720)
        assert still.getexif()[0x010E] == f"sample_film.mp4, {first.label}"
        assert "icc_profile" in still.info
        pixels = np.asarray(still.convert("RGB")).astype(float)
    title = read_title(ranked_sample.folder)
    ref = next(ref for ref in title.refs if ref.frame_id == first.frame_id)
    with open_source(SAMPLE) as source:
        decoded = next(iter(source.read([ref]))).rgb().astype(float)
    assert np.abs(pixels - decoded).mean() < 1.5  # the very frame, but for JPEG
    with pytest.raises(IndexError):
        ranked_sample.still(99)


def test_tables_read_back(ranked_sample: ava.RankedTitle) -> None:
    title = read_title(ranked_sample.folder)
    assert len(title.refs) == len(title.pool) > 30
    assert title.pool.scores["color_histogram"].shape[1] == 216
    assert title.facts["source"]["color"]["matrix"] == "bt709"
    assert read_ranking(ranked_sample.folder) == ranked_sample.ranking
    if not title.facts["problems"]:
        assert read_boxes(ranked_sample.folder, "faces")


def test_a_notebook_gets_pictures_and_tables(ranked_sample: ava.RankedTitle) -> None:
    page = ranked_sample._repr_html_()
    assert page.count("data:image/jpeg;base64,") == 10
    frame = ranked_sample.to_pandas()
    assert list(frame["rank"]) == list(range(1, 11))
    points = [name for name in frame.columns if name.endswith("_points")]
    assert frame[points].sum(axis=1).to_numpy() == pytest.approx(frame["utility"].to_numpy())
    assert ranked_sample.to_arrow().num_rows == 10


def test_ranking_again_decodes_nothing_but_stills(tmp_path: Path) -> None:
    from ava.pipeline import rank_title

    first = rank_title(SAMPLE, tmp_path, Settings())
    again = rank_title(SAMPLE, tmp_path, Settings())
    if not first.problems:
        assert first.n_frames == 1113
        assert again.n_frames == 0
    by_folder = rank_title(first.folder, tmp_path / "elsewhere", Settings())
    assert by_folder.folder == first.folder
    assert by_folder.n_frames == 0
    assert by_folder.ranking == again.ranking == first.ranking
    assert not (tmp_path / "elsewhere").exists()


@pytest.mark.slow
def test_a_film_is_the_same_by_several_processes(
    ranked_sample: ava.RankedTitle, tmp_path: Path
) -> None:
    settings = load_settings(None, ["ranking.top=10"])
    result = rank_title(SAMPLE, tmp_path, settings, Runtime(n_workers=2))
    alone, shared = ranked_sample.folder, result.folder
    names = {path.relative_to(alone) for path in alone.rglob("*") if path.is_file()}
    assert names == {path.relative_to(shared) for path in shared.rglob("*") if path.is_file()}
    assert len(names) > 50
    for name in names - {Path("manifest.json")}:  # which says how long the work took
        assert (alone / name).read_bytes() == (shared / name).read_bytes(), name
    assert result.problems == ranked_sample.problems


def test_extract_keeps_the_whole_shortlist(make_video: MakeVideo, tmp_path: Path) -> None:
    random = np.random.default_rng(0)
    noise = random.integers(0, 255, (12, 20, 3)).astype(np.uint8)
    big = np.asarray(Image.fromarray(noise).resize((320, 192), Image.Resampling.BICUBIC))
    path = make_video([np.roll(big, 4 * step, axis=1) for step in range(48)])
    folder = ava.extract(path, tmp_path / "out")
    title = read_title(folder)
    stills = sorted((folder / "stills").iterdir())
    assert len(stills) == len(title.refs) > 5
    assert not (folder / "index.html").exists()
    ranked = ava.rank(folder, top=3)
    assert ranked.folder == folder
    assert ranked.sheet.is_file()


def test_without_a_folder_the_result_is_temporary(make_video: MakeVideo) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    ranked = ava.rank(make_video([picture] * 5), top=1)
    folder = ranked.folder
    assert folder.exists()
    ranked._keeps.cleanup()
    assert not folder.exists()


def test_stills_of_any_size_are_ranked(shared_media: Path, tmp_path: Path) -> None:
    ranked = ava.rank(shared_media / "images", tmp_path, top=5)
    assert len(ranked.candidates) == 5
    assert ranked.candidates[0].label.endswith((".jpg", ".png"))


def test_a_failure_leaves_earlier_results_alone(
    make_video: MakeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    path = make_video([picture] * 5)
    ranked = ava.rank(path, tmp_path / "out", top=1)
    before = {one: one.read_bytes() for one in ranked.folder.rglob("*") if one.is_file()}

    def full_disk(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("ava.store.stills._jpeg", full_disk)
    with pytest.raises(StoreError, match="disk is full"):
        ava.rank(path, tmp_path / "out", top=1, settings=load_settings(None, ["stills.quality=80"]))
    after = {one: one.read_bytes() for one in ranked.folder.rglob("*") if one.is_file()}
    assert after == before
    assert [one.name for one in (tmp_path / "out").iterdir()] == [ranked.folder.name]


def test_a_black_film_is_nothing_to_rank(make_video: MakeVideo, tmp_path: Path) -> None:
    path = make_video([np.zeros((90, 160, 3), np.uint8)] * 30)
    with pytest.raises(NothingToRank, match="black"):
        ava.rank(path, tmp_path / "out")
    assert not list((tmp_path / "out").iterdir())


def test_a_title_whose_film_is_gone_says_so(make_video: MakeVideo, tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    path = make_video([picture] * 5)
    ranked = ava.rank(path, tmp_path / "out", top=1)
    path.unlink()
    with pytest.raises(MediaError, match=r"not at .* any more"):
        ava.rank(ranked.folder)


def test_two_films_of_one_name_keep_their_own_folders(
    make_video: MakeVideo, tmp_path: Path
) -> None:
    random = np.random.default_rng(1)
    first = make_video([random.integers(0, 255, (96, 128, 3)).astype(np.uint8)] * 5)
    moved = tmp_path / "one" / "film.mp4"
    moved.parent.mkdir()
    first.rename(moved)
    second = make_video([random.integers(0, 255, (96, 128, 3)).astype(np.uint8)] * 5)
    other = tmp_path / "two" / "film.mp4"
    other.parent.mkdir()
    second.rename(other)
    folders = {ava.rank(path, tmp_path / "out", top=1).folder for path in (moved, other)}
    assert len(folders) == 2


@pytest.mark.parametrize(
    ("make", "code", "says"),
    [
        (lambda path: None, 3, "no such file"),
        (lambda path: path.write_bytes(b""), 3, "is empty"),
        (lambda path: path.write_text("hello " * 200), 3, "cannot be read as video"),
        (lambda path: path.mkdir(), 3, "holds no pictures"),
    ],
)
def test_the_command_fails_in_one_line(tmp_path: Path, make: Any, code: int, says: str) -> None:
    path = tmp_path / "film.mp4"
    make(path)
    result = run("rank", str(path), "-o", str(tmp_path / "out"))
    assert result.returncode == code
    lines = result.stderr.strip().splitlines()
    assert [line.split(":")[0] for line in lines] == ["Error", "Hint"]
    assert says in lines[0]
    assert not (tmp_path / "out").exists() or not list((tmp_path / "out").iterdir())


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("in the way")
    result = run("rank", str(SAMPLE), "-o", str(blocked))
    assert result.returncode == 7
    assert result.stderr.startswith("Error:")
    assert blocked.read_text() == "in the way"


def test_wrong_settings_name_the_nearest(tmp_path: Path) -> None:
    result = run("rank", str(SAMPLE), "--set", "ranking.topp=3", "-o", str(tmp_path))
    assert result.returncode == 2
    assert "did you mean 'top'?" in result.stderr
    config = tmp_path / "ava.toml"
    config.write_text("[scan]\nlines = 3\n", "utf-8")
    result = run("rank", str(SAMPLE), "-o", str(tmp_path), cwd=tmp_path)
    assert result.returncode == 2
    assert "lines_px" in result.stderr


def test_one_bad_title_does_not_stop_the_others(make_video: MakeVideo, tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    good = make_video([picture] * 5)
    result = run("rank", str(tmp_path / "none.mp4"), str(good), "-o", str(tmp_path / "o"), "--json")
    assert result.returncode == 3
    documents = json.loads(result.stdout)
    assert "error" in documents[0]
    assert documents[1]["ranking"]["candidates"][0]["rank"] == 1


def test_quiet_means_quiet(make_video: MakeVideo, tmp_path: Path) -> None:
    picture = np.random.default_rng(1).integers(0, 255, (96, 128, 3)).astype(np.uint8)
    result = run("rank", str(make_video([picture] * 5)), "-o", str(tmp_path / "o"), "-q")
    assert (result.returncode, result.stdout, result.stderr) == (0, "", "")


def test_without_weights_and_offline_the_rest_works(tmp_path: Path) -> None:
    environment = {**os.environ, "AVA_MODELS_DIR": "", "XDG_CACHE_HOME": str(tmp_path / "empty")}
    words = ("rank", str(SAMPLE), "--out", str(tmp_path), "--top", "3", "--offline")
    done = run(*words, env=environment)
    assert done.returncode == 0, done.stderr
    (folder,) = [path.parent for path in tmp_path.glob("*/title.json")]
    scores = read_title(folder).pool.scores
    assert "eyes_open" not in scores or np.isnan(scores["eyes_open"]).all()
    assert np.isfinite(scores["sharpness"]).all()
    says = (folder / "index.html").read_text("utf-8")
    for line in (done.stderr + done.stdout, says):
        assert "faces were not looked at" in " ".join(line.split())
        assert "ava models pull" in " ".join(line.split())


def test_the_reference_page_is_what_the_cards_say() -> None:
    page = run("scorers", "--markdown").stdout
    assert page == (ROOT / "docs" / "annotations.md").read_text("utf-8"), (
        "run: ava scorers --markdown > docs/annotations.md"
    )
    for column in ("key_to_fill", "title_space_by_canvas", "technical_quality"):
        assert f"| `{column}` |" in page


def test_lists_for_people_and_machines() -> None:
    cards = json.loads(run("scorers", "--json").stdout)
    assert {card["name"] for card in cards} >= {"faces", "sharpness", "lighting", "color"}
    weights = json.loads(run("models", "list", "--json").stdout)
    assert all(len(one["sha256"]) == 64 and one["licence"] for one in weights)
    assert "How crisp the edges are" in run("scorers").stdout
    assert run("--version").stdout.startswith("ava 0.")
    assert run("doctor").returncode == 0


def test_a_cut_off_film_is_ranked_and_says_so(shared_media: Path, tmp_path: Path) -> None:
    ranked = ava.rank(shared_media / "odd" / "derived_truncated_half.mp4", tmp_path, top=3)
    assert "the file is cut off: 14" in ranked.sheet.read_text("utf-8")
