"""The network of `models.technical_quality` as it is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.technical_quality import BLOCKS, HIDDEN, STEM, TOP
from training.small_networks import InvertedResidual, convolution


class Network(nn.Module):
    """Float pictures 0..255, (N, 3, H, W) of any size, to one number each: the logit of the quality.

    Parameters
    ----------
    normalised : bool
        With batch normalisation, for training; the stored weights have it folded in.
    """

    def __init__(self, normalised: bool = False) -> None:
        super().__init__()
        first, second, third = STEM
        stages: list[list[nn.Module]] = [
            [
                *convolution(3, first, 3, 2, normalised),
                *convolution(first, second, 3, 2, normalised),
            ],
            [*convolution(second, third, 3, 2, normalised)],
            [],
            [],
        ]
        n_in = third
        for stage, blocks in zip(stages[2:], BLOCKS, strict=True):
            for n_out, stride, expansion in blocks:
                wide = n_in * expansion
                stage.append(InvertedResidual(n_in, wide, n_out, stride, 1, normalised))
                n_in = n_out
        stages[-1] += convolution(n_in, TOP, 1, 1, normalised)
        self.stages = nn.ModuleList(nn.Sequential(*stage) for stage in stages)
        n_pooled = 2 * (second + third + BLOCKS[0][-1][0] + TOP)
        self.head = nn.Sequential(
            nn.Linear(n_pooled, HIDDEN), nn.ReLU(inplace=True), nn.Linear(HIDDEN, 1)
        )

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits, shape (N,)."""
        found = (pictures - 128).div_(64)
        pooled = []
        for stage in self.stages:
            found = stage(found)
            # The mean, and the generalised mean of fourth power: what stands out somewhere. A soft
            # background behind a sharp face is meant to be soft, and only the whole picture tells.
            fourth = found.square().square().mean(dim=(2, 3))
            pooled += [found.mean(dim=(2, 3)), fourth.add(1e-6).sqrt().sqrt()]
        logits: torch.Tensor = self.head(torch.cat(pooled, dim=1))[:, 0]
        return logits


def load(path: Path) -> Network:
    """The network with its weights, as PyTorch runs it."""
    with np.load(path) as arrays:
        state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
    plain = Network()
    plain.load_state_dict(state)
    return plain.eval().to(memory_format=torch.channels_last)
