"""Titles that people decided about, found by their decisions files."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ava.core.errors import ConfigError
from ava.store.decisions import DECISIONS, Decision, Decisions, read_decisions, standing
from ava.store.title_folder import TITLE, Title, is_title_folder, read_json, read_title


@dataclass(frozen=True)
class JudgedTitle:
    """A scored title, and what counts of what people decided about it.

    Attributes
    ----------
    folder : pathlib.Path
        The title folder.
    content_id : str
        Fingerprint of the film.
    title : Title
        What the folder holds.
    decisions : tuple of Decision
        The last one of every person on every frame.
    """

    folder: Path
    content_id: str
    title: Title
    decisions: tuple[Decision, ...]


def judged_titles(sources: Sequence[Path], library: Path | None) -> list[JudgedTitle]:
    """Read decisions, and the titles that they are about.

    Parameters
    ----------
    sources : sequence of pathlib.Path
        Title folders with a ``decisions.json``, and decisions files: inside a title folder, or
        anywhere. Several may be about one title.
    library : pathlib.Path or None
        Folder whose title folders are searched for those of loose files.

    Raises
    ------
    ConfigError
        When there is no such file, one is wrong, or its title is not found.
    StoreError
        When a title folder is damaged.
    """
    shelf: dict[str, Path] | None = None
    found: dict[Path, list[Decision]] = {}
    for source in sources:
        path = source / DECISIONS if source.is_dir() else source
        if source.is_dir() and not is_title_folder(source):
            raise ConfigError(f"{source} is not a title folder", "rank its film first (ava rank)")
        decided = read_decisions(path)
        folder = path.parent
        if not is_title_folder(folder) or content_id_of(folder) != decided.content_id:
            if shelf is None:
                shelf = title_shelf(library)
            folder = _folder_of(path, decided, shelf, library)
        found.setdefault(folder.resolve(), []).extend(decided.decisions)
    return [
        JudgedTitle(folder, content_id_of(folder), read_title(folder), standing(decisions))
        for folder, decisions in found.items()
    ]


def content_id_of(folder: Path) -> str:
    """Fingerprint of the film of a title folder."""
    return str(read_json(folder / TITLE)["source"]["content_id"])


def title_shelf(library: Path | None) -> dict[str, Path]:
    """Title folders below a library by the film's fingerprint."""
    if library is None:
        return {}
    folders = [path.parent for path in sorted(library.rglob(TITLE))]
    return {content_id_of(folder): folder for folder in reversed(folders)}


def _folder_of(
    path: Path, decided: Decisions, shelf: dict[str, Path], library: Path | None
) -> Path:
    if decided.content_id in shelf:
        return shelf[decided.content_id]
    about = f"{path} is about {decided.title} ({decided.content_id[:8]})"
    if library is None:
        raise ConfigError(
            f"{about}, and does not lie in its title folder",
            "say where the ranked titles are: --library DIR",
        )
    raise ConfigError(f"{about}, which is not among the titles under {library}", "rank it first")
