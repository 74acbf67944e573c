"""Servers that tests start."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import skip


def postgres_server() -> Iterator[str]:
    """A server of its own, on a free port, which refuses to run as root."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    initdb = shutil.which("initdb") or (str(found[-1]) if found else "")
    if not initdb or not Path(initdb).exists():
        skip("no PostgreSQL server is installed")
    user = "nobody" if os.getuid() == 0 else None
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory(dir="/tmp") as root:
        folder = Path(root) / "data"
        if user is not None:
            shutil.chown(root, user)
        options = f"-p {port} -k {root} -c listen_addresses=127.0.0.1 -c fsync=off"
        control = [str(Path(initdb).with_name("pg_ctl")), "-D", str(folder), "-w", "-t", "60"]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "timeout": 90}
        subprocess.run(
            [initdb, "-D", str(folder), "-U", "ava", "-A", "trust"],
            user=user,
            cwd=root,
            check=True,
            **quiet,
        )  # type: ignore[call-overload]
        subprocess.run([*control, "-o", options, "start"], user=user, cwd=root, check=True, **quiet)  # type: ignore[call-overload]
        try:
            yield f"postgres://ava:secret@127.0.0.1:{port}/postgres"
        finally:
            subprocess.run([*control, "-m", "immediate", "stop"], user=user, cwd=root, **quiet)  # type: ignore[call-overload]
