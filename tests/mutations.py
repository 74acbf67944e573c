"""Real files, damaged at random in the ways in which files are damaged."""

from __future__ import annotations

from pathlib import Path

import numpy as np

KINDS = ("bytes", "bits", "cut", "zeros", "repeated", "swapped", "inserted", "beginning")


def mutated(data: bytes, kind: str, chance: np.random.Generator) -> bytes:
    """A damaged copy of a file.

    Parameters
    ----------
    data : bytes
        The whole file.
    kind : str
        One of `KINDS`.
    chance : numpy.random.Generator
        Decides where.
    """
    out, n = bytearray(data), len(data)
    start, other = sorted(int(one) for one in chance.integers(0, n, 2))
    length = int(chance.integers(1, max(2, n // 8)))
    if kind == "bytes":
        for at in chance.integers(0, n, max(1, n // 500)):
            out[at] = int(chance.integers(0, 256))
    elif kind == "bits":
        for at in chance.integers(0, n, 8):
            out[at] ^= 1 << int(chance.integers(0, 8))
    elif kind == "cut":
        del out[start:]
    elif kind == "zeros":
        out[start : start + length] = bytes(len(out[start : start + length]))
    elif kind == "repeated":
        out[start:start] = out[start : start + length]
    elif kind == "swapped":
        length = min(length, other - start, n - other)
        first, second = out[start : start + length], out[other : other + length]
        out[start : start + length], out[other : other + length] = second, first
    elif kind == "inserted":
        out[start:start] = chance.bytes(length)
    elif kind == "beginning":  # where the boxes and sizes are
        for at in chance.integers(0, min(n, 400), 6):
            out[at] = int(chance.integers(0, 256))
    return bytes(out)


def write_mutations(files: list[Path], folder: Path, n: int, seed: int) -> dict[str, Path]:
    """Damaged copies by name, of every file and in every way in turn."""
    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(seed)
    made = {}
    for at in range(n):
        kind, file = KINDS[at % len(KINDS)], files[at // len(KINDS) % len(files)]
        path = folder / f"{at:03d}_{kind}_{file.stem}{file.suffix}"
        path.write_bytes(mutated(file.read_bytes(), kind, chance))
        made[path.name] = path
    return made
