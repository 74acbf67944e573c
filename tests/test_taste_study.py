"""End to end through the command line, and the report in a real browser."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from sklearn.metrics import adjusted_rand_score

from ava.review.taste_page import render_taste
from ava.store.tables import read_table
from ava.taste.report import taste_context, write_report
from tests.browser import open_page


def ava_taste(*words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", "from ava.cli.app import main; main()", "taste", *words]
    return subprocess.run(command, capture_output=True, text=True, timeout=110)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study") / "taste"
    words = ("--profiles", "500", "--titles", "4", "--impressions", "200", "--liking", "2.2")
    for step in (("simulate", *words), ("fit",), ("assign",), ("evaluate",)):
        done = ava_taste(step[0], str(folder), *step[1:])
        assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.slow
def test_the_planted_groups_come_out(folder: Path) -> None:
    truth = json.loads((folder / "simulated" / "truth.json").read_text("utf-8"))["group"]
    profiles = read_table(folder / "fit" / "profiles.parquet")
    planted = [truth[name] for name in profiles["profile_id"]]
    assert adjusted_rand_score(planted, profiles["group"]) > 0.7
    lookup = json.loads((folder / "assign" / "lookup.json").read_text("utf-8"))["assignments"]
    assert len(lookup) == 5 * 4
    values = json.loads((folder / "evaluate" / "evaluation.json").read_text("utf-8"))["policies"]
    worth = {name: one["estimates"]["dr"]["value"] for name, one in values.items()}
    assert worth["random"] < worth["best_single"] < worth["per_group"]
    assert values["per_group"]["conclusion"].startswith("Better than the best single artwork")


@pytest.mark.slow
def test_the_report_in_a_browser(folder: Path) -> None:
    path = write_report(folder)
    with open_page(path.as_uri()) as page:
        assert page.locator(".groups > li").count() == 4
        assert page.locator("article.title").count() == 4
        assert page.locator("article.title .assigned").count() == 16
        shown = page.locator(".examples .art").first.evaluate(
            "one => getComputedStyle(one).backgroundImage"
        )
        assert shown.startswith('url("data:image/jpeg')
        page.set_viewport_size({"width": 400, "height": 800})
        assert page.evaluate("document.documentElement.scrollWidth") <= 400


@pytest.mark.slow
def test_the_report_escapes(folder: Path) -> None:
    from dataclasses import replace

    page = render_taste(replace(taste_context(folder), verdict="<script>alert(1)</script>"))
    assert "<script>alert" not in page


@pytest.mark.slow
def test_what_is_wrong_is_one_line(folder: Path, tmp_path: Path) -> None:
    done = ava_taste("assign", str(tmp_path))
    assert done.returncode == 7
    assert "holds no taste groups yet" in done.stderr
    bad = tmp_path / "bad.csv"
    bad.write_text("profile_id\nann\n", "utf-8")
    artwork = str(folder / "simulated" / "artwork")
    done = ava_taste("fit", str(folder), "--events", str(bad), "--artwork", artwork)
    assert done.returncode == 9
    assert "has no column" in done.stderr
    assert (folder / "fit" / "groups.json").is_file()
