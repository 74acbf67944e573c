"""Bare skin that keeps a frame off a page, by NudeNet: only where it is installed and asked for.

NudeNet's package and weights are under the AGPL. Neither is part of ava or of its default install,
and none of its code is run here: only the network in its package is, in ONNX Runtime.
"""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray

from ava.core.errors import ConfigError
from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Column, Runtime, ScorerCard
from scorers.pictures import Floats, per_frame

_PACKAGE, _NETWORK = "nudenet", "320n.onnx"
_SIDE_PX = 320
_N_BOX = 4  # of every place the network looks at: its box, then how surely it is each class
_EXPOSED = (2, 3, 4, 6, 14)  # buttocks, female breast, female genitalia, anus, male genitalia


class MaturityScorer:
    """Nudity, as a soft watch-out."""

    card: ClassVar[ScorerCard] = ScorerCard(
        name="maturity",
        version=1,
        family="filters",
        height_px=320,
        columns=(
            Column(
                "nudity", "confidence", 0, 1, "less",
                "How surely uncovered breasts, buttocks or genitals are seen; statues and paintings count, too.",
            ),
        ),
    )  # fmt: skip

    def __init__(self) -> None:
        self._session: Any = None

    def open(self, runtime: Runtime) -> None:
        """Load the network.

        Raises
        ------
        ConfigError
            When the package is not installed: who asks for this must not get a sheet without it.
        """
        spec = find_spec(_PACKAGE)
        path = Path(spec.origin).parent / _NETWORK if spec and spec.origin else None
        if path is None or not path.is_file():
            raise ConfigError(
                "maturity was asked for, and the package nudenet is not installed",
                "pip install 'ava-artwork[maturity]' (AGPL), or leave --maturity out",
            )
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = runtime.n_threads
        options.log_severity_level = 3
        self._session = onnxruntime.InferenceSession(
            str(path), options, providers=["CPUExecutionProvider"]
        )

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, Floats]:
        """See `ava.scoring.contract.Scorer.score`."""

        def measure(
            picture: NDArray[np.uint8], row: int
        ) -> dict[str, float | NDArray[np.floating]]:
            return {"nudity": float(self.confidence(picture)[list(_EXPOSED)].max())}

        return per_frame(self.card, frames, measure)

    def confidence(self, picture: NDArray[np.uint8]) -> NDArray[np.float32]:
        """How surely each of NudeNet's 18 classes is seen anywhere, 0..1, shape (18,)."""
        height, width = picture.shape[:2]
        side = max(height, width)
        square = np.zeros((side, side, 3), np.uint8)
        square[:height, :width] = picture
        small = cv2.resize(square, (_SIDE_PX, _SIDE_PX), interpolation=cv2.INTER_LINEAR)
        # The package turns its pictures twice, and so hands the network blue first.
        tensor = small[:, :, ::-1].astype(np.float32).transpose(2, 0, 1)[None] / 255
        name = self._session.get_inputs()[0].name
        places = self._session.run(None, {name: np.ascontiguousarray(tensor)})[0][0]
        best: NDArray[np.float32] = places[_N_BOX:].max(axis=1)
        return best.clip(0, 1)

    def close(self) -> None:
        """Let go of the session."""
        self._session = None
