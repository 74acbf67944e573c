"""Video files through PyAV: one streaming pass, and one ordered pass over chosen times."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence
from contextlib import closing
from fractions import Fraction
from functools import partial
from types import TracebackType

import av

from ava.core.errors import DecodeError, MediaError, UnreadableMedia
from ava.core.media_time import MediaTime, clock
from ava.source.ahead import ahead, depth_for
from ava.source.at_hand import AtHand
from ava.source.conversion import Converter
from ava.source.decoding import Decoder, media_errors, opened
from ava.source.header import Header, video_info
from ava.source.info import FrameRef, Interlace, VideoInfo
from ava.source.interlace import deinterlaced, interlace_of, may_be_interlaced
from ava.source.key_frames import KeyFrames
from ava.source.needed import Needed
from ava.source.pyav_frame import PyAVFrame
from ava.source.remote import SourcePath
from ava.source.seeking import Walk

_SEEK_WHEN_AHEAD_SECONDS = 8  # of a shorter way all packets are read, but few are decoded
_STRETCH = 24  # frames in a row that are looked at for combing


class PyAVReader:
    """A video file.

    Parameters
    ----------
    path : pathlib.Path or RemotePath
        The file.
    known : VideoInfo, optional
        What was found when it was opened before; it is then not looked into now.

    Attributes
    ----------
    info : VideoInfo
        Facts from the header and the first picture.
    n_passed : int
        Whole pictures of the film, once a pass over it is complete.
    """

    def __init__(self, path: SourcePath, known: VideoInfo | None = None) -> None:
        self._path = path
        self._decoder = Decoder(path)
        self._at_hand: AtHand[PyAVFrame] = AtHand()
        self.n_passed = 0
        self.info, self._converter = self._opened() if known is None else (known, _converter(known))
        self._interlace = self.info.interlace

    def _opened(self) -> tuple[VideoInfo, Converter]:
        """Look at the first picture, and at more where its lines may be of two fields."""
        with media_errors(self._path):
            if self._path.stat().st_size == 0:
                raise UnreadableMedia(f"{self._path} is empty (0 bytes)", "copy or export it again")
            first, header = self._first_picture()
            interlace = self._looked_at(first, header.duration_seconds)
            info = video_info(self._path, first, header, interlace)
        converter = _converter(info)
        if not converter.supports(first):
            raise UnreadableMedia(
                f"{self._path}: its pixel format, {first.format.name}, cannot be converted",
                "convert the film to a common one, such as yuv420p or yuv420p10le",
            )
        return info, converter

    @property
    def n_torn(self) -> int:
        """Pictures or packets of the latest pass that could not be decoded."""
        return self._decoder.n_torn

    @property
    def ended_early(self) -> bool:
        """Whether the latest pass ran into damage that ended the stream."""
        return self._decoder.ended_early

    def __enter__(self) -> PyAVReader:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Nothing stays open between passes."""

    def _first_picture(self) -> tuple[av.VideoFrame, Header]:
        with opened(self._path) as (box, stream):
            header = Header.of(box, stream)
            for frame in self._decoder.pictures(box, stream):
                return frame, header
        raise DecodeError(
            f"{self._path}: no picture could be decoded", "the file is damaged or uses a rare codec"
        )

    def _looked_at(self, first: av.VideoFrame, duration_seconds: float) -> Interlace:
        """Look for combing at three places of the film, where its height makes it possible."""
        if not may_be_interlaced(first):
            return Interlace()
        known = duration_seconds == duration_seconds
        places = [share * duration_seconds for share in (0.1, 0.5, 0.8)] if known else [0.0]
        with opened(self._path) as (box, stream):
            return interlace_of(self._stretch(box, stream, place, _STRETCH) for place in places)

    def _stretch(
        self, box: av.container.InputContainer, stream: av.VideoStream, seconds: float, n: int
    ) -> Iterator[av.VideoFrame]:
        """The next `n` pictures from the key frame before a time on."""
        if seconds > 0 and stream.time_base:
            start = stream.start_time or 0
            box.seek(start + round(seconds / stream.time_base), stream=stream, backward=True)
        yield from itertools.islice(self._decoder.pictures(box, stream), n)

    def glances(self, n_places: int, n_frames: int) -> Iterator[list[PyAVFrame]]:
        """Short stretches of pictures from places all over the film; their times are not exact.

        Parameters
        ----------
        n_places : int
            How many places, evenly; one where the duration is not known.
        n_frames : int
            Pictures at each place.
        """
        seconds = self.info.duration_seconds
        places = [seconds * (one + 0.5) / n_places for one in range(n_places)]
        with opened(self._path) as (box, stream):
            for place in places if seconds == seconds else [0.0]:
                yield [
                    self._wrapped(frame, -1, max(0, (frame.pts or 0) - self.info.start.pts))
                    for frame in self._stretch(box, stream, place, n_frames)
                ]

    def _whole(
        self, box: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[av.VideoFrame]:
        """Whole pictures, with the fields of interlaced pictures made into whole ones."""
        order = self._interlace.field_order
        if order == "progressive":
            return self._decoder.pictures(box, stream)
        return deinterlaced(self._decoder.pictures(box, stream), order)

    @property
    def _step(self) -> int:
        """The usual time from one picture to the next."""
        return max(1, round(1 / (self.info.start.time_base * (self.info.frame_rate or 25))))

    def _wrapped(self, frame: av.VideoFrame, frame_id: int, pts: int) -> PyAVFrame:
        time = MediaTime(pts, self.info.start.time_base)
        label = time.timecode(self.info.frame_rate, drop_frame=self.info.drop_frame)
        return PyAVFrame(frame, self.info, self._converter, FrameRef(frame_id, time, label))

    def _timed(
        self, box: av.container.InputContainer, stream: av.VideoStream
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """Pictures with their time since the first, strictly increasing.

        A stream without timestamps (a bare elementary stream) gets them from the nominal rate.
        """
        start = self.info.start.pts
        latest: int | None = None
        for frame in self._whole(box, stream):
            if frame.pts is not None:
                pts = frame.pts - start
            else:
                pts = 0 if latest is None else latest + self._step
            if latest is None or pts > latest:
                latest = pts
                yield pts, frame

    def _depth(self) -> int:
        """How many decoded pictures may wait."""
        layout = av.VideoFormat(self.info.pixel_format)
        return depth_for(
            self.info.width_px * self.info.height_px * layout.padded_bits_per_pixel // 8
        )

    def scan(self) -> Iterator[PyAVFrame]:
        """Every picture of the film, once, in order of presentation.

        Raises
        ------
        DecodeError
            After the last one, when more than 5 % were damaged.
        """
        self._decoder = Decoder(self._path)
        self.n_passed = 0
        with (
            opened(self._path) as (box, stream),
            closing(ahead(self._timed(box, stream), self._depth())) as timed,
        ):
            for frame_id, (pts, frame) in enumerate(timed):
                self.n_passed += 1
                yield self._wrapped(frame, frame_id, pts)
        self._require_whole(self.n_passed)

    def key_frames(self) -> Iterator[PyAVFrame]:
        """The key frames of the film, with the numbers that `scan` gives them.

        Raises
        ------
        UnreadableMedia
            When they cannot be shown, or numbered, by themselves.
        DecodeError
            As `scan` does.
        """
        if self._interlace.field_order != "progressive":
            raise UnreadableMedia(
                f"{self._path} is interlaced; its key frames need the pictures around them",
                "scan all frames",
            )
        self._decoder = Decoder(self._path)
        keys, n_whole = KeyFrames(self._path, self._decoder, self.info.start.pts), 0
        with (
            opened(self._path) as (box, stream),
            closing(ahead(keys.pictures(box, stream), self._depth())) as found,
        ):
            for frame_id, pts, frame in found:
                n_whole += 1
                yield self._wrapped(frame, frame_id, pts)
        self.n_passed = keys.n_pictures
        self._require_whole(n_whole)

    def _require_whole(self, n_whole: int) -> None:
        label = partial(MediaTime.timecode, rate=self.info.frame_rate)
        self._decoder.require_whole(n_whole, self.info.start, label)

    def keep(self, frame: PyAVFrame) -> None:
        """See `ava.source.opening.Source.keep`."""
        self._at_hand.keep(frame.ref.frame_id, frame)

    def read(self, refs: Sequence[FrameRef]) -> Iterator[PyAVFrame]:
        """The pictures at `refs`, in one pass, each decoded from the key frame before it.

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
        kept = [self._at_hand.get(ref.frame_id) for ref in refs]
        targets = [round(ref.time.exact_seconds / base) for ref in refs]
        away = [target for target, one in zip(targets, kept, strict=True) if one is None]
        if not away:
            yield from (one for one in kept if one is not None)
            return
        with (
            self._walk(away, far) as walk,
            closing(ahead(map(partial(walk.exactly, far=far), away), self._depth())) as found,
        ):
            for ref, target, known in zip(refs, targets, kept, strict=True):
                if known is not None:
                    yield known
                    continue
                frame = next(found)
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

    def _walk(self, targets: Sequence[int] = (), far: int = 0) -> Walk:
        """A way to `targets`, and only to them; without them, to anywhere."""
        self._decoder = Decoder(self._path)
        start, interlace = self.info.start, self._interlace
        if not targets or interlace.flagged or interlace.field_order != "progressive":
            # A deinterlaced picture leans on the one before it, which must be decoded too; and of
            # one that is stored in two fields, the second one is not seen to belong to it.
            lead_seconds = 0 if interlace.field_order == "progressive" else 1
            return Walk(lambda: opened(self._path), self._timed, start, None, lead_seconds)
        needed = Needed({start.pts + target for target in targets}, far)
        chosen = partial(self._chosen, needed)
        return Walk(lambda: opened(self._path), self._timed, start, chosen)

    def _chosen(
        self,
        needed: Needed,
        box: av.container.InputContainer,
        stream: av.VideoStream,
        since: int | None,
    ) -> Iterator[tuple[int, av.VideoFrame]]:
        """As `_timed`, of the pictures that are needed; it ends where one has no time of its own."""
        start, latest = self.info.start.pts, None
        since = None if since is None else start + since
        for frame in self._decoder.needed(box, stream, needed, since):
            if frame.pts is None:
                return
            pts = frame.pts - start
            if latest is None or pts > latest:
                latest = pts
                yield pts, frame


def _converter(info: VideoInfo) -> Converter:
    return Converter(info.color, info.codec, info.clean_aperture)
