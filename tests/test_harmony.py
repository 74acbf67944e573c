"""Hue schemes and black and white: known answers, planted effects, real film in gray and color."""

from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import spearmanr

from ava.core.color_names import NAMES, name_index
from ava.scoring.check import check_scorer
from scorers.harmony import TEMPLATES, HarmonyScorer, harmony, hue_histogram, monochrome
from tests.test_planted import Effect, Picture, compressed, scenes, scored  # noqa: F401

SEPIA = np.array([[0.393, 0.769, 0.189], [0.349, 0.686, 0.168], [0.272, 0.534, 0.131]])


def grayed(picture: Picture, share: float) -> Picture:
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[..., None].astype(np.float64)
    return (gray + (picture - gray) * (1 - share)).round().clip(0, 255).astype(np.uint8)


def sepia(picture: Picture) -> Picture:
    return (picture * 0.7 @ SEPIA.T).clip(0, 255).astype(np.uint8)


def turned(picture: Picture, degrees: NDArray[np.float64] | float) -> Picture:
    """The picture with its hues turned; an array gives an angle for every pixel."""
    hsv = cv2.cvtColor(picture, cv2.COLOR_RGB2HSV).astype(np.int64)
    hsv[..., 0] = (hsv[..., 0] + np.round(np.asarray(degrees) / 2).astype(np.int64)) % 180
    return cv2.cvtColor(hsv.astype(np.uint8), cv2.COLOR_HSV2RGB).astype(np.uint8)


def strewn(picture: Picture, k: int) -> Picture:
    """A growing part of the picture, in strips, takes on hues from all around the wheel."""
    width = picture.shape[1]
    angles = np.zeros(width)
    for strip in range(12):
        start = strip * width // 12
        angles[start : start + round(k * 0.2 * width / 12)] = 30 * strip
    return turned(picture, np.broadcast_to(angles, picture.shape[:2]))


def gathered(picture: Picture, k: int) -> Picture:
    """The hues drawn to their commonest one or its opposite, as the paper's harmonization does."""
    hues = hue_histogram(picture)
    assert hues is not None
    middle = 2 * float(hues.argmax())
    hue = 2.0 * cv2.cvtColor(picture, cv2.COLOR_RGB2HSV)[..., 0]
    return turned(picture, ((middle - hue + 90) % 180 - 90) * k / 4)


@pytest.mark.parametrize(
    ("column", "effect", "sign"),
    [
        ("color_harmony", strewn, -1),
        ("color_harmony", gathered, 1),
        ("monochrome", lambda p, k: grayed(p, k / 4), 1),
    ],
)
def test_a_stronger_effect_gives_a_stronger_number(
    scenes: dict[str, Picture],  # noqa: F811
    column: str,
    effect: Effect,
    sign: int,
) -> None:
    assert len(scenes) >= 7
    orders: list[float] = []
    for name, picture in scenes.items():
        given = scored(HarmonyScorer, [effect(picture, k) for k in range(5)])[column].astype(float)
        if column == "color_harmony" and np.isnan(given[0]):
            continue
        steps = sign * np.diff(given)
        assert steps.min() > -0.05, (name, given)
        orders.append(sign * spearmanr(range(5), given).statistic)
        assert given[4] > 0.65 if sign > 0 else given[4] < given[0] - 0.1, (name, given)
    assert np.mean(orders) >= 0.95
    assert min(orders) >= 0.6


def test_what_should_not_matter_matters_little(scenes: dict[str, Picture]) -> None:  # noqa: F811
    kept = []
    for name, picture in scenes.items():
        height, width = picture.shape[:2]
        smaller = cv2.resize(
            picture, (round(0.8 * width), round(0.8 * height)), interpolation=cv2.INTER_AREA
        )
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
        plain = scored(HarmonyScorer, [picture])
        for other in (
            np.ascontiguousarray(picture[:, ::-1]),
            smaller.astype(np.uint8),
            np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8),
        ):
            given = scored(HarmonyScorer, [other])
            for column in ("color_harmony", "monochrome"):
                assert given[column] == pytest.approx(plain[column], abs=0.05, nan_ok=True), name
            kept.append(np.array_equal(given["harmony_template"], plain["harmony_template"], True))
    assert np.mean(kept) >= 0.95


