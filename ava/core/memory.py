"""How the process holds on to memory."""

from __future__ import annotations

import ctypes
import sys

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3  # malloc.h of the GNU C library
_LARGEST_POOLED = 32 << 20  # bytes; the library takes no larger number
_KEPT = 256 << 20  # bytes of freed memory that are not given back at once


def keep_freed_memory() -> bool:
    """Let freed pictures be used again, instead of being given back and asked for anew.

    By default the GNU C library asks the kernel for every block as large as a picture, and gives it
    back when it is freed; the kernel then has to clear it page by page each time. On virtual
    machines that costs more than most of what is done to the picture.

    Returns
    -------
    bool
        Whether it took effect: False where the C library is another one.
    """
    if not sys.platform.startswith("linux"):
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    return bool(mallopt(_M_MMAP_THRESHOLD, _LARGEST_POOLED) and mallopt(_M_TRIM_THRESHOLD, _KEPT))


def give_back_freed_memory() -> None:
    """Give back what is kept: before copies are made, which would each keep it, too."""
    if sys.platform.startswith("linux"):
        trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
        if trim is not None:
            trim(0)
