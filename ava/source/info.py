"""What is known of a source before its pictures are looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from fractions import Fraction
from functools import cached_property
from typing import Any, Literal, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from ava.core.geometry import Box, Pixels
from ava.core.media_time import MediaTime
from ava.source.remote import SourcePath

Matrix = Literal["bt709", "bt601", "bt2020", "rgb"]
Primaries = Literal["bt709", "bt601-525", "bt601-625", "bt2020", "p3-d65"]
Transfer = Literal["sdr", "pq", "hlg"]
FieldOrder = Literal["progressive", "tff", "bff"]
STILL_SUFFIXES = frozenset({".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff", ".bmp"})
_H273_PRIMARIES = {"bt709": 1, "bt601-625": 5, "bt601-525": 6, "bt2020": 9, "p3-d65": 12}
_H273_TRANSFER = {"sdr": 1, "pq": 16, "hlg": 18}


@dataclass(frozen=True)
class ColorInfo:
    """How the numbers of a stream become light.

    Attributes
    ----------
    matrix : {"bt709", "bt601", "bt2020", "rgb"}
        The luma and color-difference equations.
    full_range : bool
        Whether luma runs 0..255 (True) or 16..235 (False), at 8 bit.
    transfer : {"sdr", "pq", "hlg"}
        The family of the transfer function.
    primaries : str
        The colors of its red, green and blue: "bt709", "bt601-525", "bt601-625", "bt2020", "p3-d65".
    peak_nits : float
        Of an HDR source, luminance of the brightest thing in it, cd/m²: MaxCLL, else the mastering
        display's, else 1000; otherwise NaN.
    from_header : frozenset of str
        Which of "matrix", "range", "transfer", "primaries", "peak_nits" the stream itself says;
        for the others the usual default was taken.
    """

    matrix: Matrix
    full_range: bool
    transfer: Transfer
    primaries: Primaries = "bt709"
    peak_nits: float = float("nan")
    from_header: frozenset[str] = frozenset()

    @property
    def h273_codes(self) -> tuple[int, int]:
        """Code points of its primaries and of its transfer function in ITU-T H.273."""
        return _H273_PRIMARIES[self.primaries], _H273_TRANSFER[self.transfer]


@dataclass(frozen=True)
class PixelBox:
    """A part of the stored raster, in whole pixels.

    Attributes
    ----------
    left, top : int
        Its first column and line.
    width, height : int
        Its size.
    """

    left: int
    top: int
    width: int
    height: int


@dataclass(frozen=True)
class Interlace:
    """How the lines of a source belong together.

    Attributes
    ----------
    field_order : {"progressive", "tff", "bff"}
        What the pictures show: whole frames, or two fields, top or bottom one first.
    flagged : bool
        Whether the stream says that it is interlaced.
    telecined : bool
        Whether fields repeat as in 3:2 pull-down: film on 60 Hz video.
    """

    field_order: FieldOrder = "progressive"
    flagged: bool = False
    telecined: bool = False


@dataclass(frozen=True)
class Orientation:
    """How the stored raster is turned to stand upright: transpose first, then flip."""

    transpose: bool = False
    flip_x: bool = False
    flip_y: bool = False

    @classmethod
    def from_display_matrix(cls, a: int, b: int, c: int, d: int) -> Orientation:
        """From the linear part of a display matrix, where x' = a·x + c·y and y' = b·x + d·y."""
        if abs(a) + abs(d) >= abs(b) + abs(c):
            return cls(False, a < 0, d < 0)
        return cls(True, c < 0, b < 0)

    @classmethod
    def from_turn(cls, rotation_degrees: int, mirrored: bool) -> Orientation:
        """The one that has these properties."""
        transpose, flip_x, flip_y = rotation_degrees in (90, 270), False, rotation_degrees == 180
        if transpose:
            flip_x = rotation_degrees == 90
            flip_y = flip_x == mirrored
        else:
            flip_x = flip_y != mirrored
        return cls(transpose, flip_x, flip_y)

    @property
    def rotation_degrees(self) -> int:
        """Clockwise turn to upright (0, 90, 180 or 270); of a mirrored one, the turn after it."""
        if self.transpose:
            return 90 if self.flip_x else 270
        return 180 if self.flip_y else 0

    @property
    def mirrored(self) -> bool:
        """Whether the stored picture is a mirror image."""
        return (self.transpose + self.flip_x + self.flip_y) % 2 == 1

    def turned(self, area: Box) -> Box:
        """Where a box of the stored raster is in the upright picture."""
        x0, y0, x1, y1 = area.x0, area.y0, area.x1, area.y1
        if self.transpose:
            x0, y0, x1, y1 = y0, x0, y1, x1
        if self.flip_x:
            x0, x1 = 1 - x1, 1 - x0
        if self.flip_y:
            y0, y1 = 1 - y1, 1 - y0
        return Box(x0, y0, x1, y1)

    def applied(self, pixels: NDArray[Pixels]) -> NDArray[Pixels]:
        """The raster `pixels` (H, W, ...) turned upright, contiguous."""
        if self.transpose:
            pixels = pixels.swapaxes(0, 1)
        if self.flip_x:
            pixels = pixels[:, ::-1]
        if self.flip_y:
            pixels = pixels[::-1]
        return np.ascontiguousarray(pixels)


@dataclass(frozen=True)
class VideoInfo:
    """Facts of a source, as it is shown.

    Attributes
    ----------
    path : pathlib.Path or RemotePath
        The file, or the folder of stills.
    kind : {"video", "stills"}
        Whether the pictures follow each other in time.
    fingerprint : callable
        Makes `content_id`.
    width_px, height_px : int
        Size of a shown picture, after rotation and pixel aspect.
    duration_seconds : float
        From the header; NaN where it does not say.
    frame_rate : fractions.Fraction or None
        Frames per second where constant, otherwise None.
    n_frames_from_header : int
        Number of pictures as the header has it or as duration and rate tell; 0 where unknown.
    codec : str
        Name of the decoder.
    pixel_format : str
        FFmpeg's name of the stored pixel format.
    color : ColorInfo
        How numbers become color.
    orientation : Orientation
        How the raster is turned upright.
    pixel_aspect : fractions.Fraction
        Width over height of one stored pixel.
    clean_aperture : PixelBox or None
        The part of the stored raster that is meant to be shown, where the file names one.
    interlace : Interlace
        How its lines belong together.
    start : MediaTime
        The stream's own time of the first picture. All other times here count from it.
    warnings : tuple of str
        What a person should know before trusting the pictures.
    start_timecode : str or None
        The timecode that the source itself gives its first picture, ``HH:MM:SS:FF``, or
        ``HH:MM:SS;FF`` where it is drop-frame. Labels here are not offset by it.
    """

    path: SourcePath
    kind: Literal["video", "stills"]
    fingerprint: Callable[[], str]
    width_px: int
    height_px: int
    duration_seconds: float
    frame_rate: Fraction | None
    n_frames_from_header: int
    codec: str
    pixel_format: str
    color: ColorInfo
    start: MediaTime
    orientation: Orientation = field(default=Orientation())
    pixel_aspect: Fraction = Fraction(1)
    clean_aperture: PixelBox | None = None
    interlace: Interlace = field(default=Interlace())
    warnings: tuple[str, ...] = ()
    start_timecode: str | None = None

    @cached_property
    def content_id(self) -> str:
        """Fingerprint of the content (see `ava.core.identity.content_id`).

        Made when it is first asked for: of a long remote film it takes 64 MiB from all over, which
        a single still does not need.
        """
        return self.fingerprint()

    @property
    def drop_frame(self) -> bool:
        """Whether the source counts its frames as drop-frame timecode does."""
        return self.start_timecode is not None and ";" in self.start_timecode

    @property
    def title(self) -> str:
        """The name to show: the file's, without its ending."""
        return self.path.stem if self.kind == "video" else self.path.name

    def to_json(self) -> dict[str, Any]:
        """The facts in plain JSON types."""
        return {
            "file": self.path.name,
            "kind": self.kind,
            "content_id": self.content_id,
            "width_px": self.width_px,
            "height_px": self.height_px,
            "duration_seconds": None if np.isnan(self.duration_seconds) else self.duration_seconds,
            "frame_rate": None if self.frame_rate is None else str(self.frame_rate),
            "codec": self.codec,
            "pixel_format": self.pixel_format,
            "color": {
                "matrix": self.color.matrix,
                "range": "full" if self.color.full_range else "limited",
                "transfer": self.color.transfer,
                "primaries": self.color.primaries,
                "peak_nits": None if np.isnan(self.color.peak_nits) else self.color.peak_nits,
                "from_header": sorted(self.color.from_header),
            },
            "rotation_degrees": self.orientation.rotation_degrees,
            "mirrored": self.orientation.mirrored,
            "pixel_aspect": str(self.pixel_aspect),
            "clean_aperture": None if self.clean_aperture is None else asdict(self.clean_aperture),
            "interlace": {
                "field_order": self.interlace.field_order,
                "flagged": self.interlace.flagged,
                "telecined": self.interlace.telecined,
            },
            "start_seconds": self.start.seconds,
            "start_timecode": self.start_timecode,
            "warnings": list(self.warnings),
        }


