"""Numbers of a stream to full-range luma and to sRGB, through FFmpeg's swscale.

High-dynamic-range transfers (PQ, HLG) are converted with the SDR equations for now, and the
source says so in its warnings.
"""

from __future__ import annotations

from typing import Literal

import av
import cv2
import numpy as np
from av.video.reformatter import ColorRange, Interpolation
from numpy.typing import NDArray

from ava.source.info import ColorInfo, Matrix, Transfer, as_pixels

# ITU-T H.273 code points, as FFmpeg hands them on.
_MATRIX_OF_TAG: dict[int, Matrix] = {
    0: "rgb",
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    9: "bt2020",
    10: "bt2020",
}
_TRANSFER_OF_TAG: dict[int, Transfer] = {16: "pq", 18: "hlg"}
_SWS_COLORSPACE: dict[Matrix, str] = {
    "bt709": "ITU709",
    "bt601": "ITU601",
    "bt2020": "BT2020",
    "rgb": "ITU709",
}
_HD_LINES = 720
_EXACT = int(Interpolation.ACCURATE_RND | Interpolation.FULL_CHR_H_INT)
_LIMITED_TO_FULL = np.clip((np.arange(256) - 16) * (255 / 219) + 0.5, 0, 255).astype(np.uint8)


def color_of(frame: av.VideoFrame) -> ColorInfo:
    """How the numbers of `frame` become light; untagged pictures from 720 lines are BT.709."""
    is_rgb = frame.format.is_rgb or frame.format.has_palette
    tagged: Matrix | None = "rgb" if is_rgb else _MATRIX_OF_TAG.get(frame.colorspace)
    if tagged == "rgb" and not is_rgb:
        tagged = None  # the "identity" tag on a YUV format is an encoder's slip
    default: Matrix = "bt709" if frame.height >= _HD_LINES else "bt601"
    full = is_rgb or frame.color_range == 2 or frame.format.name.startswith(("yuvj", "gray"))
    return ColorInfo(
        matrix=tagged or default,
        full_range=full,
        transfer=_TRANSFER_OF_TAG.get(frame.color_trc, "sdr"),
        matrix_from_header=tagged is not None,
    )


def _range(color: ColorInfo) -> Literal[ColorRange.JPEG, ColorRange.MPEG]:
    return ColorRange.JPEG if color.full_range else ColorRange.MPEG


def to_rgb(
    frame: av.VideoFrame, color: ColorInfo, width_px: int, height_px: int
) -> NDArray[np.uint8]:
    """The stored raster as sRGB, scaled to a size.

    Parameters
    ----------
    frame : av.VideoFrame
        A decoded picture.
    color : ColorInfo
        How to read its numbers.
    width_px, height_px : int
        Size of the result, before any rotation.

    Returns
    -------
    ndarray of uint8, shape (height_px, width_px, 3)
    """
    smaller = height_px < frame.height or width_px < frame.width
    kernel = Interpolation.AREA if smaller else Interpolation.BICUBIC
    converted = frame.reformat(
        width=width_px,
        height=height_px,
        format="rgb24",
        src_colorspace=_SWS_COLORSPACE[color.matrix],
        src_color_range=_range(color),
        dst_color_range=ColorRange.JPEG,
        interpolation=int(kernel) | _EXACT,
        threads=1,
    )
    return as_pixels(converted.to_ndarray())


def _stored_luma(frame: av.VideoFrame) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int] | None:
    """The luma plane without a copy and its shift to 8 bit; None where it has no plane of its own."""
    layout = frame.format
    if layout.is_rgb or layout.has_palette or (not layout.is_planar and layout.name[:4] != "gray"):
        return None
    bits, plane = layout.components[0].bits, frame.planes[0]
    if layout.is_big_endian or bits > 16:
        return None
    if bits == 8:
        rows = np.frombuffer(memoryview(plane), np.uint8).reshape(-1, plane.line_size)
        return rows[: frame.height, : frame.width], 0
    high_aligned = layout.name.startswith(("p010", "p012", "p016", "p210", "p216", "p410", "p416"))
    words = np.frombuffer(memoryview(plane), np.uint16).reshape(-1, plane.line_size // 2)
    return words[: frame.height, : frame.width], 8 if high_aligned else bits - 8


def to_luma(frame: av.VideoFrame, color: ColorInfo, lines_px: int) -> NDArray[np.uint8]:
    """Full-range luma of the stored raster, halved by area while ``h >= 2·lines_px``."""
    stored = _stored_luma(frame)
    if stored is None:
        gray = frame.reformat(
            format="gray",
            src_colorspace=_SWS_COLORSPACE[color.matrix],
            src_color_range=_range(color),
            dst_color_range=ColorRange.JPEG,
        )
        return halved(as_pixels(gray.to_ndarray()), lines_px)
    plane, shift = stored
    small = halved(plane, lines_px)
    small8 = as_pixels(small if shift == 0 else (small >> shift).astype(np.uint8))
    return small8 if color.full_range else as_pixels(cv2.LUT(small8, _LIMITED_TO_FULL))


def halved(plane: NDArray[np.uint8] | NDArray[np.uint16], lines_px: int) -> NDArray[np.uint8]:
    """`plane` (h, w) halved by area while ``h >= 2·lines_px``.

    Repeated halving runs on OpenCV's fast 2×2 path: a third of the time of one large step.
    """
    while plane.shape[0] >= 2 * lines_px and min(plane.shape) >= 2:
        height_px, width_px = plane.shape
        size = (width_px // 2, height_px // 2)
        even = plane[: size[1] * 2, : size[0] * 2]
        plane = cv2.resize(even, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
    return as_pixels(plane)
