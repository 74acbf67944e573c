"""Colors against the ITU formulas, written out here, over real encoders and every tag combination."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from ava.core.errors import UnreadableMedia
from ava.source.opening import open_source

Floats = NDArray[np.float64]
PATCH_PX = 32

# Twenty-four patches: skin, sky, foliage, primaries and grays of a color chart, sRGB 8 bit.
CHART = np.array(
    [
        (115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177),
        (103, 189, 170), (214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108),
        (157, 188, 64), (224, 163, 46), (56, 61, 150), (70, 148, 73), (175, 54, 60),
        (231, 199, 31), (187, 86, 149), (8, 133, 161), (243, 243, 242), (200, 200, 200),
        (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52),
    ]
) / 255  # fmt: skip
COEFFICIENTS = {1: (0.2126, 0.0722), 6: (0.299, 0.114), 9: (0.2627, 0.0593)}


@dataclass(frozen=True)
class Combination:
    """One way to store the chart."""

    codec: str
    pixel_format: str
    matrix: int = 1
    full: bool = False
    primaries: int = 1
    transfer: int = 1
    suffix: str = ".mkv"

    def __str__(self) -> str:
        facts = [self.codec, self.pixel_format, f"m{self.matrix}", f"p{self.primaries}"]
        return "-".join([*facts, f"t{self.transfer}", "full" if self.full else "limited"])


def combinations() -> list[Combination]:
    made = [
        Combination(codec, pixel_format, matrix, full)
        for (codec, pixel_format), matrix, full in itertools.product(
            [
                ("libx264", "yuv420p"),
                ("libx264", "yuv422p"),
                ("libx264", "yuv444p"),
                ("libx264", "yuv420p10le"),
                ("libx265", "yuv420p10le"),
                ("libx265", "yuv444p"),
                ("ffv1", "yuv444p12le"),
            ],
            COEFFICIENTS,
            (False, True),
        )
    ]
    made += [Combination("mpeg2video", "yuv420p", m, suffix=".mpg") for m in (1, 6)]
    made += [Combination("prores_ks", "yuv422p10le", m, suffix=".mov") for m in (1, 6, 9)]
    made += [Combination("libsvtav1", f, m) for f in ("yuv420p", "yuv420p10le") for m in (1, 9)]
    made += [Combination("libx265", "gbrp", 0, True), Combination("libx265", "gray", 1, False)]
    made += [Combination("libx265", "gray", 1, True), Combination("libx265", "gray10le", 1, False)]
    made += [
        Combination("libx265", "yuv420p10le", 6 if p in (5, 6) else 9, False, p)
        for p in (5, 6, 9, 12)
    ]
    made += [
        Combination(codec, pixel_format, 9, full, 9, transfer)
        for (codec, pixel_format), transfer, full in itertools.product(
            [("libx265", "yuv420p10le"), ("libx265", "yuv444p10le"), ("ffv1", "yuv420p12le")],
            (16, 18),
            (False, True),
        )
    ]
    return made


# --- the reference, by the formulas of the standards, one color at a time -------------------------


def srgb_to_linear(v: float) -> float:
    return v / 12.92 if v <= 0.04045 else ((v + 0.055) / 1.055) ** 2.4


def linear_to_srgb(v: float) -> float:
    v = min(1.0, max(0.0, v))
    return 12.92 * v if v <= 0.0031308 else 1.055 * v ** (1 / 2.4) - 0.055


# To BT.709 from the primaries of each H.273 code; published matrices, not computed here.
TO_709 = {
    1: np.eye(3),
    9: np.array(
        [[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]]
    ),
    12: np.array([[1.2249, -0.2247, 0.0], [-0.0420, 1.0419, 0.0], [-0.0197, -0.0786, 1.0979]]),
    6: np.array([[0.9395, 0.0502, 0.0103], [0.0178, 0.9658, 0.0164], [-0.0016, -0.0044, 1.0060]]),
    5: np.array([[1.0440, -0.0440, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0118, 0.9882]]),
}


def pq_eotf(v: float) -> float:
    m1, m2 = 0.1593017578125, 78.84375
    c1, c2, c3 = 0.8359375, 18.8515625, 18.6875
    p = v ** (1 / m2)
    return 10000 * (max(p - c1, 0) / (c2 - c3 * p)) ** (1 / m1)


def pq_inverse(nits: float) -> float:
    m1, m2 = 0.1593017578125, 78.84375
    c1, c2, c3 = 0.8359375, 18.8515625, 18.6875
    p = (nits / 10000) ** m1
    return ((c1 + c2 * p) / (1 + c3 * p)) ** m2


def hlg_light(color: Floats) -> Floats:
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    scene = np.array([v * v / 3 if v <= 0.5 else (np.exp((v - c) / a) + b) / 12 for v in color])
    luminance = 0.2627 * scene[0] + 0.6780 * scene[1] + 0.0593 * scene[2]
    return scene * 1000 * luminance**0.2


def eetf(nits: float, peak: float) -> float:
    top = pq_inverse(peak)
    e1, most = min(1.0, pq_inverse(nits) / top), pq_inverse(203) / top
    ks = 1.5 * most - 0.5
    if e1 >= ks:
        t = (e1 - ks) / (1 - ks)
        e1 = (
            (2 * t**3 - 3 * t**2 + 1) * ks
            + (t**3 - 2 * t**2 + t) * (1 - ks)
            + (-2 * t**3 + 3 * t**2) * most
        )
    return pq_eotf(e1 * top)


def documented_tone_map(color: Floats, transfer: int) -> Floats:
    """docs/color.md, step by step."""
    light = np.array([pq_eotf(v) for v in color]) if transfer == 16 else hlg_light(color)
    brightest = max(light.max(), 1e-9)
    linear = TO_709[9] @ (light * eetf(brightest, 1000) / brightest / 203)
    gray = min(1.0, max(0.0, float(linear @ [0.2126, 0.7152, 0.0722])))
    chroma = linear - gray
    way = max(
        float((chroma / max(1 - gray, 1e-9)).max()), float((-chroma / max(gray, 1e-9)).max()), 1e-9
    )
    if way > 0.8:
        chroma = chroma * (0.8 + 0.2 * np.tanh((way - 0.8) / 0.2)) / way
    return np.array([linear_to_srgb(v) for v in gray + chroma])


def expected_srgb(color: Floats, made: Combination) -> Floats:
    if made.pixel_format.startswith("gray"):
        color = np.full(3, float(color @ [0.2126, 0.7152, 0.0722]))
    if made.transfer in (16, 18):
        return documented_tone_map(color, made.transfer)
    linear = TO_709[made.primaries] @ np.array([srgb_to_linear(v) for v in color])
    return np.array([linear_to_srgb(v) for v in linear])


# --- storing the chart ---------------------------------------------------------------------------


def stored_planes(made: Combination, bits: int) -> list[Floats]:
    """The chart's planes at 4:4:4 by the equations of BT.709 / BT.601 / BT.2020, as code values."""
    chart = np.repeat(np.repeat(CHART.reshape(4, 6, 3), PATCH_PX, axis=0), PATCH_PX, axis=1)
    scale = 2 ** (bits - 8)
    if made.pixel_format == "gbrp":
        return [chart[:, :, channel] * 255 for channel in (1, 2, 0)]
    kr, kb = COEFFICIENTS[made.matrix]
    r, g, b = chart[:, :, 0], chart[:, :, 1], chart[:, :, 2]
    y = kr * r + (1 - kr - kb) * g + kb * b
    cb, cr = (b - y) / (2 * (1 - kb)), (r - y) / (2 * (1 - kr))
    if made.full:
        top, middle = 2**bits - 1, 2 ** (bits - 1)
        planes = [y * top, cb * top + middle, cr * top + middle]
    else:
        planes = [(219 * y + 16) * scale, (224 * cb + 128) * scale, (224 * cr + 128) * scale]
    return planes[:1] if made.pixel_format.startswith("gray") else planes


