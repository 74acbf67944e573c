"""One page over all titles of a library: a picture of each, what people decided, and its sheet."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from ava.core.errors import ConfigError, StoreError
from ava.core.media_time import clock
from ava.review.pages import render_page, static
from ava.store.atomic import write_atomic
from ava.store.decisions import DECISIONS, read_decisions, standing
from ava.store.title_folder import RANKING, SHEET, TITLE, proxy_name, read_json, read_ranking

_N_PICTURES = 4


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
    """The whole page: the name of the library, its titles, and folders that cannot be shown."""

    name: str
    titles: tuple[TitleCard, ...]
    problems: tuple[str, ...]


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
    titles, problems = [], []
    for path in sorted(library.glob(f"*/{TITLE}")):
        folder = path.parent
        if folder.name.startswith(".") or not (folder / RANKING).is_file():
            continue
        try:
            titles.append(_card(folder))
        except (ConfigError, StoreError) as error:
            problems.append(f"{folder.name}: {error.message}")
    if not titles and not problems:
        raise ConfigError(f"{library} holds no ranked titles", "rank films into it with -o")
    context = LibraryContext(library.resolve().name, tuple(titles), tuple(problems))
    page = library / SHEET
    text = render_page(
        "library.html.jinja", ("sheet.css", "library.css"), library=context, js=static("library.js")
    )
    write_atomic(page, text.encode("utf-8"))
    return page


def _card(folder: Path) -> TitleCard:
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
