"""How free of technical faults a picture is, by a network that learned it without labels."""

from __future__ import annotations

from typing import Any, ClassVar

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, Runtime, ScorerCard
from models.technical_quality import TechnicalQuality
from scorers.pictures import Floats, per_frame


class TechnicalScorer:
    """All faults in one number: blur, noise, burnt or crushed light, banding, blocks.

    See `models.technical_quality`. NaN for a picture too small to tell.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="technical",
        version=3,
        family="filters",
        height_px=540,
        columns=(
            Column(
                "technical_quality", "share", 0, 1, "more",
                "How free the picture is of technical faults: blur, noise, burnt-out or crushed "
                "light, banding, compression blocks, too few real pixels.",
                label="technical quality",
            ),
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        self._network: Any = None

    def open(self, runtime: Runtime) -> None:
        """Load the network; its weights come with ava."""
        self._network = TechnicalQuality(runtime.n_threads)

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        # One by one: in a batch the sums are taken in another order, and the last digits differ.
        return per_frame(
            self.card,
            frames,
            lambda picture, _: {"technical_quality": self._network.of(picture)},
        )

    def close(self) -> None:
        """Let go of the network."""
        self._network = None
