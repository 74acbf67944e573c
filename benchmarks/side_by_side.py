"""ava's choice beside evenly spaced frames and ffmpeg's thumbnail filter, for every film.

python -m benchmarks.side_by_side MEDIA

Writes docs/side_by_side.jpg and the tables of docs/side_by_side.md. Not every film may be shown to
others: with --free-only the picture has only those whose licence allows it.
"""

from __future__ import annotations

import argparse
import csv
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import av
import av.filter
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

import ava
from ava.source.opening import open_source

DOCS = Path(__file__).parent.parent / "docs"
DOCUMENT, PICTURE = DOCS / "side_by_side.md", DOCS / "side_by_side.jpg"
N_FRAMES = 8
ROWS = ("ava", "evenly spaced", "ffmpeg thumbnail")
_BEGIN, _END = "<!-- measured: begin -->\n", "<!-- measured: end -->\n"
_FREE = ("CC-BY", "CC0", "US government")
_GAP_PX, _LINE_PX, _HEADING_PX, _MARGIN_PX = 6, 15, 26, 112
_QUALITY = 84


@dataclass(frozen=True)
class Rows:
    """What each of `ROWS` takes of one film: frame ids, and how they look."""

    name: str
    licence: str
    frames: Mapping[str, Sequence[int]]
    labels: Mapping[int, str]
    pictures: Mapping[int, Image.Image]

    @property
    def is_free(self) -> bool:
        """Whether its licence lets others see it."""
        return any(word in self.licence for word in _FREE)


def presentation_seconds(film: Path) -> NDArray[np.float64]:
    """When each picture of a film is shown, in the order they are decoded."""
    with av.open(str(film)) as box:
        return np.array([frame.time for frame in box.decode(video=0)], np.float64)


def evenly_spaced(seconds: NDArray[np.float64]) -> list[int]:
    """What is shown in the middle of each of eight equal parts of the film."""
    length = (seconds[-1] - seconds[0]) * len(seconds) / max(1, len(seconds) - 1)
    middles = seconds[0] + (np.arange(N_FRAMES) + 0.5) * length / N_FRAMES
    return [int(one) for one in np.searchsorted(seconds, middles, "right") - 1]


def by_thumbnail_filter(film: Path, n_pictures: int) -> list[int]:
    """What FFmpeg's ``thumbnail`` takes, one picture of each eighth of the film."""
    found: list[int] = []
    with av.open(str(film)) as box:
        graph = av.filter.Graph()
        start = graph.add_buffer(template=box.streams.video[0])
        thumbnail = graph.add("thumbnail", f"n={-(-n_pictures // N_FRAMES)}")
        graph.link_nodes(start, thumbnail, graph.add("buffersink")).configure()
        ids: dict[int, int] = {}
        for frame in [*box.decode(video=0), None]:
            if frame is not None:
                assert frame.pts is not None
                ids[frame.pts] = len(ids)
            graph.push(frame)
            found += [ids[one.pts] for one in _ready(graph)]
    return found


def _ready(graph: av.filter.Graph) -> Iterable[av.VideoFrame]:
    while True:
        try:
            frame = graph.pull()
        except (av.BlockingIOError, av.EOFError):
            return
        assert isinstance(frame, av.VideoFrame)
        yield frame


def rows_of(film: Path, licence: str, width_px: int) -> Rows:
    """The three rows of one film, with pictures of `width_px`."""
    seconds = presentation_seconds(film)
    with tempfile.TemporaryDirectory() as library:
        candidates = ava.rank(film, library, top=N_FRAMES).candidates
    frames = {
        "ava": [one.frame_id for one in candidates],
        "evenly spaced": evenly_spaced(seconds),
        "ffmpeg thumbnail": by_thumbnail_filter(film, len(seconds)),
    }
    wanted = {frame_id for ids in frames.values() for frame_id in ids}
    labels, pictures = {}, {}
    with open_source(film) as source:
        for frame in source.scan():
            if frame.ref.frame_id in wanted:
                whole = Image.fromarray(frame.rgb())
                height_px = round(whole.height * width_px / whole.width)
                pictures[frame.ref.frame_id] = whole.resize((width_px, height_px))
                labels[frame.ref.frame_id] = frame.ref.label
    return Rows(film.stem, licence, frames, labels, pictures)


def drawn(films: Sequence[Rows], width_px: int) -> Image.Image:
    """All films below each other, three rows each."""
    heights = [next(iter(film.pictures.values())).height + _LINE_PX + _GAP_PX for film in films]
    total = sum(_HEADING_PX + len(ROWS) * height + _GAP_PX for height in heights)
    page = Image.new("RGB", (_MARGIN_PX + N_FRAMES * (width_px + _GAP_PX), total), "white")
    pen, top = ImageDraw.Draw(page), 0
    for film, height in zip(films, heights, strict=True):
        heading = film.name.replace("_", " ")
        pen.text((_GAP_PX, top + 5), heading, "black", ImageFont.load_default(16))
        top += _HEADING_PX
        for row in ROWS:
            pen.text((_GAP_PX, top + 4), row, "black", ImageFont.load_default(12))
            for at, frame_id in enumerate(film.frames[row]):
                left = _MARGIN_PX + at * (width_px + _GAP_PX)
                page.paste(film.pictures[frame_id], (left, top))
                below = (left, top + height - _LINE_PX - _GAP_PX)
                pen.text(below, film.labels[frame_id], "#555555", ImageFont.load_default(11))
            top += height
        top += _GAP_PX
    return page


def licences(media: Path) -> dict[str, dict[str, str]]:
    """The lines of the manifest on films, by path."""
    with (media / "MANIFEST.csv").open(encoding="utf-8") as file:
        return {row["path"]: row for row in csv.DictReader(file) if row["path"][:6] == "films/"}


def table(films: Sequence[Rows], known: Mapping[str, Mapping[str, str]]) -> str:
    """Where each film is from, and what each row took."""
    lines = ["| film | from | licence |", "|---|---|---|"]
    for path, row in known.items():
        lines.append(f"| {Path(path).stem} | {row['source_repo']} | {row['licence']} |")
    lines += ["", f"| film | {' | '.join(ROWS)} |", "|---|---|---|---|"]
    for film in films:
        cells = [", ".join(film.labels[one] for one in film.frames[row]) for row in ROWS]
        lines.append(f"| {film.name} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("media", type=Path)
    parser.add_argument("--out", type=Path, default=PICTURE)
    parser.add_argument("--width", type=int, default=150, help="of one picture, in pixels")
    parser.add_argument("--free-only", action="store_true")
    options = parser.parse_args()
    known = licences(options.media)
    films = [
        rows_of(options.media / path, row["licence"], options.width) for path, row in known.items()
    ]
    shown = [film for film in films if film.is_free or not options.free_only]
    drawn(shown, options.width).save(options.out, quality=_QUALITY, optimize=True)
    before, _, rest = DOCUMENT.read_text("utf-8").partition(_BEGIN)
    text = table(films, known)
    DOCUMENT.write_text(before + _BEGIN + text + _END + rest.partition(_END)[2], "utf-8")


if __name__ == "__main__":
    main()
