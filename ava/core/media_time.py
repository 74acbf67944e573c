"""Exact time: an integer count of a rational unit, never a float frame number."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property, total_ordering

from ava.core.errors import ConfigError

_SECONDS = re.compile(r"\d+(\.\d+)?", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?(\d+):(\d{1,2}(?:\.\d+)?)", re.ASCII)
_TIMECODE = re.compile(r"(\d+):(\d{1,2}):(\d{1,2})([:;])(\d{1,3})", re.ASCII)
_TIME_HINT = "write it as HH:MM:SS.mmm, MM:SS.mmm, seconds, or a timecode HH:MM:SS:FF"


@total_ordering
@dataclass(frozen=True)
class MediaTime:
    """A presentation time.

    Attributes
    ----------
    pts : int
        Presentation timestamp, in units of `time_base`; may be negative.
    time_base : fractions.Fraction
        Seconds per unit; positive.
    """

    pts: int
    time_base: Fraction

    def __post_init__(self) -> None:
        if self.time_base <= 0:
            raise ValueError(f"time_base must be positive, not {self.time_base}")

    @cached_property
    def exact_seconds(self) -> Fraction:
        """The time in seconds, without rounding."""
        return self.pts * self.time_base

    @cached_property
    def seconds(self) -> float:
        """The time in seconds, rounded to a float."""
        return float(self.exact_seconds)

    def __lt__(self, other: MediaTime) -> bool:
        return self.exact_seconds < other.exact_seconds

    def timecode(
        self, rate: Fraction | None, origin: MediaTime | None = None, drop_frame: bool = False
    ) -> str:
        """The time as a person writes it.

        Parameters
        ----------
        rate : fractions.Fraction or None
            Frames per second when it is constant; None when it varies.
        origin : MediaTime, optional
            The time of the first picture, counted as 0; by default zero itself.
        drop_frame : bool, default False
            Count as drop-frame timecode does, where `rate` is one that it is made for.

        Returns
        -------
        str
            ``HH:MM:SS:FF`` (``HH:MM:SS;FF`` with dropped numbers) for a constant rate, otherwise
            ``HH:MM:SS.mmm``. `parse_time` finds the same frame by it.
        """
        if origin is not None and origin.pts:
            elapsed = self.exact_seconds - origin.exact_seconds
        else:
            elapsed = self.exact_seconds
        if rate is None or rate <= 0:
            # Rounded up: one written as earlier than it is would name the frame before it.
            return clock(Fraction(math.ceil(elapsed * 1000), 1000))
        nominal = max(1, round(rate))
        frames = _rounded(
            elapsed.numerator * rate.numerator, elapsed.denominator * rate.denominator
        )
        sign, frames = ("-", -frames) if frames < 0 else ("", frames)
        n_dropped = _n_dropped(rate) if drop_frame else 0
        if n_dropped:
            frames = _with_dropped(frames, nominal, n_dropped)
        whole_seconds, frame = divmod(frames, nominal)
        minutes, second = divmod(whole_seconds, 60)
        hour, minute = divmod(minutes, 60)
        mark = ";" if n_dropped else ":"
        return f"{sign}{hour:02d}:{minute:02d}:{second:02d}{mark}{frame:02d}"


def _rounded(numerator: int, denominator: int) -> int:
    """`round(Fraction(numerator, denominator))`, for every frame of a film: without the gcd."""
    whole, rest = divmod(numerator, denominator)
    half_way = 2 * rest - denominator
    return whole + (half_way > 0 or (half_way == 0 and whole % 2 == 1))


def clock(seconds: float | Fraction) -> str:
    """Seconds as ``HH:MM:SS.mmm``, with a leading minus where negative."""
    sign = "-" if seconds < 0 else ""
    milliseconds = round(abs(Fraction(seconds)) * 1000)
    whole_seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(whole_seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{sign}{hour:02d}:{minute:02d}:{second:02d}.{millisecond:03d}"


def parse_time(text: str, rate: Fraction | None = None) -> Fraction:
    """The instant that a person means, in seconds since the first picture.

    Parameters
    ----------
    text : str
        ``HH:MM:SS.mmm``, ``MM:SS.mmm`` or plain seconds, taken exactly as written; or a timecode,
        ``HH:MM:SS:FF`` (every number counts) or ``HH:MM:SS;FF`` (drop-frame).
    rate : fractions.Fraction or None
        Frames per second when it is constant: a timecode means nothing without it.

    Returns
    -------
    fractions.Fraction
        For a timecode, the middle of the frame that it names: time stamps are rounded (Matroska
        has milliseconds), so that a frame may begin a little after its number says.

    Raises
    ------
    ConfigError
        When it is no time, or names a frame that there cannot be.
    """
    text = text.strip()
    if _SECONDS.fullmatch(text):
        return Fraction(text)
    if written := _CLOCK.fullmatch(text):
        hours, minutes, seconds = int(written[1] or 0), int(written[2]), Fraction(written[3])
        if seconds >= 60 or (written[1] and minutes >= 60):
            raise ConfigError(f"{text!r} has more than 59 minutes or seconds", _TIME_HINT)
        return (hours * 60 + minutes) * 60 + seconds
    if written := _TIMECODE.fullmatch(text):
        hours, minutes, whole_seconds, frame = (int(written[one]) for one in (1, 2, 3, 5))
        if minutes >= 60 or whole_seconds >= 60:
            raise ConfigError(f"{text!r} has more than 59 minutes or seconds", _TIME_HINT)
        minutes += hours * 60
        return _instant_of(text, rate, minutes, whole_seconds, frame, written[4] == ";")
    raise ConfigError(f"{text!r} is not a time", _TIME_HINT)


def _instant_of(
    text: str, rate: Fraction | None, minutes: int, second: int, frame: int, drop_frame: bool
) -> Fraction:
    """The middle of the frame that the numbers of a timecode name."""
    if rate is None or rate <= 0:
        raise ConfigError(
            f"{text!r} counts frames, but the frame rate of this source varies",
            "write the time as HH:MM:SS.mmm",
        )
    nominal = max(1, round(rate))
    if frame >= nominal:
        raise ConfigError(
            f"{text!r} names frame {frame} of a second that has {nominal}",
            f"frames are counted from 0 to {nominal - 1}; milliseconds go after a point",
        )
    count = (minutes * 60 + second) * nominal + frame
    if drop_frame:
        n_dropped = _n_dropped(rate)
        if not n_dropped:
            raise ConfigError(
                f"{text!r} is drop-frame timecode, but this source has {float(rate):g} frames a "
                "second",
                "drop-frame is for 29.97 and 59.94 only; write HH:MM:SS:FF",
            )
        if second == 0 and frame < n_dropped and minutes % 10:
            raise ConfigError(
                f"{text!r} is one of the numbers that drop-frame timecode leaves out",
                f"this minute begins with frame {n_dropped}",
            )
        count -= n_dropped * (minutes - minutes // 10)
    return (count + Fraction(1, 2)) / rate


def _n_dropped(rate: Fraction) -> int:
    """How many numbers drop-frame timecode leaves out in a minute; 0 where it is not for `rate`."""
    nominal = round(rate)
    if nominal not in (30, 60) or abs(rate - Fraction(nominal * 1000, 1001)) > Fraction(1, 100):
        return 0
    return nominal // 15


def _with_dropped(frames: int, nominal: int, n_dropped: int) -> int:
    """A count of frames as the number that drop-frame timecode gives the last of them."""
    per_minute = nominal * 60 - n_dropped
    tens, rest = divmod(frames, per_minute * 10 + n_dropped)
    full_minutes = max(0, rest - n_dropped) // per_minute
    return frames + n_dropped * (9 * tens + full_minutes)
