"""Linear algebra on one thread: the matrices here are small, and threads that wait for each other
on a busy machine cost more than they bring.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """Until the block ends, BLAS uses one thread; k-means keeps its own."""
    from threadpoolctl import threadpool_limits

    with threadpool_limits(limits=1, user_api="blas"):
        yield
