"""Exact time: an integer count of a rational unit, never a float frame number."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from functools import total_ordering


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

    @property
    def exact_seconds(self) -> Fraction:
        """The time in seconds, without rounding."""
        return self.pts * self.time_base

    @property
    def seconds(self) -> float:
        """The time in seconds, rounded to a float."""
        return float(self.exact_seconds)

    def __lt__(self, other: MediaTime) -> bool:
        return self.exact_seconds < other.exact_seconds

    def timecode(self, rate: Fraction | None, origin: MediaTime | None = None) -> str:
        """The time as a person writes it.

        Parameters
        ----------
        rate : fractions.Fraction or None
            Frames per second when it is constant; None when it varies.
        origin : MediaTime, optional
            The time of the first picture, counted as 0; by default zero itself.

        Returns
        -------
        str
            ``HH:MM:SS:FF`` (non-drop) for a constant rate, otherwise ``HH:MM:SS.mmm``.
        """
        elapsed = self.exact_seconds - (origin.exact_seconds if origin else 0)
        if rate is None or rate <= 0:
            return clock(float(elapsed))
        nominal = max(1, round(rate))
        frames = round(elapsed * rate)
        sign, frames = ("-", -frames) if frames < 0 else ("", frames)
        whole_seconds, frame = divmod(frames, nominal)
        minutes, second = divmod(whole_seconds, 60)
        hour, minute = divmod(minutes, 60)
        return f"{sign}{hour:02d}:{minute:02d}:{second:02d}:{frame:02d}"


def clock(seconds: float) -> str:
    """Seconds as ``HH:MM:SS.mmm``, with a leading minus where negative."""
    sign = "-" if seconds < 0 else ""
    milliseconds = round(abs(seconds) * 1000)
    whole_seconds, millisecond = divmod(milliseconds, 1000)
    minutes, second = divmod(whole_seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{sign}{hour:02d}:{minute:02d}:{second:02d}.{millisecond:03d}"
