"""A way through the pictures of a video that can leap ahead and still be exact."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack
from types import TracebackType

import av

from ava.core.media_time import MediaTime

Opened = tuple[av.container.InputContainer, av.VideoStream]
Timed = tuple[int, av.VideoFrame]  # the time counts from the first picture of the film
Way = Callable[[av.container.InputContainer, av.VideoStream], Iterator[Timed]]
ChosenWay = Callable[[av.container.InputContainer, av.VideoStream, int | None], Iterator[Timed]]

_FIRST_STEP_BACK_SECONDS = 2
_STEPS_GROW_BY = 4
# MPEG program streams stamp only some pictures: after a seek, the demuxer guesses the times of the
# others differently from a linear pass.
_GUESSED_TIMES = frozenset({"mpeg"})
_FAILED_LEAPS_BORNE = 2  # each costs a way from the start: more, and a pass would become quadratic


class Walk:
    """One pass over a file, in order of presentation.

    A leap ends at a key frame, and what the decoder gives before that is thrown away: after a seek
    those pictures may lack the ones that they were made from. Where no key frame can be had (a
    bare elementary stream), or times are guessed (a program stream), the way is walked from the
    start instead: slow, but never wrong.

    Parameters
    ----------
    opened : callable
        Opens the file anew.
    timed : callable
        Decodes what was opened, from where it stands, with times that strictly increase.
    start : MediaTime
        The stream's own time of the first picture.
    chosen : callable, optional
        The same, where pictures that nobody will ask for may be missing: after a leap from a time
        on, or from the start. What is not found on that way is looked for again from the start,
        with all pictures.
    lead_seconds : float
        How long before its target a leap must end: pictures may lean on those before them.
    """

    def __init__(
        self,
        opened: Callable[[], AbstractContextManager[Opened]],
        timed: Way,
        start: MediaTime,
        chosen: ChosenWay | None = None,
        lead_seconds: float = 0,
    ) -> None:
        self._lead_seconds = lead_seconds
        self._opened, self._timed, self._chosen, self._start = opened, timed, chosen, start
        self._stack = ExitStack()
        self._is_whole = True
        self._n_failed = 0
        self._reached = 0

    def __enter__(self) -> Walk:
        self._go_to_start()
        if self._chosen is not None:
            self._pictures, self._is_whole = self._chosen(self._box, self._stream, None), False
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stack.__exit__(kind, error, trace)

    def exactly(self, target: int, far: int) -> av.VideoFrame | None:
        """The picture whose time is `target`; None where there is none.

        Parameters
        ----------
        target : int
            A time not before that of the latest call.
        far : int
            A way longer than this is leapt over.
        """
        if target - self._reached > far and self._n_failed < _FAILED_LEAPS_BORNE:
            self._leap(target)
        found = self._ahead(target)
        if found is None and not self._is_whole:
            self._n_failed += 1
            self._go_to_start()
            found = self._ahead(target)
        self._reached = target
        return found

    def shown_at(self, target: int) -> tuple[int, av.VideoFrame, bool] | None:
        """The last picture with a time of at most `target`, and whether the stream ends with it."""
        if target > 0:
            self._leap(target)
        held: Timed | None = None
        for one in self._pictures:
            if one[0] > target:
                return None if held is None else (*held, False)
            held = one
        return None if held is None else (*held, True)

    def _ahead(self, target: int) -> av.VideoFrame | None:
        for pts, frame in self._pictures:
            if pts >= target:
                return frame if pts == target else None
        return None

    def _go_to_start(self) -> None:
        # Opened again, not sought: only so does the decoder give what a linear pass gives of a
        # file that begins in the middle of a group of pictures.
        self._stack.close()
        self._box, self._stream = self._stack.enter_context(self._opened())
        self._pictures, self._is_whole = self._timed(self._box, self._stream), True

    def _leap(self, target: int) -> None:
        """Go to a key frame at or before `target`, trying further back until there is one.

        Some containers land after the target (they index decode order, or guess by bytes).
        """
        back_seconds = self._lead_seconds
        while self._box.format.name not in _GUESSED_TIMES:
            before = target - round(back_seconds / self._start.time_base)
            if before <= 0:
                break
            pictures = self._from_key_frame(before, target)
            if pictures is not None:
                self._pictures, self._is_whole = pictures, False
                return
            back_seconds = max(_FIRST_STEP_BACK_SECONDS, back_seconds * _STEPS_GROW_BY)
        self._n_failed += 1
        self._go_to_start()

    def _from_key_frame(self, before: int, target: int) -> Iterator[Timed] | None:
        try:
            self._box.seek(before + self._start.pts, stream=self._stream, backward=True)
        except (av.error.FFmpegError, OSError):
            return None
        pictures = (
            self._timed(self._box, self._stream)
            if self._chosen is None
            else self._chosen(self._box, self._stream, target)
        )
        for pts, frame in pictures:
            # Without a time stamp, its time was only counted from where the seek landed.
            if frame.pts is None or pts > target:
                return None
            if frame.key_frame:
                return _preceded((pts, frame), pictures)
        return None


def _preceded(first: Timed, others: Iterator[Timed]) -> Iterator[Timed]:
    yield first
    yield from others
