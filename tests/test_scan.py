"""The single pass: cuts, transitions, statistics, shortlist."""

from __future__ import annotations

import csv
import math
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.geometry import cropped
from ava.scan.frame_stats import StatsCollector
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner, ScanResult
from ava.scan.shortlist import ClosedShot, Moments, ShortlistSettings, ShotShortlist
from ava.scan.shots import CutFinder
from ava.source.info import Orientation
from ava.source.opening import open_source
from tests.conftest import SAMPLE, MakeVideo


def scanned(
    path: Path, settings: ScanSettings | None = None
) -> tuple[list[ClosedShot], ScanResult]:
    scanner = Scanner(settings or ScanSettings())
    with open_source(path) as source:
        shots = list(scanner.run(source))
    assert scanner.result is not None
    return shots, scanner.result


@pytest.fixture(scope="module")
def sample_scan() -> tuple[list[ClosedShot], ScanResult]:
    return scanned(SAMPLE)


def test_every_planted_cut_is_found(
    sample_scan: tuple[list[ClosedShot], ScanResult], sample_truth: dict[str, Any]
) -> None:
    _, result = sample_scan
    cuts = [shot.first_frame for shot in result.shots if shot.starts_with == "cut"]
    for planted in sample_truth["cuts"]:
        assert any(abs(planted - cut) <= 1 for cut in cuts), planted
    assert len(cuts) == len(sample_truth["cuts"])


def test_every_planted_transition_is_found(
    sample_scan: tuple[list[ClosedShot], ScanResult], sample_truth: dict[str, Any]
) -> None:
    _, result = sample_scan
    for planted in sample_truth["transitions"]:
        kind = "dissolve" if planted["kind"] == "dissolve" else "fade"
        middle = (planted["first"] + planted["last"]) / 2
        near = [shot for shot in result.shots if abs(shot.first_frame - middle) <= 6]
        assert near, planted
        shot = near[0]
        assert shot.starts_with == kind
        before = result.shots[shot.index - 1]
        assert before.clean_end <= planted["first"] + 4
        assert shot.clean_first >= planted["last"] - 4


def test_shots_tile_the_film(sample_scan: tuple[list[ClosedShot], ScanResult]) -> None:
    shots, result = sample_scan
    assert [one.shot for one in shots] == list(result.shots)
    assert result.shots[0].first_frame == 0
    assert result.shots[-1].end_frame == len(result.stats) == 1113
    for before, after in zip(result.shots, result.shots[1:], strict=False):
        assert before.end_frame == after.first_frame
        assert before.end_seconds == after.start_seconds
        assert before.ends_with == after.starts_with


def test_candidates_lie_in_their_shot_and_off_its_cuts(
    sample_scan: tuple[list[ClosedShot], ScanResult],
) -> None:
    shots, _ = sample_scan
    for one in shots:
        ids = [candidate.ref.frame_id for candidate in one.candidates]
        assert ids == sorted(set(ids))
        for frame_id in ids:
            assert one.shot.first_frame <= frame_id < one.shot.end_frame
            if one.shot.starts_with == "cut":
                assert frame_id >= one.shot.first_frame + 2
            if one.shot.ends_with == "cut":
                assert frame_id < one.shot.end_frame - 2


def test_a_candidate_is_the_frame_it_says(
    sample_scan: tuple[list[ClosedShot], ScanResult],
) -> None:
    shots, _ = sample_scan
    candidates = [one for shot in shots for one in shot.candidates][::6]
    areas = {one.ref: shot.shot.picture_area for shot in shots for one in shot.candidates}
    with open_source(SAMPLE) as source:
        for frame, candidate in zip(
            source.read([one.ref for one in candidates]), candidates, strict=True
        ):
            shown = cropped(frame.rgb(540), areas[candidate.ref])
            assert np.array_equal(shown, candidate.pixels)


def test_long_shots_keep_more() -> None:
    settings = ShortlistSettings()
    kept = [settings.n_kept(seconds, 5400.0) for seconds in (0.2, 1, 3, 10, 60)]
    assert kept == sorted(kept)
    assert kept[0] == 1
    assert kept[-1] >= 8
    assert settings.n_kept(8.0, 8.0) >= 24  # a short film of one shot


