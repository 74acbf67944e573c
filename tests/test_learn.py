"""From decisions to a taste, and from a taste to another order: as Python and as commands."""

from __future__ import annotations

import shutil
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import ava
from ava.casting import cast_title
from ava.core.errors import ConfigError
from ava.learning import Lesson, learn_taste
from ava.ranking.face_groups import CastSettings
from ava.ranking.pool import Pool
from ava.ranking.profiles import Profile, load_profile
from ava.ranking.rank import RankingSettings, rank_pool
from ava.ranking.utility import utility_of
from ava.ranking.weighing import Weighed, weigh
from ava.scoring.registry import installed
from ava.settings import load_settings
from ava.store.decisions import DECISIONS, Decision, Decisions, read_decisions, write_decisions
from ava.store.taste_files import write_taste
from ava.store.title_folder import read_json, read_ranking, read_title, write_json
from tests.test_pipeline import run

AT = "2026-05-04T09:30:00Z"
REGISTRY = installed()


@pytest.fixture
def library(ranked_sample: ava.RankedTitle, tmp_path: Path) -> Path:
    """The sample film, and two more that have its numbers and other fingerprints."""
    for name in ("sample_film", "second", "third"):
        folder = tmp_path / "library" / name
        shutil.copytree(ranked_sample.folder, folder)
        facts = read_json(folder / "title.json")
        if name != "sample_film":
            facts["source"]["content_id"] = name
        write_json(folder / "title.json", facts)
    return tmp_path / "library"


def pool_of(folder: Path) -> Pool:
    return cast_title(folder, read_title(folder), CastSettings(), [], write=False)


def weighed(folder: Path, profile: Profile) -> Weighed:
    wanted = RankingSettings()
    return weigh(pool_of(folder), wanted.gates, wanted.spoilers, profile)


def decide(folder: Path, liking: Callable[[dict[str, np.ndarray]], np.ndarray]) -> Decisions:
    """Keep the half that is liked better, reject the other, and write it down."""
    found = weighed(folder, load_profile("default"))
    kept = found.gated.kept
    names = [column.name for column in found.pool.scores.scalars()]
    felt = liking({name: found.pool.column(name)[kept] for name in names})
    order = np.argsort(np.argsort(felt, kind="stable"))
    decisions = Decisions(
        folder.name,
        read_json(folder / "title.json")["source"]["content_id"],
        tuple(
            Decision(
                int(found.pool.frame_ids[row]),
                found.pool.labels[row],
                "keep" if 2 * place >= len(kept) else "reject",
                None,
                "",
                "ann",
                AT,
            )
            for row, place in zip(kept, order, strict=True)
        ),
    )
    write_decisions(folder / DECISIONS, decisions)
    return decisions


def dull(values: dict[str, np.ndarray]) -> np.ndarray:
    return -values["colorfulness"]


def learn(library: Path, **kwargs: Any) -> Lesson:
    sources = sorted(path.parent for path in library.rglob(DECISIONS))
    out = library / "taste.toml"
    return learn_taste(sources, out, None, load_settings(None), REGISTRY, **kwargs)


