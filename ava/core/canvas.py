"""The shapes that artwork is made in."""

from __future__ import annotations

from dataclasses import dataclass

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
    aspect : float
        Width over height.
    """

    name: str
    use: str
    aspect: float

    def __post_init__(self) -> None:
        if not self.aspect > 0:
            raise ValueError(f"canvas {self.name}: the aspect ratio must be positive")

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


CANVASES = (
    Canvas("16:9", "billboard", 16 / 9),
    Canvas("2:3", "poster", 2 / 3),
    Canvas("3:4", "portrait", 3 / 4),
    Canvas("1:1", "square", 1.0),
    Canvas("4:3", "classic", 4 / 3),
    Canvas("21:9", "banner", 21 / 9),
    Canvas("9:16", "story", 9 / 16),
)
