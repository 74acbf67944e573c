"""The cast in a title folder: ``cast.json``, and a portrait of every character."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from ava.ranking.cast import Cast, Character, Screening
from ava.ranking.face_groups import TitleFaces
from ava.store.atomic import store_errors
from ava.store.stills import jpeg_bytes
from ava.store.tables import read_table
from ava.store.title_folder import (
    CAST,
    PORTRAITS,
    SHOTS,
    Title,
    proxy_name,
    read_json,
    write_json,
)

_FACES = "faces.parquet"
_HEAD_TO_FACE = 1.7  # a portrait shows hair and neck, too
_PORTRAIT_PX = 256


@dataclass(frozen=True)
class KnownCharacter:
    """A character from somewhere else: an earlier run, another episode, a person's list.

    Attributes
    ----------
    key, name : str
        As in `ava.ranking.cast.Character`; a key may be empty.
    centroid : tuple of float
        Mean descriptor, 128 numbers.
    """

    key: str
    name: str
    centroid: tuple[float, ...]


def read_faces(folder: Path) -> TitleFaces | None:
    """All faces of a title; None where nobody looked, or whose they are was not looked at."""
    path = folder / _FACES
    if not path.is_file():
        return None
    table = read_table(path)
    if "identity" not in table or not np.isfinite(table["identity"]).any():
        return None
    return TitleFaces(
        table["frame_id"].astype(np.int64),
        table["box_xyxy"].astype(np.float32),
        table["identity"].astype(np.float32),
        np.nan_to_num(table["sharpness"].astype(np.float32)),
        table["yaw_degrees"].astype(np.float32),
        table["eyes_open"].astype(np.float32),
    )


def read_screening(folder: Path, title: Title) -> Screening:
    """Where the shortlisted frames of a title stand in it."""
    shots = read_table(folder / SHOTS)
    seconds: NDArray[np.float64] = shots["end_seconds"] - shots["start_seconds"]
    return Screening(title.pool.frame_ids, title.pool.shot_index, np.maximum(seconds, 1e-3))


def write_cast(folder: Path, cast: Cast, faces: TitleFaces) -> None:
    """Write ``cast.json`` and a portrait of every lead and supporting character."""
    facts = cast.to_json(faces)
    with store_errors(folder / PORTRAITS):
        (folder / PORTRAITS).mkdir(exist_ok=True)
    for one, row in zip(cast.characters, facts["characters"], strict=True):
        row["portrait"] = None
        if one.role != "extra":
            row["portrait"] = f"{PORTRAITS}/{one.key}.jpg"
            _write_portrait(folder, folder / row["portrait"], one, faces)
    write_json(folder / CAST, facts)


def _write_portrait(folder: Path, path: Path, one: Character, faces: TitleFaces) -> None:
    with store_errors(path):
        with Image.open(folder / proxy_name(int(faces.frame_id[one.best_face]))) as proxy:
            width, height = proxy.size
            x0, y0, x1, y1 = faces.box_xyxy[one.best_face] * [width, height, width, height]
            side = min(_HEAD_TO_FACE * max(x1 - x0, y1 - y0), width, height)
            left = min(max((x0 + x1 - side) / 2, 0.0), width - side)
            top = min(max((y0 + y1 - side) / 2 - 0.05 * side, 0.0), height - side)
            box = (round(left), round(top), round(left + side), round(top + side))
            square = proxy.convert("RGB").crop(box)
            if square.width > _PORTRAIT_PX:
                square = square.resize((_PORTRAIT_PX, _PORTRAIT_PX), Image.Resampling.LANCZOS)
            pixels = np.asarray(square)
        path.write_bytes(jpeg_bytes(pixels, quality=90))


def read_cast(folder: Path) -> dict[str, Any]:
    """What `write_cast` wrote; no characters where there is no such file."""
    return read_json(folder / CAST) if (folder / CAST).is_file() else {"characters": []}


def known_characters(folder: Path) -> list[KnownCharacter]:
    """The characters of an earlier run of a title."""
    return [
        KnownCharacter(one["key"], one["name"], tuple(one["centroid"]))
        for one in read_cast(folder)["characters"]
    ]
