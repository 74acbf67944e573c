"""Runs a job over titles and tells how each ended."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ava.cli.output import DEBUG, fail, print_json, progress_bar, show_table
from ava.core.errors import AvaError

if TYPE_CHECKING:
    from ava.pipeline import TitleResult
    from ava.settings import Settings


def each_title(
    sources: list[str],
    out: Path,
    settings: Settings,
    as_json: bool,
    quiet: bool,
    offline: bool,
    work: Callable[..., TitleResult],
    n_workers: int | None = None,
) -> list[TitleResult]:
    """Do the titles one after the other; one that fails does not stop the others."""
    from ava.scoring.contract import Runtime
    from ava.source.remote import located

    done: list[TitleResult] = []
    documents: list[dict[str, Any]] = []
    failed: list[AvaError] = []
    for source in sources:
        try:
            film = located(source)
            with progress_bar(film.name, quiet or as_json) as on_progress:
                runtime = Runtime(
                    may_download=not offline,
                    on_progress=on_progress,
                    n_workers=_workers() if n_workers is None else n_workers,
                )
                result = work(film, out, settings, runtime, on_progress)
        except AvaError as error:
            if DEBUG:
                raise
            failed.append(error)
            fail(error)
            documents.append({"source": source, "error": error.message, "hint": error.hint})
            continue
        done.append(result)
        documents.append({"source": source, **_document(result)})
        if not as_json and not quiet:
            _summarize(result)
    if as_json:
        print_json(documents)
    if failed:
        raise typer.Exit(failed[0].exit_code)
    return done


def is_new(source: str, out: Path) -> bool:
    """Whether a film has no folder below `out` yet, by its name: nothing is opened for that."""
    from ava.core.file_names import file_safe

    path = Path(source)
    return (path.is_file() or "://" in source) and not (out / file_safe(path.stem)).exists()


def _workers() -> int:
    """How many processes score: more than two are no quicker than the scan that they wait for."""
    return min(2, os.cpu_count() or 1)


def season(
    sources: list[str],
    out: Path,
    name: str,
    settings: Settings,
    as_json: bool,
    quiet: bool,
    offline: bool,
    n_workers: int | None = None,
) -> Path:
    """Rank every episode, and then all together; one that fails leaves the season unranked."""
    from ava.pipeline import TitleResult, rank_title
    from ava.scoring.contract import Runtime
    from ava.season import rank_season

    alone = each_title(sources, out, settings, False, True, offline, rank_title, n_workers)
    folders = [one.folder for one in alone]
    with progress_bar(name, quiet or as_json) as on_progress:
        runtime = Runtime(may_download=not offline, on_progress=on_progress)
        result = rank_season(folders, out, name, settings, runtime, on_progress)
    n_frames = sum(one.n_frames for one in alone)
    problems = tuple(dict.fromkeys(line for one in alone for line in one.problems))
    whole = TitleResult(result.folder, result.ranking, n_frames, problems, result.seconds)
    if as_json:
        episodes = [_document(one) for one in result.episodes]
        print_json({"season": _document(whole), "episodes": episodes})
    elif not quiet:
        _summarize(whole)
        for one in result.episodes:
            typer.echo(f"Contact sheet: {one.folder / 'index.html'}")
    return result.folder


def _document(result: TitleResult) -> dict[str, Any]:
    document: dict[str, Any] = {
        "folder": str(result.folder),
        "frames_looked_at": result.n_frames,
        "seconds": round(result.seconds, 3),
        "problems": list(result.problems),
    }
    if result.ranking is not None:
        document["sheet"] = str(result.folder / "index.html")
        document["ranking"] = result.ranking.to_json()
    return document


def _summarize(result: TitleResult) -> None:
    for problem in result.problems:
        sys.stderr.write(f"Note: {problem}\n")
    ranking = result.ranking
    if ranking is None:
        n_stills = sum(1 for _ in (result.folder / "stills").iterdir())
        typer.echo(f"{n_stills} stills and their tables are in {result.folder}")
        return
    show_table(
        ["", "Time", "Utility", "Why"],
        [
            [str(one.rank), one.label, f"{100 * one.utility:.0f}", " ".join(one.reasons)]
            for one in ranking.candidates
        ],
    )
    for note in ranking.notes:
        typer.echo(note)
    looked = f"{result.n_frames:,} frames" if result.n_frames else "scores of an earlier run"
    typer.echo(f"From {looked} in {result.seconds:.1f} s.")
    typer.echo(f"Contact sheet: {result.folder / 'index.html'}")
