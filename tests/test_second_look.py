"""Shots found with a network: where it is asked, what its word counts, and what it costs."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from ava.core.errors import ConfigError, WeightsError
from ava.core.progress import silent
from ava.scan.frame_stats import StatsCollector
from ava.scan.scan_settings import ScanSettings
from ava.scan.scanner import Scanner, ScanResult
from ava.scan.second_look import SecondLook
from ava.scan.shortlist import ClosedShot
from ava.scan.transitions import TransitionFinder, TransitionSettings
from ava.scoring.contract import Runtime
from ava.scoring_pass import scanner_for
from ava.settings import Settings, load_settings
from ava.source.opening import open_source
from benchmarks.shot_labels import Boundaries, films, tallied
from models import weights
from models.transnetv2 import BoundaryNetwork
from tests.conftest import SAMPLE, MakeVideo


class Stub:
    """A judge that says of every frame what it was told, and remembers what it was asked."""

    def __init__(
        self,
        ends: dict[int, float] | None = None,
        parts: dict[int, float] | None = None,
        is_quick: bool = False,
    ) -> None:
        self.is_quick = is_quick
        self.asked: list[int] = []  # first frame judged in each window
        self.windows: list[NDArray[np.uint8]] = []
        self._ends, self._parts = ends or {}, parts or {}

    def judge(self, windows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        found = np.zeros((2, len(windows), 50), np.float32)
        for row, window in enumerate(windows):
            start = number_of(window[25])
            self.asked.append(start)
            self.windows.append(window)
            for which, said in enumerate((self._ends, self._parts)):
                for frame, probability in said.items():
                    if start <= frame < start + 50:
                        found[which, row, frame - start] = probability
        return found[0], found[1]


NOISE = np.random.default_rng(3).integers(0, 255, (7, 27, 48, 3), np.uint8)


def numbered(number: int) -> NDArray[np.uint8]:
    """A tiny picture of noise with its own number in it."""
    picture = NOISE[number % len(NOISE)].copy()
    picture[0, 0] = number // 65536, number // 256 % 256, number % 256
    return picture


def number_of(picture: NDArray[np.uint8]) -> int:
    high, middle, low = (int(one) for one in picture[0, 0])
    return 65536 * high + 256 * middle + low


def looked(
    judge: Stub, n_frames: int, alone: bool, calm: bool = True
) -> tuple[SecondLook, list[int]]:
    """Give frames to a second look as the scanner does; which cuts it settles on."""
    look = SecondLook(judge, 3.0, 10.0, TransitionSettings(), alone)
    fades, stats = TransitionFinder(TransitionSettings()), StatsCollector()
    cuts: dict[int, None] = {}
    start = most_held = 0
    light = np.random.default_rng(1)
    for number in range(n_frames):
        level = 100 if calm else 60 + 80 * (number // 5 % 2) + light.integers(8)
        luma = np.full((27, 48), level, np.uint8)
        look.add(numbered(number), stats.add(number / 25, luma), [])
        fades.add(luma)
        if number % 32 == 31:
            found = look.settled(fades.found, start, fades.horizon, is_over=False)
            cuts.update(dict.fromkeys(cut for cut in found.cuts if cut < found.horizon))
            assert start <= found.horizon <= fades.horizon
            start = found.horizon
            most_held = max(most_held, len(look._watched._pictures))
    fades.finish()
    found = look.settled(fades.found, start, n_frames, is_over=True)
    assert found.horizon == n_frames
    cuts.update(dict.fromkeys(found.cuts))
    assert most_held < 300
    return look, list(cuts)


def test_alone_it_sees_every_frame_in_the_windows_it_was_taught_with() -> None:
    judge = Stub(ends={9: 0.9, 49: 0.6, 50: 0.9, 99: 0.7, 120: 0.45})
    look, cuts = looked(judge, 230, alone=True)
    assert judge.asked == [0, 50, 100, 150, 200]
    assert look.n_judged == 230
    for start, window in zip(judge.asked, judge.windows, strict=True):
        shown = [number_of(picture) for picture in window]
        assert shown == np.arange(start - 25, start + 75).clip(0, 229).tolist()
    assert cuts == [10, 51, 100]  # 49 and 50 are one boundary, read where it is surest


def test_memory_stays_flat_whatever_is_asked() -> None:
    """Some three hundred tiny pictures at most; `looked` holds it to that."""
    for judge, alone in ((Stub(), True), (Stub(is_quick=True), False), (Stub(), False)):
        look, _ = looked(judge, 1200, alone, calm=False)
        if alone or judge.is_quick:
            assert look.n_judged == 1200
        assert judge.asked == sorted(set(judge.asked))


def test_a_calm_film_is_not_looked_at_again() -> None:
    judge = Stub()
    look, cuts = looked(judge, 500, alone=False)
    assert (judge.asked, look.n_judged, cuts) == ([], 0, [])


def scanned(
    path: Path, judge: Stub | BoundaryNetwork | None, shots: str
) -> tuple[list[ClosedShot], ScanResult]:
    settings = replace(ScanSettings(), shots=shots)  # type: ignore[arg-type]
    scanner = Scanner(settings, judge=judge)
    with open_source(path) as source:
        found = list(scanner.run(source))
    assert scanner.result is not None
    return found, scanner.result


def assert_partition(result: ScanResult) -> None:
    assert result.shots[0].first_frame == 0
    assert result.shots[-1].end_frame == len(result.stats)
    for before, after in pairwise(result.shots):
        assert before.end_frame == after.first_frame
        assert before.ends_with == after.starts_with


class Numbering:
    """Lets a `Stub` know the frames of a real film, by numbering the windows that it is shown."""

    def __init__(self, stub: Stub) -> None:
        self._stub, self.is_quick = stub, stub.is_quick
        self._n_seen = 0

    def judge(self, windows: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        marked = windows.copy()
        for window in marked:
            for row in range(len(window)):
                number = 50 * self._n_seen + row - 25
                window[row, 0, 0] = max(0, number) // 65536, max(0, number) // 256, number % 256
            self._n_seen += 1
        return self._stub.judge(marked)


def test_what_the_network_alone_finds_becomes_shots() -> None:
    """Cuts, and a transition with its extent; frames beside them are set aside."""
    parts = dict.fromkeys(range(300, 321), 0.8)
    stub = Stub(ends={99: 0.8, 310: 0.9, 700: 0.3}, parts={99: 0.6, **parts})
    closed, result = scanned(SAMPLE, Numbering(stub), "neural")  # type: ignore[arg-type]
    assert_partition(result)
    assert [shot.first_frame for shot in result.shots] == [0, 100, 310]
    assert [shot.starts_with for shot in result.shots] == ["edge", "cut", "dissolve"]
    first, second, third = result.shots
    assert (first.clean_end, second.clean_first) == (98, 102)
    assert second.clean_end <= 299
    assert third.clean_first >= 321
    for one in closed:
        for candidate in one.candidates:
            assert one.shot.clean_first <= candidate.ref.frame_id < one.shot.clean_end
    assert result.n_judged == len(result.stats)


def test_sure_cuts_need_no_network(sample_truth: dict[str, Any]) -> None:
    """Most cuts of the sample film stand though the network denies everything it is asked."""
    _, result = scanned(SAMPLE, Stub(), "cascade")
    assert_partition(result)
    assert result.n_judged <= len(result.stats) / 4
    kept = {shot.first_frame for shot in result.shots if shot.starts_with == "cut"}
    assert kept <= set(sample_truth["cuts"])
    assert len(kept) >= 0.7 * len(sample_truth["cuts"])


def flashing(shared_media: Path, make_video: MakeVideo, n_white: int) -> Path:
    """A single shot of a real film with a white flash of some frames in its middle."""
    with open_source(shared_media / "films" / "elephants_dream.mp4") as source:
        shot = [
            frame.rgb(180)[:180, :246] for frame in source.scan() if 165 <= frame.ref.frame_id < 290
        ]
    for row in range(60, 60 + n_white):
        shot[row] = np.full_like(shot[row], 255)
    return make_video(shot, f"flash_{n_white}.mp4")


def test_a_flash_is_no_cut(
    boundary_weights: Path, shared_media: Path, make_video: MakeVideo
) -> None:
    network = BoundaryNetwork.open(may_download=False)
    for n_white in (1, 5):
        path = flashing(shared_media, make_video, n_white)
        _, fast = scanned(path, None, "fast")
        assert [shot.first_frame for shot in fast.shots] == [0, 60, 60 + n_white]
        _, cascade = scanned(path, network, "cascade")
        assert [shot.first_frame for shot in cascade.shots] == [0]
        assert cascade.n_judged in (50, len(cascade.stats))


@pytest.mark.slow
def test_the_cascade_is_as_good_as_the_network_everywhere(
    boundary_weights: Path, shared_media: Path
) -> None:
    """On four hand-labelled films (`benchmarks.shots` has all), from a quarter of the frames at most."""
    names = ("breakfast_at_tiffanys", "chaplin", "elephants_dream", "iron_man")
    pairs = [pair for pair in films(shared_media) if pair[0].stem in names]
    network = BoundaryNetwork.open(may_download=False)
    labels = [Boundaries.labelled(path) for _, path in pairs]
    scores, judged = {}, {}
    for mode in ("cascade", "neural"):
        results = [scanned(film, network, mode)[1] for film, _ in pairs]
        for result in results:
            assert_partition(result)
        found = [Boundaries.of(result.shots) for result in results]
        scores[mode] = [tally.f1 for tally in tallied(zip(labels, found, strict=True))]
        judged[mode] = sum(result.n_judged for result in results)
    assert scores["cascade"][0] >= scores["neural"][0] >= 0.85
    assert scores["cascade"][1] >= scores["neural"][1] >= 0.75
    assert network.is_quick or judged["cascade"] <= judged["neural"] / 4


def test_the_mode_is_part_of_what_was_scanned_and_fast_is_what_it_was() -> None:
    ids = {Settings().scan_id}
    assert "shots" not in Settings().scan.facts
    assert load_settings(None, ['scan.shots="fast"']).scan_id in ids
    for mode in ("cascade", "neural"):
        settings = load_settings(None, [f"scan.shots={mode}"])
        assert settings.scan.facts["shots"] == mode
        ids.add(settings.scan_id)
    assert len(ids) == 3
    with pytest.raises(ConfigError, match="fast, cascade or neural"):
        load_settings(None, ["scan.shots=slow"])


def test_without_its_weights_nothing_is_scanned_in_another_way(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(weights, "cache_dir", lambda: tmp_path)
    monkeypatch.delenv("AVA_MODELS_DIR", raising=False)
    offline = Runtime(may_download=False)
    cascade, still = ScanSettings(shots="cascade"), tmp_path / "still.png"
    Image.new("RGB", (64, 48)).save(still)
    with open_source(still) as source:
        scanner_for(source, cascade, offline, silent)  # pictures have no shots to find
    with open_source(SAMPLE) as source:
        scanner_for(source, ScanSettings(), offline, silent)  # the quick rules need none
        with pytest.raises(WeightsError, match="not on this machine") as caught:
            scanner_for(source, cascade, offline, silent)
    assert caught.value.exit_code == 8
    with pytest.raises(ValueError, match="the judge is None"):
        Scanner(ScanSettings(shots="cascade"))
