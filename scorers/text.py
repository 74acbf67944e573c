"""How much burnt-in text a picture carries, and whether text is all there is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, TextRegions
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, gray, per_frame

_GRAIN = 4.0  # gray levels; smaller steps are noise, not drawing


class TextScorer(Weightless):
    """Text as the detector found it."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="text",
        version=1,
        family="filters",
        height_px=270,
        needs=(TextRegions,),
        columns=(
            Column(
                "text_share", "share", 0, 1, "less",
                "Share of the picture covered by lines of text.",
                label="free of text",
            ),
            Column(
                "text_lines", "count", 0, float("inf"), "less",
                "How many separate pieces of text are seen.",
            ),
            Column(
                "text_card", "share", 0, 1, "less",
                "How much of all that is drawn in the picture is text: near 1 for a title card or credits.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        text = found.get(TextRegions)

        def measure(
            picture: NDArray[np.uint8], row: int
        ) -> dict[str, float | NDArray[np.floating]]:
            return _measure(gray(picture), text.box_xyxy[text.of_frame(row)])

        return per_frame(self.card, frames, measure)


def _measure(luma: Floats, boxes: Floats) -> dict[str, float | NDArray[np.floating]]:
    if len(boxes) == 0:
        return {"text_share": 0.0, "text_lines": 0.0, "text_card": 0.0}
    height, width = luma.shape
    covered = np.zeros((height, width), dtype=bool)
    for x0, y0, x1, y1 in boxes:
        rows = slice(int(y0 * height), int(np.ceil(y1 * height)))
        columns = slice(int(x0 * width), int(np.ceil(x1 * width)))
        covered[rows, columns] = True
    across = np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))
    down = np.abs(np.diff(luma, axis=0, append=luma[-1:]))
    detail = np.maximum(0, across + down - _GRAIN)
    total = float(detail.sum())
    return {
        "text_share": float(covered.mean()),
        "text_lines": float(len(boxes)),
        "text_card": min(1.0, float(detail[covered].sum()) / total) if total > 0 else 0.0,
    }
