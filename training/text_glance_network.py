"""The network of `models.text_glance` as it is trained.

The blocks are those of Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR
2018.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.text_glance import BLOCKS, STEM, WIDE


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
            layers += _convolution(n_in, n_out, 3, 2, 1, 1, normalised)
            n_in = n_out
        layers += [_Block(n_in, dilation, normalised) for dilation in BLOCKS]
        self.layers = nn.Sequential(*layers)
        self.head = nn.Conv2d(n_in, 1, 1)

    def forward(self, pictures: torch.Tensor) -> torch.Tensor:
        """Logits, one for every field of eight pixels."""
        logits: torch.Tensor = self.head(self.layers((pictures - 128).div_(64)))[:, 0]
        return logits


class _Block(nn.Module):
    """Inverted residual: widen, filter every channel by itself, narrow."""

    def __init__(self, n_channels: int, dilation: int, normalised: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_convolution(n_channels, WIDE, 1, 1, 1, 1, normalised),
            *_convolution(WIDE, WIDE, 3, 1, dilation, WIDE, normalised),
            *_convolution(WIDE, n_channels, 1, 1, 1, 1, normalised)[:2],
        )

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = self.layers(found)
        return found + changed


def _convolution(
    n_in: int, n_out: int, side_px: int, stride: int, dilation: int, n_groups: int, normalised: bool
) -> list[nn.Module]:
    return [
        nn.Conv2d(n_in, n_out, side_px, stride, side_px // 2 * dilation, dilation, n_groups),
        nn.BatchNorm2d(n_out) if normalised else nn.Identity(),
        nn.ReLU(inplace=True),
    ]


def folded(trained: Network) -> Network:
    """The same function without batch normalisation, ready to be stored."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    plain = Network().eval()
    modules = dict(trained.eval().named_modules())
    for name, module in plain.named_modules():
        if isinstance(module, nn.Conv2d) and name != "head":
            place = name.rpartition(".")
            conv, norm = modules[name], modules[f"{place[0]}.{int(place[2]) + 1}"]
            assert isinstance(conv, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            module.load_state_dict(fuse_conv_bn_eval(conv, norm).state_dict())
    plain.head.load_state_dict(trained.head.state_dict())
    return plain


def save(plain: Network, path: Path) -> None:
    """Write the weights of a folded network, as float16 arrays under their names."""
    arrays = {name: value.numpy().astype(np.float16) for name, value in plain.state_dict().items()}
    np.savez_compressed(path, **arrays)