def test_from_decisions_to_another_order(library: Path) -> None:
    for folder in sorted(library.iterdir()):
        decide(folder, dull)
    taste = library / "house.toml"
    folders = [str(folder) for folder in sorted(library.iterdir())]
    done = run("learn", *folders, "-o", str(taste))
    assert done.returncode == 0, done.stderr
    assert "It is better" in done.stdout
    written = tomllib.loads(taste.read_text("utf-8"))
    assert written["weights"]["colorfulness"] < 0
    assert written["learned"]["reviewers"] == ["ann"]
    assert written["learned"]["accuracy"] > written["learned"]["profile_accuracy"]
    folder = library / "sample_film"
    before = read_ranking(folder)
    done = run("rank", str(folder), "--taste", str(taste), "--top", "5", "-q")
    assert done.returncode == 0, done.stderr
    after = read_ranking(folder)
    assert after.profile == "house"
    assert read_decisions(folder / DECISIONS).decisions  # people's work outlives a ranking

    def color(frame_ids: list[int]) -> float:
        pool = read_title(folder).pool
        return float(pool.column("colorfulness")[np.isin(pool.frame_ids, frame_ids)].mean())

    assert color([one.frame_id for one in after.candidates]) < color(
        [one.frame_id for one in before.candidates[:5]]
    )
    kept = {
        one.frame_id
        for one in read_decisions(folder / DECISIONS).decisions
        if one.verdict == "keep"
    }
    assert sum(one.frame_id in kept for one in before.candidates[:5]) <= 2
    assert sum(one.frame_id in kept for one in after.candidates) >= 4
    for one in after.candidates:
        assert sum(part.points for part in one.parts) == pytest.approx(one.utility)
    assert any(
        "Colorfulness: lower than" in reason and "which this house likes" in reason
        for one in after.candidates
        for reason in one.reasons
    )
    assert "lower than" in (folder / "index.html").read_text("utf-8")


def test_parts_sum_and_the_order_is_that_of_the_weights(library: Path) -> None:
    folder = library / "sample_film"
    found = weighed(folder, load_profile("default"))
    weights = {"colorfulness": -3, "brightness": 2, "noise": -1.5, "sharpness": 1, "shot_scale": -1}
    decide(folder, dull)
    learned = learn(library).learned
    profile = Profile("mine", "", weights, {}, learned)
    utility = utility_of(found.pool, found.gated.kept, profile)
    assert utility.weights.sum() == pytest.approx(1)
    assert utility.parts.sum(axis=1) == pytest.approx(utility.total)
    plain = {"colorfulness": 1.0, "noise": 1.0, "sharpness": 1.0}
    rated = utility_of(found.pool, found.gated.kept, Profile("plain", "", plain))
    of = {column.name: rated.percentile[:, at] for at, column in enumerate(rated.columns)}
    stands = dict(zip([one.name for one in utility.columns], utility.stands, strict=True))
    assert stands == {
        "colorfulness": "lower",
        "brightness": "higher",
        "noise": "higher",
        "sharpness": "better",
        "shot_scale": "lower",
    }
    at = [one.name for one in utility.columns].index("colorfulness")
    assert utility.percentile[:, at] == pytest.approx(1 - of["colorfulness"])
    with pytest.raises(ConfigError, match="positive"):
        Profile("by hand", "", weights)
    with pytest.raises(ConfigError, match="no better direction"):
        utility_of(found.pool, found.gated.kept, Profile("by hand", "", {"brightness": 1}))


def test_what_is_written_is_read_back(library: Path) -> None:
    for folder in sorted(library.iterdir()):
        decide(folder, dull)
    lesson = learn(library)
    read = load_profile(str(lesson.path))
    assert read.weights == lesson.profile.weights
    assert read.learned == lesson.profile.learned
    assert read.watch_outs == load_profile("default").watch_outs
    assert read.learned is not None
    assert read.learned.scorers["colorfulness"] in REGISTRY.ids


def test_the_network_of_a_taste_gives_one_column(library: Path) -> None:
    for folder in sorted(library.iterdir()):
        decide(folder, dull)
    lesson = learn(library, deep=True)
    assert lesson.learned.better
    profile = load_profile(str(lesson.path))
    ranking = rank_pool(pool_of(library / "sample_film"), RankingSettings(top=5), profile)
    for one in ranking.candidates:
        assert [part.column for part in one.parts if part.points > 0] == ["house_taste"]
        assert sum(part.points for part in one.parts) == pytest.approx(one.utility)
    found = weighed(library / "sample_film", profile)
    total, taste = found.utility.total, found.pool.column("house_taste")[found.gated.kept]
    assert (np.diff(taste[np.argsort(total, kind="stable")]) >= 0).all()
    network = lesson.path.with_suffix(".npz")
    network.write_bytes(network.read_bytes() + b" ")
    with pytest.raises(ConfigError, match="is not the network"):
        load_profile(str(lesson.path))
    network.unlink()
    with pytest.raises(ConfigError, match="cannot be read"):
        load_profile(str(lesson.path))


