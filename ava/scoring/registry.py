"""Finds the scorers that are installed, ours and strangers', by entry point."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import entry_points

from ava.core.errors import ConfigError, ScorerError
from ava.scoring.contract import Analyser, Column, Provider, Scorer

GROUP = "ava.scorers"


@dataclass(frozen=True)
class Registry:
    """All installed scorers and analysers, in a fixed order.

    Attributes
    ----------
    scorers : tuple of type
        Scorer classes; no two share a name or a column.
    analysers : tuple of type
        Analyser classes; no two yield the same kind.
    on_request : tuple of type
        Scorer classes that are there and were not asked for.
    """

    scorers: tuple[type[Scorer], ...]
    analysers: tuple[type[Analyser], ...]
    on_request: tuple[type[Scorer], ...] = ()

    def __post_init__(self) -> None:
        _refuse_twins("scorer", [scorer.card.name for scorer in self.scorers])
        _refuse_twins("column", [column.name for column in self.columns])
        _refuse_twins("analysis", [one.card.yields.__name__ for one in self.analysers])
        offered = {analyser.card.yields for analyser in self.analysers}
        for scorer in self.scorers:
            for need in scorer.card.needs:
                if need not in offered:
                    raise ScorerError(
                        f"scorer {scorer.card.name} needs {need.__name__}, which nobody offers",
                        "install the package with its analyser",
                    )

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns of all scorers, in order."""
        return tuple(column for scorer in self.scorers for column in scorer.card.columns)

    @property
    def ids(self) -> tuple[str, ...]:
        """Fingerprints of everything that gives numbers."""
        return tuple(
            [analyser.card.analyser_id for analyser in self.analysers]
            + [scorer.card.scorer_id for scorer in self.scorers]
        )


def _refuse_twins(what: str, names: list[str]) -> None:
    twins = sorted({name for name in names if names.count(name) > 1})
    if twins:
        raise ScorerError(
            f"{what} {', '.join(twins)} is offered twice", "uninstall one of the packages"
        )


@dataclass(frozen=True)
class ScoringSettings:
    """What is scored.

    Attributes
    ----------
    on_request : tuple of str
        Names of scorers that only run where they are asked for, such as "maturity".
    """

    on_request: tuple[str, ...] = ()


def installed(on_request: Sequence[str] = ()) -> Registry:
    """Load every provider under the entry point group ``ava.scorers``.

    Parameters
    ----------
    on_request : sequence of str
        Names of the scorers to run, too, that only run where they are asked for.

    Raises
    ------
    ScorerError
        When a package offers something else than a `Provider`, cannot be imported, or clashes.
    ConfigError
        When nobody offers a scorer that was asked for.
    """
    scorers: list[type[Scorer]] = []
    analysers: list[type[Analyser]] = []
    offered: dict[str, type[Scorer]] = {}
    for entry in sorted(entry_points(group=GROUP), key=lambda entry: (entry.name, entry.value)):
        try:
            provider = entry.load()
        except Exception as error:  # whatever a stranger's module raises while it is imported
            raise ScorerError(
                f"scorers of {entry.value} cannot be imported: {error}", "mend or uninstall it"
            ) from error
        if not isinstance(provider, Provider):
            raise ScorerError(f"{entry.value} is not an ava.scoring.contract.Provider")
        scorers += provider.scorers
        analysers += provider.analysers
        offered |= {scorer.card.name: scorer for scorer in provider.on_request}
    if not scorers:
        raise ScorerError("no scorers are installed", "install ava again")
    for name in dict.fromkeys(on_request):
        if name not in offered:
            raise ConfigError(
                f"no scorer {name!r} is offered on request",
                f"there are: {', '.join(sorted(offered)) or 'none'}",
            )
        scorers.append(offered.pop(name))
    return Registry(tuple(scorers), tuple(analysers), tuple(offered.values()))
