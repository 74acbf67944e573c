"""The page that says how a run over a catalog ended."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from ava.review.pages import render_page

_ORDER = ("failed", "stopped", "partial", "done", "skipped")


@dataclass(frozen=True)
class TitleView:
    """One title.

    Attributes
    ----------
    title_id, status, reason, hint : str
        Which one, how it ended, why, and what to do.
    seconds : float
        How long it was worked on.
    n_frames : int
        Frames looked at.
    memory_mib : float
        Most memory it had.
    sheet : str
        Its contact sheet, from the page; empty where there is none.
    """

    title_id: str
    status: str
    reason: str
    hint: str
    seconds: float
    n_frames: int
    memory_mib: float
    sheet: str


@dataclass(frozen=True)
class GroupView:
    """Titles that ended in one way.

    Attributes
    ----------
    status : str
        How.
    titles : tuple of TitleView
        In the order of the catalog.
    """

    status: str
    titles: tuple[TitleView, ...]

    @property
    def is_whole(self) -> bool:
        """Whether their results are there; then their notes are the same for many of them."""
        return self.status not in ("failed", "stopped")

    @property
    def notes(self) -> tuple[tuple[str, int], ...]:
        """What is said of them, and of how many."""
        return tuple(Counter(one.reason for one in self.titles if one.reason).most_common())


@dataclass(frozen=True)
class BatchContext:
    """All that the page shows.

    Attributes
    ----------
    catalog, when, software : str
        Name of the catalog, when the run began, who wrote the page.
    seconds : float
        Wall time.
    titles : tuple of TitleView
        In the order of the catalog; the page shows those that need a person first.
    """

    catalog: str
    when: str
    seconds: float
    titles: tuple[TitleView, ...]
    software: str

    @property
    def groups(self) -> tuple[GroupView, ...]:
        """Titles by status, those that need a person first."""
        groups = (
            GroupView(one, tuple(title for title in self.titles if title.status == one))
            for one in _ORDER
        )
        return tuple(group for group in groups if group.titles)


def batch_page(context: BatchContext) -> str:
    """The page as text."""
    return render_page("batch.html.jinja", ("batch.css",), batch=context)
