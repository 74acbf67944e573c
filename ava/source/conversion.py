"""Decoded pictures to full-range luma and to sRGB.

The arithmetic is FFmpeg's: swscale for matrix, range, chroma siting and scaling, and lut3d
(tetrahedral, 16 bit) with a table made by `ava.source.tone_map` where the transfer or the primaries
are not those of sRGB.
"""

from __future__ import annotations

import atexit
import itertools
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

import av
import av.filter
import cv2
import numpy as np
from numpy.typing import NDArray

from ava.source.info import ColorInfo, PixelBox, Primaries, as_pixels
from ava.source.tone_map import hdr_to_srgb, primaries_to_srgb, sdr_luma_table

_CUBE_SIZE = 65
_SCALE_MATRIX = {"bt709": "bt709", "bt601": "smpte170m", "bt2020": "bt2020", "rgb": "bt709"}
# PyAV does not hand on where chroma is sited. Left is what H.264, HEVC, AV1, VP9 and MPEG-2 mean
# when they say nothing; JPEG and MPEG-1 put it between the pixels.
_CENTRED_CHROMA = frozenset({"mjpeg", "mpeg1video"})
_ABORTS = frozenset({"yaf32le", "yaf32be"})  # swscale ends the process instead of refusing them
_EXACT = "accurate_rnd+full_chroma_int+full_chroma_inp"
_LIMITED_TO_FULL = np.clip((np.arange(256) - 16) * (255 / 219) + 0.5, 0, 255).astype(np.uint8)


class Converter:
    """Converts the pictures of one source; keeps a filter graph per picture size.

    Parameters
    ----------
    color : ColorInfo
        How to read the numbers.
    codec : str
        FFmpeg's name of the codec; it tells where chroma is sited.
    part : PixelBox, optional
        What of the stored raster is meant to be shown; by default the whole.
    """

    def __init__(self, color: ColorInfo, codec: str, part: PixelBox | None = None) -> None:
        self._color, self._part = color, part
        self._siting = "center" if codec in _CENTRED_CHROMA else "left"
        self._graphs: dict[tuple[str, int, int, int, int, str], av.filter.Graph] = {}
        self._luma_table = _luma_table(color)

    def supports(self, frame: av.VideoFrame) -> bool:
        """Whether FFmpeg can convert pictures of this pixel format."""
        if frame.format.name in _ABORTS:
            return False
        try:
            self._built(frame, frame.width, frame.height, "rgb24")
        except (av.error.FFmpegError, NotImplementedError, ValueError):
            return False
        return True

    def rgb(self, frame: av.VideoFrame, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """The stored raster as sRGB, scaled to a size.

        Parameters
        ----------
        frame : av.VideoFrame
            A decoded picture.
        width_px, height_px : int
            Size of the result, before any rotation.

        Returns
        -------
        ndarray of uint8, shape (height_px, width_px, 3)
        """
        pixels = as_pixels(self._converted(frame, width_px, height_px, "rgb24"))
        if frame.format.name.startswith("gray") and not self._color.full_range:
            # swscale takes every gray format for full range, whatever it is told.
            return as_pixels(cv2.LUT(pixels, _LIMITED_TO_FULL))
        return pixels

    def hdr(self, frame: av.VideoFrame, width_px: int, height_px: int) -> NDArray[np.uint16]:
        """The stored raster as full-range R'G'B' of its own transfer and primaries.

        Returns
        -------
        ndarray of uint16, shape (height_px, width_px, 3)
        """
        deep: NDArray[np.uint16] = self._converted(frame, width_px, height_px, "rgb48le")
        return deep

    def _converted(self, frame: av.VideoFrame, width_px: int, height_px: int, out: str) -> Any:
        key = (frame.format.name, frame.width, frame.height, width_px, height_px, out)
        graph = self._graphs.get(key)
        if graph is None:
            graph = self._graphs[key] = self._built(frame, width_px, height_px, out)
        graph.push(frame)
        converted = graph.pull()
        assert isinstance(converted, av.VideoFrame)
        return converted.to_ndarray()

    def _built(
        self, frame: av.VideoFrame, width_px: int, height_px: int, out: str
    ) -> av.filter.Graph:
        color, part = self._color, self._part or PixelBox(0, 0, frame.width, frame.height)
        smaller = height_px < part.height or width_px < part.width
        steps = []
        if self._part is not None:
            steps.append(("crop", f"{part.width}:{part.height}:{part.left}:{part.top}:exact=1"))
        steps.append(
            (
                "scale",
                f"{width_px}:{height_px}:flags={'area' if smaller else 'bicubic'}+{_EXACT}:"
                f"in_color_matrix={_SCALE_MATRIX[color.matrix]}:"
                f"in_range={'pc' if color.full_range else 'tv'}:out_range=pc:"
                f"in_chroma_loc={self._siting}",
            )
        )
        if out == "rgb24" and (color.transfer != "sdr" or color.primaries != "bt709"):
            cube = _cube_file(color.transfer, color.primaries, color.peak_nits)
            steps += [("format", "gbrp16le"), ("lut3d", f"file={cube}:interp=tetrahedral")]
        graph = av.filter.Graph()
        nodes = [
            graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=frame.format,
                time_base=frame.time_base,
            )
        ]
        nodes += [graph.add(name, words) for name, words in [*steps, ("format", out)]]
        nodes.append(graph.add("buffersink"))
        for one, following in itertools.pairwise(nodes):
            one.link_to(following)
        graph.configure()
        return graph

    def luma(self, frame: av.VideoFrame, lines_px: int) -> NDArray[np.uint8]:
        """Full-range SDR luma of the stored raster, halved by area while ``h >= 2·lines_px``."""
        stored = _stored_luma(frame)
        if stored is None:
            gray = frame.reformat(format="gray", dst_color_range="JPEG")
            return halved(self._shown(as_pixels(gray.to_ndarray())), lines_px)
        plane, shift = stored
        small = halved(self._shown(plane), lines_px)
        small8 = as_pixels(small if shift == 0 else (small >> shift).astype(np.uint8))
        return small8 if self._luma_table is None else as_pixels(cv2.LUT(small8, self._luma_table))

    def _shown(self, plane: NDArray[Any]) -> NDArray[Any]:
        part = self._part
        if part is None:
            return plane
        return plane[part.top : part.top + part.height, part.left : part.left + part.width]


