"""Video files through PyAV: one streaming pass, and one ordered pass over chosen times."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.sidedata.sidedata import Type as SideDataType
from numpy.typing import NDArray

from ava.core.errors import DecodeError, MediaError, MediaNotFound, NoVideoStream, UnreadableMedia
from ava.core.identity import content_id
from ava.core.media_time import MediaTime, clock
from ava.source.color import color_of, to_luma, to_rgb
from ava.source.info import ColorInfo, FrameRef, Orientation, VideoInfo, shown_size
from ava.source.seeking import Walk
from ava.source.timecode_track import start_timecode

_SEEK_WHEN_AHEAD_SECONDS = 8  # a shorter way is decoded through: a seek costs half a GOP
_ATTACHED_PICTURE = 0x400  # AV_DISPOSITION_ATTACHED_PIC: the cover of a sound file


@contextmanager
def media_errors(path: Path) -> Iterator[None]:
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


class PyAVFrame:
    """One decoded picture of a `PyAVReader`."""

    __slots__ = ("_color", "_frame", "_info", "ref")

    def __init__(self, frame: av.VideoFrame, info: VideoInfo, color: ColorInfo, ref: FrameRef):
        self._frame, self._info, self._color, self.ref = frame, info, color, ref

    def luma(self, lines_px: int) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.luma`."""
        return to_luma(self._frame, self._color, lines_px)

    def rgb(self, height_px: int | None = None) -> NDArray[np.uint8]:
        """See `ava.source.info.SourceFrame.rgb`."""
        width, height = shown_size(self._info.width_px, self._info.height_px, height_px)
        if self._info.orientation.transpose:
            width, height = height, width
        return self._info.orientation.applied(to_rgb(self._frame, self._color, width, height))


