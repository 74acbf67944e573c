"""From a file to whole pictures: the border to PyAV, and what to do about damage."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import av

from ava.core.errors import DecodeError, MediaError, MediaNotFound, NoVideoStream, UnreadableMedia
from ava.core.media_time import MediaTime
from ava.source.needed import Needed
from ava.source.remote import RemotePath, SourcePath

_SILENCE_SECONDS = 60
_MAX_TORN_SHARE = 0.05  # more than that is no film to choose stills from
_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of a sound file


@contextmanager
def media_errors(path: SourcePath) -> Iterator[None]:
    """The border to PyAV: its exceptions become ours, with the path in the message."""
    try:
        yield
    except MediaError:
        raise
    except FileNotFoundError as error:
        raise MediaNotFound(f"no such file: {path}", "check the path") from error
    except PermissionError as error:
        raise UnreadableMedia(f"no permission to read {path}", "check its permissions") from error
    except IsADirectoryError as error:
        raise UnreadableMedia(f"{path} is a folder", "name a video file") from error
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise UnreadableMedia(
            f"{path} cannot be read as video: {getattr(error, 'strerror', None) or error}",
            "it may be damaged, cut off, or no video at all; try to play it",
        ) from error


@contextmanager
def _container(path: SourcePath) -> Iterator[av.container.InputContainer]:
    if isinstance(path, RemotePath):
        with path.open() as file, av.open(file, "r", metadata_errors="replace") as box:
            yield box
    else:
        with av.open(str(path), metadata_errors="replace", timeout=_SILENCE_SECONDS) as box:
            yield box


@contextmanager
def opened(path: SourcePath) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
    """A file and its best video stream, closed afterwards."""
    with media_errors(path), _container(path) as box:
        stream = box.streams.best("video")
        if stream is None or stream.disposition & _ATTACHED_PICTURE:
            raise NoVideoStream(f"{path} has no moving picture", "name a file with a video stream")
        assert isinstance(stream, av.VideoStream)
        if stream.codec_context is None:  # PyAV's stub says that there always is one
            raise UnreadableMedia(
                f"{path}: nothing is known that decodes its pictures",
                "the file is damaged, or in a rare format: convert it to a common one",
            )
        stream.thread_type = "AUTO"
        yield box, stream


def _alone(packet: av.Packet[Any], stream: av.VideoStream) -> list[Any]:
    """What one packet holds; the decoder then knows of no other, as after a seek."""
    try:
        # Asked for at once: a decoder that waits for more would put key frames in a wrong order.
        frames = [*packet.decode(), *stream.codec_context.decode(None)]
    finally:
        stream.codec_context.flush_buffers()
    for frame in frames:
        frame.time_base = packet.time_base
    return frames


def _emptied(stream: av.VideoStream) -> list[Any]:
    """What the decoder still has; it then knows of nothing, as after a seek."""
    try:
        frames = stream.codec_context.decode(None)
    except av.error.FFmpegError:
        return []  # of a torn packet
    finally:
        stream.codec_context.flush_buffers()
    for frame in frames:
        frame.time_base = stream.time_base
    return frames


class Decoder:
    """Decodes whole pictures and counts what is torn.

    Attributes
    ----------
    n_torn : int
        Pictures or packets that could not be decoded.
    first_torn_pts : int or None
        Timestamp of the first of them, where it has one.
    ended_early : bool
        Whether damage ended the stream.
    """

    def __init__(self, path: SourcePath) -> None:
        self._path = path
        self.n_torn = 0
        self.first_torn_pts: int | None = None
        self.ended_early = False

    def pictures(
        self,
        box: av.container.InputContainer,
        stream: av.VideoStream,
        only: Callable[[av.Packet[Any]], bool] | None = None,
    ) -> Iterator[av.VideoFrame]:
        """Whole pictures in order of presentation; torn ones are counted and passed over.

        Parameters
        ----------
        box, stream
            What is read, from where it stands.
        only : callable, optional
            Is asked of every packet whether to decode it, by itself, without the others.

        Raises
        ------
        DecodeError
            When decoding yields nothing for a minute.
        """
        packets, resumed = box.demux(stream), time.monotonic()
        while True:
            if time.monotonic() - resumed > _SILENCE_SECONDS:
                raise DecodeError(
                    f"{self._path}: no picture came in {_SILENCE_SECONDS} s of decoding",
                    "the file is damaged, or its storage does not answer",
                )
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.ended_early = True
                return
            if only is not None and (not packet.size or not only(packet)):
                resumed = time.monotonic()
                continue
            try:
                frames = packet.decode() if only is None else _alone(packet, stream)
            except av.error.FFmpegError:
                self._count_torn(packet.pts)
                continue
            for frame in self._whole(frames):
                yield frame
                resumed = time.monotonic()  # what the caller did with it does not count

    def _whole(self, frames: Iterable[Any]) -> Iterator[av.VideoFrame]:
        for frame in frames:
            assert isinstance(frame, av.VideoFrame)
            if frame.is_corrupt:
                self._count_torn(frame.pts)
            else:
                yield frame

    def needed(
        self,
        box: av.container.InputContainer,
        stream: av.VideoStream,
        needed: Needed,
        since: int | None,
    ) -> Iterator[av.VideoFrame]:
        """Whole pictures in order of presentation, the wanted ones among them.

        Of the others, those that no picture is made from are left out, too: in a film with B-frames
        most of the work.
        """
        context, is_lost = stream.codec_context, False

        def sound(frames: Iterable[Any]) -> Iterator[av.VideoFrame]:
            # A file may call key frames what are none, and pictures that are shown before one lack
            # those that they were made from.
            nonlocal is_lost
            for frame in self._whole(frames):
                is_lost &= not frame.key_frame
                if not is_lost:
                    yield frame

        for run in needed.runs(self._packets(box, stream), since):
            if run.is_apart:
                yield from sound(_emptied(stream))
                is_lost = True
            for packet in run.packets:
                context.skip_frame = "DEFAULT" if packet.pts in needed else "NONREF"
                try:
                    frames = packet.decode()
                except av.error.FFmpegError:
                    self._count_torn(packet.pts)
                    continue
                yield from sound(frames)
            if run.is_last:
                yield from sound(_emptied(stream))

    def _packets(
        self, box: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[av.Packet[Any]]:
        try:
            yield from box.demux(stream)
        except av.error.FFmpegError:
            self.ended_early = True

    def _count_torn(self, pts: int | None) -> None:
        if not self.n_torn:
            self.first_torn_pts = pts
        self.n_torn += 1

    def require_whole(
        self, n_whole: int, start: MediaTime, label: Callable[[MediaTime], str]
    ) -> None:
        """Refuse a film that is damaged all over.

        Parameters
        ----------
        n_whole : int
            Pictures that were decoded.
        start : MediaTime
            The time of the first picture.
        label : callable
            How a person writes a time since then.

        Raises
        ------
        DecodeError
            When more than 5 % were damaged, naming the first.
        """
        if self.n_torn <= _MAX_TORN_SHARE * (n_whole + self.n_torn):
            return
        first = max(0, (self.first_torn_pts or start.pts) - start.pts)
        raise DecodeError(
            f"{self._path}: {self.n_torn} of {self.n_torn + n_whole} pictures are damaged, "
            f"the first at {label(MediaTime(first, start.time_base))}",
            "copy or export the file again",
        )
