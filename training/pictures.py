"""Where the pictures to learn from come from, and which are kept apart."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner
from ava.scan.shortlist import ShortlistSettings
from ava.source.opening import open_source

Picture = NDArray[np.uint8]
LINES_PX = 540
_MIN_SPREAD = 12.0  # gray levels; a flatter picture (black, a title card) shows no fault


@dataclass(frozen=True)
class Origin:
    """One film, or one photograph: what is held out is held out whole.

    Attributes
    ----------
    name : str
        File name, or the name of the packaged photograph.
    is_film : bool
        Whether its pictures went through a video encoder: then they are only about clean.
    pictures : tuple of ndarray of uint8, shape (H, W, 3)
        sRGB, of at most 540 lines.
    """

    name: str
    is_film: bool
    pictures: tuple[Picture, ...]


def origin(path: Path, n_frames: int = 48) -> Origin:
    """The clean pictures of a film (what the scan would put on its shortlist), or a photograph.

    Parameters
    ----------
    path : pathlib.Path
        A video file or a picture.
    n_frames : int
        About how many frames of a film.
    """
    settings = ScanSettings(shortlist=ShortlistSettings(LINES_PX, at_least=n_frames))
    pictures = []
    with open_source(path) as source:
        for closed in Scanner(settings).run(source):
            first, end = closed.shot.clean_first, closed.shot.clean_end
            pictures += [
                np.array(one.pixels)  # a copy: torch wants to own what it reads
                for one in closed.candidates
                if first <= one.ref.frame_id < end and one.pixels.std() > _MIN_SPREAD
            ]
        is_film = source.info.kind != "stills"
    return Origin(path.name, is_film, tuple(pictures))


def packaged(name: str) -> Origin:
    """A photograph that comes inside scikit-image or scikit-learn, by its name there."""
    return Origin(name, False, (_at_lines(_LOADERS[name]()),))


def _at_lines(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    if height <= LINES_PX:
        return np.ascontiguousarray(picture)
    size = (round(width * LINES_PX / height), LINES_PX)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _skimage(name: str) -> Callable[[], Picture]:
    def load() -> Picture:
        from skimage import data

        picture: Picture = getattr(data, name)()
        picture = picture[0] if name == "stereo_motorcycle" else picture
        return np.repeat(picture[:, :, None], 3, axis=2) if picture.ndim == 2 else picture

    return load


def _sklearn(name: str) -> Callable[[], Picture]:
    def load() -> Picture:
        from sklearn.datasets import load_sample_image

        picture: Picture = load_sample_image(name)
        return picture

    return load


_LOADERS: dict[str, Callable[[], Picture]] = {
    **{
        name: _skimage(name)
        for name in (
            *("astronaut", "brick", "camera", "cat", "coffee", "coins", "grass", "gravel"),
            *("hubble_deep_field", "immunohistochemistry", "moon", "retina", "rocket"),
            "stereo_motorcycle",
        )
    },
    "china": _sklearn("china.jpg"),
    "flower": _sklearn("flower.jpg"),
}
PACKAGED_TO_LEARN = (
    *("brick", "china", "coins", "grass", "gravel", "hubble_deep_field"),
    *("immunohistochemistry", "moon", "retina", "rocket"),
)
PACKAGED_HELD_OUT = ("astronaut", "camera", "cat", "coffee", "flower", "stereo_motorcycle")
