"""Stills as files: JPEG or PNG with their provenance inside."""

from __future__ import annotations

import struct
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms
from PIL.PngImagePlugin import PngInfo

from ava.core.errors import ConfigError
from ava.store.atomic import store_errors

_DESCRIPTION, _SOFTWARE = 0x010E, 0x0131  # EXIF tags
_EXIF_HEAD = b"Exif\0\0"
_PROXY_QUALITY = 84
_PROFILE_DATE = slice(24, 36)  # in the header of an ICC profile: year to second
_THUMB_LINES, _THUMB_QUALITY, _THUMB_EFFORT = 270, 72, 2
_HDR_ENDING = "_hdr.png"


@dataclass(frozen=True)
class StillSettings:
    """How stills are written.

    Attributes
    ----------
    format : {"jpeg", "png"}
        File format.
    quality : int
        JPEG quality, 1..100; chroma is never subsampled.
    hdr : bool
        Of a high-dynamic-range source, keep the HDR picture beside the SDR one.
    """

    format: Literal["jpeg", "png"] = "jpeg"
    quality: int = 95
    hdr: bool = False

    def __post_init__(self) -> None:
        if self.format not in ("jpeg", "png"):
            raise ConfigError(f"still format {self.format!r} is neither jpeg nor png")
        if not 1 <= self.quality <= 100:
            raise ConfigError(f"JPEG quality must be 1 to 100, not {self.quality}")

    @property
    def suffix(self) -> str:
        """File name ending."""
        return ".jpg" if self.format == "jpeg" else ".png"


@dataclass(frozen=True)
class Provenance:
    """What is written into a still.

    Attributes
    ----------
    source : str
        File name of the film.
    label : str
        Timecode or file name of the frame.
    software : str
        Name and version of the program.
    """

    source: str
    label: str
    software: str

    @property
    def description(self) -> str:
        """One line for a person."""
        return f"{self.source}, {self.label}"


def write_still(
    path: Path, pixels: NDArray[np.uint8], provenance: Provenance, settings: StillSettings
) -> None:
    """Write one upright sRGB picture (H, W, 3) with its provenance and an sRGB profile inside."""
    profile = srgb_profile()
    with store_errors(path):
        if settings.format == "png":
            facts = PngInfo()
            facts.add_itxt("Title", provenance.description)
            facts.add_itxt("Source", provenance.source)
            facts.add_itxt("Timecode", provenance.label)
            facts.add_itxt("Software", provenance.software)
            Image.fromarray(pixels).save(path, "PNG", pnginfo=facts, icc_profile=profile)
            return
        exif = Image.Exif()
        exif[_DESCRIPTION] = provenance.description
        exif[_SOFTWARE] = provenance.software
        inside = exif.tobytes().removeprefix(_EXIF_HEAD), profile
        path.write_bytes(_jpeg(pixels, settings.quality, True, *inside))


@cache
def srgb_profile() -> bytes:
    """The sRGB profile, with a date that does not change: the same picture is the same file."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    data[_PROFILE_DATE] = struct.pack(">6H", 2000, 1, 1, 0, 0, 0)
    return bytes(data)


def is_hdr(path: Path) -> bool:
    """Whether a file is the HDR picture beside a still, by its name."""
    return path.name.endswith(_HDR_ENDING)


def write_hdr_still(
    still: Path, pixels: NDArray[np.uint16], primaries_code: int, transfer_code: int
) -> Path:
    """Write a 16-bit PNG of an HDR picture, with what its numbers mean in a cICP chunk.

    Parameters
    ----------
    still : pathlib.Path
        The still that it is to lie beside.
    pixels : ndarray of uint16, shape (H, W, 3)
        Full-range R'G'B'.
    primaries_code, transfer_code : int
        Code points of ITU-T H.273, such as 9 and 16 for BT.2020 PQ.

    Returns
    -------
    pathlib.Path
        The file.
    """
    import cv2  # Pillow has no 16-bit RGB

    _, encoded = cv2.imencode(".png", np.ascontiguousarray(pixels[:, :, ::-1]))
    data = encoded.tobytes()
    after_header = 8 + 25  # signature, IHDR
    # The last two say: no matrix (RGB), full range. Old viewers that know no cICP get a gamma.
    chunks = _chunk(b"cICP", bytes([primaries_code, transfer_code, 0, 1]))
    chunks += _chunk(b"gAMA", struct.pack(">I", 45455))
    path = still.with_name(f"{still.stem}{_HDR_ENDING}")
    with store_errors(path):
        path.write_bytes(data[:after_header] + chunks + data[after_header:])
    return path


def _chunk(kind: bytes, body: bytes) -> bytes:
    checksum = zlib.crc32(kind + body)
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", checksum)


def write_proxy(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a picture for the contact sheet: small, JPEG, without metadata."""
    with store_errors(path):
        path.write_bytes(jpeg_bytes(pixels))


def write_thumb(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write a thumbnail for the grid of the contact sheet: at most 270 lines, WebP."""
    import cv2  # reduces by area four times as fast as Pillow

    height, width = pixels.shape[:2]
    shrink = min(1.0, _THUMB_LINES / height, 4 * _THUMB_LINES / width)
    if shrink < 1:
        size = (max(1, round(width * shrink)), max(1, round(height * shrink)))
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
    with store_errors(path):
        Image.fromarray(pixels).save(path, "WEBP", quality=_THUMB_QUALITY, method=_THUMB_EFFORT)


def read_proxy(path: Path) -> NDArray[np.uint8]:
    """Read back what `write_proxy` wrote, (H, W, 3)."""
    with store_errors(path), Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture file; only its header is read."""
    with store_errors(path), Image.open(path) as picture:
        return picture.size


def jpeg_bytes(pixels: NDArray[np.uint8], quality: int = _PROXY_QUALITY) -> bytes:
    """A picture as JPEG in memory."""
    return _jpeg(pixels, quality)


def _jpeg(
    pixels: NDArray[np.uint8],
    quality: int,
    full_chroma: bool = False,
    exif: bytes = b"",
    profile: bytes = b"",
) -> bytes:
    """By OpenCV, which gives what Pillow gives, and lets other threads decode meanwhile."""
    import cv2

    chroma = (
        cv2.IMWRITE_JPEG_SAMPLING_FACTOR_444
        if full_chroma
        else cv2.IMWRITE_JPEG_SAMPLING_FACTOR_420
    )
    how = [cv2.IMWRITE_JPEG_QUALITY, quality, cv2.IMWRITE_JPEG_SAMPLING_FACTOR, chroma]
    blue_first = cv2.cvtColor(np.ascontiguousarray(pixels), cv2.COLOR_RGB2BGR)
    kinds = {cv2.IMAGE_METADATA_EXIF: exif, cv2.IMAGE_METADATA_ICCP: profile}
    inside = {kind: np.frombuffer(one, np.uint8) for kind, one in kinds.items() if one}
    done, data = cv2.imencodeWithMetadata(".jpg", blue_first, [*inside], [*inside.values()], how)
    if not done:
        raise OSError(f"a picture of {pixels.shape[1]} × {pixels.shape[0]} does not fit a JPEG")
    return data.tobytes()
