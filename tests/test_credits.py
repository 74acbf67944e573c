"""Studio logos, end credits, ghosts beside dissolves, torn pictures: out, counted, and named."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.ranking.gates import GateSettings, apply_gates
from ava.ranking.pool import Pool
from ava.ranking.profiles import load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.source.opening import open_source
from tests.conftest import MakeVideo
from tests.test_ranking import pool_of

N_SHOTS = 100
PHOTOGRAPHS = ("astronaut", "coffee")
GHOST = 0.02  # share of the other picture that nobody sees


def film_of(text_shots: set[int], face_shots: set[int], minutes: float = 90) -> Pool:
    """A hundred shots of four frames; in some the last frame is a card, in some faces are large."""
    rows = np.arange(4 * N_SHOTS)
    shot = rows // 4
    card = np.isin(shot, list(text_shots)) & (rows % 4 == 3)
    pool = pool_of(
        len(rows),
        text_card=np.where(card, 0.9, 0.0),
        face_height=np.where(np.isin(shot, list(face_shots)), 0.4, 0.05),
    )
    seconds = 60 * minutes
    return replace(pool, pts_seconds=rows * seconds / len(rows), duration_seconds=seconds)


def shots_out(pool: Pool, **gates: float) -> set[int]:
    gated = apply_gates(pool, GateSettings(**gates))
    found = {one.gate: set(pool.shot_index[one.rows].tolist()) for one in gated.dropped}
    return found.get("credits", set())


def test_a_logo_goes_with_what_comes_before_its_name() -> None:
    pool = film_of(text_shots={0, 2}, face_shots=set(range(3, 90)))
    assert shots_out(pool) == {0, 1, 2}


def test_a_film_that_opens_on_its_people_keeps_them() -> None:
    assert shots_out(film_of({2}, {0, 1})) == set()
    assert shots_out(film_of({0, 2}, {1})) == {0}


def test_a_card_alone_among_pictures_takes_nothing_with_it() -> None:
    """Where most of the opening is pictures, the card is dropped as text and they stay."""
    assert shots_out(film_of({2}, set())) == set()


def test_end_credits_go_with_the_pictures_between_them() -> None:
    rolling = {90, 91, 93, 94, 96, 97, 99}
    assert shots_out(film_of(rolling, {98})) == set(range(90, 100))


def test_a_sign_in_the_last_act_is_no_credit() -> None:
    assert shots_out(film_of({88}, set())) == set()
    assert shots_out(film_of({40, 60, 70}, set())) == set()


@pytest.mark.parametrize("minutes", [1, 9.9])
def test_a_trailer_has_neither(minutes: float) -> None:
    pool = film_of({0, 1, 98, 99}, set(), minutes)
    assert shots_out(pool) == set()
    assert shots_out(pool, credits_minutes=0.5) == {0, 1, 98, 99}


def test_torn_pictures_are_counted_among_the_dropped() -> None:
    pool = replace(pool_of(12), n_torn=7)
    (torn,) = (
        one
        for one in rank_pool(pool, RankingSettings(), load_profile("default")).dropped
        if one.gate == "torn"
    )
    assert (torn.count, torn.example_frame_ids) == (7, ())


@pytest.mark.parametrize("length", [10, 24, 48])
def test_no_ghost_is_left_beside_a_dissolve(
    photographs: dict[str, NDArray[np.uint8]], make_video: MakeVideo, length: int
) -> None:
    """The clean part of a shot ends before the other picture can be seen."""
    first, second = (
        cv2.resize(photographs[name], (640, 360)).astype(np.float32) for name in PHOTOGRAPHS
    )
    share = np.concatenate([np.zeros(40), np.linspace(0, 1, length + 2)[1:-1], np.ones(40)])
    film = [((1 - one) * first + one * second).astype(np.uint8) for one in share]
    scanner = Scanner(ScanSettings())
    with open_source(make_video(film)) as source:
        for _ in scanner.run(source):
            pass
    assert scanner.result is not None
    before, after = scanner.result.shots
    assert after.starts_with == "dissolve"
    assert share[before.clean_first : before.clean_end].max() < GHOST
    assert share[after.clean_first : after.clean_end].min() > 1 - GHOST
    assert before.clean_end >= 30
    assert after.clean_first <= 40 + length + 10


@pytest.mark.parametrize("length", [12, 30])
def test_a_fading_picture_is_used_as_long_as_it_is_whole(
    photographs: dict[str, NDArray[np.uint8]], make_video: MakeVideo, length: int
) -> None:
    """A picture that moves a little before it fades is neither cut short nor shown half faded."""
    first, second = (
        cv2.resize(photographs[name], (720, 405)).astype(np.float32) for name in PHOTOGRAPHS
    )
    lit = np.concatenate([np.ones(40), np.linspace(1, 0, length + 2)[1:-1], np.zeros(6)])
    lit = np.concatenate([lit, lit[::-1]])
    half = len(lit) // 2
    film = [
        (share * (first if at < half else second)[at % half // 3 :][:360, :640]).astype(np.uint8)
        for at, share in enumerate(lit)
    ]
    scanner = Scanner(ScanSettings())
    with open_source(make_video(film)) as source:
        for _ in scanner.run(source):
            pass
    assert scanner.result is not None
    shots = scanner.result.shots
    before, after = shots[0], shots[-1]
    assert before.ends_with == after.starts_with == "fade"
    assert lit[before.clean_first : before.clean_end].min() > 0.85
    assert lit[after.clean_first : after.clean_end].min() > 0.85
    assert before.clean_end >= 36
    assert len(lit) - after.clean_first >= 36