def _luma_table(color: ColorInfo) -> NDArray[np.uint8] | None:
    """From 256 stored levels to full-range SDR luma; None where they are the same."""
    table = np.arange(256, dtype=np.uint8) if color.full_range else _LIMITED_TO_FULL
    if color.transfer != "sdr":
        hdr: NDArray[np.uint8] = sdr_luma_table(color.transfer, color.peak_nits)[table]
        return hdr
    return None if color.full_range else table


@cache
def _cube_folder() -> Path:
    folder = tempfile.TemporaryDirectory(prefix="ava-color-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


@cache
def _cube_file(transfer: str, primaries: Primaries, peak_nits: float) -> Path:
    """A .cube table from R'G'B' of the source to sRGB, for FFmpeg's lut3d."""
    levels = np.linspace(0, 1, _CUBE_SIZE)
    blue, green, red = np.meshgrid(levels, levels, levels, indexing="ij")
    code = np.stack([red, green, blue], axis=-1).reshape(-1, 3)  # red runs fastest
    if transfer in ("pq", "hlg"):
        table = hdr_to_srgb(code, "pq" if transfer == "pq" else "hlg", peak_nits)
    else:
        table = primaries_to_srgb(code, primaries)
    path = _cube_folder() / f"{transfer}-{primaries}-{peak_nits:.0f}.cube"
    lines = [
        f"LUT_3D_SIZE {_CUBE_SIZE}",
        *("{:.6f} {:.6f} {:.6f}".format(*tuple(row)) for row in table),
    ]
    path.write_text("\n".join(lines) + "\n", "ascii")
    return path


def _stored_luma(
    frame: av.VideoFrame,
) -> tuple[NDArray[np.uint8] | NDArray[np.uint16], int] | None:
    """The luma plane without a copy and its shift to 8 bit; None where it has none of its own."""
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
