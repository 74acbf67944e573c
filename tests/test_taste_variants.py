"""Artwork as variants: its lineage, and what its faces show."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ava.core.errors import EventsError
from ava.scoring.registry import installed
from ava.store.title_folder import CROPS_FILE, RANKING, STILLS
from ava.taste.assignment import assign
from ava.taste.decisions import Variants
from ava.taste.simulator import SimulationSettings, draw_traffic, make_world
from ava.taste.variants import measure_artwork, read_variants, write_variants


def save(path: Path, pixels: NDArray[np.uint8]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture(scope="module")
def variants(
    photographs: dict[str, NDArray[np.uint8]], tmp_path_factory: pytest.TempPathFactory
) -> Variants:
    """A folder of pictures in two languages, and a title folder with a still and two crops."""
    folder = tmp_path_factory.mktemp("artwork")
    face, flower = photographs["astronaut"], photographs["flower"]
    save(folder / "one" / "hero@de.png", face)
    save(folder / "one" / "hero@fr.png", face[:, ::-1])
    save(folder / "one" / "bloom.png", flower)
    ranked = folder / "two"
    save(ranked / STILLS / "001_00-00-01-12.png", face)
    save(ranked / STILLS / "002_00-00-09-00.png", flower)
    files = {"2x3": "crops/2x3/01_00-00-01-12.png", "16x9": "crops/16x9/02_00-00-01-12.png"}
    for file in files.values():
        save(ranked / file, face[:300, :300])
    crops: list[dict[str, Any]] = [
        {"name": name, "crops": [{"file": file}]} for name, file in files.items()
    ]
    crops[0]["crops"].append({"file": "crops/2x3/03_gone.png"})
    (ranked / CROPS_FILE).write_text(json.dumps({"canvases": crops}), "utf-8")
    (ranked / RANKING).write_text("{}", "utf-8")
    (ranked / "title.json").write_text("{}", "utf-8")
    return measure_artwork(folder, installed())


def test_crops_and_languages_of_a_picture_are_one_artwork(variants: Variants) -> None:
    lineage = dict(zip(variants.variant_ids, variants.artwork_of.tolist(), strict=True))
    assert list(lineage) == [
        "bloom", "hero@de", "hero@fr", "two/001_00-00-01-12", "two/002_00-00-09-00",
        "two/01_00-00-01-12@2x3", "two/02_00-00-01-12@16x9",
    ]  # fmt: skip
    assert lineage["hero@de"] == lineage["hero@fr"] != lineage["bloom"]
    frame = {number for name, number in lineage.items() if "00-00-01-12" in name}
    assert len(frame) == 1
    assert lineage["two/002_00-00-09-00"] not in frame


def test_what_a_face_shows_is_a_trait(variants: Variants, tmp_path: Path) -> None:
    at = {name: place for place, name in enumerate(variants.variant_ids)}
    assert variants.traits["joy"][at["hero@de"]] == 1
    assert variants.traits["joy"][at["bloom"]] == 0
    assert variants.traits["anger"].max() == 0
    assert variants.traits["expression_strength"][at["hero@de"]] > 0.2
    assert variants.traits["expression_strength"][at["bloom"]] == 0
    write_variants(tmp_path / "v.parquet", variants)
    again = read_variants(tmp_path / "v.parquet")
    assert again.artwork_ids == variants.artwork_ids
    assert again.traits["joy"].tolist() == variants.traits["joy"].tolist()


def test_a_crop_that_was_never_shown_is_nobodys_default() -> None:
    """It has the rate of its artwork, and of two with the same rate the one that was tried wins."""
    world = make_world(SimulationSettings(n_profiles=200, n_titles=2))
    log, one = draw_traffic(world, 0).decisions, world.variants
    best = int(assign(log, one, np.zeros(len(log), np.int64), 1).best_single[0])
    new = int(one.slots[0][0]) if best != one.slots[0][0] else int(one.slots[0][1])
    ids = list(one.artwork_ids)
    ids[new] = ids[best]
    joined = replace(one, artwork_ids=tuple(ids))
    shown = log.where(log.variant != new)
    found = assign(shown, joined, np.zeros(len(shown), np.int64), 1)
    assert found.pooled[new] == found.pooled[best]
    assert found.best_single[0] == best


def test_no_artwork(tmp_path: Path) -> None:
    with pytest.raises(EventsError, match="holds no artwork"):
        measure_artwork(tmp_path, installed())
