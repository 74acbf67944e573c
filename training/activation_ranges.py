"""Sees which numbers lie between the layers of the networks that compute in whole numbers.

python -m training.activation_ranges PHOTOGRAPHS

PHOTOGRAPHS is the folder that `training.time_of_day` learns from. To be run again whenever one of these
networks has been taught anew. It takes a few minutes.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.source.stills_reader import load_still
from models import image_content, technical_quality
from models.lite_graph import LiteGraph
from models.lite_writer import RANGES, Ranges, given, weights_in
from models.torch_weights import arrays_in
from models.weights import require
from training.pictures import LINES_PX
from training.time_of_day import LABELS

_OF_A_PACKAGE = 6  # pictures

Picture = NDArray[np.uint8]


def photographs(folder: Path) -> Iterator[Picture]:
    """Some of each package, of 540 lines."""
    taken: Counter[str] = Counter()
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            taken[row["package"]] += 1
            if taken[row["package"]] <= _OF_A_PACKAGE:
                picture = load_still(folder / row["registry"] / row["package"] / row["file"])
                size = (max(32, round(picture.shape[1] * LINES_PX / picture.shape[0])), LINES_PX)
                yield cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


def seen(model: bytes, shown: Iterator[NDArray[Any]]) -> Ranges:
    """The least and the largest number that each operator of a network of floats gives, (N, 2)."""
    from ai_edge_litert.interpreter import Interpreter, OpResolverType

    net = Interpreter(
        model_content=model,
        experimental_preserve_all_tensors=True,
        experimental_op_resolver_type=OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    operators = LiteGraph.stored(model).steps[1:]  # the first one makes floats of the picture
    least, largest = (np.full(len(operators), sign * np.inf, np.float32) for sign in (1, -1))
    at, shape = net.get_input_details()[0]["index"], ()
    for picture in shown:
        if picture.shape != shape:
            shape = picture.shape
            net.resize_tensor_input(at, shape)
            net.allocate_tensors()
        net.set_tensor(at, picture)
        net.invoke()
        for number, operator in enumerate(operators):
            values = net.get_tensor(operator.outputs[0])
            least[number] = min(least[number], values.min())
            largest[number] = max(largest[number], values.max())
    return np.stack([least, largest], axis=1)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    pictures = list(photographs(parser.parse_args().photographs))
    print(f"{len(pictures)} photographs")
    content = image_content.written(arrays_in(require("image_content")), None)
    technical = technical_quality.written(weights_in(technical_quality.WEIGHTS), None)
    as_seen: dict[str, tuple[bytes, Callable[[Picture], NDArray[Any]]]] = {
        image_content.RANGES: (content, lambda one: given(image_content.shrunk(one), False, False)),
        technical_quality.RANGES: (technical, lambda one: given(one, True, False)),
    }
    ranges: dict[str, Any] = {
        name: seen(model, map(show, pictures)) for name, (model, show) in as_seen.items()
    }
    np.savez(RANGES, **ranges)


if __name__ == "__main__":
    main()
