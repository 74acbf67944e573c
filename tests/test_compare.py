"""``ava compare``: the distances, the words, and what it writes."""

from __future__ import annotations

import dataclasses
import json
import shutil
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import wasserstein_distance_nd

import ava
from ava.comparing import ComparedColors, colors_of, compare_colors, context_of
from ava.core.color_names import NAMES
from ava.core.errors import ConfigError, MediaNotFound, ScorerError, StoreError
from ava.ranking.color_compare import (
    ColorBreakdown,
    breakdown_over,
    chi_square,
    color_distance,
    earth_movers,
    in_words,
    lab_of,
    matched_palettes,
    name_of,
    named_differences,
    typical_color,
)
from ava.review.comparison import render_comparison
from ava.scoring.registry import Registry, installed
from ava.settings import Settings
from tests.browser import open_page, show_pictures
from tests.conftest import SAMPLE
from tests.test_pipeline import run

Picture = NDArray[np.uint8]
NASTY = "<script>alert('x')</script> & \"q\" {{ 7 * 7 }}"


def saved(folder: Path, name: str, picture: Picture) -> Path:
    path = folder / name
    Image.fromarray(picture).save(path)
    return path


def seen(path: Path) -> ComparedColors:
    return colors_of(path, Settings(), installed())


@pytest.fixture(scope="module")
def breakdowns(
    photographs: dict[str, Picture], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, ColorBreakdown]:
    folder = tmp_path_factory.mktemp("photographs")
    return {
        name: seen(saved(folder, f"{name}.bmp", picture)).breakdown
        for name, picture in photographs.items()
    }


def middle(*steps: int) -> NDArray[np.float64]:
    """The middle of a histogram bin, sRGB 0..255."""
    return (np.array(steps) + 0.5) * 256 / 6


def patches(*colors: tuple[tuple[int, int, int], float]) -> Picture:
    """A picture with columns of these colors, by share."""
    picture = np.zeros((90, 200, 3), np.uint8)
    at = 0
    for color, share in colors:
        picture[:, at : at + round(200 * share)] = color
        at += round(200 * share)
    return picture


def test_half_of_the_color_moved_is_what_one_computes_by_hand(tmp_path: Path) -> None:
    blue, red = (21, 21, 106), (191, 21, 21)  # in bins (0, 0, 2) and (4, 0, 0)
    one = seen(saved(tmp_path, "one.png", patches((blue, 1.0)))).breakdown
    half = seen(saved(tmp_path, "half.png", patches((blue, 0.5), (red, 0.5)))).breakdown
    found = color_distance(one, half)
    # ½ [(1 - ½)² / (1 + ½) + (0 - ½)² / (0 + ½)]
    assert found.chi_square == pytest.approx(0.5 * (0.25 / 1.5 + 0.25 / 0.5))
    way = np.linalg.norm(lab_of(middle(0, 0, 2)) - lab_of(middle(4, 0, 0)))
    assert found.earth_movers == pytest.approx(way / 2, rel=1e-6)
    assert chi_square(one.histogram, np.roll(one.histogram, 1)) == pytest.approx(1)
    assert {(one.name, round(one.first, 2), round(one.second, 2)) for one in found.differences} == {
        ("dark blue", 1.0, 0.5),
        ("red", 0.0, 0.5),
    }


def test_the_least_work_is_found(breakdowns: dict[str, ColorBreakdown]) -> None:
    """Against the transport program of SciPy's statistics, on histograms cut to few bins."""
    points = lab_of((np.indices((6, 6, 6)).reshape(3, -1).T + 0.5) * 256 / 6)
    few = {}
    for name, one in breakdowns.items():
        kept = np.argsort(-one.histogram)[:12]
        few[name] = np.zeros(216)
        few[name][kept] = one.histogram[kept] / one.histogram[kept].sum()
    names = list(few)
    for one, other in pairwise(names):
        expected = wasserstein_distance_nd(points, points, few[one], few[other])
        assert earth_movers(few[one], few[other]) == pytest.approx(expected, rel=1e-5), (one, other)


