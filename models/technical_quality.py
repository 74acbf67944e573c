"""How free of technical faults a picture is, by a small network that learned it without labels.

The idea is that of Liu, van de Weijer and Bagdanov, "RankIQA: learning from rankings for no-reference
image quality assessment", ICCV 2017: of two copies of a picture, one spoilt more than the other, it is
known which is better, so that nobody has to rate anything. The blocks are those of Sandler et al.,
"MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018. Blur, grain and blocks are a
matter of single pixels, so the whole picture goes in as it is; three plain convolutions that halve
it, with few channels, make that affordable. What it was trained on and how far to trust it stands in
``technical_quality.md`` beside this file.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.lite_graph import N_SHAPES, LiteNet
from models.lite_levels import Ranges, given, stored_ranges, weights_in
from models.lite_writer import LiteWriter, Relu

WEIGHTS = Path(__file__).with_suffix(".npz")
RANGES = "technical_quality"
"""What its ranges are stored as."""

MIN_SIDE_PX = 32
STEM = (8, 16, 24)  # channels; each halves the picture
BLOCKS = (((24, 1, 2), (40, 2, 4), (40, 1, 4)), ((64, 2, 4),))  # channels, stride, expansion
TOP, HIDDEN = 96, 48
_UPSIDE_DOWN = True  # as LiteRT pads
_N_WHOLE = 7  # operators in whole numbers: the stem is most of the work; behind it errors add up


class TechnicalQuality:
    """The network, ready to be asked.

    Parameters
    ----------
    n_threads : int
        What it may use.
    path : pathlib.Path
        Weights, as `training.technical_quality` writes them.
    in_whole_numbers : bool
        As it is meant to be used. The ranges that it needs are those of its own weights: with others
        it computes in floats.
    """

    def __init__(self, n_threads: int, path: Path = WEIGHTS, in_whole_numbers: bool = True) -> None:
        weights = weights_in(path)
        self._in_whole_numbers = in_whole_numbers
        ranges = stored_ranges()[RANGES][:_N_WHOLE] if in_whole_numbers else None
        model = written(weights, ranges)
        self._of_shape = lru_cache(N_SHAPES)(partial(LiteNet, model, n_threads))
        self._head = [(weights[f"head.{at}.weight"], weights[f"head.{at}.bias"]) for at in (0, 2)]

    def of(self, picture: NDArray[np.uint8]) -> float:
        """How clean a picture is.

        Parameters
        ----------
        picture : ndarray of uint8, shape (H, W, 3)
            sRGB, at about 540 lines: faults are judged pixel by pixel, and a reduced picture hides
            them.

        Returns
        -------
        float
            0 (ruined) to 1 (nothing to complain about); NaN below 32 pixels a side.
        """
        if min(picture.shape[:2]) < MIN_SIDE_PX:
            return float("nan")
        shown = given(picture, _UPSIDE_DOWN, self._in_whole_numbers)
        pools = self._of_shape(picture.shape[:2]).of(shown)
        means, fourths = pools[::2], pools[1::2]
        pooled = [
            part.ravel()
            for mean, fourth in zip(means, fourths, strict=True)
            for part in (mean, np.sqrt(np.sqrt(fourth + np.float32(1e-6))))
        ]
        (inner, inner_bias), (outer, outer_bias) = self._head
        hidden = np.maximum(0, inner @ np.concatenate(pooled) + inner_bias)
        return float(1 / (1 + np.exp(-(outer @ hidden + outer_bias)[0])))


def written(weights: dict[str, NDArray[np.float32]], ranges: Ranges | None) -> bytes:
    """All but its head, for LiteRT: of every pooled layer the means, and the means of the fourth
    powers.
    """
    # It was taught on (picture - 128) / 64.
    graph = LiteWriter(1 / 64, upside_down=_UPSIDE_DOWN, ranges=ranges)
    pooled: list[int] = []

    def convolved(values: int, name: str, stride: int = 1, relu: Relu = "relu") -> int:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return graph.convolution(values, weight, bias, stride, relu=relu)

    def pool(values: int) -> None:
        pooled.extend([graph.mean(values), graph.mean(graph.square(graph.square(values)))])

    found = convolved(convolved(graph.pictures, "stages.0.0", 2), "stages.0.3", 2)
    pool(found)
    found = convolved(found, "stages.1.0", 2)
    pool(found)
    n_in = STEM[-1]
    for stage, blocks in enumerate(BLOCKS, start=2):
        for step, (n_out, stride, _) in enumerate(blocks):
            place = f"stages.{stage}.{step}.layers"
            wide = convolved(convolved(found, f"{place}.0"), f"{place}.3", stride)
            narrow = convolved(wide, f"{place}.6", relu="")
            adds = stride == 1 and n_in == n_out
            found, n_in = graph.sum(found, narrow) if adds else narrow, n_out
        if stage == len(BLOCKS) + 1:
            found = convolved(found, f"stages.{stage}.{len(blocks)}")
        pool(found)
    return graph.finished(*pooled)
