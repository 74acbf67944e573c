"""Faces, eyes and characters on real pictures, held to labels made by eye; both roads."""

from __future__ import annotations

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.metrics import roc_auc_score

import ava
from ava.core.frame_batch import FrameBatch
from ava.core.geometry import iou_xyxy
from ava.ranking.cast import Screening, find_cast
from ava.ranking.face_groups import CastSettings, TitleFaces
from ava.scoring.analyses import Faces
from ava.scoring.contract import Runtime
from ava.settings import load_settings
from ava.source.opening import open_source
from ava.source.stills_reader import load_still
from ava.store.cast_files import read_cast
from models.weights import require
from scorers.analysers.faces import FaceAnalyser
from tests.conftest import ROOT, MakeVideo

Picture = NDArray[np.uint8]
LABELS = ROOT / "tests" / "labels"
ROADS = ("YuNet", "BlazeFace")
MIN_HEIGHT = 0.06


@pytest.fixture(scope="module", params=ROADS)
def analyser(
    request: pytest.FixtureRequest, shared_media: Path, shared_models: Path
) -> Iterator[FaceAnalyser]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AVA_MODELS_DIR", str(shared_models) if request.param == "YuNet" else "")
        if request.param == "BlazeFace":
            for name in ("face_detection_blazeface", "face_mesh_mediapipe", "eye_lids_mediapipe"):
                require(name)
        analyser = FaceAnalyser()
        analyser.open(Runtime())
        assert analyser.road.startswith(request.param)
        yield analyser
        analyser.close()


def rows_of(name: str) -> dict[str, dict[int, list[dict[str, str]]]]:
    """Labels by file and frame."""
    found: dict[str, dict[int, list[dict[str, str]]]] = defaultdict(lambda: defaultdict(list))
    with (LABELS / name).open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            found[row["file"]][int(row["n_frame"])].append(row)
    return found


def frames_of(path: Path, wanted: set[int]) -> Iterator[tuple[int, Picture]]:
    with open_source(path) as source:
        for frame in source.scan():
            if frame.ref.frame_id in wanted:
                yield frame.ref.frame_id, frame.rgb(540)


def seen(analyser: FaceAnalyser, picture: Picture) -> Faces:
    return analyser.analyse(FrameBatch(picture[None], np.zeros(1), np.zeros(1, np.int64)))


def boxes(rows: list[dict[str, str]]) -> NDArray[np.float32]:
    edges = [[float(row[name]) for name in ("x0", "y0", "x1", "y1")] for row in rows if row["x0"]]
    return np.array(edges, np.float32).reshape(-1, 4)


@pytest.mark.slow
def test_faces_that_people_see_are_found(analyser: FaceAnalyser, shared_media: Path) -> None:
    n_sure = n_found = n_detected = n_false = 0
    for name, frames in rows_of("film_faces.csv").items():
        for frame_id, picture in frames_of(shared_media / name, set(frames)):
            rows = [row for row in frames[frame_id] if row["x0"]]
            labelled = boxes(rows)
            faces = seen(analyser, picture)
            overlap = iou_xyxy(faces.box_xyxy, labelled)
            sure = np.array([row["sure"] == "yes" for row in rows], bool)
            large = labelled[:, 3] - labelled[:, 1] > MIN_HEIGHT
            n_sure += int((sure & large).sum())
            n_found += int((overlap.max(axis=0, initial=0) > 0.3)[sure & large].sum())
            counted = faces.box_xyxy[:, 3] - faces.box_xyxy[:, 1] > MIN_HEIGHT
            n_detected += int(counted.sum())
            n_false += int((overlap.max(axis=1, initial=0) < 0.2)[counted].sum())
    assert n_sure > 110
    # BlazeFace misses profiles and half-hidden faces: at any confidence it stays below 0.9.
    least = 0.9 if analyser.road.startswith("YuNet") else 0.78
    assert n_found / n_sure >= least, (n_found, n_sure)
    assert 1 - n_false / n_detected >= 0.97, (n_false, n_detected)


@pytest.mark.slow
def test_shut_eyes_are_told_from_open_ones(analyser: FaceAnalyser, shared_media: Path) -> None:
    found: dict[str, list[tuple[float, float]]] = defaultdict(list)
    for name, frames in rows_of("film_eyes.csv").items():
        for frame_id, picture in frames_of(shared_media / name, set(frames)):
            faces = seen(analyser, picture)
            overlap = iou_xyxy(boxes(frames[frame_id]), faces.box_xyxy)
            for row, near in zip(frames[frame_id], overlap, strict=True):
                if near.max(initial=0) > 0.35:
                    at = int(near.argmax())
                    found[row["eyes"]].append((faces.eyes_open[at], faces.downcast[at]))
    known = {
        word: np.array([one for one in values if not np.isnan(one[0])])
        for word, values in found.items()
    }
    assert len(known["open"]) >= 90
    assert len(known["shut"]) >= 14
    opened = np.concatenate([known["open"][:, 0], known["shut"][:, 0]])
    truth = np.repeat([True, False], [len(known["open"]), len(known["shut"])])
    limit = 0.95 if analyser.road.startswith("YuNet") else 0.88
    assert roc_auc_score(truth, opened) >= limit
    assert np.median(known["open"][:, 0]) > 0.6
    assert np.median(known["shut"][:, 0]) < 0.35
    if analyser.road.startswith("YuNet"):  # lids lowered to look down are reported apart
        assert np.mean(known["downcast"][:, 1]) > np.mean(known["shut"][:, 1])


