"""Whether a picture was taken indoors or outdoors, by what is in it.

A logistic rule on the features of `models.image_content`: rooms and furniture against landscapes,
plants and vehicles. What it learned from, and how far to trust it, stands in ``place.md`` beside it.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

WEIGHTS = Path(__file__).with_suffix(".npz")


class PlaceRule:
    """The rule; its weights come with ava."""

    def __init__(self, path: Path = WEIGHTS) -> None:
        with np.load(path, allow_pickle=False) as stored:
            self._weight = stored["weight"].astype(np.float32)
            self._bias = float(stored["bias"])

    def exterior(self, features: NDArray[np.float32]) -> float:
        """How surely it is outdoors, 0..1, from the features (1280,)."""
        return float(1 / (1 + np.exp(-(features @ self._weight + self._bias))))
