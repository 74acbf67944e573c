"""Sizes and times as people write them."""

from __future__ import annotations

import re
from collections.abc import Mapping

from ava.core.errors import ConfigError

_UNITS = {"": 2**20, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "": 1}


def bytes_of(text: str) -> int:
    """A size such as 4G, 800M or 1.5GiB in bytes; a bare number counts MiB, nothing is 0.

    Raises
    ------
    ConfigError
        When it is not one.
    """
    return int(_amount(text, _UNITS, "(?:i?b)?", "a size", "write it as 4G or 800M"))


def seconds_of(text: str) -> float:
    """A time such as 6h, 90m, 45s or 1d in seconds; a bare number counts seconds, nothing is 0.

    Raises
    ------
    ConfigError
        When it is not one.
    """
    return _amount(text, _TIMES, "", "a time", "write it as 6h, 90m or 45s")


def _amount(text: str, units: Mapping[str, int], ending: str, what: str, hint: str) -> float:
    letters = "".join(units)
    match = re.fullmatch(rf"(\d+(?:\.\d+)?)\s*([{letters}]?){ending}", text.strip().lower())
    if not text.strip():
        return 0.0
    if match is None:
        raise ConfigError(f"{text!r} is not {what}", hint)
    return float(match[1]) * units[match[2]]
