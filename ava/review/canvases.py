"""The crops of a title as the sheet shows them: cut out of its small pictures by CSS."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from ava.review.context import CanvasView, CropView
from ava.store.crops import read_crops
from ava.store.title_folder import proxy_name


def canvas_views(folder: Path) -> tuple[CanvasView, ...]:
    """Every canvas of a title folder with its crops; none where no crops were made."""
    return tuple(
        CanvasView(
            one["name"],
            one["use"],
            f"{one['width_px']} × {one['height_px']}",
            tuple(_crop(crop, one["use"]) for crop in one["crops"]),
        )
        for one in read_crops(folder)
    )


def _crop(one: dict[str, Any], use: str) -> CropView:
    box = one["box"]
    width, height = box["x1"] - box["x0"], box["y1"] - box["y0"]
    return CropView(
        file=one["file"],
        picture=proxy_name(one["frame_id"]),
        alt=f"Crop {one['rank']} for the {use}, at {one['label']}",
        label=one["label"],
        aspect=f"{one['width_px']} / {one['height_px']}",
        left=-100 * box["x0"] / width,
        top=-100 * box["y0"] / height,
        width=100 / width,
        percent=round(100 * one["score"]),
        warning=one["warning"],
    )
