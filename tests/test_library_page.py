"""The page over all titles of a library."""

from __future__ import annotations

import shutil
from pathlib import Path

import ava
from ava.store.decisions import Decision, Decisions, write_decisions
from ava.store.title_folder import read_json
from tests.browser import open_page, show_pictures
from tests.test_pipeline import run


def test_every_title_is_there_with_its_state(
    ranked_sample: ava.RankedTitle, tmp_path: Path
) -> None:
    library = tmp_path / "Films & more"
    names = ("sample", 'a "quoted" <b>one', "undecided")
    for name in names:
        shutil.copytree(ranked_sample.folder, library / name)
        title = library / name / "title.json"
        title.write_text(title.read_text("utf-8").replace('"sample_film"', f'"{name[:1]} film"', 1))
    facts = read_json(library / "sample" / "title.json")
    said = [
        Decision(one.frame_id, one.label, "keep", None, "", "ann", "2026-05-04T09:30:00Z")
        for one in ranked_sample.candidates
    ]
    content_id = facts["source"]["content_id"]
    write_decisions(library / "sample/decisions.json", Decisions("s", content_id, tuple(said)))
    half = Decisions("a", content_id, tuple(said[:2]))
    write_decisions(library / names[1] / "decisions.json", half)
    (library / "empty").mkdir()
    done = run("sheet", str(library))
    assert done.returncode == 0, done.stderr
    with open_page((library / "index.html").as_uri()) as page:
        assert page.locator(".title").count() == 3
        assert page.locator(".state").all_inner_texts() == ["in work", "done", "undecided"]
        assert "10 kept by ann" in page.locator(".title").nth(1).inner_text()
        page.get_by_label("State").select_option("in work")
        assert page.locator(".title:visible").count() == 1
        assert page.locator("#count").inner_text() == "1 of 3 titles"
        page.get_by_label("State").select_option("")
        page.get_by_label("Search").fill("U FILM")
        assert page.locator(".title:visible").count() == 1
        show_pictures(page)
        assert page.locator(".title:visible img").first.evaluate("one => one.naturalWidth") > 0
        page.locator(".title:visible a").click()
        page.wait_for_url("**/undecided/index.html")


def test_a_folder_without_titles_is_one_line(tmp_path: Path) -> None:
    done = run("sheet", str(tmp_path))
    assert done.returncode == 2
    assert "holds no ranked titles" in done.stderr
    assert run("sheet", str(tmp_path / "nothing")).returncode == 2
