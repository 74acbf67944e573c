"""Weights that PyTorch has written are read without it, and nothing in such a file is run."""

from __future__ import annotations

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch

from ava.core.errors import WeightsError
from models.torch_weights import arrays_in


def saved(path: Path, what: object) -> Path:
    torch.save(what, path, _use_new_zipfile_serialization=False)
    return path


def test_arrays_are_those_that_were_saved(tmp_path: Path) -> None:
    whole = torch.arange(24, dtype=torch.float32).reshape(2, 3, 4)
    given = {
        "plain": whole,
        "turned": whole.permute(2, 0, 1),  # shares its storage with the first
        "part": whole[1, 1:],
        "count": torch.tensor(7),
        "none": torch.zeros((0, 3)),
    }
    found = arrays_in(saved(tmp_path / "some.pth", given))
    assert set(found) == set(given)
    for name, tensor in given.items():
        assert np.array_equal(found[name], tensor.numpy())
        assert found[name].dtype == tensor.numpy().dtype


def test_what_is_no_such_file_is_refused(tmp_path: Path) -> None:
    path = saved(tmp_path / "some.pth", {"one": torch.arange(100.0)})
    cut = tmp_path / "cut.pth"
    cut.write_bytes(path.read_bytes()[:-8])
    with pytest.raises(WeightsError, match="cut off"):
        arrays_in(cut)
    other = tmp_path / "other.pth"
    other.write_bytes(pickle.dumps([1, 2, 3]) * 4)
    with pytest.raises(WeightsError, match="no weights"):
        arrays_in(other)
    with pytest.raises(WeightsError, match="no weights"):
        arrays_in(tmp_path / "missing.pth")


def test_nothing_in_a_file_is_run(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="has no place among weights"):
        arrays_in(saved(tmp_path / "bad.pth", {"one": Path(".")}))
