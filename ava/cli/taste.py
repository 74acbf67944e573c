"""``ava taste``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any, cast

import typer

from ava.cli.options import JSON
from ava.cli.output import print_json, show_table
from ava.core.errors import ConfigError

FOLDER = typer.Argument(Path("taste"), metavar="DIR", help="The folder of the study.")
_SALT_HELP = (
    "Replace profile ids by salted hashes at the door; the salt is in this file, or put there."
)


def simulate(
    folder: Path = FOLDER,
    profiles: int = typer.Option(3000, "--profiles", help="How many profiles."),
    titles: int = typer.Option(24, "--titles", help="How many titles."),
    variants: int = typer.Option(5, "--variants", help="Variants of each title."),
    groups: int = typer.Option(4, "--groups", help="Planted groups, 1 (nobody differs) to 5."),
    impressions: int = typer.Option(140, "--impressions", help="Impressions of each profile."),
    liking: float = typer.Option(1.5, "--liking", help="How strong tastes are, in log-odds."),
    seed: int = typer.Option(0, "--seed", help="The same seed, the same world."),
) -> None:
    """Make a world with planted taste groups: events, artwork and the truth."""
    from ava.taste.simulating import simulate as make
    from ava.taste.simulator import SimulationSettings

    settings = SimulationSettings(
        n_profiles=profiles,
        n_titles=titles,
        n_variants=variants,
        n_groups=groups,
        n_impressions=impressions,
        taste=liking,
        seed=seed,
    )
    typer.echo(f"The world is in {make(folder, settings)}")


def fit(
    folder: Path = FOLDER,
    events: str | None = typer.Option(
        None,
        "--events",
        metavar="FILE|URL",
        help="Parquet, CSV or JSONL, or the address of a database such as postgres://host/db;"
        " DIR/simulated/events.parquet by default.",
    ),
    table: str = typer.Option("events", "--table", help="Table or view of the database."),
    artwork: Path | None = typer.Option(
        None, "--artwork", help="A folder with one of pictures per title, or a library of ava rank."
    ),
    days: float = typer.Option(90.0, "--days", help="How far back plays count."),
    half_life: float = typer.Option(30.0, "--half-life", help="Days after which one counts half."),
    train_share: float = typer.Option(
        0.6, "--train-share", help="Share of the time to learn from; the rest is for judging."
    ),
    method: str = typer.Option(
        "kmeans", "--method", help="How profiles are divided: kmeans, gmm or hdbscan."
    ),
    groups: int | None = typer.Option(None, "--groups", help="How many; chosen by default."),
    k_anonymity: int = typer.Option(20, "--k-anonymity", help="Smaller groups are never shown."),
    min_plays: int = typer.Option(5, "--min-plays", help="Profiles with fewer are in no group."),
    log_profiles: int | None = typer.Option(
        None,
        "--log-profiles",
        min=1,
        help="Assign and judge by so many profiles, drawn by lot: of a database 20,000 by default.",
    ),
    lenient: bool = typer.Option(False, "--lenient", help="Go on without rows that are wrong."),
    pseudonymize: Path | None = typer.Option(
        None, "--pseudonymize", metavar="FILE", help=_SALT_HELP
    ),
    seed: int = typer.Option(0, "--seed", help="The same seed, the same groups."),
    as_json: bool = JSON,
) -> None:
    """Find taste groups in events, or say that there are none."""
    from ava.scoring.registry import installed
    from ava.taste.fitting import FitSettings
    from ava.taste.study import SIMULATED
    from ava.taste.study import fit as find

    settings = FitSettings(
        days=days,
        half_life_days=half_life,
        train_share=train_share,
        method=cast(Any, method),
        n_groups=groups,
        k_anonymity=k_anonymity,
        min_plays=min_plays,
        log_profiles=log_profiles,
        seed=seed,
    )
    study, problems = find(
        folder,
        events or str(folder / SIMULATED / "events.parquet"),
        artwork or folder / SIMULATED / "artwork",
        installed(),
        settings,
        table=table,
        lenient=lenient,
        salt=None if pseudonymize is None else _salt(pseudonymize),
    )
    for one in problems:
        sys.stderr.write(f"Note: left out: {one}\n")
    if as_json:
        hidden = ("leanings", "artwork")
        print_json({key: value for key, value in study.groups.items() if key not in hidden})
        return
    typer.echo(study.groups["verdict"])
    if study.names:
        _show_groups(study)


def _salt(path: Path) -> bytes:
    from ava.store.atomic import store_errors, write_atomic
    from ava.taste.events import new_salt

    with store_errors(path):
        if not path.is_file():
            write_atomic(path, new_salt())
            path.chmod(0o600)
        salt = path.read_bytes()
    if len(salt) < 16:
        raise ConfigError(f"{path} is too short for a salt", "16 bytes or more; or name a new file")
    return salt


def _show_groups(study: Any) -> None:
    from ava.taste.group_words import in_words

    rows = [
        [name, f"{size:,}", f"{cohesion:.2f}", in_words(leaning)]
        for name, size, cohesion, leaning in zip(
            study.names,
            study.groups["sizes"],
            study.groups["cohesion"],
            _arrays(study.groups["leanings"]),
            strict=True,
        )
    ]
    show_table(["Group", "Profiles", "Cohesion", "Plays"], rows)


def _arrays(rows: Any) -> Any:
    import numpy as np

    return np.array(rows)


def assign(folder: Path = FOLDER, as_json: bool = JSON) -> None:
    """Assign artwork to groups where the interval says so, else the title's default."""
    from ava.taste.judging import assign_groups
    from ava.taste.study import ASSIGN

    study, found = assign_groups(folder)
    own = (found.assigned != found.best_single[None]).sum(axis=1)
    if as_json:
        print_json(
            {
                "prior_strength": found.strength,
                "own_artwork": dict(zip(study.names, own.tolist(), strict=True)),
                "lookup": str(folder / ASSIGN / "lookup.json"),
            }
        )
        return
    n_titles = len(study.variants.titles)
    rows = [[name, f"{n} of {n_titles}"] for name, n in zip(study.names, own.tolist(), strict=True)]
    show_table(["Group", "Titles with artwork of its own"], rows)
    typer.echo(f"A service loads {folder / ASSIGN / 'lookup.json'}")


