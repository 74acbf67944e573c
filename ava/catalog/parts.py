"""A catalog in parts, for a scheduler of others that gives every part a task of its own.

Each part is a run of its own: leases, limits, retries and the memory of failures are those of every
run, so parts may run on one machine or on many, one after the other or at once, and again.
"""

from __future__ import annotations

import math
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from ava.catalog.batch import Batch, Stop
from ava.catalog.engines.local import LocalEngine
from ava.catalog.outcome import Outcome
from ava.catalog.plan import Limits, Planner
from ava.catalog.report import BatchReport
from ava.catalog.shelf import Library
from ava.catalog.titles import Catalog
from ava.scoring.registry import installed
from ava.settings import Settings


@dataclass(frozen=True)
class Night:
    """What holds for all parts of a catalog.

    Attributes
    ----------
    library : pathlib.Path or RemotePath
        The folder of title folders; the same for every part.
    settings : Settings
        Those of the whole run.
    limits : Limits
        What a title may use.
    retry : bool
        Whether titles that failed, or of which not all could be looked at, are tried again.
    may_download : bool
        Whether missing weights may be fetched.
    started_at : float
        Seconds since 1970.
    """

    library: Library
    settings: Settings
    limits: Limits
    retry: bool = False
    may_download: bool = True
    started_at: float = 0.0

    def _planner(self) -> Planner:
        ids = installed(self.settings.scoring.on_request).ids
        return Planner(self.library, self.settings, ids, self.limits, self.retry)

    def parts(self, catalog: Catalog, n_titles: int = 1) -> tuple[Catalog, tuple[Catalog, ...]]:
        """What needs no work, and the rest in parts, the longest films first.

        Parameters
        ----------
        catalog : Catalog
            All of it.
        n_titles : int
            Titles in a part.

        Returns
        -------
        settled : Catalog
            Titles that are done or cannot be done, and the rows that are wrong.
        parts : tuple of Catalog
            What is left.
        """
        plans = list(self._planner().plans(catalog.titles))
        left = sorted((one for one in plans if one.is_left), key=lambda one: -one.n_bytes)
        settled = tuple(one.title for one in plans if not one.is_left)
        parts = tuple(
            Catalog(catalog.name, tuple(one.title for one in left[at : at + n_titles]), ())
            for at in range(0, len(left), n_titles)
        )
        return replace(catalog, titles=settled, seasons=()), parts

    def seasons(self, catalog: Catalog) -> Catalog:
        """The seasons alone, to be run after all parts: they are put together from their titles."""
        return replace(catalog, titles=(), problems=())

    def run(self, part: Catalog) -> tuple[Outcome, ...]:
        """Work on a part, one title after the other; gives how each ended.

        Raises
        ------
        StoreError
            When the library cannot be written.
        """
        engine = LocalEngine(1, self.limits)
        run = Batch(part, self.library, self._planner(), engine, self.may_download)
        return run.run(Stop()).outcomes

    def report(self, catalog: Catalog, ended: Iterable[Sequence[Outcome]]) -> BatchReport:
        """Put together how the titles of all parts ended, and write it into the library.

        Parameters
        ----------
        catalog : Catalog
            All of it.
        ended : iterable of sequence of Outcome
            Of what was settled, of all parts, and of the seasons.
        """
        place: dict[str, float] = {
            one.title_id or f"line {one.line}": one.line for one in catalog.problems
        }
        place |= {one.title_id: one.line for one in catalog.titles}
        place |= {one.title_id: math.inf for one in catalog.seasons}
        outcomes = [one for part in ended for one in part]
        outcomes.sort(key=lambda one: place[one.title_id])
        report = BatchReport(
            catalog=catalog.name,
            library=str(self.library),
            started_at=self.started_at,
            seconds=time.time() - self.started_at,
            outcomes=tuple(outcomes),
            n_retries=sum(max(0, one.n_attempts - 1) for one in outcomes),
        )
        report.write(self.library)
        return report