def test_nothing_differs_from_itself_and_order_does_not_matter(
    breakdowns: dict[str, ColorBreakdown],
) -> None:
    names = list(breakdowns)
    for name, following in pairwise(names):
        one, other = breakdowns[name], breakdowns[following]
        same = color_distance(one, one)
        assert (same.chi_square, same.earth_movers, same.differences) == (0, 0, ())
        assert same.palette_difference == pytest.approx(0, abs=1e-9)
        there, back = color_distance(one, other), color_distance(other, one)
        for number in ("chi_square", "earth_movers", "palette_difference"):
            assert getattr(there, number) == pytest.approx(getattr(back, number), rel=1e-6)
            assert getattr(there, number) > 0
        assert {(m.first, m.second) for m in there.matches} == {
            (m.second, m.first) for m in back.matches
        }


def test_a_little_darker_is_nearer_than_other_colors(
    photographs: dict[str, Picture], tmp_path: Path
) -> None:
    for name, picture in photographs.items():
        darker = (picture * 0.9).astype(np.uint8)
        turned = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)
        turned[..., 0] = (turned[..., 0].astype(int) + 75) % 180
        other = cv2.cvtColor(turned, cv2.COLOR_HSV2RGB).astype(np.uint8)
        plain, near, far = (
            seen(saved(tmp_path, f"{name}_{at}.bmp", one)).breakdown
            for at, one in enumerate((picture, darker, other))
        )
        close, apart = color_distance(plain, near), color_distance(plain, far)
        assert close.earth_movers < apart.earth_movers, name
        assert close.palette_difference < apart.palette_difference, name


def test_more_of_the_change_is_further_away(photographs: dict[str, Picture]) -> None:
    """Part of the coffee in blue light: every distance grows with the part."""
    picture = photographs["coffee"]
    blue = (picture * [0.3, 0.6, 1.0]).astype(np.uint8)
    found = []
    for share in (0, 0.25, 0.5, 0.75, 1):
        mixed = picture.copy()
        mixed[:, : round(share * picture.shape[1])] = blue[:, : round(share * picture.shape[1])]
        counts = np.histogramdd(mixed.reshape(-1, 3), (6, 6, 6), [(0, 256)] * 3)[0].ravel()
        found.append(counts / counts.sum())
    chi = [chi_square(found[0], one) for one in found]
    work = [earth_movers(found[0], one) for one in found]
    assert chi == sorted(chi)
    assert work == sorted(work)
    assert work[4] > 1.5 * work[2] > 0


def breakdown(palette: list[tuple[int, int, int]], shares: list[float]) -> ColorBreakdown:
    colors = np.array([*palette, *[palette[0]] * (5 - len(palette))], float)
    share = np.array([*shares, *[0.0] * (5 - len(shares))])
    histogram, named = np.zeros(216), np.zeros(len(NAMES))
    histogram[0] = 1
    for color, part in zip(palette, shares, strict=True):
        named[NAMES.index(name_of(np.array(color)))] += part
    return ColorBreakdown(histogram, named, colors, share)


def test_palette_colors_meet_those_they_stand_for() -> None:
    one = breakdown([(200, 30, 40), (20, 60, 160), (240, 230, 90)], [0.5, 0.3, 0.2])
    other = breakdown([(22, 66, 170), (205, 34, 44), (235, 228, 96)], [0.5, 0.3, 0.2])
    matches = matched_palettes(one, other)
    assert {(m.first, m.second) for m in matches if m.difference < 6} == {(0, 1), (1, 0), (2, 2)}
    assert sum(m.weight for m in matches) == pytest.approx(1)


