"""``ava catalog``: look after a catalog and its library."""

from __future__ import annotations

from pathlib import Path

import typer

from ava.cli.batch import LIBRARY
from ava.cli.batch_output import clock_words
from ava.cli.options import CATALOG, CONFIG, JSON, ROWS, SET, settings_from
from ava.cli.output import print_json, show_table
from ava.core.errors import CatalogError

FOLDER = typer.Argument(
    ..., metavar="LIBRARY", help="The folder of title folders, here or at s3:// or gs://."
)


def check(
    catalog: str = CATALOG,
    table: str = ROWS,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
    as_json: bool = JSON,
) -> None:
    """Say what is wrong with a catalog, by line; nothing is decoded."""
    settings = settings_from(config, assignments, {})
    from ava.catalog.checking import missing_sources
    from ava.catalog.titles import read_catalog

    found = read_catalog(catalog, settings, table)
    problems = sorted([*found.problems, *missing_sources(found)], key=lambda one: one.line)
    if as_json:
        print_json(
            {
                "n_titles": len(found.titles),
                "problems": [
                    {"line": one.line, "title_id": one.title_id, "message": one.message}
                    for one in problems
                ],
            }
        )
    else:
        if problems:
            rows = [[str(one.line), one.title_id, one.message] for one in problems]
            show_table(["Line", "Title", "Problem"], rows)
        n_rows = len(found.titles) + len(found.problems)
        typer.echo(f"{n_rows} titles, {len(problems)} with a problem.")
    if problems:
        raise typer.Exit(CatalogError.exit_code)


def status(library: str = FOLDER, as_json: bool = JSON) -> None:
    """Say what is in a library: titles, failures, who is at work, what is unfinished."""
    from ava.catalog.status import library_status
    from ava.source.remote import located

    found = library_status(located(library))
    if as_json:
        print_json(found.to_json())
        return
    show_table(["What", "How many"], [[name, f"{n:,}"] for name, n in found.counts])
    if found.scored_seconds:
        typer.echo(f"Work in it: {clock_words(found.scored_seconds)}.")
    if found.failures:
        rows = [[one.title_id, one.reason, one.hint] for one in found.failures]
        show_table(["Failed", "Why", "What to do"], rows)


def verify(
    library: str = FOLDER,
    quick: bool = typer.Option(False, "--quick", help="Compare sizes only; read no file."),
    as_json: bool = JSON,
) -> None:
    """Hash every file again, and say what is missing or not as it was written."""
    from ava.catalog.upkeep import verify as verified
    from ava.source.remote import located

    states = verified(located(library), rehash=not quick)
    bad = [one for one in states if one.damaged]
    if as_json:
        print_json(
            [
                {
                    "title": one.name,
                    "manifest": one.has_manifest,
                    "files": one.n_files,
                    "damaged": list(one.damaged),
                }
                for one in states
            ]
        )
    else:
        if bad:
            show_table(["Title", "Damaged"], [[one.name, ", ".join(one.damaged)] for one in bad])
        unknown = sum(1 for one in states if not one.has_manifest)
        n_files = sum(one.n_files for one in states)
        typer.echo(f"{len(states)} titles, {n_files:,} files: {len(bad)} titles are damaged.")
        if unknown:
            typer.echo(f"{unknown} folders have no manifest; nothing can be told of them.")
        if bad:
            typer.echo(
                "ava catalog repair takes the damaged files away; ava batch makes them anew."
            )
    if bad:
        raise typer.Exit(CatalogError.exit_code)


def repair(library: str = FOLDER, as_json: bool = JSON) -> None:
    """Take damaged files away, so that the next ava batch makes them anew."""
    from ava.catalog.upkeep import repair as mended
    from ava.source.remote import located

    states = mended(located(library))
    if as_json:
        print_json([{"title": one.name, "removed": list(one.damaged)} for one in states])
        return
    if states:
        show_table(["Title", "Taken away"], [[one.name, ", ".join(one.damaged)] for one in states])
    typer.echo(f"{len(states)} titles will be made whole by the next ava batch.")


def prune(
    catalog: str = CATALOG,
    library: str = LIBRARY,
    table: str = ROWS,
    remove: bool = typer.Option(False, "--yes", help="Remove it; otherwise it is only listed."),
    with_decisions: bool = typer.Option(
        False, "--with-decisions", help="Folders with people's decisions, too."
    ),
    as_json: bool = JSON,
) -> None:
    """List what the catalog does not name any more and, with --yes, remove it."""
    from ava.catalog.checking import require_whole
    from ava.catalog.titles import read_catalog
    from ava.catalog.upkeep import orphans
    from ava.catalog.upkeep import prune as pruned

    found = read_catalog(catalog, rows=table)
    require_whole(found)
    names = [one.folder_name for one in (*found.titles, *found.seasons)]
    where = Path(library)
    shown = pruned(where, names, with_decisions) if remove else orphans(where, names)
    if as_json:
        print_json([{"path": str(one.path), "why": one.why, "kept": one.is_kept} for one in shown])
        return
    if shown:
        rows = [
            [one.path.name, one.why, "kept" if one.is_kept and not remove else ""] for one in shown
        ]
        show_table(["", "Why", ""], rows)
    done = "were removed" if remove else "may be removed: say --yes"
    n = len(shown) if remove else sum(1 for one in shown if not one.is_kept)
    typer.echo(f"{n} {done}." if n else "Nothing to remove.")