class PyAVReader:
    """A video file.

    Attributes
    ----------
    info : VideoInfo
        Facts from the header and the first picture.
    n_torn : int
        Pictures or packets of the latest pass that could not be decoded.
    ended_early : bool
        Whether the latest pass ran into damage that ended the stream.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.n_torn = 0
        self.ended_early = False
        with media_errors(path):
            if path.stat().st_size == 0:
                raise UnreadableMedia(f"{path} is empty (0 bytes)", "copy or export it again")
            first, stream_facts = self._first_picture()
            self.info = self._facts(first, *stream_facts)

    def __enter__(self) -> PyAVReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing stays open between passes."""

    @contextmanager
    def _opened(self) -> Iterator[tuple[av.container.InputContainer, av.VideoStream]]:
        with media_errors(self._path), av.open(str(self._path), metadata_errors="replace") as box:
            stream = box.streams.best("video")
            if stream is None or stream.disposition & _ATTACHED_PICTURE:
                raise NoVideoStream(
                    f"{self._path} has no moving picture", "name a file with a video stream"
                )
            assert isinstance(stream, av.VideoStream)
            stream.thread_type = "AUTO"
            yield box, stream

    def _first_picture(
        self,
    ) -> tuple[
        av.VideoFrame,
        tuple[Fraction | None, Fraction | None, float, int, str, Fraction, dict[str, str]],
    ]:
        with self._opened() as (box, stream):
            base = stream.time_base
            duration = (
                float(stream.duration * base)
                if stream.duration is not None and base is not None
                else box.duration / av.time_base
                if box.duration is not None
                else float("nan")
            )
            facts = (
                stream.average_rate,
                stream.base_rate,
                duration,
                stream.frames,
                stream.codec_context.name,
                stream.sample_aspect_ratio or Fraction(1),
                {**box.metadata, **stream.metadata},
            )
            for frame in self._decoded(box, stream):
                return frame, facts
        raise DecodeError(
            f"{self._path}: no picture could be decoded", "the file is damaged or uses a rare codec"
        )

    def _facts(
        self,
        first: av.VideoFrame,
        average_rate: Fraction | None,
        base_rate: Fraction | None,
        duration_seconds: float,
        n_frames: int,
        codec: str,
        pixel_aspect: Fraction,
        metadata: dict[str, str],
    ) -> VideoInfo:
        orientation = Orientation()
        side_data: Any = first.side_data  # PyAV's stub takes it for something else
        if SideDataType.DISPLAYMATRIX in side_data:
            matrix = side_data[SideDataType.DISPLAYMATRIX]
            a, b, _, c, d = struct.unpack_from("5i", bytes(matrix))
            orientation = Orientation.from_display_matrix(a, b, c, d)
        width, height = first.width, first.height
        if pixel_aspect > 1:
            width = round(width * pixel_aspect)
        elif pixel_aspect < 1:
            height = round(height / pixel_aspect)
        if orientation.transpose:
            width, height = height, width
        constant = average_rate and base_rate and abs(average_rate / base_rate - 1) < 0.005
        if not n_frames and average_rate and duration_seconds == duration_seconds:
            n_frames = round(duration_seconds * average_rate)
        color = color_of(first)
        warnings = []
        if color.transfer != "sdr":
            warnings.append(
                f"the source is high dynamic range ({color.transfer.upper()}); its stills are "
                "not tone-mapped and look flatter than the film"
            )
        if first.interlaced_frame:
            warnings.append("the source is interlaced; moving edges may show combing")
        return VideoInfo(
            path=self._path,
            kind="video",
            content_id=content_id(self._path),
            width_px=width,
            height_px=height,
            duration_seconds=duration_seconds,
            frame_rate=average_rate if constant else None,
            n_frames_from_header=n_frames,
            codec=codec,
            pixel_format=first.format.name,
            color=color,
            start=MediaTime(first.pts or 0, first.time_base or Fraction(1, 1000)),
            orientation=orientation,
            pixel_aspect=pixel_aspect,
            warnings=tuple(warnings),
            start_timecode=start_timecode(metadata, first),
        )

    def _decoded(
        self, box: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[av.VideoFrame]:
        """Whole pictures in order of presentation; torn ones are counted and passed over."""
        packets = box.demux(stream)
        while True:
            try:
                packet = next(packets)
            except StopIteration:
                return
            except av.error.FFmpegError:
                self.ended_early = True
                return
            try:
                frames = packet.decode()
            except av.error.FFmpegError:
                self.n_torn += 1
                continue
            for frame in frames:
                assert isinstance(frame, av.VideoFrame)
                if frame.is_corrupt:
                    self.n_torn += 1
                else:
                    yield frame

    @property
    def _step(self) -> int:
        """The usual time from one picture to the next."""
        return max(1, round(1 / (self.info.start.time_base * (self.info.frame_rate or 25))))

    def _wrapped(self, frame: av.VideoFrame, frame_id: int, pts: int) -> PyAVFrame:
        time = MediaTime(pts, self.info.start.time_base)
        label = time.timecode(self.info.frame_rate, drop_frame=self.info.drop_frame)
        return PyAVFrame(frame, self.info, self.info.color, FrameRef(frame_id, time, label))

    def _timed(
        self, box: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Pictures with their time since the first, strictly increasing.

        A stream without timestamps (a bare elementary stream) gets them from the nominal rate.
        """
        start = self.info.start.pts
        latest: int | None = None
        for frame in self._decoded(box, stream):
            if frame.pts is not None:
                pts = frame.pts - start
            else:
                pts = 0 if latest is None else latest + self._step
            if latest is None or pts > latest:
                latest = pts
                yield pts, frame

    def scan(self) -> Iterator[PyAVFrame]:
        """Every picture of the film, once, in order of presentation."""
        self.n_torn, self.ended_early = 0, False
        with self._opened() as (box, stream):
            for frame_id, (pts, frame) in enumerate(self._timed(box, stream)):
                yield self._wrapped(frame, frame_id, pts)

    def read(self, refs: Sequence[FrameRef]) -> Iterator[PyAVFrame]:
        """The pictures at `refs`, in one pass; gaps of over 8 s are sought over, not decoded.

        Parameters
        ----------
        refs : sequence of FrameRef
            In increasing order of time, as an earlier scan handed them out.

        Raises
        ------
        DecodeError
            When one of them cannot be found again, naming its time.
        """
        base = self.info.start.time_base
        far = round(_SEEK_WHEN_AHEAD_SECONDS / base)
        with self._walk() as walk:
            for ref in refs:
                target = round(ref.time.exact_seconds / base)
                frame = walk.exactly(target, far)
                if frame is None:
                    raise DecodeError(
                        f"{self._path}: the picture at {ref.label} is not there any more",
                        "the file has changed since it was scanned; scan it again",
                    )
                yield self._wrapped(frame, ref.frame_id, target)

    def at(self, seconds: Fraction) -> PyAVFrame:
        """The picture that is shown at an instant: the last one that begins at or before it.

        Parameters
        ----------
        seconds : fractions.Fraction
            Exact time since the first picture.

        Raises
        ------
        MediaError
            When the film is not that long, naming its length.
        """
        base = self.info.start.time_base
        target = math.floor(seconds / base)
        if target < 0:
            raise MediaError(
                f"{self._path}: {clock(seconds)} is before the first picture",
                "times are counted from the first picture",
            )
        with self._walk() as walk:
            shown = walk.shown_at(target)
        if shown is None:
            raise DecodeError(
                f"{self._path}: no picture could be decoded up to {clock(seconds)}",
                "the file has changed or is damaged",
            )
        pts, frame, is_last = shown
        length = (pts + (frame.duration or self._step)) * base
        if is_last and seconds >= length:
            raise MediaError(
                f"{self._path} is {clock(length)} long; it shows nothing at {clock(seconds)}",
                "ask for an earlier time",
            )
        return self._wrapped(frame, -1, pts)

    def _walk(self) -> Walk:
        self.n_torn, self.ended_early = 0, False
        return Walk(self._opened, self._timed, self.info.start)
