"""``ava cast``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ava.cli.options import CAST, CONFIG, JSON, OFFLINE, OUT, QUIET, SET, settings_from
from ava.cli.output import print_json, show_table
from ava.cli.titles import each_title

if TYPE_CHECKING:
    from ava.casting import SeasonCharacter


def cast(
    sources: list[Path] = typer.Argument(
        ...,
        metavar="VIDEO|DIR…",
        help="Films or title folders; several are episodes of one season.",
    ),
    out: Path = OUT,
    names: Path | None = CAST,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    offline: bool = OFFLINE,
) -> None:
    """Say who is in a film: characters found among its faces, leads first, with portraits.

    A film that has not been ranked yet is, and a title folder is ranked again: its sheet shows the
    cast. Several titles are matched with each other.
    """
    named = {"cast.names": None if names is None else str(names)}
    settings = settings_from(config, assignments, named)
    from ava.casting import season_cast
    from ava.pipeline import rank_title
    from ava.store.cast_files import read_cast

    results = each_title(
        [str(one) for one in sources], out, settings, False, True, offline, rank_title
    )
    folders = [result.folder for result in results]
    casts = {str(folder): read_cast(folder)["characters"] for folder in folders}
    season = season_cast(folders, settings.cast) if len(folders) > 1 else []
    if as_json:
        print_json({"titles": casts, "season": [_plain(one) for one in season]})
        return
    if quiet:
        return
    for folder, characters in casts.items():
        show_table(
            ["", "Name", "Role", "Of the film", "Shots", "Faces", "Portrait"],
            [_row(one) for one in characters if one["role"] != "extra"],
            title=folder,
        )
        n_extras = sum(one["role"] == "extra" for one in characters)
        typer.echo(f"And {n_extras} seen in passing." if characters else "No face was told apart.")
    if season:
        show_table(
            ["Name", "Seen for", "In"],
            [[one.name or "-", f"{one.screen_seconds:.0f} s", _places(one)] for one in season],
            title="Over all titles",
        )


def _row(one: dict[str, Any]) -> list[str]:
    share = f"{one['screen_share']:.0%}"
    counts = [str(one["n_shots"]), str(one["n_faces"])]
    return [one["key"], one["name"] or "-", one["role"], share, *counts, one["portrait"]]


def _places(one: SeasonCharacter) -> str:
    return ", ".join(f"{title} ({key})" for title, key in one.keys.items())


def _plain(one: SeasonCharacter) -> dict[str, Any]:
    return {"name": one.name, "keys": one.keys, "screen_seconds": round(one.screen_seconds, 2)}
