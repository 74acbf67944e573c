"""Crops for every canvas: no face cut, the subject where it belongs, on planted and real frames."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from ava.core.canvas import CANVASES, Canvas
from ava.core.geometry import Box
from ava.ranking.canvases import Crop, FrameLayout, best_crop

POSTER = next(one for one in CANVASES if one.name == "2:3")
STORY = next(one for one in CANVASES if one.name == "9:16")
BANNER = next(one for one in CANVASES if one.name == "21:9")


def layout(
    *faces: tuple[float, float, float, float],
    yaw: float = float("nan"),
    subject: tuple[float, float] | None = None,
    attention: Any = None,
    title_space: Box | None = None,
    aspect: float = 16 / 9,
) -> FrameLayout:
    return FrameLayout(
        aspect,
        np.array(faces, np.float64).reshape(-1, 4),
        np.full(len(faces), yaw),
        subject,
        np.zeros((9, 16)) if attention is None else np.asarray(attention, np.float64),
        title_space,
    )


def crops_of(frame: FrameLayout, canvases: Sequence[Canvas]) -> dict[str, Crop]:
    found = {canvas.name: best_crop(frame, canvas) for canvas in canvases}
    return {name: crop for name, crop in found.items() if crop is not None}


def shape_of(crop: Crop, aspect: float = 16 / 9) -> float:
    return (crop.box.x1 - crop.box.x0) * aspect / (crop.box.y1 - crop.box.y0)


@pytest.mark.parametrize("canvas", CANVASES, ids=lambda one: one.name)
@pytest.mark.parametrize("aspect", [16 / 9, 2.39, 4 / 3, 9 / 16])
def test_every_crop_has_the_shape_of_its_canvas(canvas: Canvas, aspect: float) -> None:
    crop = best_crop(layout(subject=(0.3, 0.6), aspect=aspect), canvas)
    assert crop is not None
    assert shape_of(crop, aspect) == pytest.approx(canvas.aspect, rel=1e-6)
    assert crop.score == pytest.approx(
        sum(
            {"attention": 0.3, "placement": 0.25, "face_size": 0.2, "headroom": 0.1,
             "title_space": 0.1, "size": 0.05}[name] * value
            for name, value in crop.parts.items()
        )
    )  # fmt: skip
    assert 0 <= crop.score <= 1


@pytest.mark.parametrize("seed", range(40))
def test_no_crop_cuts_a_face(seed: int) -> None:
    random = np.random.default_rng(seed)
    faces = []
    for _ in range(random.integers(1, 6)):
        height = random.uniform(0.04, 0.5)
        x, y = random.uniform(0, 1 - 0.5 * height), random.uniform(0, 1 - height)
        faces.append((x, y, x + 0.45 * height, y + height))
    frame = layout(*faces, yaw=float(random.uniform(-60, 60)))
    for crop in crops_of(frame, CANVASES).values():
        window = (crop.box.x0, crop.box.y0, crop.box.x1, crop.box.y1)
        for face in faces:
            shown = [
                max(0.0, min(face[axis + 2], window[axis + 2]) - max(face[axis], window[axis]))
                for axis in (0, 1)
            ]
            share = shown[0] * shown[1] / ((face[2] - face[0]) * (face[3] - face[1]))
            assert share < 1e-6 or share > 1 - 1e-6, (seed, crop.canvas, share)
        largest = max(faces, key=lambda one: one[3] - one[1])
        assert window[0] <= largest[0] + 1e-9
        assert window[2] >= largest[2] - 1e-9


def test_nobody_is_shown_without_a_head() -> None:
    """The small face below may not be had at the price of the large one's body beside it."""
    tall, low = (0.6, 0.02, 0.68, 0.2), (0.62, 0.5, 0.75, 0.8)
    for crop in crops_of(layout(tall, low), CANVASES).values():
        assert crop.box.y0 <= 0.02 or crop.box.x0 >= 0.68 or crop.box.x1 <= 0.6, crop


def test_where_every_part_would_cut_a_face_there_is_none() -> None:
    wide = layout((0.1, 0.1, 0.9, 0.95))
    assert best_crop(wide, STORY) is None
    assert "9:16" not in crops_of(wide, CANVASES)
    assert "16:9" in crops_of(wide, CANVASES)