def test_fifteen_people_are_told_apart(analyser: FaceAnalyser, shared_media: Path) -> None:
    """Every picture is a shot of its own: nothing but the faces tells who is who."""
    with (shared_media / "faces" / "identities.csv").open(encoding="utf-8") as file:
        rows = [row for row in csv.DictReader(file) if ";" not in row["identities"]]
    names, parts = [], []
    for row in rows:
        faces = seen(analyser, load_still(shared_media / row["path"]))
        if len(faces):
            parts.append(faces.rows(slice(0, 1)))
            names.append(row["identities"])
    first = [int(part.areas.argmax()) for part in parts]

    def column(name: str) -> NDArray[np.float32]:
        return np.stack([getattr(part, name)[at] for part, at in zip(parts, first, strict=True)])

    order = np.arange(len(parts))
    title = TitleFaces(
        order, column("box_xyxy"), column("identity"), column("sharpness"),
        column("yaw_degrees"), column("eyes_open"),
    )  # fmt: skip
    screening = Screening(order, order, np.ones(len(order)))
    cast = find_cast(title, screening, CastSettings())
    same = np.array(names)[:, None] == np.array(names)[None]
    together = (cast.of_face[:, None] == cast.of_face[None]) & (cast.of_face >= 0)[:, None]
    pairs = np.triu_indices(len(names), 1)
    right = float((same & together)[pairs].sum())
    precision = right / together[pairs].sum()
    recall = right / same[pairs].sum()
    assert 2 * precision * recall / (precision + recall) >= 0.9, (precision, recall)
    n_people = len(set(names))
    assert abs(len(cast.characters) - n_people) <= 4


@pytest.mark.slow
def test_who_is_seen_most_leads(
    shared_media: Path, make_video: MakeVideo, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    shared_models: Path,
) -> None:  # fmt: skip
    """A film stitched from three speakers: 8, 5 and 2 seconds in five pieces."""
    monkeypatch.setenv("AVA_MODELS_DIR", str(shared_models))
    plan = [
        ("aoc", 0, 100),
        ("menendez", 0, 70),
        ("aoc", 100, 100),
        ("katiehill", 0, 50),
        ("menendez", 70, 55),
    ]
    film: list[Picture] = []
    for name, start, length in plan:
        frames = frames_of(
            shared_media / "people" / f"talk_{name}.mp4", set(range(start, start + length))
        )
        for _, picture in frames:
            height = picture.shape[0] // 2 * 2
            left = (picture.shape[1] - height) // 2 if picture.shape[1] > height else 0
            film.append(
                np.ascontiguousarray(
                    picture[:height, left : left + min(height, picture.shape[1]) // 2 * 2]
                )
            )
    size = film[0].shape
    film = [one for one in film if one.shape == size]
    title = ava.rank(make_video(film, rate=25), tmp_path / "library", top=4)
    characters: list[dict[str, Any]] = read_cast(title.folder)["characters"]
    leads = [one for one in characters if one["role"] != "extra"]
    assert len(leads) == 3
    assert [one["role"] for one in leads[:2]] == ["lead", "lead"]
    shares = [one["screen_share"] for one in leads]
    assert shares == sorted(shares, reverse=True)
    assert shares[0] == pytest.approx(200 / 375, abs=0.1)
    assert (title.folder / leads[0]["portrait"]).is_file()
    sheet = (title.folder / "index.html").read_text("utf-8")
    assert "Person 1" in sheet
    named = tmp_path / "cast.csv"
    named.write_text("name,portrait\nThe Lead,lead.jpg\n", "utf-8")
    (tmp_path / "lead.jpg").write_bytes((title.folder / leads[0]["portrait"]).read_bytes())
    again = ava.rank(title.folder, settings=load_settings(None, [f'cast.names="{named}"']), top=4)
    by_key = {one["key"]: one["name"] for one in read_cast(again.folder)["characters"]}
    assert by_key["c1"] == "The Lead"
    once_more = ava.rank(title.folder, top=4)  # the name is remembered
    assert read_cast(once_more.folder)["characters"][0]["name"] == "The Lead"
