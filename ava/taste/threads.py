"""Numerics on one thread: the matrices here are small, and threads that wait for each other on a
busy machine cost more than they bring.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_thread() -> Iterator[None]:
    """Until the block ends, BLAS and OpenMP use one thread: k-means runs in a third of the time."""
    import sklearn.utils  # noqa: F401 - brings its OpenMP along: what is not there is not limited
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1):
        yield
