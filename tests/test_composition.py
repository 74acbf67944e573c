"""Composition, title space and people: planted effects on real photographs."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.canvas import CANVASES, Canvas
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, PersonMask, Saliency
from ava.scoring.check import check_analyser
from ava.scoring.contract import Runtime
from models.person_mask import PersonMaskNetwork
from models.weights import require
from scorers.analysers.people import PersonAnalyser
from scorers.analysers.saliency import SaliencyAnalyser
from scorers.composition import CompositionScorer
from scorers.subject import subject_of
from scorers.title_space import SIDES, TitleSpaceScorer, largest_rectangle, letter_contrast

Picture = NDArray[np.uint8]
Pictures = dict[str, Picture]
NO_FACES = np.zeros((0, 4), np.float32)


def values(
    scorer: type, picture: Picture, *faces: tuple[float, ...], yaw: float | None = None
) -> dict[str, NDArray]:
    height = 270
    size = (round(picture.shape[1] * height / picture.shape[0]), height)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)
    batch = FrameBatch(small[None], np.zeros(1), np.zeros(1, np.int64))
    boxes = np.array(faces, np.float32).reshape(-1, 4)
    rows, sure = np.zeros(len(boxes), np.int64), np.ones(len(boxes), np.float32)
    looks = None if yaw is None else np.full(len(boxes), yaw, np.float32)
    seen = Faces(1, rows, boxes, sure, looks)
    found = Analyses({Saliency: SaliencyAnalyser().analyse(batch), Faces: seen})
    return {name: value[0] for name, value in scorer().score(batch, found).items()}


def composed(picture: Picture, *faces: tuple[float, ...]) -> dict[str, NDArray]:
    return values(CompositionScorer, picture, *faces)


@pytest.mark.parametrize(("x", "y"), [(1 / 3, 1 / 3), (2 / 3, 1 / 3), (0.5, 0.5), (2 / 3, 2 / 3)])
def test_the_subject_is_where_it_was_put(x: float, y: float) -> None:
    picture = np.full((270, 480, 3), 60, np.uint8)
    cv2.circle(picture, (round(480 * x), round(270 * y)), 24, (230, 200, 160), -1)
    cv2.circle(picture, (round(480 * x), round(270 * y)), 10, (20, 40, 90), -1)
    given = composed(picture)
    assert given["subject_x"] == pytest.approx(x, abs=0.05)
    assert given["subject_y"] == pytest.approx(y, abs=0.07)
    assert given["subject_focus"] > 0.6
    assert (given["thirds"] > 0.8) == ((x, y) != (0.5, 0.5))


def test_a_face_is_the_subject_whatever_else_shines(photographs: Pictures) -> None:
    for name, picture in photographs.items():
        for step in range(5):
            left = 0.05 + 0.15 * step
            given = composed(picture, (left, 0.2, left + 0.2, 0.55))
            assert given["subject_x"] == pytest.approx(left + 0.1, abs=0.01), name
            assert given["subject_y"] == pytest.approx(0.34, abs=0.01), name


def test_placement_falls_away_from_the_points(photographs: Pictures) -> None:
    """A face is moved from a crossing to the corner in five steps."""
    for picture in photographs.values():
        for column, point in (("thirds", 1 / 3), ("golden", 0.382)):
            given = []
            for step in range(5):
                x, y = point * (1 - step / 4) + 0.05 * step / 4, point * (1 - step / 5)
                box = (max(0, x - 0.05), max(0, y - 0.4 * 0.1), x + 0.05, max(0.06, y + 0.06))
                given.append(float(composed(picture, box)[column]))
            assert given == sorted(given, reverse=True)
            assert given[0] > 0.97


def test_headroom_is_measured_from_the_hair(photographs: Pictures) -> None:
    picture = photographs["cat"]
    rooms = [float(composed(picture, (0.4, y, 0.5, y + 0.2))["headroom"]) for y in (0.1, 0.2, 0.4)]
    assert rooms == pytest.approx([0.04, 0.14, 0.34], abs=1e-4)
    assert composed(picture, (0.4, 0.01, 0.5, 0.2))["headroom"] == 0
    assert np.isnan(composed(picture)["headroom"])


def test_look_room_is_ahead_of_the_nose(photographs: Pictures) -> None:
    face = (0.2, 0.3, 0.3, 0.5)
    rooms = [
        float(values(CompositionScorer, photographs["cat"], face, yaw=yaw)["look_room"])
        for yaw in (30, -30, 5, float("nan"))
    ]
    assert rooms == pytest.approx([0.7, 0.2, float("nan"), float("nan")], abs=1e-4, nan_ok=True)


@pytest.mark.parametrize("reach", [0.06, 0.15])
def test_the_eye_goes_to_another_color_of_the_same_lightness(reach: float) -> None:
    """A red disc on teal ground, L* 60 both, small and large: its inside draws the eye, too."""
    y, x = np.mgrid[:270, :480]
    disc = np.hypot(x / 270 - 1.2, y / 270 - 0.45) < reach
    ground = np.zeros((270, 480, 3), np.float32) + np.float32([60, -30, -8])
    picture = cv2.cvtColor(
        np.where(disc[..., None], np.float32([60, 55, 30]), ground), cv2.COLOR_Lab2RGB
    )
    frames = FrameBatch(
        (picture * 255).round().astype(np.uint8)[None], np.zeros(1), np.zeros(1, np.int64)
    )
    saliency = SaliencyAnalyser().analyse(frames).maps[0]
    assert saliency.sum() == pytest.approx(1, abs=1e-4)
    inside = cv2.resize(disc.astype(np.float32), (48, 27), interpolation=cv2.INTER_AREA) > 0.5
    assert saliency[inside].mean() > 4 * saliency[~inside].mean()
    assert (saliency[inside] > 0).mean() > 0.9


def test_symmetry_of_a_mirrored_picture(photographs: Pictures) -> None:
    for name, picture in photographs.items():
        half = picture[:, : picture.shape[1] // 2]
        mirrored = np.concatenate([half, half[:, ::-1]], axis=1)
        assert composed(mirrored)["symmetry"] > 0.99, name
        off = np.concatenate([half, half[:, ::-1]], axis=1)[:, round(half.shape[1] * 0.06) :]
        assert composed(np.ascontiguousarray(off))["symmetry"] > 0.9, name
        turned = composed(np.ascontiguousarray(picture[:, ::-1]))
        given = composed(picture)
        for column in ("symmetry", "balance", "simplicity", "thirds"):
            assert given[column] == pytest.approx(turned[column], abs=0.05), (name, column)
        assert given["subject_x"] == pytest.approx(1 - turned["subject_x"], abs=0.06), name


def test_balance_follows_the_weight() -> None:
    given = []
    for x in (240, 330, 400, 450):
        picture = np.full((270, 480, 3), 60, np.uint8)
        cv2.circle(picture, (x, 135), 20, (230, 200, 160), -1)
        given.append(float(composed(picture)["balance"]))
    assert given == sorted(given, reverse=True)
    assert given[0] > 0.95
    assert given[-1] < 0.3


@pytest.mark.parametrize("name", ["china", "rocket", "motorcycle"])
def test_a_calm_background_is_simpler(photographs: Pictures, name: str) -> None:
    """The surroundings of a face are blurred away, in five strengths."""
    picture, given = photographs[name], []
    height, width = picture.shape[:2]
    face = (0.4, 0.3, 0.6, 0.6)
    for sigma in (0.1, 2, 4, 8, 16):
        soft = cv2.GaussianBlur(picture, (0, 0), sigma)
        soft[height // 3 : height // 2, width // 3 : width // 2] = picture[
            height // 3 : height // 2, width // 3 : width // 2
        ]
        given.append(float(composed(soft, face)["simplicity"]))
    assert given == sorted(given)
    assert given[-1] > given[0] + 0.2


@pytest.mark.parametrize("degrees", [-8, -4, 0, 4, 8])
def test_a_tilted_horizon_is_measured(degrees: float) -> None:
    chance = np.random.default_rng(3)
    scene = np.full((600, 1000, 3), 190, np.uint8)
    scene[300:] = 70
    scene = (scene + chance.normal(0, 3, scene.shape)).clip(0, 255).astype(np.uint8)
    turn = cv2.getRotationMatrix2D((500, 300), -degrees, 1.0)  # OpenCV turns the other way
    tilted = cv2.warpAffine(scene, turn, (1000, 600))[150:450, 250:750]
    assert composed(np.ascontiguousarray(tilted))["horizon_tilt"] == pytest.approx(degrees, abs=0.7)


def test_lines_that_lead_and_lines_that_do_not() -> None:
    def road(to: tuple[int, int]) -> Picture:
        picture = np.full((270, 480, 3), 120, np.uint8)
        for x in range(0, 481, 60):
            start = np.array([x, 269])
            end = start + 0.75 * (np.array(to) - start)
            cv2.line(picture, (x, 269), (int(end[0]), int(end[1])), (20, 20, 20), 3)
        return picture

    face = (0.45, 0.2, 0.55, 0.4)
    toward, away = (round(0.5 * 480), round(0.28 * 270)), (470, 10)
    assert composed(road(toward), face)["leading_lines"] > 0.5
    assert composed(road(away), face)["leading_lines"] < 0.25


def test_title_space_is_where_nothing_is(photographs: Pictures) -> None:
    for name in ("motorcycle", "china", "rocket", "flower"):
        before = -1.0
        for share in (0.1, 0.2, 0.3, 0.4, 0.5):
            roomy = photographs[name].copy()
            roomy[:, : round(share * roomy.shape[1])] = 90
            given = float(values(TitleSpaceScorer, roomy)["title_space"])
            assert given >= before - 0.01, name
            before = given
        assert before > 0.4, name


@pytest.mark.parametrize("side", SIDES[:4])
def test_title_space_names_its_side(photographs: Pictures, side: str) -> None:
    picture = photographs["motorcycle"].copy()
    height, width = picture.shape[:2]
    calm = {
        "left": np.s_[:, : width // 2], "right": np.s_[:, width // 2 :],
        "top": np.s_[: height // 2], "bottom": np.s_[height // 2 :],
    }[side]  # fmt: skip
    picture[calm] = 240
    given = values(TitleSpaceScorer, picture)
    assert SIDES[int(given["title_space_side"])] == side
    assert given["title_space_contrast"] > 15
    x0, y0, x1, y1 = given["title_space_box"]
    assert 0 <= x0 < x1 <= 1
    assert 0 <= y0 < y1 <= 1


def test_no_title_goes_over_a_face() -> None:
    plain = np.full((270, 480, 3), 128, np.uint8)
    plain[100:140, 200:260] = 30  # something for the eye
    alone = values(TitleSpaceScorer, plain, (0.4, 0.2, 0.6, 0.8))
    x0, y0, x1, y1 = alone["title_space_box"]
    assert x1 <= 0.41 or x0 >= 0.59 or y1 <= 0.21 or y0 >= 0.79


def test_canvases_are_cut_around_the_subject() -> None:
    wide = 16 / 9
    for canvas in CANVASES:
        box = canvas.window(0.3, 0.4, wide)
        shape = (box.x1 - box.x0) * wide / (box.y1 - box.y0)
        assert shape == pytest.approx(canvas.aspect, rel=1e-6)
        assert box.x0 <= 0.3 <= box.x1
        assert box.y0 <= 0.4 <= box.y1
    with pytest.raises(ValueError, match="positive"):
        Canvas("none", "", 0, 1)
    given = values(TitleSpaceScorer, np.full((270, 480, 3), 50, np.uint8))
    assert given["title_space_by_canvas"] == pytest.approx(np.ones(7))


def test_the_largest_rectangle_is_the_largest() -> None:
    chance = np.random.default_rng(5)
    for _ in range(60):
        calm = chance.random((9, 12)) < 0.8
        left, top, right, bottom = largest_rectangle(calm)
        best = max(
            (
                (x1 - x0) * (y1 - y0)
                for x0 in range(12)
                for x1 in range(x0 + 5, 13)
                for y0 in range(9)
                for y1 in range(y0 + 2, 10)
                if calm[y0:y1, x0:x1].all()
            ),
            default=0,
        )
        assert (right - left) * (bottom - top) == best
        assert calm[top:bottom, left:right].all()


def test_letters_on_black_white_and_gray() -> None:
    def flat(level: int) -> Picture:
        return np.full((8, 8, 3), level, np.uint8)

    assert letter_contrast(flat(0)) == pytest.approx(21)
    assert letter_contrast(flat(255)) == pytest.approx(21)
    assert 4 < letter_contrast(flat(118)) < 5.5


def test_people_are_found_and_hold_the_contract(
    photographs: Pictures, person_weights: None
) -> None:
    check_analyser(PersonAnalyser)
    analyser = PersonAnalyser()
    analyser.open(Runtime())
    shares = {}
    for name in ("astronaut", "coffee", "china", "flower", "rocket"):
        batch = FrameBatch(photographs[name][None], np.zeros(1), np.zeros(1, np.int64))
        shares[name] = analyser.analyse(batch).maps[0]
    analyser.close()
    assert shares["astronaut"].mean() > 0.35
    assert shares["astronaut"][13, 20] > 0.8
    # It takes a large thing in the foreground for a person, but never as surely.
    assert max(shares[name].mean() for name in ("coffee", "china", "flower", "rocket")) < 0.3


def test_the_mask_is_that_of_mediapipe(photographs: Pictures, person_weights: None) -> None:
    """The network without MediaPipe's graph around it, and its last operator in other words."""
    from mediapipe import Image, ImageFormat
    from mediapipe.tasks.python import BaseOptions, vision

    path = require("person_mask")
    options = vision.ImageSegmenterOptions(
        base_options=BaseOptions(model_asset_path=str(path)), output_confidence_masks=True
    )
    ours = PersonMaskNetwork(path)
    with vision.ImageSegmenter.create_from_options(options) as task:
        for name in ("astronaut", "coffee", "china", "rocket"):
            picture = np.ascontiguousarray(cv2.resize(photographs[name], (480, 270)))
            found = task.segment(Image(image_format=ImageFormat.SRGB, data=picture))
            expected = np.squeeze(found.confidence_masks[0].numpy_view())
            given = cv2.resize(ours.of(picture), (480, 270))
            assert np.abs(given - expected).mean() < 0.005, name


def test_people_without_a_face_are_the_subject() -> None:
    people = np.zeros((27, 48), np.float32)
    people[5:27, 30:38] = 1
    people[20:24, 2:5] = 1
    saliency = np.zeros((27, 48), np.float32)
    saliency[3, 3] = 1
    found = subject_of(NO_FACES, people, saliency)
    assert found is not None
    assert found.kind == "person"
    assert found.x == pytest.approx(34 / 48, abs=0.02)
    assert found.y == pytest.approx(5 / 27 + 0.1, abs=0.05)
    salient = subject_of(NO_FACES, np.zeros((27, 48), np.float32), saliency)
    assert salient is not None
    assert salient.kind == "salient"
    assert subject_of(NO_FACES, None, np.zeros((27, 48), np.float32)) is None
    assert PersonMask(1, people[None]).rows(slice(0, 1)).n_frames == 1
