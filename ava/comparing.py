"""The colors of pictures, films and title folders, side by side."""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from string import ascii_uppercase
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ava.core.color_names import NAMES
from ava.core.errors import ConfigError, DecodeError, ScorerError, StoreError
from ava.core.progress import OnProgress, silent
from ava.ranking.color_compare import (
    ColorBreakdown,
    ColorDistance,
    breakdown_over,
    chi_square,
    color_distance,
    in_words,
    name_of,
    typical_color,
)
from ava.review.comparison import (
    ComparedView,
    ComparisonContext,
    DifferenceView,
    MatchView,
    PairView,
    SwatchView,
    render_comparison,
)
from ava.scan.scanner import Scanner
from ava.scoring.contract import Runtime
from ava.scoring.registry import Registry
from ava.scoring.runner import Runner, scaled
from ava.scoring_pass import batches, scanner_for, software
from ava.settings import Settings
from ava.source.opening import Source, open_source
from ava.store.atomic import store_errors, write_atomic
from ava.store.stills import jpeg_bytes
from ava.store.title_folder import (
    is_title_folder,
    proxy_name,
    read_shots,
    read_title,
)

_COLUMNS = ("color_histogram", "named_colors", "palette", "palette_share")
_SHOWN_LINES_PX = 240
Kind = Literal["picture", "pictures", "film", "title"]


@dataclass(frozen=True)
class ComparedColors:
    """One of those compared.

    Attributes
    ----------
    path : pathlib.Path
        As it was named.
    name : str
        File name or title.
    kind : {"picture", "pictures", "film", "title"}
        What it is.
    n_frames : int
        Frames that its colors are the mean of, every shot counting by its length.
    breakdown : ColorBreakdown
        Its colors.
    picture : bytes
        A small JPEG that stands for it.
    """

    path: Path
    name: str
    kind: Kind
    n_frames: int
    breakdown: ColorBreakdown
    picture: bytes


@dataclass(frozen=True)
class Comparison:
    """Pictures and titles with their colors, and how far every two are apart.

    Attributes
    ----------
    compared : tuple of ComparedColors
        In the order named; called A, B, C … in words.
    distances : mapping of (int, int) to ColorDistance
        By places of two of them, the earlier first.
    """

    compared: tuple[ComparedColors, ...]
    distances: dict[tuple[int, int], ColorDistance]

    def to_json(self) -> dict[str, Any]:
        """In plain JSON types."""
        return {
            "compared": [
                {
                    "letter": letter,
                    "path": str(one.path),
                    "name": one.name,
                    "kind": one.kind,
                    "n_frames": one.n_frames,
                    "palette": [
                        {"color": swatch.color, "name": swatch.name, "share": swatch.percent / 100}
                        for swatch in _palette(one.breakdown)
                        if swatch.percent > 0
                    ],
                    "named_colors": dict(zip(NAMES, one.breakdown.named.tolist(), strict=True)),
                    "color_histogram": one.breakdown.histogram.tolist(),
                }
                for letter, one in zip(ascii_uppercase, self.compared, strict=False)
            ],
            "pairs": [
                {
                    "first": ascii_uppercase[at],
                    "second": ascii_uppercase[other],
                    "chi_square": distance.chi_square,
                    "earth_movers": distance.earth_movers,
                    "palette_difference": distance.palette_difference,
                    "matches": [vars(one) for one in distance.matches],
                    "differences": [
                        {
                            **vars(one),
                            "sentence": in_words(one, ascii_uppercase[at], ascii_uppercase[other]),
                        }
                        for one in distance.differences
                    ],
                }
                for (at, other), distance in self.distances.items()
            ],
        }


def compare_colors(compared: Sequence[ComparedColors]) -> Comparison:
    """Every two of them against each other.

    Raises
    ------
    ConfigError
        When there are fewer than two, or more than letters.
    """
    require_comparable(len(compared))
    pairs = combinations(range(len(compared)), 2)
    distances = {
        (at, other): color_distance(compared[at].breakdown, compared[other].breakdown)
        for at, other in pairs
    }
    return Comparison(tuple(compared), distances)


def require_comparable(n_sources: int) -> None:
    """Refuse a number of sources before any of them is looked at; see `compare_colors`."""
    if not 2 <= n_sources <= len(ascii_uppercase):
        raise ConfigError(
            f"{n_sources} named, and a comparison is of 2 to 26",
            "name pictures, films or title folders",
        )


def colors_of(
    path: Path,
    settings: Settings,
    registry: Registry,
    runtime: Runtime | None = None,
    on_progress: OnProgress = silent,
) -> ComparedColors:
    """The colors of a picture, a film, a folder of pictures, or a title folder.

    A film is scanned; of a title folder the stored numbers are read. Every shot counts by its
    length, and so does every picture of a folder alike.

    Raises
    ------
    MediaError
        When the source cannot be used.
    StoreError
        When a title folder cannot be read, or knows nothing of named colors.
    ScorerError
        When no scorer is installed that tells colors.
    """
    if is_title_folder(path):
        return _of_title(path)
    scorers = [
        one
        for one in registry.scorers
        if {column.name for column in one.card.columns}.issuperset(_COLUMNS)
    ]
    if not scorers:
        raise ScorerError("no scorer that tells colors is installed", "install ava again")
    only = Registry((scorers[0],), ())
    runtime = runtime or Runtime()
    with open_source(path) as source, Runner(only, runtime) as runner:
        scanner = scanner_for(source, settings.scan, runtime, on_progress)
        return _of_source(path, source, runner, scanner)


