"""dlib's face recognition network as a torch module; imports torch, so import it when needed.

A residual network of 29 convolutions after He, Zhang, Ren & Sun, "Deep residual learning for image
recognition" (2016), trained by Davis King with a metric loss on three million faces
(``dnn_face_recognition_ex.cpp`` in dlib): faces of one person lie within 0.6 of each other.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional

from models.dlib_weights import Convolution, DlibNetwork

_PIXEL_SCALE = 1 / 256


class DlibFaceNetwork(nn.Module):
    """Maps face chips to points in 128 dimensions.

    Parameters
    ----------
    network : DlibNetwork
        The parameters, with a stem and any number of pairs of convolutions.
    """

    def __init__(self, network: DlibNetwork) -> None:
        super().__init__()
        stem, *rest = network.convolutions
        self.stem = _conv(stem)
        # Pixels come in as they are: the stem has no padding, so it can do the normalizing too.
        mean = torch.from_numpy(network.mean_rgb).reshape(1, 3, 1, 1)
        weight, bias = self.stem.weight.data, self.stem.bias
        assert bias is not None
        bias.data -= (weight * mean).sum(dim=(1, 2, 3)) * _PIXEL_SCALE
        self.stem.weight.data = weight * _PIXEL_SCALE
        self.blocks = nn.Sequential(
            *(_Residual(*pair) for pair in zip(rest[::2], rest[1::2], strict=True))
        )
        self.projection = nn.Parameter(torch.from_numpy(network.projection), requires_grad=False)
        self.to(memory_format=torch.channels_last)
        self.requires_grad_(False)
        self.eval()

    def forward(self, chips: Tensor) -> Tensor:
        """Descriptors (N, 128) of RGB chips (N, 3, 150, 150), 0..255, best channels last."""
        features = functional.relu(functional.max_pool2d(self.stem(chips), 3, stride=2))
        descriptors: Tensor = self.blocks(features).mean(dim=(2, 3)) @ self.projection
        return descriptors


class _Residual(nn.Module):
    """Two convolutions beside a short cut; with a stride, the short cut is averaged down."""

    def __init__(self, first: Convolution, second: Convolution) -> None:
        super().__init__()
        self.first, self.second = _conv(first), _conv(second)
        self.shrinks = first.stride > 1

    def forward(self, features: Tensor) -> Tensor:
        change = self.second(functional.relu(self.first(features), inplace=True))
        if self.shrinks:
            # dlib adds what differs in size as if the smaller one went on in zeros.
            features = functional.avg_pool2d(features, 2)
            n_missing = change.shape[1] - features.shape[1]
            features = functional.pad(features, (0, 0, 0, 0, 0, n_missing))
            below, right = (features.shape[side] - change.shape[side] for side in (2, 3))
            change = functional.pad(change, (0, right, 0, below))
        return functional.relu(change.add_(features), inplace=True)


def _conv(layer: Convolution) -> nn.Conv2d:
    n_out, n_in, *kernel = layer.weights.shape
    conv = nn.Conv2d(n_in, n_out, (kernel[0], kernel[1]), layer.stride, layer.padding)
    conv.weight.data = torch.from_numpy(layer.weights)
    conv.bias = nn.Parameter(torch.from_numpy(layer.bias))
    return conv