class _Frame:
    """A source frame of a given number, one gray level everywhere."""

    def __init__(self, number: int) -> None:
        from fractions import Fraction

        from ava.core.media_time import MediaTime
        from ava.source.info import FrameRef

        self.ref = FrameRef(number, MediaTime(number, Fraction(1, 25)), str(number))

    n_bytes = 8_000_000

    def luma(self, lines_px: int) -> NDArray[np.uint8]:
        raise AssertionError("not asked for here")

    def rgb(self, height_px: int | None = None) -> NDArray[np.uint8]:
        return np.full((4, 4, 3), self.ref.frame_id % 256, np.uint8)


def test_cuts_are_those_of_the_detector_whose_rule_it_is() -> None:
    """PySceneDetect's `AdaptiveDetector` on luma, on a whole film and at several thresholds."""
    from scenedetect import AdaptiveDetector, FrameTimecode

    with open_source(SAMPLE) as source:
        lumas = [frame.luma(135) for frame in source.scan()]
    for threshold, least in ((3.0, 10.0), (1.5, 2.0), (6.0, 0.5)):
        theirs = AdaptiveDetector(threshold, 1, 2, least, luma_only=True)
        ours, collector = CutFinder(threshold, least), StatsCollector()
        cuts: tuple[list[int], list[int]] = ([], [])
        for number, luma in enumerate(lumas):
            facts = collector.add(number / 25, luma)
            cuts[0].extend(ours.add(facts.motion))
            picture = np.repeat(facts.small[:, :, None], 3, axis=2)
            found = theirs.process_frame(FrameTimecode(number, 25.0), picture)
            cuts[1].extend(cut.frame_num for cut in found)
        assert cuts[0] == cuts[1]
        assert len(cuts[0]) >= 10


def test_memory_of_an_endless_shot_is_bounded() -> None:
    shortlist = ShotShortlist(ShortlistSettings(), 7200.0, Orientation(), lambda _: None)
    nothing = Moments((np.zeros((4, 4), np.uint8),), (0.0,))
    random = np.random.default_rng(3)
    for number in range(25 * 3600):
        shortlist.add(_Frame(number), float(random.uniform()), lambda: nothing)
        assert len(shortlist._kept) <= 96
        assert sum(one.frame is not None for one in shortlist._kept) <= 12  # of 8 MB each
    taken = shortlist.take(0, 10**9, 10**9, 3600.0)
    seconds = [one.pts_seconds for one in taken]
    assert len(taken) >= 40
    assert max(np.diff(seconds)) < 400  # evenly over the hour


def test_of_every_stretch_of_a_shot_the_best_is_kept() -> None:
    shortlist = ShotShortlist(ShortlistSettings(), math.nan, Orientation(), lambda _: None)
    nothing = Moments((np.zeros((4, 4), np.uint8),), (0.0,))
    peaks = {30: 2.0, 120: 1.5, 200: 9.0}  # nine seconds: three frames
    for number in range(225):
        rising = 1 + 5 * number / 225  # most of the last third is better than all before
        score = peaks.get(number, rising if number > 150 else 1.0)
        shortlist.add(_Frame(number), score, lambda: nothing)
    shortlist.close_bucket()
    taken = shortlist.take(0, 225, 225, 9.0)
    assert [one.ref.frame_id for one in taken] == list(peaks)


def test_quick_statistics_order_planted_effects(photographs: dict[str, NDArray[np.uint8]]) -> None:
    for name, picture in photographs.items():
        luma = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
        sharpness = []
        for sigma in (0, 1, 2, 4, 8):
            blurred = cv2.GaussianBlur(luma, (0, 0), sigma) if sigma else luma
            sharpness.append(StatsCollector().add(0.0, blurred.astype(np.uint8)).sharpness)
        assert sharpness == sorted(sharpness, reverse=True), name
        dark = [
            StatsCollector().add(0.0, (luma * gain).astype(np.uint8)).dark_share
            for gain in (1, 0.5, 0.25, 0.05)
        ]
        assert dark == sorted(dark), name


