"""Kept frames as an editor's program reads them: EDL, OpenTimelineIO, FCPXML, in exact frames."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from xml.etree import ElementTree

from ava.core.errors import ConfigError
from ava.core.media_time import MediaTime, parse_time
from ava.source.remote import located
from ava.store.atomic import write_atomic
from ava.store.decisions import Decision
from ava.store.title_folder import Title

_RECORD_HOUR = 1  # where a programme begins by custom
_MOST_EVENTS = 999  # numbers of a CMX 3600 list have three digits
_SMPTE_RATES = (24, 25, 30, 48, 50, 60)


def write_timeline(path: Path, title: Title, decisions: Sequence[Decision], kind: str) -> None:
    """Write the frames of some decisions for an editor's program.

    Each is a clip (an event) of one frame, at the film's own timecode where it has one.

    Parameters
    ----------
    path : pathlib.Path
        The file.
    title : Title
        The title that they are about.
    decisions : sequence of Decision
        One for each frame.
    kind : str
        One of `TIMELINES`.

    Raises
    ------
    ConfigError
        When the film has no constant frame rate, or one that `kind` cannot write; when a frame is
        not among those of the title.
    StoreError
        When the file cannot be written.
    """
    reel = reel_of(title, {one.frame_id: one for one in decisions})
    write_atomic(path, TIMELINES[kind](reel).encode("utf-8"))


@dataclass(frozen=True)
class KeptFrame:
    """A kept frame on the timeline.

    Attributes
    ----------
    frame_id : int
        Place in the decoded stream.
    label : str
        Its timecode since the first picture.
    number : int
        Count of frames from timecode zero, at the film's rate.
    note : str
        What people said of it, in one line.
    """

    frame_id: int
    label: str
    number: int
    note: str


@dataclass(frozen=True)
class KeptReel:
    """The kept frames of a film with a constant rate.

    Attributes
    ----------
    title, file : str
        The title's name, and the film's file name.
    url : str
        Where the film is, as a file URL.
    rate : fractions.Fraction
        Frames per second.
    drop_frame : bool
        Whether its timecode leaves numbers out.
    start : int
        Timecode of the first picture, counted in frames.
    n_frames : int
        Length of the film.
    size_px : (int, int)
        Width and height.
    frames : tuple of KeptFrame
        In order of time.
    """

    title: str
    file: str
    url: str
    rate: Fraction
    drop_frame: bool
    start: int
    n_frames: int
    size_px: tuple[int, int]
    frames: tuple[KeptFrame, ...]

    def timecode(self, number: int) -> str:
        """A count of frames as timecode."""
        return MediaTime(number, 1 / self.rate).timecode(self.rate, drop_frame=self.drop_frame)


def reel_of(title: Title, kept: Mapping[int, Decision]) -> KeptReel:
    """The kept frames with their place on the film's own timecode."""
    source = title.facts["source"]
    unknown = sorted(set(kept) - {ref.frame_id for ref in title.refs})
    if unknown:
        raise ConfigError(
            f"{title.facts['title']} has no shortlisted frame {unknown[0]}, which is kept",
            "it was decided about on another scan of it",
        )
    if source["kind"] != "video" or not source["frame_rate"]:
        raise ConfigError(
            f"{title.facts['title']} has no constant frame rate, and no timecodes by it",
            "export it as csv or json",
        )
    rate = Fraction(source["frame_rate"])
    given = source["start_timecode"] or ""
    start = int(parse_time(given, rate) * rate) if given else 0
    frames = [
        KeptFrame(
            ref.frame_id,
            ref.label,
            start + round(ref.time.exact_seconds * rate),
            _said(kept[ref.frame_id]),
        )
        for ref in sorted(title.refs, key=lambda ref: ref.time)
        if ref.frame_id in kept
    ]
    drop_frame = ";" in given or any(";" in one.label for one in frames)
    return KeptReel(
        _line(title.facts["title"]),
        _line(source["file"]),
        located(title.facts["path"]).resolve().as_uri(),
        rate,
        drop_frame,
        start,
        max(round(source["duration_seconds"] * rate), 1),
        (source["width_px"], source["height_px"]),
        tuple(frames),
    )


def _said(one: Decision) -> str:
    stars = f" {one.stars}/5" if one.stars else ""
    return _line(f"{one.by or 'reviewer'}: {one.verdict or 'no verdict'}{stars} {one.note}")


def _line(text: str) -> str:
    """Text in one line, without what XML and edit lists cannot hold."""
    return " ".join("".join(one if one.isprintable() else " " for one in text).split())


