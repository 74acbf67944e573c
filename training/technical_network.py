"""The network of `models.technical_quality` as it is trained."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from torch import nn

from models.technical_quality import BLOCKS, HIDDEN, STEM, TOP


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
                *_convolution(3, first, 3, 2, 1, normalised),
                *_convolution(first, second, 3, 2, 1, normalised),
            ],
            [*_convolution(second, third, 3, 2, 1, normalised)],
            [],
            [],
        ]
        n_in = third
        for stage, blocks in zip(stages[2:], BLOCKS, strict=True):
            for n_out, stride, expansion in blocks:
                stage.append(_Block(n_in, n_out, stride, expansion, normalised))
                n_in = n_out
        stages[-1] += _convolution(n_in, TOP, 1, 1, 1, normalised)
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


class _Block(nn.Module):
    """Inverted residual: widen, filter every channel by itself, narrow."""

    def __init__(self, n_in: int, n_out: int, stride: int, expansion: int, normalised: bool):
        super().__init__()
        wide = n_in * expansion
        self.layers = nn.Sequential(
            *_convolution(n_in, wide, 1, 1, 1, normalised),
            *_convolution(wide, wide, 3, stride, wide, normalised),
            *_convolution(wide, n_out, 1, 1, 1, normalised)[:2],
        )
        self.adds = stride == 1 and n_in == n_out

    def forward(self, found: torch.Tensor) -> torch.Tensor:
        changed: torch.Tensor = self.layers(found)
        return found + changed if self.adds else changed


def _convolution(
    n_in: int, n_out: int, side_px: int, stride: int, n_groups: int, normalised: bool
) -> list[nn.Module]:
    return [
        nn.Conv2d(n_in, n_out, side_px, stride, side_px // 2, groups=n_groups),
        nn.BatchNorm2d(n_out) if normalised else nn.Identity(),
        nn.ReLU(inplace=True),
    ]


def folded(trained: Network) -> Network:
    """The same function without batch normalisation, ready to be stored."""
    from torch.nn.utils.fusion import fuse_conv_bn_eval

    plain = Network().eval()
    modules = dict(trained.eval().named_modules())
    for name, module in plain.named_modules():
        if isinstance(module, nn.Conv2d):
            place = name.rpartition(".")
            after = f"{place[0]}.{int(place[2]) + 1}"
            conv, norm = modules[name], modules[after]
            assert isinstance(conv, nn.Conv2d)
            assert isinstance(norm, nn.BatchNorm2d)
            module.load_state_dict(fuse_conv_bn_eval(conv, norm).state_dict())
    plain.head.load_state_dict(trained.head.state_dict())
    return plain


def save(plain: Network, path: Path) -> None:
    """Write the weights of a folded network, as float16 arrays under their names."""
    arrays = {name: value.numpy().astype(np.float16) for name, value in plain.state_dict().items()}
    np.savez_compressed(path, **arrays)


def load(path: Path) -> Network:
    """The network with its weights, as PyTorch runs it."""
    with np.load(path) as arrays:
        state = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays.files}
    plain = Network()
    plain.load_state_dict(state)
    return plain.eval().to(memory_format=torch.channels_last)
