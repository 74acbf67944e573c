"""The contact sheet: what it shows, that it escapes, and how it behaves in a real browser."""

from __future__ import annotations

import dataclasses
import shutil
from collections import Counter
from pathlib import Path

import pytest

import ava
from ava.review.context import SheetContext
from ava.review.sheet import render, sheet_context
from ava.scoring.contract import FAMILIES
from ava.store.title_folder import read_ranking
from tests.browser import open_page, show_pictures
from tests.conftest import SAMPLE

NASTY = "<script>alert('x')</script> \"quoted\" & 🎬 {{ 7 * 7 }}"


@pytest.fixture(scope="module")
def context(ranked_sample: ava.RankedTitle) -> SheetContext:
    return sheet_context(ranked_sample.folder)


def test_the_context_says_what_was_done(
    context: SheetContext, ranked_sample: ava.RankedTitle
) -> None:
    facts = dict(context.facts)
    assert facts["Source"] == "sample_film.mp4"
    assert facts["Length"].startswith("00:00:46, 24 frames/s")
    assert "1,113 frames" in facts["Looked at"]
    assert [card.rank for card in context.cards] == list(range(1, 11))
    for card, candidate in zip(context.cards, ranked_sample.candidates, strict=True):
        assert card.reasons == candidate.reasons
        counted = sum(part.points for part in card.parts)
        assert counted == pytest.approx(100 * candidate.utility, abs=1.0)
        assert len(card.values) == len(context.columns) > 60
        assert {column.family for column in context.columns} == set(FAMILIES)
        assert (ranked_sample.folder / card.still).is_file()
        assert (ranked_sample.folder / card.picture).is_file()
        assert (ranked_sample.folder / card.thumb).is_file()
    considered = read_ranking(ranked_sample.folder)
    assert len(context.frames) == considered.n_considered
    dropped = Counter(frame.gate for frame in context.frames if frame.gate)
    assert dropped == {one.gate: one.count for one in considered.dropped}
    assert sum(shot.width for shot in context.shots) == pytest.approx(100, abs=0.1)
    assert {group.gate for group in context.dropped} >= {"black", "repeat"}


def test_everything_is_escaped(context: SheetContext) -> None:
    frame = dataclasses.replace(context.cards[0], label=NASTY, alt=NASTY, reasons=(NASTY,))
    page = render(
        dataclasses.replace(
            context, title=NASTY, notes=(NASTY,), warnings=(NASTY,), frames=(frame,)
        )
    )
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page
    assert "{{ 7 * 7 }}" in page
    assert page.count("<script") == 2
    assert page.count("</script") == 2
    assert "style=" not in page.split("<body>")[1].split("<script")[0]


def test_links_are_relative_and_nothing_comes_from_the_network(
    ranked_sample: ava.RankedTitle,
) -> None:
    page = ranked_sample.sheet.read_text("utf-8")
    assert "http" not in page.replace("http-equiv", "")
    assert str(ranked_sample.folder) not in page


def test_the_sheet_in_a_browser(ranked_sample: ava.RankedTitle) -> None:
    with open_page(ranked_sample.sheet.as_uri()) as page:
        show_pictures(page)
        broken = page.evaluate("[...document.images].filter(i => !i.naturalWidth).length")
        assert broken == 0
        assert page.locator(".grid .card").count() == 10
        page.locator(".picks button", has_text="10").click()
        assert page.locator(".card[aria-current]").inner_text().startswith("10")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_sheet_fits_a_phone(ranked_sample: ava.RankedTitle, scheme: str) -> None:
    with open_page(ranked_sample.sheet.as_uri(), 390, 844, scheme) as page:
        show_pictures(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_strange_file_names_survive(tmp_path: Path) -> None:
    film = tmp_path / "Ça va? 100% <b>#1 🎬.mp4"
    shutil.copy(SAMPLE, film)
    ranked = ava.rank(film, tmp_path / "out here", top=2)
    with open_page(ranked.sheet.as_uri()) as page:
        show_pictures(page)
        assert page.locator("h1").inner_text() == film.stem
        href = page.locator(".plain a").first.get_attribute("href")
        assert href is not None
        assert page.evaluate("u => new URL(u, location.href).href", href).startswith("file:")
        assert page.evaluate("[...document.images].filter(i => !i.naturalWidth).length") == 0
