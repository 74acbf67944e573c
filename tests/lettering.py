"""Renders subtitles, titles and credits over real pictures, in fonts that come with Matplotlib."""

from __future__ import annotations

from pathlib import Path

import matplotlib as mpl
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

Picture = NDArray[np.uint8]
FONTS = (
    "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSerif", "DejaVuSerif-Bold",
    "DejaVuSansMono", "STIXGeneral", "STIXGeneralBolIta", "cmss10", "cmr10",
)  # fmt: skip
LIGHT, DARK = (240, 240, 240), (15, 15, 15)
SPOKEN = (
    ("I never said that to anyone.",),
    ("You should have stayed at home", "and waited for the others."),
    ("Where are we going now?",),
    ("He left before the storm.", "Nobody saw him again,", "not even his brother."),
    ("- Who is that?", "- I have no idea, sorry."),
)
TITLES = (("THE LAST HARBOUR",), ("A Film by", "Nora Lind"), ("Winter",))
JOBS = ("Director", "Camera", "Editor", "Sound", "Costumes", "Gaffer", "Grip", "Music", "Casting")
NAMES = ("Ann Smith", "Joe Black", "M. Fernandez", "Li Wei", "Tom Hardwick", "Ida Holm", "Bo Ek")


def font(name: str, height_px: int) -> ImageFont.FreeTypeFont:
    folder = Path(mpl.__file__).parent / "mpl-data" / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"{name}.ttf"), height_px)


def subtitled(
    picture: Picture,
    lines: tuple[str, ...],
    name: str = FONTS[0],
    height_px: int = 26,
    style: str = "outline",
    at_top: bool = False,
) -> Picture:
    """Light letters with a dark outline ("yellow": yellow ones), on a dark box, or with a shadow."""
    canvas, face = Image.fromarray(picture), font(name, height_px)
    draw, step = ImageDraw.Draw(canvas), round(1.25 * height_px)
    middle, bottom = canvas.width // 2, round(0.93 * canvas.height)
    first = round(0.05 * canvas.height) if at_top else bottom - step * (len(lines) - 1) - height_px
    fill = (250, 230, 60) if style == "yellow" else LIGHT
    for row, line in enumerate(lines):
        where = (middle, first + height_px // 2 + row * step)
        if style == "box":
            left, top, right, low = draw.textbbox(where, line, face, anchor="mm")
            draw.rectangle((left - 6, top - 4, right + 6, low + 4), fill=DARK)
        if style == "shadow":
            draw.text((where[0] + 2, where[1] + 2), line, DARK, face, anchor="mm")
        outline = 2 if style in ("outline", "yellow") else 0
        draw.text(where, line, fill, face, anchor="mm", stroke_width=outline, stroke_fill=DARK)
    return np.asarray(canvas)


def titled(
    picture: Picture, lines: tuple[str, ...], name: str, height_px: int, ink: tuple[int, ...]
) -> Picture:
    """Words in the middle; light ones get a dark outline."""
    canvas, face = Image.fromarray(picture), font(name, height_px)
    draw, step = ImageDraw.Draw(canvas), 1.4 * height_px
    for row, line in enumerate(lines):
        where = (canvas.width / 2, canvas.height / 2 + (row - (len(lines) - 1) / 2) * step)
        outline = 2 if sum(ink) > 380 else 0
        draw.text(where, line, ink, face, anchor="mm", stroke_width=outline, stroke_fill=DARK)
    return np.asarray(canvas)


def credited(width_px: int, name: str, height_px: int, n_lines: int, two_columns: bool) -> Picture:
    """A moment of a credits roll of 540 lines."""
    canvas, face = Image.new("RGB", (width_px, 540), (6, 6, 6)), font(name, height_px)
    draw, middle, gap = ImageDraw.Draw(canvas), width_px / 2, height_px / 2
    for row in range(n_lines):
        y = 540 * (0.07 + 0.86 * (row + 0.5) / n_lines)
        job, person = JOBS[row % len(JOBS)], NAMES[row % len(NAMES)]
        if two_columns:
            draw.text((middle - gap, y), job, LIGHT, face, anchor="rm")
            draw.text((middle + gap, y), person, LIGHT, face, anchor="lm")
        else:
            draw.text((middle, y), person if row % 3 else job, LIGHT, face, anchor="mm")
    return np.asarray(canvas)


def plain(width_px: int, color: tuple[int, int, int]) -> Picture:
    return np.full((540, width_px, 3), color, np.uint8)
