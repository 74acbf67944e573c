"""TransNetV2 as a torch module; imports torch, so import it when needed.

Souček & Lokoč, "TransNet V2: an effective deep network architecture for fast shot transition
detection" (2020, arXiv 2008.04838). Six cells of convolutions that are separable into space and
time, each at four dilations in time, look at 100 tiny frames; beside them stand the similarities
of each frame to the hundred around it, once by learned features, once by color histograms.
"""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

from ava.core.errors import WeightsError
from ava.core.progress import OnProgress, silent
from models.weights import require

WEIGHTS = "shot_boundaries_transnetv2"
WINDOW = 100
"""Frames that the network sees at once."""
MIDDLE = slice(25, 75)
"""Those of them that it judges: the others are there so that these have neighbours."""
HEIGHT_PX, WIDTH_PX = 27, 48

_DILATIONS = (1, 2, 4, 8)
_N_FILTERS = (16, 32, 64)
_REACH = 50  # frames before and after one that it is compared with
_N_SIMILARITIES = 128
_N_HIDDEN = 1024
_BINS_PER_COLOR = 8
_NORM_EPSILON = 1e-3  # that of the batch normalization it was trained with


class TransNetV2(nn.Module):
    """Maps windows of frames to logits; its parameters are named as in the published file."""

    def __init__(self) -> None:
        super().__init__()
        n_inputs = [3, *(len(_DILATIONS) * n for n in _N_FILTERS)]
        self.SDDCNN = nn.ModuleList(
            _Stack(n_in, n) for n_in, n in zip(n_inputs, _N_FILTERS, strict=False)
        )
        self.frame_sim_layer = _LearnedSimilarity(sum(n_inputs[1:]))
        self.color_hist_layer = _ColorSimilarity()
        n_places = (HEIGHT_PX // 8) * (WIDTH_PX // 8)
        self.fc1 = nn.Linear(2 * _N_SIMILARITIES + n_places * n_inputs[-1], _N_HIDDEN)
        self.cls_layer1, self.cls_layer2 = nn.Linear(_N_HIDDEN, 1), nn.Linear(_N_HIDDEN, 1)

    def forward(self, frames: Tensor) -> tuple[Tensor, Tensor]:
        """Logits that a frame ends a shot, and that it belongs to a transition.

        Parameters
        ----------
        frames : Tensor of uint8, shape (N, T, 27, 48, 3)
            Windows in RGB.

        Returns
        -------
        tuple of Tensor of float32, shape (N, T)
        """
        features = frames.float() / 255
        means = []
        for stack in self.SDDCNN:
            features = stack(features)
            means.append(features.mean(dim=(2, 3)))
        seen = [
            self.color_hist_layer(frames),
            self.frame_sim_layer(torch.cat(means, dim=2)),
            features.flatten(2),
        ]
        hidden = functional.relu(self.fc1(torch.cat(seen, dim=2)))
        return self.cls_layer1(hidden)[..., 0], self.cls_layer2(hidden)[..., 0]


class _Stack(nn.Module):
    """Two cells, a short cut past the second, then half the size: (N, T, H, W, C) in and out."""

    def __init__(self, n_in: int, n_filters: int) -> None:
        super().__init__()
        n_out = len(_DILATIONS) * n_filters
        self.DDCNN = nn.ModuleList([_Cell(n_in, n_filters), _Cell(n_out, n_filters)])

    def forward(self, features: Tensor) -> Tensor:
        first: Tensor = functional.relu(self.DDCNN[0](features))
        both = functional.relu(self.DDCNN[1](first)).add_(first)
        halved: Tensor = functional.avg_pool2d(both.flatten(0, 1).permute(0, 3, 1, 2), 2)
        last = halved.permute(0, 2, 3, 1)
        return last.reshape(*features.shape[:2], *last.shape[1:])


class _Cell(nn.Module):
    """Four separable convolutions beside each other, that look less and more far in time."""

    def __init__(self, n_in: int, n_filters: int) -> None:
        super().__init__()
        self.Conv3D_1, self.Conv3D_2, self.Conv3D_4, self.Conv3D_8 = (
            _Separable(n_in, n_filters, dilation) for dilation in _DILATIONS
        )
        self.bn = nn.BatchNorm2d(len(_DILATIONS) * n_filters, eps=_NORM_EPSILON)

    def forward(self, features: Tensor) -> Tensor:
        branches = (self.Conv3D_1, self.Conv3D_2, self.Conv3D_4, self.Conv3D_8)
        found: Tensor = self.bn(torch.cat([branch(features) for branch in branches], dim=1))
        last = found.permute(0, 2, 3, 1)
        return last.reshape(*features.shape[:4], -1)


class _Separable(nn.Module):
    """A 3 × 3 convolution in the picture, then one over three frames that lie `dilation` apart.

    Both run as two-dimensional ones, which CPUs do best: the second sees a picture of time by
    place. Channels come last in memory throughout, so that nothing is copied between the two.
    """

    def __init__(self, n_in: int, n_filters: int, dilation: int) -> None:
        super().__init__()
        in_space = nn.Conv3d(n_in, 2 * n_filters, (1, 3, 3), bias=False)
        in_time = nn.Conv3d(2 * n_filters, n_filters, (3, 1, 1), bias=False)
        self.layers = nn.ModuleList([in_space, in_time])
        self._dilation = dilation

    def forward(self, features: Tensor) -> Tensor:
        """(N, T, H, W, C) to (N, F, T, H·W)."""
        in_space, in_time = (cast("nn.Conv3d", layer).weight for layer in self.layers)
        pictures = features.flatten(0, 1).permute(0, 3, 1, 2)
        spread = functional.conv2d(pictures, in_space[:, :, 0], padding=1)
        n_windows, n_frames, height, width = features.shape[:4]
        by_place = spread.permute(0, 2, 3, 1).reshape(n_windows, n_frames, height * width, -1)
        return functional.conv2d(
            by_place.permute(0, 3, 1, 2),
            in_time[..., 0],
            padding=(self._dilation, 0),
            dilation=(self._dilation, 1),
        )


class _LearnedSimilarity(nn.Module):
    """How like each frame is to those around it, by features that were learned for it."""

    def __init__(self, n_in: int) -> None:
        super().__init__()
        self.projection = nn.Linear(n_in, _N_SIMILARITIES)
        self.fc = nn.Linear(2 * _REACH + 1, _N_SIMILARITIES)

    def forward(self, features: Tensor) -> Tensor:
        likeness = _likeness_around(functional.normalize(self.projection(features), dim=2))
        return functional.relu(self.fc(likeness))


class _ColorSimilarity(nn.Module):
    """The same by histograms of 8 × 8 × 8 colors."""

    def __init__(self) -> None:
        super().__init__()
        self.fc = nn.Linear(2 * _REACH + 1, _N_SIMILARITIES)

    def forward(self, frames: Tensor) -> Tensor:
        red, green, blue = (frames.flatten(2, 3).long() * _BINS_PER_COLOR // 256).unbind(dim=3)
        color = (red * _BINS_PER_COLOR + green) * _BINS_PER_COLOR + blue
        counts = torch.zeros(*frames.shape[:2], _BINS_PER_COLOR**3, device=frames.device)
        counts.scatter_add_(2, color, torch.ones_like(color, dtype=counts.dtype))
        return functional.relu(self.fc(_likeness_around(functional.normalize(counts, dim=2))))


def _likeness_around(vectors: Tensor) -> Tensor:
    """Products (N, T, 101) of each frame's vector with those around it; 0 beyond the window."""
    n_frames = vectors.shape[1]
    products = functional.pad(vectors @ vectors.transpose(1, 2), (_REACH, _REACH))
    around = torch.arange(2 * _REACH + 1, device=vectors.device)
    frames = torch.arange(n_frames, device=vectors.device)[:, None]
    return products[:, frames, frames + around]


class BoundaryNetwork:
    """Judges frames as the ends of shots.

    Attributes
    ----------
    device : str
        ``"cuda"`` where there is such a GPU, else ``"cpu"``.
    """

    def __init__(self, network: TransNetV2, device: str) -> None:
        self.device = device
        self._network = network.to(device).eval().requires_grad_(False)

    @property
    def is_quick(self) -> bool:
        """Whether it may as well judge every frame: on a GPU."""
        return self.device == "cuda"

    @classmethod
    def open(cls, on_progress: OnProgress = silent, may_download: bool = True) -> BoundaryNetwork:
        """Load the network, on a GPU where there is one.

        Raises
        ------
        WeightsError
            When the weights are missing and cannot be fetched.
        """
        path = require(WEIGHTS, on_progress, may_download)
        return cls(read_network(path), "cuda" if torch.cuda.is_available() else "cpu")

    def judge(self, windows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Judge the middle half of each window.

        Parameters
        ----------
        windows : ndarray of uint8, shape (N, 100, 27, 48, 3)
            Stretches of frames in RGB, each picture stretched to this size. Where a film begins or
            ends within one, its first or last frame goes on.

        Returns
        -------
        tuple of ndarray of float32, shape (N, 50)
            For frames 25 to 74 of each window, 0..1: the probability that a shot ends with this
            frame (of a gradual transition: in its middle), and that it is part of a transition.
        """
        if windows.shape[1:] != (WINDOW, HEIGHT_PX, WIDTH_PX, 3):
            raise ValueError(f"windows of shape (N, 100, 27, 48, 3) are needed: {windows.shape}")
        n_middle = MIDDLE.stop - MIDDLE.start
        ends, parts = (np.empty((len(windows), n_middle), np.float32) for _ in range(2))
        exact = torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False)
        with torch.inference_mode(), exact:
            for row, window in enumerate(windows):  # together they take more memory, not less time
                frames = torch.from_numpy(np.require(window[None], requirements=["C", "W"]))
                for found, logits in zip(
                    (ends, parts), self._network(frames.to(self.device)), strict=True
                ):
                    found[row] = torch.sigmoid(logits[0, MIDDLE]).cpu().numpy()
        return ends, parts


def read_network(path: Path) -> TransNetV2:
    """The network with its published parameters.

    Raises
    ------
    WeightsError
        When the file does not hold them.
    """
    network = TransNetV2()
    try:
        network.load_state_dict(torch.load(path, map_location="cpu", weights_only=True))
    except (RuntimeError, ValueError, EOFError, OSError, pickle.UnpicklingError) as error:
        raise WeightsError(
            f"{path} does not hold the parameters of TransNetV2",
            "remove it, and it is fetched again",
        ) from error
    return network