def evaluate(
    folder: Path = FOLDER,
    explore: float = typer.Option(
        0.0, "--explore", help="Share of impressions that learned policies give to chance."
    ),
    as_json: bool = JSON,
) -> None:
    """Judge policies on what came after the split, from the log alone."""
    from ava.taste.judging import evaluate_study

    document = evaluate_study(folder, explore)
    if as_json:
        print_json(document)
        return
    rows = []
    for name, value in document["policies"].items():
        one = value["estimates"]["dr"]
        interval = f"{100 * one['value']:.2f} % ({100 * one['low']:.2f} to {100 * one['high']:.2f})"
        effective = f"{value['diagnostics']['effective']:,.0f}"
        rows.append([name, interval, effective, value["conclusion"]])
    show_table(["Policy", "Take rate, doubly robust", "Effective impressions", ""], rows)


def insights(folder: Path = FOLDER, as_json: bool = JSON) -> None:
    """Say which traits of artwork go with being taken, over all and in each group."""
    from dataclasses import asdict

    from ava.taste.double_ml import causal_effects, not_compared, told_apart
    from ava.taste.insights import trait_effects
    from ava.taste.study import read_study

    study = read_study(folder)
    effects = trait_effects(study.log, study.variants, study.row_group, len(study.names))
    causal = causal_effects(
        study.log, study.variants, study.row_group, study.names,
        study.groups["settings"]["k_anonymity"],
    )  # fmt: skip
    if as_json:
        names = (*study.names, None)
        associations = [
            {**asdict(one), "group": names[-1 if one.group is None else one.group]}
            for one in effects
        ]
        print_json({"associations": associations, "effects": [asdict(one) for one in causal]})
        return
    rows = [
        [
            one.trait.replace("_", " "),
            "all" if one.group is None else study.names[one.group],
            f"{one.ratio:.2f} ({one.low:.2f} to {one.high:.2f})",
            f"{one.e_value:.2f}",
        ]
        for one in effects
    ]
    show_table(["Trait", "Among", "Odds ratio per standard deviation", "E-value"], rows)
    typer.echo("Associations within titles, other traits held fixed; 1 is no effect.\n")
    rows = [
        [
            one.trait.replace("_", " "),
            " ".join((one.part.kind, one.part.name)).strip(),
            f"{one.ratio:.2f} ({one.ratio_low:.2f} to {one.ratio_high:.2f})",
            f"{one.e_value:.2f}",
            f"{100 * one.overlap:.0f} %",
        ]
        for one in told_apart(causal)
    ]
    show_table(["More of", "Among", "Ratio of take rates", "E-value", "Compared"], rows)
    typer.echo(
        "More against less than the title's mean, other things equal (double machine learning); of"
        " parts only those that surely differ from 1."
    )
    left_out = not_compared(causal, study.variants)
    if left_out:
        typer.echo(f"Told by other traits, so nothing can be said: {', '.join(left_out)}.")


def report(
    folder: Path = FOLDER,
    html: Path | None = typer.Option(
        None, "--html", "-o", metavar="FILE", help="The page; DIR/report.html by default."
    ),
) -> None:
    """Write one page: groups, policies with intervals, artwork by title and group."""
    from ava.taste.report import write_report

    typer.echo(f"The page is {write_report(folder, html)}")
