"""Letterbox, pillarbox and windowbox bars: found where they are, and nowhere else."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ava
from ava.core.geometry import WHOLE_PICTURE, Box, cropped
from ava.scan.bars import LumaSamples, light_of
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.scan.shortlist import ClosedShot
from ava.scan.shots import Shot
from ava.source.info import Orientation
from ava.source.opening import open_source
from ava.store.title_folder import read_shots, read_title
from tests.conftest import MakeVideo

Picture = NDArray[np.uint8]
Pictures = dict[str, Picture]
NAMES = ("china", "coffee", "motorcycle", "astronaut", "flower")


def scanned(path: Path, settings: ScanSettings | None = None) -> list[ClosedShot]:
    with open_source(path) as source:
        return list(Scanner(settings or ScanSettings()).run(source))


def moved(picture: Picture, width: int, height: int, n_frames: int = 16) -> list[Picture]:
    """A camera that pans over a photograph."""
    wide = (round(width * 1.2) + 1, round(height * 1.2) + 1)
    larger = cv2.resize(picture, wide, interpolation=cv2.INTER_AREA).astype(np.uint8)
    steps = np.linspace(0, 1, n_frames)
    starts = [(round(0.1 * height * step), round(0.2 * width * step)) for step in steps]
    return [larger[y : y + height, x : x + width] for y, x in starts]


def on_black(frames: Sequence[Picture], width: int, height: int, level: int = 0) -> list[Picture]:
    """The frames in the middle of a larger black raster."""
    made = []
    for frame in frames:
        raster = np.full((height, width, 3), level, np.uint8)
        top, left = (height - frame.shape[0]) // 2, (width - frame.shape[1]) // 2
        raster[top : top + frame.shape[0], left : left + frame.shape[1]] = frame
        made.append(raster)
    return made


def film(
    pictures: Pictures,
    size: tuple[int, int],
    inner: tuple[int, int],
    names: Sequence[str] = NAMES,
    gain: float = 1.0,
) -> list[Picture]:
    """One shot of each photograph, `inner` wide and high, on a black raster of `size`."""
    frames = [frame for name in names for frame in moved(pictures[name], *inner)]
    return on_black([(frame * gain).astype(np.uint8) for frame in frames], *size)


def assert_near(area: Box, size: tuple[int, int], inner: tuple[int, int]) -> None:
    """Within 1 % of the raster, and never with any of the bar inside."""
    bar_x, bar_y = ((whole - part) / 2 / whole for whole, part in zip(size, inner, strict=True))
    for found, planted in (
        (area.x0, bar_x),
        (area.y0, bar_y),
        (1 - area.x1, bar_x),
        (1 - area.y1, bar_y),
    ):
        assert -1e-6 <= found - planted <= 0.01, (area, size, inner)


SHAPES = {
    "2.39": ((480, 270), (480, 202)),
    "2.00": ((480, 270), (480, 240)),
    "1.85": ((480, 270), (480, 258)),
    "4:3 pillarbox": ((480, 270), (360, 270)),
    "1:1 pillarbox": ((480, 270), (270, 270)),
    "9:16 pillarbox": ((480, 270), (152, 270)),
    "16:9 in 4:3": ((360, 270), (360, 202)),
    "windowbox": ((480, 270), (360, 202)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_bars_of_every_shape(make_video: MakeVideo, photographs: Pictures, shape: str) -> None:
    size, inner = SHAPES[shape]
    shots = scanned(make_video(film(photographs, size, inner)))
    assert len(shots) >= 3
    for closed in shots:
        assert_near(closed.shot.picture_area, size, inner)
        for one in closed.candidates:
            assert abs(one.pixels.shape[1] - inner[0]) <= 0.02 * size[0]
            assert abs(one.pixels.shape[0] - inner[1]) <= 0.02 * size[1]
            edges = (one.pixels[0], one.pixels[-1], one.pixels[:, 0], one.pixels[:, -1])
            assert min(float(edge.mean()) for edge in edges) > 8


@pytest.mark.parametrize("shape", ["2.39", "4:3 pillarbox"])
def test_bars_in_many_lines(make_video: MakeVideo, photographs: Pictures, shape: str) -> None:
    """A raster that the scan reduces eight times: the larger pictures tell the exact line."""
    size, inner = ((4 * width, 4 * height) for width, height in SHAPES[shape])
    for closed in scanned(make_video(film(photographs, size, inner, NAMES[:2]))):
        assert_near(closed.shot.picture_area, size, inner)


def test_a_dark_shot_has_the_bars_of_its_film(make_video: MakeVideo, photographs: Pictures) -> None:
    """Also the one at the start, which no other shot has spoken for yet."""
    size, inner = SHAPES["2.39"]
    dark = film(photographs, size, inner, ("astronaut",), gain=0.12)
    bright = film(photographs, size, inner, ("china",))
    shots = scanned(make_video([*dark, *bright, *dark]))
    assert len(shots) == 3
    assert [one.shot.index for one in shots] == [0, 1, 2]
    for closed in shots:
        assert_near(closed.shot.picture_area, size, inner)


def test_a_dark_film_is_left_whole_without_bars(
    make_video: MakeVideo, photographs: Pictures
) -> None:
    """Night: black at the top and bottom, and light that falls off towards them."""
    rows = np.abs(np.linspace(-1, 1, 270))[:, None, None]
    for sharpness in (1, 4):
        night = np.clip(1.15 - rows**sharpness * 1.3, 0, 1) * 0.35
        frames = [
            (frame * night).astype(np.uint8) for frame in film(photographs, (480, 270), (480, 270))
        ]
        assert frames[0][:6].max() <= 20
        shots = scanned(make_video(frames, f"night{sharpness}.mp4"))
        assert all(one.shot.picture_area == WHOLE_PICTURE for one in shots)


@pytest.mark.parametrize("gain", [1.0, 0.1, 0.02])
def test_a_film_without_bars(make_video: MakeVideo, photographs: Pictures, gain: float) -> None:
    shots = scanned(make_video(film(photographs, (480, 270), (480, 270), gain=gain)))
    assert all(one.shot.picture_area == WHOLE_PICTURE for one in shots)


def test_a_night_scene_among_letterboxed_ones_keeps_its_own_edges(
    make_video: MakeVideo, photographs: Pictures
) -> None:
    """Dark where the film has its bars, but no line there: the whole picture is the scene."""
    size, inner = SHAPES["2.39"]
    rows = np.abs(np.linspace(-1, 1, 270))[:, None, None]
    light = np.clip(1.0 - 1.25 * rows**2, 0, 1)
    night = [
        (frame * light).astype(np.uint8)
        for frame in film(photographs, size, size, ("flower", "coffee"), gain=0.25)
    ]
    letterboxed = film(photographs, size, inner, ("china",))
    shots = scanned(make_video([*letterboxed, *night, *letterboxed]))
    areas = [one.shot.picture_area for one in shots]
    assert_near(areas[0], size, inner)
    assert_near(areas[-1], size, inner)
    assert set(areas[1:-1]) == {WHOLE_PICTURE}


def test_a_face_in_a_spotlight_is_left_whole(make_video: MakeVideo, photographs: Pictures) -> None:
    """Black sides that belong to the picture, still and walking across."""
    face = cv2.resize(photographs["astronaut"], (270, 270), interpolation=cv2.INTER_AREA)
    y, x = np.mgrid[-1:1:270j, -1:1:270j]
    spot = np.clip((1.0 - (x / 0.8) ** 2 - (y / 1.3) ** 2) * 6, 0, 1)[:, :, None]
    lit = (face * spot).astype(np.uint8)
    still = on_black([lit] * 24, 480, 270)
    walking = [np.roll(still[0], step, axis=1) for step in range(-100, 100, 4)]
    for name, frames in (("still.mp4", still), ("walking.mp4", walking)):
        shots = scanned(make_video(frames, name))
        assert [one.shot.picture_area for one in shots] == [WHOLE_PICTURE] * len(shots)


def test_a_changing_shape_is_followed(make_video: MakeVideo, photographs: Pictures) -> None:
    size, inner = SHAPES["2.39"]
    plain = film(photographs, size, size, ("china", "flower"))
    wide = film(photographs, size, inner, ("motorcycle", "coffee"))
    shots = scanned(make_video([*plain, *wide, *plain]))
    assert len(shots) == 6
    for closed in shots:
        if closed.shot.index in (2, 3):
            assert_near(closed.shot.picture_area, size, inner)
        else:
            assert closed.shot.picture_area == WHOLE_PICTURE


def test_noise_and_hot_pixels_in_the_bars(make_video: MakeVideo, photographs: Pictures) -> None:
    size, inner = SHAPES["2.39"]
    random = np.random.default_rng(5)
    frames = []
    for frame in film(photographs, size, inner):
        noise = random.normal(4, 3, frame.shape)
        noisy = np.clip(frame + noise, 0, 255).astype(np.uint8)
        noisy[7, 100:102], noisy[262, 300:302] = 255, 255
        frames.append(noisy)
    for closed in scanned(make_video(frames)):
        assert_near(closed.shot.picture_area, size, inner)


def test_subtitles_in_a_bar(make_video: MakeVideo, photographs: Pictures) -> None:
    """Shots with text in the lower bar from their first frame to their last."""
    size, inner = SHAPES["2.39"]
    frames = film(photographs, size, inner)
    for frame in frames:
        at, font = (90, 258), cv2.FONT_HERSHEY_SIMPLEX
        cv2.putText(frame, "Where were you last night?", at, font, 0.6, (255, 255, 255), 1)
    for closed in scanned(make_video(frames)):
        assert_near(closed.shot.picture_area, size, inner)


@pytest.mark.parametrize("turn", range(8))
def test_bars_of_a_turned_source(turn: int) -> None:
    """The box of the stored raster, turned, is the box of the turned raster."""
    orientation = Orientation(bool(turn & 4), bool(turn & 2), bool(turn & 1))
    stored = np.zeros((270, 480), np.uint8)
    stored[20:200, 10:400] = 255
    area = orientation.turned(Box(10 / 480, 20 / 270, 400 / 480, 200 / 270))
    inside = cropped(orientation.applied(stored), area)
    assert inside.min() == 255
    assert inside.size == 180 * 390


def test_a_rotated_film_is_cropped_upright(photographs: Pictures) -> None:
    """Scanned as if its header asked for a quarter turn."""
    from ava.scan.picture_area import AreaFinder
    from ava.scan.shortlist import Candidate
    from tests.test_scan import _Frame

    size, inner = SHAPES["2.39"]
    orientation = Orientation(True, True, False)
    finder = AreaFinder(orientation)
    frames = film(photographs, size, inner, ("china",))
    for number, frame in enumerate(frames):
        finder.add(number, cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8))
    upright = orientation.applied(frames[8])
    candidate = Candidate(_Frame(8).ref, 8 / 25, 1.0, upright)
    shot = Shot(0, 0, 16, 0.0, 0.64, "edge", "edge", 0, 16)
    (closed,) = finder.cropped([ClosedShot(shot, [candidate])])
    assert_near(closed.shot.picture_area, size[::-1], inner[::-1])
    assert closed.candidates[0].pixels.shape[:2] == (480, 202)


def test_the_sample_film(ranked_sample: ava.RankedTitle, sample_truth: dict[str, Any]) -> None:
    """Picks from the letterboxed shot have stills without bars, the others are whole."""
    (span,) = sample_truth["letterbox"]
    shots = read_shots(ranked_sample.folder)
    title = read_title(ranked_sample.folder)
    for shot, area in zip(shots, title.areas, strict=True):
        if span["first"] <= shot["first_frame"] <= span["last"]:
            assert_near(area, (1280, 720), (1280, 536))
        else:
            assert area == WHOLE_PICTURE
    for one in ranked_sample.candidates:
        with Image.open(ranked_sample.still(one.rank)) as still:
            inside = span["first"] <= one.frame_id <= span["last"]
            assert still.size[0] == 1280
            assert (528 <= still.size[1] <= 536) if inside else still.size[1] == 720


def test_stills_of_every_letterboxed_candidate(
    make_video: MakeVideo, photographs: Pictures, tmp_path: Path
) -> None:
    """The stills, the pictures on the sheet and those of a later ranking are cropped alike."""
    from ava.review.sheet import sheet_context

    size, inner = SHAPES["2.39"]
    frames = film(photographs, size, inner, ("china", "motorcycle"))
    frames += film(photographs, size, size, ("coffee",))
    ranked = ava.rank(make_video(frames), tmp_path / "out", top=6)
    for _ in range(2):
        heights = set()
        for one, card in zip(ranked.candidates, sheet_context(ranked.folder).cards, strict=True):
            with Image.open(ranked.still(one.rank)) as still:
                with Image.open(ranked.folder / card.picture) as proxy:
                    assert still.size == proxy.size
                assert card.aspect == f"{still.size[0]} / {still.size[1]}"
                assert still.size[1] == 270 or 198 <= still.size[1] <= 202
                heights.add(still.size[1])
                assert np.asarray(still)[[0, -1]].mean(axis=(1, 2)).min() > 8
        assert len(heights) == 2
        ranked = ava.rank(ranked.folder, top=6)


def test_bars_can_be_kept(make_video: MakeVideo, photographs: Pictures) -> None:
    path = make_video(film(photographs, *SHAPES["2.39"], names=("china",)))
    (closed,) = scanned(path, ScanSettings(crop_bars=False))
    assert closed.shot.picture_area == WHOLE_PICTURE
    assert closed.candidates[0].pixels.shape[:2] == (270, 480)


def test_the_search_is_cheap_and_bounded(photographs: Pictures) -> None:
    size, inner = SHAPES["2.39"]
    grays = [
        cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY).astype(np.uint8)
        for frame in film(photographs, size, inner, ("china",))
    ]
    best_ms, n_frames = np.inf, 400
    for _ in range(3):  # the machine may be busy with something else
        samples = LumaSamples()
        started = time.perf_counter()
        for number in range(n_frames):
            samples.add(number, grays[number % len(grays)])
        shot = Shot(0, 0, n_frames, 0.0, 16.0, "edge", "edge", 0, n_frames)
        assert samples.take(shot) is not None
        best_ms = min(best_ms, 1000 * (time.perf_counter() - started) / n_frames)
    assert best_ms < 0.05
    samples = LumaSamples()
    for number in range(20_000):
        samples.add(number, grays[0])
    assert len(samples._held) < 200
    assert light_of([]) is None
