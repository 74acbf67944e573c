"""Runs a catalog: takes what is left to do, title by title, until nothing is."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from ava.catalog.engines.contract import Ended, Engine, Event, Job, Retried
from ava.catalog.outcome import Outcome
from ava.catalog.plan import Pace, Planner, TitlePlan
from ava.catalog.report import BatchReport
from ava.catalog.shelf import Library
from ava.catalog.titles import Catalog, CatalogTitle

_WAIT_SECONDS = 0.5
_ASK_AGAIN_SECONDS = 1.0


@dataclass(frozen=True)
class Planned:
    """All titles have been looked at.

    Attributes
    ----------
    n_titles, n_left : int
        How many there are, and how many are to be worked on.
    estimate_seconds : float or None
        About how long they will take; None where nobody knows.
    """

    n_titles: int
    n_left: int
    estimate_seconds: float | None


@dataclass(frozen=True)
class Finished:
    """The run is over."""

    report: BatchReport


BatchEvent = Planned | Event | Finished
Watcher = Callable[[BatchEvent], None]


@dataclass
class Stop:
    """How a run is asked to end early.

    Attributes
    ----------
    after_seconds : float
        No title is started after so long; 0 for never.
    level : int
        1 starts no more titles and lets the others end; 2 leaves them at once.
    """

    after_seconds: float = 0.0
    level: int = 0
    began: float = field(default_factory=time.monotonic)

    @property
    def starts_no_more(self) -> bool:
        """Whether no further title may be started."""
        if self.after_seconds and time.monotonic() - self.began > self.after_seconds:
            return True
        return self.level > 0


class Batch:
    """One run over a catalog.

    Parameters
    ----------
    catalog : Catalog
        What there is.
    library : pathlib.Path or RemotePath
        The folder of title folders.
    planner : Planner
        Says what is left.
    engine : Engine
        Works on the titles.
    may_download : bool
        Whether missing weights may be fetched.
    watchers : sequence of callable
        Told of everything that happens.
    """

    def __init__(
        self,
        catalog: Catalog,
        library: Library,
        planner: Planner,
        engine: Engine,
        may_download: bool = True,
        watchers: Sequence[Watcher] = (),
    ) -> None:
        self._catalog, self._library = catalog, library
        self._planner, self._engine = planner, engine
        self._may_download, self._watchers = may_download, watchers
        self._shelf = planner.shelf
        self._leases, self._failures = self._shelf.leases, self._shelf.failures
        self._outcomes: dict[str, Outcome] = {}
        self._active: dict[str, TitlePlan] = {}
        self._waiting: deque[CatalogTitle] = deque()
        self._elsewhere: deque[CatalogTitle] = deque()  # another run is at them
        self._seasons = list(catalog.seasons)  # after all titles
        self._n_retries = 0

    def run(self, stop: Stop) -> BatchReport:
        """Work until nothing is left, or until it is asked to stop.

        Raises
        ------
        StoreError
            When the library cannot be written.
        """
        started, started_at = time.monotonic(), time.time()
        try:
            self._look()
            asked = time.monotonic()
            while self._waiting or self._active or self._elsewhere or self._seasons:
                if stop.level > 1 or (stop.starts_no_more and not self._active):
                    break
                if not stop.starts_no_more:
                    if not self._waiting and time.monotonic() - asked > _ASK_AGAIN_SECONDS:
                        asked = time.monotonic()
                        self._waiting, self._elsewhere = self._elsewhere, deque()
                    if not (self._waiting or self._active or self._elsewhere):
                        self._look_at_seasons()
                    self._hand_out()
                self._turn()
        finally:
            self._engine.stop()
            self._leases.give_all_back()
            self._leases.clear_dead()  # what a killed run still had when its title was done
        report = BatchReport(
            catalog=self._catalog.name,
            library=str(self._library),
            started_at=started_at,
            seconds=time.monotonic() - started,
            outcomes=self._in_order(stop),
            n_retries=self._n_retries,
            was_stopped=stop.level > 0,
        )
        self._tell(Finished(report))
        return report

    def _tell(self, event: BatchEvent) -> None:
        for watcher in self._watchers:
            watcher(event)

    def _look(self) -> None:
        """Plan all titles; what needs no work has ended."""
        plans = list(self._planner.plans((*self._catalog.titles, *self._catalog.seasons)))
        pace = Pace.of(self._shelf, [one.title.folder_name for one in plans])
        left = [one for one in plans if one.is_left]
        self._tell(Planned(len(plans), len(left), pace.seconds(plans, self._engine.n_free)))
        for problem in self._catalog.problems:
            name = problem.title_id or f"line {problem.line}"
            reason = f"line {problem.line}: {problem.message}"
            self._end(
                f"line {problem.line}",
                Outcome(name, "failed", reason, "mend the catalog", "other", 6),
            )
        plans = [one for one in plans if not one.title.episodes]
        for plan in plans:
            if not plan.is_left:
                self._settle(plan)
        left = [one for one in plans if one.is_left]
        # The longest first: else the last one would run alone.
        left.sort(key=lambda plan: (plan.scores.state == "done", -plan.n_bytes))
        self._waiting.extend(plan.title for plan in left)

    def _look_at_seasons(self) -> None:
        """All titles have ended: which seasons are to be done anew."""
        for season in self._seasons:
            plan = self._planner.plan(season)
            if plan.is_left:
                self._waiting.append(season)
            else:
                self._settle(plan)
        self._seasons.clear()

    def _settle(self, plan: TitlePlan) -> None:
        """A title that nothing is to be done for."""
        title = plan.title
        name = title.folder_name
        if plan.failure is not None:
            known = plan.failure
            again = "; it failed before and is tried again with --retry" if known.n_attempts else ""
            self._end(
                title.title_id,
                Outcome(
                    title.title_id,
                    "failed",
                    known.reason + again,
                    known.hint,
                    known.cause,
                    known.exit_code,
                ),
            )
            return
        if plan.is_moved and self._leases.take(name):
            try:
                self._shelf.set_source(name, title.path)
            finally:
                self._leases.give_back(name)
        reason = "; ".join(plan.partial)
        place = self._shelf.place(name)
        self._end(title.title_id, Outcome(title.title_id, "skipped", reason, folder=place))

    def _hand_out(self) -> None:
        while self._engine.n_free > 0 and self._waiting:
            title = self._waiting.popleft()
            if not self._take(title):
                self._elsewhere.append(title)
                continue
            for name in title.folder_names:
                self._shelf.put_right(name)
            plan = self._planner.plan(title)  # another run may have done it meanwhile
            if not plan.is_left:
                self._give_back(title)
                self._settle(plan)
                continue
            self._shelf.clear_damage(title.folder_name, list(plan.damaged))
            self._active[title.title_id] = plan
            self._engine.submit(
                Job(
                    title.title_id,
                    title.folder_name,
                    title.path,
                    self._library,
                    plan.settings,
                    self._may_download,
                    plan.n_bytes,
                    plan.of_episodes,
                )
            )

    def _take(self, title: CatalogTitle) -> bool:
        """Take the leases of all that a title writes to, or none."""
        names = title.folder_names
        for at, name in enumerate(names):
            if not self._leases.take(name):
                for taken in names[:at]:
                    self._leases.give_back(taken)
                return False
        return True

    def _give_back(self, title: CatalogTitle) -> None:
        for name in title.folder_names:
            self._leases.give_back(name)

    def _turn(self) -> None:
        """Hear what happened, for a moment."""
        if not self._active:
            time.sleep(_WAIT_SECONDS / 5)
        for event in self._engine.events(_WAIT_SECONDS):
            if isinstance(event, Ended):
                self._ended(event.outcome)
                continue
            if isinstance(event, Retried):
                self._n_retries += 1
            self._tell(event)
        self._leases.renew()

    def _ended(self, outcome: Outcome) -> None:
        plan = self._active.pop(outcome.title_id)
        name = plan.title.folder_name
        for one in plan.title.folder_names:
            if outcome.status == "failed":
                self._shelf.put_right(one)  # what its worker left, if it was killed
            else:
                self._shelf.look_again(one)
        if outcome.status == "failed" and not plan.title.episodes:
            self._failures.remember(name, outcome, plan.conditions)
        else:
            self._failures.forget(name)
        self._give_back(plan.title)
        if plan.title.episodes and outcome.status != "failed" and plan.partial:
            reason = "; ".join(filter(None, (*plan.partial, outcome.reason)))
            outcome = replace(outcome, status="partial", reason=reason)
        self._end(outcome.title_id, outcome)

    def _end(self, key: str, outcome: Outcome) -> None:
        self._outcomes[key] = outcome
        self._tell(Ended(outcome))

    def _in_order(self, stop: Stop) -> tuple[Outcome, ...]:
        """All outcomes, in the order of the catalog."""
        rows = [(one.line, f"line {one.line}", one.title_id) for one in self._catalog.problems]
        rows += [(one.line, one.title_id, one.title_id) for one in self._catalog.titles]
        seasons = [(one.line, one.title_id, one.title_id) for one in self._catalog.seasons]
        why = "the run was stopped" if stop.level else "the time of the run was over"
        left = {
            name: Outcome(name, "stopped", why, "run it again") for _, _, name in (*rows, *seasons)
        }
        return tuple(
            self._outcomes.get(key, left[name]) for _, key, name in (*sorted(rows), *seasons)
        )
