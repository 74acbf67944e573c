"""The benchmark film: the sample film at 1080p, several times over."""

from __future__ import annotations

import sys
from fractions import Fraction
from pathlib import Path

import av

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_media" / "sample_film.mp4"
WIDTH, HEIGHT = 1920, 1080


def benchmark_film(seconds: int) -> Path:
    """Path of a 1080p24 H.264 film of `seconds`, made once and kept under build/."""
    path = ROOT / "build" / "benchmarks" / f"film_{seconds}s_1080p24.mp4"
    if path.exists():
        return path
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".partial.mp4")
    print(f"making {path.name} ...", file=sys.stderr)
    with av.open(str(partial), "w") as out:
        stream = out.add_stream("libx264", rate=Fraction(24))
        assert isinstance(stream, av.VideoStream)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        stream.options = {"crf": "21", "preset": "veryfast", "g": "96"}
        stream.codec_context.colorspace = 1
        count = 0
        while count < seconds * 24:
            with av.open(str(SAMPLE)) as source:
                for frame in source.decode(video=0):
                    if count == seconds * 24:
                        break
                    big = frame.reformat(width=WIDTH, height=HEIGHT)
                    big.pts, big.time_base = count, Fraction(1, 24)
                    out.mux(stream.encode(big))
                    count += 1
        out.mux(stream.encode(None))
    partial.rename(path)
    return path
