"""What people like, learned from what they preferred: Bradley–Terry models over score columns.

The probability that a is preferred to b is the sigmoid of the difference of their strengths (Bradley
and Terry, "Rank analysis of incomplete block designs", Biometrika 39, 1952). The strength is a
weighted sum of the columns, or a small network over them (Burges et al., "Learning to rank using
gradient descent", ICML 2005). How strong the penalty on large weights is, and how long the network
learns, is what serves titles best that it has not seen. All on the CPU in float64: the same
decisions give the same taste.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import torch

from models.duels import (
    Attempt,
    Duels,
    Fold,
    HeldOut,
    Reals,
    Rows,
    best_attempt,
    gaps_of,
    right_share,
)

_PENALTIES = tuple(10.0 ** (-half / 2) for half in range(11))  # 1 to 0.00001, strong to weak
_SMALL = 0.01
_SAME = 0.0005
_LEAST_TRUST = 0.01  # of the mean: a column that came out at 0 may come back
_HIDDEN = 16
_NETWORK_PENALTIES = (3e-3, 3e-4)
_STEPS, _LOOK_EVERY = 300, 10


@dataclass(frozen=True)
class Layer:
    """A network of one hidden layer: ``tanh((2 * features - 1) @ into + bias) @ out``."""

    into: Reals
    bias: Reals
    out: Reals

    def __call__(self, features: Reals) -> Reals:
        """Strengths, shape (N,)."""
        strength: Reals = np.tanh((2 * features - 1) @ self.into + self.bias) @ self.out
        return strength


@dataclass(frozen=True)
class Preference:
    """What was learned.

    Attributes
    ----------
    weights : ndarray of float64, shape (C,), or None
        The strength of a frame is ``features @ weights``; None for a network.
    network : Layer or None
        What gives the strength instead.
    penalty : float
        Strength of the penalty on large weights that served best.
    held_out : HeldOut
        What the same way of learning says of pairs it has not seen.
    """

    weights: Reals | None
    network: Layer | None
    penalty: float
    held_out: HeldOut


@contextmanager
def _one_thread() -> Iterator[None]:
    """These tensors are small: several threads only wait for each other, and may add up otherwise."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def learn_weights(duels: Duels, folds: Sequence[Fold]) -> Preference:
    """The linear model, with the penalty that loses least on held-out pairs.

    All columns are first held back alike; then those that had come out small are held back more,
    which tells the few that matter from the many that do not (adaptive ridge: Frommlet and Nuel,
    "An adaptive ridge procedure for L0 regularization", PLoS ONE 11, 2016), where that loses less.
    Weights under a hundredth of their sum are dropped, so that a person can read the rest, where
    the share of held-out pairs in the right order stays the same to a tenth of a point.
    """
    n_columns = duels.features.shape[1]
    attempts, fits = _path(duels, folds, [np.ones(n_columns)] * len(folds))
    n_alike = len(attempts)
    alike, _ = best_attempt(duels, folds, attempts)
    more = _path(duels, folds, [_trust(one) for one in fits[alike]])
    attempts, fits = [*attempts, *more[0]], [*fits, *more[1]]
    best, held = best_attempt(duels, folds, attempts)
    pairs, trust = np.arange(len(duels.better)), np.ones(n_columns)
    if best >= n_alike:
        trust = _trust(fit_weights(duels, pairs, attempts[alike].penalty, trust))
    weights = fit_weights(duels, pairs, attempts[best].penalty, trust)
    sparse = _gaps(duels, folds, [_readable(one) for one in fits[best]])
    with_all, without = (
        right_share(duels, HeldOut(held.pairs, np.concatenate(gaps)))
        for gaps in (attempts[best].gaps, sparse)
    )
    if without >= with_all - _SAME:
        weights = _readable(weights)
    return Preference(weights, None, attempts[best].penalty, held)


def _path(
    duels: Duels, folds: Sequence[Fold], trusts: Sequence[Reals]
) -> tuple[list[Attempt], list[list[Reals]]]:
    """Fits for every fold, from strong to weak penalties, until weaker ones only lose more."""
    attempts: list[Attempt] = []
    fits: list[list[Reals]] = []
    starts: list[Reals | None] = [None] * len(folds)
    for penalty in _PENALTIES:
        found = [
            fit_weights(duels, train, penalty, trust, start)
            for (train, _), trust, start in zip(folds, trusts, starts, strict=True)
        ]
        fits.append(found)
        attempts.append(Attempt(penalty, 0, _gaps(duels, folds, found)))
        starts = list(found)
        if best_attempt(duels, folds, attempts)[0] < len(attempts) - 2:
            break
    return attempts, fits


def _trust(weights: Reals) -> Reals:
    """How little each column is to be held back, from what it got before; never quite nothing."""
    squares = weights**2
    trust: Reals = squares / max(float(squares.mean()), 1e-300) + _LEAST_TRUST
    return trust


def _gaps(duels: Duels, folds: Sequence[Fold], fits: Sequence[Reals]) -> tuple[Reals, ...]:
    return tuple(
        gaps_of(duels, test, duels.features @ weights)
        for (_, test), weights in zip(folds, fits, strict=True)
    )


