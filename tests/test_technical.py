"""The learned technical score: planted faults on photographs that it never saw, and its training."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from scipy.stats import spearmanr
from skimage import data

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.check import check_scorer
from ava.scoring.contract import Runtime
from ava.source.stills_reader import load_still
from models.technical_quality import WEIGHTS, TechnicalQuality
from scorers.technical import TechnicalScorer
from training.small_networks import folded, save
from training.technical_network import Network, load

Picture = NDArray[np.uint8]
STRENGTHS = (0.0, 0.25, 0.5, 0.75, 1.0)
HELD_OUT = (
    *("ava_42039.jpg", "ava_42042.jpg", "ava_42044.jpg", "bird_img_for_crop.jpg"),
    *("business-work-1.jpg", "frame_9ogwhvvy7gfj6jzh.jpg", "nature-1.jpg", "travel-1.jpg"),
)


def at_540(picture: Picture) -> Picture:
    height, width = picture.shape[:2]
    if height <= 540:
        return picture
    size = (round(width * 540 / height), 540)
    return cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.uint8)


@pytest.fixture(scope="module")
def unseen(photographs: dict[str, Picture], shared_media: Path) -> dict[str, Picture]:
    """Thirteen photographs of which the network never saw a pixel."""
    pictures = {name: at_540(load_still(shared_media / "images" / name)) for name in HELD_OUT}
    pictures |= {name: photographs[name] for name in ("astronaut", "motorcycle")}
    return pictures | {
        "cat": data.cat(),
        "coffee": data.coffee(),
        "camera": np.repeat(data.camera()[:, :, None], 3, axis=2),
    }


@pytest.fixture(scope="module")
def quality() -> Iterator[Callable[[Picture], float]]:
    scorer = TechnicalScorer()
    scorer.open(Runtime(n_threads=1))

    def of(picture: Picture) -> float:
        frames = FrameBatch(picture[None].copy(), np.zeros(1), np.zeros(1, np.int64))
        return float(scorer.score(frames, Analyses({}))["technical_quality"][0])

    yield of
    scorer.close()


# The faults are planted here by other means than in training/distortions.py.
def soft(picture: Picture, strength: float) -> Picture:
    return cv2.GaussianBlur(picture, (0, 0), 0.01 + 4 * strength).astype(np.uint8)


def smeared(picture: Picture, strength: float) -> Picture:
    length = 1 + 2 * round(9 * strength)
    return cv2.filter2D(picture, -1, np.full((1, length), 1 / length, np.float32)).astype(np.uint8)


def noisy(picture: Picture, strength: float) -> Picture:
    grain = np.random.default_rng(5).normal(0, 1, picture.shape)
    return np.clip(picture + 35 * strength * grain, 0, 255).astype(np.uint8)


def burnt(picture: Picture, strength: float) -> Picture:
    brightest = float(np.quantile(picture, 1 - 0.6 * strength))
    return np.clip(picture * (255 / max(8.0, brightest)), 0, 255).astype(np.uint8)


def crushed(picture: Picture, strength: float) -> Picture:
    darkest = float(np.quantile(picture, 0.6 * strength))
    return np.clip(picture - (darkest if strength else 0.0), 0, 255).astype(np.uint8)


def blocky(picture: Picture, strength: float) -> Picture:
    if strength == 0:
        return picture
    quality = round(64 * 0.05**strength)
    _, coded = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, quality])
    return np.asarray(cv2.imdecode(coded, cv2.IMREAD_COLOR), np.uint8)


def posterized(picture: Picture, strength: float) -> Picture:
    if strength == 0:
        return picture
    n_steps = 64 ** (1 - strength) * 5**strength
    return (np.floor(picture / 256 * n_steps) * (255 / n_steps)).astype(np.uint8)


def enlarged(picture: Picture, strength: float) -> Picture:
    size = tuple(round(side / (1 + 3.5 * strength)) for side in picture.shape[1::-1])
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA)
    return cv2.resize(small, picture.shape[1::-1], interpolation=cv2.INTER_CUBIC).astype(np.uint8)


FAULTS = (soft, smeared, noisy, burnt, crushed, blocky, posterized, enlarged)


@pytest.mark.parametrize("fault", FAULTS)
def test_every_fault_costs_more_the_stronger_it_is(
    unseen: dict[str, Picture],
    quality: Callable[[Picture], float],
    fault: Callable[[Picture, float], Picture],
) -> None:
    series = {
        name: [quality(fault(picture, strength)) for strength in STRENGTHS]
        for name, picture in unseen.items()
    }
    correlations = {name: spearmanr(STRENGTHS, row).statistic for name, row in series.items()}
    assert np.mean(list(correlations.values())) <= -0.9, correlations
    falling = {name: bool((np.diff(row) < 0).all()) for name, row in series.items()}
    assert np.mean(list(falling.values())) > 0.6, series
    drops = [row[0] - row[-1] for row in series.values()]
    assert np.median(drops) > 0.2, series


def test_what_is_no_fault_hardly_counts(
    unseen: dict[str, Picture], quality: Callable[[Picture], float]
) -> None:
    before = np.array([quality(picture) for picture in unseen.values()])
    mirrored = np.array([quality(picture[:, ::-1]) for picture in unseen.values()])
    assert np.abs(mirrored - before).mean() < 0.05
    for scale in (0.9, 1.1):
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        resized = [
            quality(cv2.resize(picture, None, fx=scale, fy=scale, interpolation=how))
            for picture in unseen.values()
        ]
        assert np.abs(resized - before).mean() < 0.1
        assert spearmanr(resized, before).statistic > 0.5


def test_a_dark_picture_is_not_a_bad_one(
    unseen: dict[str, Picture], quality: Callable[[Picture], float]
) -> None:
    before, dark, bad = [], [], []
    for picture in unseen.values():
        low_key = np.rint(picture * 0.4).astype(np.uint8)  # three stops less light
        before.append(quality(picture))
        dark.append(quality(low_key))
        bad.append(quality(noisy(low_key, 0.4)))
    cost_of_dark, cost_of_noise = np.subtract(before, dark), np.subtract(dark, bad)
    assert abs(np.mean(cost_of_dark)) < 0.15
    assert np.mean(cost_of_noise) > 3 * abs(np.mean(cost_of_dark))
    assert (cost_of_noise > cost_of_dark).mean() > 0.85


def test_the_contract(quality: Callable[[Picture], float]) -> None:
    check_scorer(TechnicalScorer)
    assert np.isnan(quality(np.zeros((20, 300, 3), np.uint8)))


def test_listing_the_scorers_loads_no_torch() -> None:
    code = "import sys, scorers; print('torch' in sys.modules, 'torchvision' in sys.modules)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert out.stdout.split() == ["False", "False"]


def test_the_weights_are_small_and_plain() -> None:
    assert WEIGHTS.stat().st_size < 1_000_000
    with np.load(WEIGHTS, allow_pickle=False) as arrays:
        assert {arrays[name].dtype for name in arrays.files} == {np.dtype(np.float16)}
        assert all(np.isfinite(arrays[name]).all() for name in arrays.files)


def test_folding_changes_nothing_but_the_form(tmp_path: Path) -> None:
    torch.manual_seed(3)
    trained = Network(normalised=True)
    pictures = torch.rand(4, 3, 96, 128) * 255
    with torch.no_grad():
        trained.train()(pictures)  # gives the normalisation statistics of its own
        expected = trained.eval()(pictures)
        plain = folded(trained, Network())
        assert torch.allclose(plain(pictures), expected, atol=1e-4)
        save(plain, tmp_path / "weights.npz")
        assert torch.allclose(load(tmp_path / "weights.npz")(pictures), expected, atol=0.02)


def test_the_runtime_computes_what_was_trained(photographs: dict[str, Picture]) -> None:
    trained, in_floats = load(WEIGHTS), TechnicalQuality(1, in_whole_numbers=False)
    run, off = TechnicalQuality(1), []
    for name, picture in photographs.items():
        given = soft(picture[3:, 5:], 0.3)  # sides that no power of two divides
        tensor = torch.from_numpy(given.copy()).permute(2, 0, 1)[None].float()
        with torch.no_grad():
            truth = float(torch.sigmoid(trained(tensor)))
        assert in_floats.of(given) == pytest.approx(truth, abs=1e-5), name
        off.append(run.of(given) - truth)
    assert 0 < np.abs(off).max() < 0.06
    assert abs(np.mean(off)) < 0.02


def test_the_training_learns_an_order(photographs: dict[str, Picture], tmp_path: Path) -> None:
    from training.pictures import Origin, origin
    from training.technical_quality import Recipe, train

    cv2.imwrite(str(tmp_path / "cat.png"), photographs["cat"][:, :, ::-1])
    origins = [origin(tmp_path / "cat.png"), Origin("china", False, (photographs["china"],))]
    assert [len(one.pictures) for one in origins] == [1, 1]
    assert not origins[0].is_film
    short = Recipe(n_crop_steps=60, n_picture_steps=2, n_groups=3, crop_px=96)
    network, again = train(origins, short), train(origins, short)
    assert all(
        torch.equal(one, other)
        for one, other in zip(
            network.state_dict().values(), again.state_dict().values(), strict=True
        )
    )
    save(network, tmp_path / "weights.npz")
    untrained = Network().eval()
    sharp = torch.from_numpy(photographs["flower"].copy()).permute(2, 0, 1)[None].float()
    ruined = torch.from_numpy(soft(photographs["flower"], 1.0)).permute(2, 0, 1)[None].float()
    with torch.no_grad():
        learned = load(tmp_path / "weights.npz")
        gap = float(learned(sharp) - learned(ruined))
        assert gap > abs(float(untrained(sharp) - untrained(ruined)))
        assert gap > 0.2
