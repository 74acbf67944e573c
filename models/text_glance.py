"""Where in a picture there may be lettering, by a very small network that looks before a large one.

It was taught by lettering drawn on pictures and by what a detector of text finds in them, to miss
nothing rather than to be right: whoever asks looks again, closely, but only there. `training/` taught
it; what from, and how far to trust it, stands in ``text_glance.md`` beside this file. The blocks are
those of Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR 2018.
"""

from __future__ import annotations

from functools import lru_cache, partial
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from models.lite_graph import N_SHAPES, LiteNet
from models.lite_levels import given, weights_in
from models.lite_writer import LiteWriter, Relu

WEIGHTS = Path(__file__).with_suffix(".npz")
LONG_SIDE_PX = 480
FIELD_PX = 8  # of the picture as it is looked at
STEM = (8, 16, 32)  # channels; each halves the picture
WIDE, BLOCKS = 64, (1, 2, 4)  # a dilation each: text is told by a row of letters, not by one
_UPSIDE_DOWN = True  # as LiteRT pads


class TextGlance:
    """The network, ready to be asked.

    Parameters
    ----------
    n_threads : int
        What it may use.
    path : pathlib.Path
        Weights, as `training.text_glance_network.save` writes them.
    """

    def __init__(self, n_threads: int, path: Path = WEIGHTS) -> None:
        self._of_shape = lru_cache(N_SHAPES)(partial(LiteNet, _model(path), n_threads))

    def likelihood(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How likely each field of a picture is part of a line of text.

        Parameters
        ----------
        picture : ndarray of uint8, shape (H, W, 3)
            sRGB, at about 540 lines.

        Returns
        -------
        ndarray of float32, shape (h, w)
            0..1, for fields of 8 × 8 pixels of the picture reduced to a long side of 480.
        """
        shrink = min(1.0, LONG_SIDE_PX / max(picture.shape[:2]))
        size = [max(1, round(side * shrink)) for side in picture.shape[1::-1]]
        small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)
        # A last field that the picture fills in part would show its edge, as a bar like underlining.
        down, across = (-side % FIELD_PX for side in small.shape[:2])
        whole = cv2.copyMakeBorder(small, 0, down, 0, across, cv2.BORDER_REPLICATE)
        net = self._of_shape(whole.shape[:2])
        shown = given(whole.astype(np.uint8, copy=False), _UPSIDE_DOWN, in_whole_numbers=False)
        (found,) = net.of(shown)
        return found[0, ::-1, ::-1, 0]


def _model(path: Path) -> bytes:
    # It was taught on (picture - 128) / 64.
    weights, graph = weights_in(path), LiteWriter(1 / 64, upside_down=_UPSIDE_DOWN)

    def convolved(
        values: int, name: str, stride: int = 1, dilation: int = 1, relu: Relu = ""
    ) -> int:
        weight, bias = weights[f"{name}.weight"], weights[f"{name}.bias"]
        return graph.convolution(values, weight, bias, stride, dilation, relu)

    found = graph.pictures
    for step in range(len(STEM)):
        found = convolved(found, f"layers.{3 * step}", 2, relu="relu")
    for step, dilation in enumerate(BLOCKS):
        place = f"layers.{3 * len(STEM) + step}.layers"
        wide = convolved(found, f"{place}.0", relu="relu")
        wide = convolved(wide, f"{place}.3", 1, dilation, "relu")
        found = graph.sum(found, convolved(wide, f"{place}.6"))
    return graph.finished(graph.sigmoid(convolved(found, "head")))
