"""``ava explain``: every number of one frame, and the findings drawn over it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

import ava
from ava.core.errors import ConfigError, MediaError
from ava.explaining import Explanation, explain_frame
from ava.review.overlay import draw_overlay
from ava.scoring.analyses import Analyses, Bodies, Faces, PersonMask, Saliency
from ava.scoring.contract import FAMILIES, Runtime
from ava.scoring.registry import installed
from ava.settings import Settings
from ava.store.title_folder import read_title
from tests.conftest import SAMPLE
from tests.test_pipeline import run


def explained(what: str, out: Path, tmp_path: Path) -> Explanation:
    return explain_frame(what, out, tmp_path / "e.png", Settings(), Runtime(), installed())


def test_a_pick_has_the_numbers_of_its_title(
    ranked_sample: ava.RankedTitle, tmp_path: Path
) -> None:
    pick = ranked_sample.candidates[0]
    found = explained(f"{SAMPLE}@{pick.pts_seconds:.6f}", ranked_sample.folder.parent, tmp_path)
    assert found.label == pick.label
    pool = read_title(ranked_sample.folder).pool
    row = int(np.searchsorted(pool.frame_ids, pick.frame_id))
    for column in found.columns:
        stored = np.atleast_1d(pool.column(column.name)[row])
        assert found.values[column.name] == pytest.approx(stored.tolist(), nan_ok=True), column.name
    assert [family.heading for family in found.families] == list(FAMILIES.values())
    # All of a film is not better than its best frame in what makes it the best.
    assert found.standing["face_presence"] >= 0.5
    assert not found.notes
    with Image.open(found.picture) as picture:
        assert picture.width == 1280


def test_a_frame_between_the_shortlisted_ones_is_measured_by_itself(
    ranked_sample: ava.RankedTitle, tmp_path: Path
) -> None:
    listed = {ref.time.seconds for ref in read_title(ranked_sample.folder).refs}
    at = next(n / 24 for n in range(40, 80) if not any(abs(n / 24 - s) < 0.01 for s in listed))
    found = explained(f"{SAMPLE}@{at + 0.001:.4f}", ranked_sample.folder.parent, tmp_path)
    assert any("not on the title's shortlist" in note for note in found.notes)
    assert np.isnan(found.values["camera_pan"][0])
    assert 0 <= found.standing["brightness"] <= 1
    alone = explained(f"{SAMPLE}@{at + 0.001:.4f}", tmp_path / "nowhere", tmp_path)
    assert alone.values["brightness"] == found.values["brightness"]
    assert not alone.standing
    assert any("rank the film first" in note for note in alone.notes)


def test_a_still_as_a_command(ranked_sample: ava.RankedTitle, tmp_path: Path) -> None:
    still = Path(shutil.copy(ranked_sample.still(1), tmp_path / "me@home.jpg"))
    done = run("explain", str(still), "--json", "--picture", str(tmp_path / "over.png"))
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    by_name = {column["name"]: column for column in found["columns"]}
    assert by_name["brightness"]["low"] == 0
    assert by_name["brightness"]["high"] == 100
    assert by_name["brightness"]["percentile"] is None
    assert len(by_name["color_histogram"]["value"]) == 216
    assert (tmp_path / "over.png").is_file()
    shown = run("explain", f"{SAMPLE}@2", "--picture", str(tmp_path / "film.png"))
    assert shown.returncode == 0, shown.stderr
    for heading in FAMILIES.values():
        assert heading in shown.stdout


@pytest.mark.parametrize(
    ("what", "error", "says"),
    [
        (str(SAMPLE), ConfigError, "is a film"),
        (f"{SAMPLE}@soon", ConfigError, "soon"),
        (f"{SAMPLE}@99:00", MediaError, "shows nothing"),
        ("nothing.jpg", MediaError, "no such file"),
    ],
)
def test_what_cannot_be_explained(
    what: str, error: type[Exception], says: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=says):
        explained(what, tmp_path, tmp_path)
    assert not list(tmp_path.iterdir())


def pixels_of(png: bytes, tmp_path: Path) -> NDArray[np.int16]:
    (tmp_path / "o.png").write_bytes(png)
    with Image.open(tmp_path / "o.png") as picture:
        return np.asarray(picture.convert("RGB"), np.int16)


def test_each_finding_is_drawn_where_it_is(tmp_path: Path) -> None:
    picture = np.full((180, 320, 3), 90, np.uint8)
    bare = pixels_of(draw_overlay(picture, Analyses({}), {}), tmp_path)
    height = bare.shape[0] - 48
    mask = np.zeros((1, 27, 48), np.float32)
    mask[0, 14:, :12] = 1
    faces = Faces(
        1,
        np.zeros(1, np.int64),
        np.array([[0.5, 0.1, 0.6, 0.3]], np.float32),
        np.ones(1, np.float32),
    )

    def drawn(found: Analyses, **values: list[float]) -> tuple[float, float, float, float]:
        """Edges of what changed, as shares of the picture."""
        arrays = {name: np.array(value, np.float32) for name, value in values.items()}
        after = pixels_of(draw_overlay(picture, found, arrays), tmp_path)
        rows, columns = np.nonzero(np.abs(after - bare).max(axis=2)[:height] > 20)
        return columns.min() / 1280, rows.min() / height, columns.max() / 1280, rows.max() / height

    near = pytest.approx
    assert drawn(Analyses({Faces: faces})) == near((0.5, 0.1, 0.6, 0.3), abs=0.01)
    ends = {"shoulders": np.float32([[0.4, 0.3]]), "hips": np.float32([[0.45, 0.7]])}
    trunk = Bodies(1, faces.frame_row, faces.box_xyxy, faces.confidence, **ends)
    assert drawn(Analyses({Bodies: trunk})) == near((0.4, 0.3, 0.45, 0.7), abs=0.015)
    assert drawn(Analyses({Saliency: Saliency(1, mask)})) == near((0, 0.52, 0.25, 1), abs=0.04)
    assert drawn(Analyses({PersonMask: PersonMask(1, mask)})) == near((0, 0.52, 0.25, 1), abs=0.03)
    space = drawn(Analyses({}), title_space_box=[0.2, 0.6, 0.8, 0.9])
    assert space == near((0.2, 0.6, 0.8, 0.9), abs=0.01)
    x0, y0, x1, y1 = drawn(Analyses({}), subject_x=[0.7], subject_y=[0.4])
    assert ((x0 + x1) / 2, (y0 + y1) / 2) == near((0.7, 0.4), abs=0.01)
    left = drawn(Analyses({Faces: faces}), light_side=[-0.8])
    right = drawn(Analyses({Faces: faces}), light_side=[0.8])
    assert left[0] < 0.45
    assert right[2] > 0.65
    assert drawn(Analyses({Faces: faces}), light_side=[float("nan")])[2] == near(0.6, abs=0.01)