def test_a_taste_that_is_no_better_is_refused(library: Path) -> None:
    random = np.random.default_rng(5)
    for folder in sorted(library.iterdir()):
        decide(folder, lambda values: random.random(len(values["brightness"])))
    lesson = learn(library)
    assert not lesson.learned.better
    folder, taste = str(library / "sample_film"), str(lesson.path)
    for option in ("--taste", "--profile"):
        done = run("rank", folder, option, taste, "-q")
        assert done.returncode == 2
        assert "no better than profile auto" in done.stderr
        assert len(done.stderr.strip().splitlines()) == 2
    both = run("rank", folder, "--taste", taste, "--profile", "default")
    assert both.returncode == 2
    assert "--taste and --profile" in both.stderr
    plain = library / "plain.toml"
    plain.write_text("[weights]\nsharpness = 1\n")
    done = run("rank", folder, "--taste", str(plain))
    assert done.returncode == 2
    assert "was not learned" in done.stderr
    with pytest.raises(ConfigError, match="left as it is"):
        learn_taste([library / "second"], plain, None, load_settings(None), REGISTRY)


def test_what_a_title_lacks_is_said(library: Path) -> None:
    decide(library / "sample_film", dull)
    learned = learn(library).learned
    profile = Profile("house", "", {"colorfulness": -1, "nobody_knows": 2}, {}, learned)
    (remark,) = weighed(library / "sample_film", profile).remarks
    assert "lacks 1: nobody knows" in remark


def test_other_versions_are_said(library: Path) -> None:
    for folder in sorted(library.iterdir()):
        decide(folder, dull)
    lesson = learn(library)
    learned = lesson.learned
    older = {name: one.replace("-", "-0", 1) for name, one in learned.scorers.items()}
    changed = Profile(
        **{**vars(lesson.profile), "learned": type(learned)(**{**vars(learned), "scorers": older})}
    )
    write_taste(lesson.path, changed)
    done = run("rank", str(library / "sample_film"), "--taste", str(lesson.path))
    assert done.returncode == 0, done.stderr
    assert "learned on numbers of other versions of" in done.stderr
    facts = read_json(library / "third" / "title.json")
    facts["scorer_ids"] = [one.replace("color-", "color-0") for one in facts["scorer_ids"]]
    write_json(library / "third" / "title.json", facts)
    (note,) = learn(library).notes
    assert "third was scored by another version of color" in note


def test_too_little_names_the_counts(library: Path) -> None:
    folder = library / "sample_film"
    decisions = decide(folder, dull)
    keeps = tuple(one for one in decisions.decisions if one.verdict == "keep")
    write_decisions(folder / DECISIONS, Decisions("t", decisions.content_id, keeps))
    with pytest.raises(ConfigError, match=rf"{len(keeps)} keep, 0 maybe, 0 reject\) make 0 pairs"):
        learn(library)


def test_loose_files_find_their_title(library: Path, tmp_path: Path) -> None:
    folder = library / "second"
    decide(folder, dull)
    loose = tmp_path / "from_ann.json"
    shutil.move(folder / DECISIONS, loose)
    settings, out = load_settings(None), tmp_path / "taste.toml"
    with pytest.raises(ConfigError, match="does not lie in its title folder"):
        learn_taste([loose], out, None, settings, REGISTRY)
    assert learn_taste([loose], out, library, settings, REGISTRY).learned.n_titles == 1
    shutil.rmtree(folder)
    with pytest.raises(ConfigError, match="not among the titles"):
        learn_taste([loose], out, library, settings, REGISTRY)
