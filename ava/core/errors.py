"""Every error that ``ava`` raises on purpose.

::

    AvaError                     1
    ├── ConfigError              2   a setting, option or file of settings is wrong
    ├── MediaError               3   the source cannot be used
    │   ├── MediaNotFound            (also a FileNotFoundError)
    │   ├── UnreadableMedia          not a picture or video, or damaged beyond opening
    │   ├── UnreachableMedia         its store or server does not answer, or does not let us in
    │   ├── NoVideoStream            sound only, or only attached cover art
    │   └── DecodeError              opened, but no usable picture came out
    ├── ScorerError              4   a scorer broke its contract
    ├── NothingToRank            5   every frame was dropped, with the counts
    ├── CatalogError             6   some titles of a catalog failed
    ├── StoreError               7   results cannot be written or read back
    ├── WeightsError             8   a weight file is missing or damaged
    └── EventsError              9   events of viewers cannot be used

The number is the exit code of the command line.
"""

from __future__ import annotations

from typing import ClassVar


class AvaError(Exception):
    """Base of all errors raised on purpose.

    Parameters
    ----------
    message : str
        What is wrong, in one line.
    hint : str, optional
        What to do about it, in one line.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, hint: str | None = None) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __str__(self) -> str:
        return self.message

    def __reduce__(self) -> tuple[type[AvaError], tuple[str, str | None]]:
        return type(self), (self.message, self.hint)


class ConfigError(AvaError):
    """A setting, an option or a settings file is wrong."""

    exit_code = 2


class MediaError(AvaError):
    """The source cannot be used."""

    exit_code = 3


class MediaNotFound(MediaError, FileNotFoundError):
    """There is no such file or directory, or it holds no media."""


class UnreadableMedia(MediaError):
    """The file is not a video or picture, or is damaged beyond opening."""


class UnreachableMedia(MediaError):
    """Its store or server cannot be reached, or does not let us in; the file itself may be fine."""


class NoVideoStream(MediaError):
    """The file opens but carries no moving picture."""


class DecodeError(MediaError):
    """The stream opened but no usable picture could be decoded."""


class ScorerError(AvaError):
    """A scorer or analyser broke its contract."""

    exit_code = 4


class NothingToRank(AvaError):
    """Every candidate was dropped; the message carries the counts."""

    exit_code = 5


class CatalogError(AvaError):
    """Some titles of a catalog failed."""

    exit_code = 6


class StoreError(AvaError):
    """Results cannot be written, or cannot be read back."""

    exit_code = 7


class WeightsError(AvaError):
    """A weight file is missing, cannot be fetched, or fails its checksum."""

    exit_code = 8


class EventsError(AvaError):
    """Events of viewers cannot be used: not read, a column missing, or rows that are wrong."""

    exit_code = 9
