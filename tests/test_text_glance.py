"""The small network that glances: its form, and that it can be taught."""

from __future__ import annotations

from pathlib import Path

import cv2
import matplotlib as mpl
import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from models.text_glance import WEIGHTS, TextGlance
from tests.lettering import FONTS, subtitled
from training.lettering import Labelled, drawn
from training.small_networks import folded, save
from training.text_glance import loss_of, train
from training.text_glance_network import Network

Picture = NDArray[np.uint8]
FONT_FILES = [
    Path(mpl.__file__).parent / "mpl-data" / "fonts" / "ttf" / f"{name}.ttf" for name in FONTS[:4]
]


def test_the_weights_are_small_and_plain() -> None:
    assert WEIGHTS.stat().st_size < 100_000
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        assert {arrays[name].dtype for name in arrays.files} == {np.dtype(np.float16)}
        assert all(np.isfinite(arrays[name]).all() for name in arrays.files)


def test_it_sees_where_the_lettering_is(photographs: dict[str, Picture]) -> None:
    glance, rises, seen = TextGlance(1), [], []
    for picture in photographs.values():
        lettered = subtitled(picture, ("Where are we going now?",), height_px=30)
        likely, before = glance.likelihood(lettered), glance.likelihood(picture)
        assert likely.dtype == np.float32
        drawn_on = (lettered != picture).any(axis=2).astype(np.float32)
        inside = cv2.resize(drawn_on, likely.shape[::-1], interpolation=cv2.INTER_AREA) > 0.3
        seen.append(likely[inside].mean())
        rises.append(seen[-1] - before[inside].mean())
        assert np.abs(likely - before)[: likely.shape[0] // 2].max() < 1e-4  # it sees no further
    assert np.min(seen) > 0.7, seen
    assert np.min(rises) > 0.3, rises


def test_the_runtime_computes_what_was_trained(
    photographs: dict[str, Picture], tmp_path: Path
) -> None:
    torch.manual_seed(3)
    trained = Network(normalised=True)
    with torch.no_grad():
        trained.train()(torch.rand(4, 3, 96, 128) * 255)  # statistics of its own
        plain = folded(trained, Network())
        save(plain, tmp_path / "weights.npz")
        glance = TextGlance(1, tmp_path / "weights.npz")
        for picture in photographs.values():
            small = picture[:211, :333]  # sides that eight does not divide
            whole = np.pad(small, ((0, -211 % 8), (0, -333 % 8), (0, 0)), mode="edge")
            tensor = torch.from_numpy(whole).permute(2, 0, 1)[None].float()
            expected = torch.sigmoid(trained.eval()(tensor))[0].numpy()
            assert glance.likelihood(small) == pytest.approx(expected, abs=2e-3)


def test_the_edge_of_a_picture_is_no_lettering() -> None:
    """A last row of fields that the picture fills in part is judged by the picture alone."""
    dark = np.full((354, 854, 3), 8, np.uint8)  # 199 lines as it is looked at
    dark[100:220, 300:500] = 60
    assert TextGlance(1).likelihood(dark)[-1].max() < 0.5


def test_lettering_is_drawn_where_it_says(photographs: dict[str, Picture]) -> None:
    blank = Labelled(np.full((540, 720, 3), 90, np.uint8), np.zeros((540, 720), np.uint8))
    n_text = 0
    for seed in range(40):
        one = drawn(blank, FONT_FILES, np.random.default_rng(seed))
        assert one.pixels.shape == (160, 160, 3)
        assert one.is_text.shape == (20, 20)
        fields = one.pixels.reshape(20, 8, 20, 8, 3).astype(np.float32)
        contrast = np.ptp(fields, axis=(1, 3)).max(axis=2)
        text, empty = one.is_text == 1, one.is_text == 0
        n_text += int(text.sum())
        if text.any():
            assert np.median(contrast[text]) > 25, seed
        assert np.median(contrast[empty]) < 20, seed
    assert n_text > 200


@pytest.mark.slow
def test_the_training_learns_to_see_text(photographs: dict[str, Picture]) -> None:
    pictures = [
        Labelled(one, np.zeros(one.shape[:2], np.uint8))
        for name, one in photographs.items()
        if name != "motorcycle"
    ]
    states = (train([pictures], FONT_FILES, 2).state_dict().values() for _ in range(2))
    assert all(torch.equal(*pair) for pair in zip(*states, strict=True))
    network = train([pictures], FONT_FILES, 30)
    picture = photographs["motorcycle"]
    unseen = Labelled(picture, np.zeros(picture.shape[:2], np.uint8))
    made = [drawn(unseen, FONT_FILES, np.random.default_rng([5, step])) for step in range(24)]
    pixels = torch.from_numpy(np.stack([one.pixels for one in made])).permute(0, 3, 1, 2).float()
    is_text = torch.from_numpy(np.stack([one.is_text for one in made]))
    with torch.no_grad():
        assert loss_of(network(pixels), is_text) < loss_of(Network().eval()(pixels), is_text)
        given = network(pixels)
        assert given[is_text == 1].mean() > given[is_text == 0].mean() + 0.3
