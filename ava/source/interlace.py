"""Interlaced pictures: found by looking, whatever the container says, and made whole by bwdif."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal

import av
import av.filter

from ava.source.info import FieldOrder, Interlace

_LINES_OF_VIDEO = frozenset({480, 486, 512, 576, 608, 1080, 1088})
_MIN_SHARE = 0.25  # of the frames looked at; a progressive film has a few that look combed
_CLEAN_FRAMES = 10  # that a stretch begins with: two turns of a pull-down, of which 4 were combed
_TELECINE_REPEATS = 0.15  # 3:2 pull-down repeats a field in two frames of five


def may_be_interlaced(frame: av.VideoFrame) -> bool:
    """Whether it is worth looking: flagged so, or of a height that interlaced video has."""
    return frame.interlaced_frame or frame.height in _LINES_OF_VIDEO


def interlace_of(stretches: Iterable[Iterable[av.VideoFrame]]) -> Interlace:
    """Look for combing, through FFmpeg's idet, in a few stretches of consecutive frames."""
    n_frames = n_top = n_bottom = n_repeats = 0
    flagged = False
    for frames in stretches:
        counts: dict[str, str] = {}
        graph: av.filter.Graph | None = None
        for frame in frames:
            flagged |= frame.interlaced_frame
            graph = graph or _graph(frame, "idet", "")
            for seen in _through(graph, frame):
                counts = {
                    key.removeprefix("lavfi.idet."): one for key, one in seen.metadata.items()
                }
            if _is_clean(counts):
                break
        combed = _count(counts, "multiple.tff"), _count(counts, "multiple.bff")
        n_top, n_bottom = n_top + combed[0], n_bottom + combed[1]
        n_frames += sum(combed) + _count(counts, "multiple.progressive")
        n_repeats += _count(counts, "repeated.top") + _count(counts, "repeated.bottom")
    if n_top + n_bottom <= _MIN_SHARE * max(1, n_frames):
        return Interlace("progressive", flagged, False)
    order: FieldOrder = "tff" if n_top >= n_bottom else "bff"
    return Interlace(order, flagged, n_repeats >= _TELECINE_REPEATS * n_frames)


def _is_clean(counts: dict[str, str]) -> bool:
    """Whether so many frames are whole, and none was combed, by itself or with its neighbors."""
    combed = ("multiple.tff", "multiple.bff", "single.tff", "single.bff")
    return _count(counts, "multiple.progressive") >= _CLEAN_FRAMES and not any(
        _count(counts, key) for key in combed
    )


def _count(counts: dict[str, str], key: str) -> int:
    return int(float(counts.get(key, "0")))


def deinterlaced(
    frames: Iterable[av.VideoFrame], field_order: Literal["tff", "bff"]
) -> Iterator[av.VideoFrame]:
    """Whole pictures, one for each of `frames`, by FFmpeg's bwdif; times are kept.

    A picture leans on its neighbours in time: the first and last of a run are made from fewer.
    """
    graph: av.filter.Graph | None = None
    times: list[tuple[int | None, int | None]] = []
    for frame in frames:
        words = f"mode=send_frame:parity={field_order}:deint=all"
        graph = graph or _graph(frame, "bwdif", words)
        times.append((frame.pts, frame.dts))
        yield from _timed(_through(graph, frame), times, frame)
    if graph is not None:
        last = frame
        yield from _timed(_through(graph, None), times, last)


def _timed(
    whole: Iterable[av.VideoFrame],
    times: list[tuple[int | None, int | None]],
    like: av.VideoFrame,
) -> Iterator[av.VideoFrame]:
    """Give pictures back the times of the frames that went in, first in first out."""
    for picture in whole:
        picture.pts, picture.dts = times.pop(0)
        picture.time_base = like.time_base
        yield picture


def _graph(frame: av.VideoFrame, name: str, words: str) -> av.filter.Graph:
    graph = av.filter.Graph()
    source = graph.add_buffer(
        width=frame.width, height=frame.height, format=frame.format, time_base=frame.time_base
    )
    work, sink = graph.add(name, words), graph.add("buffersink")
    source.link_to(work)
    work.link_to(sink)
    graph.configure()
    return graph


def _through(graph: av.filter.Graph, frame: av.VideoFrame | None) -> Iterator[av.VideoFrame]:
    """Push one frame (None ends the run) and pull what is ready."""
    graph.push(frame)
    while True:
        try:
            ready = graph.pull()
        except (av.error.BlockingIOError, av.error.EOFError):
            return
        assert isinstance(ready, av.VideoFrame)
        yield ready
