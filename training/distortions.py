"""Technical faults at graded strengths, planted on clean pictures.

Every function here draws one variant of a fault (the shape of the blur, the grain of the noise …) and
gives back a `Recipe`: the same variant at any strength. Strength 0 is the picture itself, 0.2 is just
seen on a picture of 540 lines, 1 is ruined; the steps were matched between the faults by eye.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction

import av
import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torchvision.transforms import v2

Picture = NDArray[np.uint8]
Recipe = Callable[[Picture, float], Picture]
Draw = Callable[[np.random.Generator], Recipe]

_LINEAR = ((np.arange(256) / 255.0) ** 2.2).astype(np.float32)
_DEFOCUS_PX, _SMEAR_PX = 5.5, 23.0  # radius and length at strength 1, at 540 lines


def defocus(random: np.random.Generator) -> Recipe:
    """Out of focus: a disc, as of a lens, or a Gaussian; it acts on light, not on code values."""
    disc = random.random() < 0.6

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        radius = _DEFOCUS_PX * strength**1.5
        if not disc:
            sigma = max(0.05, 0.6 * radius)
            size = 2 * math.ceil(3 * sigma) + 1
            light = torch.from_numpy(_LINEAR[picture]).permute(2, 0, 1)
            soft = v2.functional.gaussian_blur(light, [size, size], [sigma, sigma])
            return _encoded(soft.permute(1, 2, 0).numpy())
        reach = math.ceil(radius) + 1
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        return _through_lens(picture, np.clip(radius + 1 - np.hypot(x, y), 0, 1))

    return apply


def motion_blur(random: np.random.Generator) -> Recipe:
    """Smeared along a line, at any angle."""
    angle = random.uniform(0, math.pi)

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        length = _SMEAR_PX * strength**1.5
        reach = math.ceil(length / 2) + 1
        y, x = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        along = np.abs(x * math.cos(angle) + y * math.sin(angle))
        beside = np.abs(y * math.cos(angle) - x * math.sin(angle))
        line = np.clip(length / 2 + 0.5 - along, 0, 1) * np.clip(1 - beside, 0, 1)
        return _through_lens(picture, line)

    return apply


def noise(random: np.random.Generator) -> Recipe:
    """Sensor noise or grain: white or soft, gray or colored, even or stronger in the lights."""
    seed = int(random.integers(2**31))
    grain_px = random.choice([0.0, 0.0, 0.6, 1.0])
    color_share = random.uniform(0, 1)
    shot_share = random.uniform(0, 0.8)

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        field = np.random.default_rng(seed).standard_normal((*picture.shape[:2], 4), np.float32)
        if grain_px:
            field = cv2.GaussianBlur(field, (0, 0), grain_px).astype(np.float32, copy=False)
            field /= field.std()
        grain = (1 - color_share) * field[:, :, 3:] + color_share * field[:, :, :3]
        grain /= math.hypot(1 - color_share, color_share)
        level = picture.astype(np.float32)
        spread = np.sqrt(1 - shot_share + shot_share * level / 128)
        return _rounded(level + 40 * strength**1.4 * spread * grain)

    return apply


def overexposure(random: np.random.Generator) -> Recipe:
    """Burnt out: up to half of what is not white yet is clipped, whatever the key of the picture."""
    white = random.uniform(0.85, 1.0)  # graded down afterwards: burnt out is not the same as white

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        luma = picture.mean(axis=2)
        open_ = luma[luma < 250]
        if not len(open_):
            return picture
        ceiling = max(8.0, float(np.quantile(open_, 1 - 0.5 * strength)))
        return _rounded(np.minimum(picture * (255 / ceiling), 255) * white)

    return apply


def underexposure(random: np.random.Generator) -> Recipe:
    """Crushed: up to half of what is not black yet goes black; a low key alone is no fault."""
    black = random.uniform(0, 16)  # lifted afterwards: crushed is not the same as black
    stretch = random.uniform(0, 1)

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        luma = picture.mean(axis=2)
        open_ = luma[luma > 4]
        if not len(open_):
            return picture
        floor = min(230.0, float(np.quantile(open_, 0.55 * strength)))
        gain = 1 + stretch * (255 / (255 - floor) - 1)
        return _rounded(
            black + np.maximum(picture - np.float32(floor), 0) * gain * (1 - black / 255)
        )

    return apply


def compression(random: np.random.Generator) -> Recipe:
    """Blocks, ringing and lost detail: JPEG, or a key frame of H.264."""
    shift = int(random.integers(8)), int(random.integers(8))  # of the grid of blocks
    video = random.random() < 0.5

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        moved = np.pad(picture, ((shift[0], 8), (shift[1], 8), (0, 0)), mode="edge")
        moved = moved[: moved.shape[0] // 2 * 2, : moved.shape[1] // 2 * 2]
        back = h264(moved, round(22 + 29 * strength**0.8)) if video else _jpeg(moved, strength)
        height, width = picture.shape[:2]
        return np.ascontiguousarray(back[shift[0] :, shift[1] :][:height, :width])

    return apply


def banding(random: np.random.Generator) -> Recipe:
    """Too few steps: smooth ramps break into bands; in all channels, or in luma only."""
    phase = random.uniform(0, 1)
    luma_only = random.random() < 0.4

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        step = 255 / (80 * math.exp(-2.8 * strength))
        if not luma_only:
            return _rounded((np.floor(picture / step + phase) - phase + 0.5) * step)
        planes = cv2.cvtColor(picture, cv2.COLOR_RGB2YCrCb)
        planes[:, :, 0] = _rounded((np.floor(planes[:, :, 0] / step + phase) - phase + 0.5) * step)
        return cv2.cvtColor(planes, cv2.COLOR_YCrCb2RGB).astype(np.uint8, copy=False)

    return apply


def upscaling(random: np.random.Generator) -> Recipe:
    """Fewer real pixels than shown: reduced, and enlarged again."""
    mode = random.choice(
        [v2.InterpolationMode.BILINEAR, v2.InterpolationMode.BICUBIC, v2.InterpolationMode.NEAREST],
        p=[0.4, 0.45, 0.15],
    )

    def apply(picture: Picture, strength: float) -> Picture:
        if strength == 0:
            return picture
        factor = 1 + 4 * strength**1.4
        full = list(picture.shape[:2])
        small = [max(2, round(side / factor)) for side in full]
        tensor = torch.from_numpy(picture).permute(2, 0, 1)
        reduced = v2.functional.resize(tensor, small, v2.InterpolationMode.BILINEAR, antialias=True)
        back = v2.functional.resize(reduced, full, mode, antialias=True)
        return np.ascontiguousarray(back.permute(1, 2, 0).numpy())

    return apply


FAULTS: dict[str, Draw] = {
    "defocus": defocus,
    "motion_blur": motion_blur,
    "overexposure": overexposure,
    "underexposure": underexposure,
    "noise": noise,
    "upscaling": upscaling,
    "banding": banding,
    "compression": compression,
}
"""By name, in the order in which they happen to a picture, from the lens to the file."""

SHARES = np.array([2, 3, 2, 3, 2, 2, 3, 4]) / 21
"""How often each is drawn to learn from: what is harder to see takes more practice."""


def neutral(random: np.random.Generator, turns: bool = True) -> Callable[[Picture], Picture]:
    """A change that is no fault: key, tint, saturation, gray, mirror, a quarter turn."""
    stops = random.uniform(0, 3) if random.random() < 0.5 else 0.0
    gamma = random.uniform(0.8, 1.4)
    tint = random.uniform(0.9, 1.1, 3)
    saturation = random.choice([0.0, 1.0], p=[0.15, 0.85]) * random.uniform(0.5, 1.2)
    turn, mirrored = turns and random.random() < 0.3, random.random() < 0.5

    def apply(picture: Picture) -> Picture:
        curve = (_LINEAR**gamma * 2**-stops) ** (1 / 2.2) * 255
        values = np.minimum(curve, 255).astype(np.float32)[picture]
        gray = values.mean(axis=2, keepdims=True)
        shades = (gray + saturation * (values - gray)) * tint / tint.max()
        changed = _rounded(shades)
        changed = changed.transpose(1, 0, 2) if turn else changed
        return np.ascontiguousarray(changed[:, ::-1] if mirrored else changed)

    return apply


def h264(picture: Picture, quantizer: int) -> Picture:
    """The picture as a key frame of H.264 (4:2:0), with sides of even length, QP 0..51."""
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.height, encoder.width = picture.shape[:2]
    encoder.pix_fmt, encoder.time_base, encoder.thread_count = "yuv420p", Fraction(1, 24), 1
    encoder.options = {"qp": str(quantizer), "preset": "veryfast", "tune": "zerolatency"}
    packets = encoder.encode(av.VideoFrame.from_ndarray(picture, format="rgb24"))
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.thread_count = 1
    frames = [
        frame
        for packet in [*packets, *encoder.encode(None), None]
        for frame in decoder.decode(packet)
    ]
    return frames[0].to_ndarray(format="rgb24").astype(np.uint8, copy=False)


def _jpeg(picture: Picture, strength: float) -> Picture:
    quality = max(1, round(95 * math.exp(-3 * strength)))
    _, coded = cv2.imencode(".jpg", picture[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR_RGB), np.uint8)


def _through_lens(picture: Picture, kernel: NDArray[np.float64]) -> Picture:
    weights = (kernel / kernel.sum()).astype(np.float32)
    light = cv2.filter2D(_LINEAR[picture], -1, weights, borderType=cv2.BORDER_REFLECT_101)
    return _encoded(light.astype(np.float32, copy=False))


def _encoded(light: NDArray[np.floating]) -> Picture:
    return _rounded(np.maximum(light, 0) ** np.float32(1 / 2.2) * 255)


def _rounded(values: NDArray[np.floating]) -> Picture:
    rounded: Picture = np.clip(np.rint(values), 0, 255).astype(np.uint8)
    return rounded
