"""Eyes and expressions against labelled faces, on both roads; writes the tables of docs/faces.md.

python -m benchmarks.face_labels MEDIA
"""

from __future__ import annotations

import argparse
import csv
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
from numpy.typing import NDArray
from sklearn.metrics import f1_score, roc_auc_score

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import EXPRESSIONS, Faces
from benchmarks.faces import roads
from benchmarks.record import write
from scorers.analysers.faces import FaceAnalyser
from scorers.faces import principal

DOCUMENT = Path(__file__).parent.parent / "docs" / "faces.md"
TOLD_APART = ("neutral", "joy", "surprise")
_OURS = {"happiness": "joy"}
_NOTHING = "no face"
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


@dataclass(frozen=True)
class Eyes:
    """How open the eyes of labelled faces are said to be; NaN where no face was read."""

    shut: NDArray[np.bool_]
    eyes_open: NDArray[np.float64]
    downcast: NDArray[np.float64]

    @property
    def auc(self) -> float:
        """A face that was not read counts as half open."""
        return float(roc_auc_score(self.shut, -np.nan_to_num(self.eyes_open, nan=0.5)))


@dataclass(frozen=True)
class Words:
    """Labels and words of faces."""

    labels: tuple[str, ...]
    words: tuple[str, ...]

    @property
    def macro_f1(self) -> float:
        """Of neutral, joy and surprise, over the faces with one of these labels; any other word is
        a miss.
        """
        pairs = [
            pair for pair in zip(self.labels, self.words, strict=True) if pair[0] in TOLD_APART
        ]
        labels, words = zip(*pairs, strict=True)
        return float(f1_score(labels, words, labels=list(TOLD_APART), average="macro"))

    def table(self) -> str:
        """The confusion table in Markdown: a row per label, a column per word."""
        columns = [*EXPRESSIONS, _NOTHING]
        counts = Counter(zip(self.labels, self.words, strict=True))
        lines = ["| labelled | " + " | ".join(columns) + " |", "|---" * (len(columns) + 1) + "|"]
        for label in [*EXPRESSIONS, "contempt"]:
            cells = [str(counts[label, word] or "·") for word in columns]
            lines.append(f"| {label} | " + " | ".join(cells) + " |")
        return "\n".join(lines)


def faces_of(analyser: FaceAnalyser, path: Path) -> Faces:
    """The faces of a picture file."""
    picture = cv2.cvtColor(cv2.imread(str(path)), cv2.COLOR_BGR2RGB)[None]
    return analyser.analyse(FrameBatch(picture, np.zeros(1), np.zeros(1, np.int64)))


def rows_of(media: Path, folder: str) -> list[dict[str, str]]:
    """The labels of a folder of labelled pictures."""
    with (media / "labelled" / folder / "labels.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def look_at_eyes(analyser: FaceAnalyser, media: Path) -> Eyes:
    """Faces with open and with shut eyes (Closed Eyes in the Wild; UTKFace)."""
    rows, values = rows_of(media, "eyes_open_closed"), []
    for row in rows:
        faces = faces_of(analyser, media / row["path"])
        first = principal(faces) if len(faces) else None
        read = (
            (np.nan, np.nan) if first is None else (faces.eyes_open[first], faces.downcast[first])
        )
        values.append(read)
    shut = np.array([row["eyes"] == "closed" for row in rows])
    eyes_open, downcast = np.array(values, np.float64).T
    return Eyes(shut, eyes_open, downcast)


def read_expressions(analyser: FaceAnalyser, media: Path) -> Words:
    """Faces labelled with what they show; one labeller each, noisy."""
    labels, words = [], []
    for row in rows_of(media, "expressions_wild"):
        faces = faces_of(analyser, media / row["path"])
        code = int(faces.expression[principal(faces)]) if len(faces) else -1
        labels.append(_OURS.get(row["expression"], row["expression"]))
        words.append(EXPRESSIONS[code] if code >= 0 else _NOTHING)
    return Words(tuple(labels), tuple(words))


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("media", type=Path)
    media = parser.parse_args().media
    results, text = {}, ""
    for name, (detector, reader) in roads().items():
        analyser = FaceAnalyser()
        analyser.use(detector, reader)
        eyes, words = look_at_eyes(analyser, media), read_expressions(analyser, media)
        road = analyser.road.rpartition("; ")[0]  # who a face is, is not asked
        analyser.close()
        unread = np.isnan(eyes.eyes_open)
        results[name] = {
            "eyes_auc": round(eyes.auc, 4),
            "eyes_not_read": int(unread.sum()),
            "shut_below_a_fifth": round(float(np.mean(eyes.eyes_open[eyes.shut] < 0.2)), 3),
            "open_below_a_fifth": round(float(np.mean(eyes.eyes_open[~eyes.shut] < 0.2)), 3),
            "shut_called_downcast": round(float(np.mean(eyes.downcast[eyes.shut] >= 0.5)), 3),
            "expressions_macro_f1": round(words.macro_f1, 3),
        }
        figures = ", ".join(
            f"{key.replace('_', ' ')} {value}" for key, value in results[name].items()
        )
        text += f"\n**{road}**: {figures}.\n\n{words.table()}\n"
    write("face_labels", {"eyes": 197, "expressions": 208}, results)
    document = DOCUMENT.read_text("utf-8")
    before, _, rest = document.partition(_BEGIN)
    DOCUMENT.write_text(before + _BEGIN + text + "\n" + _END + rest.partition(_END)[2], "utf-8")


if __name__ == "__main__":
    main()
