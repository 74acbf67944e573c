"""How much burnt-in text a picture carries, of what kind, and whether text is all there is."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses, TextRegions
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, gray, per_frame
from scorers.text_layout import credits_roll, layout_of, subtitle_band, title_card

_GRAIN = 4.0  # gray levels; smaller steps are noise, not drawing


class TextScorer(Weightless):
    """Text as the detector found it."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="text",
        version=2,
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
            Column(
                "subtitle_band", "likelihood", 0, 1, "less",
                "How surely subtitles are burnt in: one to three light, centred lines at the foot or the top.",
                label="free of subtitles",
            ),
            Column(
                "title_card", "likelihood", 0, 1, "less",
                "How surely this is a title: a few words alone on a card, or large in the middle of a picture.",
            ),
            Column(
                "credits_roll", "likelihood", 0, 1, "less",
                "How surely these are credits: many short lines, centred or in two columns, on dark ground.",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        text = found.get(TextRegions)

        def measure(
            picture: NDArray[np.uint8], row: int
        ) -> dict[str, float | NDArray[np.floating]]:
            boxes = text.box_xyxy[text.of_frame(row)]
            if not len(boxes):
                return {column.name: 0.0 for column in self.card.columns}
            return _measure(gray(picture).astype(np.float32), boxes)

        return per_frame(self.card, frames, measure)


def _measure(luma: Floats, boxes: Floats) -> dict[str, float | NDArray[np.floating]]:
    height, width = luma.shape
    covered = np.zeros((height, width), dtype=bool)
    for x0, y0, x1, y1 in boxes:
        rows = slice(int(y0 * height), int(np.ceil(y1 * height)))
        columns = slice(int(x0 * width), int(np.ceil(x1 * width)))
        covered[rows, columns] = True
    card = _drawn_share(luma, covered)
    layout = layout_of(boxes, luma)
    credit = credits_roll(layout, card, luma[~covered])
    subtitle = subtitle_band(layout) * (1 - credit)
    return {
        "text_share": float(covered.mean()),
        "text_lines": float(len(boxes)),
        "text_card": card,
        "subtitle_band": subtitle,
        # A subtitle under a black picture is the only thing drawn there, too.
        "title_card": title_card(layout, card) * (1 - credit) * (1 - subtitle),
        "credits_roll": credit,
    }


def _drawn_share(luma: Floats, covered: NDArray[np.bool_]) -> float:
    """How much of all that is drawn lies in the covered part."""
    across = np.abs(np.diff(luma, axis=1, append=luma[:, -1:]))
    down = np.abs(np.diff(luma, axis=0, append=luma[-1:]))
    detail = np.maximum(0, across + down - _GRAIN)
    total = float(detail.sum())
    return min(1.0, float(detail[covered].sum()) / total) if total > 0 else 0.0
