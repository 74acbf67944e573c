"""Runs analysers and scorers over batches, and keeps going when one of them cannot."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from types import TracebackType

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import AvaError, ScorerError, WeightsError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, Analysis
from ava.scoring.contract import Analyser, Column, Runtime, Scorer
from ava.scoring.registry import Registry
from ava.scoring.table import ScoreTable


@dataclass(frozen=True)
class Scored:
    """What one batch yielded: values by column name, and the findings they stand on."""

    values: Mapping[str, NDArray[np.float32]]
    found: Analyses


@dataclass(frozen=True)
class Opened:
    """What came of opening everything.

    Attributes
    ----------
    problems : tuple of str
        What cannot be looked at.
    roads : dict of str to str
        Which way each analyser takes.
    """

    problems: tuple[str, ...]
    roads: dict[str, str]


@dataclass
class Runner:
    """Opens everything once, scores batch after batch, and closes everything.

    A missing weight file costs the columns that stand on it (they are NaN) and one plain line in
    `problems`; a scorer that breaks its contract is an error, since its numbers cannot be trusted.

    Attributes
    ----------
    registry : Registry
        What to run.
    runtime : Runtime
        What it may use.
    problems : list of str
        What could not be looked at.
    """

    registry: Registry
    runtime: Runtime
    problems: list[str] = field(default_factory=list)
    _analysers: list[Analyser] = field(default_factory=list)
    _scorers: list[Scorer] = field(default_factory=list)
    _batches: list[tuple[NDArray[np.int64], Mapping[str, NDArray[np.float32]]]] = field(
        default_factory=list
    )

    def __enter__(self) -> Runner:
        for analyser_class in self.registry.analysers:
            analyser = analyser_class()
            try:
                analyser.open(self.runtime)
            except WeightsError as error:
                self.problems.append(_could_not(analyser_class.card.name, error))
            else:
                self._analysers.append(analyser)
        at_hand = {type(analyser).card.yields for analyser in self._analysers}
        for scorer_class in self.registry.scorers:
            if not at_hand.issuperset(scorer_class.card.needs):
                continue
            scorer = scorer_class()
            try:
                scorer.open(self.runtime)
            except WeightsError as error:
                self.problems.append(_could_not(scorer_class.card.name, error))
            else:
                self._scorers.append(scorer)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for scorer in self._scorers:
            scorer.close()
        for analyser in self._analysers:
            analyser.close()

    @property
    def roads(self) -> dict[str, str]:
        """Which way each analyser took, where it has several."""
        return {type(one).card.name: one.road for one in self._analysers if one.road}

    def run(self, frames: FrameBatch) -> Scored:
        """Score one batch and remember it for `table`."""
        return self.remember(frames, self.score(frames))

    def score(self, frames: FrameBatch) -> Scored:
        """Score one batch."""
        shrunk: dict[int, FrameBatch] = {}

        def at_height(height_px: int) -> FrameBatch:
            if height_px not in shrunk:
                shrunk[height_px] = scaled(frames, height_px)
            return shrunk[height_px]

        findings: dict[type[Analysis], Analysis] = {}
        for analyser in self._analysers:
            card = type(analyser).card
            with _blamed(card.name):
                finding = analyser.analyse(at_height(card.height_px))
            if not isinstance(finding, card.yields) or finding.n_frames != len(frames):
                raise ScorerError(f"analyser {card.name} did not yield {card.yields.__name__}")
            findings[card.yields] = finding
        found = Analyses(findings)
        values: dict[str, NDArray[np.float32]] = {}
        for scorer in self._scorers:
            card_ = type(scorer).card
            with _blamed(card_.name):
                given = scorer.score(at_height(card_.height_px), found)
            for column in card_.columns:
                values[column.name] = _checked(card_.name, column, given, len(frames))
        for column in self.registry.columns:
            if column.name not in values:
                values[column.name] = np.full((len(frames), *column.shape), np.nan, np.float32)
        return Scored(values, found)

    def run_all(self, batches: Iterable[FrameBatch]) -> Iterator[tuple[FrameBatch, Scored]]:
        """Score batch after batch, in order."""
        for frames in batches:
            yield frames, self.run(frames)

    def remember(self, frames: FrameBatch, scored: Scored) -> Scored:
        """Keep the values of a batch for `table`."""
        self._batches.append((frames.frame_ids, scored.values))
        return scored

    def table(self) -> ScoreTable:
        """Everything scored so far as one table."""
        ids = [ids for ids, _ in self._batches]
        values = {
            column.name: np.concatenate(
                [np.zeros((0, *column.shape), np.float32)]
                + [values[column.name] for _, values in self._batches]
            )
            for column in self.registry.columns
        }
        return ScoreTable(
            np.concatenate([np.zeros(0, np.int64), *ids]),
            self.registry.columns,
            values,
            tuple(self.problems),
            self.roads,
        )


class _blamed:  # noqa: N801 - reads as a phrase: with _blamed(name)
    """Names the scorer when something in it fails."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if isinstance(error, Exception) and not isinstance(error, AvaError):
            raise ScorerError(
                f"scorer {self._name} failed: {type(error).__name__}: {error}",
                "run again with --debug for the traceback, and report it to its authors",
            ) from error


def _could_not(name: str, error: WeightsError) -> str:
    return f"{name} were not looked at: {error.message}" + (
        f" ({error.hint})" if error.hint else ""
    )


def _checked(
    scorer: str, column: Column, given: Mapping[str, NDArray[np.float32]], n_frames: int
) -> NDArray[np.float32]:
    value = given.get(column.name)
    if value is None:
        raise ScorerError(f"scorer {scorer} did not give its column {column.name}")
    if value.dtype != np.float32 or value.shape != (n_frames, *column.shape):
        raise ScorerError(
            f"scorer {scorer}: {column.name} is {value.dtype} {value.shape}, "
            f"not float32 {(n_frames, *column.shape)}"
        )
    return value


def scaled(frames: FrameBatch, height_px: int) -> FrameBatch:
    """The batch with pictures of `height_px` lines, by area; smaller ones are left as they are."""
    if frames.height_px <= height_px or len(frames) == 0:
        return frames
    import cv2  # here: `import ava` must not pay for it

    size = (max(1, round(frames.width_px * height_px / frames.height_px)), height_px)
    shrink = cv2.INTER_AREA
    pictures: Iterable[NDArray[np.uint8]] = frames.pixels
    if (3 * size[0], 3 * size[1]) == (frames.width_px, frames.height_px):
        # The mean of every nine, taken everywhere and picked: the same, in half the time.
        pictures = (
            cv2.blur(one, (3, 3), anchor=(0, 0)).astype(np.uint8, copy=False)
            for one in frames.pixels
        )
        shrink = cv2.INTER_NEAREST
    pixels = np.stack([cv2.resize(one, size, interpolation=shrink) for one in pictures])
    return frames.with_pixels(pixels.astype(np.uint8, copy=False))
