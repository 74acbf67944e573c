"""``ava learn``."""

from __future__ import annotations

import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ava.cli.options import CONFIG, JSON, SET, settings_from
from ava.cli.output import print_json, show_table

if TYPE_CHECKING:
    from ava.learning import Lesson

_N_SHOWN = 12


def learn(
    sources: list[Path] = typer.Argument(
        ..., metavar="DECISIONS…", help="Title folders with a decisions.json, or such files."
    ),
    out: Path = typer.Option(Path("taste.toml"), "--out", "-o", help="The file to write."),
    library: Path | None = typer.Option(
        None, "--library", metavar="DIR", help="Where the titles of loose decisions files are."
    ),
    deep: bool = typer.Option(
        False, "--deep", help="A small network, for likings that no sum of columns can say."
    ),
    profile: str | None = typer.Option(
        None, "--profile", help="Weights to compare with: a name, or a TOML file."
    ),
    as_json: bool = JSON,
    assignments: list[str] = SET,
    config: Path | None = CONFIG,
) -> None:
    """Learn the taste of the house from keeps and rejects, and say whether it is any better."""
    settings = settings_from(config, assignments, {"ranking.profile": profile})
    from ava.learning import learn_taste
    from ava.scoring.registry import installed

    registry = installed(settings.scoring.on_request)
    lesson = learn_taste(sources, out, library, settings, registry, deep)
    if as_json:
        print_json(_document(lesson))
        return
    for note in lesson.notes:
        sys.stderr.write(f"Note: {note}\n")
    _tell(lesson)


def _document(lesson: Lesson) -> dict[str, Any]:
    return {
        "file": str(lesson.path),
        "name": lesson.profile.name,
        "weights": dict(lesson.profile.weights),
        "learned": asdict(lesson.learned),
        "notes": list(lesson.notes),
    }


def _tell(lesson: Lesson) -> None:
    learned, weights = lesson.learned, lesson.profile.weights
    typer.echo(f"{lesson.profile.about} They make {learned.n_pairs:,} pairs.")
    if learned.held_out == "shots":
        typer.echo("With one title only its shots could be held out: another title may differ.")
    show_table(
        ["Held-out pairs in the right order", ""],
        [
            [str(lesson.path), f"{100 * learned.accuracy:.1f} %"],
            [f"profile {learned.profile}", f"{100 * learned.profile_accuracy:.1f} %"],
            [
                "gain (95 % interval)",
                f"{100 * learned.gain:+.1f} points ({100 * learned.gain_low:+.1f} to "
                f"{100 * learned.gain_high:+.1f})",
            ],
            ["stated probabilities are off by", f"{100 * learned.calibration:.1f} points"],
        ],
    )
    if lesson.profile.network is None:
        rows = [[name, f"{weight:+.1f}"] for name, weight in list(weights.items())[:_N_SHOWN]]
        show_table(["Heaviest columns", "Weight"], rows)
    if learned.better:
        typer.echo(f"It is better: ava rank FILM --taste {lesson.path}")
    else:
        typer.echo(f"It is not surely better than {learned.profile}: ava rank refuses it.")
