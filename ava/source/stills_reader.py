"""A folder of pictures as a source: each picture is a shot of its own."""

from __future__ import annotations

import io
import math
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from pathlib import Path
from types import TracebackType

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from ava.core.errors import DecodeError, MediaError, MediaNotFound, UnreadableMedia
from ava.core.identity import combined_id, content_id
from ava.core.media_time import MediaTime, clock
from ava.source.conversion import halved
from ava.source.info import STILL_SUFFIXES, ColorInfo, FrameRef, VideoInfo, shown_size

_ONE_PER_SECOND = Fraction(1)


def still_files(folder: Path) -> list[Path]:
    """The pictures of a folder, by name; those of its sub-folders are not looked at."""
    return sorted(path for path in folder.iterdir() if path.suffix.lower() in STILL_SUFFIXES)


def stills_id(files: Sequence[Path]) -> str:
    """The fingerprint of pictures: of their names and what is in them.

    Raises
    ------
    OSError
        When one cannot be read.
    """
    return combined_id([f"{file.name}:{content_id(file)}" for file in files])


def load_still(path: Path) -> NDArray[np.uint8]:
    """One picture file, upright and in sRGB.

    Parameters
    ----------
    path : pathlib.Path
        A JPEG, PNG, WebP, TIFF or BMP file.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        An embedded ICC profile is honoured, transparency is laid on black.

    Raises
    ------
    UnreadableMedia
        When it is not a picture, or is cut off.
    """
    try:
        with Image.open(path) as opened:
            upright = ImageOps.exif_transpose(opened)
            profile = opened.info.get("icc_profile")
            if profile and upright.mode in ("RGB", "CMYK", "L"):
                to_srgb = ImageCms.profileToProfile(
                    upright,
                    ImageCms.ImageCmsProfile(io.BytesIO(profile)),
                    ImageCms.createProfile("sRGB"),
                    outputMode="RGB",
                )
                upright = to_srgb or upright
            if "A" in upright.mode:
                black = Image.new("RGBA", upright.size, (0, 0, 0, 255))
                upright = Image.alpha_composite(black, upright.convert("RGBA"))
            return np.asarray(upright.convert("RGB"))
    except (UnidentifiedImageError, OSError, ValueError, ImageCms.PyCMSError) as error:
        raise UnreadableMedia(
            f"{path} cannot be read as a picture: {error}", "it may be damaged; open it to see"
        ) from error


class StillFrame:
    """One picture of a `StillsReader`."""

    __slots__ = ("_pixels", "ref")

    def __init__(self, pixels: NDArray[np.uint8], ref: FrameRef) -> None:
        self._pixels, self.ref = pixels, ref

    @property
    def n_bytes(self) -> int:
        """See `ava.source.info.SourceFrame.n_bytes`."""
        return self._pixels.nbytes

    def luma(self, lines_px: int) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.luma`."""
        return halved(np.asarray(Image.fromarray(self._pixels).convert("L")), lines_px)

    def rgb(self, height_px: int | None = None) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.rgb`."""
        height, width = self._pixels.shape[:2]
        size = shown_size(width, height, height_px)
        if size == (width, height):
            return self._pixels
        return np.asarray(Image.fromarray(self._pixels).resize(size, Image.Resampling.BOX))

    def stretched(self, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.stretched`."""
        size = (width_px, height_px)
        return np.asarray(Image.fromarray(self._pixels).resize(size, Image.Resampling.BOX))

    def hdr(self) -> None:
        """See `ava.source.info.SourceFrame.hdr`; pictures are read as SDR."""


class StillsReader:
    """A folder of pictures, or one picture.

    Parameters
    ----------
    path : pathlib.Path
        The folder, or the file.
    known : VideoInfo, optional
        What was found when it was opened before; it is then not looked into now.

    Attributes
    ----------
    info : VideoInfo
        Facts; the size is that of the first readable picture.
    n_passed : int
        How many pictures there are.
    n_torn : int
        Pictures of the latest pass that could not be read.
    ended_early : bool
        Always False; here so that every source has it.
    """

    def __init__(self, path: Path, known: VideoInfo | None = None) -> None:
        files = still_files(path) if path.is_dir() else [path]
        if not files:
            raise MediaNotFound(
                f"{path} holds no pictures",
                "name video files (ava rank folder/*.mp4), or a folder of JPEG, PNG, WebP, TIFF or BMP files",
            )
        self._files = files
        self.n_passed = len(files)
        self.n_torn = 0
        self.ended_early = False
        self.info = known or self._looked_into(path)

    def _looked_into(self, path: Path) -> VideoInfo:
        first, n_files = self._first_readable(), len(self._files)
        return VideoInfo(
            path=path,
            kind="stills",
            fingerprint=partial(stills_id, self._files),
            width_px=first.shape[1],
            height_px=first.shape[0],
            duration_seconds=float(n_files),
            frame_rate=_ONE_PER_SECOND,
            n_frames_from_header=n_files,
            codec="stills",
            pixel_format="rgb24",
            color=ColorInfo("rgb", True, "sdr"),
            start=MediaTime(0, _ONE_PER_SECOND),
        )

    def __enter__(self) -> StillsReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing stays open between passes."""

    def _first_readable(self) -> NDArray[np.uint8]:
        errors = []
        for file in self._files:
            try:
                return load_still(file)
            except UnreadableMedia as error:
                errors.append(error)
        raise errors[0]

    def _frame(self, index: int) -> StillFrame:
        ref = FrameRef(index, MediaTime(index, _ONE_PER_SECOND), self._files[index].name)
        return StillFrame(load_still(self._files[index]), ref)

    def scan(self) -> Iterator[StillFrame]:
        """Every readable picture, by name; the others are counted."""
        self.n_torn = 0
        for index in range(len(self._files)):
            try:
                yield self._frame(index)
            except UnreadableMedia:
                self.n_torn += 1

    def key_frames(self) -> Iterator[StillFrame]:
        """As `scan`: no picture of a folder is made from another."""
        return self.scan()

    def keep(self, frame: StillFrame) -> None:
        """Nothing: a picture file is soon read again."""

    def read(self, refs: Sequence[FrameRef]) -> Iterator[StillFrame]:
        """The pictures at `refs`; see `ava.source.pyav_reader.PyAVReader.read`."""
        for ref in refs:
            if ref.frame_id >= len(self._files) or self._files[ref.frame_id].name != ref.label:
                raise DecodeError(
                    f"{self.info.path}: {ref.label} is not there any more",
                    "the folder has changed since it was scanned; scan it again",
                )
            yield self._frame(ref.frame_id)

    def at(self, seconds: Fraction) -> StillFrame:
        """The picture of a second: the first is shown from 0 to 1, the next from 1 to 2.

        Raises
        ------
        MediaError
            When there are not that many, naming how many there are.
        """
        if not 0 <= seconds < len(self._files):
            raise MediaError(
                f"{self.info.path} is {clock(len(self._files))} long, a second for each picture; "
                f"it shows nothing at {clock(seconds)}",
                "ask for an earlier time",
            )
        return self._frame(math.floor(seconds))

    def glances(self, n_places: int, n_frames: int) -> Iterator[list[StillFrame]]:
        """None: pictures of a folder need not have anything in common."""
        yield from ()