@dataclass(frozen=True)
class FrameRef:
    """What is enough to find one picture again.

    Attributes
    ----------
    frame_id : int
        0-based place in the decoded stream; -1 where it was found by time and not counted.
    time : MediaTime
        Exact time since the first picture.
    label : str
        How a person names it: a timecode, or the file name of a still.
    """

    frame_id: int
    time: MediaTime
    label: str


class SourceFrame(Protocol):
    """One decoded picture; conversion is only paid for when asked."""

    @property
    def ref(self) -> FrameRef:
        """Where it is."""
        ...

    @property
    def n_bytes(self) -> int:
        """Memory that it takes as it is decoded."""
        ...

    def luma(self, lines_px: int) -> NDArray[np.uint8]:
        """Full-range luma (h, w) of the stored raster, halved by area while ``h >= 2·lines_px``."""
        ...

    def rgb(self, height_px: int | None = None) -> NDArray[np.uint8]:
        """Upright sRGB picture (H, W, 3) with square pixels, scaled down to `height_px` lines.

        A picture with fewer lines, or ``None``, keeps its own size: nothing is ever enlarged.
        """
        ...

    def stretched(self, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """Upright sRGB picture (H, W, 3) stretched to this size, whatever its own shape."""
        ...

    def hdr(self) -> NDArray[np.uint16] | None:
        """Upright full-size picture (H, W, 3) as its HDR source has it: full-range R'G'B'.

        None where the source is SDR.
        """
        ...


def shown_size(width_px: int, height_px: int, limit_px: int | None) -> tuple[int, int]:
    """Width and height after scaling down to at most `limit_px` lines; never enlarged."""
    if limit_px is None or height_px <= limit_px:
        return width_px, height_px
    return max(1, round(width_px * limit_px / height_px)), limit_px


def as_pixels(array: Any) -> NDArray[np.uint8]:
    """An array from a library without types, promised to be 8 bit."""
    return cast("NDArray[np.uint8]", array)
