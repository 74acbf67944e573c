"""One picture of a video as PyAV decoded it."""

from __future__ import annotations

import av
import numpy as np
from numpy.typing import NDArray

from ava.source.conversion import Converter
from ava.source.info import FrameRef, VideoInfo, shown_size


class PyAVFrame:
    """One decoded picture of a `ava.source.pyav_reader.PyAVReader`."""

    __slots__ = ("_converter", "_frame", "_info", "ref")

    def __init__(self, frame: av.VideoFrame, info: VideoInfo, converter: Converter, ref: FrameRef):
        self._frame, self._info, self._converter, self.ref = frame, info, converter, ref

    @property
    def n_bytes(self) -> int:
        """See `ava.source.info.SourceFrame.n_bytes`."""
        return sum(plane.buffer_size for plane in self._frame.planes)

    def luma(self, lines_px: int) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.luma`."""
        return self._converter.luma(self._frame, lines_px)

    def rgb(self, height_px: int | None = None) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.rgb`."""
        size = self._stored_size(height_px)
        return self._info.orientation.applied(self._converter.rgb(self._frame, *size))

    def stretched(self, width_px: int, height_px: int) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.stretched`."""
        turned = self._info.orientation.transpose
        size = (height_px, width_px) if turned else (width_px, height_px)
        return self._info.orientation.applied(self._converter.rgb(self._frame, *size))

    def hdr(self) -> NDArray[np.uint16] | None:
        """See `ava.source.info.SourceFrame.hdr`."""
        if self._info.color.transfer == "sdr":
            return None
        size = self._stored_size(None)
        return self._info.orientation.applied(self._converter.hdr(self._frame, *size))

    def _stored_size(self, height_px: int | None) -> tuple[int, int]:
        """Width and height before the turn upright."""
        width, height = shown_size(self._info.width_px, self._info.height_px, height_px)
        return (height, width) if self._info.orientation.transpose else (width, height)
