"""What is done, what is left to do, and why."""

from __future__ import annotations

import statistics
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from ava.catalog.outcome import Outcome, failed
from ava.catalog.shelf import Library, Shelf, shelf_of
from ava.catalog.titles import CatalogTitle
from ava.core.errors import AvaError, ConfigError, MediaNotFound
from ava.core.identity import settings_id
from ava.settings import Settings
from ava.source.opening import content_of
from ava.store.manifest import SourceStamp
from ava.store.title_folder import is_of_ranking
from ava.title_state import ranked_with, ranking_changes, scores_changes, season_changes

State = Literal["done", "stale", "missing"]


@dataclass(frozen=True)
class Limits:
    """What one title may use.

    Attributes
    ----------
    memory_bytes : int
        Resident memory of its worker with all its processes; 0 for any.
    seconds : float
        Wall time; 0 for any.
    """

    memory_bytes: int = 0
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.memory_bytes < 0 or self.seconds < 0:
            raise ConfigError("a limit cannot be negative", "0 means none")


@dataclass(frozen=True)
class Stage:
    """One stage of a title.

    Attributes
    ----------
    state : {"done", "stale", "missing"}
        Whether its results are there and hold.
    reasons : tuple of str
        Why they do not.
    """

    state: State
    reasons: tuple[str, ...] = ()

    def __str__(self) -> str:
        return f"{self.state}: {'; '.join(self.reasons)}" if self.reasons else self.state


@dataclass(frozen=True)
class TitlePlan:
    """What is left to do for one title.

    Attributes
    ----------
    title : CatalogTitle
        Which one.
    settings : Settings
        Its own settings.
    scores : Stage
        Shots, statistics and scores: what needs every frame decoded.
    ranking : Stage
        Order, stills, crops and contact sheet: seconds, once the scores are there.
    partial : tuple of str
        What could not be looked at when it was scored.
    failure : Outcome or None
        Why it cannot be done, or could not be under the same conditions.
    conditions : str
        Fingerprint of film, settings and limits: with others a failure may not happen again.
    n_bytes : int
        Size of the source.
    damaged : tuple of str
        Files of the folder that are missing or of another size.
    is_moved : bool
        Whether the film is at another place, or has another date, than the library says.
    of_episodes : mapping of str to Settings
        Of a season, the folders of the episodes that are there, in order, with their settings.
    """

    title: CatalogTitle
    settings: Settings
    scores: Stage
    ranking: Stage
    partial: tuple[str, ...] = ()
    failure: Outcome | None = None
    conditions: str = ""
    n_bytes: int = 0
    damaged: tuple[str, ...] = ()
    is_moved: bool = False
    of_episodes: Mapping[str, Settings] = field(default_factory=dict)

    @property
    def is_done(self) -> bool:
        """Whether nothing is left to do."""
        return self.scores.state == self.ranking.state == "done"

    @property
    def is_left(self) -> bool:
        """Whether it is to be worked on."""
        return not self.is_done and self.failure is None

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        return {
            "title_id": self.title.title_id,
            "path": "" if self.title.episodes else str(self.title.path),
            "scores": asdict(self.scores),
            "ranking": asdict(self.ranking),
            "partial": list(self.partial),
            "failure": None if self.failure is None else self.failure.to_json(),
        }


