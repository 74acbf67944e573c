"""Sees which numbers lie between the layers of the networks that compute in whole numbers.

python -m training.activation_ranges PHOTOGRAPHS --fonts FOLDER

PHOTOGRAPHS is the folder that `training.time_of_day` learns from; the fonts are for lettering on them,
which a network that looks for text must have seen. To be run again whenever one of these networks has
been taught anew. It takes a few minutes.
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.source.stills_reader import load_still
from models import image_content, technical_quality, text_detection
from models.lite_graph import LiteGraph
from models.lite_levels import RANGES, Ranges, given, weights_in
from models.onnx_weights import convolutions_in
from models.torch_weights import arrays_in
from models.weights import require
from training.lettering import CROP_PX, Labelled, drawn
from training.pictures import LINES_PX
from training.time_of_day import LABELS

_OF_A_PACKAGE = 6  # pictures
_LONG_SIDE_PX = 576  # as text is looked for

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


def with_text(pictures: list[Picture], fonts: list[Path]) -> list[Picture]:
    """The pictures as they are looked at for text, and crops of them with lettering."""
    random = np.random.default_rng(0)
    step, shown = text_detection.STEP_PX, []
    for picture in pictures:
        shrink = _LONG_SIDE_PX / max(picture.shape[:2])
        size = [max(step, round(side * shrink / step) * step) for side in picture.shape[1::-1]]
        shown.append(cv2.resize(picture, size, interpolation=cv2.INTER_LINEAR).astype(np.uint8))
        if min(picture.shape[:2]) >= CROP_PX:
            nothing = np.zeros(picture.shape[:2], np.uint8)
            shown.append(drawn(Labelled(picture, nothing), fonts, random).pixels)
    return shown


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
    parser.add_argument("--fonts", type=Path, required=True, help="a folder of TrueType files")
    words = parser.parse_args()
    pictures = list(photographs(words.photographs))
    print(f"{len(pictures)} photographs")
    content = image_content.written(arrays_in(require("image_content")), None)
    technical = technical_quality.written(weights_in(technical_quality.WEIGHTS), None)
    text = text_detection.written(convolutions_in(require("text_detection_ppocr")), None)
    lettered = with_text(pictures, sorted(words.fonts.rglob("*.ttf")))
    as_seen: dict[str, tuple[bytes, Iterator[NDArray[Any]]]] = {
        image_content.RANGES: (
            content,
            (given(image_content.shrunk(one), False, False) for one in pictures),
        ),
        technical_quality.RANGES: (technical, (given(one, True, False) for one in pictures)),
        text_detection.RANGES: (
            text,
            (given(text_detection.framed(one), False, False) for one in lettered),
        ),
    }
    ranges: dict[str, Any] = {name: seen(*both) for name, both in as_seen.items()}
    np.savez(RANGES, **ranges)


if __name__ == "__main__":
    main()
