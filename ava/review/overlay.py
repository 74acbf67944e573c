"""A frame with what was found in it drawn over it."""

from __future__ import annotations

import io
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFilter, ImageFont

from ava.scoring.analyses import (
    Analyses,
    Bodies,
    Faces,
    PersonMask,
    Ragged,
    Saliency,
    TextRegions,
)

_WIDTH_PX = 1280
_LINE_PX = 3
_WHITE, _DARK = (255, 255, 255), (24, 24, 24)
_COLORS = {
    "where the eye goes": (255, 110, 20),
    "person": (90, 230, 120),
    "trunk": (40, 190, 120),
    "face": (255, 210, 63),
    "text": (79, 209, 255),
    "subject": (255, 70, 160),
    "title space": (255, 255, 255),
    "light": (255, 245, 150),
}

Point = tuple[float, float]


def draw_overlay(
    picture: NDArray[np.uint8], found: Analyses, values: Mapping[str, NDArray[np.float32]]
) -> bytes:
    """Draw thirds, saliency, people, trunks, faces, text, subject, title space and light over a frame.

    Parameters
    ----------
    picture : ndarray of uint8, shape (H, W, 3)
        The frame, sRGB.
    found : Analyses
        The findings in it, as those of a batch of one; what is absent is not drawn.
    values : mapping of str to ndarray of float32
        Its numbers by column, ``(1,)`` or ``(size,)``; what is NaN or absent is not drawn.

    Returns
    -------
    bytes
        A PNG, 1280 pixels wide, with a legend of what is drawn under the picture.
    """
    height = round(_WIDTH_PX * picture.shape[0] / picture.shape[1])
    size = (_WIDTH_PX, height)
    image = Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS)
    shown: list[str] = []
    if Saliency in found:
        heat = _enlarged(found.get(Saliency).maps[0], size)
        if heat.max() > 0:
            _tint(image, heat / heat.max() * 0.6, "where the eye goes")
            shown.append("where the eye goes")
    if PersonMask in found:
        inside = Image.fromarray(_enlarged(found.get(PersonMask).maps[0], size) > 0.5)
        rim = inside.convert("L").filter(ImageFilter.FIND_EDGES).filter(ImageFilter.MaxFilter(5))
        if rim.getbbox() is not None:
            image.paste(_COLORS["person"], mask=rim)
            shown.append("person")
    draw = ImageDraw.Draw(image)
    for share in (1 / 3, 2 / 3):
        draw.line([(share * size[0], 0), (share * size[0], size[1])], _WHITE, 1)
        draw.line([(0, share * size[1]), (size[0], share * size[1])], _WHITE, 1)
    shown += _trunks(draw, found, size)
    shown += _boxes(draw, found, size)
    shown += _marks(draw, found, values, size)
    return _with_legend(image, shown)


def _enlarged(map_: NDArray[np.float32], size: tuple[int, int]) -> NDArray[np.float32]:
    return np.asarray(Image.fromarray(map_).resize(size, Image.Resampling.BICUBIC), np.float32)


def _tint(image: Image.Image, share: NDArray[np.float32], kind: str) -> None:
    alpha = Image.fromarray((255 * share.clip(0, 1)).astype(np.uint8))
    image.paste(_COLORS[kind], mask=alpha)


def _trunks(draw: ImageDraw.ImageDraw, found: Analyses, size: tuple[int, int]) -> list[str]:
    """From the middle of the shoulders to that of the hips, of every body."""
    if Bodies not in found:
        return []
    bodies = found.get(Bodies)
    inside = ((bodies.shoulders >= 0) & (bodies.shoulders <= 1)).all(axis=1)
    for row in np.flatnonzero(inside):
        shoulders, hips = bodies.shoulders[row] * size, bodies.hips[row] * size
        ends = [tuple(shoulders.tolist()), tuple(hips.tolist())]
        _stroke(draw, ends, _COLORS["trunk"])
        for end in ends:
            _dot(draw, end, 6, _COLORS["trunk"])
    return ["trunk"] if inside.any() else []


