"""Whether a picture was taken indoors or outdoors."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, Runtime, ScorerCard
from models.image_content import ImageContent
from models.place import PlaceRule
from models.weights import require
from scorers.pictures import Floats, per_frame

PLACES = ("indoors", "outdoors")
_SAID_FROM = 0.7  # confidence; of frames of unseen clips that leaves out three in ten
_MIN_SIDE_PX = 32


class PlaceScorer:
    """Indoors or outdoors, by what an ImageNet network sees: rooms and furniture, or landscapes.

    A logistic rule on the features of EfficientNet-Lite0 (Tan & Le, 2019), learned from labelled
    frames and photographs; see `models.place`. Where it is not sure it says nothing. It does not tell
    day from night: none of the frames at hand is clearly at night.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="place",
        version=2,
        family="contextual",
        height_px=270,
        settings={"said_from": _SAID_FROM},
        columns=(
            Column(
                "place", "code", 0, len(PLACES) - 1, "neither",
                "Where it was taken: "
                + ", ".join(f"{code} {word}" for code, word in enumerate(PLACES))
                + "; missing where that cannot be told.",
                words=PLACES,
            ),
            Column(
                "place_confidence", "share", 0.5, 1, "neither",
                f"How sure that is; under {_SAID_FROM} the place is not said.",
            ),
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        self._network: ImageContent | None = None
        self._rule: PlaceRule | None = None

    def open(self, runtime: Runtime) -> None:
        """Load the network and the rule."""
        path = require("image_content", runtime.on_progress, runtime.may_download)
        self._network, self._rule = ImageContent(path, runtime.n_threads), PlaceRule()

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: self._measure(picture))

    def _measure(self, picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
        assert self._network is not None, "open() comes first"
        assert self._rule is not None, "open() comes first"
        if min(picture.shape[:2]) < _MIN_SIDE_PX:
            return {}
        exterior = self._rule.exterior(self._network.of(picture))
        confidence = max(exterior, 1 - exterior)
        said = {"place": float(exterior > 0.5)} if confidence >= _SAID_FROM else {}
        return {**said, "place_confidence": confidence}

    def close(self) -> None:
        """Let go of the network."""
        self._network = self._rule = None
