"""Stores and servers of our own, on this machine: an S3 that moto plays, and a web server with ranges."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

BUCKET = "films"
_START_MOTO = """
import sys, time
from pathlib import Path
from moto.moto_server.werkzeug_app import DomainDispatcherApplication
from moto.server import ThreadedMotoServer
answer = DomainDispatcherApplication.__call__
def slowly(self, environ, start):
    slow = Path(sys.argv[1])
    if environ["REQUEST_METHOD"] == "PUT" and slow.exists():
        time.sleep(float(slow.read_text()))
    return answer(self, environ, start)
DomainDispatcherApplication.__call__ = slowly
server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
server.start()
print(server.get_host_and_port()[1], flush=True)
sys.stdin.read()
"""


@contextmanager
def moto_s3(slow: Path) -> Iterator[dict[str, str]]:
    """An S3 server in a process of its own with one bucket; gives the variables that lead to it.

    Once there is a file `slow`, it waits so many seconds before it takes an object.
    """
    with subprocess.Popen(
        [sys.executable, "-c", _START_MOTO, str(slow)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            port = int(process.stdout.readline())
            variables = {
                "AWS_ENDPOINT_URL": f"http://127.0.0.1:{port}",
                "AWS_ACCESS_KEY_ID": "testing",
                "AWS_SECRET_ACCESS_KEY": "testing",
                "AWS_DEFAULT_REGION": "us-east-1",
            }
            client_of(variables).create_bucket(Bucket=BUCKET)
            yield variables
        finally:
            process.kill()


def client_of(variables: dict[str, str]) -> Any:
    """A client that is not the one under test."""
    import boto3

    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id="testing",
        aws_secret_access_key="testing",
        region_name="us-east-1",
    )


def objects(variables: dict[str, str], prefix: str = "") -> dict[str, bytes]:
    """All objects below a prefix, with what is in them."""
    client = client_of(variables)
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=BUCKET, Prefix=prefix)
    keys = [one["Key"] for page in pages for one in page.get("Contents", [])]
    return {key: client.get_object(Bucket=BUCKET, Key=key)["Body"].read() for key in keys}


class RangeServer:
    """Serves the files of a folder.

    Attributes
    ----------
    n_bytes : int
        How much of them was sent.
    gives_ranges : bool
        Whether parts are given.
    fails_after_bytes : int or None
        After so much it answers 503.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.n_bytes = folder, 0
        self.gives_ranges = True
        self.fails_after_bytes: int | None = None
        self.status = 0  # answers all with it

        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_HEAD(self) -> None:
                self._answer(with_body=False)

            def do_GET(self) -> None:
                self._answer(with_body=True)

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

            def _answer(self, with_body: bool) -> None:
                path = outer.folder / self.path.lstrip("/").partition("?")[0]
                spent = outer.fails_after_bytes
                if (
                    outer.status
                    or not path.is_file()
                    or (spent is not None and outer.n_bytes > spent)
                ):
                    failed = outer.status or (503 if path.is_file() else 404)
                    self.send_response(failed)
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
                size = path.stat().st_size
                first, last = 0, size - 1
                asked = re.fullmatch(r"bytes=(\d+)-(\d+)", self.headers.get("Range", ""))
                if asked and outer.gives_ranges:
                    first, last = int(asked[1]), min(int(asked[2]), size - 1)
                    self.send_response(206)
                    self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
                else:
                    self.send_response(200)
                self.send_header("Content-Length", str(last - first + 1))
                self.send_header("Last-Modified", self.date_time_string(path.stat().st_mtime))
                self.end_headers()
                if with_body:
                    with path.open("rb") as file:
                        file.seek(first)
                        data = file.read(last - first + 1)
                    outer.n_bytes += len(data)
                    with suppress(ConnectionError):  # it has heard enough
                        self.wfile.write(data)

        class Quiet(ThreadingHTTPServer):
            def handle_error(self, *_: Any) -> None:
                """A client that hangs up is none."""

        self._server = Quiet(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.address = f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> RangeServer:
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: Any) -> None:
        self._server.shutdown()
        self._server.server_close()


def padded(film: Path, target: Path, n_bytes: int) -> Path:
    """A copy of an MP4 that is long: a box of nothing follows, which no reader needs."""
    data = film.read_bytes()
    with target.open("wb") as file:
        file.write(data)
        file.write((n_bytes - len(data)).to_bytes(4, "big") + b"free")
        file.truncate(n_bytes)  # a hole, which costs no disk
    return target


def with_variables(variables: dict[str, str], folder: Path, **more: str) -> dict[str, str]:
    """An environment with a block cache of its own, that leads to a store."""
    return {**os.environ, **variables, "AVA_REMOTE_CACHE_DIR": str(folder / "blocks"), **more}


def forget_stores() -> None:
    """Let this process look anew for credentials and endpoints."""
    import s3fs

    s3fs.S3FileSystem.clear_instance_cache()
