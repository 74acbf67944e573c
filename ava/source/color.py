"""How the numbers of a stream become light: what its tags say, and the usual defaults else."""

from __future__ import annotations

import struct
from typing import Any

import av
from av.sidedata.sidedata import Type as SideDataType

from ava.core.errors import UnreadableMedia
from ava.source.info import ColorInfo, Matrix, Primaries, Transfer
from ava.source.tone_map import DEFAULT_PEAK_NITS

# ITU-T H.273 code points, as FFmpeg hands them on.
_MATRIX_OF_TAG: dict[int, Matrix] = {
    0: "rgb",
    1: "bt709",
    4: "bt601",
    5: "bt601",
    6: "bt601",
    9: "bt2020",
    10: "bt2020",
}
_TRANSFER_OF_TAG: dict[int, Transfer] = {
    **dict.fromkeys((1, 4, 5, 6, 7, 11, 12, 13, 14, 15), "sdr"),
    16: "pq",
    18: "hlg",
}
_PRIMARIES_OF_TAG: dict[int, Primaries] = {
    1: "bt709",
    5: "bt601-625",
    6: "bt601-525",
    7: "bt601-525",
    9: "bt2020",
    11: "p3-d65",
    12: "p3-d65",
}
_HD_LINES = 720


def color_of(frame: av.VideoFrame) -> ColorInfo:
    """How the numbers of `frame` become light.

    What is not tagged is taken as players take it: BT.709 from 720 lines on, else BT.601 with the
    primaries of BT.709; limited range; SDR. HDR without tagged primaries is BT.2020.

    Raises
    ------
    UnreadableMedia
        For Dolby Vision without a base layer of its own (profile 5), whose numbers mean nothing
        without a licensed decoder: shown as if they were ordinary they are green and purple.
    """
    layout, said = frame.format, set()
    is_rgb = layout.is_rgb or layout.has_palette
    transfer = _TRANSFER_OF_TAG.get(frame.color_trc)
    side_data: Any = frame.side_data  # PyAV's stub takes it for something else
    has_dolby = SideDataType.DOVI_METADATA in side_data or SideDataType.DOVI_RPU_BUFFER in side_data
    if has_dolby and transfer is None:
        raise UnreadableMedia(
            "this is Dolby Vision without an HDR10, HLG or SDR base layer (profile 5)",
            "export a version with a base layer (profile 8), or an SDR one",
        )
    matrix: Matrix | None = "rgb" if is_rgb else _MATRIX_OF_TAG.get(frame.colorspace)
    if matrix == "rgb" and not is_rgb:
        matrix = None  # the "identity" tag on a YUV format is an encoder's slip
    primaries = _PRIMARIES_OF_TAG.get(frame.color_primaries)
    is_hdr = transfer in ("pq", "hlg")
    peak_nits = _peak_nits(side_data) if is_hdr else None
    full = is_rgb or frame.color_range == 2 or layout.name.startswith("yuvj")
    said |= {"matrix"} if matrix and not is_rgb else set()
    said |= {"range"} if frame.color_range in (1, 2) else set()
    said |= {"transfer"} if transfer else set()
    said |= {"primaries"} if primaries else set()
    said |= {"peak_nits"} if peak_nits else set()
    default: Matrix = "bt2020" if is_hdr else "bt709" if frame.height >= _HD_LINES else "bt601"
    matrix = matrix or default
    return ColorInfo(
        matrix=matrix,
        full_range=full,
        transfer=transfer or "sdr",
        primaries=primaries or ("bt2020" if is_hdr or matrix == "bt2020" else "bt709"),
        peak_nits=(peak_nits or DEFAULT_PEAK_NITS) if is_hdr else float("nan"),
        from_header=frozenset(said),
    )


def _peak_nits(side_data: Any) -> float | None:
    """MaxCLL, else the peak of the mastering display, cd/m²; None where neither is told."""
    if SideDataType.CONTENT_LIGHT_LEVEL in side_data:
        (max_cll,) = struct.unpack_from("I", bytes(side_data[SideDataType.CONTENT_LIGHT_LEVEL]))
        if max_cll > 0:
            return float(max_cll)
    if SideDataType.MASTERING_DISPLAY_METADATA in side_data:
        # AVMasteringDisplayMetadata: eight rationals of color, then least and greatest luminance.
        data = bytes(side_data[SideDataType.MASTERING_DISPLAY_METADATA])
        numerator, denominator, _, has_luminance = struct.unpack_from("4i", data, 72)
        if has_luminance and numerator > 0 and denominator > 0:
            return float(numerator / denominator)
    return None
