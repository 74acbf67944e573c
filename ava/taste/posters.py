"""Pictures for a simulated world: plain posters, drawn in the colors of their style."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ava.taste.simulator import STYLES, World

WIDTH_PX, HEIGHT_PX = 240, 360
_SMOOTHING = 3  # drawn this many times as large


def draw_poster(world: World, variant: int) -> NDArray[np.uint8]:
    """The poster of a variant, uint8 (360, 240, 3); the same one every time."""
    from PIL import Image, ImageDraw

    rng = np.random.default_rng([world.settings.seed, 4, variant])
    mix = world.styles[variant]
    main = [_shade(color, rng) for color in STYLES[int(mix.argmax())][1]]
    other = STYLES[int(np.argsort(mix)[-2])][1]
    deep, body, light, pale = main
    size = (WIDTH_PX * _SMOOTHING, HEIGHT_PX * _SMOOTHING)
    width, height = size
    picture = Image.fromarray(_gradient(deep, body, size))
    pen = ImageDraw.Draw(picture)
    motif = int(world.variants.title_of[variant]) % 4
    x, y = width * rng.uniform(0.3, 0.7), height * rng.uniform(0.28, 0.42)
    radius = width * rng.uniform(0.16, 0.28)
    pen.ellipse((x - radius, y - radius, x + radius, y + radius), fill=pale if motif % 2 else light)
    if motif < 2:
        for layer, color in enumerate((light, body, deep)):
            pen.polygon(_ridge(rng, width, height, 0.55 + 0.13 * layer), fill=color)
    else:
        n_bars = int(rng.integers(5, 9))
        for bar in range(n_bars):
            left = width * bar / n_bars
            top = height * rng.uniform(0.5, 0.82)
            color = (deep, body, light)[int(rng.integers(3))]
            pen.rectangle((left, top, left + width / n_bars, height), fill=color)
    share = float(np.sort(mix)[-2])
    accent = _shade(other[2], rng)
    pen.rectangle((0, height * (1 - 0.5 * share), width, height), fill=accent)
    small = picture.resize((WIDTH_PX, HEIGHT_PX), Image.Resampling.LANCZOS)
    return np.asarray(small, np.uint8)


def write_posters(world: World, folder: Path) -> list[str]:
    """Write all posters, a folder per title; their paths relative to `folder`."""
    from ava.store.stills import jpeg_bytes

    files = []
    for at, (title, name) in enumerate(
        zip(world.variants.title_ids, world.variants.variant_ids, strict=True)
    ):
        path = folder / title / f"{name}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(jpeg_bytes(draw_poster(world, at), 92))
        files.append(str(path.relative_to(folder)))
    return files


def _shade(color: tuple[int, int, int], rng: np.random.Generator) -> tuple[int, ...]:
    return tuple(int(one) for one in np.clip(np.array(color) + rng.integers(-9, 10, 3), 0, 255))


def _gradient(
    top: tuple[int, ...], bottom: tuple[int, ...], size: tuple[int, int]
) -> NDArray[np.uint8]:
    way = np.linspace(0, 1, size[1])[:, None, None]
    rows = np.array(top) * (1 - way) + np.array(bottom) * way
    return np.broadcast_to(rows, (size[1], size[0], 3)).astype(np.uint8)


def _ridge(
    rng: np.random.Generator, width: int, height: int, level: float
) -> list[tuple[float, float]]:
    """A line of hills from left to right, closed along the lower edge."""
    x = np.linspace(0, 1, 60)
    waves = np.sum(
        [
            rng.uniform(0.01, 0.05) * np.sin(2 * np.pi * (turns * x + rng.random()))
            for turns in (1, 2, 3.7)
        ],
        axis=0,
    )
    y = (level + waves) * height
    return [(0.0, float(height)), *zip((x * width).tolist(), y.tolist(), strict=True),
            (float(width), float(height))]  # fmt: skip
