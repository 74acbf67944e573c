"""Every column against what people said of photographs; writes the table of docs/people.md.

python -m benchmarks.people MEDIA
"""

from __future__ import annotations

import argparse
import csv
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from scipy.stats import spearmanr

from ava.core.frame_batch import FrameBatch
from ava.scoring.contract import Runtime
from ava.scoring.registry import installed
from ava.scoring.runner import Runner
from ava.source.opening import open_source
from benchmarks.record import write

DOCUMENT = Path(__file__).parent.parent / "docs" / "people.md"
_LINES_PX = 540
_FEW = 30  # pictures; a correlation over fewer says nothing
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"


def ratings(media: Path) -> dict[str, dict[str, float]]:
    """What people said, by question and picture: mean appeal, and the share that called it simple."""
    folder = media / "labelled"
    with (folder / "appeal_photos" / "ratings.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    appeal = {
        row["path"]: _mean(row["appeal_test1_mean"], row["appeal_test2_mean"]) for row in rows
    }
    with (folder / "simplicity_photos" / "labels.csv").open(encoding="utf-8") as file:
        simple = {
            row["path"]: int(row["votes_simple"]) / int(row["raters"])
            for row in csv.DictReader(file)
        }
    return {"appeal": appeal, "simple": simple}


def _mean(*values: str) -> float:
    return float(np.mean([float(value) for value in values if value]))


def columns_of(media: Path, names: list[str]) -> dict[str, NDArray[np.float64]]:
    """Every scalar column for every picture."""
    registry = installed()
    rows = []
    with Runner(registry, Runtime()) as runner:
        for name in names:
            with open_source(media / name) as source:
                pixels = next(iter(source.scan())).rgb(_LINES_PX)
            scored = runner.run(FrameBatch(pixels[None], np.zeros(1), np.zeros(1, np.int64)))
            rows.append(scored.values)
    return {
        column.name: np.array([float(row[column.name][0]) for row in rows])
        for column in registry.columns
        if column.size == 1 and not column.words
    }


def correlation(values: NDArray[np.float64], said: NDArray[np.float64]) -> tuple[float, float, int]:
    """Spearman's rho, its p value, and over how many pictures; NaN where it cannot be told."""
    known = np.isfinite(values) & np.isfinite(said)
    n_known = int(known.sum())
    if n_known < _FEW or np.ptp(values[known]) == 0:
        return float("nan"), float("nan"), n_known
    found = spearmanr(values[known], said[known])
    return float(found.statistic), float(found.pvalue), n_known


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("media", type=Path)
    media = parser.parse_args().media
    results: dict[str, dict[str, tuple[float, float, int]]] = {}
    for question, said in ratings(media).items():
        names = sorted(said)
        answers = np.array([said[name] for name in names])
        for column, values in columns_of(media, names).items():
            results.setdefault(column, {})[question] = correlation(values, answers)
    better = {column.name: column.better for column in installed().columns}
    rows = sorted(results, key=lambda name: -np.nan_to_num(abs(results[name]["appeal"][0]), nan=-1))
    lines = [
        "| column | better | appeal | pictures | simple | pictures |",
        "|---|---|---|---|---|---|",
    ]
    for name in rows:
        cells = [
            f"{'·' if np.isnan(rho) else f'{rho:+.2f}'}{'*' if p < 0.01 else ''} | {n}"
            for rho, p, n in (results[name][question] for question in ("appeal", "simple"))
        ]
        lines.append(f"| `{name}` | {better[name].replace('neither', '')} | {' | '.join(cells)} |")
    text = "\n".join(lines) + "\n"
    before, _, rest = DOCUMENT.read_text("utf-8").partition(_BEGIN)
    DOCUMENT.write_text(before + _BEGIN + text + _END + rest.partition(_END)[2], "utf-8")
    write(
        "people",
        {"spearman": "rho, by column and question"},
        {
            name: {
                question: round(rho, 3) for question, (rho, _, _) in answers.items() if rho == rho
            }
            for name, answers in results.items()
        },
    )


if __name__ == "__main__":
    main()
