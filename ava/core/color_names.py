"""Plain words for colors, by a rule on CIELAB lightness, chroma and hue.

==============  =================================================================================
gray tones      chroma below 9: black (L* below 18), dark gray (45), gray (72), pale gray (90), white;
                what is darker than L* 12 is black up to a chroma of 20
hue             by angle: red 10°–50°, orange to 80°, yellow to 114°, green to 170°, teal to 225°,
                blue to 310°, purple to 340°, pink to 10°
other words     orange below L* 50 is brown, yellow below L* 60 is olive; from L* 65 red is pink, or
                orange where its hue is over 40°; from L* 60 purple over 320° is pink
tone            dark below L* 35 and a chroma of 100, else pale from L* 70 with a chroma below 40, else muted with a
                chroma below 22
==============  =================================================================================

The borders are ours: they put the named colors of CSS and paint charts where people put them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

_NEUTRALS = ("black", "dark gray", "gray", "pale gray", "white")
_NEUTRAL_ENDS = (18.0, 45.0, 72.0, 90.0)
_NEUTRAL_CHROMA, _BLACK_LIGHTNESS, _BLACK_CHROMA = 9.0, 12.0, 20.0
_HUES = ("red", "orange", "yellow", "green", "teal", "blue", "purple", "pink", "brown", "olive")
_HUE_ENDS = (50.0, 80.0, 114.0, 170.0, 225.0, 310.0, 340.0)
_FIRST_HUE = 10.0
_RED, _ORANGE, _YELLOW, _PURPLE, _PINK, _BROWN, _OLIVE = map(
    _HUES.index, ("red", "orange", "yellow", "purple", "pink", "brown", "olive")
)
_TONES = ("", "dark ", "pale ", "muted ")
_GRID = _NEUTRALS + tuple(tone + hue for hue in _HUES for tone in _TONES)
# What the rule for brown, olive and pink leaves nothing of.
_NEVER = frozenset({"dark orange", "dark yellow", "pale red", "pale brown", "pale olive"})

NAMES: tuple[str, ...] = tuple(name for name in _GRID if name not in _NEVER)
_PLACE = np.array([NAMES.index(name) if name in NAMES else -1 for name in _GRID])


def name_index(lab: NDArray[np.floating]) -> NDArray[np.int64]:
    """Which of `NAMES` each color goes by.

    Parameters
    ----------
    lab : ndarray of float, shape (..., 3)
        CIELAB (D65).

    Returns
    -------
    ndarray of int64, shape (...)
        Places in `NAMES`.
    """
    lightness, a, b = lab[..., 0], lab[..., 1], lab[..., 2]
    chroma = np.hypot(a, b)
    angle = (np.degrees(np.arctan2(b, a)) - _FIRST_HUE) % 360 + _FIRST_HUE
    hue = np.searchsorted(_HUE_ENDS, angle, side="right")
    hue = np.where((hue == _ORANGE) & (lightness < 50), _BROWN, hue)
    hue = np.where((hue == _YELLOW) & (lightness < 60), _OLIVE, hue)
    hue = np.where((hue == _RED) & (lightness >= 65), np.where(angle > 40, _ORANGE, _PINK), hue)
    hue = np.where((hue == _PURPLE) & (lightness >= 60) & (angle > 320), _PINK, hue)
    dark = (lightness < 35) & (chroma < 100)
    pale = (lightness >= 70) & (chroma < 40)
    tone = np.select([dark, pale, chroma < 22], [1, 2, 3], 0)
    black = (lightness < _BLACK_LIGHTNESS) & (chroma < _BLACK_CHROMA)
    gray = np.where(black, 0, np.searchsorted(_NEUTRAL_ENDS, lightness, side="right"))
    colored = len(_NEUTRALS) + hue * len(_TONES) + tone
    found: NDArray[np.int64] = _PLACE[
        np.where(black | (chroma < _NEUTRAL_CHROMA), gray, colored)
    ].astype(np.int64)
    return found
