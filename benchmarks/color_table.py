"""Writes docs/color.md: how far the colors of every tag combination are from the standards.

python -m benchmarks.color_table
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from benchmarks.film import ROOT
from tests.test_color import combinations, difference

_RANGES = {True: "full", False: "limited"}
_TRANSFERS = {1: "SDR", 16: "PQ", 18: "HLG"}
_MATRICES = {0: "RGB", 1: "BT.709", 6: "BT.601", 9: "BT.2020"}
_PRIMARIES = {
    1: "BT.709",
    5: "BT.601, 625 lines",
    6: "BT.601, 525 lines",
    9: "BT.2020",
    12: "P3-D65",
}

_TEXT = """# Color

What a stream says of its matrix, range, primaries and transfer is followed; what it does not say is taken as players
take it: BT.709 from 720 lines on, else BT.601, limited range, SDR, primaries of BT.709. Chroma is sited left (centred
for JPEG and MPEG-1). SDR code values of BT.709 primaries come through unchanged; other primaries are converted with
the sRGB curve on both sides and clipped to sRGB.

High dynamic range becomes SDR sRGB in four steps, each written down in `ava/source/tone_map.py`:

1. to light: PQ by the EOTF of SMPTE ST 2084; HLG by the inverse OETF and the OOTF of ITU-R BT.2100 for a display of
   1000 cd/m² (system gamma 1.2);
2. the brightest of the three components is rolled off by the EETF of ITU-R BT.2390-8, from the peak of the source
   (MaxCLL, else the mastering display, else 1000 cd/m²) to 203 cd/m², diffuse white in ITU-R BT.2408; the other two
   keep their proportion to it;
3. divided by 203 cd/m² and turned to BT.709 primaries (ITU-R BT.2087); what lies outside of the cube is drawn towards
   its own luminance: unchanged up to 80 % of the way from gray to the surface, then by a tanh that never passes it;
4. sRGB encoding (IEC 61966-2-1).

FFmpeg's swscale does matrix, range, siting and scaling, its lut3d (65 points, tetrahedral, 16 bit) the four steps.
Dolby Vision with a base layer (profile 8) is read by that; without one (profile 5) it is refused.

## Measured against the standards

A chart of 24 colors, encoded with PyAV's encoders and read back; mean CIEDE2000 against the equations of the standards
as `tests/test_color.py` writes them out. Allowed: 1.0 for SDR, 2.0 for PQ and HLG. Below 1 nobody sees a difference.

| codec | pixel format | matrix | primaries | transfer | range | mean ΔE₀₀ |
|---|---|---|---|---|---|---|
"""


def main() -> None:
    lines = []
    for made in combinations():
        with tempfile.TemporaryDirectory() as folder:
            value = difference(made, Path(folder))
        facts = [made.codec, made.pixel_format, _MATRICES[made.matrix], _PRIMARIES[made.primaries]]
        facts += [_TRANSFERS[made.transfer], _RANGES[made.full], f"{value:.2f}"]
        lines.append("| " + " | ".join(facts) + " |")
    (ROOT / "docs" / "color.md").write_text(_TEXT + "\n".join(lines) + "\n", "utf-8")


if __name__ == "__main__":
    main()