def test_hues_alone_count_wherever_they_lie_on_the_wheel(
    scenes: dict[str, Picture],  # noqa: F811
) -> None:
    for name, picture in scenes.items():
        one, other = (hue_histogram(turned(picture, angle)) for angle in (0, 120))
        if one is not None and other is not None:
            assert harmony(one)[0] == pytest.approx(harmony(other)[0], abs=0.02), name


def planted(*parts: tuple[float, float, float]) -> NDArray[np.float32]:
    """Hues from (middle and spread in degrees, share): normal around each middle."""
    hues = np.zeros(180)
    random = np.random.default_rng(3)
    for middle, spread, share in parts:
        drawn = np.round(random.normal(middle, spread, 20000) / 2).astype(int) % 180
        hues += share * np.bincount(drawn, minlength=180) / 20000
    return (hues / hues.sum()).astype(np.float32)


@pytest.mark.parametrize("turn", [0, 75, 200, 310])
@pytest.mark.parametrize(
    ("parts", "scheme"),
    [
        (((0, 4, 1),), "one hue"),
        (((0, 4, 0.7), (180, 4, 0.3)), "two opposite hues"),
        (((-35, 6, 0.3), (0, 6, 0.4), (35, 6, 0.3)), "neighboring hues"),
        (((0, 4, 0.4), (68, 8, 0.2), (90, 8, 0.2), (112, 8, 0.2)), "neighbors and a hue a quarter round"),
        (((-35, 6, 0.3), (0, 6, 0.3), (35, 6, 0.3), (180, 4, 0.1)), "neighbors and an opposite accent"),
        (((-70, 8, 0.25), (-35, 8, 0.25), (0, 8, 0.2), (35, 8, 0.2), (70, 8, 0.1)), "one half of the wheel"),
        (((-35, 5, 0.2), (0, 5, 0.2), (35, 5, 0.2), (145, 5, 0.2), (180, 5, 0.1), (215, 5, 0.1)), "two opposite groups"),
        (tuple((angle, 20, 1) for angle in range(0, 360, 30)), "no scheme"),
    ],
)  # fmt: skip
def test_planted_schemes_are_named(
    parts: tuple[tuple[float, float, float], ...], scheme: str, turn: int
) -> None:
    value, template = harmony(planted(*((hue + turn, spread, n) for hue, spread, n in parts)))
    assert TEMPLATES[template] == scheme
    assert value == 0 if scheme == "no scheme" else value > 0.15


def test_fewer_hues_are_the_more_orderly() -> None:
    one, two, near = (
        harmony(planted(*parts))[0]
        for parts in (((40, 3, 1),), ((40, 3, 1), (220, 3, 1)), ((10, 6, 1), (70, 6, 1)))
    )
    assert one > 0.98
    assert one > two > near > 0.4
    assert two == pytest.approx(0.69, abs=0.02)


def test_gray_has_no_hue_and_color_has(scenes: dict[str, Picture]) -> None:  # noqa: F811
    grays = {name: grayed(picture, 1.0) for name, picture in scenes.items()}
    for name, picture in grays.items():
        for one in (picture, compressed(picture, 1)):
            given = scored(HarmonyScorer, [one])
            assert np.isnan(given["color_harmony"][0]), name
            assert np.isnan(given["harmony_template"][0]), name
            assert given["monochrome"][0] > 0.98, name
    black = np.zeros((90, 160, 3), np.uint8)
    assert np.isnan(monochrome(black))


