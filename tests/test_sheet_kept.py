"""What a browser keeps of decisions: through leaving, reloading, and a second window."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Page

import ava
from ava.store.decisions import decisions_of
from tests.browser import exported, open_sheet, press


@pytest.fixture
def sheet(ranked_sample: ava.RankedTitle) -> Iterator[Page]:
    with open_sheet(ranked_sample.sheet) as page:
        yield page


def test_two_windows_and_a_late_name_lose_nothing(sheet: Page) -> None:
    press(sheet, "k")
    other = sheet.context.new_page()
    other.goto(sheet.url)
    other.locator(".grid .card").first.wait_for()
    other.evaluate("ava.view.set({section: 'all'})")
    press(other, "End", "x")
    press(sheet, "m")
    name = sheet.get_by_label("Reviewer")
    name.fill("Ann")
    name.press("Tab")
    for page in (sheet, other):
        page.reload()
        page.locator(".grid .card").first.wait_for()
        said = decisions_of(exported(page), "exported").decisions
        assert [one.verdict for one in sorted(said, key=lambda one: one.by)] == [
            "reject",
            "keep",
            "maybe",
        ]
        assert [one.by for one in sorted(said, key=lambda one: one.by)] == ["", "Ann", "Ann"]
        assert page.get_by_label("Reviewer").input_value() == "Ann"


def test_a_decision_in_the_moment_of_leaving_is_kept(sheet: Page) -> None:
    for many in range(1, 11):
        sheet.evaluate("ava.act.verdict('keep'); location.reload()")
        sheet.wait_for_function(
            f"globalThis.ava?.decisions?.document().decisions.length === {many}"
        )


def test_the_page_does_not_wait_for_what_was_kept(sheet: Page) -> None:
    press(sheet, "m")
    name = sheet.get_by_label("Reviewer")
    name.fill("Ann")
    name.press("Tab")
    sheet.evaluate("ava.view.set({decision: 'keep'})")
    sheet.add_init_script(
        "const open = IDBFactory.prototype.open, late = { good: null };"
        "IDBFactory.prototype.open = function (...given) {"
        "  const asked = open.apply(this, given);"
        "  Object.defineProperty(asked, 'onsuccess', { set(act) {"
        "    late.good = new Promise((go) => (globalThis.answer = go));"
        "    asked.addEventListener('success', () => late.good.then(act)); } });"
        "  return asked; };"
    )
    sheet.reload()
    sheet.get_by_text("No frame fits these filters.").wait_for()
    sheet.evaluate("ava.view.set({decision: ''})")
    sheet.locator(".grid .card").first.wait_for()
    press(sheet, "ArrowRight", "k")
    sheet.evaluate("answer()")
    sheet.locator(".counts", has_text="1 maybe").wait_for()
    assert sheet.get_by_label("Reviewer").input_value() == "Ann"
    said = decisions_of(exported(sheet), "exported").decisions
    assert [(one.verdict, one.by) for one in said] == [("maybe", "Ann"), ("keep", "Ann")]
    sheet.reload()
    sheet.evaluate("answer()")
    sheet.locator(".counts", has_text="1 kept").wait_for()


def test_a_browser_that_keeps_nothing_says_so(sheet: Page) -> None:
    sheet.add_init_script("IDBFactory.prototype.open = () => { throw new Error('not here'); };")
    sheet.reload()
    sheet.locator(".grid .card").first.wait_for()
    press(sheet, "k")
    sheet.get_by_text("This browser keeps nothing").wait_for()
    assert len(exported(sheet)["decisions"]) == 1
