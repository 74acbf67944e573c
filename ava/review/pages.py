"""Pages from templates. The only owner of Jinja."""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote

import jinja2
from markupsafe import Markup

_FOLDER = Path(__file__).parent


@cache
def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["path"] = quote
    environment.filters["data"] = _as_data
    return environment


def _as_data(value: Any) -> Markup:
    """JSON for a script element that nothing in it can end, nor open a comment."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    return Markup(text.replace("<", "\\u003c").replace("\u2028", "\\u2028"))


def static(name: str) -> str:
    """A style sheet or script of ours as text."""
    return (_FOLDER / "static" / name).read_text("utf-8")


def render_page(template: str, style_sheets: tuple[str, ...], **context: Any) -> str:
    """A page as text, with its style inside; everything in `context` is escaped by default."""
    css = "".join(static(name) for name in style_sheets)
    return _environment().get_template(template).render(css=css, **context)
