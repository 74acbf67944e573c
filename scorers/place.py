"""Whether a picture was taken indoors or outdoors, and outdoors by day or by night."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, Runtime, ScorerCard
from models.image_content import ImageContent, shrunk
from models.place import PlaceRule
from models.time_of_day import TimeOfDayRule, measured
from models.weights import require
from scorers.pictures import Floats, per_frame

PLACES = ("indoors", "outdoors")
TIMES = ("day", "night")
PLACE_SAID_FROM = 0.7  # confidence; of frames of unseen clips that leaves out three in ten
TIME_SAID_FROM = 0.8  # confidence
_MIN_SIDE_PX = 32


class PlaceScorer:
    """Indoors or outdoors, by what an ImageNet network sees: rooms and furniture, or landscapes.

    A logistic rule on the features of EfficientNet-Lite0 (Tan & Le, 2019), learned from labelled
    frames and photographs; see `models.place`. Where it is not sure it says nothing.

    Day or night by another such rule, on the same features and on how bright the sky is, how much is
    dark, and how many lamps are seen; see `models.time_of_day`. It is said only where the place is
    said to be outdoors, whatever the windows of a room show. Dusk, sunsets and blue hours should be
    neither, though the brighter ones pass for day. A day that is filmed darker is not night for that.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="place",
        version=3,
        family="contextual",
        height_px=270,
        settings={"said_from": PLACE_SAID_FROM, "time_said_from": TIME_SAID_FROM},
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
                f"How sure that is; under {PLACE_SAID_FROM} the place is not said.",
            ),
            Column(
                "time_of_day", "code", 0, len(TIMES) - 1, "neither",
                "When it was taken: "
                + ", ".join(f"{code} {word}" for code, word in enumerate(TIMES))
                + "; missing where it is not outdoors, mostly at dusk, and where that cannot be told.",
                words=TIMES,
            ),
            Column(
                "time_of_day_confidence", "share", 0.5, 1, "neither",
                f"How sure that is; under {TIME_SAID_FROM} the time of day is not said; missing where the "
                "place is not said to be outdoors.",
            ),
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        self._network: ImageContent | None = None
        self._rule: PlaceRule | None = None
        self._time: TimeOfDayRule | None = None

    def open(self, runtime: Runtime) -> None:
        """Load the network and the rules."""
        path = require("image_content", runtime.on_progress, runtime.may_download)
        self._network, self._rule = ImageContent(path, runtime.n_threads), PlaceRule()
        self._time = TimeOfDayRule()

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: self._measure(picture))

    def _measure(self, picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
        assert self._network is not None, "open() comes first"
        assert self._rule is not None, "open() comes first"
        if min(picture.shape[:2]) < _MIN_SIDE_PX:
            return {}
        picture = shrunk(picture)
        features = self._network.of(picture)
        exterior = self._rule.exterior(features)
        confidence = max(exterior, 1 - exterior)
        said = {"place": float(exterior > 0.5)} if confidence >= PLACE_SAID_FROM else {}
        return {
            **said,
            "place_confidence": confidence,
            **self._time_of_day(picture, features, exterior),
        }

    def _time_of_day(
        self, picture: NDArray[np.uint8], features: NDArray[np.float32], exterior: float
    ) -> dict[str, float]:
        assert self._time is not None, "open() comes first"
        if exterior < PLACE_SAID_FROM:
            return {}
        night = self._time.night(features, measured(picture))
        confidence = max(night, 1 - night)
        said = {"time_of_day": float(night > 0.5)} if confidence >= TIME_SAID_FROM else {}
        return {**said, "time_of_day_confidence": confidence}

    def close(self) -> None:
        """Let go of the network and the rules."""
        self._network = self._rule = self._time = None