@_one_thread()
def fit_weights(
    duels: Duels, pairs: Rows, penalty: float, trust: Reals, start: Reals | None = None
) -> Reals:
    """Weights that make the preferences in `pairs` likeliest, less the penalty; convex.

    Parameters
    ----------
    duels : Duels
        All frames.
    pairs : ndarray of int64
        Rows of the pairs to learn from.
    penalty : float
        Times the sum of squares of the weights, each over its trust, against the mean loss of a
        pair in nats.
    trust : ndarray of float64, shape (C,)
        How little each column is held back; over 0.
    start : ndarray of float64, shape (C,), or None
        Where to begin; it only saves time.
    """
    features, better, worse, counts = _tensors(duels, pairs)
    scale = torch.from_numpy(np.sqrt(trust))
    features = features * scale
    weights = torch.zeros_like(scale) if start is None else torch.from_numpy(start) / scale
    weights.requires_grad_()
    optimiser = torch.optim.LBFGS(
        [weights], max_iter=300, tolerance_grad=1e-7, tolerance_change=1e-11,
        history_size=30, line_search_fn="strong_wolfe",
    )  # fmt: skip

    def closure() -> torch.Tensor:
        optimiser.zero_grad()
        lost = _lost(features @ weights, better, worse, counts) + penalty * weights @ weights
        lost.backward()  # type: ignore[no-untyped-call]
        return lost

    optimiser.step(closure)  # type: ignore[no-untyped-call]
    found: Reals = (weights.detach() * scale).numpy()
    return found


def learn_network(duels: Duels, folds: Sequence[Fold], seed: int = 0) -> Preference:
    """The network, with the penalty and the number of steps that lose least on held-out pairs."""
    attempts: list[Attempt] = []
    for penalty in _NETWORK_PENALTIES:
        looks = [_looks(duels, fold, penalty, seed) for fold in folds]
        for place, gaps in enumerate(zip(*looks, strict=True), start=1):
            attempts.append(Attempt(penalty, place * _LOOK_EVERY, gaps))
    best, held = best_attempt(duels, folds, attempts)
    penalty, n_steps = attempts[best].penalty, attempts[best].n_steps
    layer = fit_network(duels, np.arange(len(duels.better)), penalty, n_steps, seed)
    return Preference(None, layer, penalty, held)


def _looks(duels: Duels, fold: Fold, penalty: float, seed: int) -> list[Reals]:
    """What a network says of the pairs held out while it learns, every ten steps."""
    train, test = fold
    found: list[Reals] = []

    def look(layer: Layer) -> None:
        found.append(gaps_of(duels, test, layer(duels.features)))

    fit_network(duels, train, penalty, _STEPS, seed, look)
    return found


@_one_thread()
def fit_network(
    duels: Duels,
    pairs: Rows,
    penalty: float,
    n_steps: int,
    seed: int,
    look: Callable[[Layer], None] | None = None,
) -> Layer:
    """Train the network on `pairs`; `look` is shown it after every ten steps."""
    features, better, worse, counts = _tensors(duels, pairs)
    features = 2 * features - 1
    random = torch.Generator().manual_seed(seed)
    shapes = ((features.shape[1], _HIDDEN), (_HIDDEN,), (_HIDDEN,))
    sizes = (features.shape[1] ** -0.5, 0.1, _HIDDEN**-0.5)
    into, bias, out = (
        torch.randn(shape, generator=random, dtype=torch.float64).mul_(size).requires_grad_()
        for shape, size in zip(shapes, sizes, strict=True)
    )
    optimiser = torch.optim.Adam([into, bias, out], lr=0.03)
    for step in range(1, n_steps + 1):
        optimiser.zero_grad()
        strength = torch.tanh(features @ into + bias) @ out
        large = into.square().sum() + out.square().sum()
        lost = _lost(strength, better, worse, counts) + penalty * large
        lost.backward()  # type: ignore[no-untyped-call]
        optimiser.step()
        if look is not None and step % _LOOK_EVERY == 0:
            look(_layer(into, bias, out))
    return _layer(into, bias, out)


def _layer(*arrays: torch.Tensor) -> Layer:
    return Layer(*(one.detach().numpy().copy() for one in arrays))


def _tensors(
    duels: Duels, pairs: Rows
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor, torch.Tensor]:
    """Features of the frames that the pairs are about, the pairs, and what each counts."""
    rows, place = np.unique(
        np.concatenate([duels.better[pairs], duels.worse[pairs]]), return_inverse=True
    )
    better, worse = place[: len(pairs)], place[len(pairs) :]
    return (
        torch.from_numpy(duels.features[rows]),
        torch.from_numpy(better),
        torch.from_numpy(worse),
        torch.from_numpy(duels.weights(pairs)),
    )


def _lost(
    strength: torch.Tensor, better: torch.Tensor, worse: torch.Tensor, counts: torch.Tensor
) -> torch.Tensor:
    gap = strength.index_select(0, better) - strength.index_select(0, worse)
    return counts @ torch.nn.functional.softplus(-gap)


def _readable(weights: Reals) -> Reals:
    """The weights without the small ones; as they are where all are small."""
    large = np.abs(weights) >= _SMALL * np.abs(weights).sum()
    return np.where(large, weights, 0.0) if large.any() else weights
