"""How well a network of `models.technical_quality` orders planted faults on pictures it never saw.

    python -m training.evaluation FILM_OR_PICTURE … [--weights weights.npz] [--packaged]

Beside it stand two measures that need no training: the variance of the Laplacian, and
`skimage.measure.blur_effect` (Crété-Roffet et al., 2007).
"""

from __future__ import annotations

import argparse
import zlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage.measure import blur_effect

from models.technical_quality import WEIGHTS, TechnicalQuality
from training.distortions import FAULTS, Picture
from training.pictures import PACKAGED_HELD_OUT, Origin, origin, packaged

STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
_SHARED_FRAMES = 6  # of a film: neighbours say the same
Measure = Callable[[Picture], float]


def laplacian_variance(picture: Picture) -> float:
    """The old measure of focus; more is sharper, noise included."""
    gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    return float(cv2.Laplacian(gray, cv2.CV_32F).var())


def crispness(picture: Picture) -> float:
    """One less the blur of scikit-image."""
    return 1.0 - float(blur_effect(cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)))  # type: ignore[no-untyped-call]


def series(measure: Measure, picture: Picture, fault: str, name: str) -> NDArray[np.float64]:
    """What a measure says of a picture at the five strengths of a fault.

    The variant of the fault is drawn by the name of the picture, the same for every measure.
    """
    recipe = FAULTS[fault](np.random.default_rng(zlib.crc32(f"{name}/{fault}".encode())))
    return np.array([measure(recipe(picture, strength)) for strength in STRENGTHS])


def order_of(given: NDArray[np.float64]) -> tuple[float, float]:
    """Rank correlation with the strength (-1 is right), and the share of pairs in right order."""
    correlation = spearmanr(STRENGTHS, given).statistic if np.ptp(given) > 0 else 0.0
    pairs = [given[i] > given[j] for i in range(len(given)) for j in range(i + 1, len(given))]
    return float(correlation), float(np.mean(pairs))


def table(origins: list[Origin], measures: dict[str, Measure]) -> str:
    """A Markdown table: a row per fault, two columns per measure, and mean values of the first."""
    first = next(iter(measures))
    head = [f"{name}: rank correlation | {name}: pairs right" for name in measures]
    lines = [f"| fault | {' | '.join(head)} | {first} at {', '.join(map(str, STRENGTHS))} |"]
    lines.append("|---" * (2 + 2 * len(measures)) + "|")
    for fault in FAULTS:
        cells, means = [], ""
        for measure in measures.values():
            rows = [
                series(measure, picture, fault, f"{one.name}{index}")
                for one in origins
                for index, picture in enumerate(one.pictures)
            ]
            orders = np.mean([order_of(row) for row in rows], axis=0)
            cells.append(f"{orders[0]:.3f} | {orders[1]:.3f}")
            means = means or ", ".join(f"{value:.2f}" for value in np.mean(rows, axis=0))
        lines.append(f"| {fault} | {' | '.join(cells)} | {means} |")
    return "\n".join(lines)


def steadiness(origins: list[Origin], measure: Measure) -> str:
    """Mean absolute change by what is no fault."""
    changes: dict[str, Callable[[Picture], Picture]] = {
        "mirrored": lambda picture: np.ascontiguousarray(picture[:, ::-1]),
        "10 % smaller": lambda picture: _resized(picture, 0.9),
        "10 % larger": lambda picture: _resized(picture, 1.1),
        "one stop darker": lambda picture: _darker(picture, 1),
        "three stops darker": lambda picture: _darker(picture, 3),
        "gray": lambda picture: np.repeat(
            cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)[:, :, None], 3, axis=2
        ),
    }
    pictures = [picture for one in origins for picture in one.pictures]
    before = [measure(picture) for picture in pictures]
    lines = [f"clean: mean {np.mean(before):.3f}, lowest {min(before):.3f}"]
    for name, change in changes.items():
        moved = np.array([measure(change(picture)) for picture in pictures]) - before
        lines.append(f"{name}: mean {moved.mean():+.3f}, mean size {np.abs(moved).mean():.3f}")
    return "\n".join(lines)


def _resized(picture: Picture, scale: float) -> Picture:
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    return cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how).astype(
        np.uint8, copy=False
    )


def _darker(picture: Picture, stops: float) -> Picture:
    darker: Picture = np.rint(picture * 2 ** (-stops / 2.2)).astype(np.uint8)
    return darker


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="*", type=Path, help="films and pictures kept apart")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--packaged", action="store_true", help="the packaged photographs, too")
    parser.add_argument("--alone", action="store_true", help="without the other measures")
    words = parser.parse_args()
    network = TechnicalQuality(1, words.weights, words.weights == WEIGHTS)
    origins = [origin(path, _SHARED_FRAMES) for path in words.paths]
    if words.packaged:
        origins += [packaged(name) for name in PACKAGED_HELD_OUT]
    measures: dict[str, Measure] = {"ours": network.of}
    if not words.alone:
        measures |= {"Laplacian": laplacian_variance, "blur_effect": crispness}
    print(f"{sum(len(one.pictures) for one in origins)} pictures of {len(origins)} origins\n")
    print(table(origins, measures))
    print("\n" + steadiness(origins, measures["ours"]))


if __name__ == "__main__":
    main()