def needs_scan(path: Path) -> bool:
    """Whether `colors_of` has to go through a film."""
    if not path.is_file():
        return False
    with open_source(path) as source:
        return source.info.kind == "video"


def _of_source(path: Path, source: Source, runner: Runner, scanner: Scanner) -> ComparedColors:
    parts: list[Mapping[str, NDArray[np.float32]]] = []
    weights: list[float] = []
    pictures: list[bytes] = []
    for closed in scanner.run(source):
        seconds = max(closed.shot.end_seconds - closed.shot.start_seconds, 1e-3)
        for batch in batches(iter(closed.candidates)):
            parts.append(runner.run(batch).values)
            weights += [seconds / len(closed.candidates)] * len(batch)
            pictures += map(jpeg_bytes, scaled(batch, _SHOWN_LINES_PX).pixels)
    if not weights:
        raise DecodeError(f"{path}: no frame could be decoded", "the file may be damaged")
    columns = {name: np.concatenate([part[name] for part in parts]) for name in _COLUMNS}
    breakdown = _over(columns, np.array(weights))
    kind: Kind = "film" if source.info.kind == "video" else "picture"
    if path.is_dir():
        kind = "pictures"
    picture = pictures[_most_like(columns["color_histogram"], breakdown)]
    return ComparedColors(path, path.resolve().name, kind, len(weights), breakdown, picture)


def _of_title(path: Path) -> ComparedColors:
    title = read_title(path)
    scores, shots = title.pool.scores, title.pool.shot_index
    if any(name not in scores for name in _COLUMNS):
        raise StoreError(
            f"{path} was scored before colors had names", f"score it again: ava rank {path}"
        )
    seconds = np.array([one["end_seconds"] - one["start_seconds"] for one in read_shots(path)])
    weights = np.maximum(seconds, 1e-3) / np.maximum(np.bincount(shots, minlength=len(seconds)), 1)
    breakdown = _over(scores.values, weights[shots])
    row = _most_like(scores["color_histogram"], breakdown)
    shown = path / proxy_name(int(title.pool.frame_ids[row]))
    with store_errors(shown):
        picture = shown.read_bytes()
    return ComparedColors(path, title.facts["title"], "title", len(scores), breakdown, picture)


def _over(
    columns: Mapping[str, NDArray[np.float32]], weights: NDArray[np.float64]
) -> ColorBreakdown:
    histograms, named, palettes, shares = (columns[name] for name in _COLUMNS)
    return breakdown_over(histograms, named, palettes, shares, weights)


def _most_like(histograms: NDArray[np.float32], breakdown: ColorBreakdown) -> int:
    """The frame whose colors are nearest to those of the whole."""
    rows = histograms.astype(np.float64)
    return int(np.argmin([chi_square(row, breakdown.histogram) for row in rows]))


def context_of(comparison: Comparison) -> ComparisonContext:
    """What is shown of a comparison, in plain words."""
    letters = ascii_uppercase
    palettes = [_palette(one.breakdown) for one in comparison.compared]
    return ComparisonContext(
        tuple(
            ComparedView(
                letter,
                one.name,
                _about(one),
                "data:image/jpeg;base64," + base64.b64encode(one.picture).decode("ascii"),
                palette,
            )
            for letter, one, palette in zip(letters, comparison.compared, palettes, strict=False)
        ),
        tuple(
            PairView(
                letters[at],
                letters[other],
                f"{distance.chi_square:.2f}",
                f"{distance.earth_movers:.1f}",
                f"{distance.palette_difference:.1f}",
                tuple(
                    DifferenceView(
                        _hex(typical_color(one.name)),
                        100 * one.first,
                        100 * one.second,
                        in_words(one, letters[at], letters[other]),
                    )
                    for one in distance.differences
                ),
                tuple(
                    MatchView(
                        palettes[at][one.first],
                        palettes[other][one.second],
                        f"{one.difference:.0f}",
                    )
                    for one in distance.matches
                ),
            )
            for (at, other), distance in comparison.distances.items()
        ),
        software(),
    )


def write_comparison(path: Path, context: ComparisonContext) -> None:
    """Write the page, self-contained; an earlier one stays until the new one is whole."""
    with store_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    write_atomic(path, render_comparison(context).encode("utf-8"))


def _about(one: ComparedColors) -> str:
    frames = f"{one.n_frames:,} frame{'' if one.n_frames == 1 else 's'}"
    return {
        "picture": "A picture",
        "pictures": f"A folder of {one.n_frames:,} pictures",
        "film": f"A film: {frames}, each shot counted by its length",
        "title": f"A ranked title: {frames}, each shot counted by its length",
    }[one.kind]


def _palette(breakdown: ColorBreakdown) -> tuple[SwatchView, ...]:
    """All five places, so that matches find theirs; those that stand for nothing have 0 per cent."""
    return tuple(
        SwatchView(_hex(color), name_of(color), 100 * float(share))
        for color, share in zip(breakdown.palette, breakdown.palette_share, strict=True)
    )


def _hex(color: NDArray[np.floating]) -> str:
    return "#" + "".join(f"{round(float(value)):02x}" for value in color)
