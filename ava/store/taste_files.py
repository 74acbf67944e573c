"""A learned taste on disk: a profile with a table ``[learned]``, and maybe its network beside it."""

from __future__ import annotations

import hashlib
import json
import tomllib
from collections.abc import Mapping
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from ava.core.errors import ConfigError
from ava.ranking.profiles import Profile
from ava.store.atomic import store_errors, write_atomic

_HEAD = """\
# Written by ava learn. A weight below 0 turns a column's better direction round; of a column that
# has none, above 0 means more of it. ava rank refuses this file unless `better` is true.
"""


def require_room(path: Path) -> None:
    """Refuse to write over a file that is not a learned taste.

    Raises
    ------
    ConfigError
        When there is such a file.
    """
    if not path.exists():
        return
    try:
        is_taste = "learned" in tomllib.loads(path.read_text("utf-8"))
    except (OSError, ValueError):
        is_taste = False
    if not is_taste:
        raise ConfigError(
            f"{path} is there and was not learned: it is left as it is", "name another file with -o"
        )


def write_taste(path: Path, profile: Profile) -> None:
    """Write a learned profile, its network first.

    Parameters
    ----------
    path : pathlib.Path
        The TOML file; the network goes beside it, under the same name with ``.npz``.
    profile : Profile
        One with `learned`.

    Raises
    ------
    StoreError
        When the place cannot be written.
    """
    learned = profile.learned
    assert learned is not None
    with store_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    if profile.network is not None:
        data, beside = profile.network.to_bytes(), path.with_suffix(".npz")
        write_atomic(beside, data)
        learned = replace(
            learned, network=beside.name, network_sha256=hashlib.sha256(data).hexdigest()
        )
    watch_outs = {
        name: f"{{ from = {one.starts!r}, lowers = {one.lowers!r} }}"
        for name, one in profile.watch_outs.items()
    }
    facts = asdict(learned)
    scorers = facts.pop("scorers")
    text = _HEAD + _lines({"name": profile.name, "about": profile.about})
    text += "\n[weights]\n" + _lines(profile.weights)
    text += "\n[watch_outs]\n" + "".join(f"{name} = {one}\n" for name, one in watch_outs.items())
    text += "\n[learned]\n" + _lines({name: one for name, one in facts.items() if one != ""})
    text += "\n[learned.scorers]\n" + _lines(scorers)
    write_atomic(path, text.encode())


def _lines(facts: Mapping[str, Any]) -> str:
    return "".join(f"{name} = {_value(value)}\n" for name, value in facts.items())


def _value(value: Any) -> str:
    """A value as TOML has it; JSON writes text, lists, numbers and truth in the same way."""
    return json.dumps(value, ensure_ascii=False, allow_nan=False).replace("\x7f", "\\u007f")
