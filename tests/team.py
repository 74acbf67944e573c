"""Reviewers of a served library, for tests."""

from __future__ import annotations

import http.client
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

from tests.test_pipeline import AVA

NOON = "2026-05-04T12:00:00.000Z"


@contextmanager
def serving(library: Path, *words: str) -> Iterator[tuple[subprocess.Popen[str], int, str]]:
    """A server of its own process, its port, and the address that it tells."""
    process = subprocess.Popen(
        [*AVA, "review", str(library), "--port", "0", *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        assert process.stderr is not None
        line = process.stdout.readline()
        assert line.startswith("Open http://"), process.stderr.read()
        url = line.split()[1]
        yield process, int(url.split("?")[0].rstrip("/").rpartition(":")[2]), url
    finally:
        process.kill()
        process.communicate()


@dataclass
class Client:
    """One who asks, with the path as it is, which browsers would tidy up."""

    port: int
    headers: dict[str, str] = field(default_factory=dict)

    def ask(
        self, method: str, path: str, body: bytes | None = None, **headers: str
    ) -> tuple[int, bytes, http.client.HTTPMessage]:
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        link.request(method, path, body, {**self.headers, **given})
        answer = link.getresponse()
        found = answer.status, answer.read(), answer.headers
        link.close()
        return found

    def sign_in(self, name: str, token: str = "") -> int:
        body = urlencode({"name": name, "token": token, "next": "/"}).encode()
        status, _, headers = self.ask(
            "POST", "/sign-in", body, Content_Type="application/x-www-form-urlencoded"
        )
        if status == 303:
            self.headers["Cookie"] = headers["set-cookie"].partition(";")[0]
        return status

    def open_title(self, path: str) -> None:
        """Take the token that the page carries."""
        status, page, _ = self.ask("GET", f"{path}/index.html")
        assert status == 200
        mark = b'name="ava-token" content="'
        self.headers["X-Ava-Token"] = page.partition(mark)[2].partition(b'"')[0].decode()

    def send(self, path: str, *decisions: dict[str, Any], **headers: str) -> tuple[int, Any]:
        body = json.dumps({"decisions": decisions, "crops": []}).encode()
        kind = {"Content_Type": "application/json", **headers}
        status, said, _ = self.ask("POST", f"{path}/live", body, **kind)
        return status, json.loads(said) if said.startswith(b"{") else said


def reviewer(port: int, name: str, path: str = "/one") -> Client:
    client = Client(port)
    assert client.sign_in(name) == 303
    client.open_title(path)
    return client


def entry(frame_id: int, verdict: str = "keep", note: str = "") -> dict[str, Any]:
    return {
        "frame_id": frame_id,
        "label": f"frame {frame_id}",
        "verdict": verdict,
        "stars": None,
        "note": note,
        "by": "whoever",
        "at": NOON,
    }
