"""The shapes that artwork is made in."""

from __future__ import annotations

from dataclasses import dataclass

from ava.core.errors import ConfigError
from ava.core.geometry import Box


@dataclass(frozen=True)
class Canvas:
    """A shape of artwork.

    Attributes
    ----------
    name : str
        Such as ``2:3``.
    use : str
        What it is for.
    width_px, height_px : int
        What a finished piece of artwork measures: a smaller part of a frame is no good for it.
    """

    name: str
    use: str
    width_px: int
    height_px: int

    def __post_init__(self) -> None:
        if min(self.width_px, self.height_px) < 1:
            raise ValueError(f"canvas {self.name}: its sides must be positive")

    @property
    def aspect(self) -> float:
        """Width over height."""
        return self.width_px / self.height_px

    def window(self, x: float, y: float, picture_aspect: float) -> Box:
        """The largest part of a picture of this shape, with a point as near its middle as can be.

        Parameters
        ----------
        x, y : float
            The point, 0..1; across it is brought to the middle, down to the upper third.
        picture_aspect : float
            Width over height of the picture.
        """
        width = min(1.0, self.aspect / picture_aspect)
        height = min(1.0, picture_aspect / self.aspect)
        left = min(max(x - width / 2, 0.0), 1.0 - width)
        top = min(max(y - height / 3, 0.0), 1.0 - height)
        return Box(left, top, min(1.0, left + width), min(1.0, top + height))


ATTENTION = (16, 9)
"""Fields across and down of the map in the column ``attention``, by which crops are judged."""

CANVASES = (
    Canvas("16:9", "billboard", 1920, 1080),
    Canvas("2:3", "poster", 1000, 1500),
    Canvas("3:4", "portrait", 900, 1200),
    Canvas("1:1", "square", 1080, 1080),
    Canvas("4:3", "classic", 1440, 1080),
    Canvas("21:9", "banner", 2520, 1080),
    Canvas("9:16", "story", 1080, 1920),
)


def canvas_of(text: str) -> Canvas:
    """One of `CANVASES` by its name or use, or one's own as ``NAME=WIDTHxHEIGHT`` in pixels.

    Raises
    ------
    ConfigError
        When it is neither.
    """
    for one in CANVASES:
        if text in (one.name, one.use):
            return one
    name, equals, size = text.partition("=")
    width, _, height = size.partition("x")
    if equals and name and width.isdecimal() and height.isdecimal() and int(width) * int(height):
        return Canvas(name, "own", int(width), int(height))
    known = ", ".join(one.name for one in CANVASES)
    raise ConfigError(f"there is no canvas {text!r}", f"use {known}, or NAME=WIDTHxHEIGHT")
