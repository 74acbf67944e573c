"""Sizes and times as people write them."""

from __future__ import annotations

import re

from ava.core.errors import ConfigError

_UNITS = {"": 2**20, "k": 2**10, "m": 2**20, "g": 2**30, "t": 2**40}
_TIMES = {"s": 1, "m": 60, "h": 3600, "d": 86400, "": 1}


def bytes_of(text: str) -> int:
    """A size such as 4G, 800M or 1.5GiB in bytes; a bare number counts MiB.

    Raises
    ------
    ConfigError
        When it is not one.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([kmgt]?)(?:i?b)?\s*", text.lower())
    if not text.strip():
        return 0
    if match is None:
        raise ConfigError(f"{text!r} is not a size", "write it as 4G or 800M")
    return int(float(match[1]) * _UNITS[match[2]])


def seconds_of(text: str) -> float:
    """A time such as 6h, 90m, 45s or 1d in seconds; a bare number counts seconds.

    Raises
    ------
    ConfigError
        When it is not one.
    """
    match = re.fullmatch(r"\s*(\d+(?:\.\d+)?)\s*([smhd]?)\s*", text.lower())
    if not text.strip():
        return 0.0
    if match is None:
        raise ConfigError(f"{text!r} is not a time", "write it as 6h, 90m or 45s")
    return float(match[1]) * _TIMES[match[2]]
