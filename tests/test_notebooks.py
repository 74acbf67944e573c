"""The notebooks run from end to end, and show pictures."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent
NOTEBOOKS = ROOT / "docs" / "notebooks"


def executed(name: str, first: dict[str, str], folder: Path) -> Any:
    """A notebook, run in a kernel of its own, with some of its words replaced."""
    import nbformat
    from nbclient import NotebookClient

    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    for cell in notebook.cells:
        for old, new in first.items():
            cell.source = cell.source.replace(old, new)
    client = NotebookClient(
        notebook, timeout=240, resources={"metadata": {"path": str(folder)}}, kernel_name="python3"
    )
    client.execute()
    return notebook


def outputs(notebook: Any) -> tuple[int, str]:
    """How many pictures it shows, and all that it prints."""
    found = [one for cell in notebook.cells for one in cell.get("outputs", ())]
    pictures = sum("image/jpeg" in one.get("data", {}) for one in found)
    return pictures, "".join(one.get("text", "") for one in found)


@pytest.mark.slow
def test_the_tour(ranked_sample: Any, tmp_path: Path) -> None:
    """From a film that is ranked already, else it takes a minute."""
    ranked = shutil.copytree(ranked_sample.folder, tmp_path / "film")
    notebook = executed("tour", {"../../sample_media/sample_film.mp4": str(ranked)}, tmp_path)
    pictures, text = outputs(notebook)
    assert pictures == 3
    assert "8 candidates" in text
    assert "of 8 were there before" in text


@pytest.mark.slow
def test_taste_from_events_to_report(tmp_path: Path) -> None:
    small = {"PROFILES, TITLES, IMPRESSIONS = 600, 4, 200": "PROFILES, TITLES, IMPRESSIONS = 300, 2, 150"}  # fmt: skip
    pictures, text = outputs(executed("taste", small, tmp_path))
    assert pictures == 5
    assert "adjusted Rand index" in text
    assert "with probability" in text
    assert "report.html" in text


@pytest.mark.parametrize("path", sorted(NOTEBOOKS.glob("*.ipynb")), ids=lambda path: path.stem)
def test_they_are_kept_small_and_say_nothing_of_a_machine(path: Path) -> None:
    text = path.read_text("utf-8")
    assert len(text) < 300_000
    assert '"output_type": "error"' not in text
    for word in (tempfile.gettempdir(), str(Path.home()), str(ROOT), "site-packages", "stderr"):
        assert word not in text, word
