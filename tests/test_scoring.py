"""Contract, registry, runner and the conformance kit."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import ScorerError, WeightsError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Faces, Saliency
from ava.scoring.check import check_analyser, check_scorer
from ava.scoring.contract import AnalyserCard, Column, Runtime, ScorerCard
from ava.scoring.registry import Registry, installed
from ava.scoring.runner import Runner
from tests.conftest import ROOT


class Brightness:
    """A scorer as a stranger would write it."""

    card: ClassVar[ScorerCard] = ScorerCard(
        "brightness", 1, (Column("mean_value", "gray levels", 0, 255, "more", "How bright."),)
    )

    def open(self, runtime: Runtime) -> None: ...

    def close(self) -> None: ...

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        return {"mean_value": frames.pixels.mean(axis=(1, 2, 3)).astype(np.float32)}


class LooksSideways(Brightness):
    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        values = super().score(frames, found)["mean_value"]
        return {"mean_value": values - values.min() if len(values) else values}


class OutOfRange(Brightness):
    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        return {"mean_value": super().score(frames, found)["mean_value"] * 2}


class WrongType(Brightness):
    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Any]:
        return {"mean_value": frames.pixels.mean(axis=(1, 2, 3))}


class Forgetful(Brightness):
    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        return {}


class Restless(Brightness):
    calls = 0

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        self.calls += 1
        return {"mean_value": np.full(len(frames), self.calls, np.float32)}


def test_the_kit_passes_a_good_stranger() -> None:
    check_scorer(Brightness)


@pytest.mark.parametrize(
    ("scorer", "rule"),
    [
        (LooksSideways, "subset = whole"),
        (OutOfRange, "lies in 0..255"),
        (WrongType, "is float32"),
        (Forgetful, "gives the columns of its card"),
        (Restless, "the same twice"),
    ],
)
def test_the_kit_names_the_broken_rule(scorer: type[Brightness], rule: str) -> None:
    with pytest.raises(ScorerError, match=rule):
        check_scorer(scorer)


@pytest.mark.parametrize("scorer", installed().scorers, ids=lambda one: one.card.name)
def test_built_in_scorers_keep_the_contract(scorer: Any, text_weights: None) -> None:
    check_scorer(scorer, installed().analysers)


@pytest.mark.parametrize("analyser", installed().analysers, ids=lambda one: one.card.name)
def test_built_in_analysers_keep_the_contract(analyser: Any, text_weights: None) -> None:
    check_analyser(analyser)


def test_every_column_is_explained() -> None:
    for column in installed().columns:
        assert column.about.endswith(".")
        assert len(column.about) > 20
        assert column.better in ("more", "less", "neither")


def batch(n_frames: int) -> FrameBatch:
    pixels = np.random.default_rng(1).integers(0, 255, (n_frames, 540, 960, 3)).astype(np.uint8)
    return FrameBatch(pixels, np.arange(n_frames, dtype=float), np.arange(n_frames))


class NoWeights:
    card: ClassVar[AnalyserCard] = AnalyserCard("faces", 1, Faces)
    road: ClassVar[str] = ""

    def open(self, runtime: Runtime) -> None:
        raise WeightsError("face.onnx is not on this machine", "run: ava models pull")

    def analyse(self, frames: FrameBatch, /) -> Faces:
        raise AssertionError("never opened")

    def close(self) -> None: ...


class CountsFaces(Brightness):
    card: ClassVar[ScorerCard] = ScorerCard(
        "counter",
        1,
        (Column("n_faces", "count", 0, 99, "neither", "How many."),),
        needs=(Faces,),
    )


def test_missing_weights_cost_their_columns_only() -> None:
    registry = Registry((Brightness, CountsFaces), (NoWeights,))
    with Runner(registry, Runtime()) as runner:
        runner.run(batch(2))
        table = runner.table()
    assert np.isnan(table["n_faces"]).all()
    assert not np.isnan(table["mean_value"]).any()
    assert table.problems == (
        "faces were not looked at: face.onnx is not on this machine (run: ava models pull)",
    )


class Fails(Brightness):
    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        raise ZeroDivisionError("oops")


def test_a_failing_scorer_is_named() -> None:
    message = "scorer brightness failed: ZeroDivisionError: oops"
    runner = Runner(Registry((Fails,), ()), Runtime())
    with runner, pytest.raises(ScorerError, match=message):
        runner.run(batch(1))


def test_twins_and_orphans_are_refused() -> None:
    with pytest.raises(ScorerError, match="scorer brightness is offered twice"):
        Registry((Brightness, OutOfRange), ())
    with pytest.raises(ScorerError, match="needs Faces, which nobody offers"):
        Registry((CountsFaces,), ())


def test_the_id_changes_with_version_and_settings() -> None:
    column = Column("x", "share", 0, 1, "more", "About x.")
    cards = [
        ScorerCard("a", 1, (column,)),
        ScorerCard("a", 2, (column,)),
        ScorerCard("a", 1, (column,), height_px=180),
        ScorerCard("a", 1, (column,), settings={"k": 5}),
    ]
    assert len({card.scorer_id for card in cards}) == 4


def test_ragged_findings_join_and_split() -> None:
    one = Faces(
        2,
        np.array([0, 1, 1]),
        np.tile(np.float32([0, 0, 0.5, 0.5]), (3, 1)),
        np.float32([1, 0.9, 0.8]),
    )
    both = Faces.joined([one, Faces.empty(3), one])
    assert both.n_frames == 7
    assert list(both.frame_row) == [0, 1, 1, 5, 6, 6]
    tail = both.rows(slice(5, 7))
    assert list(tail.frame_row) == [0, 1, 1]
    assert tail.of_frame(1) == slice(1, 3)
    with pytest.raises(ValueError, match="not decrease"):
        Faces(2, np.array([1, 0]), np.zeros((2, 4), np.float32), np.zeros(2, np.float32))
    with pytest.raises(ValueError, match=r"0\.\.1"):
        Faces(1, np.array([0]), np.float32([[0, 0, 2, 1]]), np.float32([1]))


def test_findings_are_asked_for_by_type() -> None:
    found = Analyses({Faces: Faces.empty(4)})
    assert Faces in found
    assert Saliency not in found
    assert found.rows(slice(1, 3)).get(Faces).n_frames == 2
    with pytest.raises(KeyError):
        found.get(Saliency)


def test_the_scorer_in_the_readme_works(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    readme = (ROOT / "README.md").read_text("utf-8")
    code = next(block for block in readme.split("```python") if "class Redness" in block)
    module = types.ModuleType("readme_example")
    monkeypatch.setitem(sys.modules, "readme_example", module)
    exec(code.split("```")[0], module.__dict__)
    check_scorer(module.Redness)
    assert module.PROVIDER.scorers == (module.Redness,)
