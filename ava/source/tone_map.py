"""High dynamic range and foreign primaries to sRGB, on numbers alone.

The way of an HDR picture (documented so that it can be checked by hand; see docs/color.md):

1. R'G'B' to light in cd/m²: the PQ EOTF (SMPTE ST 2084), or the HLG inverse OETF and OOTF
   (ITU-R BT.2100) for a nominal display of 1000 cd/m² (system gamma 1.2).
2. The brightest of the three components is rolled off by the EETF of ITU-R BT.2390-8 (section
   5.4.1: a Hermite spline in the PQ domain), from the peak of the source (MaxCLL, else the
   mastering display, else 1000 cd/m²) to 203 cd/m², the level of diffuse white in BT.2408; the
   other two keep their proportion to it, so that a bright color does not wash out.
3. Light is divided by 203 cd/m², turned to BT.709 primaries (BT.2087), and what lies outside of the
   cube is drawn towards its own luminance, softly from 80 % of the way to the surface on.
4. sRGB encoding (IEC 61966-2-1).
"""

from __future__ import annotations

from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from ava.source.info import Primaries

WHITE_NITS = 203.0
DEFAULT_PEAK_NITS = 1000.0
_HLG_PEAK_NITS, _HLG_GAMMA = 1000.0, 1.2
_SOFT_FROM = 0.8
_M1, _M2 = 2610 / 16384, 2523 / 4096 * 128
_C1, _C2, _C3 = 3424 / 4096, 2413 / 4096 * 32, 2392 / 4096 * 32
_HLG_A, _HLG_B, _HLG_C = 0.17883277, 0.28466892, 0.55991073
LUMA_2020 = np.array([0.2627, 0.6780, 0.0593])
LUMA_709 = np.array([0.2126, 0.7152, 0.0722])
_D65 = (0.3127, 0.3290)
_CHROMATICITIES: dict[Primaries, tuple[tuple[float, float], ...]] = {
    "bt709": ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    "bt601-525": ((0.630, 0.340), (0.310, 0.595), (0.155, 0.070)),
    "bt601-625": ((0.640, 0.330), (0.290, 0.600), (0.150, 0.060)),
    "bt2020": ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    "p3-d65": ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}


def pq_to_nits(code: NDArray[np.floating]) -> NDArray[np.float64]:
    """Luminance in cd/m² of PQ code values 0..1 (the EOTF of SMPTE ST 2084)."""
    power = np.clip(code, 0, 1).astype(np.float64) ** (1 / _M2)
    nits: NDArray[np.float64] = 1e4 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (
        1 / _M1
    )
    return nits


def nits_to_pq(nits: NDArray[np.floating]) -> NDArray[np.float64]:
    """PQ code values 0..1 of luminance in cd/m², 0..10,000."""
    power = (np.clip(nits, 0, 1e4).astype(np.float64) / 1e4) ** _M1
    code: NDArray[np.float64] = ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2
    return code


def hlg_to_scene(code: NDArray[np.floating]) -> NDArray[np.float64]:
    """Scene light 0..1 of HLG code values 0..1 (the inverse OETF of BT.2100)."""
    code = np.clip(code, 0, 1).astype(np.float64)
    scene: NDArray[np.float64] = np.where(
        code <= 0.5, code**2 / 3, (np.exp((code - _HLG_C) / _HLG_A) + _HLG_B) / 12
    )
    return scene


def srgb_encoded(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    """Code values 0..1 in sRGB of linear light 0..1."""
    linear = np.clip(linear, 0, 1).astype(np.float64)
    code: NDArray[np.float64] = np.where(
        linear <= 0.0031308, 12.92 * linear, 1.055 * linear ** (1 / 2.4) - 0.055
    )
    return code


def srgb_decoded(code: NDArray[np.floating]) -> NDArray[np.float64]:
    """Linear light 0..1 of sRGB code values 0..1."""
    code = np.clip(code, 0, 1).astype(np.float64)
    linear: NDArray[np.float64] = np.where(
        code <= 0.04045, code / 12.92, ((code + 0.055) / 1.055) ** 2.4
    )
    return linear


def rolled_off(nits: NDArray[np.floating], peak_nits: float) -> NDArray[np.float64]:
    """The EETF of BT.2390 from `peak_nits` to 203 cd/m², black staying black."""
    peak = float(nits_to_pq(np.array(peak_nits)))
    scaled = (nits_to_pq(nits) / peak).clip(0, 1)
    target = float(nits_to_pq(np.array(WHITE_NITS))) / peak
    if target >= 1:
        return np.minimum(np.asarray(nits, np.float64), WHITE_NITS)
    knee = 1.5 * target - 0.5
    t = np.clip((scaled - knee) / (1 - knee), 0, 1).astype(np.float64)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (-2 * t**3 + 3 * t**2) * target
    )
    return pq_to_nits(np.where(scaled < knee, scaled, spline) * peak)