def stored_frame(made: Combination) -> av.VideoFrame:
    layout = av.VideoFormat(made.pixel_format)
    bits = layout.components[0].bits
    planes = stored_planes(made, bits)
    frame = av.VideoFrame(planes[0].shape[1], planes[0].shape[0], made.pixel_format)
    for plane, values in zip(frame.planes, planes, strict=True):
        across, down = values.shape[1] // plane.width, values.shape[0] // plane.height
        kind = np.uint8 if bits == 8 else np.uint16
        coded = np.round(values[::down, ::across]).clip(0, 2**bits - 1).astype(kind)
        rows = np.zeros((plane.height, plane.line_size // coded.itemsize), kind)
        rows[:, : plane.width] = coded
        plane.update(rows.tobytes())
    frame.colorspace, frame.color_range = made.matrix, 2 if made.full else 1
    frame.color_primaries, frame.color_trc = made.primaries, made.transfer
    return frame


OPTIONS: dict[str, dict[str, str]] = {
    "libx264": {"qp": "1", "preset": "ultrafast"},
    "libx265": {"x265-params": "qp=2:log-level=none", "preset": "ultrafast"},
    "mpeg2video": {"qmin": "1", "qmax": "1"},
    "libsvtav1": {"crf": "4", "preset": "10", "svtav1-params": "enable-overlays=0"},
}


def stored(made: Combination, folder: Path) -> Path:
    path = folder / f"chart{made.suffix}"
    frame = stored_frame(made)
    with av.open(str(path), "w") as box:
        stream: Any = box.add_stream(made.codec, rate=25)
        stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, made.pixel_format
        stream.options = OPTIONS.get(made.codec, {})
        context = stream.codec_context
        context.colorspace, context.color_range = made.matrix, 2 if made.full else 1
        context.color_primaries, context.color_trc = made.primaries, made.transfer
        for number in range(3):
            frame.pts, frame.time_base = number, Fraction(1, 25)
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return path


def patches(picture: NDArray[np.uint8]) -> Floats:
    """The mean of the middle of each patch, 0..1, shape (24, 3)."""
    middle = slice(PATCH_PX // 4, 3 * PATCH_PX // 4)
    return (
        np.array(
            [
                picture[y * PATCH_PX :, x * PATCH_PX :][middle, middle].reshape(-1, 3).mean(axis=0)
                for y in range(4)
                for x in range(6)
            ]
        )
        / 255
    )


def difference(made: Combination, folder: Path) -> float:
    """Mean CIEDE2000 between what we show and what the standards say."""
    with open_source(stored(made, folder)) as source:
        shown = patches(next(iter(source.scan())).rgb())
    expected = np.array([expected_srgb(color, made) for color in CHART])
    return float(deltaE_ciede2000(rgb2lab(shown), rgb2lab(expected)).mean())


def test_there_are_many_combinations() -> None:
    assert len({str(one) for one in combinations()}) >= 60


@pytest.mark.parametrize("made", combinations(), ids=str)
def test_the_chart_comes_back_as_it_was(made: Combination, tmp_path: Path) -> None:
    assert difference(made, tmp_path) <= (2.0 if made.transfer in (16, 18) else 1.0)


def test_a_smaller_picture_has_the_same_colors(tmp_path: Path) -> None:
    for made in (
        Combination("libx264", "yuv420p"),
        Combination("libx265", "yuv420p10le", 9, False, 9, 16),
    ):
        with open_source(stored(made, tmp_path)) as source:
            frame = next(iter(source.scan()))
            whole, small = patches(frame.rgb()), frame.rgb(64)
        big = np.repeat(np.repeat(small, 2, axis=0), 2, axis=1)
        assert np.abs(patches(big) - whole).mean() < 0.02


def test_chroma_is_sited_where_the_encoder_put_it(tmp_path: Path) -> None:
    """A red edge on a luma grid comes back where it was: half a pixel off would leave a fringe."""
    path = tmp_path / "edge.mkv"
    width = 64
    frame = av.VideoFrame(width, 16, "yuv420p")
    luma = np.full((16, width), 126, np.uint8)
    chroma = np.full((8, width // 2), 128, np.uint8)
    red = chroma.copy()
    red[:, 16:] = 200  # sited left: chroma sample 16 stands on luma column 32
    for plane, values in zip(frame.planes, (luma, chroma, red), strict=True):
        rows = np.zeros((plane.height, plane.line_size), np.uint8)
        rows[:, : plane.width] = values
        plane.update(rows.tobytes())
    with av.open(str(path), "w") as box:
        stream: Any = box.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = width, 16, "yuv420p"
        stream.options = {"qp": "0", "preset": "ultrafast"}
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    with open_source(path) as source:
        row = next(iter(source.scan())).rgb()[8, :, 0].astype(float)
    low, high = row[:24].mean(), row[40:].mean()
    # Left-sited samples 15 and 16 stand on columns 30 and 32: halfway is column 31.
    assert abs((row[31] - low) / (high - low) - 0.5) < 0.06


def test_dolby_vision_without_a_base_layer_is_refused() -> None:
    from av.sidedata.sidedata import Type

    from ava.source.color import color_of

    class Frame:
        format = av.VideoFormat("yuv420p10le")
        color_trc, colorspace, color_primaries, color_range = 2, 2, 2, 2
        height = 2160
        side_data = {Type.DOVI_METADATA: b""}  # noqa: RUF012

    with pytest.raises(UnreadableMedia, match="profile 5"):
        color_of(Frame())  # type: ignore[arg-type]
    Frame.color_trc = 16  # profile 8: its HDR10 base layer is read
    assert color_of(Frame()).transfer == "pq"  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("height", "matrix"), [(480, "bt601"), (576, "bt601"), (720, "bt709"), (1080, "bt709")]
)
def test_untagged_pictures_follow_their_size(tmp_path: Path, height: int, matrix: str) -> None:
    path = tmp_path / "untagged.mkv"
    with av.open(str(path), "w") as box:
        stream: Any = box.add_stream("ffv1", rate=25)
        stream.width, stream.height, stream.pix_fmt = 64, height, "yuv420p"
        frame = av.VideoFrame(64, height, "yuv420p")
        frame.pts, frame.time_base = 0, Fraction(1, 25)
        box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    with open_source(path) as source:
        color = source.info.color
    assert color.matrix == matrix
    assert "matrix" not in color.from_header
    assert (color.transfer, color.primaries) == ("sdr", "bt709")
