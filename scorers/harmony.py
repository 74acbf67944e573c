"""How orderly the hues of a picture are, by which scheme, and whether it is of one tint."""

from __future__ import annotations

from functools import cache
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, ScorerCard
from scorers.pictures import Floats, Weightless, extremes, lab, per_frame

TEMPLATES = (
    "no scheme",
    "one hue",
    "two opposite hues",
    "neighboring hues",
    "neighbors and a hue a quarter round",
    "neighbors and an opposite accent",
    "one half of the wheel",
    "two opposite groups",
)
# Cohen-Or et al., figure 3: middle and width of every sector in degrees; i, I, V, L, Y, T, X.
_SECTORS = (
    ((0.0, 18.0),),
    ((0.0, 18.0), (180.0, 18.0)),
    ((0.0, 93.6),),
    ((0.0, 18.0), (90.0, 79.2)),
    ((0.0, 93.6), (180.0, 18.0)),
    ((0.0, 180.0),),
    ((0.0, 93.6), (180.0, 93.6)),
)
_HUES = 180
_STEP_DEGREES = 360 / _HUES
_GRAY_CHROMA = 16.0  # of 255: below it the hue is that of noise and compression
_LEAST_CHROMA = 1.0
_FADE_DEGREES = 10.0
_GRID_PX = 64
_TONES = 50
_LEAN = 0.5  # tangent of 27°: the tint of a tone may lean so far from that of all
_LIT_LIGHTNESS = 5.0
_LEAST_LIT = 0.005
_JUST_NOTICED = 2.3  # ΔE*ab; Mahy, Van Eycken & Oosterlinck, 1994


class HarmonyScorer(Weightless):
    """Hue schemes (Cohen-Or et al., "Color harmonization", 2006), and black and white.

    The seven schemes are sectors of the color wheel; each is turned to where the hues, weighted by
    how colorful they are, lie nearest to it. Wide sectors fit whatever is in them, so width costs,
    too: harmony is how little of the wheel the hues take up under the best scheme. A picture
    without color has no scheme. Black and white means that every tone has one color and all of
    these are of about one hue, apart from noise.
    """

    card: ClassVar[ScorerCard] = ScorerCard(
        name="harmony",
        version=2,
        height_px=180,
        columns=(
            Column(
                "color_harmony", "share", 0, 1, "more",
                "How orderly the hues are: 1 a single one, 0.7 two opposite ones, 0 strewn all over.",
            ),
            Column(
                "harmony_template", "code", 0, len(TEMPLATES) - 1, "neither",
                "Which hue scheme: " + ", ".join(f"{at} {one}" for at, one in enumerate(TEMPLATES)) + ".",
                words=TEMPLATES,
            ),
            Column(
                "monochrome", "share", 0, 1, "neither",
                "1 for black and white or a single tint such as sepia, 0 as soon as colors differ.",
                label="black and white",
            ),
        ),
    )  # fmt: skip

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""
        return per_frame(self.card, frames, lambda picture, _: _measure(picture))


def _measure(picture: NDArray[np.uint8]) -> dict[str, float | NDArray[np.floating]]:
    given: dict[str, float | NDArray[np.floating]] = {"monochrome": monochrome(picture)}
    hues = hue_histogram(picture)
    if hues is not None:
        given["color_harmony"], given["harmony_template"] = harmony(hues)
    return given


def hue_histogram(picture: NDArray[np.uint8]) -> Floats | None:
    """Share of the color in each of 180 hues of the HSV wheel, 2° each; None where all is gray.

    A pixel counts by its chroma (the largest of red, green, blue less the smallest: saturation
    times value, since the saturation of what is nearly black is noise), less what a gray pixel
    can have from compression.
    """
    hue = cv2.extractChannel(cv2.cvtColor(picture, cv2.COLOR_RGB2HSV), 0)
    chroma = cv2.subtract(*extremes(picture))
    joint = cv2.calcHist([hue, chroma], [0, 1], None, [_HUES, 256], [0, _HUES, 0, 256])
    weights: Floats = joint @ np.maximum(np.arange(256, dtype=np.float32) - _GRAY_CHROMA, 0)
    total = float(weights.sum())
    return weights / np.float32(total) if total >= _LEAST_CHROMA * hue.size else None


