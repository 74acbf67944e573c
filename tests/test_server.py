"""The server for a team: two reviewers in real browsers, a killed process, and people who mean harm."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import threading
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest

import ava
from ava.store.decisions import Decision, Decisions, read_decisions, write_decisions
from ava.store.title_folder import read_json
from tests.browser import open_page
from tests.team import NOON, Client, entry, reviewer, serving
from tests.test_pipeline import run

NAME = "Films & <b>🎬\"more'"


@pytest.fixture
def library(ranked_sample: ava.RankedTitle, tmp_path: Path) -> Path:
    place = tmp_path / "library"
    shutil.copytree(ranked_sample.folder, place / "one")
    shutil.copytree(ranked_sample.folder, place / NAME)
    title = place / NAME / "title.json"
    said = title.read_text("utf-8").replace(
        '"sample_film"', json.dumps(f"<script>x</script>{NAME}")
    )
    content_id = json.loads(said)["source"]["content_id"]
    title.write_text(said.replace(content_id, content_id[::-1]), "utf-8")
    return place


def test_two_reviewers_see_what_the_other_decides(library: Path) -> None:
    with serving(library) as (_, port, url), open_page(url, may_ask=url) as ann:
        ann.get_by_label("Your name").fill("Ann 🎬")
        ann.get_by_role("button", name="Begin").click()
        ann.locator(".title").nth(1).wait_for()
        assert ann.locator(".title").count() == 2
        assert ann.locator(".title strong").all_inner_texts()[0] == f"<script>x</script>{NAME}"
        ann.locator(".title a").first.click()
        ann.locator(".grid .card").first.wait_for()
        assert ann.get_by_label("Reviewer").input_value() == "Ann 🎬"
        ben = ann.context.browser.new_context().new_page()  # type: ignore[union-attr]
        ben.goto(f"{url}sign-in?next=/{quote(NAME)}/index.html")
        ben.get_by_label("Your name").fill("Ben")
        ben.keyboard.press("Enter")
        ben.locator(".grid .card").first.wait_for()
        with ann.expect_response(lambda one: one.request.method == "POST") as sent:
            ann.keyboard.press("k")
        assert sent.value.ok
        ben.get_by_text("Ann 🎬: keep").first.wait_for(timeout=20_000)
        with ben.expect_response(lambda one: one.request.method == "POST"):
            ben.keyboard.press("x")
        ann.get_by_text("Ben: reject").first.wait_for(timeout=20_000)
        decided = read_decisions(library / NAME / "decisions.json").decisions
        assert {(one.by, one.verdict) for one in decided} == {("Ann 🎬", "keep"), ("Ben", "reject")}
        # What could not be sent is sent as soon as it can be, also after the page was left.
        ann.route("**/live*", lambda route: route.abort())
        ann.keyboard.press("5")
        ann.get_by_text("kept in this browser and sent later").wait_for()
        ann.unroute("**/live*")
        ann.get_by_text("everything is saved").wait_for(timeout=20_000)
        assert 5 in {
            one.stars for one in read_decisions(library / NAME / "decisions.json").decisions
        }
        ann.get_by_role("link", name="All titles").click()
        ann.get_by_text("by Ann 🎬, Ben").wait_for()
        with_one = Client(port)
        assert with_one.sign_in("Cleo") == 303
        with_one.open_title("/one")
        with_one.send("/one", entry(1, "maybe"))
        ann.get_by_text("1 maybe by Cleo").wait_for(timeout=20_000)
        assert not ann.evaluate("window.x")


def test_nothing_that_was_acknowledged_is_lost(library: Path) -> None:
    acknowledged: dict[str, set[int]] = {"Ann": set(), "Ben": set()}
    enough = threading.Event()

    def work(client: Client, name: str) -> None:
        for number in range(200):
            try:
                status, said = client.send("/one", entry(number, note=f"nr. {number} — {name}"))
            except (OSError, http.client.HTTPException):
                return
            assert status == 200, said
            acknowledged[name].add(number)
            if len(acknowledged["Ann"] | acknowledged["Ben"]) > 60:
                enough.set()

    with serving(library) as (process, port, _):
        clients = {name: reviewer(port, name) for name in acknowledged}
        threads = [
            threading.Thread(target=work, args=(clients[name], name)) for name in acknowledged
        ]
        for thread in threads:
            thread.start()
        assert enough.wait(60)
        os.kill(process.pid, signal.SIGKILL)
        for thread in threads:
            thread.join(30)
    assert all(20 < len(found) < 200 for found in acknowledged.values())
    # A command adds to the file while nobody serves; a damaged file takes nothing along.
    content_id = read_json(library / "one" / "title.json")["source"]["content_id"]
    file = library / "one" / "decisions.json"
    before = read_decisions(file)
    theirs = Decision(7, "seven", "reject", 2, "", "Cleo", NOON)
    write_decisions(file, Decisions("x", content_id, (*before.decisions, theirs)))
    with serving(library) as (_, port, _):
        ann = reviewer(port, "Ann")
        _, said, _ = ann.ask("GET", "/one/live?after=0")
        found = json.loads(said)["decisions"]
        by = {name: {one["frame_id"] for one in found if one["by"] == name} for name in clients}
        assert all(acknowledged[name] <= by[name] for name in clients)
        assert any(one["by"] == "Cleo" for one in found)
        file.write_text("{", "utf-8")
        status, _ = ann.send("/one", entry(250))
        assert status == 200
        kept = read_decisions(file).decisions
        assert len(kept) == len(found) + 1
        assert (library / "one" / "decisions.damaged.json").read_text() == "{"
        # Sent twice, kept once.
        ann.send("/one", entry(250))
        assert len(read_decisions(file).decisions) == len(kept)


def test_what_means_harm_is_refused(library: Path) -> None:
    secret = library.parent / "secret.jpg"
    secret.write_bytes(b"secret")
    (library / "one" / "stills" / "out.jpg").symlink_to(secret)
    (library / "one" / "stills" / "page.html").write_text("<script>alert(1)</script>")
    (library / ".ava").mkdir(exist_ok=True)
    ups = ("..", "%2e%2e", "..%2f..", "%2e%2e%2f", "..%5c", ".%2e", "%252e%252e", "..;", "....//")
    paths = [
        f"{start}/{up}/{end}"
        for up in ups
        for start, end in (
            ("", "secret.jpg"),
            ("/one/stills", "secret.jpg"),
            ("/one/stills", f"{up}/{up}/secret.jpg"),
            ("/one", "etc/passwd"),
        )
    ]
    paths += [
        "/one/stills/out.jpg",
        "/one/stills/page.html",
        "/one/title.json",
        "/one/decisions.json",
        "/one/scores.parquet",
        "/.ava/review.sqlite",
        "//etc/passwd",
        "/%00",
        "/one/stills/%00.jpg",
        f"/{'a' * 3000}.jpg",
        f"/{quote(str(secret))}",
        "/one/../../secret.jpg",
        "/file:///etc/passwd",
        "/nothing/index.html",
        "/nothing/live",
    ]
    assert len(paths) > 50
    with serving(library) as (_, port, _):
        ann = reviewer(port, "Ann")
        for path in paths:
            status, body, _ = ann.ask("GET", path)
            assert status in (404, 400), (path, status)
            assert b"secret" not in body
        stills = sorted((library / "one" / "stills").glob("0*.jpg"))
        status, body, headers = ann.ask("GET", f"/one/stills/{stills[0].name}")
        assert (status, headers["content-type"], body) == (
            200,
            "image/jpeg",
            stills[0].read_bytes(),
        )
        big = b'{"decisions": [], "crops": [' + b" " * 1_100_000 + b"]}"
        for given in ({"Content_Length": str(10**12)}, {}):
            try:
                status, _, _ = ann.ask(
                    "POST", "/one/live", big, Content_Type="application/json", **given
                )
            except (ConnectionError, http.client.HTTPException):
                continue  # it hung up while the rest was still coming: refused, too
            assert status == 413
        chunks = (b"x" * 100_000 for _ in range(20))
        link = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
        sends = {**ann.headers, "Content-Type": "application/json"}
        try:
            link.request("POST", "/one/live", chunks, sends, encode_chunked=True)
            assert link.getresponse().status == 413
        except (ConnectionError, http.client.HTTPException):
            pass
        wrong: list[Any] = [
            [],
            {},
            {"decisions": 1, "crops": []},
            {"decisions": [7], "crops": []},
            {"decisions": [entry(-1)], "crops": []},
            {"decisions": [{**entry(1), "verdict": "<b>"}], "crops": []},
            {"decisions": [{**entry(1), "at": "yesterday"}], "crops": []},
            {"decisions": [{**entry(1), "more": 1}], "crops": []},
        ]
        for said in wrong:
            status, body, _ = ann.ask(
                "POST", "/one/live", json.dumps(said).encode(), Content_Type="application/json"
            )
            assert status == 422, said
            assert json.loads(body)["problem"]
        status, _, _ = ann.ask("POST", "/one/live", b"[" * 100_000, Content_Type="application/json")
        assert status == 422
        # Pages elsewhere: another origin, a name that was made to lead here, a form, no token.
        assert ann.send("/one", entry(1), Origin="http://evil.example")[0] == 403
        assert ann.send("/one", entry(1), Sec_Fetch_Site="cross-site")[0] == 403
        assert ann.send("/one", entry(1), Host="evil.example")[0] == 421
        assert ann.send("/one", entry(1), X_Ava_Token="0" * 64)[0] == 403
        assert ann.send("/one", entry(1), Content_Type="text/plain")[0] == 415
        assert ann.ask("DELETE", "/one/live")[0] == 405
        ben = Client(port, {**ann.headers, "Cookie": "ava_reviewer=QmVu.0000"})
        assert ben.send("/one", entry(1))[0] == 401
        assert not (library / "one" / "decisions.json").exists()
        # One signed in may only write under the own name.
        assert ann.send("/one", entry(1), Origin=f"http://127.0.0.1:{port}")[0] == 200
        assert {one.by for one in read_decisions(library / "one" / "decisions.json").decisions} == {
            "Ann"
        }
        status, _, headers = ann.ask("POST", "/sign-in", b"name=Ann&next=//evil.example/x")
        assert (status, headers["location"]) == (303, "/")
        assert Client(port).sign_in("a" * 61) == 422
        _, _, headers = ann.ask("GET", "/one/index.html")
        policy = headers["content-security-policy"]
        assert "unsafe" not in policy
        assert "default-src 'none'" in policy
        assert headers["x-content-type-options"] == "nosniff"


def test_a_token_is_asked_for_where_others_reach_it(library: Path) -> None:
    token = "a-token-that-is-long"
    with serving(library, "--host", "0.0.0.0", "--token", token) as (_, port, url):
        assert url.endswith(f"?token={token}")
        ann = Client(port)
        status, _, headers = ann.ask("GET", f"/?token={token}")
        assert status == 303
        assert headers["location"] == f"/sign-in?next=/&token={token}"
        assert ann.sign_in("Ann") == 403
        assert ann.sign_in("Ann", "a-token-that-is-lonG") == 403
        assert ann.sign_in("Ann", token) == 303
        ann.open_title("/one")
        assert ann.send("/one", entry(1))[0] == 200
    with serving(library, "--host", "0.0.0.0") as (_, port, url):
        assert len(url.partition("?token=")[2]) >= 32
        ann.port = port
        assert ann.send("/one", entry(2))[0] == 401  # the token is another one


def test_what_cannot_be_served_is_one_line(library: Path) -> None:
    for words, problem in (
        (["nowhere"], "there is no folder nowhere"),
        ([str(library), "--token", "short"], "fewer than 16 characters"),
        ([str(library), "--host", "no.such.host.invalid"], "nothing can listen at"),
    ):
        done = run("review", *words)
        assert done.returncode == 2
        assert problem in done.stderr
        assert len(done.stderr.splitlines()) == 2
