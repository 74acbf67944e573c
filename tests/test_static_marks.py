"""Marks that stand still: planted ones are found, films without one have none."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from ava.core.geometry import WHOLE_PICTURE, Box, cropped
from ava.scoring.static_marks import MarkFinder, StaticMarks
from ava.source.opening import open_source
from tests.lettering import font

Picture = NDArray[np.uint8]
N_PICTURES = 40
CHANGING = (
    "films/elephants_dream.mp4", "films/sintel_trailer.mp4", "people/stage_performer_dark.mp4",
    "other/anime_garden.mkv", "other/kinetic_typography.webm", "other/dog_motion_blur.mp4",
)  # fmt: skip
MARKED = {
    "films/craft_programme_anamorphic.mp4": "in the upper left corner",
    "films/hamilton_white_house.mp4": "in the upper right corner",
    "other/nature_deer_fade.mp4": "in the lower left corner",
}
# Before a camera that stands still the mark cannot be told from the scene.
MARKED_BUT_STILL = ("silence_girl_watermark", "boat_watermark", "birthday_party_watermark")
SIZES_AND_OPACITIES = ((20, 0.7), (24, 0.5), (30, 0.4), (40, 0.3), (56, 0.25))


def pictures_of(path: Path) -> list[Picture]:
    """Forty pictures, or all there are, evenly from all of a clip."""
    with open_source(path) as source:
        n_frames = max(N_PICTURES, source.info.n_frames_from_header)
        wanted = {int((one + 0.5) * n_frames / N_PICTURES) for one in range(N_PICTURES)}
        found = [frame.rgb(540) for frame in source.scan() if frame.ref.frame_id in wanted]
    return [one for one in found if one.shape == found[0].shape]


def marks_of(pictures: list[Picture], area: Box = WHOLE_PICTURE) -> StaticMarks:
    finder = MarkFinder()
    for picture in pictures:
        finder.add(picture, area)
    return finder.found()


def stamped(picture: Picture, lines: int, opacity: float, right: bool, top: bool) -> Picture:
    """A white station's mark; `lines` in a picture of 540."""
    size = round(lines * picture.shape[0] / 540)
    mark = Image.new("L", (3 * size, size + 8), 0)
    where = (1.5 * size, (size + 8) / 2)
    ImageDraw.Draw(mark).text(where, "TV7", 255, font("DejaVuSans-Bold", size), anchor="mm")
    ink = opacity * np.asarray(mark, np.float32)[:, :, None] / 255
    rows, columns = ink.shape[:2]
    away_y, away_x = round(0.05 * picture.shape[0]), round(0.04 * picture.shape[1])
    y = away_y if top else picture.shape[0] - away_y - rows
    x = picture.shape[1] - away_x - columns if right else away_x
    done = picture.astype(np.float32)
    part = done[y : y + rows, x : x + columns]
    done[y : y + rows, x : x + columns] = part * (1 - ink) + 255 * ink
    return done.round().astype(np.uint8)


@pytest.mark.slow
@pytest.mark.parametrize("name", CHANGING)
def test_planted_marks_are_found_and_nothing_else(shared_media: Path, name: str) -> None:
    pictures = pictures_of(shared_media / name)
    bare = marks_of(pictures)
    assert bare.known
    assert not bare.marks
    assert bare.seen_in(pictures[0], WHOLE_PICTURE) == 0
    n_found = 0
    for lines, opacity in SIZES_AND_OPACITIES:
        for right, top in ((True, True), (False, False)):
            marked = [stamped(one, lines, opacity, right, top) for one in pictures]
            found = marks_of(marked)
            place = f"in the {'upper' if top else 'lower'} {'right' if right else 'left'} corner"
            hit = [one.place for one in found.marks] == [place]
            n_found += hit
            if hit:
                box, aspect = found.marks[0].box, pictures[0].shape[1] / pictures[0].shape[0]
                assert (box.x1 - box.x0) * aspect == pytest.approx(2.2 * lines / 540, rel=0.6)
                seen = np.mean([found.seen_in(one, WHOLE_PICTURE) for one in marked])
                without = np.mean([found.seen_in(one, WHOLE_PICTURE) for one in pictures])
                assert seen > without + 0.5
    assert n_found >= 8


@pytest.mark.slow
@pytest.mark.parametrize("name", MARKED)
def test_real_marks_are_found(shared_media: Path, name: str) -> None:
    pictures = pictures_of(shared_media / name)
    found = marks_of(pictures)
    assert MARKED[name] in [one.place for one in found.marks]
    assert np.mean([found.seen_in(one, WHOLE_PICTURE) > 0.5 for one in pictures]) > 0.8


@pytest.mark.slow
def test_clips_without_a_mark_have_none(shared_media: Path) -> None:
    paths = [
        path
        for folder in ("films", "people", "other")
        for path in sorted((shared_media / folder).iterdir())
        if f"{folder}/{path.name}" not in MARKED
    ]
    assert len(paths) >= 38
    for path in paths:
        found = marks_of(pictures_of(path))
        if path.stem in MARKED_BUT_STILL:
            assert not found.known, path.name
        assert not found.marks, path.name


def changing(n_pictures: int, seed: int = 0) -> list[Picture]:
    """Pictures with nothing in common: soft noise, none of it as bright as a mark."""
    random = np.random.default_rng(seed)
    small = random.integers(0, 140, (n_pictures, 24, 40, 3), np.uint8)
    return [np.asarray(Image.fromarray(one).resize((480, 270), 3)) for one in small]


def test_a_mark_in_a_letterboxed_film_is_given_in_the_shown_picture() -> None:
    area = Box(0.0, 0.1, 1.0, 0.9)
    whole = [stamped(one, 48, 0.8, True, False) for one in changing(30)]
    inside = [np.roll(one, -40, axis=0) for one in whole]
    found = marks_of([cropped(one, area) for one in inside], area)
    (mark,) = found.marks
    (shown,) = marks_of(inside).marks
    edges = [(mark.box.x0, shown.box.x0), (mark.box.y0, shown.box.y0), (mark.box.y1, shown.box.y1)]
    assert max(abs(one - other) for one, other in edges) < 0.01
    assert np.isnan(found.seen_in(inside[0], WHOLE_PICTURE))


def test_too_few_or_too_still_pictures_leave_it_open() -> None:
    few = marks_of([stamped(one, 48, 0.8, True, True) for one in changing(5)])
    still = marks_of(changing(1) * 30)
    for found in (few, still, marks_of([])):
        assert not found.known
        assert not found.marks
        assert np.isnan(found.seen_in(changing(1)[0], WHOLE_PICTURE))


def test_it_is_the_same_however_long_the_title() -> None:
    pictures = [stamped(one, 48, 0.6, True, True) for one in changing(300)]
    finder = MarkFinder()
    for picture in pictures:
        finder.add(picture, WHOLE_PICTURE)
    assert len(finder._kept) < 80
    assert [one.place for one in finder.found().marks] == ["in the upper right corner"]
