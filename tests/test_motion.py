"""Camera and subject movement: planted on photographs, and through real encoded video."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.scoring.analyses import Analyses
from ava.scoring.check import check_pictures, check_scorer
from ava.source.opening import open_source
from scorers.motion import KINDS, MotionScorer
from tests.conftest import MakeVideo
from tests.test_planted import scenes  # noqa: F401

Picture = NDArray[np.uint8]
Pictures = dict[str, Picture]
WIDTH, HEIGHT, RATE = 240, 135, 25.0
NONE = Analyses({})


def view(picture: Picture, x: float = 0, y: float = 0, zoom: float = 1, roll: float = 0) -> Picture:
    """What a camera sees that looks at (x, y) pixels from the middle, zoomed in, rolled (degrees).

    The picture turns clockwise by `roll`.
    """
    scale = 1.5 * max(WIDTH / picture.shape[1], HEIGHT / picture.shape[0]) * zoom
    turn = np.radians(roll)
    linear = scale * np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]])
    middle = np.array([picture.shape[1] / 2, picture.shape[0] / 2])
    shift = np.array([WIDTH / 2 - x, HEIGHT / 2 - y]) - linear @ middle
    matrix = np.column_stack([linear, shift])
    seen = cv2.warpAffine(
        picture, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_AREA, borderMode=cv2.BORDER_REFLECT
    )
    return np.asarray(seen, np.uint8)


def batch(moments: list[Picture], rate: float = RATE) -> FrameBatch:
    gray = np.stack([cv2.cvtColor(one, cv2.COLOR_RGB2GRAY) for one in moments])
    times = (np.arange(5) - 2) / rate
    return FrameBatch(
        moments[2][None], np.ones(1), np.zeros(1, np.int64), gray[None], times[None] + 1
    )


def values(moments: list[Picture], rate: float = RATE) -> dict[str, float]:
    return {
        name: float(one[0])
        for name, one in MotionScorer().score(batch(moments, rate), NONE).items()
    }


def planted(picture: Picture, kind: str, seed: int) -> list[Picture]:
    """Five frames of a camera movement of a random, ordinary speed."""
    chance = np.random.default_rng(seed)
    sign = chance.choice([-1, 1])
    steps = np.arange(-2, 3)
    if kind == "static":
        noise = [chance.normal(0, 2, (HEIGHT, WIDTH, 1)) for _ in steps]
        return [(view(picture) + one).clip(0, 255).astype(np.uint8) for one in noise]
    if kind == "pan":
        return [view(picture, x=sign * k * one) for k in (chance.uniform(1, 6),) for one in steps]
    if kind == "tilt":
        return [view(picture, y=sign * k * one) for k in (chance.uniform(1, 5),) for one in steps]
    if kind == "zoom or dolly":
        return [
            view(picture, zoom=k ** (sign * one))
            for k in (chance.uniform(1.01, 1.04),)
            for one in steps
        ]
    if kind == "roll":
        return [
            view(picture, roll=sign * k * one) for k in (chance.uniform(0.7, 3),) for one in steps
        ]
    shake = chance.normal(0, 2.5, (5, 2))
    return [view(picture, x=x, y=y) for x, y in shake]


@pytest.mark.parametrize("kind", KINDS[:6])
def test_the_camera_is_told_what_it_does(scenes: Pictures, kind: str) -> None:  # noqa: F811
    told = [
        KINDS[int(values(planted(picture, kind, 10 * at + seed))["camera_motion"])]
        for at, picture in enumerate(scenes.values())
        for seed in range(4)
    ]
    assert np.mean([one == kind for one in told]) >= 0.95, {one: told.count(one) for one in told}


def test_speeds_are_measured(scenes: Pictures) -> None:  # noqa: F811
    off: dict[str, list[float]] = {
        "camera_pan": [],
        "camera_tilt": [],
        "camera_zoom": [],
        "camera_roll": [],
    }
    steps = np.arange(-2, 3)
    for picture in scenes.values():
        for sign in (-1, 1):
            made = {
                "camera_pan": ([view(picture, x=3 * sign * k) for k in steps], 3 * sign * RATE / WIDTH),
                "camera_tilt": ([view(picture, y=2 * sign * k) for k in steps], 2 * sign * RATE / HEIGHT),
                "camera_zoom": ([view(picture, zoom=1.02 ** (sign * k)) for k in steps], np.log(1.02) * sign * RATE),
                "camera_roll": ([view(picture, roll=1.5 * sign * k) for k in steps], 1.5 * sign * RATE),
            }  # fmt: skip
            for column, (moments, expected) in made.items():
                off[column].append(abs(values(moments)[column] / expected - 1))
    assert {
        column: round(float(np.median(one)), 3)
        for column, one in off.items()
        if np.median(one) > 0.1
    } == {}


def test_a_slower_clock_makes_slower_speeds(scenes: Pictures) -> None:  # noqa: F811
    moments = planted(scenes["china"], "pan", 3)
    fast, slow = values(moments, 50), values(moments, 25)
    assert fast["camera_pan"] == pytest.approx(2 * slow["camera_pan"], rel=1e-3)


@pytest.mark.parametrize("pan", [0, 3])
def test_a_moving_subject_is_seen_beyond_the_camera(scenes: Pictures, pan: int) -> None:  # noqa: F811
    face = cv2.resize(scenes["cat"][100:400, 200:500], (44, 44)).astype(np.uint8)
    held = 0
    for name in ("china", "coffee", "rocket", "motorcycle", "flower", "astronaut"):
        given = []
        for speed in (0, 1, 2, 4, 6):
            moments = []
            for k in range(-2, 3):
                seen = view(scenes[name], x=pan * k)
                left = 98 + speed * k
                seen[45:89, left : left + 44] = face
                moments.append(seen)
            if pan:  # a subject that stands still in the world moves with the background
                moments = [np.roll(one, 0) for one in moments]
            given.append(values(moments)["subject_motion"])
        held += (
            given[1:] == sorted(given[1:]) and given[-1] > given[0] if pan == 0 else given[-1] > 0.1
        )
    assert held >= 5


def test_stillness_is_highest_in_a_pause(scenes: Pictures) -> None:  # noqa: F811
    """A pan that stops for seven frames and goes on."""
    path = [*range(0, 60, 4), *[60] * 7, *range(64, 120, 4)]
    for picture in scenes.values():
        film = [view(picture, x=x - 60) for x in path]
        still = [values(film[at - 2 : at + 3])["stillness"] for at in range(2, len(film) - 2)]
        assert 15 <= int(np.argmax(still)) + 2 <= 21
        assert max(still) > 0.95
        assert np.median(still) < 0.7


def test_the_turn_of_a_movement_is_its_peak(scenes: Pictures) -> None:  # noqa: F811
    """A ball that falls on, and one that bounces back."""
    picture = scenes["china"]

    def ball(places: list[int]) -> float:
        film = [view(picture) for _ in places]
        for seen, place in zip(film, places, strict=True):
            cv2.circle(seen, (120, place), 14, (250, 40, 40), -1)
            cv2.circle(seen, (120, place), 6, (250, 250, 40), -1)
        return values(film)["action_peak"]

    assert ball([90, 70, 50, 70, 90]) > 1.5 * ball([30, 40, 50, 60, 70])


def test_through_a_real_scan(make_video: MakeVideo, scenes: Pictures) -> None:  # noqa: F811
    """Three shots, encoded: the camera pans to the right, holds, and pans to the left."""
    big = {
        name: cv2.resize(scenes[name], (960, 540)).astype(np.uint8)
        for name in ("china", "coffee", "rocket")
    }
    film = []
    for name, speed in (("china", 6), ("coffee", 0), ("rocket", -6)):
        for k in range(48):
            left = 160 + speed * (k - 24)
            film.append(np.ascontiguousarray(big[name][90:450, left : left + 640]))
    seen: dict[int, list[float]] = {}
    with open_source(make_video(film, rate=24)) as source:
        for closed in Scanner(ScanSettings()).run(source):
            for one in closed.candidates:
                assert one.moments is not None
                assert one.moment_seconds is not None
                given = MotionScorer().score(
                    FrameBatch(
                        one.pixels[None],
                        np.ones(1),
                        np.zeros(1, np.int64),
                        one.moments[None],
                        np.array([one.moment_seconds]),
                    ),
                    NONE,
                )
                seen.setdefault(closed.shot.index, []).append(float(given["camera_pan"][0]))
    assert len(seen) == 3
    right, still, left = (np.median(one) for one in seen.values())
    assert right == pytest.approx(6 * 24 / 640, rel=0.1)
    assert abs(still) < 0.01
    assert left == pytest.approx(-6 * 24 / 640, rel=0.1)


def test_neighbours_never_come_from_another_shot(make_video: MakeVideo, scenes: Pictures) -> None:  # noqa: F811
    film = [view(scenes["china"], x=k) for k in range(4)] + [
        view(scenes["rocket"], x=k) for k in range(4)
    ]
    even = [np.ascontiguousarray(one[:134]) for one in film * 3]
    with open_source(make_video(even)) as source:
        for closed in Scanner(ScanSettings()).run(source):
            for one in closed.candidates:
                assert one.moment_seconds is not None
                known = [at for at in one.moment_seconds if at == at]
                assert all(
                    closed.shot.start_seconds <= at < closed.shot.end_seconds for at in known
                )
                assert known
                assert one.moment_seconds[2] == one.pts_seconds


def test_pictures_by_themselves_do_not_move() -> None:
    alone = MotionScorer().score(check_pictures(), NONE)
    assert all(np.isnan(value).all() for value in alone.values())
    check_scorer(MotionScorer)


def test_the_contract_with_moments(scenes: Pictures) -> None:  # noqa: F811
    made = [
        batch(planted(picture, kind, 4))
        for picture in list(scenes.values())[:4]
        for kind in ("pan", "handheld")
    ]
    frames = FrameBatch(
        np.concatenate([one.pixels for one in made]), np.arange(len(made), dtype=np.float64), np.arange(len(made)),
        np.concatenate([one.moments for one in made]), np.concatenate([one.moment_seconds for one in made]),
    )  # fmt: skip
    check_scorer(MotionScorer, frames=frames)
