"""What the numbers say: planted effects on real photographs, and orderings."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage.color import rgb2lab

from ava.core.color_names import NAMES, name_index
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, TextRegions
from ava.scoring.contract import Runtime
from ava.scoring.runner import scaled
from scorers.analysers.faces import FaceAnalyser
from scorers.analysers.saliency import SaliencyAnalyser, spectral_residual
from scorers.analysers.text import TextAnalyser
from scorers.color import ColorScorer, color_histogram, colorfulness, named_shares, palette
from scorers.faces import FaceScorer
from scorers.lighting import LightingScorer
from scorers.pictures import lab, lab_of, lightness
from scorers.sharpness import SharpnessScorer
from scorers.text import TextScorer

Picture = NDArray[np.uint8]
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)


def batch(*pictures: Picture) -> FrameBatch:
    n_frames = len(pictures)
    return FrameBatch(np.stack(pictures), np.arange(n_frames, dtype=float), np.arange(n_frames))


def values(scorer: Any, *pictures: Picture, found: Analyses | None = None) -> dict[str, Any]:
    frames = batch(*pictures)
    if found is None:
        saliency = SaliencyAnalyser().analyse(scaled(frames, 270))
        found = Analyses({type(saliency): saliency})
    given: dict[str, Any] = scorer().score(scaled(frames, scorer.card.height_px), found)
    return given


def blurred(picture: Picture, strength: float) -> Picture:
    if strength == 0:
        return picture
    return cv2.GaussianBlur(picture, (0, 0), 8 * strength).astype(np.uint8)


def smeared(picture: Picture, strength: float) -> Picture:
    length = 1 + 2 * round(16 * strength)
    kernel = np.full((1, length), 1 / length, np.float32)
    return cv2.filter2D(picture, -1, kernel).astype(np.uint8)


def brightened(picture: Picture, strength: float) -> Picture:
    return np.clip(picture * (1 + 3 * strength), 0, 255).astype(np.uint8)


def darkened(picture: Picture, strength: float) -> Picture:
    return (picture * (1 - 0.99 * strength)).astype(np.uint8)


def flattened(picture: Picture, strength: float) -> Picture:
    return (128 + (picture - 128.0) * (1 - strength)).astype(np.uint8)


def grayed(picture: Picture, strength: float) -> Picture:
    gray = picture.mean(axis=2, keepdims=True)
    return (picture + (gray - picture) * strength).astype(np.uint8)


@pytest.mark.parametrize(
    ("scorer", "column", "effect", "rises"),
    [
        (SharpnessScorer, "sharpness", blurred, False),
        (SharpnessScorer, "sharpest_area", blurred, False),
        (SharpnessScorer, "motion_blur", smeared, True),
        (LightingScorer, "brightness", darkened, False),
        (LightingScorer, "brightness", brightened, True),
        (LightingScorer, "clipped_bright", brightened, True),
        (LightingScorer, "clipped_dark", darkened, True),
        (LightingScorer, "contrast", flattened, False),
        (LightingScorer, "key", darkened, False),
        (ColorScorer, "colorfulness", grayed, False),
        (ColorScorer, "saturation", grayed, False),
    ],
)
def test_planted_effects_move_the_number_one_way(
    photographs: dict[str, Picture],
    scorer: Any,
    column: str,
    effect: Callable[[Picture, float], Picture],
    rises: bool,
) -> None:
    for name, picture in photographs.items():
        series = values(scorer, *(effect(picture, strength) for strength in STRENGTHS))[column]
        steps = np.diff(series) * (1 if rises else -1)
        assert (steps >= -0.012 * max(1.0, np.abs(series).max())).all(), (name, series)
        assert (series[-1] - series[0]) * (1 if rises else -1) > 0.01, (name, series)


def test_sharpness_is_not_fooled_by_grain(photographs: dict[str, Picture]) -> None:
    random = np.random.default_rng(5)
    for name, picture in photographs.items():
        soft = blurred(picture, 0.5)
        grainy = np.clip(soft + random.normal(0, 4, soft.shape), 0, 255).astype(np.uint8)
        given = values(SharpnessScorer, picture, grainy)["sharpness"]
        assert given[1] < given[0], name


def test_exposure_is_best_in_the_middle(photographs: dict[str, Picture]) -> None:
    picture = photographs["cat"]
    dark, bright = darkened(picture, 0.9), brightened(picture, 0.9)
    given = values(LightingScorer, dark, picture, bright)["exposure"]
    assert given[1] > 0.9
    assert given[1] > given[0] + 0.3
    assert given[1] > given[2] + 0.05


def test_lightness_is_that_of_cielab(photographs: dict[str, Picture]) -> None:
    for name, picture in photographs.items():
        exact = rgb2lab(picture[::3, ::3])[:, :, 0]  # type: ignore[no-untyped-call]
        assert np.abs(lightness(np.ascontiguousarray(picture[::3, ::3])) - exact).max() < 0.03, name


def test_lab_is_that_of_scikit_image(photographs: dict[str, Picture]) -> None:
    for name, picture in photographs.items():
        exact = rgb2lab(picture[::3, ::3])  # type: ignore[no-untyped-call]
        small = np.ascontiguousarray(picture[::3, ::3])
        assert np.abs(lab(small) - exact).max() < 0.02, name
    ramp = np.arange(256, dtype=np.uint8)
    colors = np.stack([ramp, ramp[::-1], ramp // 7], axis=1)
    exact = rgb2lab(colors[None])[0]  # type: ignore[no-untyped-call]
    assert np.abs(lab_of(colors / 255) - exact).max() < 0.02


def naive_histogram(picture: Picture) -> NDArray[np.float64]:
    counts = np.zeros(216)
    for red, green, blue in picture.reshape(-1, 3).tolist():
        counts[36 * (6 * red // 256) + 6 * (6 * green // 256) + 6 * blue // 256] += 1
    return counts / counts.sum()


def test_the_216_bins_match_a_naive_loop(photographs: dict[str, Picture]) -> None:
    for picture in photographs.values():
        small = np.ascontiguousarray(picture[::9, ::9])
        histogram = color_histogram(small)
        assert histogram.sum() == pytest.approx(1, abs=1e-6)
        assert histogram == pytest.approx(naive_histogram(small), abs=1e-7)
        shuffled = np.random.default_rng(2).permutation(small.reshape(-1, 3)).reshape(small.shape)
        assert np.array_equal(color_histogram(shuffled), histogram)


def test_named_colors_match_a_naive_naming(photographs: dict[str, Picture]) -> None:
    for name, picture in photographs.items():
        colors = rgb2lab(picture).reshape(-1, 3)  # type: ignore[no-untyped-call]
        naive = np.bincount(name_index(colors), minlength=len(NAMES)) / len(colors)
        given = named_shares(picture)
        assert given.sum() == pytest.approx(1), name
        assert np.abs(given - naive).sum() < 0.15, name  # colors are looked up in steps of 8
    edges = np.array([[[255, 255, 255], [0, 0, 0]]], np.uint8)
    assert {NAMES[at] for at in np.flatnonzero(named_shares(edges))} == {"white", "black"}


def test_the_palette_knows_planted_colors() -> None:
    planted = {(200, 30, 40): 0.5, (20, 60, 160): 0.3, (240, 230, 90): 0.2}
    picture = np.zeros((100, 100, 3), np.uint8)
    at = 0
    for color, share in planted.items():
        picture[:, at : at + round(100 * share)] = color
        at += round(100 * share)
    colors, shares = palette(picture)
    for row, (color, share) in enumerate(planted.items()):
        assert colors[row] == pytest.approx(color, abs=1)
        assert shares[row] == pytest.approx(share, abs=0.01)
    assert shares.sum() == pytest.approx(1)
    assert (shares[3:] == 0).all()


def test_colorfulness_of_gray_is_zero(photographs: dict[str, Picture]) -> None:
    assert colorfulness(grayed(photographs["flower"], 1.0)) < 0.5
    assert colorfulness(photographs["flower"]) > 60


def test_warmth_tells_orange_from_blue(photographs: dict[str, Picture]) -> None:
    given = values(ColorScorer, photographs["coffee"])["warmth"][0]
    swapped = values(ColorScorer, np.ascontiguousarray(photographs["coffee"][:, :, ::-1]))
    assert given > 0.1
    assert swapped["warmth"][0] == pytest.approx(-given, abs=1e-5)


def test_saliency_is_a_density(photographs: dict[str, Picture]) -> None:
    for picture in photographs.values():
        found = spectral_residual(picture)
        assert found.min() >= 0
        assert found.sum() == pytest.approx(1, abs=1e-4)
    assert spectral_residual(np.full((64, 64, 3), 9, np.uint8)).sum() == 0


def face_boxes(pictures: list[Picture]) -> tuple[list[Faces], str]:
    analyser = FaceAnalyser()
    analyser.open(Runtime())
    try:
        return [analyser.analyse(batch(picture)) for picture in pictures], analyser.road
    finally:
        analyser.close()


@pytest.mark.parametrize("road", ["YuNet", "BlazeFace"])
def test_faces_by_either_detector(
    photographs: dict[str, Picture],
    road: str,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from models.weights import require

    if road == "YuNet":
        monkeypatch.setenv("AVA_MODELS_DIR", str(request.getfixturevalue("shared_models")))
    else:
        require("face_detection_blazeface")
        monkeypatch.setenv("AVA_MODELS_DIR", "")
    names = ["astronaut", "coffee", "motorcycle", "china", "flower", "ihc"]
    found, taken = face_boxes([photographs[name] for name in names])
    assert taken.startswith(road)
    assert [len(one) for one in found] == [1, 0, 0, 0, 0, 0]
    x0, y0, x1, y1 = found[0].box_xyxy[0]
    assert abs((x0 + x1) / 2 - 0.44) < 0.04  # her face, in the picture of 540 lines
    assert abs((y0 + y1) / 2 - 0.22) < 0.06
    assert 0.15 < y1 - y0 < 0.4


def faces_at(*boxes: tuple[float, float, float, float]) -> Analyses:
    rows = np.array(boxes, np.float32).reshape(-1, 4)
    confidence = np.full(len(rows), 0.9, np.float32)
    return Analyses({Faces: Faces(1, np.zeros(len(rows), np.int64), rows, confidence)})


def test_face_columns() -> None:
    blank = np.zeros((540, 960, 3), np.uint8)
    none = values(FaceScorer, blank, found=faces_at())
    assert none["face_count"][0] == none["face_presence"][0] == 0
    assert np.isnan(none["face_placement"][0])
    well = values(FaceScorer, blank, found=faces_at((0.25, 0.2, 0.42, 0.55), (0.8, 0.4, 0.85, 0.5)))
    cut = values(FaceScorer, blank, found=faces_at((0.25, 0.0, 0.42, 0.35)))
    low = values(FaceScorer, blank, found=faces_at((0.25, 0.6, 0.42, 0.95)))
    tiny = values(FaceScorer, blank, found=faces_at((0.30, 0.3, 0.33, 0.36)))
    assert well["face_count"][0] == 2
    assert well["face_placement"][0] > max(cut["face_placement"][0], low["face_placement"][0]) + 0.2
    assert well["face_presence"][0] > tiny["face_presence"][0] + 0.5


def written(picture: Picture, lines: list[str], height: int) -> Picture:
    canvas = Image.fromarray(picture)
    draw = ImageDraw.Draw(canvas)
    font = ImageFont.load_default(height)
    for at, line in enumerate(lines):
        where = (canvas.width // 2, canvas.height // 2 + at * 2 * height)
        draw.text(where, line, (245, 245, 245), font, anchor="mm", stroke_width=2, stroke_fill=0)
    return np.asarray(canvas)


def test_text_is_told_from_pictures(photographs: dict[str, Picture], text_weights: None) -> None:
    analyser = TextAnalyser()
    analyser.open(Runtime())

    def text_of(picture: Picture) -> dict[str, float]:
        found: TextRegions = analyser.analyse(batch(picture))
        given = values(TextScorer, picture, found=Analyses({TextRegions: found}))
        return {name: float(value[0]) for name, value in given.items()}

    for name in ("cat", "coffee", "china", "flower"):
        bare = text_of(photographs[name])
        assert bare["text_share"] < 0.01, name
        over = text_of(written(photographs[name], ["A Title Over It", "and a second line"], 40))
        assert over["text_share"] > 0.02, name
        assert over["text_card"] < 0.9, name
    black = np.zeros((540, 960, 3), np.uint8)
    for height in (20, 36, 60):
        card = text_of(written(black, ["DIRECTED BY", "Nobody At All"], height))
        assert card["text_card"] > 0.9, height
        assert card["text_lines"] >= 2
    analyser.close()
