"""One page over all titles of a library: a picture of each, what people decided, and its sheet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from ava.core.errors import ConfigError, StoreError
from ava.core.media_time import clock
from ava.review.pages import render_page, static
from ava.store.atomic import write_atomic
from ava.store.decisions import DECISIONS, read_decisions, standing
from ava.store.title_folder import RANKING, SHEET, TITLE, proxy_name, read_json, read_ranking

_N_PICTURES = 4
_READ = (TITLE, RANKING, DECISIONS)


@dataclass(frozen=True)
class TitleCard:
    """One title on the overview.

    Attributes
    ----------
    name, sheet : str
        What it is called, and its contact sheet, from the page.
    facts : tuple of str
        Length, candidates, and what kind of source it is, in words.
    pictures : tuple of (str, str)
        The best candidates: path from the page, and what stands for it.
    state : {"undecided", "in work", "done"}
        Done is a title with a verdict on every candidate.
    decided : str
        What people decided, in words.
    """

    name: str
    sheet: str
    facts: tuple[str, ...]
    pictures: tuple[tuple[str, str], ...]
    state: str
    decided: str


@dataclass(frozen=True)
class LibraryContext:
    """The whole page.

    Attributes
    ----------
    name : str
        Of the library.
    titles : tuple of TitleCard
        In order of their folders.
    problems : tuple of str
        A line on each folder that cannot be shown.
    reviewer : str
        Who is signed in, where a server shows the page; else empty.
    live : str
        Where that server tells what has changed; else empty.
    running : tuple of str
        Titles that are being ranked just now.
    """

    name: str
    titles: tuple[TitleCard, ...]
    problems: tuple[str, ...]
    reviewer: str = ""
    live: str = ""
    running: tuple[str, ...] = ()

    @property
    def progress(self) -> str:
        """How far the library is decided about, in words."""
        counts = Counter(one.state for one in self.titles)
        return ", ".join(f"{counts[state]} {state}" for state in ("done", "in work", "undecided"))


def write_library(library: Path) -> Path:
    """Write ``index.html`` into a library, over all title folders below it.

    Parameters
    ----------
    library : pathlib.Path
        The folder of title folders; episodes inside a season's folder are found on its sheet.

    Raises
    ------
    ConfigError
        When there is no ranked title in it.
    StoreError
        When the page cannot be written.
    """
    context = library_context(library)
    if not context.titles and not context.problems:
        raise ConfigError(f"{library} holds no ranked titles", "rank films into it with -o")
    page = library / SHEET
    write_atomic(page, render_library(context).encode("utf-8"))
    return page


def library_context(library: Path) -> LibraryContext:
    """Everything the page shows, read from the title folders of a library."""
    titles, problems = [], []
    for path in sorted(library.glob(f"*/{TITLE}")):
        folder = path.parent
        if folder.name.startswith(".") or not (folder / RANKING).is_file():
            continue
        try:
            titles.append(_card(folder, *(_changed(folder / name) for name in _READ)))
        except (ConfigError, StoreError) as error:
            problems.append(f"{folder.name}: {error.message}")
    return LibraryContext(library.resolve().name, tuple(titles), tuple(problems))


def render_library(context: LibraryContext) -> str:
    """The page as text."""
    styles = ("sheet.css", "library.css")
    return render_page("library.html.jinja", styles, library=context, js=static("library.js"))


def _changed(path: Path) -> int:
    return path.stat().st_mtime_ns if path.is_file() else 0


@lru_cache(maxsize=10_000)
def _card(folder: Path, *_when: int) -> TitleCard:
    """The card of a title, read anew when one of `_READ` has changed."""
    facts, ranking = read_json(folder / TITLE), read_ranking(folder)
    source = facts["source"]
    n_candidates = len(ranking.candidates)
    told = [f"{n_candidates} candidate{'' if n_candidates == 1 else 's'}"]
    if source["kind"] == "stills":
        told.insert(0, "pictures")
    elif facts["scanned_seconds"]:
        told.insert(0, clock(facts["scanned_seconds"])[:-4])
    pictures = tuple(
        (f"{folder.name}/{proxy_name(one.frame_id)}", f"Candidate {one.rank} at {one.label}")
        for one in ranking.candidates[:_N_PICTURES]
    )
    state, decided = _decided(folder, {one.frame_id for one in ranking.candidates})
    sheet = f"{folder.name}/{SHEET}"
    return TitleCard(facts["title"], sheet, tuple(told), pictures, state, decided)


def _decided(folder: Path, candidates: set[int]) -> tuple[str, str]:
    path = folder / DECISIONS
    if not path.is_file():
        return "undecided", "nobody has decided yet"
    said = [one for one in standing(read_decisions(path).decisions) if one.verdict is not None]
    if not said:
        return "undecided", "nobody has decided yet"
    words = {"keep": "kept", "maybe": "maybe", "reject": "rejected"}
    counts = Counter(words[one.verdict] for one in said if one.verdict is not None)
    told = ", ".join(f"{counts[word]} {word}" for word in words.values() if counts[word])
    people = sorted({one.by for one in said if one.by})
    by = f" by {', '.join(people)}" if people else ""
    is_done = candidates <= {one.frame_id for one in said}
    return ("done" if is_done else "in work"), told + by
