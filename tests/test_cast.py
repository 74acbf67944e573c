"""Faces become characters: planted people, real people, names that stay."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.ranking.cast import Cast, Screening, find_cast
from ava.ranking.face_groups import CastSettings, TitleFaces, _joined, matched

SETTINGS = CastSettings()
Floats = NDArray[np.float32]


def people(n: int, seed: int = 0) -> Floats:
    """Descriptors of `n` people, about 0.9 apart from each other as real ones are."""
    chance = np.random.default_rng(seed)
    points = chance.normal(size=(n, 128))
    return (0.64 * points / np.linalg.norm(points, axis=1, keepdims=True)).astype(np.float32)


def film(
    plan: list[list[int]], who: Floats, noise: float = 0.03, seed: int = 1, per_shot: int = 3
) -> tuple[TitleFaces, Screening, NDArray[np.int64]]:
    """A film of one-second shots; `plan` says who is in each, every face in all of its frames."""
    chance = np.random.default_rng(seed)
    frames, boxes, descriptors, truth = [], [], [], []
    for shot, present in enumerate(plan):
        for at in range(per_shot):
            for place, person in enumerate(present):
                left = 0.1 + 0.3 * place
                frames.append(shot * per_shot + at)
                boxes.append((left, 0.2, left + 0.15, 0.5))
                descriptors.append(who[person] + chance.normal(scale=noise, size=128))
                truth.append(person)
    n_faces = len(frames)
    faces = TitleFaces(
        np.array(frames, np.int64),
        np.array(boxes, np.float32).reshape(-1, 4),
        np.array(descriptors, np.float32).reshape(-1, 128),
        np.full(n_faces, 0.8, np.float32),
        np.zeros(n_faces, np.float32),
        np.ones(n_faces, np.float32),
    )
    shots = np.arange(len(plan))
    screening = Screening(
        np.arange(len(plan) * per_shot), np.repeat(shots, per_shot), np.ones(len(plan))
    )
    return faces, screening, np.array(truth)


def agrees(cast: Cast, truth: NDArray[np.int64]) -> bool:
    pairs = set(zip(cast.of_face.tolist(), truth.tolist(), strict=True))
    return len(pairs) == len({one for one, _ in pairs}) == len({one for _, one in pairs})


PLAN = [[0], [0, 1], [1], [0], [2], [0, 1], [3], [0], [1, 0], [0], [2], *[[0], [1]] * 5]


@pytest.mark.parametrize("seed", range(6))
def test_planted_people_are_found_and_leads_come_first(seed: int) -> None:
    faces, screening, truth = film(PLAN, people(4, seed), seed=seed)
    cast = find_cast(faces, screening, SETTINGS)
    assert agrees(cast, truth)
    assert [one.key for one in cast.characters] == ["c1", "c2", "c3", "c4"]
    assert [one.role for one in cast.characters] == ["lead", "lead", "supporting", "extra"]
    assert [one.n_shots for one in cast.characters] == [12, 9, 2, 1]
    shares = [one.screen_share for one in cast.characters]
    assert shares == pytest.approx([12 / 21, 9 / 21, 2 / 21, 1 / 21])
    assert cast.characters[0].prominence == 1


def test_who_is_there_twice_is_two_people() -> None:
    """Twins in one frame are never one person, however alike."""
    twins = np.repeat(people(1), 2, axis=0)
    faces, screening, _ = film([[0, 1]] * 4, twins, noise=0.0)
    cast = find_cast(faces, screening, SETTINGS)
    for frame in range(12):
        low, high = np.searchsorted(faces.frame_id, [frame, frame + 1])
        assert len(set(cast.of_face[low:high])) == 2


@pytest.mark.parametrize("seed", range(5))
def test_without_twins_it_is_average_linkage(seed: int) -> None:
    from sklearn.cluster import AgglomerativeClustering

    chance = np.random.default_rng(seed)
    who = people(12, seed)[chance.integers(0, 12, 90)]
    points = (who + chance.normal(scale=0.045, size=who.shape)).astype(np.float32)
    distance = np.linalg.norm(points[:, None] - points[None], axis=2).astype(np.float32)
    labels = AgglomerativeClustering(
        None, metric="precomputed", linkage="average", distance_threshold=0.6
    ).fit_predict(distance)
    theirs = sorted(np.flatnonzero(labels == one).tolist() for one in set(labels))
    assert sorted(sorted(group) for group in _joined(distance, 0.6)) == theirs


def test_small_and_averted_faces_found_nobody_but_join() -> None:
    faces, screening, truth = film([[0], [0], [1], [1]], people(2))
    small = faces.box_xyxy.copy()
    small[3:6, 3] = small[3:6, 1] + 0.05  # the second shot is a wide one
    yaw = faces.yaw_degrees.copy()
    yaw[9:] = 80
    cast = find_cast(replace(faces, box_xyxy=small, yaw_degrees=yaw), screening, SETTINGS)
    assert agrees(cast, truth)
    stranger = faces.identity.copy()
    stranger[3:6] = people(3, seed=9)[2]
    cast = find_cast(replace(faces, box_xyxy=small, identity=stranger), screening, SETTINGS)
    assert set(cast.of_face[3:6]) == {-1}


def test_faces_without_a_descriptor_are_nobody() -> None:
    faces, screening, _ = film(PLAN, people(4))
    blind = replace(faces, identity=np.full_like(faces.identity, np.nan))
    cast = find_cast(blind, screening, SETTINGS)
    assert cast.characters == ()
    assert set(cast.of_face) == {-1}
    assert np.isnan(cast.presence(blind, screening.frame_ids)).all()
    nobody, empty, _ = film([[], []], people(1))
    assert find_cast(nobody, empty, SETTINGS).characters == ()


def test_presence_follows_the_most_prominent() -> None:
    faces, screening, _ = film([*PLAN, []], people(4))
    cast = find_cast(faces, screening, SETTINGS)
    presence = cast.presence(faces, screening.frame_ids).reshape(-1, 3)
    assert (presence[0] == 1).all()
    assert (presence[1] == 1).all()
    assert (presence[4] > 0).all()
    assert (presence[4] < presence[2]).all()
    assert (presence[-1] == 0).all()
    assert [one.key for one in cast.in_frame(faces, 3)] == ["c1", "c2"]


def test_keys_and_names_survive() -> None:
    who = people(4)
    faces, screening, _ = film(PLAN, who)
    first = find_cast(faces, screening, SETTINGS)
    earlier = [(one.key, f"name of {one.key}", one.centroid) for one in first.characters]
    # A new cut of the film, in which the second lead has become the first, and one is new.
    again, longer, _ = film([[1], [1], [1], [1], [0], [2], [4]], people(5), seed=5)
    cast = find_cast(again, longer, SETTINGS, earlier)
    assert [one.key for one in cast.characters[:1]] == ["c2"]
    assert cast.characters[0].name == "name of c2"
    assert {one.key for one in cast.characters} == {"c1", "c2", "c3", "c5"}
    assert [one.name for one in cast.characters if one.key == "c5"] == [""]


@given(st.integers(0, 10_000), st.integers(1, 6))
@settings(max_examples=30)
def test_matching_is_one_to_one_and_by_distance(seed: int, n: int) -> None:
    who = people(n, seed)
    order = np.random.default_rng(seed).permutation(n)
    assert sorted(matched(who, who[order], 0.6)) == [
        (int(one), int(np.flatnonzero(order == one)[0])) for one in range(n)
    ]
    assert matched(who, -who, 0.6) == []
    assert matched([], who, 0.6) == []


def test_order_of_faces_within_a_frame_changes_nothing() -> None:
    faces, screening, truth = film(PLAN, people(4))
    turned = np.lexsort((-np.arange(len(faces)), faces.frame_id))
    other = TitleFaces(
        faces.frame_id[turned], faces.box_xyxy[turned], faces.identity[turned],
        faces.sharpness, faces.yaw_degrees, faces.eyes_open,
    )  # fmt: skip
    assert agrees(find_cast(other, screening, SETTINGS), truth[turned])


def test_senseless_settings_are_refused() -> None:
    with pytest.raises(ConfigError, match="same_person"):
        CastSettings(same_person=0)
