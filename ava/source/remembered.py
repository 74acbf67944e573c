"""A source that was opened before, by what was written down of it then."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from fractions import Fraction
from functools import partial
from typing import Any

from ava.core.media_time import MediaTime
from ava.source.info import (
    ColorInfo,
    FrameRef,
    Interlace,
    Orientation,
    PixelBox,
    SourceFrame,
    VideoInfo,
)
from ava.source.remote import RemotePath, SourcePath


class Remembered:
    """A source that is opened only when a picture is asked for.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        The file or folder, which must still be the one that the facts are of.
    facts : mapping
        What `VideoInfo.to_json` gave.
    time_base : fractions.Fraction
        Of its times.

    Attributes
    ----------
    info : VideoInfo
        As it was, but for how many pictures the header promised: that is not kept.
    """

    def __init__(self, path: SourcePath, facts: Mapping[str, Any], time_base: Fraction) -> None:
        self.info = _info(path, facts, time_base)

    def read(self, refs: Sequence[FrameRef]) -> Iterator[SourceFrame]:
        """See `ava.source.opening.Pictures.read`."""
        from ava.source.pyav_reader import PyAVReader
        from ava.source.stills_reader import StillsReader

        path = self.info.path
        if self.info.kind == "stills" and not isinstance(path, RemotePath):
            return StillsReader(path, self.info).read(refs)
        return PyAVReader(path, self.info).read(refs)


def _info(path: SourcePath, facts: Mapping[str, Any], time_base: Fraction) -> VideoInfo:
    color, interlace, aperture = facts["color"], facts["interlace"], facts["clean_aperture"]
    rate, seconds, peak = facts["frame_rate"], facts["duration_seconds"], color["peak_nits"]
    return VideoInfo(
        path=path,
        kind=facts["kind"],
        fingerprint=partial(str, facts["content_id"]),
        width_px=facts["width_px"],
        height_px=facts["height_px"],
        duration_seconds=float("nan") if seconds is None else seconds,
        frame_rate=None if rate is None else Fraction(rate),
        n_frames_from_header=0,
        codec=facts["codec"],
        pixel_format=facts["pixel_format"],
        color=ColorInfo(
            color["matrix"],
            color["range"] == "full",
            color["transfer"],
            color["primaries"],
            float("nan") if peak is None else peak,
            frozenset(color["from_header"]),
        ),
        start=MediaTime(round(Fraction(facts["start_seconds"]) / time_base), time_base),
        orientation=Orientation.from_turn(facts["rotation_degrees"], facts["mirrored"]),
        pixel_aspect=Fraction(facts["pixel_aspect"]),
        clean_aperture=None if aperture is None else PixelBox(**aperture),
        interlace=Interlace(**interlace),
        warnings=tuple(facts["warnings"]),
        start_timecode=facts["start_timecode"],
    )