def test_one_tint_is_monochrome_and_muted_color_is_not(
    scenes: dict[str, Picture],  # noqa: F811
) -> None:
    random = np.random.default_rng(4)
    tinted, muted = [], []
    for picture in scenes.values():
        height, width = picture.shape[:2]
        noise = cv2.resize(random.normal(0, 10, (height // 2, width // 2, 3)), (width, height))
        noisy = (grayed(picture, 1.0) + noise).clip(0, 255).astype(np.uint8)
        blue = (grayed(picture, 1.0) * [0.55, 0.75, 1.0]).astype(np.uint8)
        toned = sepia(picture)
        tinted.append([monochrome(one) for one in (noisy, blue, toned, compressed(toned, 1))])
        muted.append([monochrome(grayed(picture, 0.5)), monochrome(picture)])
        scheme = scored(HarmonyScorer, [toned])["harmony_template"][0]
        assert np.isnan(scheme) or TEMPLATES[int(scheme)] == "one hue"
        assert not np.isnan(scheme) or toned.mean() < 40  # too dark for a hue
    assert np.min(tinted) > 0.6
    assert np.mean(tinted) > 0.95
    half, plain = np.array(muted).T
    assert plain.max() < 0.4
    assert np.mean(plain < 0.1) >= 0.8
    assert np.mean(half < 0.3) >= 0.8  # the others are a pale beach, a pink car, a moonlit peak


@pytest.mark.parametrize("bright", [(0.6, 1.0, 0.5), (0.5, 0.7, 1.0)])
def test_two_tints_are_not_one(
    scenes: dict[str, Picture],  # noqa: F811
    bright: tuple[float, float, float],
) -> None:
    """Shadows in red and lights in green or blue: every tone has one color, but not of one hue."""
    shadows = (1.0, 0.55, 0.5)
    one, two = [], []
    for picture in scenes.values():
        gray = cv2.equalizeHist(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY))[..., None] / 255
        for lights, given in ((shadows, one), (bright, two)):
            toned = gray * ((1 - gray) * shadows + gray * lights)
            given.append(monochrome((255 * toned).astype(np.uint8)))
    assert np.median(one) > 0.95
    assert np.median(two) < 0.25
    assert np.mean(np.array(two) < 0.5) >= 0.9


def test_a_red_coat_is_enough(scenes: dict[str, Picture]) -> None:  # noqa: F811
    """Where the picture has grays of the coat's tone; with none it could be a print in red."""
    tried = 0
    for name, picture in scenes.items():
        gray = grayed(picture, 1.0)
        if np.mean(np.abs(gray[..., 0] - 72.0) < 10) < 0.05:
            continue
        height, width = gray.shape[:2]
        gray[height // 2 : height * 3 // 4, width // 2 : width * 5 // 8] = (190, 20, 30)
        assert monochrome(gray) < 0.1, name
        tried += 1
    assert tried >= 5


def frames_of(path: Path, n_frames: int) -> list[Picture]:
    with av.open(str(path)) as box:
        frames = [one.to_ndarray(format="rgb24") for one in box.decode(video=0)]
    return frames[:: max(1, len(frames) // n_frames)]


def test_film_in_gray_and_film_in_color(shared_media: Path) -> None:
    films = shared_media / "films"
    gray = [monochrome(one) for one in frames_of(films / "chaplin.mp4", 8)]
    color = [
        monochrome(one)
        for name in ("breakfast_at_tiffanys", "craft_programme_anamorphic", "iron_man")
        for one in frames_of(films / f"{name}.mp4", 8)
    ]
    assert len(gray) >= 8
    assert len(color) >= 24
    assert min(gray) > 0.98
    assert np.mean(np.array(color) < 0.2) >= 0.95
    assert max(color) < 0.5


def test_the_contract_is_kept() -> None:
    check_scorer(HarmonyScorer)


@pytest.mark.parametrize(
    ("srgb", "name"),
    [
        ((0, 0, 0), "black"), ((128, 128, 128), "gray"), ((255, 255, 255), "white"),
        ((60, 60, 62), "dark gray"), ((205, 204, 206), "pale gray"), ((200, 20, 30), "red"),
        ((120, 10, 20), "dark red"), ((245, 140, 20), "orange"), ((245, 205, 165), "pale orange"),
        ((130, 75, 35), "brown"), ((250, 220, 40), "yellow"), ((120, 115, 30), "olive"),
        ((40, 140, 60), "green"), ((10, 60, 30), "dark green"), ((0, 128, 128), "teal"),
        ((20, 30, 90), "dark blue"), ((40, 90, 200), "blue"), ((170, 210, 235), "pale blue"),
        ((110, 120, 140), "muted blue"), ((130, 40, 160), "purple"), ((250, 130, 190), "pink"),
    ],
)  # fmt: skip
def test_colors_go_by_the_names_people_give_them(srgb: tuple[int, int, int], name: str) -> None:
    lab = cv2.cvtColor(np.array([[srgb]], np.float32) / 255, cv2.COLOR_RGB2Lab)[0, 0]
    assert NAMES[int(name_index(lab))] == name
