"""Values that another thread gives later."""

from __future__ import annotations

import threading
import time
import tracemalloc
from concurrent.futures import Future

import pytest

from qexp.promise import Promise


@pytest.fixture
def later():
    """Does something in another thread, a moment from now."""
    started = []

    def start(work, *arguments):
        def run():
            time.sleep(0.05)
            work(*arguments)

        started.append(threading.Thread(target=run))
        started[-1].start()

    yield start
    for thread in started:
        thread.join()


def test_who_asks_waits_for_the_value(later):
    promise, other = Promise(), Promise()
    assert not promise.done()
    later(promise.set_result, None)  # a value, too
    later(other.set_result, "x")
    assert other.result() == "x"
    assert promise.result() is None
    assert promise.exception() is None


def test_an_error_is_raised_where_the_value_is_asked_for(later):
    promise = Promise()
    later(promise.set_exception, KeyError("no"))
    assert isinstance(promise.exception(), KeyError)
    with pytest.raises(KeyError):
        promise.result()


def test_what_is_known_is_not_waited_for():
    assert Promise("x").result() == "x"


def test_it_is_waited_for_no_longer_than_one_wants():
    with pytest.raises(TimeoutError):
        Promise().result(0.01)


def _size(make):
    tracemalloc.start()
    kept = [make() for _ in range(100)]
    found = tracemalloc.get_traced_memory()[0]
    tracemalloc.stop()
    return found / len(kept)


def test_it_takes_a_tenth_of_the_memory_of_a_future():
    assert _size(Promise) < _size(Future) / 10
