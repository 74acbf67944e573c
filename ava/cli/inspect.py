"""``ava inspect``."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any

import typer

from ava.cli.options import JSON
from ava.cli.output import print_json, show_table

if TYPE_CHECKING:
    from ava.core.geometry import Box
    from ava.source.info import VideoInfo


def inspect(
    video: str = typer.Argument(
        ...,
        metavar="VIDEO",
        help="A film (also s3://, gs://, https://), picture, or folder of them.",
    ),
    as_json: bool = JSON,
) -> None:
    """Say what a source is: size, rate, color and where each tag came from, and what is odd."""
    from ava.scan.glance import areas_at_a_glance
    from ava.scan.scan_settings import ScanSettings
    from ava.source.opening import open_source

    with open_source(video) as source:
        info, areas = source.info, areas_at_a_glance(source, ScanSettings())
    shown = _sizes_inside_bars(info, areas)
    if as_json:
        print_json({**info.to_json(), "picture_areas": shown})
        return
    show_table(["What", "Value", "From"], _rows(info, shown), title=info.path.name)
    for warning in info.warnings:
        typer.echo(f"Note: {warning}")


def _sizes_inside_bars(info: VideoInfo, areas: list[Box]) -> list[dict[str, Any]]:
    """Different areas with their sizes, commonest first."""
    counted = Counter(area.inner_pixels(info.width_px, info.height_px) for area in areas)
    return [
        {
            "x_px": left,
            "y_px": top,
            "width_px": right - left,
            "height_px": bottom - top,
            "share": round(n / len(areas), 3),
        }
        for (left, top, right, bottom), n in counted.most_common()
    ]


def _bars(info: VideoInfo, shown: list[dict[str, Any]]) -> str:
    whole = (info.width_px, info.height_px)
    if all((one["width_px"], one["height_px"]) == whole for one in shown):
        return "none"
    parts = [
        f"{one['width_px']} × {one['height_px']} px ({one['width_px'] / one['height_px']:.2f}:1)"
        + (f" in {one['share']:.0%} of the places" if len(shown) > 1 else "")
        for one in shown
    ]
    return f"picture inside: {', '.join(parts)}"


def _rows(info: VideoInfo, shown: list[dict[str, Any]]) -> list[list[str]]:
    from ava.core.media_time import clock

    color = info.color
    known = info.duration_seconds == info.duration_seconds
    constant = f"{float(info.frame_rate):.6g} frames/s, constant" if info.frame_rate else "variable"
    rows = [
        ["Codec", f"{info.codec}, {info.pixel_format}", "stream"],
        ["Shown size", f"{info.width_px} × {info.height_px} px", "stream"],
        ["Pixel aspect", str(info.pixel_aspect), "stream"],
        *_aperture(info),
        ["Bars", _bars(info, shown), "looked at"],
        ["Rotation", _rotation(info), "display matrix"],
        ["Duration", clock(info.duration_seconds) if known else "unknown", "header"],
        [
            "Pictures",
            f"{info.n_frames_from_header:,}" if info.n_frames_from_header else "unknown",
            "header",
        ],
        ["Rate", constant, "header"],
        ["First picture at", f"{info.start.seconds:.6g} s of the stream's clock", "stream"],
        ["Timecode of it", info.start_timecode or "none", "stream"],
        ["Lines", _lines(info), "looked at"],
        ["Matrix", color.matrix, _origin(info, "matrix")],
        ["Range", "full" if color.full_range else "limited", _origin(info, "range")],
        ["Primaries", color.primaries, _origin(info, "primaries")],
        ["Transfer", color.transfer, _origin(info, "transfer")],
    ]
    if color.transfer != "sdr":
        rows.append(["HDR peak", f"{color.peak_nits:g} cd/m²", _origin(info, "peak_nits")])
    return rows


def _aperture(info: VideoInfo) -> list[list[str]]:
    part = info.clean_aperture
    if part is None:
        return []
    where = f"{part.width} × {part.height} px of the raster, from ({part.left}, {part.top})"
    return [["Clean aperture", where, "stream"]]


def _origin(info: VideoInfo, name: str) -> str:
    return "stream" if name in info.color.from_header else "usual default"


def _rotation(info: VideoInfo) -> str:
    turned = f"{info.orientation.rotation_degrees}° clockwise"
    return f"{turned}, mirrored" if info.orientation.mirrored else turned


def _lines(info: VideoInfo) -> str:
    names = {
        "progressive": "progressive",
        "tff": "interlaced, top field first",
        "bff": "interlaced, bottom field first",
    }
    found = names[info.interlace.field_order]
    if info.interlace.telecined:
        found += ", telecined"
    if info.interlace.flagged != (info.interlace.field_order != "progressive"):
        found += f" (the stream says {'interlaced' if info.interlace.flagged else 'progressive'})"
    return found
