"""Pictures of a film as they were decoded, so long as all that may be wanted again fit."""

from __future__ import annotations

from typing import Generic, Protocol, TypeVar

_MOST_BYTES = (
    144 << 20
)  # some fifty pictures of 1080p: more than a clip of a few seconds has to offer


class Sized(Protocol):
    """What says how much memory it takes."""

    @property
    def n_bytes(self) -> int:
        """Of its planes."""
        ...


Picture = TypeVar("Picture", bound=Sized)


class AtHand(Generic[Picture]):
    """Pictures by number. Once they are too many, it lets go of all, and takes no more.

    Of a long film a few would be of no use: nobody knows yet which are going to be wanted.
    """

    def __init__(self, most_bytes: int = _MOST_BYTES) -> None:
        self._held: dict[int, Picture] = {}
        self._left_bytes = most_bytes

    def keep(self, number: int, picture: Picture) -> None:
        """Hold on to a picture, where there is room."""
        if number in self._held or self._left_bytes < 0:
            return
        self._left_bytes -= picture.n_bytes
        self._held[number] = picture
        if self._left_bytes < 0:
            self._held.clear()

    def get(self, number: int) -> Picture | None:
        """The picture, if it is here."""
        return self._held.get(number)
