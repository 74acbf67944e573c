"""The network of `models.text_glance` as it is trained."""

from __future__ import annotations

import torch
from torch import nn

from models.text_glance import BLOCKS, STEM, WIDE
from training.small_networks import InvertedResidual, convolution


class Network(nn.Module):
    """Float pictures 0..255, (N, 3, H, W) of any size, to logits (N, H/8, W/8), rounded up.

    Parameters
    ----------
    normalised : bool
        With batch normalisation, for training; the stored weights have it folded in.
    """

    def __init__(self, normalised: bool = False) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = 3
        for n_out in STEM:
            layers += convolution(n_in, n_out, 3, 2, normalised)
            n_in = n_out
        layers += [
            InvertedResidual(n_in, WIDE, n_in, 1, dilation, normalised) for dilation in BLOCKS
        ]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(n_in, 1, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits, one for every field of eight pixels."""
        logits: torch.Tensor = self.head(self.layers((pictures - 128).div_(64)))[:, 0]
        return logits
