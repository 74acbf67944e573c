"""Facts of a video file, from its header and its first picture."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from fractions import Fraction
from functools import partial
from typing import Any

import av
from av.sidedata.sidedata import Type as SideDataType

from ava.core.identity import content_id
from ava.core.media_time import MediaTime
from ava.source.clean_aperture import clean_aperture
from ava.source.color import color_of
from ava.source.decoding import media_errors
from ava.source.info import Interlace, Orientation, PixelBox, VideoInfo
from ava.source.remote import SourcePath
from ava.source.timecode_track import start_timecode


@dataclass(frozen=True)
class Header:
    """What the container and its best video stream say.

    Attributes
    ----------
    average_rate, base_rate : fractions.Fraction or None
        Frames per second over the whole, and the least that fits all timestamps.
    duration_seconds : float
        NaN where it does not say.
    n_frames : int
        0 where it does not say.
    codec : str
        FFmpeg's name.
    pixel_aspect : fractions.Fraction
        Width over height of a stored pixel.
    track : int or None
        Number of the track in an ISO base media file; otherwise None.
    metadata : dict of str
        Of the container and the stream.
    """

    average_rate: Fraction | None
    base_rate: Fraction | None
    duration_seconds: float
    n_frames: int
    codec: str
    pixel_aspect: Fraction
    track: int | None
    metadata: dict[str, str]

    @classmethod
    def of(cls, box: av.container.InputContainer, stream: av.VideoStream) -> Header:
        """Of an opened file."""
        base = stream.time_base
        if stream.duration is not None and base is not None:
            duration_seconds = float(stream.duration * base)
        else:
            duration_seconds = float("nan") if box.duration is None else box.duration / av.time_base
        return cls(
            stream.average_rate,
            stream.base_rate,
            duration_seconds,
            stream.frames,
            stream.codec_context.name,
            stream.sample_aspect_ratio or Fraction(1),
            stream.id if "mp4" in box.format.name else None,
            {**box.metadata, **stream.metadata},
        )


def video_info(
    path: SourcePath, first: av.VideoFrame, header: Header, interlace: Interlace
) -> VideoInfo:
    """What is known of a file.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        The file.
    first : av.VideoFrame
        Its first picture.
    header : Header
        What its header says.
    interlace : Interlace
        What its lines look like.
    """
    aperture = None
    if header.track is not None:
        aperture = clean_aperture(path, header.track, first.width, first.height)
    orientation = _orientation(first)
    width_px, height_px = _shown_size(first, aperture, header.pixel_aspect, orientation)
    rate, base_rate, n_frames = header.average_rate, header.base_rate, header.n_frames
    constant = rate and base_rate and abs(rate / base_rate - 1) < 0.005
    if not n_frames and rate and header.duration_seconds == header.duration_seconds:
        n_frames = round(header.duration_seconds * rate)
    color = color_of(first)
    return VideoInfo(
        path=path,
        kind="video",
        fingerprint=partial(_fingerprint, path),
        width_px=width_px,
        height_px=height_px,
        duration_seconds=header.duration_seconds,
        frame_rate=rate if constant else None,
        n_frames_from_header=n_frames,
        codec=header.codec,
        pixel_format=first.format.name,
        color=color,
        start=MediaTime(first.pts or 0, first.time_base or Fraction(1, 1000)),
        orientation=orientation,
        pixel_aspect=header.pixel_aspect,
        clean_aperture=aperture,
        interlace=interlace,
        warnings=tuple(_warnings(color.transfer, interlace)),
        start_timecode=start_timecode(header.metadata, first),
    )


def _fingerprint(path: SourcePath) -> str:
    with media_errors(path):
        return content_id(path)


def _orientation(first: av.VideoFrame) -> Orientation:
    side_data: Any = first.side_data  # PyAV's stub takes it for something else
    if SideDataType.DISPLAYMATRIX not in side_data:
        return Orientation()
    a, b, _, c, d = struct.unpack_from("5i", bytes(side_data[SideDataType.DISPLAYMATRIX]))
    return Orientation.from_display_matrix(a, b, c, d)


def _shown_size(
    first: av.VideoFrame,
    aperture: PixelBox | None,
    pixel_aspect: Fraction,
    orientation: Orientation,
) -> tuple[int, int]:
    width, height = first.width, first.height
    if aperture is not None:
        width, height = aperture.width, aperture.height
    if pixel_aspect > 1:
        width = round(width * pixel_aspect)
    elif pixel_aspect < 1:
        height = round(height / pixel_aspect)
    return (height, width) if orientation.transpose else (width, height)


def _warnings(transfer: str, interlace: Interlace) -> list[str]:
    warnings = []
    if transfer != "sdr":
        warnings.append(
            f"the source is high dynamic range ({transfer.upper()}); its stills are "
            "tone-mapped to SDR"
        )
    if interlace.field_order != "progressive":
        kind = "telecined" if interlace.telecined else "interlaced"
        warnings.append(f"the source is {kind}; its pictures are deinterlaced (bwdif)")
    return warnings