def test_frames_weigh_what_they_are_told_to() -> None:
    red, blue = breakdown([(200, 30, 40)], [1.0]), breakdown([(20, 60, 160)], [1.0])
    both = breakdown_over(
        np.stack([red.histogram, blue.histogram]),
        np.stack([red.named, blue.named]),
        np.stack([red.palette.ravel(), blue.palette.ravel()]),
        np.stack([red.palette_share, blue.palette_share]),
        np.array([1.0, 3.0]),
    )
    assert both.palette_share[:2] == pytest.approx([0.75, 0.25])
    assert both.palette[0] == pytest.approx([20, 60, 160])
    with pytest.raises(ValueError, match="sum to 1"):
        dataclasses.replace(both, named=both.named * 2)


def test_the_words_say_who_has_more() -> None:
    navy, orange, gray = (20, 30, 90), (245, 140, 20), (128, 128, 128)
    one = breakdown([navy, orange, gray], [0.41, 0.39, 0.2])
    other = breakdown([navy, gray], [0.18, 0.82])
    sentences = [in_words(d, "A", "B") for d in named_differences(one, other)]
    assert sentences == [
        "B has 62 % more gray: 82 % against 20 %.",
        "A has 39 % orange, B hardly any.",
        "A has 23 % more dark blue: 41 % against 18 %.",
    ]
    for name in NAMES:
        if not name.startswith("muted"):
            assert name_of(typical_color(name)) == name


def test_a_title_folder_and_its_film_have_the_same_colors(
    ranked_sample: ava.RankedTitle,
) -> None:
    folder, film = seen(ranked_sample.folder), seen(SAMPLE)
    assert (folder.kind, film.kind) == ("title", "film")
    assert folder.n_frames == film.n_frames > 20
    found = color_distance(folder.breakdown, film.breakdown)
    assert found.chi_square < 1e-6
    assert found.palette_difference < 0.1
    assert not found.differences


def test_shots_count_by_their_length(ranked_sample: ava.RankedTitle) -> None:
    table = pq.read_table(ranked_sample.folder / "scores.parquet")
    shots = pq.read_table(ranked_sample.folder / "shots.parquet").to_pylist()
    rows = np.array(table["color_histogram"].to_pylist())
    index = np.array(table["shot_index"].to_pylist())
    means = {shot["index"]: rows[index == shot["index"]].mean(axis=0) for shot in shots}
    seconds = {shot["index"]: shot["end_seconds"] - shot["start_seconds"] for shot in shots}
    there = [at for at in seconds if (index == at).any()]
    expected = sum(seconds[at] * means[at] for at in there) / sum(seconds[at] for at in there)
    assert seen(ranked_sample.folder).breakdown.histogram == pytest.approx(expected, abs=1e-6)


def test_real_films_in_gray_and_color_keep_apart(shared_media: Path) -> None:
    films = shared_media / "films"
    gray, warm, other = (
        seen(films / f"{name}.mp4").breakdown for name in ("chaplin", "iron_man", "goldeneye_vfr")
    )
    grays = sum(gray.named[NAMES.index(n)] for n in NAMES if n.endswith(("gray", "black", "white")))
    assert grays > 0.99
    assert color_distance(warm, other).earth_movers < color_distance(gray, warm).earth_movers


def test_errors_are_plain(ranked_sample: ava.RankedTitle, tmp_path: Path) -> None:
    with pytest.raises(MediaNotFound, match="no such file"):
        seen(tmp_path / "missing.jpg")
    with pytest.raises(ConfigError, match="1 named"):
        compare_colors([seen(SAMPLE)])
    with pytest.raises(ScorerError, match="no scorer that tells colors"):
        colors_of(SAMPLE, Settings(), Registry((), ()))
    old = Path(shutil.copytree(ranked_sample.folder, tmp_path / "old"))
    facts = json.loads((old / "title.json").read_text("utf-8"))
    facts["columns"] = [one for one in facts["columns"] if one["name"] != "named_colors"]
    (old / "title.json").write_text(json.dumps(facts), "utf-8")
    with pytest.raises(StoreError, match="before colors had names"):
        seen(old)


