"""Who may come in, under which name, and what every answer says to the browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Collection
from dataclasses import dataclass
from ipaddress import ip_address
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

COOKIE = "ava_reviewer"
MAX_NAME = 60
MIN_TOKEN = 16  # characters
LOCAL_NAMES = ("127.0.0.1", "localhost", "::1")
_INLINE = re.compile(r"<(script|style)>(.*?)</\1>", re.DOTALL)
_HEADERS = {
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), microphone=(), geolocation=()",
}
_NOTHING = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"


def is_local(host: str) -> bool:
    """Whether only this machine reaches a server that listens there."""
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Access:
    """Names that are signed, so that nobody writes under another's; a token where it is not local.

    Attributes
    ----------
    secret : bytes
        What signatures are made with; stays in the library.
    token : str
        What a reviewer must know to come in; empty where only this machine reaches the server.
    """

    secret: bytes
    token: str

    def _mark(self, purpose: str, name: str) -> str:
        said = "\0".join((purpose, self.token, name)).encode("utf-8")
        return hmac.new(self.secret, said, hashlib.sha256).hexdigest()

    def cookie_for(self, name: str) -> str:
        """What the browser of that reviewer keeps; a new token makes it worthless."""
        plain = base64.urlsafe_b64encode(name.encode("utf-8")).decode("ascii")
        return f"{plain}.{self._mark('cookie', name)}"

    def page_token(self, name: str) -> str:
        """What pages of that reviewer show with what they send: other sites cannot know it."""
        return self._mark("page", name)

    def reviewer(self, request: HTTPConnection) -> str | None:
        """Who asks; None for somebody who has not signed in."""
        plain, _, mark = request.cookies.get(COOKIE, "").partition(".")
        try:
            name = base64.urlsafe_b64decode(plain.encode("ascii")).decode("utf-8")
        except ValueError:
            return None
        return name if name and same(mark, self._mark("cookie", name)) else None

    def is_token(self, said: str) -> bool:
        """Whether somebody knows the token, or needs none."""
        return not self.token or same(said, self.token)


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same, in a time that tells nothing about them."""
    return hmac.compare_digest(one.encode("utf-8"), other.encode("utf-8"))


def name_from(said: str) -> str | None:
    """A reviewer's name on one line without control characters; None where there is none."""
    name = " ".join(said.split())
    return name if name and len(name) <= MAX_NAME and name.isprintable() else None


def policy_for(page: str) -> str:
    """The content security policy of a page: its own scripts and styles by their hash, no others."""
    hashes: dict[str, list[str]] = {"script": [], "style": []}
    for kind, text in _INLINE.findall(page):
        digest = base64.b64encode(hashlib.sha256(text.encode("utf-8")).digest()).decode("ascii")
        hashes[kind].append(f"'sha256-{digest}'")
    rules = [f"{kind}-src {' '.join(found)}" for kind, found in hashes.items() if found]
    rules += ["img-src 'self' data: blob:", "connect-src 'self'", "form-action 'self'"]
    return "; ".join([_NOTHING, *rules])


class Guard:
    """Stands before everything else: hosts, methods and origins that are refused, and headers.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    hosts : collection of str
        The names under which the server may be asked, without a port: a page elsewhere whose name
        is made to lead here is refused. Empty: any, for a token is asked for.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str]) -> None:
        self._app = app
        self._hosts = frozenset(hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """See ASGI."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in _HEADERS.items():
                    headers.setdefault(name, value)
                headers.setdefault("content-security-policy", _NOTHING)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        refusal = self._refusal(scope)
        await (refusal or self._app)(scope, receive, with_headers)

    def _refusal(self, scope: Scope) -> PlainTextResponse | None:
        headers = Headers(scope=scope)
        host = headers.get("host", "")
        name = urlsplit(f"//{host}").hostname if "@" not in host else None
        if self._hosts and name not in self._hosts:
            return PlainTextResponse("This server is not asked under that name.", 421)
        if scope["method"] not in ("GET", "HEAD", "POST"):
            return PlainTextResponse("Method not allowed.", 405)
        if scope["method"] == "POST":
            origin = headers.get("origin")
            if origin is not None and urlsplit(origin).netloc != host:
                return PlainTextResponse("A page of another site may not send anything.", 403)
            if headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
                return PlainTextResponse("A page of another site may not send anything.", 403)
        return None
