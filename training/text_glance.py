"""Teaches the network of `models.text_glance` where there may be lettering.

    python -m training.text_glance FILM_OR_PICTURE … --fonts FOLDER --out weights.npz

From text drawn in many fonts (`training/lettering.py`), and from what the detector of
`scorers/analysers/text.py` finds in the pictures themselves. Two cores take a quarter of an hour.
"""

from __future__ import annotations

import argparse
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import cv2
import numpy as np
import torch
from torch import nn

from ava.core.frame_batch import FrameBatch
from ava.scoring.contract import Runtime
from models.text_glance import WEIGHTS
from scorers.analysers.text import TextAnalyser
from training.lettering import Drawn, Labelled, drawn
from training.pictures import Picture, origin
from training.small_networks import folded, save
from training.text_glance_network import Network

_BATCH, _RATE, _SEED = 24, 4e-3, 11
_TEXT_WEIGHS = 3.0  # a line that is missed is lost, a false alarm costs a few milliseconds
_AHEAD = 4  # batches made in advance


def labelled(pictures: list[Picture]) -> list[Labelled]:
    """Pictures with what the large detector finds in them."""
    analyser, found = TextAnalyser(), []
    analyser.open(Runtime(n_threads=2))
    for one in pictures:
        lines = analyser.analyse(FrameBatch(one[None], np.zeros(1), np.zeros(1, np.int64)))
        ink = np.zeros(one.shape[:2], np.uint8)
        for box in lines.box_xyxy * np.array([*one.shape[1::-1]] * 2):
            left, top, right, bottom = box.round().astype(int)
            ink[top:bottom, left:right] = 255
        found.append(Labelled(one, ink))
    analyser.close()
    return found


def loss_of(logits: torch.Tensor, is_text: torch.Tensor) -> torch.Tensor:
    """Cross-entropy over the fields that are known, the hard ones counting for more."""
    known = ~is_text.isnan()
    wanted = torch.nan_to_num(is_text)
    each = nn.functional.binary_cross_entropy_with_logits(
        logits, wanted, reduction="none", pos_weight=torch.tensor(_TEXT_WEIGHS)
    )
    sure = torch.sigmoid(logits)
    hard = (torch.where(wanted > 0, 1 - sure, sure)).detach()
    return (each * hard * known).sum() / known.sum() * 4


def train(origins: list[list[Labelled]], fonts: list[Path], n_steps: int) -> Network:
    """A trained network, ready to be stored.

    Parameters
    ----------
    origins : list of list of Labelled
        Pictures by film; films are drawn from evenly, however many pictures each has.
    fonts : list of pathlib.Path
        TrueType or OpenType files.
    n_steps : int
        Of 24 crops each.
    """
    torch.manual_seed(_SEED)
    network = Network(normalised=True).train().to(memory_format=torch.channels_last)
    optimiser = torch.optim.AdamW(network.parameters(), _RATE, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, _RATE, n_steps, pct_start=0.1)

    def batch(step: int) -> list[Drawn]:
        random = np.random.default_rng([_SEED, step])
        made = []
        for _ in range(_BATCH):
            pictures = origins[random.integers(len(origins))]
            made.append(drawn(pictures[random.integers(len(pictures))], fonts, random))
        return made

    started, losses = time.monotonic(), []
    with ThreadPoolExecutor(1) as pool:
        waiting = deque(pool.submit(batch, step) for step in range(_AHEAD))
        for step in range(n_steps):
            waiting.append(pool.submit(batch, step + _AHEAD))
            made = waiting.popleft().result()
            pixels = torch.from_numpy(np.stack([one.pixels for one in made])).permute(0, 3, 1, 2)
            is_text = torch.from_numpy(np.stack([one.is_text for one in made]))
            loss = loss_of(network(pixels.float()), is_text)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()
            losses.append(float(loss.detach()))
            if step % 100 == 99:
                spent = time.monotonic() - started
                print(
                    f"{step + 1:5d}  loss {np.mean(losses[-100:]):.4f}  {spent:.0f} s", flush=True
                )
        for one in waiting:
            one.cancel()
    return folded(network, Network())


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--fonts", type=Path, required=True)
    parser.add_argument("--steps", type=int, default=2500)
    parser.add_argument("--out", type=Path, default=WEIGHTS)
    words = parser.parse_args()
    cv2.setNumThreads(1)
    fonts = sorted(one for one in words.fonts.rglob("*") if one.suffix in (".ttf", ".otf", ".ttc"))
    origins = [labelled(list(origin(file).pictures)) for file in words.files]
    save(train([one for one in origins if one], fonts, words.steps), words.out)


if __name__ == "__main__":
    main()
