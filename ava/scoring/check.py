"""The public kit that proves a scorer or analyser keeps the contract.

::

    from ava.scoring.check import check_scorer
    def test_my_scorer():
        check_scorer(MyScorer)
"""

from __future__ import annotations

import pickle

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ScorerError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Analysis
from ava.scoring.contract import Analyser, Runtime, Scorer
from ava.scoring.runner import scaled

_TOLERANCE = 1e-5


def check_pictures() -> FrameBatch:
    """Pictures that scorers stumble over, and ordinary ones: what the kit feeds them.

    Black, white, flat gray, one hot pixel, a checkerboard, noise, gradients and soft blobs, in
    540 × 960 pixels; made here, the same every time.
    """
    height, width = 540, 960
    random = np.random.default_rng(7)
    y, x = np.mgrid[0:height, 0:width]
    hot = np.zeros((height, width, 3))
    hot[height // 2, width // 2] = 255
    checker = np.repeat((((y // 16 + x // 16) % 2) * 255)[:, :, None], 3, axis=2)
    ramp = np.stack([x * 255 / width, y * 255 / height, (x + y) * 255 / (width + height)], axis=2)
    blob = 255 * np.exp(-(((x - 320) / 90) ** 2 + ((y - 180) / 120) ** 2))
    pictures = [
        np.zeros((height, width, 3)),
        np.full((height, width, 3), 255),
        np.full((height, width, 3), 128),
        hot,
        checker,
        random.uniform(0, 255, (height, width, 3)),
        ramp,
        np.stack([blob, blob * 0.7, 60 + blob * 0.3], axis=2),
    ]
    n_pictures = len(pictures)
    return FrameBatch(
        np.stack(pictures).clip(0, 255).astype(np.uint8),
        np.arange(n_pictures, dtype=np.float64),
        np.arange(n_pictures, dtype=np.int64),
    )


def check_scorer(
    scorer_class: type[Scorer],
    analysers: tuple[type[Analyser], ...] = (),
    frames: FrameBatch | None = None,
    runtime: Runtime | None = None,
) -> None:
    """Prove that a scorer keeps the contract.

    An empty batch, a batch of one, subset = whole, order, same twice, range, degenerate pictures,
    pictures of other sizes, opening again after closing, pickling.

    Parameters
    ----------
    scorer_class : type
        The scorer.
    analysers : tuple of type
        Analysers for what it needs and uses; it is also tried without what it only uses.
    frames : FrameBatch, optional
        Pictures to use instead of `check_pictures`.
    runtime : Runtime, optional
        What it may use.

    Raises
    ------
    ScorerError
        Naming the rule that is broken.
    """
    frames, runtime = frames or check_pictures(), runtime or Runtime()
    card = scorer_class.card
    if not isinstance(scorer_class(), Scorer):
        raise ScorerError(f"{scorer_class.__name__} lacks part of the Scorer protocol")
    found = _analysed(scorer_class, analysers, frames, runtime)
    scorer = scorer_class()
    scorer.open(runtime)
    try:
        small = scaled(frames, card.height_px)
        whole = _scores(scorer, small, found)
        _same(card.name, "the same twice", whole, _scores(scorer, small, found))
        empty = _scores(scorer, small.rows(slice(0, 0)), found.rows(slice(0, 0)))
        _require(all(len(value) == 0 for value in empty.values()), card.name, "an empty batch")
        for row in range(len(small)):
            one = slice(row, row + 1)
            alone = _scores(scorer, small.rows(one), found.rows(one))
            expected = {name: value[one] for name, value in whole.items()}
            _same(card.name, f"subset = whole (picture {row} alone)", expected, alone)
        moments, times = frames.moments, frames.moment_seconds
        turned_frames = FrameBatch(
            frames.pixels[::-1].copy(),
            frames.pts_seconds,
            frames.frame_ids,
            None if moments is None else moments[::-1].copy(),
            None if times is None else times[::-1].copy(),
        )
        turned_found = _analysed(scorer_class, analysers, turned_frames, runtime)
        turned = _scores(scorer, scaled(turned_frames, card.height_px), turned_found)
        back = {name: value[::-1] for name, value in turned.items()}
        _same(card.name, "order does not matter", whole, back)
        needed = tuple(one for one in analysers if one.card.yields in card.needs)
        _scores(scorer, small, _analysed(scorer_class, needed, frames, runtime))
        for tiny in (16, 3, 1):
            few = small.rows(slice(0, 4))
            cut = FrameBatch(few.pixels[:, :tiny, :tiny].copy(), few.pts_seconds, few.frame_ids)
            _scores(scorer, cut, _analysed(scorer_class, analysers, cut, runtime))
        scorer.close()
        scorer.open(runtime)
        _same(card.name, "opening again after closing", whole, _scores(scorer, small, found))
    finally:
        scorer.close()
    pickle.loads(pickle.dumps(scorer_class()))


def check_analyser(
    analyser_class: type[Analyser],
    frames: FrameBatch | None = None,
    runtime: Runtime | None = None,
) -> None:
    """Prove that an analyser keeps the contract; see `check_scorer`."""
    frames, runtime = frames or check_pictures(), runtime or Runtime()
    card = analyser_class.card
    if not isinstance(analyser_class(), Analyser):
        raise ScorerError(f"{analyser_class.__name__} lacks part of the Analyser protocol")
    analyser = analyser_class()
    analyser.open(runtime)
    try:
        small = scaled(frames, card.height_px)
        whole = analyser.analyse(small)
        _require(isinstance(whole, card.yields), card.name, f"yields {card.yields.__name__}")
        _require(whole.n_frames == len(small), card.name, "one finding per frame")
        _same_finding(card.name, "the same twice", whole, analyser.analyse(small))
        nothing = analyser.analyse(small.rows(slice(0, 0)))
        _require(nothing.n_frames == 0, card.name, "an empty batch")
        for row in range(len(small)):
            one = slice(row, row + 1)
            alone = analyser.analyse(small.rows(one))
            _same_finding(
                card.name, f"subset = whole (picture {row} alone)", whole.rows(one), alone
            )
        for tiny in (16, 3, 1):
            few = small.rows(slice(0, 4))
            analyser.analyse(
                FrameBatch(few.pixels[:, :tiny, :tiny].copy(), few.pts_seconds, few.frame_ids)
            )
    finally:
        analyser.close()
    pickle.loads(pickle.dumps(analyser_class()))


def _analysed(
    scorer_class: type[Scorer],
    analysers: tuple[type[Analyser], ...],
    frames: FrameBatch,
    runtime: Runtime,
) -> Analyses:
    found: dict[type[Analysis], Analysis] = {}
    for need in (*scorer_class.card.needs, *scorer_class.card.uses):
        offered = [one for one in analysers if one.card.yields is need]
        if not offered and need in scorer_class.card.uses:
            continue
        if not offered:
            raise ScorerError(f"{scorer_class.card.name} needs {need.__name__}: give its analyser")
        analyser = offered[0]()
        analyser.open(runtime)
        found[need] = analyser.analyse(scaled(frames, offered[0].card.height_px))
        analyser.close()
    return Analyses(found)


def _scores(scorer: Scorer, frames: FrameBatch, found: Analyses) -> dict[str, NDArray[np.float32]]:
    card = type(scorer).card
    given = scorer.score(frames, found)
    declared = {column.name for column in card.columns}
    _require(set(given) == declared, card.name, f"gives the columns of its card {sorted(declared)}")
    for column in card.columns:
        value = given[column.name]
        shape = (len(frames), *column.shape)
        _require(value.dtype == np.float32, card.name, f"{column.name} is float32")
        _require(value.shape == shape, card.name, f"{column.name} has shape {shape}")
        known = value[~np.isnan(value)]
        inside = bool(
            np.all((known >= column.low - _TOLERANCE) & (known <= column.high + _TOLERANCE))
        )
        _require(inside, card.name, f"{column.name} lies in {column.low}..{column.high}")
    return dict(given)


def _same(
    name: str,
    rule: str,
    expected: dict[str, NDArray[np.float32]],
    got: dict[str, NDArray[np.float32]],
) -> None:
    for column, value in expected.items():
        close = np.allclose(value, got[column], rtol=1e-4, atol=_TOLERANCE, equal_nan=True)
        _require(close, name, f"{rule}: {column} differs")


def _same_finding(name: str, rule: str, expected: Analysis, got: Analysis) -> None:
    for field, value in vars(expected).items():
        other = vars(got)[field]
        if isinstance(value, np.ndarray):
            same = value.shape == other.shape and np.allclose(
                value, other, rtol=1e-4, atol=1e-4, equal_nan=True
            )
        else:
            same = value == other
        _require(bool(same), name, f"{rule}: {field} differs")


def _require(held: bool, name: str, rule: str) -> None:
    if not held:
        raise ScorerError(f"{name} breaks the contract: {rule}")
