"""``ava decisions``: join what people decided, and hand it on."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import typer

from ava.cli.options import JSON
from ava.cli.output import print_json, show_table
from ava.core.errors import ConfigError

if TYPE_CHECKING:
    from ava.store.decisions import Decision, Decisions

FILES = typer.Argument(..., metavar="FILES…", help="Decisions as JSON or CSV.")
FORMATS = ("json", "csv", "edl", "otio", "fcpxml", "zip")


def import_(
    files: list[Path] = FILES,
    to: Path | None = typer.Option(None, "--to", metavar="DIR", help="The title folder."),
    library: Path | None = typer.Option(
        None, "--library", metavar="DIR", help="The folder in which all title folders are."
    ),
    as_json: bool = JSON,
) -> None:
    """Join decisions with those in their title folders, and say where people do not agree."""
    if (to is None) == (library is None):
        raise ConfigError("say where the titles are", "with --to DIR for one, or --library DIR")
    from ava.deciding import import_decisions

    results = import_decisions(files, to, library)
    if as_json:
        print_json(
            [
                {
                    "folder": str(one.folder),
                    "new": one.n_new,
                    "conflicts": _conflicts([one.decisions]),
                }
                for one in results
            ]
        )
        return
    for one in results:
        typer.echo(f"{one.folder}: {one.n_new} new of {len(one.decisions.decisions)} decisions")
    _tell_conflicts([one.decisions for one in results])


def merge(
    files: list[Path] = FILES,
    out: Path = typer.Option(..., "--out", "-o", help="The JSON file to write."),
    as_json: bool = JSON,
) -> None:
    """Join the decisions of several people about one title in one file."""
    from ava.deciding import merged, read_any
    from ava.store.decisions import write_decisions

    joined = merged([one for file in files for one in read_any(file)])
    write_decisions(out, joined)
    if as_json:
        print_json({"file": str(out), "conflicts": _conflicts([joined])})
        return
    typer.echo(f"{out}: {len(joined.decisions)} decisions about {joined.title}")
    _tell_conflicts([joined])


def export(
    folders: list[Path] = typer.Argument(..., metavar="DIR…", help="Title folders."),
    out: Path = typer.Option(..., "--out", "-o", help="The file to write."),
    kind: str | None = typer.Option(
        None, "--format", help=f"{', '.join(FORMATS)}; by the ending of the file by default."
    ),
) -> None:
    """Write decisions as json or csv, or the kept frames as edl, otio, fcpxml, or a zip of stills."""
    kind = kind or out.suffix.removeprefix(".").lower()
    if kind not in FORMATS:
        raise ConfigError(f"there is no format {kind!r}", f"use --format {', '.join(FORMATS)}")
    if kind != "csv" and len(folders) > 1:
        raise ConfigError(f"{kind} holds one title", "name one folder, or write csv")
    decided = [_decided(folder) for folder in folders]
    if kind == "csv":
        from ava.store.atomic import write_atomic
        from ava.store.decisions_csv import to_csv

        write_atomic(out, to_csv(*decided).encode("utf-8"))
        n_written = sum(len(one.decisions) for one in decided)
        typer.echo(f"{out}: {n_written} decisions")
    elif kind == "json":
        from ava.store.decisions import write_decisions

        write_decisions(out, decided[0])
        typer.echo(f"{out}: {len(decided[0].decisions)} decisions")
    else:
        typer.echo(f"{out}: {_hand_on(out, folders[0], decided[0], kind)} kept frames")


def _hand_on(out: Path, folder: Path, decided: Decisions, kind: str) -> int:
    from ava.deciding import kept

    frames: tuple[Decision, ...] = kept(decided)
    if not frames:
        raise ConfigError(f"nothing is kept of {decided.title}", "keep frames in its contact sheet")
    if kind == "zip":
        from ava.cli.options import settings_from
        from ava.keeping import write_stills_zip

        return write_stills_zip(out, folder, frames, settings_from(None, [], {}))
    from ava.store.title_folder import read_title
    from ava.timelines import write_timeline

    write_timeline(out, read_title(folder), frames, kind)
    return len(frames)


def _decided(folder: Path) -> Decisions:
    from ava.keeping import decided_about

    decided = decided_about(folder)
    if decided is None:
        raise ConfigError(
            f"nobody has decided about {folder} yet",
            "save decisions.json from its contact sheet, then ava decisions import",
        )
    return decided


def _conflicts(several: list[Decisions]) -> list[dict[str, object]]:
    from ava.deciding import conflicts

    return [asdict(one) for decided in several for one in conflicts(decided)]


def _tell_conflicts(several: list[Decisions]) -> None:
    from ava.deciding import conflicts

    found = [one for decided in several for one in conflicts(decided)]
    if not found:
        typer.echo("Nobody contradicts another.")
        return
    typer.echo(f"{len(found)} frames on which people do not agree:")
    show_table(
        ["Title", "Time", "Who said what, and when"],
        [
            [
                one.title,
                one.label,
                "; ".join(f"{by or '?'}: {what} ({at})" for by, what, at in one.verdicts),
            ]
            for one in found
        ],
    )
