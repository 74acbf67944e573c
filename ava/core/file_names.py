"""Names of files and folders."""

from __future__ import annotations

import re


def file_safe(text: str) -> str:
    """Text as part of a file name on any system: letters, digits, dots and dashes."""
    return re.sub(r"[^\w.\-]+", "-", text, flags=re.UNICODE).strip("-.") or "still"
