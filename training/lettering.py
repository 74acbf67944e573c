"""Lettering of many kinds, drawn on crops of pictures, and where it is."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from models.text_glance import FIELD_PX

Picture = NDArray[np.uint8]
CROP_PX = 320  # of a picture of 540 lines, of which the network sees half
_FIELD_PX = 2 * FIELD_PX  # of that crop
_SIZES_PX = (13.0, 90.0)  # height of the fonts
_RIM_PX = 6  # around a line
_LEAST_CONTRAST = 45  # gray levels in one of the channels
_WORDS = (
    "the of and to in is you that it he was for on are as with his they at be this have from or one "
    "had by word but not what all were we when your can said there use an each which she do how "
    "their if will up other about out many then them these so some her would make like him into time "
    "has look two more write go see number no way could people my than first water been call who oil "
    "its now find long down day did get come made may part Tomorrow Never Yes Stop Please Hotel Bar "
    "Exit Police Cafe London Paris Chapter Part One Night Later Years Starring With Music Story"
)
_GLYPHS = (0x3042, 0x3090), (0x4E00, 0x6F00), (0x0410, 0x044F)  # kana, ideographs, Cyrillic


@dataclass(frozen=True)
class Labelled:
    """A picture and what a detector of text finds in it.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (H, W, 3)
        sRGB, of about 540 lines.
    ink : ndarray of uint8, shape (H, W)
        255 where it is text.
    """

    pixels: Picture
    ink: Picture


@dataclass(frozen=True)
class Drawn:
    """A crop with lettering.

    Attributes
    ----------
    pixels : ndarray of uint8, shape (160, 160, 3)
        As the network sees it.
    is_text : ndarray of float32, shape (20, 20)
        1 where a field is text, 0 where it is not, NaN where it is left open.
    """

    pixels: Picture
    is_text: NDArray[np.float32]


def drawn(one: Labelled, fonts: list[Path], random: np.random.Generator) -> Drawn:
    """A random crop, two times in three with some lines of text on it, a little spoilt."""
    crop, ink = _crop(one, random)
    boxes = np.zeros((CROP_PX, CROP_PX), np.uint8)
    if random.random() < 0.66:
        for _ in range(random.integers(1, 4)):
            _line(crop, boxes, fonts[random.integers(len(fonts))], random)
    if random.random() < 0.15:
        turn = cv2.getRotationMatrix2D((CROP_PX / 2,) * 2, random.uniform(-15, 15), 1.0)
        crop, boxes, ink = (
            cv2.warpAffine(one, turn, (CROP_PX, CROP_PX)).astype(np.uint8, copy=False)
            for one in (crop, boxes, ink)
        )
    small = cv2.resize(_spoilt(crop, random), (CROP_PX // 2,) * 2, interpolation=cv2.INTER_AREA)
    shape = (CROP_PX // _FIELD_PX,) * 2
    found = cv2.resize(ink, shape, interpolation=cv2.INTER_AREA)
    covered = cv2.resize(boxes, shape, interpolation=cv2.INTER_AREA)
    is_text = np.zeros(shape, np.float32)
    is_text[(covered > 10) | (found > 8)] = np.nan
    is_text[(covered > 120) | (found > 90)] = 1
    return Drawn(small.astype(np.uint8, copy=False), is_text)


def _crop(one: Labelled, random: np.random.Generator) -> tuple[Picture, Picture]:
    """A square part at some size, and the ink on it."""
    height, width = one.pixels.shape[:2]
    scale = 2 ** random.uniform(-0.6, 0.4)
    side = int(min(height, width, CROP_PX / scale))
    top, left = random.integers(height - side + 1), random.integers(width - side + 1)
    crop = cv2.resize(
        one.pixels[top : top + side, left : left + side],
        (CROP_PX, CROP_PX),
        interpolation=cv2.INTER_AREA if side > CROP_PX else cv2.INTER_LINEAR,
    )
    ink = cv2.resize(
        one.ink[top : top + side, left : left + side],
        (CROP_PX, CROP_PX),
        interpolation=cv2.INTER_NEAREST,
    )
    if random.random() < 0.5:
        crop, ink = crop[:, ::-1], ink[:, ::-1]
    return np.ascontiguousarray(crop, np.uint8), np.ascontiguousarray(ink, np.uint8)


def _line(crop: Picture, boxes: Picture, path: Path, random: np.random.Generator) -> None:
    """Draw one line onto a crop, in a style of its own; `boxes` is marked where it is."""
    font = _font(str(path), round(float(np.exp(random.uniform(*np.log(_SIZES_PX))))))
    words = _spoken(font, random)
    x, y = random.uniform(-0.2, 0.6) * CROP_PX, random.uniform(0, 0.95) * CROP_PX
    left, top, right, bottom = font.getbbox(words)
    column, row = max(0, round(x + left) - _RIM_PX), max(0, round(y + top) - _RIM_PX)
    there = np.s_[
        row : max(0, round(y + bottom) + _RIM_PX), column : max(0, round(x + right) + _RIM_PX)
    ]
    part, box = crop[there], boxes[there]
    if min(part.shape[:2]) < 4:
        return
    layer = Image.new("L", part.shape[1::-1])
    ImageDraw.Draw(layer).text((round(x) - column, round(y) - row), words, 255, font)
    letters = np.asarray(layer)
    if (letters > 100).sum() < 30:
        return
    color = _color(random)
    canvas, style = part.astype(np.float32), random.random()
    edge = np.full(3, 255.0 - color.mean())
    if style < 0.4:  # an outline
        reach = int(random.integers(3, 6))
        rim = cv2.dilate(letters, np.ones((reach, reach), np.uint8))
        canvas = _laid(canvas, rim.astype(np.uint8), edge, 1.0)
    elif style < 0.55:  # a shadow
        rim = np.roll(letters, random.integers(1, 4, 2), axis=(0, 1))
        canvas = _laid(canvas, cv2.blur(rim, (3, 3)).astype(np.uint8), edge, 0.8)
    elif style < 0.65:  # a box
        canvas = _laid(canvas, np.full_like(letters, 255), edge, float(random.uniform(0.5, 1)))
    else:  # nothing: seen only where it differs enough from what is behind it
        behind = canvas[letters > 100].mean(axis=0)
        if np.abs(behind - color).max() < _LEAST_CONTRAST:
            color = behind + np.where(behind < 128, 80, -80)
    canvas = _laid(canvas, letters, color, float(random.uniform(0.7, 1)))
    part[:] = np.clip(canvas, 0, 255)
    rows, columns = box.shape
    box[_RIM_PX // 2 : rows - _RIM_PX // 2, _RIM_PX // 2 : columns - _RIM_PX // 2] = 255


@lru_cache(1024)
def _font(path: str, size_px: int) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(path, size_px)


def _color(random: np.random.Generator) -> NDArray[np.float64]:
    """Light or dark; often gray, sometimes pure."""
    low, high = (0, 70) if random.random() < 0.3 else (170, 255)
    color = random.uniform(low, high, 3)
    if random.random() < 0.35:
        color[random.integers(3)] = random.uniform(0, 255)
    return np.full(3, color.mean()) if random.random() < 0.3 else color


def _spoken(font: ImageFont.FreeTypeFont, random: np.random.Generator) -> str:
    kind = random.random()
    if kind < 0.12 and "microhei" in str(font.path).lower():
        first, end = _GLYPHS[random.integers(len(_GLYPHS))]
        return "".join(chr(one) for one in random.integers(first, end, random.integers(2, 12)))
    words = " ".join(random.choice(_WORDS.split(), random.integers(1, 7)))
    if kind < 0.3:
        words = words.upper()
    elif kind < 0.4:
        words = words.title()
    elif kind < 0.48:
        words = f"{random.integers(1, 10 ** int(random.integers(1, 6)))} {words}"
    return " ".join(words) if random.random() < 0.06 else words


def _laid(
    canvas: NDArray[np.float32], mask: Picture, color: NDArray[np.floating], alpha: float
) -> NDArray[np.float32]:
    share = (mask.astype(np.float32) * (alpha / 255))[:, :, None]
    return (canvas * (1 - share) + color.astype(np.float32) * share).astype(np.float32)


def _spoilt(crop: Picture, random: np.random.Generator) -> Picture:
    """As an encoder, a lens or a grade would."""
    if random.random() < 0.25:
        crop = cv2.GaussianBlur(crop, (0, 0), float(random.uniform(0.4, 1.3))).astype(np.uint8)
    if random.random() < 0.3:
        gain, lift = random.uniform(0.4, 1.2), random.uniform(-20, 30)
        crop = np.clip(crop * gain + lift, 0, 255).astype(np.uint8)
    if random.random() < 0.4:
        quality = int(random.integers(25, 90))
        coded = cv2.imencode(".jpg", crop, [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        crop = np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)
    return crop
