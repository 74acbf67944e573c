"""The crops of a title: ``crops.json``, and a picture file for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.canvas import ATTENTION, Canvas
from ava.core.file_names import file_safe
from ava.core.geometry import Box, cropped
from ava.ranking.canvas_picks import CanvasPick, LayoutOf
from ava.ranking.canvases import FrameLayout
from ava.ranking.pool import Pool
from ava.store.stills import Provenance, StillSettings, write_still
from ava.store.tables import read_table
from ava.store.title_folder import CROPS, CROPS_FILE, read_json, write_json

_FACES = "faces.parquet"


def layouts_of(folder: Path, pool: Pool, aspects: Sequence[float]) -> LayoutOf:
    """What is where in each frame, from the tables of a title folder.

    Parameters
    ----------
    folder : pathlib.Path
        The title folder, or the draft of one.
    pool : Pool
        Its frames.
    aspects : sequence of float
        Width over height of each frame of the pool, as it was rated (without bars).
    """
    path = folder / _FACES
    table = read_table(path) if path.is_file() else {}
    faces = {
        frame_id: np.flatnonzero(table["frame_id"] == frame_id)
        for frame_id in set(table.get("frame_id", ()))
    }
    space = pool.column("title_space_box").reshape(len(pool), -1)
    attention = np.nan_to_num(pool.column("attention").reshape(len(pool), -1))
    subjects = np.stack([pool.column("subject_x"), pool.column("subject_y")], axis=1)

    def layout(row: int) -> FrameLayout:
        mine = faces.get(int(pool.frame_ids[row]), np.zeros(0, np.int64))
        known = len(mine) > 0
        subject = subjects[row]
        return FrameLayout(
            aspects[row],
            table["box_xyxy"][mine].astype(np.float64) if known else np.zeros((0, 4)),
            table["yaw_degrees"][mine].astype(np.float64) if known else np.zeros(0),
            (float(subject[0]), float(subject[1])) if np.isfinite(subject).all() else None,
            _fields(attention[row]),
            _box(space[row]),
        )

    return layout


def _fields(values: NDArray[np.float32]) -> NDArray[np.float64]:
    across, down = ATTENTION
    if values.size != across * down:
        return np.zeros((down, across))
    return values.reshape(down, across).astype(np.float64)


def _box(edges: NDArray[np.float32]) -> Box | None:
    if edges.size != 4 or not np.isfinite(edges).all() or edges[2] <= edges[0]:
        return None
    return Box(*(float(edge) for edge in edges.clip(0, 1)))


def write_crops(
    folder: Path,
    picture: NDArray[np.uint8],
    picks: Sequence[tuple[Canvas, CanvasPick]],
    provenance: Provenance,
    settings: StillSettings,
) -> list[dict[str, Any]]:
    """Write the crops of one frame, and say what was written.

    A crop that is larger than its canvas is left as it is; none is ever enlarged.

    Parameters
    ----------
    folder : pathlib.Path
        The title folder, or the draft of one.
    picture : ndarray of uint8, shape (H, W, 3)
        The frame at full resolution, without bars.
    picks : sequence of (Canvas, CanvasPick)
        The parts of it that are wanted.
    provenance : Provenance
        Where it comes from.
    settings : StillSettings
        How files are written.

    Returns
    -------
    list of dict
        An entry of ``crops.json`` for each.
    """
    entries = []
    for canvas, pick in picks:
        part = cropped(picture, pick.crop.box)
        height, width = part.shape[:2]
        path = crop_file(canvas, pick.rank, provenance.label, settings.suffix)
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        write_still(folder / path, part, provenance, settings)
        small = width < canvas.width_px or height < canvas.height_px
        warning = (
            f"{width} × {height} pixels: a {canvas.use} wants {canvas.width_px} × {canvas.height_px}"
            if small
            else ""
        )
        facts = {"label": provenance.label, "file": path.as_posix(), "warning": warning}
        entries.append({**pick.to_json(), "width_px": width, "height_px": height, **facts})
    return entries


def crop_file(canvas: Canvas, rank: int, label: str, suffix: str) -> Path:
    """Where a crop lies in the title folder."""
    name = f"{rank:02d}_{file_safe(label)}{suffix}"
    return Path(CROPS) / file_safe(canvas.name.replace(":", "x")) / name


def write_crops_file(
    folder: Path, canvases: Sequence[Canvas], entries: Mapping[str, Sequence[dict[str, Any]]]
) -> None:
    """Write ``crops.json``: for every canvas its size and its crops, best first."""
    write_json(
        folder / CROPS_FILE,
        {
            "canvases": [
                {
                    "name": one.name,
                    "use": one.use,
                    "width_px": one.width_px,
                    "height_px": one.height_px,
                    "crops": sorted(entries.get(one.name, ()), key=lambda entry: entry["rank"]),
                }
                for one in canvases
            ]
        },
    )


def read_crops(folder: Path) -> list[dict[str, Any]]:
    """The canvases of ``crops.json`` with their crops; none where there is no such file."""
    path = folder / CROPS_FILE
    canvases: list[dict[str, Any]] = read_json(path)["canvases"] if path.is_file() else []
    return canvases
