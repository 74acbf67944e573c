"""The crops of a title as the sheet shows them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ava.core.canvas import CANVASES
from ava.review.context import CanvasView, CropView
from ava.store.crops import read_crops


def canvas_views(folder: Path) -> tuple[CanvasView, ...]:
    """Every canvas of a title folder with its crops; the usual canvases where none were made."""
    made = tuple(
        CanvasView(
            one["name"],
            one["use"],
            one["width_px"],
            one["height_px"],
            tuple(_crop(crop) for crop in one["crops"]),
        )
        for one in read_crops(folder)
    )
    usual = (CanvasView(one.name, one.use, one.width_px, one.height_px, ()) for one in CANVASES)
    return made or tuple(usual)


def _crop(one: dict[str, Any]) -> CropView:
    box = one["box"]
    return CropView(
        frame_id=one["frame_id"],
        file=one["file"],
        box_xyxy=tuple(round(box[edge], 5) for edge in ("x0", "y0", "x1", "y1")),
        percent=round(100 * one["score"]),
        warning=one["warning"],
    )
