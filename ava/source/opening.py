"""The one door to a source: a path in, a reader out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from fractions import Fraction
from types import TracebackType
from typing import Any, Protocol

from ava.core.errors import MediaNotFound, UnreadableMedia
from ava.core.identity import content_id
from ava.source.info import STILL_SUFFIXES, FrameRef, SourceFrame, VideoInfo
from ava.source.remote import RemotePath, SourcePath, located


class Pictures(Protocol):
    """Single pictures of a source, as far as they are known by number and time."""

    info: VideoInfo

    def read(self, refs: Sequence[FrameRef]) -> Iterator[SourceFrame]:
        """The pictures at `refs` (increasing in time), in one pass."""
        ...


class Source(Pictures, Protocol):
    """What every reader gives."""

    n_passed: int

    @property
    def n_torn(self) -> int:
        """Pictures of the latest pass that could not be decoded."""
        ...

    @property
    def ended_early(self) -> bool:
        """Whether damage ended the latest pass."""
        ...

    def scan(self) -> Iterator[SourceFrame]:
        """Every picture, once, in order."""
        ...

    def key_frames(self) -> Iterator[SourceFrame]:
        """Those that are made from no others, in order, with their numbers among all of them."""
        ...

    def keep(self, frame: Any) -> None:
        """Told of a picture of a pass that may be read again: a short film's need no second look."""
        ...

    def at(self, seconds: Fraction) -> SourceFrame:
        """The picture shown at an instant, counted from the first picture."""
        ...

    def glances(self, n_places: int, n_frames: int) -> Iterator[Sequence[SourceFrame]]:
        """Stretches of neighbouring pictures from places all over; none of stills."""
        ...

    def __enter__(self) -> Source: ...

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None: ...


def open_source(path: str | SourcePath) -> Source:
    """Open a video file, a picture, or a folder of pictures; a video may be at an address, too.

    Raises
    ------
    MediaNotFound
        When there is nothing there, or the folder holds no pictures.
    UnreadableMedia, NoVideoStream, DecodeError
        When it cannot be used; the message says why.
    UnreachableMedia
        When its store or server does not answer, or does not let us in.
    """
    # Imported here: PyAV and OpenCV cost half a second that `import ava` must not pay.
    from ava.source.pyav_reader import PyAVReader
    from ava.source.stills_reader import StillsReader

    path = located(path)
    if isinstance(path, RemotePath):
        if path.suffix.lower() in STILL_SUFFIXES:
            raise UnreadableMedia(f"{path}: pictures are read from a disk only", "copy it there")
        return PyAVReader(path)
    if not path.exists():
        raise MediaNotFound(f"no such file or folder: {path}", "check the path")
    return StillsReader(path) if _is_stills(path) else PyAVReader(path)


def title_of(path: SourcePath) -> str:
    """The `ava.source.info.VideoInfo.title` that an opened source would have."""
    return path.name if _is_stills(path) else path.stem


def _is_stills(path: SourcePath) -> bool:
    return path.is_dir() or path.suffix.lower() in STILL_SUFFIXES


def content_of(path: SourcePath) -> str:
    """The fingerprint that an opened source would have, without decoding anything.

    Raises
    ------
    MediaNotFound
        When there is nothing there, or the folder holds no pictures.
    UnreadableMedia
        When it cannot be read, or is neither a file nor a folder.
    """
    from ava.source.stills_reader import still_files, stills_id

    if isinstance(path, RemotePath):
        return content_id(path)
    try:
        if path.is_dir():
            files = still_files(path)
            if not files:
                raise MediaNotFound(
                    f"{path} holds no pictures", "name a video, or a folder of them"
                )
            return stills_id(files)
        if not path.exists():
            raise MediaNotFound(f"no such file or folder: {path}", "check the path")
        if not path.is_file():  # a pipe would be waited for
            raise UnreadableMedia(f"{path} is neither a file nor a folder", "check the path")
        return stills_id([path]) if path.suffix.lower() in STILL_SUFFIXES else content_id(path)
    except OSError as error:
        if isinstance(error, MediaNotFound):
            raise
        raise UnreadableMedia(
            f"{path} cannot be read: {error.strerror or error}", "check its permissions"
        ) from error
