"""Weight profiles: which columns count, and how much."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from ava.core.errors import ConfigError
from ava.ranking.watch_outs import WatchOut, read_watch_outs

_FOLDER = Path(__file__).parent / "profiles"


@dataclass(frozen=True)
class Profile:
    """A named set of weights.

    Attributes
    ----------
    name : str
        Its name.
    about : str
        For which title it is.
    weights : mapping of str to float
        By column name, positive; only their proportions matter.
    watch_outs : mapping of str to WatchOut
        What lowers a frame, by column name, in the order in which it is taken off.
    because : str
        Why it was taken, where nobody named it.
    """

    name: str
    about: str
    weights: Mapping[str, float]
    watch_outs: Mapping[str, WatchOut] = field(default_factory=dict)
    because: str = ""

    def __post_init__(self) -> None:
        if not self.weights:
            raise ConfigError(f"profile {self.name} has no weights")
        for column, weight in self.weights.items():
            if isinstance(weight, bool) or not isinstance(weight, int | float) or not weight > 0:
                raise ConfigError(
                    f"profile {self.name}: the weight of {column} must be a positive number",
                    "leave out what should not count",
                )


def built_in() -> list[str]:
    """Names of the profiles that come with ava."""
    return sorted(path.stem for path in _FOLDER.glob("*.toml"))


def load_profile(name_or_path: str, based_on_it: tuple[str, ...] = ()) -> Profile:
    """A built-in profile by name, or one's own by the path of a TOML file.

    A file may build on another profile with ``based_on``: what it weighs goes before, and a weight
    of 0 takes a column out.

    Raises
    ------
    ConfigError
        When there is no such profile or the file is not one.
    """
    path = _FOLDER / f"{name_or_path}.toml"
    if not path.is_file():
        path = Path(name_or_path)
    if not path.is_file():
        raise ConfigError(
            f"no profile {name_or_path!r}",
            f"name one of {', '.join(built_in())}, or the path of a TOML file",
        )
    try:
        facts = tomllib.loads(path.read_text("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path} is not valid TOML: {error}") from error
    unknown = sorted(set(facts) - {"name", "about", "based_on", "weights", "watch_outs"})
    if unknown or not isinstance(facts.get("weights"), dict):
        raise ConfigError(
            f"{path} is not a profile" + (f": unknown key {unknown[0]}" if unknown else ""),
            "it holds name, about and a table [weights] of columns and numbers",
        )
    weights, watch_outs = facts["weights"], read_watch_outs(facts.get("watch_outs", {}), str(path))
    if "based_on" in facts:
        if str(path) in based_on_it:
            raise ConfigError(f"profile {path} is based on itself")
        base = load_profile(str(facts["based_on"]), (*based_on_it, str(path)))
        weights = {**base.weights, **weights}
        weights = {name: weight for name, weight in weights.items() if weight != 0}
        watch_outs = {**base.watch_outs, **watch_outs}
    return Profile(
        str(facts.get("name", path.stem)),
        str(facts.get("about", "")),
        weights,
        watch_outs,
    )
