"""What several tests share: where the media are, and one ranked sample film."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator
from fractions import Fraction
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar

import hypothesis
import numpy as np
import pytest
from numpy.typing import NDArray

from ava.core.errors import WeightsError
from ava.core.threads import keep_threads_quiet
from ava.scoring.contract import Runtime

# Two tests run at a time: a thread that waits by spinning keeps the other from its core. The
# processes that run them, and all commands, get this with the environment.
keep_threads_quiet()
# How long an example takes says more of the machine than of the code.
hypothesis.settings.register_profile("ava", deadline=None)
hypothesis.settings.load_profile("ava")

ROOT = Path(__file__).parent.parent
SAMPLE = ROOT / "sample_media" / "sample_film.mp4"
SHARED = ROOT.parent / "shared"


def skip(reason: str) -> NoReturn:
    """Skip with a reason; with AVA_NO_SKIP=1 a missing thing is a failure."""
    if os.environ.get("AVA_NO_SKIP") == "1":
        pytest.fail(f"AVA_NO_SKIP=1, and {reason}")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def shared_media() -> Path:
    if not (SHARED / "media").is_dir():
        skip("the shared test media are not here")
    return SHARED / "media"


@pytest.fixture(scope="session")
def shared_models() -> Path:
    if not (SHARED / "models").is_dir():
        skip("the shared official weights are not here")
    return SHARED / "models"


@pytest.fixture(scope="session")
def sample_truth() -> dict[str, Any]:
    truth: dict[str, Any] = json.loads(SAMPLE.with_suffix(".json").read_text("utf-8"))
    return truth


@pytest.fixture(scope="session")
def ranked_sample(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """The sample film, ranked once for all tests; they must not change its folder."""
    import ava

    return ava.rank(SAMPLE, tmp_path_factory.mktemp("library"), top=10)


@pytest.fixture(scope="session")
def ranked_films(shared_media: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The real films, each ranked once for all tests; they must not change the folders."""
    import ava

    library = tmp_path_factory.mktemp("films")
    films = sorted((shared_media / "films").iterdir())
    films.append(shared_media / "labelled" / "stitched.mp4")
    return {film.stem: ava.rank(film, library, top=12) for film in films}


@pytest.fixture(scope="session")
def photographs() -> dict[str, NDArray[np.uint8]]:
    """Real photographs that come inside scikit-image and scikit-learn, at 540 lines."""
    import cv2
    from skimage import data
    from sklearn.datasets import load_sample_image

    pictures = {
        "astronaut": data.astronaut(),
        "coffee": data.coffee(),
        "cat": data.cat(),
        "rocket": data.rocket(),
        "motorcycle": data.stereo_motorcycle()[0],
        "china": load_sample_image("china.jpg"),
        "flower": load_sample_image("flower.jpg"),
        "ihc": data.immunohistochemistry(),
    }
    return {
        name: cv2.resize(
            picture,
            (round(picture.shape[1] * 540 / picture.shape[0]), 540),
            interpolation=cv2.INTER_AREA if picture.shape[0] > 540 else cv2.INTER_CUBIC,
        ).astype(np.uint8)
        for name, picture in pictures.items()
    }


@pytest.fixture(scope="session")
def text_weights() -> None:
    _weights("text_detection_ppocr")


@pytest.fixture(scope="session")
def person_weights() -> None:
    _weights("person_mask")


@pytest.fixture(scope="session")
def body_weights() -> None:
    _weights("body_joints")


def _weights(name: str) -> Path:
    from models.weights import require

    try:
        return require(name)
    except WeightsError as error:
        skip(error.message)


@pytest.fixture(scope="session")
def identity_weights() -> Path:
    return _weights("face_identity_dlib")


@pytest.fixture(scope="session")
def boundary_weights() -> Path:
    return _weights("shot_boundaries_transnetv2")


class Opens(Protocol):
    """An analyser, or a scorer."""

    def open(self, runtime: Runtime, /) -> None: ...

    def close(self) -> None: ...


Opened = TypeVar("Opened", bound=Opens)


def opened(made: Opened) -> Iterator[Opened]:
    """It, opened, for as long as a fixture lasts; skips where its weights cannot be had."""
    try:
        made.open(Runtime())
    except WeightsError as error:
        skip(error.message)
    yield made
    made.close()


def encode(
    path: Path,
    pictures: list[NDArray[np.uint8]],
    rate: int = 24,
    pts: list[int] | None = None,
    sample_aspect: Fraction | None = None,
) -> Path:
    """Encode pictures as an H.264 file."""
    import av

    with av.open(str(path), "w") as box:
        stream = box.add_stream("libx264", rate=rate)
        stream.height, stream.width = pictures[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = {"crf": "12", "g": "24"}
        if sample_aspect is not None:
            stream.codec_context.sample_aspect_ratio = sample_aspect
        for index, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame.time_base = Fraction(1, rate)
            frame.pts = index if pts is None else pts[index]
            box.mux(stream.encode(frame))
        box.mux(stream.encode(None))
    return path


MakeVideo = Callable[..., Path]


@pytest.fixture
def make_video(tmp_path: Path) -> MakeVideo:
    """Encodes pictures in the test's own folder; see `encode`."""

    def make(pictures: list[NDArray[np.uint8]], name: str = "made.mp4", **options: Any) -> Path:
        return encode(tmp_path / name, pictures, **options)

    return make
