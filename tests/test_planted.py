"""One planted effect for every column of light and sharpness: five strengths, many photographs."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from scipy.stats import spearmanr

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, PersonMask, Saliency
from scorers.analysers.saliency import SaliencyAnalyser
from scorers.artifacts import ArtifactScorer
from scorers.lighting import LightingScorer
from scorers.portrait_light import PortraitLightScorer
from scorers.sharpness import SharpnessScorer
from scorers.white_balance import WhiteBalanceScorer
from tests.conftest import SHARED

Picture = NDArray[np.uint8]
Effect = Callable[[Picture, int], Picture]
SHARED_NAMES = (
    "ava_42039.jpg", "ava_42040.jpg", "ava_42041.jpg", "ava_42042.jpg", "ava_42044.jpg",
    "business-work-1.jpg", "chelsea.jpg", "nature-1.jpg", "test-image-oldman.jpg", "travel-1.jpg",
)  # fmt: skip


@pytest.fixture(scope="module")
def scenes(photographs: dict[str, Picture]) -> dict[str, Picture]:
    """Eight photographs of libraries and, where they are, ten of the shared media."""
    found = {name: one for name, one in photographs.items() if name != "ihc"}
    for name in SHARED_NAMES:
        path = SHARED / "media" / "images" / name
        if path.is_file():
            picture = np.asarray(Image.open(path).convert("RGB"))
            size = (round(picture.shape[1] * 540 / picture.shape[0]), 540)
            found[name] = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    return found


def scored(
    scorer: type,
    pictures: list[Picture],
    *faces: tuple[float, ...],
    people: NDArray[np.float32] | None = None,
) -> dict[str, NDArray]:
    times = np.arange(len(pictures), dtype=np.float64)
    batch = FrameBatch(np.stack(pictures), times, np.arange(len(pictures)))
    height = scorer.card.height_px
    if height < batch.height_px:
        size = (round(batch.width_px * height / batch.height_px), height)
        small = [cv2.resize(one, size, interpolation=cv2.INTER_AREA) for one in pictures]
        batch = FrameBatch(np.stack(small), batch.pts_seconds, batch.frame_ids)
    n = len(pictures)
    boxes = np.array(list(faces) * n, np.float32).reshape(-1, 4)
    rows = np.repeat(np.arange(n), len(faces))
    sure = np.ones(len(boxes), np.float32)
    found = {Saliency: SaliencyAnalyser().analyse(batch), Faces: Faces(n, rows, boxes, sure)}
    if people is not None:
        found[PersonMask] = PersonMask(n, np.stack([people] * n))
    return scorer().score(batch, Analyses(found))


def curved(picture: Picture, curve: Callable[[NDArray], NDArray]) -> Picture:
    levels = curve(np.arange(256) / 255).clip(0, 1) * 255
    return np.asarray(cv2.LUT(picture, levels.round().astype(np.uint8)), np.uint8)


def smeared(picture: Picture, length: int, across: bool = True) -> Picture:
    kernel = np.full((1, length) if across else (length, 1), 1 / length)
    return np.asarray(cv2.filter2D(picture, -1, kernel), np.uint8)


def blurred(picture: Picture, k: int) -> Picture:
    return np.asarray(cv2.GaussianBlur(picture, (0, 0), 0.05 + 1.1 * k), np.uint8)


def noisy(picture: Picture, k: int) -> Picture:
    noise = np.random.default_rng(7).normal(0, 3.0 * k, picture.shape[:2])[..., None]
    return (picture + noise).clip(0, 255).round().astype(np.uint8)


def compressed(picture: Picture, k: int) -> Picture:
    quality = (92, 22, 12, 7, 3)[k]
    _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)


def posterized(picture: Picture, k: int) -> Picture:
    step = (1, 4, 6, 8, 10)[k]
    soft = cv2.GaussianBlur(picture, (0, 0), 6).astype(np.int32)
    return (soft // step * step).clip(0, 255).astype(np.uint8)


def tinted(picture: Picture, k: int) -> Picture:
    gains = np.array([1 + 0.09 * k, 1, 1 - 0.11 * k])
    return (picture * gains).clip(0, 255).astype(np.uint8)


def dimmed(picture: Picture, k: int) -> Picture:
    return curved(picture, lambda v: v * (1 - 0.18 * k))


PLANTED: list[tuple[str, type, Effect, int]] = [
    ("sharpness", SharpnessScorer, blurred, -1),
    ("sharpest_area", SharpnessScorer, blurred, -1),
    ("subject_sharpness", SharpnessScorer, blurred, -1),
    ("out_of_focus", SharpnessScorer, blurred, 1),
    ("motion_blur", SharpnessScorer, lambda p, k: smeared(p, 1 + 5 * k), 1),
    ("noise", ArtifactScorer, noisy, 1),
    ("blocking", ArtifactScorer, compressed, 1),
    ("banding", ArtifactScorer, posterized, 1),
    ("brightness", LightingScorer, dimmed, -1),
    ("key", LightingScorer, dimmed, -1),
    ("contrast", LightingScorer, lambda p, k: curved(p, lambda v: 0.5 + (v - 0.5) * (1 - 0.2 * k)), -1),
    ("local_contrast", LightingScorer, lambda p, k: curved(p, lambda v: 0.5 + (v - 0.5) * (1 - 0.2 * k)), -1),
    ("dynamic_range", LightingScorer, lambda p, k: curved(p, lambda v: 0.08 * k + v * (1 - 0.16 * k)), -1),
    ("clipped_bright", LightingScorer, lambda p, k: curved(p, lambda v: v * (1 + 0.5 * k)), 1),
    ("clipped_dark", LightingScorer, lambda p, k: curved(p, lambda v: (v - 0.15 * k) * 1.2), 1),
    ("color_temperature", WhiteBalanceScorer, tinted, -1),
]  # fmt: skip


@pytest.mark.parametrize(
    ("column", "scorer", "effect", "sign"), PLANTED, ids=[p[0] for p in PLANTED]
)
def test_a_stronger_effect_gives_a_stronger_number(
    scenes: dict[str, Picture], column: str, scorer: type, effect: Effect, sign: int
) -> None:
    ranks = {}
    for name, picture in scenes.items():
        given = scored(scorer, [effect(picture, k) for k in range(5)])[column].astype(float)
        if np.isnan(given).any() or np.ptp(given) == 0:
            continue
        ranks[name] = sign * spearmanr(range(5), given).statistic
    assert len(ranks) >= 0.8 * len(scenes), sorted(set(scenes) - set(ranks))
    assert np.mean(list(ranks.values())) >= 0.9, ranks
    assert np.mean(np.array(list(ranks.values())) >= 0.7) >= 0.85, ranks


@pytest.mark.parametrize(
    "scorer", sorted({one[1] for one in PLANTED}, key=lambda one: one.__name__)
)
def test_what_should_not_matter_matters_little(scenes: dict[str, Picture], scorer: type) -> None:
    """A mirrored picture, a little compression, and (but for sharpness) a smaller picture."""
    signed = {"light_side", "motion_blur_direction", "cast_hue", "depth_of_field"}
    for name, picture in scenes.items():
        plain = scored(scorer, [picture])
        mirrored = scored(scorer, [np.ascontiguousarray(picture[:, ::-1])])
        _, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, 85])
        light = scored(scorer, [np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR), np.uint8)])
        for column in scorer.card.columns:
            if column.name in signed:
                continue
            value = float(plain[column.name][0])
            if np.isnan(value):
                continue
            span = {"color_temperature": 5000.0, "noise": 4.0}.get(
                column.name, 1.0 if column.high > 1e6 else column.high - column.low
            )
            limit = 0.12 * span
            assert abs(float(mirrored[column.name][0]) - value) < limit, (name, column.name)
            if column.name not in ("blocking", "noise"):  # JPEG makes the one, takes the other
                assert abs(float(light[column.name][0]) - value) < limit, (name, column.name)


def test_the_direction_of_a_smear_is_named(scenes: dict[str, Picture]) -> None:
    right = []
    for picture in scenes.values():
        for across, expected in ((True, 0.0), (False, 90.0)):
            given = scored(SharpnessScorer, [smeared(picture, 21, across)])
            right.append(float(given["motion_blur_direction"][0]) == expected)
    assert np.mean(right) >= 0.9


def test_a_subject_in_focus_stands_out(scenes: dict[str, Picture]) -> None:
    face = (0.35, 0.25, 0.65, 0.75)
    held = 0
    for picture in scenes.values():
        height, width = picture.shape[:2]
        given = []
        for k in range(5):
            soft = blurred(picture, k)
            inside = np.s_[int(0.15 * height) :, int(0.2 * width) : int(0.8 * width)]
            soft[inside] = picture[inside]
            given.append(float(scored(SharpnessScorer, [soft], face)["depth_of_field"][0]))
        held += spearmanr(range(5), given).statistic > 0.85
    assert held >= 0.8 * len(scenes)


@pytest.fixture(scope="module")
def portrait(photographs: dict[str, Picture]) -> tuple[Picture, tuple[float, float, float, float]]:
    return photographs["astronaut"], (0.36, 0.1, 0.53, 0.36)


def lit(picture: Picture, box: tuple[float, ...], stops: float) -> Picture:
    """The picture with a ramp of light over the face, brighter on the right by `stops`."""
    _height, width = picture.shape[:2]
    ramp = np.interp(np.arange(width), [box[0] * width, box[2] * width], [-stops / 2, stops / 2])
    gains = (2.0**ramp) ** (1 / 2.2)
    return (0.6 * picture * gains[None, :, None]).clip(0, 255).astype(np.uint8)


def test_key_to_fill_and_the_side_of_the_light(
    portrait: tuple[Picture, tuple[float, float, float, float]],
) -> None:
    picture, box = portrait
    given = scored(PortraitLightScorer, [lit(picture, box, k) for k in (-4, -2, 0, 2, 4)], box)
    side, ratio = given["light_side"], given["key_to_fill"]
    assert list(side) == sorted(side)
    assert side[0] < -0.5
    assert side[-1] > 0.5
    assert ratio[0] > ratio[1]
    assert ratio[4] > ratio[3]
    turned = np.ascontiguousarray(lit(picture, box, 4)[:, ::-1])
    mirrored = scored(PortraitLightScorer, [turned], (1 - box[2], box[1], 1 - box[0], box[3]))
    assert mirrored["light_side"][0] == pytest.approx(-side[4], abs=0.1)


def test_back_light_and_silhouette(photographs: dict[str, Picture]) -> None:
    """A cut-out person before a sky that grows brighter, and a person who grows darker."""
    person = photographs["astronaut"]
    height, width = person.shape[:2]
    shape = np.zeros((height, width), np.uint8)
    cv2.ellipse(shape, (width // 2, height), (width // 4, int(0.75 * height)), 0, 0, 360, 1, -1)
    face = (0.4, 0.3, 0.6, 0.6)
    given = []
    for k in range(5):
        sky = np.full_like(person, 90 + 40 * k)
        dark = (person * (1 - 0.23 * k)).astype(np.uint8)
        given.append(np.where(shape[..., None] > 0, dark, sky))
    people = cv2.resize(shape.astype(np.float32), (48, 27), interpolation=cv2.INTER_AREA)
    values = scored(PortraitLightScorer, given, face, people=people)
    assert list(values["back_light"]) == sorted(values["back_light"])
    assert list(values["silhouette"]) == sorted(values["silhouette"])
    assert values["silhouette"][0] < 0.2
    assert values["silhouette"][-1] > 0.6


def test_casts_have_their_hue(scenes: dict[str, Picture]) -> None:
    gains = {"red": (1.3, 1, 1), "green": (1, 1.3, 1), "blue": (0.85, 0.85, 1.25)}
    hues = {"red": 20, "green": 135, "blue": 290}
    right = []
    for picture in scenes.values():
        gray = np.repeat(picture.mean(axis=2, keepdims=True), 3, axis=2) * 0.75
        for name, gain in gains.items():
            tint = (gray * gain).clip(0, 255).astype(np.uint8)
            given = scored(WhiteBalanceScorer, [tint])
            off = abs((float(given["cast_hue"][0]) - hues[name] + 180) % 360 - 180)
            right.append(off < 30 and float(given["color_cast"][0]) > 8)
    assert np.mean(right) >= 0.95
