"""Faces on both roads: what is planted in real pictures shows, and the rest stays as it is."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Faces
from ava.scoring.check import check_analyser, check_scorer
from models.face_detection import find_faces, once_each
from scorers.analysers.face_measures import cut_by_edge, head_outline
from scorers.analysers.faces import FaceAnalyser
from scorers.faces import FaceScorer, principal
from tests.conftest import opened, skip
from tests.face_roads import ROADS, faces_in, largest_row, middle_of, nearest, portraits

Picture = NDArray[np.uint8]
Found = tuple[Picture, Faces, int]


@pytest.fixture(scope="module")
def people(shared_media: Path) -> list[Picture]:
    return portraits(shared_media, per_person=2)


@pytest.fixture(scope="module", params=list(ROADS))
def analyser(request: pytest.FixtureRequest) -> Iterator[FaceAnalyser]:
    yield from opened(ROADS[request.param]())


@pytest.fixture(scope="module")
def read(analyser: FaceAnalyser, people: list[Picture]) -> list[Found]:
    """Every portrait, the faces in it, and the row of the largest."""
    found = [(picture, faces_in(analyser, picture)) for picture in people]
    return [(picture, faces, largest_row(faces)) for picture, faces in found]


def on_the_same_face(
    analyser: FaceAnalyser,
    read: list[Found],
    change: Callable[[Picture], Picture],
    moved: Callable[[NDArray[np.float32]], NDArray[np.float32]] = lambda middle: middle,
) -> list[tuple[Faces, int, Faces, int]]:
    """The largest faces before and after a change of the picture; `moved` tells where they are."""
    pairs = []
    for picture, faces, row in read:
        after = faces_in(analyser, np.ascontiguousarray(change(picture)))
        again = nearest(after, moved(middle_of(faces, row)))
        assert again is not None
        pairs.append((faces, row, after, again))
    return pairs


def differences(pairs: list[tuple[Faces, int, Faces, int]], name: str, sign: int = 1) -> Any:
    return np.array(
        [
            getattr(after, name)[again] - sign * getattr(before, name)[row]
            for before, row, after, again in pairs
        ]
    )


def mirrored(picture: Picture) -> Picture:
    return picture[:, ::-1]


def flipped(middle: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.array([1 - middle[0], middle[1]], np.float32)


def halved(picture: Picture) -> Picture:
    return cv2.resize(picture, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA).astype(np.uint8)


def test_every_portrait_is_read(read: list[Found]) -> None:
    assert len(read) >= 25
    for _, faces, row in read:
        for name in ("yaw_degrees", "eyes_open", "smile", "sharpness", "exposure", "cut_by_edge"):
            assert np.isfinite(getattr(faces, name)[row]), name
        assert faces.expression[row] >= 0
        assert faces.landmark_confidence[row] > 0.2
        x0, y0, x1, y1 = faces.box_xyxy[row]
        left, right, nose, *mouth = faces.points[row]
        assert x0 < left[0] < right[0] < x1
        assert y0 < left[1] < nose[1] < mouth[0][1] < y1 + 0.05
        assert np.isnan(faces.identity[row]).all()


def test_a_mirror_turns_yaw_and_roll_and_nothing_else(
    analyser: FaceAnalyser, read: list[Found]
) -> None:
    pairs = on_the_same_face(analyser, read, mirrored, flipped)
    yaw, roll = (differences(pairs, name, -1) for name in ("yaw_degrees", "roll_degrees"))
    assert np.abs(yaw).mean() < 3
    assert np.abs(yaw).max() < 12
    assert np.abs(roll).mean() < 2
    assert np.abs(differences(pairs, "pitch_degrees")).mean() < 3
    assert max(abs(faces.yaw_degrees[row]) for _, faces, row in read) > 20  # some do look aside
    for name in ("eyes_open", "smile", "mouth_open", "brow_raise", "gaze_away"):
        assert np.nanmean(np.abs(differences(pairs, name))) < 0.12, name
    same = differences(pairs, "expression") == 0
    assert same.mean() >= 0.75  # a word on the border of another may change with the side
    clear = [min(a.expression_confidence[r], b.expression_confidence[s]) for a, r, b, s in pairs]
    assert same[np.array(clear) >= 0.6].all()


@pytest.mark.parametrize("share", [0.7, 1.3])
def test_brightness_moves_the_exposure_only(
    analyser: FaceAnalyser, read: list[Found], share: float
) -> None:
    pairs = on_the_same_face(
        analyser, read, lambda picture: np.clip(picture * share, 0, 255).astype(np.uint8)
    )
    for name, most in (("yaw_degrees", 2), ("pitch_degrees", 2), ("roll_degrees", 2)):
        assert np.abs(differences(pairs, name)).mean() < most, name
    for name in ("eyes_open", "smile", "mouth_open", "brow_raise", "sharpness"):
        assert np.nanmean(np.abs(differences(pairs, name))) < 0.07, name
    same = differences(pairs, "expression") == 0
    assert same.mean() >= 0.85
    clear = [min(a.expression_confidence[r], b.expression_confidence[s]) for a, r, b, s in pairs]
    assert same[np.array(clear) >= 0.6].all()  # only a word on the border of another changes
    exposure = differences(pairs, "exposure") * (1 if share > 1 else -1)
    assert (exposure > 0.02).all()


def test_half_the_size_changes_little(analyser: FaceAnalyser, read: list[Found]) -> None:
    pairs = on_the_same_face(analyser, read, halved)
    for name, most in (("yaw_degrees", 3), ("pitch_degrees", 3), ("roll_degrees", 2)):
        assert np.abs(differences(pairs, name)).mean() < most, name
    for name in ("eyes_open", "smile", "mouth_open", "brow_raise", "sharpness", "exposure"):
        assert np.nanmean(np.abs(differences(pairs, name))) < 0.1, name
    assert (differences(pairs, "expression") == 0).mean() >= 0.85


@pytest.mark.parametrize("degrees", [-20, 20])
def test_a_leaning_head_rolls_as_far(
    analyser: FaceAnalyser, read: list[Found], degrees: int
) -> None:
    def turned(picture: Picture) -> Picture:
        height, width = picture.shape[:2]
        # OpenCV counts turns against the clock.
        turn = cv2.getRotationMatrix2D((width / 2, height / 2), -degrees, 1)
        turned = cv2.warpAffine(picture, turn, (width, height), borderMode=cv2.BORDER_REPLICATE)
        return turned.astype(np.uint8)

    def moved(middle: NDArray[np.float32]) -> NDArray[np.float32]:
        turn = cv2.getRotationMatrix2D((0.5, 0.5), -degrees, 1)  # the portraits are square
        return np.asarray(turn @ [*middle, 1], np.float32)

    square = [one for one in read if one[0].shape[0] == one[0].shape[1]]
    pairs = on_the_same_face(analyser, square, turned, moved)
    assert np.abs(differences(pairs, "roll_degrees") - degrees).mean() < 4
    assert np.nanmean(np.abs(differences(pairs, "smile"))) < 0.15


def test_blur_takes_sharpness(analyser: FaceAnalyser, read: list[Found]) -> None:
    soft, softer = (
        on_the_same_face(
            analyser,
            read[:10],
            lambda picture, sigma=sigma: cv2.GaussianBlur(picture, (0, 0), sigma).astype(np.uint8),
        )
        for sigma in (1.5, 3.0)
    )
    assert (differences(soft, "sharpness") < -0.02).all()
    assert (differences(softer, "sharpness") < differences(soft, "sharpness")).all()


@pytest.mark.parametrize("side", ["left", "top"])
def test_a_cut_head_is_measured(analyser: FaceAnalyser, read: list[Found], side: str) -> None:
    """The pictures are cropped so that their edge runs through the head."""
    assert analyser._reader is not None
    for share, most in ((0.1, 0.06), (0.25, 0.1)):
        errors = []
        for picture, faces, row in read[:12]:
            height, width = picture.shape[:2]
            if faces.cut_by_edge[row] > 0.02:
                continue
            size = np.array([width, height], np.float32)
            box = faces.box_xyxy[row] * np.tile(size, 2)
            whole = analyser._reader.read(picture, box, faces.points[row, :2] * size)
            low, high = box[[0, 2]] if side == "left" else box[[1, 3]]
            at = round(float(low + share * (high - low)))
            cut = picture[:, at:] if side == "left" else picture[at:]
            after = faces_in(analyser, np.ascontiguousarray(cut))
            if not len(after):  # half a face is not always a face
                continue
            offset = np.array([at, 0] if side == "left" else [0, at], np.float32)
            true = cut_by_edge(head_outline(box, whole) - offset, cut.shape[1], cut.shape[0])
            errors.append(float(after.cut_by_edge[largest_row(after)]) - true)
        assert len(errors) >= 6
        assert np.abs(errors).mean() < most, (share, errors)


def wide_shot(portrait: Picture, face: NDArray[np.float32], height: float, at: float) -> Picture:
    """A portrait so far off that its face has a share of the height of 540 lines."""
    from sklearn.datasets import load_sample_image

    scene = cv2.resize(load_sample_image("china.jpg"), (960, 540), interpolation=cv2.INTER_AREA)
    shrink = height * 540 / ((face[3] - face[1]) * portrait.shape[0])
    small = cv2.resize(portrait, None, fx=shrink, fy=shrink, interpolation=cv2.INTER_AREA)
    left, top = round(at * (960 - small.shape[1])), (540 - small.shape[0]) // 2
    scene[top : top + small.shape[0], left : left + small.shape[1]] = small
    return np.asarray(scene, np.uint8)


def test_the_second_look_finds_the_faces_of_wide_shots(
    analyser: FaceAnalyser, read: list[Found]
) -> None:
    """At 7 % of the height the first look misses many; a landscape alone has no face."""
    detector = analyser._detector
    assert detector is not None
    n_first = n_both = n_reported = 0
    for index, (picture, faces, row) in enumerate(read):
        scene = wide_shot(picture, faces.box_xyxy[row], 0.07, index / len(read))
        n_first += len(once_each(detector.first_look(scene))) > 0
        n_both += len(find_faces(detector, scene)) > 0
        n_reported += len(faces_in(analyser, scene)) > 0
    assert n_both >= n_first + 0.1 * len(read), (n_first, n_both)
    assert n_both >= 0.9 * len(read)
    assert n_reported >= 0.85 * len(read)


def test_the_principal_face_is_large_sure_and_sharp(
    analyser: FaceAnalyser, read: list[Found]
) -> None:
    """Two people side by side: the one out of focus is a little larger, and does not lead."""
    portrait = read[0][0]
    near = cv2.GaussianBlur(cv2.resize(portrait, None, fx=1.15, fy=1.15), (0, 0), 5)
    far = cv2.copyMakeBorder(
        portrait, 0, near.shape[0] - portrait.shape[0], 0, 0, cv2.BORDER_REPLICATE
    )
    faces = faces_in(analyser, np.hstack([near, far]).astype(np.uint8))
    assert len(faces) == 2
    assert largest_row(faces) != principal(faces)
    assert middle_of(faces, principal(faces))[0] > 0.5


@pytest.mark.parametrize("road", list(ROADS))
def test_the_contract_holds_on_pictures_of_people(road: str, people: list[Picture]) -> None:
    pictures = [cv2.resize(picture, (480, 360)).astype(np.uint8) for picture in people[:5]]
    n_pictures = len(pictures)
    frames = FrameBatch(
        np.stack(pictures), np.arange(n_pictures, dtype=float), np.arange(n_pictures)
    )
    try:
        check_analyser(ROADS[road], frames)
    except WeightsError as error:
        skip(error.message)
    check_scorer(FaceScorer, (ROADS[road],), frames)
