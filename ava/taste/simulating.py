"""A simulated world as files: events, artwork and the truth."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from ava.store.atomic import replacing_folder
from ava.store.tables import write_table
from ava.taste.posters import write_posters
from ava.taste.simulator import STYLES, SimulationSettings, draw_traffic, event_columns, make_world
from ava.taste.study import SIMULATED, write_json
from ava.taste.variants import LIST, write_list

ARTWORK, EVENTS, TRUTH = "artwork", "events.parquet", "truth.json"


def simulate(folder: Path, settings: SimulationSettings) -> Path:
    """Write ``simulated/``: events, a poster per variant, and ``truth.json``; returns its path."""
    world = make_world(settings)
    traffic = draw_traffic(world, 0)
    target = folder / SIMULATED
    with replacing_folder(target) as draft:
        files = write_posters(world, draft / ARTWORK)
        write_list(draft / ARTWORK / LIST, world.variants, files)
        write_table(draft / EVENTS, event_columns(traffic, world.variants, settings.seed))
        write_json(
            draft / TRUTH,
            {
                "settings": asdict(settings),
                "styles": [name for name, _ in STYLES],
                "likings": world.likings.tolist(),
                "group": dict(
                    zip(traffic.decisions.profile_ids, traffic.group.tolist(), strict=True)
                ),
            },
        )
    return target
