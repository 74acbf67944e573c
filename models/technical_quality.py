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

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from models.onnx_graph import INPUT, Graph, centred, session, weights_in

WEIGHTS = Path(__file__).with_suffix(".npz")
MIN_SIDE_PX = 32
STEM = (8, 16, 24)  # channels; each halves the picture
BLOCKS = (((24, 1, 2), (40, 2, 4), (40, 1, 4)), ((64, 2, 4),))  # channels, stride, expansion
TOP, HIDDEN = 96, 48


class TechnicalQuality:
    """The network, ready to be asked.

    Parameters
    ----------
    n_threads : int
        What it may use.
    path : pathlib.Path
        Weights, as `training.technical_network.save` writes them.
    """

    def __init__(self, n_threads: int, path: Path = WEIGHTS) -> None:
        self._session = session(_model(path), n_threads)

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
        return float(self._session.run(None, {INPUT: centred(picture)})[0][0, 0])


def _model(path: Path) -> bytes:
    weights, graph = weights_in(path), Graph()
    weights["stages.0.0.weight"] /= 64  # it was taught on (picture - 128) / 64
    pooled: list[str] = []

    def convolved(values: str, name: str, stride: int = 1, n_groups: int = 1) -> str:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return graph.convolution(values, weight, bias, stride, n_groups=n_groups)

    def pool(values: str) -> None:
        square = graph.add("Mul", values, values)
        fourth = _mean(graph, graph.add("Mul", square, square))
        least = graph.add("Add", fourth, graph.array(np.array([1e-6], np.float32)))
        root = graph.add("Sqrt", graph.add("Sqrt", least))
        pooled.extend([_mean(graph, values), root])

    found = graph.add("Relu", convolved(graph.add("Cast", INPUT, to=1), "stages.0.0", 2))
    found = graph.add("Relu", convolved(found, "stages.0.3", 2))
    pool(found)
    found = graph.add("Relu", convolved(found, "stages.1.0", 2))
    pool(found)
    n_in = STEM[-1]
    for stage, blocks in enumerate(BLOCKS, start=2):
        for step, (n_out, stride, expansion) in enumerate(blocks):
            place = f"stages.{stage}.{step}.layers"
            wide = graph.add("Relu", convolved(found, f"{place}.0"))
            wide = graph.add("Relu", convolved(wide, f"{place}.3", stride, n_in * expansion))
            narrow = convolved(wide, f"{place}.6")
            adds = stride == 1 and n_in == n_out
            found, n_in = graph.add("Add", found, narrow) if adds else narrow, n_out
        if stage == len(BLOCKS) + 1:
            found = graph.add("Relu", convolved(found, f"stages.{stage}.{len(blocks)}"))
        pool(found)
    values = graph.add("Concat", *pooled, axis=1)
    for layer in (0, 2):
        weight, bias = weights[f"head.{layer}.weight"], weights[f"head.{layer}.bias"]
        values = graph.add("Gemm", values, graph.array(weight), graph.array(bias), transB=1)
        values = graph.add("Sigmoid" if layer else "Relu", values)
    return graph.finished(values, 2)


def _mean(graph: Graph, values: str) -> str:
    return graph.add("Flatten", graph.add("GlobalAveragePool", values))
