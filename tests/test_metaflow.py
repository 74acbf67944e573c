"""The flow, run for real with Metaflow's own local runner."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import pytest

from ava.catalog.upkeep import verify
from tests.conftest import ROOT, skip
from tests.small_titles import (
    batch,
    broken_files,
    contents,
    light_environment,
    report_of,
    sample_clips,
    write_catalog,
)

FLOW = ROOT / "flows" / "artwork_flow.py"
_LIGHT = "ranking.top=2;ranking.canvases.names=['2:3']"


def run_flow(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run it in a folder of its own, where Metaflow keeps all that it keeps."""
    environment = light_environment(folder) | {
        "METAFLOW_HOME": str(folder / "home"),
        "METAFLOW_USER": "tester",
        "METAFLOW_DATASTORE_SYSROOT_LOCAL": str(folder),
        "METAFLOW_DEFAULT_METADATA": "local",
        "METAFLOW_DEFAULT_DATASTORE": "local",
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
    }
    command = [sys.executable, str(FLOW), "--no-pylint", "run", "--max-workers", "2"]
    command += ["--settings", _LIGHT, "--offline", "True", *words]
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300
    )


@pytest.mark.slow
def test_the_flow_is_the_same_run(tmp_path: Path) -> None:
    if find_spec("metaflow") is None:
        skip("Metaflow is not installed")
    clips = sample_clips(tmp_path / "clips", 2)
    films = {"a": clips[0], "text": broken_files(tmp_path / "broken", clips[0])["text"]}
    films["b"] = clips[1]
    catalog = write_catalog(tmp_path / "c.csv", films)
    with catalog.open("a", encoding="utf-8") as file:
        file.write(",nothing.mp4\n")
    words = ["--catalog", str(catalog), "--library", str(tmp_path / "library")]
    done = run_flow(tmp_path, *words)
    assert done.returncode == 1
    assert "2 titles failed" in done.stdout + done.stderr
    library = tmp_path / "library"
    report = report_of(library)
    assert [one["title_id"] for one in report["titles"]] == ["a", "text", "b", "line 5"]
    assert [one["status"] for one in report["titles"]] == ["partial", "failed", "partial", "failed"]
    assert report["by_title"]["text"]["cause"] == "media"
    assert "title_id is missing" in report["by_title"]["line 5"]["reason"]
    assert (library / "batch.html").is_file()
    assert all(one.is_whole for one in verify(library))
    assert batch(catalog, tmp_path / "other").returncode == 6
    assert contents(tmp_path / "other") == contents(library)
    inodes = {path: path.stat().st_ino for path in library.rglob("manifest.json")}
    write_catalog(tmp_path / "c.csv", {"a": clips[0], "b": clips[1]})
    assert run_flow(tmp_path, *words).returncode == 0
    assert report_of(library)["counts"]["skipped"] == 2
    assert inodes == {path: path.stat().st_ino for path in library.rglob("manifest.json")}
