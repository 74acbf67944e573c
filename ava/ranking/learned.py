"""What a profile that was learned from decisions says of itself, and the network it may bring."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.scoring.contract import Column

_ORDERED_CODES = frozenset({"shot_scale"})  # from close to far
_HALF_TURN_DEGREES = 180


def can_be_weighed(column: Column) -> bool:
    """Whether more or less of a column can be liked.

    Not where the number is a code without an order, such as that of an expression, nor where it
    goes round in a circle, such as a hue.
    """
    is_code = column.unit == "code" and column.name not in _ORDERED_CODES
    is_circle = column.unit == "degrees" and column.high - column.low >= _HALF_TURN_DEGREES
    return column.size == 1 and not is_code and not is_circle


@dataclass(frozen=True)
class Network:
    """One hidden layer over percentiles, as numpy runs it.

    Attributes
    ----------
    columns : tuple of str
        What goes in: the percentile of each, 0..1, in the column's own better direction ("neither"
        as "more"); 0.5 where it does not apply.
    into : ndarray of float64, shape (C, H)
    bias : ndarray of float64, shape (H,)
    out : ndarray of float64, shape (H,)
        The strength of a frame is ``tanh((2 * percentile - 1) @ into + bias) @ out``: only
        differences between frames of one title mean something.
    """

    columns: tuple[str, ...]
    into: NDArray[np.float64]
    bias: NDArray[np.float64]
    out: NDArray[np.float64]

    def __post_init__(self) -> None:
        n_hidden = len(self.out)
        shapes = (self.into.shape, self.bias.shape, self.out.shape)
        if shapes != ((len(self.columns), n_hidden), (n_hidden,), (n_hidden,)):
            raise ConfigError(f"the arrays of the network do not fit together: {shapes}")
        if not all(np.isfinite(one).all() for one in (self.into, self.bias, self.out)):
            raise ConfigError("the network holds numbers that are not finite")

    def __call__(self, percentiles: NDArray[np.float64]) -> NDArray[np.float64]:
        """The strength of each frame, shape (K,), from percentiles of shape (K, C)."""
        hidden = np.tanh((2 * percentiles - 1) @ self.into + self.bias)
        strength: NDArray[np.float64] = hidden @ self.out
        return strength

    def to_bytes(self) -> bytes:
        """As a ``.npz`` file; the same network gives the same bytes."""
        arrays = {"columns": np.array(self.columns), "into": self.into}
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, array in {**arrays, "bias": self.bias, "out": self.out}.items():
                member = io.BytesIO()
                np.save(member, array, allow_pickle=False)
                entry = zipfile.ZipInfo(f"{name}.npy")  # dated 1980: no clock in the checksum
                archive.writestr(entry, member.getvalue())
        return packed.getvalue()

    @classmethod
    def read(cls, path: Path, sha256: str) -> Network:
        """The network in a file, when it is the file that was meant.

        Raises
        ------
        ConfigError
            When it is missing, another file, or damaged.
        """
        try:
            data = path.read_bytes()
        except OSError as error:
            raise ConfigError(
                f"the network of this taste cannot be read: {path}: {error.strerror}",
                "keep the .npz file beside the .toml file",
            ) from error
        if hashlib.sha256(data).hexdigest() != sha256:
            raise ConfigError(
                f"{path} is not the network that this taste was written with",
                "keep the two files of one ava learn together",
            )
        with np.load(io.BytesIO(data), allow_pickle=False) as arrays:
            names = tuple(str(name) for name in arrays["columns"])
            return cls(names, arrays["into"], arrays["bias"], arrays["out"])


@dataclass(frozen=True)
class Learned:
    """How a taste was learned, and how far it is to be trusted.

    Attributes
    ----------
    n_decisions, n_titles, n_pairs : int
        What it was learned from.
    reviewers : tuple of str
        Who decided.
    accuracy : float
        Share of held-out pairs that it puts in the right order, every title counting the same.
    profile : str
        The weights it was compared with.
    profile_accuracy : float
        Their share of the same pairs.
    gain, gain_low, gain_high : float
        The difference, with a 95 % interval.
    calibration : float
        Mean distance between the probability stated for held-out pairs and the share that comes
        true.
    temperature : float
        The probability that a frame is preferred to another is the sigmoid of the difference of
        their utility (with a network: of their strength) over this.
    l2 : float
        Strength of the penalty on large weights.
    better : bool
        Whether it orders held-out pairs better than the profile: `gain_low` over 0.
    held_out : str
        What was held out in turn: "titles" or "shots".
    software : str
        Who wrote it.
    scorers : mapping of str to str
        By column, the id of the scorer whose numbers it was learned on.
    network, network_sha256 : str
        File name beside this one, and its checksum; empty without a network.
    """

    n_decisions: int
    n_titles: int
    n_pairs: int
    reviewers: tuple[str, ...]
    accuracy: float
    profile: str
    profile_accuracy: float
    gain: float
    gain_low: float
    gain_high: float
    calibration: float
    temperature: float
    l2: float
    better: bool
    held_out: str
    software: str
    scorers: Mapping[str, str] = field(default_factory=dict)
    network: str = ""
    network_sha256: str = ""

    def __post_init__(self) -> None:
        if not self.temperature > 0:
            raise ConfigError(f"temperature must be over 0, not {self.temperature}")
        if self.better != (self.gain_low > 0):
            raise ConfigError("better does not agree with gain_low: the file was changed by hand")
        if self.network and Path(self.network).name != self.network:
            raise ConfigError(f"the network must lie beside the file, not at {self.network!r}")

    @classmethod
    def from_toml(cls, facts: Any, where: str) -> Learned:
        """From the table ``[learned]``.

        Raises
        ------
        ConfigError
            When a key is missing, unknown or of another kind, naming it.
        """
        kinds: dict[str, tuple[type, ...]] = {
            "int": (int,), "float": (int, float), "str": (str,), "bool": (bool,),
            "tuple[str, ...]": (list,), "Mapping[str, str]": (dict,),
        }  # fmt: skip
        known = {one.name: kinds[str(one.type)] for one in fields(cls)}
        optional = {"scorers", "network", "network_sha256"}
        if not isinstance(facts, dict):
            raise ConfigError(f"{where}: learned is a table")
        wrong = [f"unknown key {name!r}" for name in facts if name not in known]
        wrong += [f"no key {name!r}" for name in known if name not in {*facts, *optional}]
        wrong += [
            f"{name!r} cannot be {value!r}"
            for name, value in facts.items()
            if name in known and type(value) not in known[name]
        ]
        if wrong:
            raise ConfigError(f"{where}: table [learned] has {wrong[0]}", "run ava learn again")
        try:
            return cls(**{**facts, "reviewers": tuple(map(str, facts["reviewers"]))})
        except ConfigError as error:
            raise ConfigError(f"{where}: {error.message}", "run ava learn again") from error
