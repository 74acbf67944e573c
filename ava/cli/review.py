"""``ava review``."""

from __future__ import annotations

from pathlib import Path

import typer


def review(
    library: Path = typer.Argument(..., metavar="LIBRARY", help="The folder of ranked titles."),
    host: str = typer.Option(
        "127.0.0.1", "--host", help="Where to listen; others than this machine need a token."
    ),
    port: int = typer.Option(8765, "--port", min=0, max=65535, help="0 takes any that is free."),
    token: str | None = typer.Option(
        None,
        "--token",
        envvar="AVA_REVIEW_TOKEN",
        help="What reviewers must know; made up where needed.",
    ),
) -> None:
    """Serve the contact sheets to a team; what they decide is kept at once, and in decisions.json."""
    from ava.server.serving import Address, serve

    def tell(address: Address) -> None:
        typer.echo(f"Open {address.url}")
        if not address.token:
            typer.echo("Only this machine reaches it.")
        typer.echo("Ctrl-C stops; nothing is lost by it.")

    serve(library, host, port, token, tell)
