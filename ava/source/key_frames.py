"""The key frames of a film alone, with the numbers that a pass over all frames gives them."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from typing import Any

import av

from ava.core.errors import UnreadableMedia
from ava.source.decoding import Decoder
from ava.source.remote import SourcePath


class KeyFrames:
    """One pass over the key frames of an opened file.

    A key frame is made from no other picture, so that the way to the next one is not decoded, only
    read. Its number is that of the packets that are shown before it: decoding them all would count
    the same, but for those that are damaged.

    Parameters
    ----------
    path : Path or RemotePath
        What is read, for messages.
    decoder : Decoder
        What decodes it.
    start : int
        The stream's own time of the first picture.
    """

    def __init__(self, path: SourcePath, decoder: Decoder, start: int) -> None:
        self._path, self._decoder, self._start = path, decoder, start
        self._n_before = 0
        self._later: list[int] = []  # times of the pictures from there on, each once

    @property
    def n_pictures(self) -> int:
        """How many pictures have gone by, key frames or not."""
        return self._n_before + len(self._later)

    def pictures(
        self, box: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[tuple[int, int, av.VideoFrame]]:
        """Number, time since the first picture, and picture of every key frame, in order of time.

        Raises
        ------
        UnreadableMedia
            When the file does not say when its pictures are shown.
        """
        held: av.VideoFrame | None = None
        for frame in self._decoder.pictures(box, stream, only=self._is_key):
            # What is shown before a key frame may be stored after it, but not after the next one.
            if held is not None:
                yield self._numbered(held)
            held = frame
        if held is not None:
            yield self._numbered(held)

    def _is_key(self, packet: av.Packet[Any]) -> bool:
        if packet.pts is None:
            raise UnreadableMedia(
                f"{self._path} does not say when its pictures are shown",
                "its key frames cannot be numbered: scan all frames",
            )
        at = bisect_left(self._later, packet.pts)
        is_new = self._later[at : at + 1] != [packet.pts]
        if is_new and packet.pts >= self._start and not packet.is_discard:
            insort(self._later, packet.pts)
        return packet.is_keyframe

    def _numbered(self, frame: av.VideoFrame) -> tuple[int, int, av.VideoFrame]:
        assert frame.pts is not None, "its packet had one"
        n_gone = bisect_left(self._later, frame.pts)
        del self._later[:n_gone]
        self._n_before += n_gone
        return self._n_before, frame.pts - self._start, frame