def _boxes(draw: ImageDraw.ImageDraw, found: Analyses, size: tuple[int, int]) -> list[str]:
    shown = []
    kinds: tuple[tuple[type[Ragged], str], ...] = ((Faces, "face"), (TextRegions, "text"))
    for kind, name in kinds:
        if kind not in found or not len(found.get(kind)):
            continue
        shown.append(name)
        for box in found.get(kind).box_xyxy:
            _rectangle(draw, tuple(box), size, name)
        if kind is Faces:
            for x, y in found.get(Faces).points.reshape(-1, 2):
                if np.isfinite(x):
                    _dot(draw, (x * size[0], y * size[1]), 3, _COLORS[name])
    return shown


def _marks(
    draw: ImageDraw.ImageDraw,
    found: Analyses,
    values: Mapping[str, NDArray[np.float32]],
    size: tuple[int, int],
) -> list[str]:
    """Subject, title space and light."""

    def known(*names: str) -> list[float] | None:
        if any(name not in values for name in names):
            return None
        flat = [float(value) for name in names for value in values[name]]
        return flat if np.isfinite(flat).all() else None

    shown = []
    space = known("title_space_box")
    if space is not None and space[2] > space[0]:
        _rectangle(draw, (space[0], space[1], space[2], space[3]), size, "title space")
        shown.append("title space")
    subject = known("subject_x", "subject_y")
    if subject is not None:
        x, y = subject[0] * size[0], subject[1] * size[1]
        _stroke(draw, [(x - 16, y), (x + 16, y)], _COLORS["subject"])
        _stroke(draw, [(x, y - 16), (x, y + 16)], _COLORS["subject"])
        shown.append("subject")
    light = known("light_side")
    if light is not None and abs(light[0]) > 0.1 and Faces in found and len(found.get(Faces)):
        faces = found.get(Faces)
        x0, y0, x1, y1 = faces.box_xyxy[int(faces.areas.argmax())] * np.tile(size, 2)
        side = 1 if light[0] > 0 else -1
        near = (x1 if side > 0 else x0) + side * 12, (y0 + y1) / 2
        far = near[0] + side * (40 + 120 * abs(light[0])), near[1]
        _stroke(draw, [far, near], _COLORS["light"])
        for up in (-10, 10):
            _stroke(draw, [near, (near[0] + side * 16, near[1] + up)], _COLORS["light"])
        shown.append("light")
    return shown


def _rectangle(
    draw: ImageDraw.ImageDraw, box: tuple[float, ...], size: tuple[int, int], kind: str
) -> None:
    x0, y0, x1, y1 = (edge * size[at % 2] for at, edge in enumerate(box))
    draw.rectangle([x0 - 1, y0 - 1, x1 + 1, y1 + 1], outline=_DARK, width=_LINE_PX + 2)
    draw.rectangle([x0, y0, x1, y1], outline=_COLORS[kind], width=_LINE_PX)


def _stroke(draw: ImageDraw.ImageDraw, line: list[Point], color: tuple[int, int, int]) -> None:
    draw.line(line, _DARK, _LINE_PX + 3)
    draw.line(line, color, _LINE_PX + 1)


def _dot(draw: ImageDraw.ImageDraw, at: Point, radius: int, color: tuple[int, int, int]) -> None:
    edges = [at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius]
    draw.ellipse(edges, fill=color, outline=_DARK)


def _with_legend(image: Image.Image, shown: list[str]) -> bytes:
    font = ImageFont.load_default(22)
    page = Image.new("RGB", (image.width, image.height + 48), _DARK)
    page.paste(image)
    draw, x, middle = ImageDraw.Draw(page), 20.0, image.height + 24
    for name in shown:
        draw.rectangle([x, middle - 9, x + 18, middle + 9], fill=_COLORS[name])
        draw.text((x + 28, middle), name, _WHITE, font, anchor="lm")
        x += 28 + draw.textlength(name, font) + 34
    file = io.BytesIO()
    page.save(file, "PNG")
    return file.getvalue()
