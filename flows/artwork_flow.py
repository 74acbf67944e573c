"""A catalog as a Metaflow flow: every title is a task of its own, here, on Kubernetes or on AWS Batch.

python flows/artwork_flow.py run --catalog catalog.csv --library library --max-workers 2
"""

from __future__ import annotations

import time
from pathlib import Path

from metaflow import FlowSpec, Parameter, resources, retry, step


class ArtworkFlow(FlowSpec):
    """Rank all titles of a catalog into a library; what is done there already is not done again."""

    catalog = Parameter("catalog", required=True, help="As for ava batch.")
    library = Parameter("library", default="library", help="A folder that every task can write.")
    rows = Parameter("rows", default="titles", help="Of a database: where the titles are.")
    settings_file = Parameter("settings-file", default="", help="Such as ava.toml.")
    settings = Parameter(
        "settings", default="", help="Changes as ranking.top=20, separated by semicolons."
    )
    max_memory = Parameter("max-memory", default="", help="Of one title, as 4G.")
    max_time = Parameter("max-time", default="12h", help="For one title, as 90m.")
    try_again = Parameter("try-again", default=False, help="Titles that failed before, too.")
    offline = Parameter("offline", default=False, help="Never fetch weights.")
    titles_per_task = Parameter(
        "titles-per-task", default=1, help="More, where a task takes longer to start than a title."
    )

    @step
    def start(self):
        """Read the catalog, and plan what is left to do."""
        from ava.catalog.parts import Night
        from ava.catalog.plan import Limits
        from ava.catalog.titles import read_catalog
        from ava.core.amounts import bytes_of, seconds_of
        from ava.settings import load_settings

        file = Path(self.settings_file) if self.settings_file else None
        changes = [one for one in self.settings.split(";") if one.strip()]
        self.night = Night(
            Path(self.library).absolute(),
            load_settings(file, changes),
            Limits(bytes_of(self.max_memory), seconds_of(self.max_time)),
            self.try_again,
            not self.offline,
            time.time(),
        )
        self.named = read_catalog(self.catalog, self.night.settings, self.rows)
        settled, parts = self.night.parts(self.named, self.titles_per_task)
        self.settled = self.night.run(settled)
        self.parts = parts or (None,)  # there must be one
        self.next(self.rank, foreach="parts")

    @retry(times=2)  # where a node is lost: a title that fails does not fail its task
    @resources(cpu=2, memory=4096)
    @step
    def rank(self):
        """Rank a title, or a few."""
        self.ended = self.night.run(self.input) if self.input is not None else ()
        self.next(self.join)

    @step
    def join(self, inputs):
        """Put seasons together, and write the report of all titles into the library."""
        self.merge_artifacts(inputs, include=["night", "named", "settled"])
        seasons = self.night.run(self.night.seasons(self.named))
        ended = [self.settled, *(one.ended for one in inputs), seasons]
        report = self.night.report(self.named, ended)
        self.counts, self.exit_code = report.counts, report.exit_code
        self.next(self.end)

    @step
    def end(self):
        """Fail where a title failed, so that whoever watches over the flow is told."""
        if self.exit_code:
            from ava.core.errors import CatalogError

            n = self.counts["failed"] + self.counts["stopped"]
            raise CatalogError(f"{n} titles failed: see batch.html in {self.night.library}")


if __name__ == "__main__":
    ArtworkFlow()
