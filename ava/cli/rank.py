"""``ava rank``."""

from __future__ import annotations

from pathlib import Path

import typer

from ava.cli.options import (
    CAST,
    CONFIG,
    FORMAT,
    HDR,
    JSON,
    MATURITY,
    OFFLINE,
    OUT,
    QUIET,
    SCAN,
    SET,
    SHOTS,
    WORKERS,
    settings_from,
)
from ava.cli.titles import each_title, is_new, season
from ava.core.errors import ConfigError


def rank(
    sources: list[str] = typer.Argument(
        ...,
        metavar="VIDEO|DIR…",
        help="Films (also s3://, gs://, https://), folders of stills, or title folders to rank again.",
    ),
    out: Path = OUT,
    top: int | None = typer.Option(None, "--top", "-n", help="Candidates wanted per title."),
    profile: str | None = typer.Option(
        None, "--profile", help="Weights: auto, a name, or a TOML file."
    ),
    taste: Path | None = typer.Option(
        None, "--taste", metavar="TOML", help="Weights that ava learn made, in place of a profile."
    ),
    spoiler_safe: float | None = typer.Option(
        None,
        "--spoiler-safe",
        metavar="SHARE",
        help="Nothing after that share: 0.75 spares the end.",
    ),
    canvas: list[str] = typer.Option(
        [], "--canvas", metavar="NAME", help="Crops for this canvas only: 2:3, poster, or NAME=WxH."
    ),
    need: list[str] = typer.Option(
        [], "--need", metavar="WHAT:N", help="At least so many with it: lead:2, wide:3, anna:1."
    ),
    at_most: list[str] = typer.Option(
        [],
        "--at-most",
        metavar="per-WHAT=N",
        help="No more than that: per-shot=1, per-character=3.",
    ),
    still_format: str | None = FORMAT,
    hdr: bool | None = HDR,
    maturity: bool | None = MATURITY,
    shots: str | None = SHOTS,
    cast: Path | None = CAST,
    as_season: str | None = typer.Option(
        None, "--as-season", metavar="NAME", help="One set over all episodes, and one for each."
    ),
    open_sheet: bool = typer.Option(False, "--open", help="Open the contact sheet in a browser."),
    scan: str | None = SCAN,
    workers: int | None = WORKERS,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
    as_json: bool = JSON,
    quiet: bool = QUIET,
    offline: bool = OFFLINE,
) -> None:
    """Rank the frames of a film: stills of the best, and a contact sheet with the reasons."""
    if workers != 0 and is_new(sources[0], out):
        from ava.scoring.processes import start_one  # here: no other command needs it

        start_one()  # it loads while this process does
    named = {
        "scan.frames": scan,
        "ranking.top": top,
        "ranking.profile": profile if taste is None else _taste(taste, profile),
        "ranking.gates.spoiler_safe": spoiler_safe,
        "ranking.canvases.names": canvas or None,
        "ranking.diversity.need": need or None,
        "ranking.diversity.at_most": at_most or None,
        "stills.format": still_format,
        "stills.hdr": hdr,
        "scan.shots": shots,
        "scoring.on_request": ["maturity"] if maturity else None,
        "cast.names": None if cast is None else str(cast),
    }
    settings = settings_from(config, assignments, named)
    from ava.pipeline import rank_title

    if as_season is not None:
        folders = [season(sources, out, as_season, settings, as_json, quiet, offline, workers)]
    else:
        results = each_title(sources, out, settings, as_json, quiet, offline, rank_title, workers)
        folders = [one.folder for one in results]
    if open_sheet and not as_json:
        import webbrowser

        for folder in folders:
            webbrowser.open((folder / "index.html").resolve().as_uri())


def _taste(path: Path, profile: str | None) -> str:
    """The path of a learned taste, when it may be used."""
    if profile is not None:
        raise ConfigError(
            "--taste and --profile both say what counts", "a taste is a profile: give one of them"
        )
    from ava.ranking.profiles import load_profile

    if not path.is_file():
        raise ConfigError(f"there is no taste at {path}", "make one with ava learn")
    if load_profile(str(path)).learned is None:
        raise ConfigError(
            f"{path} was not learned: it has no table [learned]", f"rank with --profile {path}"
        )
    return str(path)
