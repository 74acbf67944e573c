"""All numbers of one frame in their families, in words that a designer understands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ava.ranking.results import Part
from ava.review.context import FamilyView, ScoreView
from ava.scoring.contract import FAMILIES, Column

_STANDS = {"more": "better than", "less": "better than", "neither": "higher than"}


def families_of(
    columns: Sequence[Column],
    values: Mapping[str, float],
    standing: Mapping[str, float],
    parts: Sequence[Part] = (),
) -> tuple[FamilyView, ...]:
    """Every number of a frame, family by family; what counts comes first in each.

    Parameters
    ----------
    columns : sequence of Column
        The columns that hold one number per frame.
    values : mapping of str to float
        The frame's numbers by column; NaN where one does not apply.
    standing : mapping of str to float
        Where they stand in the title, 0..1; NaN or absent where that is not known.
    parts : sequence of Part
        What counts towards the frame's utility; its percentages go before those of `standing`.
    """
    counted = {part.column: part for part in parts}
    families = []
    for family, heading in {**FAMILIES, "": "Other"}.items():
        mine = [column for column in columns if column.family == family]
        mine.sort(key=lambda column: -counted[column.name].points if column.name in counted else 1)
        scores = tuple(
            _score(column, values[column.name], standing, counted.get(column.name))
            for column in mine
        )
        if scores:
            families.append(FamilyView(heading, scores))
    return tuple(families)


def _score(
    column: Column, value: float, standing: Mapping[str, float], part: Part | None
) -> ScoreView:
    share = standing.get(column.name, np.nan) if part is None else part.percentile
    stands = _STANDS[column.better] if part is None else f"{part.stands} than"
    shown = not (np.isnan(share) or np.isnan(value) or column.words)
    return ScoreView(
        label=column.name.replace("_", " "),  # a label may say the contrary: "free of noise"
        about=column.about,
        value=column.spoken(value),
        percent=round(100 * share) if shown else None,
        stands=stands,
        points="" if part is None else f"{100 * part.points:.1f}",
    )
