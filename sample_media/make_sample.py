"""Makes the sample film and its ground truth, from photographs inside scikit-image and scikit-learn.

    python sample_media/make_sample.py

Every shot is a camera move over one photograph; what a frame selector must find or avoid is
planted on purpose and written to ``sample_film.json``: cuts, a dissolve, fades, a title card,
rolling credits, a whip pan, a letterboxed shot. The same versions of the encoder and libraries give
the same file again.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from skimage import data
from sklearn.datasets import load_sample_image

WIDTH, HEIGHT, RATE = 1280, 720, 24
HERE = Path(__file__).parent
Picture = NDArray[np.uint8]
Move = Callable[[float], Picture]


def camera(photo: Picture, start: tuple[float, ...], end: tuple[float, ...]) -> Move:
    """A move over a photograph: (centre x, centre y, width shown), all in shares of its width.

    The speed eases in and out, as a dolly does.
    """

    def at(progress: float) -> Picture:
        eased = progress * progress * (3 - 2 * progress)
        x, y, shown = (a + (b - a) * eased for a, b in zip(start, end, strict=True))
        scale = WIDTH / (shown * photo.shape[1])
        matrix = np.array(
            [
                [scale, 0, WIDTH / 2 - x * photo.shape[1] * scale],
                [0, scale, HEIGHT / 2 - y * photo.shape[1] * scale],
            ]
        )
        moved = cv2.warpAffine(
            photo, matrix, (WIDTH, HEIGHT), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REFLECT
        )
        return moved.astype(np.uint8)

    return at


def whip_pan(photo: Picture, start: tuple[float, ...], end: tuple[float, ...]) -> Move:
    """A fast pan, each frame the mean over an open shutter of most of the way it goes."""
    n_frames, n_open = 24, 24

    def at(progress: float) -> Picture:
        total = np.zeros((HEIGHT, WIDTH, 3), np.float32)
        for step in range(n_open):
            way = min(1.0, progress + step / n_open / n_frames)
            x, y, shown = (a + (b - a) * way for a, b in zip(start, end, strict=True))
            total += camera(photo, (x, y, shown), (x, y, shown))(0)
        return (total / n_open).astype(np.uint8)

    return at


def letterboxed(move: Move) -> Move:
    """The same picture inside the bars of 2.39:1."""
    bar = round((HEIGHT - WIDTH / 2.39) / 2)

    def at(progress: float) -> Picture:
        picture = move(progress).copy()
        picture[:bar] = 0
        picture[-bar:] = 0
        return picture

    return at


def text(size: int, lines: list[tuple[str, int]], background: int) -> Picture:
    """White lines (text, height in pixels) centred on a gray of `background`."""
    canvas = Image.new("RGB", (WIDTH, size), (background,) * 3)
    draw = ImageDraw.Draw(canvas)
    y = (size - sum(2 * height for _, height in lines)) // 2
    for line, height in lines:
        font = ImageFont.load_default(height)
        draw.text((WIDTH // 2, y + height), line, (235, 235, 230), font, anchor="mm")
        y += 2 * height
    return np.asarray(canvas)


def still(picture: Picture) -> Move:
    return lambda _: picture


def rolling(page: Picture) -> Move:
    def at(progress: float) -> Picture:
        top = round(progress * (len(page) - HEIGHT))
        return page[top : top + HEIGHT]

    return at


@dataclass
class Film:
    """Shots laid end to end, with the truth about them."""

    frames: list[Callable[[], Picture]] = field(default_factory=list)
    cuts: list[int] = field(default_factory=list)
    transitions: list[dict[str, int | str]] = field(default_factory=list)
    bad_spans: list[dict[str, int | str]] = field(default_factory=list)
    letterbox: list[dict[str, int]] = field(default_factory=list)

    def shot(self, move: Move, seconds: float, bad: str = "", cut: bool = True) -> tuple[int, int]:
        """Add a shot; returns its first and last frame."""
        first, n_frames = len(self.frames), round(seconds * RATE)
        for index in range(n_frames):
            self.frames.append(lambda index=index: move(index / (n_frames - 1)))  # type: ignore[misc]
        last = len(self.frames) - 1
        if cut and first:
            self.cuts.append(first)
        if bad:
            self.bad_spans.append({"kind": bad, "first": first, "last": last})
        return first, last

    def dissolve_to_next(self, move: Move, seconds: float, overlap: float) -> None:
        """Add a shot that dissolves from the one before it over `overlap` seconds."""
        n_mixed = round(overlap * RATE)
        before = self.frames[-n_mixed:]
        first = len(self.frames) - n_mixed
        self.frames = self.frames[:first]
        self.shot(move, seconds, cut=False)
        for step in range(n_mixed):
            share = (step + 1) / (n_mixed + 1)
            old, new = before[step], self.frames[first + step]
            self.frames[first + step] = lambda old=old, new=new, share=share: mixed(  # type: ignore[misc]
                old(), new(), share
            )
        self._transition("dissolve", first, first + n_mixed - 1)

    def fade(self, kind: str, first: int, n_frames: int) -> None:
        """Fade existing frames in from black or out to black."""
        black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
        for step in range(n_frames):
            share = (step + 1) / (n_frames + 1)
            share = share if kind == "fade in" else 1 - share
            picture = self.frames[first + step]
            self.frames[first + step] = lambda picture=picture, share=share: mixed(  # type: ignore[misc]
                black, picture(), share
            )
        self._transition(kind, first, first + n_frames - 1)

    def _transition(self, kind: str, first: int, last: int) -> None:
        self.transitions.append({"kind": kind, "first": first, "last": last})
        self.bad_spans.append({"kind": kind, "first": first, "last": last})


def mixed(old: Picture, new: Picture, share: float) -> Picture:
    return cv2.addWeighted(old, 1 - share, new, share, 0).astype(np.uint8)


def composed() -> Film:
    """The film, 48 seconds of it."""
    astronaut, coffee, cat = data.astronaut(), data.coffee(), data.cat()
    rocket, sky = data.rocket(), data.hubble_deep_field()
    left, right, _ = data.stereo_motorcycle()
    china, flower = load_sample_image("china.jpg"), load_sample_image("flower.jpg")
    film = Film()
    film.shot(camera(astronaut, (0.46, 0.34, 0.98), (0.45, 0.30, 0.72)), 5)
    film.fade("fade in", 0, RATE)
    film.shot(camera(coffee, (0.40, 0.34, 0.72), (0.60, 0.34, 0.72)), 3)
    card = text(HEIGHT, [("A SAMPLE FILM", 64), ("eight photographs and a camera", 28)], 12)
    film.shot(still(card), 2, bad="title card")
    film.shot(camera(china, (0.30, 0.36, 0.60), (0.66, 0.34, 0.66)), 4)
    film.dissolve_to_next(camera(flower, (0.50, 0.33, 0.98), (0.46, 0.33, 0.62)), 4.5, overlap=1)
    film.shot(camera(left, (0.34, 0.32, 0.60), (0.36, 0.32, 0.56)), 2.5)
    film.shot(
        whip_pan(left, (0.36, 0.32, 0.56), (0.70, 0.36, 0.56)), 1, bad="motion blur", cut=False
    )
    first, last = film.shot(
        letterboxed(camera(rocket, (0.52, 0.36, 0.96), (0.50, 0.30, 0.70))), 3.5
    )
    film.letterbox.append({"first": first, "last": last})
    film.shot(camera(cat, (0.52, 0.33, 0.98), (0.50, 0.28, 0.66)), 3.5)
    film.shot(camera(right, (0.66, 0.36, 0.66), (0.50, 0.34, 0.84)), 3)
    film.shot(camera(sky, (0.40, 0.44, 0.70), (0.56, 0.42, 0.84)), 3)
    film.shot(camera(coffee, (0.52, 0.28, 0.34), (0.52, 0.28, 0.30)), 0.8)
    film.shot(camera(china, (0.52, 0.24, 0.34), (0.50, 0.24, 0.32)), 0.8)
    film.shot(camera(flower, (0.45, 0.30, 0.36), (0.47, 0.30, 0.34)), 0.8)
    first, last = film.shot(camera(astronaut, (0.44, 0.24, 0.56), (0.44, 0.24, 0.48)), 4)
    film.fade("fade out", last - RATE + 1, RATE)
    black = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    film.shot(still(black), 1, bad="black", cut=False)
    names = ["Eileen Collins · NASA", "Rachel Michetti", "Stefan van der Walt", "SpaceX"]
    names += ["Middlebury College", "Hubble · NASA and ESA", "danielbuechele", "vultilion"]
    lines = [("PHOTOGRAPHS", 40), *[(name, 34) for name in names], ("THE END", 40)]
    film.shot(rolling(text(1700, lines, 0)), 5, bad="credits", cut=False)
    film.bad_spans.sort(key=lambda span: int(span["first"]))
    return film


def encoded(film: Film, path: Path) -> None:
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as box:
        stream = box.add_stream("libx264", rate=Fraction(RATE))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "25", "preset": "slow", "g": "96", "threads": "1"}
        context = stream.codec_context
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 1  # limited
        for picture in _rendered(film):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = frame.reformat(
                format="yuv420p", dst_colorspace="ITU709", dst_color_range="MPEG"
            )
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))


def _rendered(film: Film) -> Iterator[Picture]:
    for draw in film.frames:
        yield np.ascontiguousarray(draw())


def main() -> None:
    film = composed()
    encoded(film, HERE / "sample_film.mp4")
    truth = {
        "about": "Ground truth of sample_film.mp4; 0-based frame numbers, spans with both ends.",
        "frame_rate": RATE,
        "n_frames": len(film.frames),
        "width_px": WIDTH,
        "height_px": HEIGHT,
        "cuts": film.cuts,
        "transitions": film.transitions,
        "bad_spans": film.bad_spans,
        "letterbox": film.letterbox,
    }
    (HERE / "sample_film.json").write_text(json.dumps(truth, indent=1) + "\n", "utf-8")


if __name__ == "__main__":
    main()