def test_statistics_see_motion(photographs: dict[str, NDArray[np.uint8]]) -> None:
    luma = cv2.cvtColor(photographs["china"], cv2.COLOR_RGB2GRAY).astype(np.uint8)
    collector = StatsCollector()
    collector.add(0.0, luma)
    still = collector.add(0.04, luma).motion
    moved = collector.add(0.08, np.roll(luma, 8, axis=1)).motion
    assert still == 0
    assert moved > 2
    columns = collector.columns()
    assert len(columns) == 3
    assert columns.motion[0] == 0


def test_dissolves_of_many_lengths_and_no_pan(
    make_video: MakeVideo, photographs: dict[str, NDArray[np.uint8]]
) -> None:
    """Planted dissolves between real photographs are found; a pan over one is not taken for one."""
    size = (320, 180)
    pictures = {
        name: cv2.resize(photographs[name], size, interpolation=cv2.INTER_AREA)
        for name in ("china", "coffee", "astronaut", "motorcycle", "flower")
    }
    names = list(pictures)
    frames: list[NDArray[np.uint8]] = []
    planted = []
    for at, n_mixed in enumerate((8, 14, 24, 40)):
        old, new = pictures[names[at]], pictures[names[at + 1]]
        frames += [old] * 50
        planted.append((len(frames), len(frames) + n_mixed - 1))
        for step in range(n_mixed):
            share = (step + 1) / (n_mixed + 1)
            frames.append(cv2.addWeighted(old, 1 - share, new, share, 0).astype(np.uint8))
    wide = cv2.resize(photographs["china"], (640, 360), interpolation=cv2.INTER_AREA)
    frames += [pictures[names[4]]] * 50
    first_of_pan = len(frames)
    frames += [np.ascontiguousarray(wide[90:270, 4 * step : 4 * step + 320]) for step in range(80)]
    _, result = scanned(make_video(frames))
    starts = [shot.first_frame for shot in result.shots if shot.starts_with == "dissolve"]
    assert len(starts) == len(planted)
    for (first, last), start in zip(planted, starts, strict=True):
        assert abs(start - (first + last) / 2) <= 3
    assert [shot.first_frame for shot in result.shots if shot.starts_with == "cut"] == [
        first_of_pan
    ]


def test_cuts_of_real_films(shared_media: Path) -> None:
    """Against hand labels: F1 of hard cuts over all labelled films (±1 frame)."""
    found = missed = wrong = 0
    folders = ("films", "other")
    films = {path.stem: path for folder in folders for path in (shared_media / folder).iterdir()}
    for labels in sorted((shared_media / "labelled" / "cuts").glob("*.csv")):
        rows = list(csv.DictReader(labels.open(encoding="utf-8")))
        planted = [int(row["first_frame_of_change"]) for row in rows if row["type"] == "cut"]
        gradual = [
            (int(row["first_frame_of_change"]), int(row["last_frame_of_change"]))
            for row in rows
            if row["type"] != "cut"
        ]
        _, result = scanned(films[labels.stem])
        cuts = [shot.first_frame for shot in result.shots if shot.starts_with == "cut"]
        hit = [cut for cut in planted if any(abs(cut - one) <= 1 for one in cuts)]
        extra = [one for one in cuts if not any(abs(cut - one) <= 1 for cut in planted)]
        extra = [one for one in extra if not any(a - 2 <= one <= b + 2 for a, b in gradual)]
        found, missed, wrong = (
            found + len(hit),
            missed + len(planted) - len(hit),
            wrong + len(extra),
        )
    assert found + missed >= 35
    assert 2 * found / (2 * found + missed + wrong) >= 0.95


def test_one_frame_is_a_film(make_video: MakeVideo) -> None:
    shots, result = scanned(make_video([np.full((90, 160, 3), 120, np.uint8)]))
    assert len(result.stats) == 1
    assert [len(one.candidates) for one in shots] == [1]
