"""``ava diff``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import typer

from ava.cli.options import JSON
from ava.cli.output import print_json, show_table

if TYPE_CHECKING:
    from ava.ranking.diff import FrameChange, Moved, RankingDiff

_N_MOVED = 2  # columns named for a frame; --json has them all
_N_WEIGHTS = 8


def diff(
    before: Path = typer.Argument(..., metavar="DIR_A", help="A title folder that was ranked."),
    after: Path = typer.Argument(..., metavar="DIR_B", help="Another of the same film."),
    as_json: bool = JSON,
) -> None:
    """Say what changed between two rankings of one film, and why.

    It is a report: the exit code is 0 whether they differ or not.
    """
    from ava.diffing import diff_titles

    found = diff_titles(before, after)
    if as_json:
        print_json(found.to_json())
        return
    _show(found)


def _show(found: RankingDiff) -> None:
    for note in found.notes:
        typer.echo(f"Note: {note}")
    if found.same:
        typer.echo(f"Nothing changed: {_count(len(found.stayed), 'candidate')}.")
        return
    typer.echo(
        f"{_count(len(found.stayed), 'candidate')} stayed, {len(found.went_out)} went out, "
        f"{len(found.came_in)} came in."
    )
    if found.same_candidates:
        typer.echo("The candidates are the same, with the same ranks and utilities.")
    _show_causes(found)
    _show_crossed("Went out", found.went_out, "was", "now")
    _show_crossed("Came in", found.came_in, "is", "before")
    _show_stayed(found.stayed)


def _show_causes(found: RankingDiff) -> None:
    named = [f"profile {_text(one.before)} → {_text(one.after)}" for one in _some(found.profile)]
    named += [f"{one.name}: {_text(one.before)} → {_text(one.after)}" for one in found.settings]
    named += [f"{one.name}: {_text(one.before)} → {_text(one.after)}" for one in found.made_with]
    named += [f"scorer gone: {one}" for one in found.scorers_gone]
    named += [f"scorer new: {one}" for one in found.scorers_new]
    named += [f"frames scored: {one.before} → {one.after}" for one in _some(found.n_shortlisted)]
    _show_list("Made with", named)
    weights = [
        f"{one.name} {100 * one.before:.1f} → {100 * one.after:.1f} %"
        for one in found.weights[:_N_WEIGHTS]
    ]
    if len(found.weights) > _N_WEIGHTS:
        weights.append(f"and {len(found.weights) - _N_WEIGHTS} others")
    _show_list("Weights", weights)
    gates = [f"{one.gate}: {one.before} → {one.after} ({one.about})" for one in found.gates]
    _show_list("Frames dropped", gates)


def _show_list(title: str, lines: list[str]) -> None:
    if lines:
        typer.echo(f"\n{title}")
    for line in lines:
        typer.echo(f"  {line}")


def _show_crossed(title: str, frames: tuple[FrameChange, ...], here: str, there: str) -> None:
    """Frames that only one of the rankings has; `here` and `there` say when."""
    if frames:
        typer.echo(f"\n{title}")
    for one in frames:
        rank = one.rank_before or one.rank_after
        other = one.after if one.rank_after is None else one.before
        typer.echo(f"  {one.label}  {here} candidate {rank}; {there} {other.because}")
        if one.moved and one.before.utility is not None and one.after.utility is not None:
            utility = f"{100 * one.before.utility:.1f} → {100 * one.after.utility:.1f}"
            typer.echo(f"    utility {utility}: {_moved(one.moved)}")


def _show_stayed(frames: tuple[FrameChange, ...]) -> None:
    changed = [one for one in frames if not one.unchanged]
    if not changed:
        return
    typer.echo(
        "\nStayed" + (f" ({len(frames) - len(changed)} unchanged)" * (len(frames) > len(changed)))
    )
    show_table(
        ["Rank", "Frame", "Utility", "What moved it most"],
        [
            [
                f"{one.rank_before} → {one.rank_after}",
                one.label,
                f"{100 * (one.before.utility or 0):.1f} → {100 * (one.after.utility or 0):.1f}",
                _moved(one.moved),
            ]
            for one in changed
        ],
    )


def _moved(moved: tuple[Moved, ...]) -> str:
    return ", ".join(
        f"{one.label} {100 * one.change:+.1f} ({_why(one)})" for one in moved[:_N_MOVED]
    )


def _why(one: Moved) -> str:
    """In a few words what moved a column's points."""
    if one.cause == "weight":
        return f"counts {100 * one.weight_before:.1f} → {100 * one.weight_after:.1f} %"
    if one.cause == "value":
        return f"measures {_text(one.value_before)} → {_text(one.value_after)}"
    if one.cause == "watch_out":
        return "a watch-out"
    stands = f"{100 * (one.percentile_before or 0):.0f} → {100 * (one.percentile_after or 0):.0f} %"
    return f"ahead of {stands} of the rest"


def _text(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, float):
        return f"{value:.4g}"
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _some(one: Any) -> list[Any]:
    return [] if one is None else [one]


def _count(n: int, noun: str) -> str:
    return f"{n} {noun}" if n == 1 else f"{n} {noun}s"
