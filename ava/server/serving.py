"""``ava review``: one process, until it is stopped."""

from __future__ import annotations

import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from ava.catalog.outcome import OF_STATE
from ava.core.errors import AvaError, ConfigError
from ava.server.desk import Desk
from ava.server.journal import Journal

JOURNAL = "review.sqlite"


@dataclass(frozen=True)
class Address:
    """Where the server listens, and how a reviewer comes in.

    Attributes
    ----------
    url : str
        To open in a browser; with the token where one is asked for.
    token : str
        Empty where only this machine reaches the server.
    """

    url: str
    token: str


def serve(
    library: Path,
    host: str,
    port: int,
    token: str | None,
    on_ready: Callable[[Address], None],
) -> None:
    """Serve a library until the process is told to stop.

    Parameters
    ----------
    library : pathlib.Path
        The folder of title folders.
    host : str
        Name or address to listen at.
    port : int
        0 for any that is free.
    token : str or None
        What reviewers must know. None: nothing where only this machine reaches the server, else
        one that is made up.
    on_ready : callable
        Told the address as soon as it answers.

    Raises
    ------
    ConfigError
        When the library is not there, the address cannot be had, the token is short, or the extra
        is not installed.
    StoreError
        When decisions cannot be kept there.
    """
    try:
        import uvicorn
        from starlette.applications import Starlette
        from starlette.middleware import Middleware
        from starlette.routing import Route
    except ModuleNotFoundError as error:
        raise ConfigError(
            "the server is not installed", "pip install 'ava-artwork[server]'"
        ) from error
    from ava.server.access import LOCAL_NAMES, MIN_TOKEN, Access, Guard, is_local
    from ava.server.pages import SIGN_IN, Pages, refused

    if not library.is_dir():
        raise ConfigError(f"there is no folder {library}", "name the folder of ranked titles")
    if token is not None and len(token) < MIN_TOKEN:
        raise ConfigError(f"the token has fewer than {MIN_TOKEN} characters", "use a longer one")
    if token is None:
        token = "" if is_local(host) else secrets.token_urlsafe(24)
    listening = _listen(host, port)
    journal = Journal(library / OF_STATE / JOURNAL)
    try:
        pages = Pages(library, Desk(journal), Access(journal.secret("access"), token))
        app = Starlette(
            routes=[
                Route(f"/{SIGN_IN}", pages.sign_in, methods=["GET", "POST"]),
                Route("/{path:path}", pages.answer, methods=["GET", "POST"]),
            ],
            exception_handlers={AvaError: refused},
            middleware=[Middleware(Guard, hosts=LOCAL_NAMES if is_local(host) else ())],
        )
        config = uvicorn.Config(
            app, log_level="warning", access_log=False, server_header=False, lifespan="off"
        )
        on_ready(Address(_url(host, listening.getsockname()[1], token), token))
        uvicorn.Server(config).run(sockets=[listening])
    finally:
        journal.close()
        listening.close()


def _listen(host: str, port: int) -> socket.socket:
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
        family, _, _, _, place = found[0]
        return socket.create_server(place[:2], family=family, backlog=128)
    except (OSError, OverflowError) as error:
        raise ConfigError(
            f"nothing can listen at {host}, port {port}: {error}",
            "choose another --port, or 0 for any that is free",
        ) from error


def _url(host: str, port: int, token: str) -> str:
    shown = {"0.0.0.0": socket.gethostname(), "::": socket.gethostname()}.get(host, host)
    shown = f"[{shown}]" if ":" in shown else shown
    return f"http://{shown}:{port}/" + (f"?token={quote(token)}" if token else "")