def harmony(hues: Floats) -> tuple[float, int]:
    """How little of the color wheel the hues take up when laid out by the best scheme; and which.

    The misfit F of a template is the mean distance of the hues to its nearest sector, at the turn
    that fits best. Wide templates fit whatever is in them, so the distance alone would name them
    always: a template costs its width, too. The hues take up ``W exp(F / 10°)`` degrees, where W
    is the width of its sectors and of their edges, which fade by ``exp(-distance / 10°)``: this is
    the perplexity of the hues under a density of that shape, and the best template has the least.
    Harmony is its logarithm, from 0 for the whole wheel (nor is a scheme named then) to 1 for the
    one narrow sector; two opposite hues reach 0.69, neighbors 0.5. That hues go together the
    better the closer they are is what people say, too (Schloss & Palmer, "Aesthetic response to
    color combinations", 2011).

    Parameters
    ----------
    hues : ndarray of float32, shape (180,)
        Sums to 1.

    Returns
    -------
    harmony : float
        0..1.
    template : int
        Place in `TEMPLATES`.
    """
    misfit = (_distances() @ hues).min(axis=1).astype(np.float64)
    faded = np.exp(-_distances()[:, 0].astype(np.float64) / _FADE_DEGREES)
    widths = np.log(_STEP_DEGREES * faded.sum(axis=1))
    taken = misfit / _FADE_DEGREES + widths
    best, wheel = int(taken.argmin()), np.log(360)
    value = float(((wheel - taken[best]) / (wheel - widths[0])).clip(0, 1))
    return value, best + 1 if value > 0 else 0


@cache
def _distances() -> Floats:
    """Degrees from every hue to the template, for 7 templates × 180 turns × 180 hues."""
    hues = np.arange(_HUES) * _STEP_DEGREES
    around = (hues[None, :] - hues[:, None]) % 360
    tables = []
    for sectors in _SECTORS:
        away = [
            np.maximum(0, np.abs((around - middle + 180) % 360 - 180) - width / 2)
            for middle, width in sectors
        ]
        tables.append(np.min(away, axis=0))
    return np.stack(tables).astype(np.float32)


def monochrome(picture: NDArray[np.uint8]) -> float:
    """Whether a picture is black and white, or of one tint: sepia, a blue print, a red stage.

    In such a picture every tone has one color, and all these colors are of about one hue. So the
    colors (a*, b* of CIELAB) are compared with the best such film: each tone at its own mean
    color, as long as that lies within 27° of the line from gray through the mean of all. What is
    left over is color that differs. The number is 1/2 where two places of one tone differ by what
    is just noticed (2.3 ΔE, root mean square), and falls steeply.

    A lone color in a tone that nothing else has, as a red spot on a white page, passes for a tint.

    Looked at in fields of 1/64 of the width, and only where there is light to see color by. What
    is left over counts as far as neighboring fields have it in common: the chroma noise of
    compression and film differs from field to field.

    Returns
    -------
    float
        0..1; NaN for a black picture.
    """
    height, width = picture.shape[:2]
    size = (_GRID_PX, max(1, round(height * _GRID_PX / width)))
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    fields = lab(small.astype(np.uint8, copy=False))
    lit = fields[..., 0] > _LIT_LIGHTNESS
    if lit.mean() < _LEAST_LIT:
        return float("nan")
    left = np.zeros((*lit.shape, 2))
    left[lit] = _off_tint(fields[lit].astype(np.float64))
    common = (left[:, 1:] * left[:, :-1]).sum() + (left[1:] * left[:-1]).sum()
    n_pairs = (lit[:, 1:] & lit[:, :-1]).sum() + (lit[1:] & lit[:-1]).sum()
    between_places = 2 * max(0.0, float(common)) / max(1, int(n_pairs))
    return 1 / (1 + (between_places / _JUST_NOTICED**2) ** 2)


def _off_tint(colors: NDArray[np.float64]) -> NDArray[np.float64]:
    """What a*, b* of CIELAB colors (N, 3) differ from those of the best film of one tint, (N, 2)."""
    chroma = colors[:, 1:]
    mean = chroma.mean(axis=0)
    tint = mean / max(float(np.hypot(*mean)), 1e-9)
    across = np.array([-tint[1], tint[0]])
    tones = np.minimum(colors[:, 0] * _TONES / 100, _TONES - 1).astype(np.intp)
    counts = np.maximum(np.bincount(tones, minlength=_TONES), 1)
    along = np.maximum(0, np.bincount(tones, chroma @ tint, minlength=_TONES) / counts)
    aside = np.bincount(tones, chroma @ across, minlength=_TONES) / counts
    aside = aside.clip(-_LEAN * along, _LEAN * along)
    return np.asarray(chroma - along[tones, None] * tint - aside[tones, None] * across)
