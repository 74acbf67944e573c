"""Teaches the network of `models.technical_quality` from pictures that nobody has rated.

    python -m training.technical_quality FILM_OR_PICTURE … --out weights.npz

Twice: on many small crops, which is quick, and then a little on whole pictures, which alone teach that
a soft background is no fault. Two cores take about three quarters of an hour.
"""

from __future__ import annotations

import argparse
import itertools
import math
import time
from collections import deque
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import cv2
import torch
from torch import nn

from models.technical_quality import WEIGHTS
from training.groups import N_COPIES, Group, Groups
from training.leaves import leaves
from training.pictures import PACKAGED_TO_LEARN, Origin, origin, packaged
from training.small_networks import folded, save
from training.technical_network import Network

_SLOPE = 6.0  # logits between clean and ruined: quality 0.95 to 0.05
_N_LEAVES = 9  # origins: a fifth of what is learned from, beside three dozen others
_AHEAD = 24  # groups made in advance
_FAR = 0.25  # strengths of different faults on different pictures are only so comparable


@dataclass(frozen=True)
class Recipe:
    """How long and how fast.

    Attributes
    ----------
    n_crop_steps, n_picture_steps : int
        Steps on crops, and on whole pictures.
    n_groups : int
        Groups of a step on crops; a step on whole pictures has two.
    crop_px : int
        Side of the crops.
    rate : float
        Learning rate at its height; whole pictures get a tenth of it.
    seed : int
        Start of all random numbers.
    """

    n_crop_steps: int = 6000
    n_picture_steps: int = 250
    n_groups: int = 8
    crop_px: int = 160
    rate: float = 2e-3
    seed: int = 7


def loss_of(logits: torch.Tensor, groups: list[Group]) -> torch.Tensor:
    """How far the logits of some groups are from what is known about them.

    Parameters
    ----------
    logits : torch.Tensor of float32, shape (5 · G,)
        The network's answers, group by group.
    groups : list of Group
        The G groups.

    Returns
    -------
    torch.Tensor
        One number: a hinge on the order inside each group (margin in proportion to the difference
        of strength), a tenth of the same between groups where the strengths lie far apart, the
        distance of twins, and weakly the distance from the strength itself.
    """
    given = logits.reshape(len(groups), N_COPIES)
    strengths = torch.stack([group.strengths for group in groups])
    trust = torch.tensor([group.trust for group in groups])
    graded = given[:, : N_COPIES - 1]
    inside = _hinge(graded, strengths[:, : N_COPIES - 1], 0.0)
    across = _hinge(given.reshape(1, -1), strengths.reshape(1, -1), _FAR)
    twins = torch.stack([row[group.twin] for row, group in zip(given, groups, strict=True)])
    aside = (twins - given[:, -1]).abs().mean()
    target = _SLOPE * (0.5 - strengths)
    away = nn.functional.smooth_l1_loss(given, target, reduction="none").mean(dim=1)
    return inside + 0.3 * across + 0.3 * aside + 0.25 * (trust * away).mean()


def _hinge(given: torch.Tensor, strengths: torch.Tensor, slack: float) -> torch.Tensor:
    worse = strengths[:, None, :] - strengths[:, :, None]
    margin = 0.7 * _SLOPE * (worse - slack)
    short = margin - (given[:, :, None] - given[:, None, :])
    pairs = worse > max(slack, 0.02)
    return short.clamp_min(0)[pairs].mean() if bool(pairs.any()) else given.sum() * 0


def train(origins: list[Origin], recipe: Recipe, n_workers: int = 1) -> Network:
    """Train from scratch; the same arguments give the same network on the same machine."""
    torch.manual_seed(recipe.seed)
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    network = Network(normalised=True).to(memory_format=torch.channels_last).to(device)
    side = (recipe.crop_px, recipe.crop_px)
    crops = Groups(origins, side, recipe.seed)
    _run(network, _stream(crops, n_workers), recipe.n_crop_steps, recipe.n_groups, recipe.rate)
    whole = Groups(origins, None, recipe.seed + 1)
    network.eval()  # few pictures a step: their statistics would only disturb those of the crops
    _run(network, _stream(whole, n_workers), recipe.n_picture_steps, 2, recipe.rate / 10)
    return folded(network.cpu(), Network())


def _stream(groups: Groups, n_workers: int) -> Iterator[Group]:
    """The groups in order, made by threads while the network learns."""
    with ThreadPoolExecutor(n_workers) as pool:
        ahead = deque(pool.submit(groups.__getitem__, index) for index in range(_AHEAD))
        for index in itertools.count(_AHEAD):
            yield ahead.popleft().result()
            ahead.append(pool.submit(groups.__getitem__, index))


def _run(
    network: Network, groups: Iterator[Group], n_steps: int, n_groups: int, rate: float
) -> None:
    device = next(network.parameters()).device
    optimiser = torch.optim.AdamW(network.parameters(), lr=rate, weight_decay=1e-3)
    started, running = time.monotonic(), 0.0
    for step in range(n_steps):
        for setting in optimiser.param_groups:
            setting["lr"] = rate * _pace(step, n_steps)
        few = [next(groups) for _ in range(n_groups)]
        loss = loss_of(_answers(network, few, device).cpu(), few)
        optimiser.zero_grad()
        torch.autograd.backward(loss)
        nn.utils.clip_grad_norm_(network.parameters(), 5.0)
        optimiser.step()
        running = loss.item() if step == 0 else 0.98 * running + 0.02 * loss.item()
        if step % 50 == 0 or step == n_steps - 1:
            took = time.monotonic() - started
            print(f"step {step:5d}  loss {running:.4f}  {took:6.0f} s", flush=True)


def _answers(network: Network, groups: list[Group], device: torch.device) -> torch.Tensor:
    sizes = {group.pixels.shape for group in groups}
    stacks = (
        [torch.cat([group.pixels for group in groups])]
        if len(sizes) == 1
        else [group.pixels for group in groups]
    )
    answers = [
        network(stack.to(device).float().contiguous(memory_format=torch.channels_last))
        for stack in stacks
    ]
    return torch.cat(answers)


def _pace(step: int, n_steps: int) -> float:
    warm = min(1.0, (step + 1) / max(1, min(100, n_steps // 10)))
    return warm * 0.5 * (1 + math.cos(math.pi * step / max(1, n_steps)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("paths", nargs="+", type=Path, help="films and pictures to learn from")
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    parser.add_argument("--crop-steps", type=int, default=Recipe.n_crop_steps)
    parser.add_argument("--picture-steps", type=int, default=Recipe.n_picture_steps)
    parser.add_argument("--seed", type=int, default=Recipe.seed)
    words = parser.parse_args()
    torch.set_num_threads(1)
    cv2.setNumThreads(1)
    origins = [origin(path) for path in words.paths]
    origins += [packaged(name) for name in PACKAGED_TO_LEARN]
    origins += leaves(_N_LEAVES, words.seed)
    print(f"{len(origins)} origins, {sum(len(one.pictures) for one in origins)} pictures")
    recipe = Recipe(words.crop_steps, words.picture_steps, seed=words.seed)
    save(train(origins, recipe), words.out)
    print(f"{words.out}: {words.out.stat().st_size} bytes")


if __name__ == "__main__":
    main()