def test_the_person_is_in_the_poster_with_room_where_it_looks() -> None:
    face = (0.7, 0.3, 0.78, 0.5)
    ahead = {yaw: best_crop(layout(face, yaw=yaw), POSTER) for yaw in (-40.0, 0.0, 40.0)}
    places = {}
    for yaw, crop in ahead.items():
        assert crop is not None
        places[yaw] = crop.focus_x
        assert 0.2 < crop.focus_y < 0.55
    assert places[40.0] < places[0.0] < places[-40.0]
    assert places[0.0] == pytest.approx(0.5, abs=0.08)


def test_a_small_person_is_brought_closer() -> None:
    near, far = (
        best_crop(layout((0.5, 0.3, 0.5 + 0.45 * height, 0.3 + height)), POSTER)
        for height in (0.35, 0.1)
    )
    assert near is not None
    assert far is not None
    assert far.box.y1 - far.box.y0 < near.box.y1 - near.box.y0


def test_attention_leads_where_there_is_no_face() -> None:
    for column in (1, 8, 14):
        attention = np.zeros((9, 16))
        attention[4, column] = 1
        subject = ((column + 0.5) / 16, 0.5)
        crop = best_crop(layout(subject=subject, attention=attention), STORY)
        assert crop is not None
        assert crop.parts["attention"] > 0.99
        assert crop.box.x0 < subject[0] < crop.box.x1


def test_title_space_is_kept() -> None:
    kept = {}
    for side, space in (("left", Box(0, 0.1, 0.3, 0.9)), ("right", Box(0.7, 0.1, 1, 0.9))):
        crop = best_crop(layout(title_space=space), POSTER)
        assert crop is not None
        kept[side] = (crop.box.x0 + crop.box.x1) / 2
    assert kept["left"] < kept["right"]


def test_a_mirrored_frame_has_mirrored_crops() -> None:
    face = (0.2, 0.25, 0.3, 0.45)
    mirrored = (1 - face[2], face[1], 1 - face[0], face[3])
    for canvas in CANVASES:
        given, turned = (
            best_crop(layout(face, yaw=30), canvas),
            best_crop(layout(mirrored, yaw=-30), canvas),
        )
        assert given is not None
        assert turned is not None
        assert given.score == pytest.approx(turned.score, abs=1e-6)
        assert given.box.x0 == pytest.approx(1 - turned.box.x1, abs=0.01)


@pytest.mark.parametrize("seed", range(8))
def test_it_is_the_best_of_the_grid(seed: int) -> None:
    """No window that was tried and cuts no face scores higher: the pieces are put back one by one."""
    random = np.random.default_rng(seed)
    attention = random.random((9, 16)) ** 4
    frame = layout(subject=(random.random(), random.random()), attention=attention)
    for canvas in (POSTER, BANNER):
        best = best_crop(frame, canvas)
        assert best is not None
        rows, columns = np.mgrid[:90, :160]
        dense = np.kron(attention, np.ones((10, 10)))
        inside = (
            ((columns + 0.5) / 160 >= best.box.x0) & ((columns + 0.5) / 160 < best.box.x1)
            & ((rows + 0.5) / 90 >= best.box.y0) & ((rows + 0.5) / 90 < best.box.y1)
        )  # fmt: skip
        assert best.parts["attention"] == pytest.approx(dense[inside].sum() / dense.sum(), abs=0.02)


def test_css_shows_the_same_part() -> None:
    """``object-position`` p % puts the point p % of the picture on the point p % of the box."""
    for face, canvas in itertools.product(((0.1, 0.3, 0.2, 0.5), (0.7, 0.3, 0.8, 0.5)), (POSTER,)):
        crop = best_crop(layout(face), canvas)
        assert crop is not None
        x, y = (float(part.strip(" %")) / 100 for part in crop.object_position.split())
        width = crop.box.x1 - crop.box.x0
        height = crop.box.y1 - crop.box.y0
        assert x * (1 - width) == pytest.approx(crop.box.x0, abs=2e-3)
        assert height == 1 or y * (1 - height) == pytest.approx(crop.box.y0, abs=2e-3)
