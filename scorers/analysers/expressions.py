"""Plain words for what a face shows, by rules over the movements of its muscles.

The rules follow the prototypes of EMFACS (Friesen & Ekman, 1983; Ekman, Friesen & Hager, "Facial
Action Coding System: investigator's guide", 2002), as far as the movements can be seen. Evidence
for a word is the sum of its signs, 0..1, less what speaks against it. A word needs `THRESHOLD` of
it; otherwise the face is neutral. Movements that a road does not tell count as at rest, so that on
the mesh road no face is ever angry, afraid or disgusted, and few are sad.

=========  =================================================  ===================================
word       signs: action units                                 against
=========  =================================================  ===================================
joy        12 lip corners up                                   4
surprise   26 mouth open, 1+2 brows up, 5 eyes wide            12, 4, 16
anger      4 brows down, with 7 or 24; 16+26 bared teeth       12, 1+2
sadness    1 inner brows up, 15, 17, lids low                  12, 26, 2
fear       5 eyes wide, 1, 20 mouth stretched                  12, 4, 26
disgust    10 upper lip up, 17                                 12, 1+2, 26
=========  =================================================  ===================================
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

THRESHOLD = 0.4


@dataclass(frozen=True)
class Rule:
    """What speaks for a word.

    Attributes
    ----------
    signs : tuple of (float, str, ...)
        Weight and movements; several movements of one sign must come together (their product).
    against : tuple of (float, str)
        Share of the evidence that a movement takes away.
    """

    signs: tuple[tuple[float, tuple[str, ...]], ...]
    against: tuple[tuple[float, str], ...]


RULES = {
    "joy": Rule(((1.0, ("smile",)),), ((0.25, "brow_down"),)),
    "surprise": Rule(
        (
            (0.7, ("mouth_open",)),
            (0.15, ("brow_raise",)),
            (0.2, ("brow_raise", "mouth_open")),
            (0.35, ("eyes_wide",)),
        ),
        ((1.0, "smile"), (1.0, "brow_down"), (0.3, "lower_lip_down")),
    ),
    "anger": Rule(
        (
            (0.45, ("brow_down",)),
            (0.25, ("brow_down", "eyes_squint")),
            (0.2, ("brow_down", "lips_pressed")),
            (0.55, ("lower_lip_down", "mouth_open")),
        ),
        ((1.0, "smile"), (1.0, "brow_raise")),
    ),
    "sadness": Rule(
        (
            (0.55, ("brow_inner_up",)),
            (0.4, ("mouth_frown",)),
            (0.15, ("chin_up",)),
            (0.2, ("lids_low",)),
        ),
        ((1.0, "smile"), (1.0, "mouth_open"), (0.4, "brow_outer_up")),
    ),
    "fear": Rule(
        ((0.4, ("eyes_wide",)), (0.3, ("brow_inner_up",)), (0.4, ("mouth_stretch",))),
        ((1.0, "smile"), (1.0, "brow_down"), (0.5, "mouth_open")),
    ),
    "disgust": Rule(
        ((0.7, ("upper_lip_up",)), (0.2, ("chin_up",))),
        ((1.0, "smile"), (1.0, "brow_raise"), (0.5, "mouth_open")),
    ),
}
"""The words but "neutral", which is what is left."""


@dataclass(frozen=True)
class Expression:
    """What a face shows.

    Attributes
    ----------
    word : str
        One of `ava.scoring.analyses.EXPRESSIONS`.
    strength : float
        How far the face is from rest, 0..1: the evidence for the strongest word.
    clearness : float
        How far the word is ahead of the next one: 0.5 where they are level, 1 where none is.
    """

    word: str
    strength: float
    clearness: float


def evidence(movements: Mapping[str, float]) -> dict[str, float]:
    """Evidence for every word but "neutral", 0..1.

    Parameters
    ----------
    movements : mapping of str to float
        0..1 by name (see `models.face_movements.MOVEMENTS`), with ``brow_raise``, the higher of
        inner and outer brows, and ``lids_low``; NaN for one that is not known.
    """
    known = {name: 0.0 if np.isnan(value) else value for name, value in movements.items()}
    found = {}
    for word, rule in RULES.items():
        total = sum(
            weight * float(np.prod([known[name] for name in names])) for weight, names in rule.signs
        )
        for share, name in rule.against:
            total *= 1 - share * known[name]
        found[word] = min(1.0, total)
    return found


def expression_of(movements: Mapping[str, float]) -> Expression:
    """The word that fits a face best; see `evidence`."""
    found = evidence(movements)
    strength = max(found.values())
    # Level with a word that just reaches the threshold, and gone at twice of it.
    found["neutral"] = max(0.0, 2 * THRESHOLD - strength)
    best, second = sorted(found, key=lambda word: -found[word])[:2]
    if strength < THRESHOLD:
        best, second = "neutral", max(RULES, key=lambda word: found[word])
    clearness = found[best] / (found[best] + found[second])
    return Expression(best, strength, clearness)