def edl(reel: KeptReel) -> str:
    """A CMX 3600 edit list: every kept frame is an event of one frame, with a locator."""
    nominal = round(reel.rate)
    if nominal not in _SMPTE_RATES or reel.rate not in (nominal, Fraction(nominal * 1000, 1001)):
        raise ConfigError(
            f"{reel.title} has {float(reel.rate):g} frames a second, for which there is no timecode",
            "write otio, fcpxml or csv",
        )
    if len(reel.frames) > _MOST_EVENTS:
        raise ConfigError(
            f"an EDL holds {_MOST_EVENTS} events, and {len(reel.frames)} frames are kept",
            "write otio, fcpxml or csv",
        )
    fcm = "DROP FRAME" if reel.drop_frame else "NON-DROP FRAME"
    lines = [f"TITLE: {reel.title}", f"FCM: {fcm}", ""]
    mark = ";" if reel.drop_frame else ":"
    record = int(parse_time(f"{_RECORD_HOUR:02d}:00:00{mark}00", reel.rate) * reel.rate)
    for index, one in enumerate(reel.frames):
        edges = (one.number, one.number + 1, record + index, record + index + 1)
        times = " ".join(map(reel.timecode, edges))
        lines += [
            f"{index + 1:03d}  AX       V     C        {times}",
            f"* FROM CLIP NAME: {reel.file}",
            f"* LOC: {reel.timecode(record + index)} GREEN   {one.note}",
            "",
        ]
    return "\n".join(lines)


def otio(reel: KeptReel) -> str:
    """An OpenTimelineIO timeline: a clip of one frame for each kept one, with a marker."""

    def time(value: int) -> dict[str, object]:
        return {"OTIO_SCHEMA": "RationalTime.1", "rate": float(reel.rate), "value": float(value)}

    def span(start: int, length: int) -> dict[str, object]:
        return {
            "OTIO_SCHEMA": "TimeRange.1",
            "start_time": time(start),
            "duration": time(length),
        }

    media = {
        "OTIO_SCHEMA": "ExternalReference.1",
        "target_url": reel.url,
        "available_range": span(reel.start, reel.n_frames),
    }
    clips = [
        {
            "OTIO_SCHEMA": "Clip.2",
            "name": f"{reel.title} {one.label}",
            "source_range": span(one.number, 1),
            "media_references": {"DEFAULT_MEDIA": media},
            "active_media_reference_key": "DEFAULT_MEDIA",
            "metadata": {"ava": {"frame_id": one.frame_id, "label": one.label}},
            "markers": [
                {
                    "OTIO_SCHEMA": "Marker.2",
                    "name": one.note,
                    "color": "GREEN",
                    "marked_range": span(one.number, 1),
                }
            ],
        }
        for one in reel.frames
    ]
    track = {"OTIO_SCHEMA": "Track.1", "name": "Kept", "kind": "Video", "children": clips}
    timeline = {
        "OTIO_SCHEMA": "Timeline.1",
        "name": reel.title,
        "tracks": {"OTIO_SCHEMA": "Stack.1", "name": "tracks", "children": [track]},
    }
    return json.dumps(timeline, indent=1, ensure_ascii=False) + "\n"


def fcpxml(reel: KeptReel) -> str:
    """A Final Cut Pro project: a clip of one frame for each kept one, with a marker."""

    def seconds(n_frames: int) -> str:
        time = n_frames / reel.rate
        return f"{time.numerator}/{time.denominator}s" if time.denominator > 1 else f"{time}s"

    element = ElementTree.SubElement
    root = ElementTree.Element("fcpxml", version="1.8")
    resources = element(root, "resources")
    width, height = map(str, reel.size_px)
    element(resources, "format", id="r1", frameDuration=seconds(1), width=width, height=height)
    about = {"id": "r2", "name": reel.file, "src": reel.url, "hasVideo": "1", "format": "r1"}
    whole = {"start": seconds(reel.start), "duration": seconds(reel.n_frames)}
    element(resources, "asset", about | whole)
    event = element(element(root, "library"), "event", name=reel.title)
    form = "DF" if reel.drop_frame else "NDF"
    sequence = element(
        element(event, "project", name=f"{reel.title}, kept"), "sequence",
        format="r1", tcStart="0s", tcFormat=form, duration=seconds(len(reel.frames)),
    )  # fmt: skip
    spine = element(sequence, "spine")
    for index, one in enumerate(reel.frames):
        clip = element(
            spine, "asset-clip", name=f"{reel.title} {one.label}", ref="r2", format="r1", tcFormat=form,
            offset=seconds(index), start=seconds(one.number), duration=seconds(1),
        )  # fmt: skip
        element(clip, "marker", start=seconds(one.number), duration=seconds(1), value=one.note)
    ElementTree.indent(root, " ")
    text = ElementTree.tostring(root, "unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<!DOCTYPE fcpxml>\n{text}\n'


TIMELINES: Mapping[str, Callable[[KeptReel], str]] = {"edl": edl, "otio": otio, "fcpxml": fcpxml}
"""How each kind is written."""