class Planner:
    """Compares titles with what is in a library.

    Attributes
    ----------
    shelf : Shelf
        Where they stand.

    Parameters
    ----------
    library : pathlib.Path or RemotePath
        The folder of title folders.
    settings : Settings
        Those of the run.
    ids : sequence of str
        Fingerprints of all scorers and analysers that will run.
    limits : Limits
        What a title may use.
    retry : bool
        Whether titles that failed, or of which not all could be looked at, are tried again.
    """

    def __init__(
        self,
        library: Library,
        settings: Settings,
        ids: Sequence[str],
        limits: Limits,
        retry: bool = False,
    ) -> None:
        self._settings, self._ids = settings, ids
        self._limits, self._retry = limits, retry
        self.shelf = shelf_of(library)

    def plans(self, titles: Sequence[CatalogTitle]) -> Iterator[TitlePlan]:
        """One after the other, in order; seasons come after their episodes."""
        self.shelf.expect([one.folder_name for one in titles])
        left: set[str] = set()
        for title in titles:
            plan = self._season(title, left) if title.episodes else self.plan(title)
            if plan.is_left:
                left.add(title.title_id)
            yield plan

    def plan(self, title: CatalogTitle, retry: bool | None = None) -> TitlePlan:
        """What is left to do for a title.

        A film whose size and date are those it had is taken for unchanged; any other is hashed, so
        that one that was only copied or touched is not done again.

        Parameters
        ----------
        title : CatalogTitle
            Which one.
        retry : bool, optional
            In place of that of the planner.
        """
        missing = Stage("missing")
        if title.episodes:
            return self._season(title)
        name = title.folder_name
        manifest = self.shelf.manifest(name)
        try:
            stamp, content_id = _identity(title, manifest)
            settings = title.settings(self._settings, content_id)
            conditions = self._conditions(content_id, settings)
        except AvaError as error:
            own = failed(title.title_id, error)
            return TitlePlan(title, self._settings, missing, missing, failure=own)
        failure = self.shelf.failures.recall(name, conditions)
        if self._retry if retry is None else retry:
            failure = None
        facts: dict[str, Any] = {"failure": failure, "conditions": conditions}
        facts["n_bytes"] = stamp.n_bytes
        if manifest is None:
            return TitlePlan(title, settings, missing, missing, **facts)
        damaged = self.shelf.damage_at_a_glance(name, manifest)
        scores, ranking = self._stages(manifest, content_id, settings, damaged)
        partial = tuple(manifest["problems"])
        if partial and self._retry and scores.state == "done":
            scores = Stage("stale", tuple(f"to try again: {one}" for one in partial))
        now = {"path": str(title.path.resolve()), **asdict(stamp)}
        is_moved = any(manifest["source"].get(name) != value for name, value in now.items())
        return TitlePlan(
            title, settings, scores, ranking, partial, damaged=tuple(damaged), is_moved=is_moved,
            **facts,
        )  # fmt: skip

    def _season(self, season: CatalogTitle, left: Collection[str] = ()) -> TitlePlan:
        """What is left to do for a season, whose episodes in `left` are done before it."""
        manifests = {one.title_id: self.shelf.manifest(one.folder_name) for one in season.episodes}
        there = [one for one in season.episodes if _is_ranked(manifests[one.title_id])]
        to_come = [one for one in season.episodes if one.title_id in left]
        lost = [one for one in season.episodes if one not in there and one not in to_come]
        without = tuple(f"{one.title_id} is not there" for one in lost)
        settings, scores = season.settings(self._settings, ""), Stage("done")
        if len(season.episodes) - len(lost) < 2:
            reason = f"it needs two episodes: {'; '.join(without)}"
            own = Outcome(season.title_id, "failed", reason, "see why they failed", "other", 6)
            return TitlePlan(season, settings, scores, Stage("missing"), failure=own)
        of_episodes = {}
        for one in there:
            content_id = (manifests[one.title_id] or {})["source"]["content_id"]
            of_episodes[one.folder_name] = one.settings(self._settings, content_id)
        manifest = self.shelf.manifest(season.folder_name)
        damaged: list[str] = []
        if manifest is None or "episodes" not in manifest:
            ranking = Stage("missing")
        else:
            known = {one.folder_name: manifests[one.title_id] for one in there}
            reasons = [f"{one.title_id} is to be ranked" for one in to_come]
            reasons += [] if to_come else season_changes(manifest, settings, known)
            damaged = self.shelf.damage_at_a_glance(season.folder_name, manifest)
            reasons += [f"{name} is damaged" for name in damaged[:3]]
            ranking = Stage("stale", tuple(reasons)) if reasons else Stage("done")
        return TitlePlan(
            season, settings, scores, ranking, without, damaged=tuple(damaged),
            of_episodes=of_episodes,
        )  # fmt: skip

    def _stages(
        self, manifest: dict[str, Any], content_id: str, settings: Settings, damaged: list[str]
    ) -> tuple[Stage, Stage]:
        of_scores = scores_changes(manifest, content_id, settings, self._ids)
        of_scores += [f"{name} is damaged" for name in damaged if not is_of_ranking(name)][:3]
        of_ranking = ranking_changes(manifest, settings)
        of_ranking += [f"{name} is damaged" for name in damaged if is_of_ranking(name)][:3]
        if of_scores and not of_ranking:
            of_ranking = ["its scores are"]
        return tuple(  # type: ignore[return-value]
            Stage("stale", tuple(one)) if one else Stage("done") for one in (of_scores, of_ranking)
        )

    def _conditions(self, content_id: str, settings: Settings) -> str:
        facts = {
            "content_id": content_id,
            "scan": settings.scan_id,
            "scorers": list(self._ids),
            "ranked_with": ranked_with(settings),
            "limits": asdict(self._limits),
        }
        return settings_id(facts)


def _is_ranked(manifest: dict[str, Any] | None) -> bool:
    return manifest is not None and manifest["ranked_with"] is not None


def _identity(title: CatalogTitle, manifest: dict[str, Any] | None) -> tuple[SourceStamp, str]:
    """How a source looks, and its fingerprint."""
    try:
        stamp = SourceStamp.of(title.path)
    except AvaError:
        raise
    except OSError as error:
        raise MediaNotFound(
            f"{title.path} is not there: {error.strerror}", "check the path in the catalog"
        ) from error
    if manifest is not None:
        source = manifest["source"]
        if asdict(stamp) == {name: source.get(name) for name in asdict(stamp)}:
            return stamp, source["content_id"]
    return stamp, content_of(title.path)


@dataclass(frozen=True)
class Pace:
    """How long titles took, as the library tells.

    Attributes
    ----------
    seconds_per_byte : float or None
        Median over its titles, from film to stills; None where there are none.
    seconds_per_ranking : float
        Median of what was only ranked again.
    """

    seconds_per_byte: float | None
    seconds_per_ranking: float

    @classmethod
    def of(cls, shelf: Shelf, names: Sequence[str]) -> Pace:
        """That of some titles."""
        scored, ranked = [], []
        for name in names:
            manifest = shelf.manifest(name)
            if manifest is None:
                continue
            if manifest["scored_seconds"] and manifest["source"]["n_bytes"]:
                scored.append(manifest["scored_seconds"] / manifest["source"]["n_bytes"])
            if manifest["ranked_seconds"]:
                ranked.append(manifest["ranked_seconds"])
        return cls(
            statistics.median(scored) if scored else None,
            statistics.median(ranked) if ranked else 5.0,
        )

    def seconds(self, plans: Sequence[TitlePlan], n_jobs: int) -> float | None:
        """About how long the titles that are left will take; None where nobody knows."""
        scored = [one.n_bytes for one in plans if one.is_left and one.scores.state != "done"]
        n_ranked = sum(1 for one in plans if one.is_left and one.scores.state == "done")
        if scored and self.seconds_per_byte is None:
            return None
        work = sum(scored) * (self.seconds_per_byte or 0.0) + n_ranked * self.seconds_per_ranking
        return work / max(1, min(n_jobs, len(scored) + n_ranked))
