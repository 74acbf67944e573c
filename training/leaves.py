"""Pictures made of nothing but clean detail: dead leaves.

Opaque shapes of all sizes, laid over each other, have the statistics of photographs (Lee, Mumford and
Huang, "Occlusion models for natural images", IJCV 2001) and are known to be free of noise, blur and
blocks, which no photograph quite is. They teach what fine detail looks like when it is not noise.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from training.distortions import Picture
from training.pictures import Origin

_HEIGHT_PX, _WIDTH_PX = 540, 720
_FINER = 2  # drawn so much larger, and reduced: edges come out smooth
_N_LEAVES = 1800
_SMALLEST_PX, _LARGEST_PX, _TEXTURED_PX = 4.0, 320.0, 12.0  # radii, at the larger size
_TILE_PX = 1024

Floats = NDArray[np.float32]


def dead_leaves(random: np.random.Generator) -> Picture:
    """One picture of 540 lines; in every other one the back is out of focus, as a lens would have it."""
    canvas = np.empty((_HEIGHT_PX * _FINER, _WIDTH_PX * _FINER, 3), np.float32)
    textures = [_texture(random) for _ in range(4)]
    palette = np.stack([_color(random) for _ in range(8)])
    canvas[:] = palette[0]
    # The density falls with the square of the radius: leaves of every size cover alike.
    radii = 1 / random.uniform(1 / _LARGEST_PX, 1 / _SMALLEST_PX, _N_LEAVES)
    n_back = round(random.uniform(0.3, 0.8) * _N_LEAVES) if random.random() < 0.5 else 0
    for index, radius in enumerate(radii):
        if index == n_back:
            canvas = cv2.GaussianBlur(canvas, (0, 0), random.uniform(4, 16)).astype(np.float32)
        color = palette[random.integers(len(palette))] + random.normal(0, 10, 3)
        _lay(canvas, float(radius), color, textures[random.integers(len(textures))], random)
    small = cv2.resize(canvas, (_WIDTH_PX, _HEIGHT_PX), interpolation=cv2.INTER_AREA)
    picture: Picture = np.clip(np.rint(small), 0, 255).astype(np.uint8)
    return picture


def leaves(n_origins: int, seed: int) -> list[Origin]:
    """Several of them, six to an origin, so that they are drawn as often as so many photographs."""
    return [
        Origin(
            f"dead leaves {index}",
            False,
            tuple(dead_leaves(np.random.default_rng([seed, index, each])) for each in range(6)),
        )
        for index in range(n_origins)
    ]


def _lay(
    canvas: Floats,
    radius: float,
    color: NDArray[np.float64],
    texture: Floats,
    random: np.random.Generator,
) -> None:
    """Draw one leaf; a large one is shaded and textured."""
    height, width = canvas.shape[:2]
    x, y = random.uniform(0, width), random.uniform(0, height)
    axes = (max(1, round(radius)), max(1, round(radius * random.uniform(0.25, 1))))
    angle = random.uniform(0, 180)
    if radius < _TEXTURED_PX:
        cv2.ellipse(canvas, (round(x), round(y)), axes, angle, 0, 360, color.tolist(), -1)
        return
    left, top = max(0, int(x - radius)), max(0, int(y - radius))
    part = canvas[top : int(y + radius) + 1, left : int(x + radius) + 1]
    inside = np.zeros(part.shape[:2], np.uint8)
    if random.random() < 0.5:
        cv2.ellipse(inside, (round(x) - left, round(y) - top), axes, angle, 0, 360, 1, -1)
    else:
        turns = np.sort(random.uniform(0, 2 * np.pi, random.integers(3, 8)))
        corners = np.stack([np.cos(turns), np.sin(turns)], axis=1) * axes + [x - left, y - top]
        cv2.fillPoly(inside, [np.rint(corners).astype(np.int32)], 1)
    rows, columns = np.mgrid[0 : part.shape[0], 0 : part.shape[1]].astype(np.float32) / (2 * radius)
    slope = random.normal(0, 25, 2)
    shade = (rows - 0.5) * slope[0] + (columns - 0.5) * slope[1]
    down, right = random.integers(0, _TILE_PX - 2 * int(_LARGEST_PX) - 2, 2)
    grain = texture[down : down + part.shape[0], right : right + part.shape[1]]
    relief = shade + grain * random.choice([0.0, 1.0], p=[0.4, 0.6]) * random.uniform(3, 35)
    filled = color + relief[:, :, None].astype(np.float32)
    part[inside > 0] = filled[inside > 0]


def _texture(random: np.random.Generator) -> Floats:
    """A tile of noise whose spectrum falls off like that of stone, bark or cloth; spread 1."""
    fall = random.uniform(0.5, 1.6)
    stretch, angle = random.uniform(1, 4), random.uniform(0, np.pi)
    fy, fx = np.meshgrid(np.fft.fftfreq(_TILE_PX), np.fft.fftfreq(_TILE_PX), indexing="ij")
    along = fx * np.cos(angle) + fy * np.sin(angle)
    across = fy * np.cos(angle) - fx * np.sin(angle)
    frequency = np.hypot(along * stretch, across) + 1 / _TILE_PX
    spectrum = np.fft.fft2(random.standard_normal((_TILE_PX, _TILE_PX))) * frequency**-fall
    tile = np.fft.ifft2(spectrum).real
    even: Floats = ((tile - tile.mean()) / tile.std()).astype(np.float32)
    return even


def _color(random: np.random.Generator) -> NDArray[np.float64]:
    """Mostly muted, as in photographs."""
    colors: NDArray[np.float64] = random.uniform(10, 240) + random.normal(0, 22, 3)
    return colors
