"""What our small networks have in common: their layers, and how they are stored.

The blocks are those of Sandler et al., "MobileNetV2: inverted residuals and linear bottlenecks", CVPR
2018.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import numpy as np
import torch
from torch import nn

Network = TypeVar("Network", bound=nn.Module)


class InvertedResidual(nn.Module):
    """Widen, filter every channel by itself, narrow; added to what came in where its shape is the same.

    Parameters
    ----------
    n_in, n_wide, n_out : int
        Channels.
    stride, dilation : int
        Of the filter.
    normalised : bool
        With batch normalisation.
    """

    def __init__(
        self, n_in: int, n_wide: int, n_out: int, stride: int, dilation: int, normalised: bool
    ) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *convolution(n_in, n_wide, 1, 1, normalised),
            *convolution(n_wide, n_wide, 3, stride, normalised, dilation, n_wide),
            *convolution(n_wide, n_out, 1, 1, normalised)[:2],
        )
        self.adds = stride == 1 and n_in == n_out

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        """Shape (N, n_out, H / stride, W / stride), rounded up."""
        changed: torch.Tensor = self.layers(found)
        return found + changed if self.adds else changed


def convolution(
    n_in: int,
    n_out: int,
    side_px: int,
    stride: int,
    normalised: bool,
    dilation: int = 1,
    n_groups: int = 1,
) -> list[nn.Module]:
    """A convolution, its batch normalisation (or nothing), and a ReLU."""
    padding = side_px // 2 * dilation
    return [
        nn.Conv2d(n_in, n_out, side_px, stride, padding, dilation, n_groups),
        nn.BatchNorm2d(n_out) if normalised else nn.Identity(),
        nn.ReLU(inplace=True),
    ]


def folded(trained: Network, plain: Network) -> Network:
    """The same function without batch normalisation, ready to be stored.

    Parameters
    ----------
    trained : Network
        With batch normalisation after every convolution but those of its `head`.
    plain : Network
        A new one without; it takes the weights.
    """
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    plain.eval()
    modules = dict(trained.eval().named_modules())
    for name, module in plain.named_modules():
        if name == "head":
            module.load_state_dict(modules[name].state_dict())
        elif isinstance(module, nn.Conv2d):
            place = name.rpartition(".")
            conv, norm = modules[name], modules[f"{place[0]}.{int(place[2]) + 1}"]
            assert isinstance(conv, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            module.load_state_dict(fuse_conv_bn_eval(conv, norm).state_dict())
    return plain


def save(plain: nn.Module, path: Path) -> None:
    """Write the weights of a folded network, as float16 arrays under their names."""
    arrays = {name: value.numpy().astype(np.float16) for name, value in plain.state_dict().items()}
    np.savez_compressed(path, **arrays)
