"""``ava doctor``."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Literal

from ava.cli.output import show_table
from ava.core.errors import AvaError, ConfigError

_LIBRARIES = {
    "ai_edge_litert": "ai-edge-litert",
    "av": "av",
    "cv2": "opencv-python",
    "mediapipe": "mediapipe",
    "onnxruntime": "onnxruntime",
    "skimage": "scikit-image",
    "torch": "torch",
    "torchvision": "torchvision",
    "pyarrow": "pyarrow",
    "duckdb": "duckdb",
    "ibis": "ibis-framework",
    "sklearn": "scikit-learn",
}


@dataclass(frozen=True)
class Check:
    """One line of the checkup."""

    verdict: Literal["ok", "note", "bad"]
    what: str
    found: str
    hint: str = ""


def doctor() -> None:
    """Check that everything ava stands on is there and fits together."""
    bad = 0
    rows = []
    for check in checks():
        bad += check.verdict == "bad"
        rows.append([check.verdict, check.what, check.found, check.hint])
    show_table(["", "What", "Found", "What to do"], rows)
    if bad:
        raise ConfigError(f"{bad} of the checks failed", "see the table above")


def checks() -> Iterator[Check]:
    """All checks, one after the other."""
    ok = sys.version_info >= (3, 11)
    hint = "" if ok else "use Python 3.11 or newer"
    yield Check("ok" if ok else "bad", "Python", sys.version.split()[0], hint)
    for module, package in _LIBRARIES.items():
        yield _library(module, package)
    yield _opencv_pair()
    yield _mediapipe_native()
    yield from _weights()
    yield _scorers()


def _library(module: str, package: str) -> Check:
    try:
        importlib.import_module(module)
        return Check("ok", package, version(package))
    except PackageNotFoundError:
        return Check("bad", package, "not installed", f"pip install {package}")
    except (ImportError, OSError) as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        hint = "install the system library it names" if ".so" in first_line else "install it again"
        return Check("bad", package, f"cannot be imported: {first_line}", hint)


def _opencv_pair() -> Check:
    """Both OpenCV packages write the same files; only equal versions can live together."""
    try:
        pair = version("opencv-python"), version("opencv-contrib-python")
    except PackageNotFoundError as error:
        return Check("bad", "OpenCV packages", f"{error.name} is missing", "install ava again")
    if pair[0] == pair[1]:
        return Check("ok", "OpenCV packages", f"both {pair[0]}")
    found = f"opencv-python {pair[0]}, opencv-contrib-python {pair[1]}"
    return Check("bad", "OpenCV packages", found, "install both in the same version")


def _mediapipe_native() -> Check:
    """FaceLandmarker's native library is loaded late, and wants EGL and GLES; no other needs it."""
    try:
        bindings = importlib.import_module("mediapipe.tasks.python.core.mediapipe_c_bindings")
        bindings.load_shared_library(())
    except (ImportError, OSError) as error:
        first_line = (str(error).splitlines() or [type(error).__name__])[0]
        hint = "on Debian: apt-get install libegl1 libgles2; until then FaceLandmarker cannot run"
        return Check("note", "MediaPipe's native library", first_line, hint)
    return Check("ok", "MediaPipe's native library", "loads")


def _weights() -> Iterator[Check]:
    from models.weights import cards, find

    for name, card in cards().items():
        try:
            path = find(name)
        except AvaError as error:
            yield Check("bad", name, error.message, error.hint or "")
            continue
        if path is None:
            yield Check("note", name, "not on this machine", f"ava models pull {name}")
        else:
            folder = "AVA_MODELS_DIR" if _is_own(str(path)) else "cache"
            yield Check("ok", name, f"{card.file} ({folder})")


def _is_own(path: str) -> bool:
    own = os.environ.get("AVA_MODELS_DIR")
    return bool(own) and path.startswith(str(own))


def _scorers() -> Check:
    from ava.scoring.registry import installed

    try:
        registry = installed()
    except AvaError as error:
        return Check("bad", "scorers", error.message, error.hint or "")
    names = ", ".join(scorer.card.name for scorer in registry.scorers)
    return Check("ok", "scorers", names)
