"""Profiles: each fits the columns there are; the automatic choice is rare, right, and said."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from ava.core.errors import ConfigError
from ava.ranking.gates import GateSettings
from ava.ranking.genre import AUTO, profile_for, require_profile
from ava.ranking.pool import Pool
from ava.ranking.profiles import built_in, load_profile
from ava.ranking.spoilers import SpoilerSettings
from ava.ranking.utility import utility_of
from ava.ranking.weighing import weigh
from tests.test_ranking import pool_of

GENRES = ("animation", "comedy", "documentary", "drama", "kids", "sports")


def title_of(n_shots: int = 40, **facts: Any) -> Pool:
    """A film whose shots all have the given measures."""
    measured = {
        "face_height": 0.3,
        "expression": 0,
        "expression_confidence": 0.9,
        "camera_motion": 0,
        "shot_scale": 2,
        "key": 0.3,
        "brightness": 40.0,
    }
    return pool_of(4 * n_shots, **{**measured, **facts})


def test_all_that_were_asked_for_are_there() -> None:
    assert set(built_in()) == {"default", *GENRES}


@pytest.mark.parametrize("name", ["default", *GENRES])
def test_a_built_in_weighs_columns_that_there_are(name: str) -> None:
    profile = load_profile(name)
    utility = utility_of(pool_of(30), np.arange(30), profile)
    assert {one.name for one in utility.columns} == set(profile.weights)
    assert utility.parts.sum(axis=1) == pytest.approx(utility.total)
    assert profile.name == name
    assert "nudity" in profile.watch_outs


def test_genres_prefer_what_they_are_about() -> None:
    """Two frames that differ in one thing: the profile that is about it lifts it most."""

    def lift(name: str, column: str) -> float:
        values = np.full(20, 0.2, np.float32)
        values[7] = 0.9
        utility = utility_of(pool_of(20, **{column: values}), np.arange(20), load_profile(name))
        names = [one.name for one in utility.columns]
        return float(utility.parts[7, names.index(column)]) if column in names else 0.0

    assert lift("drama", "face_quality") > lift("documentary", "face_quality")
    assert lift("documentary", "representativeness") > lift("drama", "representativeness")
    assert lift("sports", "action_peak") > lift("default", "action_peak") == 0
    assert lift("sports", "stillness") == 0 < lift("drama", "stillness")
    for name in ("kids", "animation", "comedy"):
        assert lift(name, "colorfulness") > lift("default", "colorfulness")
    assert lift("drama", "colorfulness") < lift("default", "colorfulness")


@pytest.mark.parametrize(
    ("facts", "name"),
    [
        ({"brightness": 55.0, "key": 0.6, "expression": np.arange(160) % 3 == 0}, "comedy"),
        ({"brightness": 20.0, "key": 0.1}, "drama"),
        ({"face_height": 0.03, "camera_motion": 1, "shot_scale": 5}, "sports"),
        ({}, "default"),
        ({"brightness": 55.0, "key": 0.6}, "default"),
        ({"face_height": np.nan, "expression": np.nan, "key": 0.1}, "default"),
        ({"key": np.nan, "brightness": np.nan}, "default"),
    ],
)
def test_measures_choose_only_where_all_of_a_rule_holds(facts: dict[str, Any], name: str) -> None:
    profile = profile_for(AUTO, title_of(**facts))
    assert profile.name == name
    assert (name in profile.because) == (name != "default")


def test_the_choice_is_told_and_can_be_overruled() -> None:
    pool = title_of(brightness=20.0, key=0.1)
    said = weigh(pool, GateSettings(), SpoilerSettings(), profile_for(AUTO, pool))
    assert said.remarks[0].startswith("The weights are those for drama: 100 % of the shots")
    named = weigh(pool, GateSettings(), SpoilerSettings(), profile_for("kids", pool))
    assert (named.profile, named.remarks) == ("kids", ())


def test_short_titles_and_pictures_keep_the_balanced_one() -> None:
    dark = {"brightness": 20.0, "key": 0.1}
    assert profile_for(AUTO, title_of(12, **dark)).name == "default"
    assert profile_for(AUTO, replace(title_of(**dark), is_film=False)).name == "default"


def test_a_profile_builds_on_another(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    own.write_text(
        'based_on = "drama"\n[weights]\nsharpness = 0\ncontrast = 99\n'
        "[watch_outs]\nblood_red = { from = 0.9, lowers = 0.1 }\n",
        "utf-8",
    )
    mine, base = load_profile(str(own)), load_profile("drama")
    assert mine.weights["contrast"] == 99
    assert set(mine.weights) == set(base.weights) - {"sharpness"}
    assert mine.watch_outs["nudity"] == base.watch_outs["nudity"]
    assert mine.watch_outs["blood_red"] != base.watch_outs["blood_red"]
    own.write_text('based_on = "drana"\n[weights]\nsharpness = 1\n', "utf-8")
    with pytest.raises(ConfigError, match="no profile 'drana'"):
        require_profile(str(own))
    own.write_text(f'based_on = "{own}"\n[weights]\nsharpness = 1\n', "utf-8")
    with pytest.raises(ConfigError, match="based on itself"):
        require_profile(str(own))
