"""Teaches which of the features of `models.image_content` tell indoors from outdoors.

python -m training.place MEDIA

MEDIA is the folder that the labels in ``tests/labels`` speak of. Every other clip is held out, by name;
what comes of those is printed. It takes a minute or two.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.geometry import Box, cropped
from ava.scan.glance import areas_at_a_glance
from ava.settings import Settings
from ava.source.opening import open_source
from ava.source.stills_reader import load_still
from models.image_content import ImageContent, class_weights
from models.place import WEIGHTS, PlaceRule
from models.weights import require

LABELS = Path(__file__).parent.parent / "tests" / "labels"
CLIP_LABELS = ("film_shot_scale.csv", "more_shot_scale.csv")
PHOTO_LABELS = "photo_places.csv"
PHOTOS = "photographs"
_LINES_PX = 270
_MOST_OF_A_CLIP = 20  # frames; a longer clip weighs no more
_STRENGTH = 1e-3  # of what is learned, against the wish for small weights

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class Labelled:
    """One picture and where it was taken."""

    clip: str
    is_exterior: bool
    picture: Picture


def labelled_clips(media: Path, clips: list[str]) -> Iterator[Labelled]:
    """The frames of some clips that have a place."""
    for clip in clips:
        wanted = {
            row["n_frame"]: row["place"] == "exterior" for row in _rows() if row["file"] == clip
        }
        with open_source(media / clip) as source:
            areas = areas_at_a_glance(source, Settings().scan)
            area = max(areas, key=areas.count) if areas else Box(0, 0, 1, 1)
            for frame in source.scan():
                number = str(frame.ref.frame_id)
                if number in wanted:
                    yield Labelled(clip, wanted[number], cropped(frame.rgb(_LINES_PX), area))
                if frame.ref.frame_id >= max(map(int, wanted)):
                    break


def labelled_photographs(media: Path) -> Iterator[Labelled]:
    """The photographs that have a place."""
    with (LABELS / PHOTO_LABELS).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            picture = load_still(media / row["file"])
            size = (round(picture.shape[1] * _LINES_PX / picture.shape[0]), _LINES_PX)
            small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
            yield Labelled(PHOTOS, row["place"] == "exterior", small.astype(np.uint8, copy=False))


def clips() -> tuple[list[str], list[str]]:
    """Clips to learn from, and those held out."""
    names = sorted({row["file"] for row in _rows()})
    return names[::2], names[1::2]


def _rows() -> list[dict[str, str]]:
    rows: list[dict[str, str]] = []
    for name in CLIP_LABELS:
        with (LABELS / name).open(encoding="utf-8") as file:
            rows += [row for row in csv.DictReader(file) if row["place"]]
    return rows


def fitted(
    features: NDArray[np.float32],
    is_exterior: NDArray[np.bool_],
    of_clip: NDArray[np.str_],
    classes: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> tuple[NDArray[np.float32], float]:
    """Weights of the features and a bias: logistic regression on the logits of ImageNet's classes.

    Both answers count the same in all, and no clip more than 20 frames of it.
    """
    from sklearn.linear_model import LogisticRegression

    logits = features @ classes[0].T + classes[1]
    mean, spread = logits.mean(axis=0), logits.std(axis=0)
    weights = np.ones(len(logits))
    for clip in set(of_clip.tolist()) - {PHOTOS}:
        mine = of_clip == clip
        weights[mine] = min(1.0, _MOST_OF_A_CLIP / mine.sum())
    for answer in (False, True):
        weights[is_exterior == answer] *= len(weights) / 2 / weights[is_exterior == answer].sum()
    model = LogisticRegression(C=_STRENGTH, max_iter=1000)
    model.fit((logits - mean) / spread, is_exterior, sample_weight=weights)
    of_logits = model.coef_[0] / spread
    bias = float(model.intercept_[0] + (classes[1] - mean) @ of_logits)
    return (of_logits @ classes[0]).astype(np.float32), bias


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("media", type=Path)
    media = parser.parse_args().media
    learned, held_out = clips()
    path = require("image_content")
    network = ImageContent(path)
    examples = [*labelled_photographs(media), *labelled_clips(media, learned)]
    weight, bias = fitted(
        np.stack([network.of(one.picture) for one in examples]),
        np.array([one.is_exterior for one in examples]),
        np.array([one.clip for one in examples]),
        class_weights(path),
    )
    np.savez(WEIGHTS, weight=weight.astype(np.float16), bias=np.float32(bias))
    rule = PlaceRule()
    seen = [
        (rule.exterior(network.of(one.picture)), one.is_exterior)
        for one in labelled_clips(media, held_out)
    ]
    given, truth = np.array([one[0] for one in seen]), np.array([one[1] for one in seen])
    print(f"{len(held_out)} clips held out, {len(truth)} frames")
    for least in (0.5, 0.6, 0.65, 0.7, 0.8, 0.9):
        sure = np.maximum(given, 1 - given) >= least
        right = (given > 0.5) == truth
        print(
            f"from {least}: {sure.mean():.0%} of the frames, right {right[sure].mean():.1%}; "
            f"exteriors {right[sure & truth].mean():.1%}, interiors {right[sure & ~truth].mean():.1%}"
        )


if __name__ == "__main__":
    main()
