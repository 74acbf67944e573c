"""All settings of a run, from dataclasses, a file and the command line.

Later wins: the defaults, then ``ava.toml``, then ``--set section.key=value``, then named options.
What ``[titles.NAME]`` says of a single title goes before them all, since it was meant for it alone.
"""

from __future__ import annotations

import dataclasses
import difflib
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar, get_type_hints

from ava.core.errors import ConfigError
from ava.core.identity import settings_id
from ava.ranking.face_groups import CastSettings
from ava.ranking.rank import RankingSettings
from ava.scan.scan_settings import ScanSettings
from ava.scoring.registry import ScoringSettings
from ava.store.stills import StillSettings

FILE_NAME = "ava.toml"
_SHORTEST_ID = 8  # of a content id: a shorter one may be a name


@dataclass(frozen=True)
class Settings:
    """Everything that can be set.

    Attributes
    ----------
    scan : ScanSettings
        The single pass.
    scoring : ScoringSettings
        What is scored besides what always is.
    ranking : RankingSettings
        Gates, weights, diversity.
    cast : CastSettings
        How faces become characters.
    stills : StillSettings
        How the winners are written.
    titles : mapping of str to mapping
        What is different for a single title, by its name (that of the file, without ending) or
        the start of its content id: sections as above, such as ``ranking.gates.spoiler_safe``.
    """

    scan: ScanSettings = field(default_factory=ScanSettings)
    scoring: ScoringSettings = field(default_factory=ScoringSettings)
    ranking: RankingSettings = field(default_factory=RankingSettings)
    cast: CastSettings = field(default_factory=CastSettings)
    stills: StillSettings = field(default_factory=StillSettings)
    titles: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for name in self.titles:
            self._of(name)

    def for_title(self, name: str, content_id: str) -> Settings:
        """The settings of one title.

        Parameters
        ----------
        name : str
            What it is called.
        content_id : str
            Fingerprint of its source.
        """
        for key in self.titles:
            if key == name or (len(key) >= _SHORTEST_ID and content_id.startswith(key)):
                return self._of(key)
        return self

    def _of(self, key: str) -> Settings:
        facts = self.titles[key]
        if not isinstance(facts, dict) or "titles" in facts:
            raise ConfigError(f"titles.{key} must hold sections of settings", "such as ranking")
        return updated(dataclasses.replace(self, titles={}), facts, f"titles.{key}")

    @property
    def of_ranking(self) -> dict[str, Any]:
        """What decides a ranking once the frames are scored, in plain types."""
        return {
            "ranking": dataclasses.asdict(self.ranking),
            "cast": dataclasses.asdict(self.cast),
        }

    @property
    def scan_id(self) -> str:
        """Fingerprint of what decides which frames are shortlisted."""
        return settings_id(self.scan.facts)


def load_settings(
    file: Path | None, assignments: Sequence[str] = (), settings: Settings | None = None
) -> Settings:
    """Settings from a file (if any) and ``section.key=value`` assignments, on top of `settings`.

    Raises
    ------
    ConfigError
        For a key that does not exist (with the nearest that does) or a value of a wrong kind.
    """
    settings = settings or Settings()
    if file is not None:
        try:
            facts = tomllib.loads(file.read_text("utf-8"))
        except OSError as error:
            raise ConfigError(f"{file} cannot be read: {error.strerror}") from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise ConfigError(f"{file} is not valid TOML: {error}") from error
        settings = updated(settings, facts, str(file))
    for assignment in assignments:
        key, equals, text = assignment.partition("=")
        if not equals:
            raise ConfigError(f"--set {assignment}: write it as section.key=value")
        facts = _parsed(text.strip())
        for name in reversed(key.strip().split(".")):
            facts = {name: facts}
        settings = updated(settings, facts, "--set")
    return settings


def _parsed(text: str) -> Any:
    """A value as TOML has it; what is no TOML is text."""
    try:
        return tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        return text


Section = TypeVar("Section")


def updated(section: Section, facts: dict[str, Any], where: str) -> Section:
    """The dataclass `section` with the values in `facts`, nested ones too."""
    kinds = get_type_hints(type(section))
    changes: dict[str, Any] = {}
    for name, value in facts.items():
        if name not in kinds:
            near = difflib.get_close_matches(name, kinds, n=1)
            raise ConfigError(
                f"{where}: unknown setting {name!r}",
                f"did you mean {near[0]!r}?" if near else f"known are: {', '.join(kinds)}",
            )
        current = getattr(section, name)
        if dataclasses.is_dataclass(current) and not isinstance(current, type):
            if not isinstance(value, dict):
                raise ConfigError(f"{where}: {name} is a section of settings, not a value")
            changes[name] = updated(current, value, where)
        else:
            changes[name] = _of_kind(name, value, current, where)
    return dataclasses.replace(section, **changes)  # type: ignore[type-var]


def _of_kind(name: str, value: Any, current: Any, where: str) -> Any:
    if isinstance(current, float) and isinstance(value, int) and not isinstance(value, bool):
        return float(value)
    if isinstance(current, dict) and isinstance(value, dict):
        return {**current, **value}
    if isinstance(current, tuple):
        if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
            raise ConfigError(f"{where}: {name} must be a list of names")
        return tuple(value)
    if type(value) is not type(current):
        raise ConfigError(
            f"{where}: {name} must be {type(current).__name__}, not {type(value).__name__}"
        )
    return value
