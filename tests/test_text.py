"""Kinds of text, planted on real pictures, and films without any."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, TextRegions
from ava.scoring.contract import Runtime
from ava.scoring.runner import scaled
from ava.source.opening import open_source
from scorers.analysers.text import TextAnalyser
from scorers.text import TextScorer
from tests.conftest import ROOT, SHARED
from tests.lettering import DARK, FONTS, LIGHT, SPOKEN, TITLES, credited, plain, subtitled, titled

Picture = NDArray[np.uint8]
Rate = Callable[[Picture], dict[str, float]]
KINDS = ("subtitle_band", "title_card", "credits_roll")
STYLES = ("outline", "yellow", "box", "shadow")


@pytest.fixture(scope="module")
def rate(text_weights: None) -> Iterator[Rate]:
    analyser = TextAnalyser()
    analyser.open(Runtime(n_threads=1))

    def rated(picture: Picture) -> dict[str, float]:
        frame = FrameBatch(np.ascontiguousarray(picture)[None], np.zeros(1), np.zeros(1, np.int64))
        found = Analyses({TextRegions: analyser.analyse(frame)})
        given = TextScorer().score(scaled(frame, TextScorer.card.height_px), found)
        return {name: float(value[0]) for name, value in given.items()}

    yield rated
    analyser.close()


@pytest.fixture(scope="module")
def scenes(photographs: dict[str, Picture]) -> list[Picture]:
    """Seven photographs of libraries and, where they are, ten of the shared media."""
    found = [one for name, one in photographs.items() if name != "ihc"]
    folder = SHARED / "media" / "images"
    for path in sorted([*folder.glob("ava_*.jpg"), *folder.glob("*-[1i]*.jpg")]):
        picture = np.asarray(Image.open(path).convert("RGB"))
        size = (round(picture.shape[1] * 540 / picture.shape[0]), 540)
        found.append(cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8))
    return [one for one in found if one.shape[1] >= 700]


@pytest.mark.slow
def test_text_in_ten_fonts_is_found(rate: Rate, scenes: list[Picture]) -> None:
    assert len(scenes) >= 12 or not SHARED.is_dir()
    found = []
    for number, scene in enumerate(scenes):
        for step, name in enumerate(FONTS):
            spoken = SPOKEN[(number + step) % len(SPOKEN)]
            picture = subtitled(scene, spoken, name, (22, 26, 32, 44)[(number + step) % 4])
            found.append(rate(picture)["text_lines"] >= 1)
    assert np.mean(found) >= 0.95


@pytest.mark.slow
def test_burnt_in_subtitles(rate: Rate, scenes: list[Picture]) -> None:
    sure = []
    for number, scene in enumerate(scenes):
        assert rate(scene)["subtitle_band"] < 0.5
        for step in range(4):
            picture = subtitled(
                scene,
                SPOKEN[(number + step) % len(SPOKEN)],
                FONTS[(3 * number + step) % len(FONTS)],
                (24, 28, 36)[(number + step) % 3],
                STYLES[step],
                at_top=step == 1,
            )
            given = rate(picture)
            sure.append(given["subtitle_band"] >= 0.5)
            assert given["credits_roll"] < 0.5
    assert np.mean(sure) >= 0.95


def test_the_same_words_elsewhere_are_no_subtitle(rate: Rate, scenes: list[Picture]) -> None:
    for scene in scenes[:3]:
        low = subtitled(scene, SPOKEN[0], height_px=28)
        assert rate(low)["subtitle_band"] >= 0.5
        aside = np.roll(low[380:], scene.shape[1] // 4, axis=1)
        assert rate(np.concatenate([low[:380], aside]))["subtitle_band"] < 0.5
        assert rate(np.roll(low, -200, axis=0))["subtitle_band"] < 0.5


def test_titles_on_a_card_and_over_a_picture(rate: Rate, scenes: list[Picture]) -> None:
    cards = (((0, 0, 0), LIGHT), ((20, 20, 60), LIGHT), ((240, 240, 235), DARK))
    over = []
    for number, scene in enumerate(scenes):
        words, name = TITLES[number % len(TITLES)], FONTS[number % len(FONTS)]
        assert rate(scene)["title_card"] < 0.5, number
        over.append(rate(titled(scene, words, name, (50, 64, 80)[number % 3], LIGHT)))
        ground, ink = cards[number % 3]
        alone = rate(titled(plain(scene.shape[1], ground), words, name, 30 + 6 * (number % 4), ink))
        assert alone["title_card"] >= 0.5, (number, alone)
        for given in (over[-1], alone):
            assert max(given["subtitle_band"], given["credits_roll"]) < 0.5, (number, given)
    assert np.mean([given["title_card"] >= 0.5 for given in over]) >= 0.9, over


@pytest.mark.parametrize("two_columns", [False, True])
def test_credits(rate: Rate, two_columns: bool) -> None:
    for number, name in enumerate(FONTS):
        size, n_lines = (20, 24, 28)[number % 3], (7, 9, 12)[number % 3]
        given = rate(credited((960, 1080, 1296)[number % 3], name, size, n_lines, two_columns))
        assert given["credits_roll"] >= 0.5, (name, given)
        assert max(given["title_card"], given["subtitle_band"]) < 0.5, (name, given)


def test_a_plain_frame_costs_no_look(text_weights: None) -> None:
    analyser = TextAnalyser()  # not opened: the network is not there
    flat = np.stack([plain(960, (0, 0, 0)), plain(960, (90, 92, 88))])
    frames = FrameBatch(flat, np.arange(2.0), np.arange(2))
    assert len(analyser.analyse(frames)) == 0


@pytest.fixture(scope="module")
def textless(shared_media: Path) -> dict[str, list[Picture]]:
    """Frames of films, by file, in which people see no text."""
    wanted: dict[str, set[int]] = defaultdict(set)
    with (ROOT / "tests" / "labels" / "film_text.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["text"] == "none":
                wanted[row["file"]].add(int(row["n_frame"]))
    found = {}
    for name, numbers in wanted.items():
        with open_source(shared_media / name) as source:
            found[name] = [
                frame.rgb(540) for frame in source.scan() if frame.ref.frame_id in numbers
            ]
    return found


@pytest.mark.slow
def test_films_without_text_have_none(rate: Rate, textless: dict[str, list[Picture]]) -> None:
    given = [rate(picture) for pictures in textless.values() for picture in pictures]
    assert len(given) >= 130
    assert np.mean([one["text_lines"] > 0 for one in given]) <= 0.03
    assert np.mean([max(one[kind] for kind in KINDS) >= 0.5 for one in given]) <= 0.03


@pytest.mark.slow
def test_most_frames_of_films_need_no_close_look(
    textless: dict[str, list[Picture]], text_weights: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    analyser, looked_at = TextAnalyser(), []
    analyser.open(Runtime(n_threads=1))
    monkeypatch.setattr(
        analyser._detection,
        "ink",
        lambda part: looked_at.append(part.size) or np.zeros(part.shape[:2]),
    )
    n_free, shares = 0, []
    for picture in (one for pictures in textless.values() for one in pictures):
        looked_at.clear()
        analyser.analyse(FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64)))
        n_free += not looked_at
        shares.append(sum(looked_at) / (576 * 320 * 3))
    analyser.close()
    assert n_free >= 0.5 * len(shares)
    assert np.mean(shares) <= 0.1


@pytest.mark.slow
def test_small_and_faint_lines_on_films_are_found(
    rate: Rate, textless: dict[str, list[Picture]]
) -> None:
    films = ("breakfast", "elephants", "iron_man", "sintel")
    frames = [
        one for name, held in textless.items() for one in held if Path(name).stem.startswith(films)
    ]
    assert len(frames) >= 20
    found = []
    for number in range(60):
        picture, name = frames[(7 * number) % len(frames)], FONTS[number % len(FONTS)]
        line, size = (SPOKEN[number % len(SPOKEN)][0],), (18, 20, 22, 28)[number % 4]
        lettered = subtitled(picture, line, name, size, STYLES[number // 4 % 4])
        strength = (1.0, 0.7, 0.5)[number % 3]
        faint = picture + (lettered.astype(np.float32) - picture) * strength
        found.append(rate(faint.astype(np.uint8))["text_lines"] >= 1)
    assert np.mean(found) >= 0.95
