"""Crops of a real title: files, sizes, warnings, and no face cut."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import ava
from ava.core.canvas import CANVASES, canvas_of
from ava.core.errors import ConfigError
from ava.ranking.canvas_picks import CanvasSettings
from ava.settings import Settings, load_settings
from ava.store.crops import read_crops
from ava.store.tables import read_table
from tests.browser import open_page, show_pictures
from tests.conftest import SAMPLE


def no_face_is_cut(folder: Path) -> int:
    """How many pairs of a crop and a face were looked at."""
    table = read_table(folder / "faces.parquet")
    n_pairs = 0
    for canvas in read_crops(folder):
        for crop in canvas["crops"]:
            box = crop["box"]
            low, high = np.array([box["x0"], box["y0"]]), np.array([box["x1"], box["y1"]])
            for face in table["box_xyxy"][table["frame_id"] == crop["frame_id"]]:
                shown = np.clip(np.minimum(face[2:], high) - np.maximum(face[:2], low), 0, None)
                share = shown.prod() / (face[2:] - face[:2]).prod()
                assert share < 1e-4 or share > 1 - 1e-4, (canvas["name"], crop["label"], share)
                n_pairs += 1
    return n_pairs


def test_every_canvas_is_served_with_files(ranked_sample: ava.RankedTitle) -> None:
    canvases = read_crops(ranked_sample.folder)
    assert [one["name"] for one in canvases] == [one.name for one in CANVASES]
    for canvas, shape in zip(canvases, CANVASES, strict=True):
        assert 3 <= len(canvas["crops"]) <= 6
        assert [crop["rank"] for crop in canvas["crops"]] == list(
            range(1, len(canvas["crops"]) + 1)
        )
        worths = [crop["worth"] for crop in canvas["crops"]]
        assert worths[0] > max(worths) - 0.1  # the first covers most besides
        frames = [crop["frame_id"] for crop in canvas["crops"]]
        assert len(set(frames)) == len(frames)
        for crop in canvas["crops"]:
            with Image.open(ranked_sample.folder / crop["file"]) as picture:
                assert picture.size == (crop["width_px"], crop["height_px"])
                assert picture.width / picture.height == pytest.approx(shape.aspect, rel=0.01)
                # The sample film has 720 lines: never enlarged, and said so.
                assert picture.width <= 1280
                assert picture.height <= 720
                small = picture.width < shape.width_px or picture.height < shape.height_px
            assert bool(crop["warning"]) == small
            assert 0 <= crop["focus_x"] <= 1
            assert crop["object_position"].count("%") == 2
    if not ranked_sample.problems:
        assert no_face_is_cut(ranked_sample.folder) > 0


def test_ones_own_canvases(tmp_path: Path) -> None:
    settings = load_settings(None, ['ranking.canvases.names=["2:3", "tile=640x640"]'])
    assert [one.name for one in settings.ranking.canvases.canvases] == ["2:3", "tile"]
    assert canvas_of("billboard").name == "16:9"
    for wrong in ("5:7", "tile=640", "=3x4", "tile=0x4"):
        with pytest.raises(ConfigError, match="there is no canvas"):
            canvas_of(wrong)
    with pytest.raises(ConfigError, match="same name"):
        CanvasSettings(("2:3", "poster"))
    none = load_settings(None, ["ranking.canvases.names=[]"], Settings())
    assert none.ranking.canvases.canvases == ()
    ranked = ava.rank(SAMPLE, tmp_path, top=2, settings=none)
    assert not read_crops(ranked.folder)
    assert "Crops for every canvas" not in ranked.sheet.read_text("utf-8")


def test_the_sheet_shows_the_part_that_was_cut(ranked_sample: ava.RankedTitle) -> None:
    with open_page(ranked_sample.sheet.as_uri() + "#section=canvases") as page:
        page.locator(".canvases .crop").first.wait_for()
        show_pictures(page)
        shown = page.evaluate(
            """Object.fromEntries([...document.querySelectorAll('.crop')].map(crop => {
                const box = crop.getBoundingClientRect();
                const img = crop.querySelector('img').getBoundingClientRect();
                return [`${crop.dataset.canvas} ${crop.dataset.id}`,
                        [(box.left - img.left) / img.width, (box.top - img.top) / img.height,
                         (box.right - img.left) / img.width, (box.bottom - img.top) / img.height]];
            }))"""
        )
    crops = [crop for canvas in read_crops(ranked_sample.folder) for crop in canvas["crops"]]
    best = {one.frame_id for one in ranked_sample.candidates}
    crops = [crop for crop in crops if crop["frame_id"] in best]
    assert len(crops) >= 20
    for crop in crops:
        box = [crop["box"][edge] for edge in ("x0", "y0", "x1", "y1")]
        edges = shown[f"{crop['canvas']} {crop['frame_id']}"]
        assert edges == pytest.approx(box, abs=0.02), crop
