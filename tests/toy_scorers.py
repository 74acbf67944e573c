"""Scorers that another process must be able to import: pytest gives test files names of its own."""

from __future__ import annotations

import os
import threading
import time

import numpy as np
from numpy.typing import NDArray

from ava.core.frame_batch import FrameBatch
from ava.scoring.analyses import Analyses
from ava.scoring.contract import Runtime
from tests.test_scoring import Brightness


class SlowAtTimes(Brightness):
    """The first batch takes longest, so that others overtake it."""

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        if frames.frame_ids[0] == 0:
            time.sleep(0.5)
        return super().score(frames, found)


class Dies(Brightness):
    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        os._exit(3)


class HasThread(SlowAtTimes):
    """As a library does that waits for work in a thread of its own."""

    def open(self, runtime: Runtime) -> None:
        threading.Thread(target=threading.Event().wait, daemon=True).start()


class Waits(Brightness):
    """It is never done."""

    def score(self, frames: FrameBatch, found: Analyses, /) -> dict[str, NDArray[np.float32]]:
        time.sleep(600)
        return {}


class OpensForever(Brightness):
    """Its weights are large, and the network is slow."""

    def open(self, runtime: Runtime) -> None:
        time.sleep(600)
