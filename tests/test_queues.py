"""Which worker runs which task."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from qexp.services.queues import Queues


@dataclass(frozen=True)
class Task:
    key: str
    n: int = 0


@pytest.fixture
def queues():
    made = Queues()
    made.add_worker()
    made.add_worker()
    return made


def put(queues, text):
    """Tasks whose keys are the letters, numbered."""
    for n, key in enumerate(text):
        queues.put(Task(key, n))


def taken(queues, worker, count):
    return "".join(queues.take(worker).key for _ in range(count))


def test_equal_keys_go_to_one_worker_and_new_ones_to_the_shorter_queue(queues):
    put(queues, "aabaac")
    assert (queues.waiting(0), queues.waiting(1)) == (4, 2)
    assert taken(queues, 1, 2) == "bc"
    assert taken(queues, 0, 4) == "aaaa"


def test_what_a_worker_runs_counts_as_its_queue(queues):
    put(queues, "ab")
    taken(queues, 0, 1)
    taken(queues, 1, 1)
    queues.finished(1)
    put(queues, "c")
    assert queues.waiting(1) == 1


def test_a_group_moves_as_a_whole_and_stays():
    queues = Queues()
    queues.add_worker()
    put(queues, "abab")
    thief = queues.add_worker()
    assert taken(queues, 0, 1) == "a"
    assert queues.take(thief) == Task("b", 1)
    assert queues.waiting(thief) == 1
    queues.put(Task("b", 9))
    assert queues.waiting(thief) == 2
    assert queues.waiting(0) == 1


def test_single_tasks_are_taken_rather_than_staying_idle(queues):
    put(queues, "aaaa")
    assert queues.take(0) == Task("a", 0)
    assert queues.take(1) == Task("a", 3)
    assert queues.take(0) == Task("a", 1)
    assert queues.take(1) == Task("a", 2)
    assert queues.take(1) is None


def test_a_thief_prefers_what_it_has_compiled():
    queues = Queues()
    queues.add_worker()
    put(queues, "abab")
    taken(queues, 0, 2)  # both have begun
    thief = queues.add_worker()
    assert queues.take(thief) == Task("b", 3)
    put(queues, "ba")
    assert queues.take(thief).key == "b"


def test_a_replaced_worker_begins_with_what_came_back(queues):
    put(queues, "aaa")
    first = queues.take(0)
    second = queues.take(0)
    queues.replaced(0, [second])
    assert queues.take(0) == second
    assert first != second
    # nothing has begun at the new process but this
    assert queues.take(0) == Task("a", 2)


def test_unwanted_tasks_are_taken_out(queues):
    put(queues, "abab")
    assert {task.key for task in queues.drop(lambda task: task.key == "a")} == {"a"}
    assert len(queues) == 2


STEPS = st.lists(
    st.tuples(st.just("put"), st.sampled_from("abcdef"))
    | st.tuples(st.sampled_from(["take", "lost"]), st.integers(0, 1)),
    max_size=60,
)


@given(STEPS)
def test_each_task_is_handed_out_once(steps):
    """Whoever takes, and whichever process is lost with what it had."""
    queues, out, put = Queues(), {0: [], 1: []}, []
    for _ in out:
        queues.add_worker()
    for n, (what, which) in enumerate(steps):
        if what == "put":
            put.append(Task(which, n))
            queues.put(put[-1])
        elif what == "take" and (task := queues.take(which)) is not None:
            out[which].append(task)
        elif what == "lost":
            queues.replaced(which, out[which])
            out[which] = []
    done = [task for some in out.values() for task in some]
    while (task := queues.take(1)) is not None:
        done.append(task)
    assert sorted(done, key=lambda task: task.n) == put
    assert len(queues) == 0
