"""ava finds the frames of a film or series that can become its artwork.

>>> import ava
>>> ranked = ava.rank("film.mp4", top=12)  # doctest: +SKIP
>>> ranked.to_pandas()  # doctest: +SKIP

Nothing heavy is imported before something is called.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ava.api import RankedTitle, compare, diff, extract, rank
    from ava.settings import Settings

__all__ = ["RankedTitle", "Settings", "compare", "diff", "extract", "rank"]


def __getattr__(name: str) -> Any:
    if name == "Settings":
        from ava.settings import Settings

        return Settings
    if name in __all__:
        from ava import api

        return getattr(api, name)
    raise AttributeError(f"module 'ava' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
