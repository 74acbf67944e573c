"""What the environment tells libraries of threads; read when they are loaded, so set before that."""

from __future__ import annotations

import os

ONE_THREAD = {"OPENBLAS_NUM_THREADS": "1", "OPENCV_FOR_THREADS_NUM": "1"}
"""Matrices and pictures here are small: a second thread costs more to wait for than it brings (a
product of 40 × 144 and 144 × 374 numbers takes 0.2 ms on one, 8 ms on two of a busy machine), and
decoding and scoring keep the other cores busy.
"""


def keep_threads_quiet() -> None:
    """Let libraries use one thread each, and let OpenMP's sleep, where nobody has said otherwise.

    OpenMP's threads wait by spinning, which on a machine that others use, too, takes three times as
    long.
    """
    for variable, value in {"OMP_WAIT_POLICY": "PASSIVE", **ONE_THREAD}.items():
        os.environ.setdefault(variable, value)
