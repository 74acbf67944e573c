"""Catalogs of very short titles, real and broken, for tests of whole runs."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.source.opening import open_source
from tests.conftest import SAMPLE, encode

AVA = [sys.executable, "-c", "from ava.cli.app import main; main()"]
LIGHT = ["--set", "ranking.top=2", "--set", "ranking.canvases.names=['2:3']", "--offline"]
_STEP = 30
_SIZE = (240, 136)


def sample_clips(folder: Path, n: int, n_frames: int = 12) -> list[Path]:
    """Clips of the sample film, each from another place, so that no two have the same content."""
    folder.mkdir(parents=True, exist_ok=True)
    pictures: list[NDArray[np.uint8]] = []
    with open_source(SAMPLE) as source:
        for frame in source.scan():
            if len(pictures) >= 8 * _STEP + n_frames:
                break
            small = cv2.resize(frame.rgb(180), _SIZE, interpolation=cv2.INTER_AREA)
            pictures.append(small.astype(np.uint8))
    clips = []
    for at in range(n):
        start = _STEP * (at % 8)
        light = 1 - 0.02 * (at // 8)
        part = [(one * light).astype(np.uint8) for one in pictures[start : start + n_frames]]
        clips.append(encode(folder / f"clip_{at:03d}.mp4", part))
    return clips


def broken_files(folder: Path, clip: Path) -> dict[str, Path]:
    """Files that cannot be ranked, by what is wrong with them."""
    folder.mkdir(parents=True, exist_ok=True)
    whole = clip.read_bytes()
    made = {
        "truncated": whole[: len(whole) // 3],  # before its index, which is at the end
        "zero": b"",
        "text": b"This is not a film. " * 200,
        "wrong_ending": np.random.default_rng(1).bytes(5000),
    }
    files = {}
    for name, data in made.items():
        files[name] = folder / f"{name}.mp4"
        files[name].write_bytes(data)
    files["sound_only"] = _sound(folder / "sound_only.mp4")
    files["black"] = encode(folder / "black.mp4", [np.zeros((90, 160, 3), np.uint8)] * 12)
    files["dangling"] = folder / "dangling.mp4"
    files["dangling"].symlink_to(folder / "nowhere.mp4")
    files["pipe"] = folder / "pipe.mp4"
    os.mkfifo(files["pipe"])
    files["missing"] = folder / "missing.mp4"
    return files


def _sound(path: Path) -> Path:
    import av

    with av.open(str(path), "w") as box:
        stream = box.add_stream("aac", rate=16000)
        samples = (np.sin(np.arange(16000) / 20)[None] * 0.3).astype(np.float32)
        frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
        frame.rate = 16000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            box.mux(packet)
    return path


def write_catalog(path: Path, films: dict[str, Path], **columns: dict[str, str]) -> Path:
    """A CSV catalog of films by title."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["title_id", "path", *columns])
        for name, film in films.items():
            writer.writerow([name, film, *(one.get(name, "") for one in columns.values())])
    return path


def light_environment(tmp_path: Path) -> dict[str, str]:
    """One without weights: titles are ranked in half a second, and are partial for it."""
    return {**os.environ, "AVA_MODELS_DIR": "", "XDG_CACHE_HOME": str(tmp_path / "no-weights")}


def batch(
    catalog: Path, library: Path, *words: str, timeout: float = 200, **kwargs: Any
) -> subprocess.CompletedProcess[str]:
    """``ava batch`` with light settings, to its end."""
    command = [*AVA, "batch", str(catalog), "-o", str(library), *LIGHT, *words]
    environment = light_environment(catalog.parent)
    return subprocess.run(
        command, capture_output=True, text=True, timeout=timeout, env=environment, **kwargs
    )


def start_batch(catalog: Path, library: Path, *words: str) -> subprocess.Popen[str]:
    """The same, in a process group of its own that a test may kill."""
    return subprocess.Popen(
        [*AVA, "batch", str(catalog), "-o", str(library), *LIGHT, *words],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=light_environment(catalog.parent),
        start_new_session=True,
    )


def tree(pid: int) -> list[int]:
    """A process and all that came from it."""
    from ava.catalog.engines.work import tree_of

    return tree_of(pid)


def kill_tree(process: subprocess.Popen[str]) -> None:
    """SIGKILL for a run and all its workers, as when the machine loses power."""
    for pid in tree(process.pid):
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
    process.wait(30)
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.close()
    process.stderr.close()


def report_of(library: Path) -> dict[str, Any]:
    """The report of the latest run, its titles by name."""
    facts: dict[str, Any] = json.loads((library / "batch.json").read_text("utf-8"))
    facts["by_title"] = {one["title_id"]: one for one in facts["titles"]}
    return facts


def contents(library: Path) -> dict[str, bytes]:
    """What a library holds that must not depend on how it came about.

    The manifest has times of work in it, and the pages and tables of title.json say where the
    library lies; everything else is compared byte by byte.
    """
    kept = {}
    for path in sorted(library.rglob("*")):
        name = path.relative_to(library).as_posix()
        if not path.is_file() or name.startswith(".ava") or "/" not in name:
            continue
        if path.name != "manifest.json":
            kept[name] = path.read_bytes()
    return kept


def wait_for(condition: Any, seconds: float, what: str) -> None:
    """Wait until something is so, but not for ever."""
    ends = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < ends, f"after {seconds:g} s still not: {what}"
        time.sleep(0.02)


def copies(clip: Path, folder: Path, n: int) -> list[Path]:
    """Copies of a clip that differ in a byte after its end, and so in content."""
    folder.mkdir(parents=True, exist_ok=True)
    made = []
    for at in range(n):
        path = folder / f"copy_{at:03d}.mp4"
        shutil.copy2(clip, path)
        with path.open("ab") as file:
            file.write(at.to_bytes(4, "big"))
        made.append(path)
    return made
