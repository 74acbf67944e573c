"""Decoding ahead: the same pictures, the same errors, and nothing that goes on after the end."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import closing

import pytest

from ava.core.errors import DecodeError
from ava.source.ahead import ahead
from ava.source.opening import open_source
from tests.conftest import SAMPLE


def test_all_in_order_and_made_before_they_are_asked_for() -> None:
    made: list[int] = []

    def ones() -> Iterator[int]:
        for number in range(50):
            made.append(number)
            yield number

    with closing(ahead(ones(), 3)) as found:
        assert next(found) == 0
        deadline = time.monotonic() + 5
        while len(made) < 3 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert 3 <= len(made) < 10  # ahead, but not the whole film
        assert list(found) == list(range(1, 50))


def test_an_error_comes_in_its_place() -> None:
    def ones() -> Iterator[int]:
        yield 1
        raise DecodeError("torn", "copy it again")

    with closing(ahead(ones(), 3)) as found:
        assert next(found) == 1
        with pytest.raises(DecodeError, match="torn"):
            next(found)


def test_closing_ends_the_thread_and_what_it_reads() -> None:
    closed = threading.Event()

    def ones() -> Iterator[int]:
        try:
            yield from range(1_000_000)
        finally:
            closed.set()

    found = ahead(ones(), 3)
    assert next(found) == 0
    found.close()
    assert closed.is_set()
    assert not [one for one in threading.enumerate() if one.name == "decoding ahead"]


def test_a_scan_that_is_broken_off_leaves_nothing_open() -> None:
    with open_source(SAMPLE) as source:
        for keys in (False, True):
            pictures = source.key_frames() if keys else source.scan()
            assert next(iter(pictures)).ref.frame_id == 0
            del pictures  # what the film is read from is closed by this
            assert not [one for one in threading.enumerate() if one.name == "decoding ahead"]
