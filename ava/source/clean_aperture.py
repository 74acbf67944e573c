"""The clean aperture of an MP4 or QuickTime track: the part of its raster that is meant to be shown.

FFmpeg reads the box, but PyAV does not hand it on. ISO/IEC 14496-12, 12.1.4; the boxes are walked
by their headers, so that a large index is not read.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator
from fractions import Fraction
from typing import BinaryIO

from ava.source.info import PixelBox
from ava.source.remote import SourcePath

_SAMPLE_ENTRY_BYTES = 78  # of a VisualSampleEntry before its own boxes
_MAX_BOXES = 10_000  # in one box; more is damage


def clean_aperture(path: SourcePath, track: int, width_px: int, height_px: int) -> PixelBox | None:
    """The clean aperture of a track.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        An ISO base media file.
    track : int
        Its track_ID.
    width_px, height_px : int
        Size of its pictures.

    Returns
    -------
    PixelBox or None
        None where there is none, where it is the whole picture, or where it makes no sense.
    """
    try:
        with path.open("rb") as file:
            words = _words(file, path.stat().st_size, track)
    except (OSError, struct.error):
        return None
    return None if words is None else _part(words, width_px, height_px)


def _part(words: tuple[int, ...], width_px: int, height_px: int) -> PixelBox | None:
    if 0 in words[1::2]:
        return None
    width, height, right, down = (
        Fraction(one, below) for one, below in zip(words[::2], words[1::2], strict=True)
    )
    # The offset is from the middle of the picture to that of the aperture.
    left, top = (width_px - width) / 2 + right, (height_px - height) / 2 + down
    box = PixelBox(math.floor(left), math.floor(top), math.floor(width), math.floor(height))
    inside = (
        box.left >= 0
        and box.top >= 0
        and 0 < box.width <= width_px - box.left
        and 0 < box.height <= height_px - box.top
    )
    is_whole = (box.width, box.height) == (width_px, height_px)
    return box if inside and not is_whole else None


def _words(file: BinaryIO, end: int, track: int) -> tuple[int, ...] | None:
    for moov in _boxes(file, 0, end, b"moov"):
        for trak in _boxes(file, *moov, b"trak"):
            if _track_id(file, *trak) != track:
                continue
            inner = trak
            for name in (b"mdia", b"minf", b"stbl", b"stsd"):
                inner = next(_boxes(file, *inner, name), (0, 0))
            # stsd holds a version and a count before its first sample entry.
            for start, stop in _boxes(file, inner[0] + 8, inner[1]):
                for body, _ in _boxes(file, start + _SAMPLE_ENTRY_BYTES, stop, b"clap"):
                    file.seek(body)
                    return struct.unpack(">IIIIiIiI", file.read(32))
    return None


def _track_id(file: BinaryIO, start: int, stop: int) -> int | None:
    for body, _ in _boxes(file, start, stop, b"tkhd"):
        file.seek(body)
        is_long = file.read(1) == b"\x01"
        file.seek(body + (20 if is_long else 12))
        number: int = struct.unpack(">I", file.read(4))[0]
        return number
    return None


def _boxes(
    file: BinaryIO, start: int, stop: int, kind: bytes | None = None
) -> Iterator[tuple[int, int]]:
    """Where the bodies of the boxes of a kind begin and end."""
    for _ in range(_MAX_BOXES):
        if start + 8 > stop:
            return
        file.seek(start)
        size, name = struct.unpack(">I4s", file.read(8))
        header = 8
        if size == 1:
            size, header = struct.unpack(">Q", file.read(8))[0], 16
        elif size == 0:
            size = stop - start
        if size < header:
            return
        if kind in (None, name):
            yield start + header, min(start + size, stop)
        start += size
