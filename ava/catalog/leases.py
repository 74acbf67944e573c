"""Leases: two runs on one library never work on the same title at the same time."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ava.catalog.outcome import OF_STATE
from ava.store.atomic import store_errors, write_atomic

LEASE_SECONDS = 120.0
"""A lease that was not renewed for so long is free."""
RENEW_SECONDS = 20.0


class Leases:
    """Those of one run on one library.

    Every step is taken under a lock on one file, which the system frees when its holder dies, so
    that of two runs that find the same dead lease one gets it. A lease of a process of this
    machine that is gone is free at once; that of another machine when it was not renewed in time,
    for which the clocks must agree to some seconds.

    Parameters
    ----------
    library : pathlib.Path
        The folder of title folders; made where it is not there.
    lease_seconds : float
        How long a lease holds without being renewed.

    Raises
    ------
    StoreError
        When the library cannot be written.
    """

    def __init__(self, library: Path, lease_seconds: float = LEASE_SECONDS) -> None:
        self._folder = library / OF_STATE / "leases"
        self._seconds = lease_seconds
        self._owner = owner_of_this_run()
        self._held: set[str] = set()
        self._renewed = time.monotonic()
        with store_errors(library):
            self._folder.mkdir(parents=True, exist_ok=True)

    @contextmanager
    def _locked(self) -> Iterator[None]:
        with store_errors(self._folder), (self._folder / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.json"

    def take(self, name: str) -> bool:
        """Take the lease of a title; False where another run has it."""
        with self._locked():
            holder = self._read(name)
            if holder is not None and holder["run"] != self._owner["run"] and is_held(holder):
                return False
            self._write(name)
        self._held.add(name)
        return True

    def give_back(self, name: str) -> None:
        """Give back the lease of a title, if it is still ours."""
        self._held.discard(name)
        with self._locked():
            holder = self._read(name)
            if holder is not None and holder["run"] == self._owner["run"]:
                self._path(name).unlink(missing_ok=True)

    def give_all_back(self) -> None:
        """Give back all that are held."""
        for name in sorted(self._held):
            self.give_back(name)

    def renew(self) -> None:
        """Renew all that are held, when it is time; to be called often."""
        if time.monotonic() - self._renewed < min(RENEW_SECONDS, self._seconds / 3):
            return
        self._renewed = time.monotonic()
        with self._locked():
            for name in sorted(self._held):
                self._write(name)

    def held_by_others(self) -> list[str]:
        """Titles that another run is at."""
        names = []
        for path in sorted(self._folder.glob("*.json")):
            holder = self._read(path.stem)
            if holder is not None and holder["run"] != self._owner["run"] and is_held(holder):
                names.append(path.stem)
        return names

    def clear_dead(self) -> list[str]:
        """Remove the leases that nobody holds any more; gives their titles."""
        with self._locked():
            names = []
            for path in sorted(self._folder.glob("*.json")):
                holder = self._read(path.stem)
                if holder is None or not is_held(holder):
                    path.unlink(missing_ok=True)
                    names.append(path.stem)
        return names

    def _read(self, name: str) -> dict[str, Any] | None:
        try:
            return holder_of(self._path(name).read_bytes())
        except OSError:
            return None

    def _write(self, name: str) -> None:
        write_atomic(self._path(name), lease_of(self._owner, self._seconds))


def owner_of_this_run() -> dict[str, Any]:
    """What tells this run apart from all others."""
    return {
        "host": socket.gethostname(),
        "pid": os.getpid(),
        "began": began(os.getpid()),
        "run": secrets.token_hex(8),
    }


def lease_of(owner: dict[str, Any], seconds: float = LEASE_SECONDS) -> bytes:
    """A lease that holds from now on."""
    return json.dumps({**owner, "expires": time.time() + seconds}).encode("utf-8")


def holder_of(lease: bytes | None) -> dict[str, Any] | None:
    """Who wrote a lease; None where it is none."""
    try:
        facts: dict[str, Any] = json.loads(lease or b"")
        return {key: facts[key] for key in ("host", "pid", "began", "run", "expires")}
    except (ValueError, KeyError, TypeError):
        return None


def is_held(holder: dict[str, Any]) -> bool:
    """Whether a lease still holds."""
    if holder["host"] == socket.gethostname():
        now = began(holder["pid"])
        if now is None or now != holder["began"]:
            return False  # that process is gone; its number may be another's
    return bool(holder["expires"] > time.time())


def began(pid: int) -> str | None:
    """When a process of this machine began, as the system counts it; None where there is none.

    Where the system does not tell, whether it is there is all that is known.
    """
    try:
        stat = Path(f"/proc/{pid}/stat").read_text("utf-8")
        fields = stat.rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields[19]
    except FileNotFoundError:
        if Path("/proc/self/stat").exists():
            return None
    except OSError:
        pass
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return None
    except PermissionError:
        pass
    return "there"
