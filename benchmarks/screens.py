"""Pictures of every page that a designer sees, wide and narrow, for ``docs/screens.md``.

python -m benchmarks.screens [--title build/demo/sample_film]
"""

from __future__ import annotations

import argparse
import io
import shutil
import tempfile
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page

from ava.review.library import write_library
from ava.review.pages import render_page
from benchmarks.film import ROOT

SIZES = ((1440, 900), (390, 844))
PLACE = ROOT / "docs" / "screens"
VIEWS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("best_set", "", ("k", "l", "k", "x", "4")),
    ("all_frames", "section=all&size=s", ()),
    ("characters", "section=characters", ()),
    ("scales", "section=scales", ()),
    ("title_space", "section=space", ()),
    ("watch_outs", "section=watch", ()),
    ("dropped", "section=dropped", ()),
    ("canvases", "section=canvases", ()),
    ("look_closer", "", ("Home", "Enter", "g", "f")),
    ("compare", "", ("Home", "p", "l", "p", "l", "p", "c")),
    ("help", "", ("?",)),
)


def save(page: Page, name: str, width_px: int) -> None:
    page.wait_for_timeout(700)  # pictures that are scrolled into view are loaded lazily
    picture = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    PLACE.mkdir(exist_ok=True)
    picture.save(PLACE / f"{name}_{width_px}.webp", quality=60, method=6)


def main() -> None:
    from tests.browser import open_page

    parser = argparse.ArgumentParser()
    parser.add_argument("--title", type=Path, default=ROOT / "build" / "demo" / "sample_film")
    title = parser.parse_args().title.resolve()
    with tempfile.TemporaryDirectory() as made:
        library = Path(made) / "Films"
        for name in ("one", "two", "three"):
            shutil.copytree(title, library / name)
        overview = write_library(library)
        sign_in = Path(made) / "sign_in.html"
        said = {"name": "", "token": "", "next": "/"}
        sign_in.write_text(
            render_page(
                "sign_in.html.jinja", ("sheet.css", "library.css"),
                library="Films", asks_token=True, problem="", said=said,
            ),
            "utf-8",
        )  # fmt: skip
        for width_px, height_px in SIZES:
            for name, place, keys in VIEWS:
                address = (title / "index.html").as_uri() + (f"#{place}" if place else "")
                with open_page(address, width_px, height_px) as page:
                    page.locator("#app").wait_for()
                    for key in keys:
                        page.keyboard.press(key)
                    save(page, name, width_px)
            for name, path in (("overview", overview), ("sign_in", sign_in)):
                with open_page(path.as_uri(), width_px, height_px) as page:
                    save(page, name, width_px)


if __name__ == "__main__":
    main()