def to_xyz(primaries: Primaries) -> NDArray[np.float64]:
    """The matrix from linear RGB of these primaries (white D65) to CIE XYZ (SMPTE RP 177)."""
    columns = np.array([[x / y, 1, (1 - x - y) / y] for x, y in _CHROMATICITIES[primaries]]).T
    x, y = _D65
    gains = np.linalg.solve(columns, np.array([x / y, 1, (1 - x - y) / y]))
    matrix: NDArray[np.float64] = columns * gains
    return matrix


@cache
def _to_709(primaries: Primaries) -> NDArray[np.float64]:
    return np.asarray(np.linalg.solve(to_xyz("bt709"), to_xyz(primaries)), np.float64)


def into_gamut(linear: NDArray[np.floating]) -> NDArray[np.float64]:
    """Draw linear BT.709 colors (..., 3) into the cube 0..1, each towards its own luminance.

    How far a color lies on the way from gray (0) to the surface of the cube (1) is compressed:
    unchanged up to 0.8, then by a tanh that never passes 1.
    """
    luminance = np.clip(linear @ LUMA_709, 0, 1)[..., None]
    chroma = linear - luminance
    tiny = 1e-9
    up = (chroma / np.maximum(1 - luminance, tiny)).max(axis=-1, keepdims=True)
    down = (-chroma / np.maximum(luminance, tiny)).max(axis=-1, keepdims=True)
    way = np.maximum(np.maximum(up, down), tiny)
    rest = 1 - _SOFT_FROM
    soft = _SOFT_FROM + rest * np.tanh((way - _SOFT_FROM) / rest)
    scale = np.where(way > _SOFT_FROM, soft / way, 1.0)
    inside: NDArray[np.float64] = np.clip(luminance + chroma * scale, 0, 1)
    return inside


def hdr_to_srgb(
    code: NDArray[np.floating], transfer: Literal["pq", "hlg"], peak_nits: float
) -> NDArray[np.float64]:
    """An HDR picture as SDR sRGB, by the way described at the top of this file.

    Parameters
    ----------
    code : ndarray of float, shape (..., 3)
        R'G'B' 0..1 in BT.2020 primaries.
    transfer : {"pq", "hlg"}
        Its transfer function.
    peak_nits : float
        Luminance of the brightest thing in the source, cd/m².

    Returns
    -------
    ndarray of float64, shape (..., 3)
        sRGB code values 0..1.
    """
    if transfer == "pq":
        light = pq_to_nits(code)
    else:
        light = hlg_to_scene(code)
        scene = (light @ LUMA_2020)[..., None]
        light *= _HLG_PEAK_NITS * np.maximum(scene, 1e-9) ** (_HLG_GAMMA - 1)
        peak_nits = _HLG_PEAK_NITS
    brightest = np.maximum(light.max(axis=-1, keepdims=True), 1e-9)
    linear = light * (rolled_off(brightest, peak_nits) / brightest / WHITE_NITS)
    linear = linear @ _to_709("bt2020").T
    return srgb_encoded(into_gamut(linear))


def primaries_to_srgb(code: NDArray[np.floating], primaries: Primaries) -> NDArray[np.float64]:
    """An SDR picture (R'G'B' 0..1) of other primaries as sRGB code values 0..1.

    The code values are taken as display-referred with the sRGB curve on both sides, so that a
    picture of BT.709 primaries comes through unchanged, as every player shows it. What sRGB cannot
    show is clipped: a softer way would change the colors that it can.
    """
    return srgb_encoded(srgb_decoded(code) @ _to_709(primaries).T)


def sdr_luma_table(transfer: Literal["pq", "hlg"], peak_nits: float) -> NDArray[np.uint8]:
    """What each of 256 full-range HDR luma levels looks like in SDR, for the scan's statistics."""
    gray = np.repeat(np.linspace(0, 1, 256)[:, None], 3, axis=1)
    return np.round(255 * hdr_to_srgb(gray, transfer, peak_nits)[:, 0]).astype(np.uint8)
