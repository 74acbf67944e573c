"""What one step of the training sees: groups of copies of one picture, from clean to ruined."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from training.distortions import FAULTS, SHARES, Picture, Recipe, neutral
from training.pictures import Origin

N_COPIES = 5
_MARGIN_PX = 6  # cut off afterwards: filters know nothing beyond the edge
_CLEAN_AT = 0.7  # a film frame reduced this far has lost most of what its encoder did to it
_TRUST_OF_FILM = 0.2


@dataclass(frozen=True)
class Group:
    """Copies of one crop.

    Attributes
    ----------
    pixels : torch.Tensor of uint8, shape (5, 3, H, W)
        Four copies from weak to strong, and one that is like one of them but for key and color.
    strengths : torch.Tensor of float32, shape (5,)
        How much each is spoilt, 0..1.
    twin : int
        Which of the four the last copy is a twin of.
    trust : float
        How much the picture can be taken for clean where nothing was done to it, 0..1.
    """

    pixels: torch.Tensor
    strengths: torch.Tensor
    twin: int
    trust: float


class Groups:
    """An endless row of groups, the same for the same seed.

    Parameters
    ----------
    origins : list of Origin
        Drawn from evenly, however many pictures each has.
    size_px : tuple of int or None
        Height and width of the crops; None for whole pictures.
    seed : int
        Start of the random numbers.
    """

    def __init__(self, origins: list[Origin], size_px: tuple[int, int] | None, seed: int) -> None:
        self._origins = [one for one in origins if one.pictures]
        self._size_px, self._seed = size_px, seed

    def __getitem__(self, index: int) -> Group:
        """Group number `index`."""
        random = np.random.default_rng([self._seed, index])
        chosen = self._origins[random.integers(len(self._origins))]
        picture = chosen.pictures[random.integers(len(chosen.pictures))]
        clean, scale = self._clean(picture, random)
        start = neutral(random)(clean) if random.random() < 0.4 else clean
        recipe, total = drawn(random)
        steps = np.sort(random.uniform(0, 1, N_COPIES - 1))
        steps[0] = 0.0 if random.random() < 0.6 else steps[0]
        twin = int(random.integers(N_COPIES - 1))
        other = neutral(random, turns=False)(start)
        copies = [recipe(start, step) for step in steps] + [recipe(other, steps[twin])]
        zoom = random.uniform(0.87, 1.15) if random.random() < 0.35 else 1.0
        strengths = [total(step) for step in (*steps, steps[twin])]
        trust = 1.0 if not chosen.is_film or scale <= _CLEAN_AT else _TRUST_OF_FILM
        return Group(
            torch.from_numpy(np.stack([self._shown(copy, zoom) for copy in copies])),
            torch.tensor(strengths, dtype=torch.float32),
            twin,
            trust,
        )

    def _clean(self, picture: Picture, random: np.random.Generator) -> tuple[Picture, float]:
        """A part of the picture with some detail in it, and how far it was reduced."""
        if self._size_px is None:
            return picture, 1.0
        need = round(max(self._size_px) / 0.87) + 2 * _MARGIN_PX + 1
        least = min(1.0, need / min(picture.shape[:2]))
        scale = 1.0 if random.random() < 0.4 else max(least, random.uniform(0.4, 1.0))
        picture = _resized(picture, scale) if scale < 1 else picture
        need_y, need_x = (min(need, side) for side in picture.shape[:2])
        best, most = picture, -1.0
        for _ in range(2):  # the one with more in it: a bare wall teaches little
            top = random.integers(picture.shape[0] - need_y + 1)
            left = random.integers(picture.shape[1] - need_x + 1)
            part = picture[top : top + need_y, left : left + need_x]
            detail = float(np.abs(np.diff(part[::2, ::2, 1].astype(np.int16), axis=1)).mean())
            if detail > most:
                best, most = part, detail
        return np.ascontiguousarray(best), scale

    def _shown(self, copy: Picture, zoom: float) -> NDArray[np.uint8]:
        copy = _resized(copy, zoom) if zoom != 1 else copy
        if self._size_px is not None:
            height, width = self._size_px
            top, left = (copy.shape[0] - height) // 2, (copy.shape[1] - width) // 2
            copy = copy[max(0, top) :, max(0, left) :][:height, :width]
        return np.ascontiguousarray(copy.transpose(2, 0, 1))


def drawn(random: np.random.Generator) -> tuple[Recipe, Callable[[float], float]]:
    """One fault, or two after each other, and how much the two are together at a strength."""
    names = list(FAULTS)
    first, second = np.sort(random.choice(len(names), 2, replace=False, p=SHARES))
    if random.random() < 0.7:
        return FAULTS[names[random.choice(len(names), p=SHARES)]](random), float
    early, late = FAULTS[names[first]](random), FAULTS[names[second]](random)
    share, other = random.uniform(0.3, 1.0, 2)

    def both(picture: Picture, strength: float) -> Picture:
        return late(early(picture, share * strength), other * strength)

    return both, lambda strength: 1 - (1 - share * strength) * (1 - other * strength)


def _resized(picture: Picture, scale: float) -> Picture:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how).astype(
        np.uint8, copy=False
    )