def test_the_command(photographs: dict[str, Picture], tmp_path: Path) -> None:
    one = saved(tmp_path, "one.png", photographs["coffee"])
    other = saved(tmp_path, "other [b].png", photographs["china"])
    page = tmp_path / "new" / "page.html"
    shown = run("compare", str(one), str(other), "--html", str(page))
    assert shown.returncode == 0, shown.stderr
    assert "A  one.png (a picture)" in shown.stdout
    assert "B  other [b].png (a picture)" in shown.stdout
    assert "A has" in shown.stdout
    assert "Chi-square" in shown.stdout
    assert page.is_file()
    listed = json.loads(run("compare", str(one), str(other), str(one), "--json").stdout)
    assert [pair["first"] + pair["second"] for pair in listed["pairs"]] == ["AB", "AC", "BC"]
    assert listed["pairs"][1]["chi_square"] == 0
    assert json.loads(json.dumps(ava.compare(one, other, one).to_json())) == listed
    assert listed["pairs"][0]["chi_square"] == pytest.approx(listed["pairs"][2]["chi_square"])
    assert len(listed["compared"][0]["color_histogram"]) == 216


def test_the_command_refuses_and_loses_nothing(tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    page.write_text("earlier", "utf-8")
    words = saved(tmp_path, "one.png", np.zeros((9, 9, 3), np.uint8))
    text = tmp_path / "notes.txt"
    text.write_text("no picture", "utf-8")
    torn = tmp_path / "torn.jpg"
    torn.write_bytes(b"\xff\xd8\xff\xe0 torn")
    for bad, code in ((tmp_path / "missing.png", 3), (text, 3), (torn, 3)):
        done = run("compare", str(words), str(bad), "--html", str(page))
        assert done.returncode == code, done.stderr
        assert len(done.stderr.splitlines()) <= 2
        assert bad.name in done.stderr
        assert page.read_text("utf-8") == "earlier"
    assert run("compare", str(tmp_path / "alone.png")).returncode == 2
    full = run("compare", str(words), str(words), "--html", str(page / "below.html"))
    assert full.returncode == 7
    assert page.read_text("utf-8") == "earlier"
    assert not list(tmp_path.glob(".*"))


@pytest.fixture(scope="module")
def page_of_three(
    photographs: dict[str, Picture],
    ranked_sample: ava.RankedTitle,
    tmp_path_factory: pytest.TempPathFactory,
) -> Path:
    folder = tmp_path_factory.mktemp("compare")
    three = [
        seen(saved(folder, "coffee.png", photographs["coffee"])),
        dataclasses.replace(seen(saved(folder, "x.png", photographs["china"])), name=NASTY),
        seen(ranked_sample.folder),
    ]
    page = folder / "page.html"
    page.write_text(render_comparison(context_of(compare_colors(three))), "utf-8")
    return page


@pytest.mark.parametrize(("scheme", "width_px"), [("light", 1440), ("dark", 1440), ("dark", 390)])
def test_the_page_in_a_browser(page_of_three: Path, scheme: str, width_px: int) -> None:
    with open_page(page_of_three.as_uri(), width_px, 900, scheme) as page:
        show_pictures(page)
        assert page.evaluate("[...document.images].filter(i => !i.naturalWidth).length") == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= width_px
        assert page.locator(".compared > li").count() == 3
        assert page.locator(".distances tbody tr").count() == 3
        assert page.locator(".pair").count() == 3
        assert page.locator(".compared h2").nth(1).inner_text() == f"B {NASTY}"
        bars = page.locator(".compared .palette")
        for at in range(3):
            widths = bars.nth(at).evaluate(
                "p => [...p.children].map(c => c.getBoundingClientRect().width)"
            )
            assert widths == sorted(widths, reverse=True)
            inside = bars.nth(at).evaluate("p => p.clientWidth")
            assert sum(widths) == pytest.approx(inside, abs=2)


def test_the_page_is_by_itself(page_of_three: Path) -> None:
    page = page_of_three.read_text("utf-8")
    assert "<script" not in page
    assert "http" not in page
    assert str(page_of_three.parent) not in page
    assert "{{ 7 * 7 }}" in page
