"""What is asked for, and what is answered."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit

from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import (
    FileResponse,
    HTMLResponse,
    JSONResponse,
    PlainTextResponse,
    RedirectResponse,
    Response,
)

from ava.catalog.leases import Leases
from ava.core.errors import AvaError, ConfigError
from ava.review.library import library_context, render_library
from ava.review.pages import render_page
from ava.review.sheet import render, sheet_context
from ava.server.access import COOKIE, MAX_NAME, Access, name_from, policy_for, same
from ava.server.desk import Desk
from ava.store.decisions import SCHEMA, Decision, MovedCrop, decisions_of
from ava.store.title_folder import (
    CROPS,
    PORTRAITS,
    PROXIES,
    RANKING,
    SHEET,
    STILLS,
    THUMBS,
    is_title_folder,
)

MAX_BODY = 1_000_000  # bytes
LIVE, STATUS, SIGN_IN = "live", "status", "sign-in"
_PICTURES = {
    ".jpg": "image/jpeg",
    ".png": "image/png",
    ".webp": "image/webp",
    ".avif": "image/avif",
}
_OF_PICTURES = frozenset({STILLS, PROXIES, THUMBS, PORTRAITS, CROPS})
_YEAR_SECONDS = 365 * 24 * 3600


class Pages:
    """The pages of one library.

    Parameters
    ----------
    library : pathlib.Path
        The folder of title folders.
    desk : Desk
        Keeps what is decided.
    access : Access
        Knows who may come in.
    """

    def __init__(self, library: Path, desk: Desk, access: Access) -> None:
        self._library = library.resolve()
        self._desk = desk
        self._access = access

    async def answer(self, request: Request) -> Response:
        """Everything but signing in: addresses are those of the files of the library."""
        name = self._access.reviewer(request)
        path: str = request.path_params["path"]
        last = path.rpartition("/")[2]
        if name is None:
            if last in (LIVE, STATUS):
                return _told("Sign in again: reload the page.", 401)
            back = quote(request.url.path, safe="/")
            token = quote(request.query_params.get("token", ""))
            carried = f"&token={token}" if token else ""
            return RedirectResponse(f"/{SIGN_IN}?next={back}{carried}", 303)
        if request.method == "POST":
            if last != LIVE:
                raise HTTPException(405)
            return await self._take(request, name, self._title(path.rpartition("/")[0]))
        if path in ("", SHEET):
            return await run_in_threadpool(self._overview, name)
        if path == STATUS:
            return await run_in_threadpool(self._status)
        if last == LIVE:
            return await run_in_threadpool(
                self._given, self._title(path.rpartition("/")[0]), request.query_params
            )
        if last in ("", SHEET):
            folder = self._title(path.rpartition("/")[0])
            return await run_in_threadpool(self._sheet, folder, name)
        if is_title_folder(self._inside(path)):
            return RedirectResponse(f"/{quote(path)}/{SHEET}", 307)
        return self._picture(path)

    def _inside(self, path: str) -> Path:
        """The place inside the library; whatever would lead out of it, or is hidden, is not there."""
        parts = path.split("/")
        if not all(map(_is_plain, parts)):
            raise HTTPException(404)
        place = self._library.joinpath(*parts)
        if not place.resolve().is_relative_to(self._library):  # a link that leads out
            raise HTTPException(404)
        return place

    def _title(self, path: str) -> Path:
        folder = self._inside(path)
        if not (is_title_folder(folder) and (folder / RANKING).is_file()):
            raise HTTPException(404)
        return folder

    def _picture(self, path: str) -> Response:
        place = self._inside(path)
        kind = _PICTURES.get(place.suffix.lower())
        of_pictures = _OF_PICTURES & set(path.split("/")[1:-1])
        if kind is None or not of_pictures or not place.is_file():
            raise HTTPException(404)
        # The same path shows another picture after another ranking: it is asked for each time.
        return FileResponse(place, media_type=kind, headers={"cache-control": "private, no-cache"})

    def _overview(self, name: str) -> Response:
        context = library_context(self._library)
        running = tuple(Leases(self._library).held_by_others())
        return _page(render_library(replace(context, reviewer=name, live=STATUS, running=running)))

    def _status(self) -> Response:
        context = library_context(self._library)
        titles = {one.sheet: {"state": one.state, "decided": one.decided} for one in context.titles}
        running = Leases(self._library).held_by_others()
        return JSONResponse({"titles": titles, "running": running, "progress": context.progress})

    def _sheet(self, folder: Path, name: str) -> Response:
        self._desk.given(folder)
        token = self._access.page_token(name)
        return _page(render(replace(sheet_context(folder), live=LIVE, token=token, reviewer=name)))

    def _given(self, folder: Path, words: Any) -> Response:
        after = words.get("after", "0")
        if not (after.isascii() and after.isdigit() and len(after) < 18):
            return _told("after must be a revision", 422)
        found = self._desk.given(folder, int(after))
        return JSONResponse(
            {
                "decisions": [vars(one) for one in found.decisions],
                "crops": [vars(one) for one in found.crops],
                "revision": found.revision,
                "now": datetime.now(UTC).isoformat(timespec="milliseconds"),
            }
        )

    async def _take(self, request: Request, name: str, folder: Path) -> Response:
        if not same(request.headers.get("x-ava-token", ""), self._access.page_token(name)):
            return _told("This page is out of date: reload it.", 403)
        if request.headers.get("content-type", "").partition(";")[0] != "application/json":
            return _told("Decisions come as JSON.", 415)
        body = await _body(request)
        try:
            decisions, crops = _entries(body, name)
        except ConfigError as error:
            return _told(error.message, 422)
        try:
            revision = await run_in_threadpool(self._desk.take, folder, decisions, crops)
        except AvaError as error:
            return _told(error.message, 503)
        return JSONResponse({"revision": revision})

    async def sign_in(self, request: Request) -> Response:
        """Ask for a name, and for the token where there is one."""
        if request.method != "POST":
            words = {key: request.query_params.get(key, "") for key in ("next", "token")}
            return self._form("", words)
        said = parse_qs((await _body(request)).decode("utf-8", "replace"), max_num_fields=8)
        words = {key: said.get(key, [""])[0] for key in ("name", "next", "token")}
        name = name_from(words["name"])
        if not self._access.is_token(words["token"]):
            return self._form("This is not the token of this server.", words, 403)
        if name is None:
            return self._form(f"Write a name of up to {MAX_NAME} letters.", words, 422)
        answer = RedirectResponse(_here(words["next"]), 303)
        answer.set_cookie(
            COOKIE,
            self._access.cookie_for(name),
            max_age=_YEAR_SECONDS,
            httponly=True,
            samesite="lax",
            secure=request.url.scheme == "https",
        )
        return answer

    def _form(self, problem: str, words: dict[str, str], status: int = 200) -> Response:
        text = render_page(
            "sign_in.html.jinja",
            ("sheet.css", "library.css"),
            library=self._library.name,
            asks_token=bool(self._access.token),
            problem=problem,
            said={"name": "", **words},
        )
        return _page(text, status)


def _is_plain(part: str) -> bool:
    """Whether a part of a path names something, openly, and in a length that file systems know."""
    hidden = not part or part.startswith(".")
    return (
        not hidden and not {"\\", "\0"} & set(part) and len(part.encode("utf-8", "replace")) < 256
    )


def refused(_: Request, error: Exception) -> Response:
    """Our own errors, as a line; a title folder may be damaged, or just be written anew."""
    assert isinstance(error, AvaError)
    return PlainTextResponse(f"{error.message}. {error.hint or ''}".strip(), 503)


def _page(text: str, status: int = 200) -> Response:
    return HTMLResponse(text, status, {"content-security-policy": policy_for(text)})


def _told(problem: str, status: int) -> Response:
    return JSONResponse({"problem": problem}, status)


def _here(address: str) -> str:
    """The address, where it is one of ours."""
    parts = urlsplit(address.replace("\\", "/"))
    is_ours = not parts.scheme and not parts.netloc and parts.path.startswith("/")
    return quote(parts.path, safe="/%") if is_ours and not parts.path.startswith("//") else "/"


async def _body(request: Request) -> bytes:
    if int(request.headers.get("content-length", "0") or 0) > MAX_BODY:
        raise HTTPException(413)
    body = b""
    async for part in request.stream():
        body += part
        if len(body) > MAX_BODY:
            raise HTTPException(413)
    return body


def _entries(body: bytes, name: str) -> tuple[tuple[Decision, ...], tuple[MovedCrop, ...]]:
    """What a page sent, in the name of who is signed in."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise ConfigError("this is no JSON") from error
    if not isinstance(said, dict) or set(said) != {"decisions", "crops"}:
        raise ConfigError('send {"decisions": […], "crops": […]}')
    signed = {
        kind: [{**one, "by": name} if isinstance(one, dict) else one for one in rows]
        if isinstance(rows, list)
        else rows
        for kind, rows in said.items()
    }
    checked = decisions_of({"schema": SCHEMA, "title": "", "content_id": "-", **signed}, "sent")
    return checked.decisions, checked.crops
