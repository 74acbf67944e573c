"""A headless Chromium for tests of pages."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

from tests.conftest import skip

PATIENCE_MS = 8_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_page(
    url: str,
    width_px: int = 1440,
    height_px: int = 900,
    color_scheme: str = "light",
    may_ask: str | None = None,
) -> Iterator[Page]:
    """A page; what the console or the network complains of is an assertion at the end.

    So is any address that it asks for, but for files and those that begin with `may_ask`, whose
    failures the test looks at itself.
    """
    own = ("file:", "data:", "blob:", *([] if may_ask is None else [may_ask]))
    path = shutil.which("chromium") or shutil.which("google-chrome")
    if path is None:
        skip("no Chromium is installed (Debian: apt-get install chromium)")
    complaints: list[str] = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(_FLAGS))
        viewport = {"width": width_px, "height": height_px}
        context = browser.new_context(viewport=viewport, color_scheme=color_scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.on(
            "console",
            lambda one: (
                complaints.append(one.text)
                if one.type == "error"
                and not (may_ask is not None and one.text.startswith("Failed to load resource"))
                else None
            ),
        )
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "requestfailed",
            lambda one: (  # a picture that is scrolled past is not waited for
                None
                if one.failure == "net::ERR_ABORTED" or may_ask is not None
                else complaints.append(one.url)
            ),
        )
        page.on(
            "request",
            lambda one: None if one.url.startswith(own) else complaints.append(one.url),
        )
        page.goto(url)
        yield page
        browser.close()
    assert not complaints, complaints


def show_pictures(page: Page) -> None:
    """Have lazy pictures loaded and decoded, as for a screenshot of the whole page."""
    page.evaluate(
        "Promise.all([...document.images].map(i => { i.loading = 'eager'; return i.decode(); }))"
    )


@contextmanager
def open_sheet(page_file: Path) -> Iterator[Page]:
    """A contact sheet opened from its folder, when its frames are there."""
    with open_page(page_file.as_uri()) as page:
        page.set_default_timeout(PATIENCE_MS)
        page.locator(".grid .card").first.wait_for()
        yield page


def exported(page: Page) -> dict[str, Any]:
    """What the button for exporting gives."""
    with page.expect_download(timeout=PATIENCE_MS) as waiting:
        page.get_by_role("button", name="Export decisions", exact=True).click()
    found: dict[str, Any] = json.loads(Path(waiting.value.path()).read_text("utf-8"))
    return found


def press(page: Page, *keys: str) -> None:
    for key in keys:
        page.keyboard.press(key)
