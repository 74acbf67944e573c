"""Many titles: two hundred with broken ones among them, and damaged ones only."""

from __future__ import annotations

from pathlib import Path

import av
import pytest

from ava.catalog.upkeep import verify
from tests.mutations import write_mutations
from tests.small_titles import (
    batch,
    broken_files,
    copies,
    report_of,
    sample_clips,
    write_catalog,
)


def remuxed(clip: Path, suffix: str) -> Path:
    """The same stream in another container."""
    path = clip.with_suffix(suffix)
    with av.open(str(clip)) as box, av.open(str(path), "w") as out:
        stream = out.add_stream_from_template(box.streams.video[0])
        for packet in box.demux(video=0):
            if packet.dts is not None:
                packet.stream = stream
                out.mux(packet)
    return path


@pytest.mark.slow
def test_two_hundred_titles_with_thirty_broken_ones(tmp_path: Path) -> None:
    clip = sample_clips(tmp_path / "clips", 1, n_frames=3)[0]
    broken = list(broken_files(tmp_path / "broken", clip).items())
    films = {f"good {at:03d}": one for at, one in enumerate(copies(clip, tmp_path / "copies", 170))}
    bad = {
        f"{broken[at % len(broken)][0]} {at:02d}": broken[at % len(broken)][1] for at in range(30)
    }
    mixed = list(films.items())
    for at, one in enumerate(bad.items()):
        mixed.insert(at * 6, one)
    catalog = write_catalog(tmp_path / "c.csv", dict(mixed))
    library = tmp_path / "library"
    assert batch(catalog, library, "--jobs", "2").returncode == 6
    report = report_of(library)
    assert report["counts"]["partial"] == 170
    assert report["counts"]["failed"] == 30
    assert {one["title_id"] for one in report["titles"] if one["status"] == "failed"} == set(bad)
    assert all(
        one["reason"] and one["hint"] for name, one in report["by_title"].items() if name in bad
    )
    states = verify(library, rehash=False)
    assert len(states) == 170
    assert all(one.is_whole for one in states)
    peaks = [one["peak_memory_bytes"] for one in report["titles"] if one["status"] == "partial"]
    assert max(peaks[-40:]) < 1.15 * max(peaks[10:50])
    assert report["n_retries"] == 0


@pytest.mark.slow
def test_damaged_files_end_with_an_error_of_ours(tmp_path: Path) -> None:
    clip = sample_clips(tmp_path / "clips", 1, n_frames=8)[0]
    files = [clip, remuxed(clip, ".mkv"), remuxed(clip, ".ts")]
    films = write_mutations(files, tmp_path / "damaged", 64, seed=11)
    catalog = write_catalog(tmp_path / "c.csv", films)
    done = batch(
        catalog, tmp_path / "library", "--jobs", "2", "--max-time", "60", "--max-memory", "4G"
    )
    assert done.returncode == 6
    report = report_of(tmp_path / "library")
    causes = {name: one["cause"] for name, one in report["by_title"].items()}
    assert set(causes.values()) <= {"", "media", "nothing"}, report["titles"]
    assert sum(1 for one in causes.values() if one) > 5
    assert sum(1 for one in causes.values() if not one) > 5
    assert report["n_retries"] == 0
