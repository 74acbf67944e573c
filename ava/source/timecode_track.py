"""The timecode that a source itself gives its first picture."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import av
from av.sidedata.sidedata import Type as SideDataType

_TIMECODE = re.compile(r"(\d\d:\d\d:\d\d)([:;.])(\d\d+)", re.ASCII)


def start_timecode(metadata: Mapping[str, str], first: av.VideoFrame) -> str | None:
    """Timecode of the first picture.

    Parameters
    ----------
    metadata : mapping
        Of container and video stream; a track of timecode (QuickTime, MXF) shows itself there.
    first : av.VideoFrame
        The first picture; an MPEG group of pictures carries its own.

    Returns
    -------
    str or None
        ``HH:MM:SS:FF``, or ``HH:MM:SS;FF`` where it is drop-frame; None where there is none.
    """
    for key, value in metadata.items():
        written = _TIMECODE.fullmatch(value.strip()) if key.lower() == "timecode" else None
        if written:
            mark = ":" if written[2] == ":" else ";"
            return f"{written[1]}{mark}{written[3]}"
    side_data: Any = first.side_data  # PyAV's stub takes it for something else
    if SideDataType.GOP_TIMECODE in side_data:
        return _of_gop(int.from_bytes(bytes(side_data[SideDataType.GOP_TIMECODE])[:4], "little"))
    return None


def _of_gop(bits: int) -> str:
    """The 25 bits of an MPEG group header: drop flag, hours, minutes, marker, seconds, pictures."""
    hours, minutes = bits >> 19 & 0x1F, bits >> 13 & 0x3F
    seconds, pictures = bits >> 6 & 0x3F, bits & 0x3F
    mark = ";" if bits >> 24 & 1 else ":"
    return f"{hours:02d}:{minutes:02d}:{seconds:02d}{mark}{pictures:02d}"
