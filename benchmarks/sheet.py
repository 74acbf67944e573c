"""How large and how quick the contact sheet of a thousand frames is, in headless Chromium.

python -m benchmarks.sheet [--rounds 5]
"""

from __future__ import annotations

import argparse
import tempfile
from dataclasses import replace
from pathlib import Path

import ava
from ava.review.sheet import render, sheet_context
from ava.store.title_folder import proxy_name, thumb_name
from benchmarks.film import SAMPLE
from benchmarks.record import summary, write

FIRST_PICTURE = """new Promise(done => {
    const first = () => [...document.images].find(one => one.complete && one.naturalWidth > 0
        && one.getBoundingClientRect().top < innerHeight && one.getClientRects().length);
    const look = () => first() ? done(performance.now()) : requestAnimationFrame(look);
    look();
})"""
LONG_TASKS = """new Promise(done => {
    const found = [];
    new PerformanceObserver(l => l.getEntries().forEach(e => found.push(e.duration)))
        .observe({type: 'longtask'});
    let at = 0;
    const step = () => {
        scrollTo(0, at += 400);
        if (at < document.documentElement.scrollHeight && at < 30000) requestAnimationFrame(step);
        else setTimeout(() => done([Math.max(0, ...found), scrollY]), 300);
    };
    requestAnimationFrame(step);
})"""


def thousand(folder: Path, place: Path) -> Path:
    """The page of a title with a thousand frames, forty of them ranked; gives its file.

    Words, numbers and pictures are those of a real title, over and over.
    """
    context = sheet_context(folder)
    ids = [one.frame_id for one in context.frames]
    best = [one for one in context.frames if one.rank]
    rest = [one for one in context.frames if not one.rank]
    frames = []
    for at in range(1000):
        is_ranked = at % 25 == 0
        one = best[at // 25 % len(best)] if is_ranked else rest[at % len(rest)]
        frames.append(
            replace(
                one,
                frame_id=at,
                rank=at // 25 + 1 if is_ranked else None,
                seconds=at / 22,
                picture=proxy_name(at),
                thumb=thumb_name(at),
            )
        )
        for name_of in (proxy_name, thumb_name):
            picture = place / name_of(at)
            picture.parent.mkdir(parents=True, exist_ok=True)
            picture.symlink_to(folder / name_of(ids[at % len(ids)]))
    page = place / "index.html"
    page.write_text(render(replace(context, frames=tuple(frames))), "utf-8")
    return page


def main() -> None:
    from tests.browser import open_page

    parser = argparse.ArgumentParser()
    parser.add_argument("--rounds", type=int, default=5)
    words = parser.parse_args()
    with tempfile.TemporaryDirectory() as made:
        ranked = ava.rank(SAMPLE, Path(made) / "library")
        page_file = thousand(ranked.folder, Path(made) / "thousand")
        first, longest = [], []
        for _ in range(words.rounds):
            with open_page(page_file.as_uri() + "#section=all&size=s") as page:
                first.append(page.evaluate(FIRST_PICTURE))
                longest.append(page.evaluate(LONG_TASKS)[0])
        results = {
            "page and data, bytes": page_file.stat().st_size,
            "first picture, ms": summary(first),
            "longest task while scrolling, ms": summary(longest),
        }
    write("sheet", {"rounds": words.rounds, "frames": 1000}, results)


if __name__ == "__main__":
    main()
