"""The embedded service on several processes, through the contract of all services."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import XGate

from qexp.declare.config import Backend, LocalService
from qexp.devices.device import load
from qexp.planning.submission import Job
from qexp.services import State
from qexp.services import link as links
from qexp.services.connect import connect
from qexp.services.pool import Pool
from qexp.services.task import Task
from tests.conftest import ROOT
from tests.embedded import (
    ENDLESS,
    answers,
    built,
    children,
    data,
    experiments,
    ghz,
    part,
    submission,
    ticks,
    until,
    workers,
)

pytestmark = [
    pytest.mark.cold,
    pytest.mark.skipif(
        not Path("/proc/self/stat").exists(), reason="processes are looked up in /proc"
    ),
]


@pytest.fixture(scope="module")
def pool():
    """Two workers, for the tests that leave them as they were."""
    service = connect(LocalService(), 2, expected=2)
    yield service
    service.close()


@pytest.fixture
def own():
    """Two workers of a test's own, already at work."""
    before = set(children(os.getpid()))
    service = connect(LocalService(), 2, expected=2)
    (server,) = set(children(os.getpid())) - before  # numbers start again some time
    until(lambda: len(children(server)) == 2)
    service.server = server
    yield service
    service.close()


def mine():
    """Workers of this process, of all services."""
    return workers(os.getpid())


def busy(service):
    """Workers that compute, as far as there are any."""
    return [worker for worker in children(service.server) if ticks(worker) > 20]


def everything():
    """A dozen submissions, each with options of its own."""
    two = built(*ghz(3).circuits, *ghz(2).circuits)
    mitigated = {"measurement_error_mitigation": True}
    shared = {"share_identical": True}
    return [
        submission(part("plain")),
        submission(part("level", optimization_level=3)),
        submission(part("layout", initial_layout=[4, 3, 2])),
        submission(part("two", circuits=two), part("more", circuits=two)),
        submission(part("mitigated"), **mitigated),
        submission(part("again", optimization_level=3), **mitigated),
        submission(part("ideal"), noise="ideal"),
        submission(part("memory"), memory=True),
        submission(part("seed"), seed_simulator=8),
        submission(part("threads"), max_parallel_threads=2),
        submission(part("shared"), part("twin"), **shared, **mitigated),
        submission(part("third"), **shared),
        submission(part("native"), skip_transpilation=True, noise="ideal"),
        submission(part("bad", circuits=built(QuantumCircuit(2))), **mitigated),
    ]


@pytest.fixture(scope="module")
def expected():
    """What comes of everything in this process."""
    return answers(connect(LocalService(), 1), *everything())


@pytest.mark.parametrize("count", [2, 3])
def test_results_do_not_depend_on_the_number_of_processes(expected, count):
    before = len(mine())
    service = connect(LocalService(), count, expected=count)
    try:
        found = answers(service, *everything())
        started = len(mine()) - before
    finally:
        service.close()
    assert started == count
    assert data(found) == data(expected)
    seeds = [
        {name: one["header"].get("seed_simulator") for name, one in each.items()}
        for each in (found, expected)
    ]
    assert seeds[0] == seeds[1]
    assert found["bad-0"]["status"] == expected["bad-0"]["status"]


def test_two_submitted_tasks_are_enough_for_processes():
    before = mine()
    service = connect(LocalService(), 2)
    try:
        assert len(answers(service, submission(part("a"), part("b")))) == 2
        assert len(mine()) == len(before) + 2
    finally:
        service.close()
    assert mine() == before


def test_processes_stay_for_the_next_batch(pool):
    answers(pool, submission(part("a"), part("b")))
    before = mine()
    names = []
    pool.submit(submission(part("c"), part("d")))
    for arrival in pool.arrivals():
        names += experiments([pool.decode(arrival.raw)])
        if len(names) == 1:
            pool.submit(submission(part("e")))
    assert sorted(names) == ["c-0", "d-0", "e-0"]
    assert list(answers(pool, submission(part("f")))) == ["f-0"]
    assert mine() == before


def test_equal_compilations_are_made_once(pool):
    # more of the same than could be taken from one worker by an idle one
    keys = {f"k{n}": {"optimization_level": 3, "seed_transpiler": n} for n in range(7)}
    parts = [
        part(f"{key}p{n}", key, **compile)
        for n in range(4)
        for key, compile in keys.items()
    ]
    found = answers(pool, submission(*parts))
    compilations = {one["header"]["transpile_seconds"] for one in found.values()}
    assert len(found) == 28
    # an idle worker takes over what is left; two that took anything would make all 14
    assert 7 <= len(compilations) < 14


def test_states_follow_the_tasks(own):
    jobs = [
        own.submit(submission(part(f"p{n}"), noise="aer", shots=ENDLESS))
        for n in range(4)
    ]
    states = until(lambda: _once_two_run(own, jobs))
    assert sorted(state.value for state in states) == ["queued"] * 2 + ["running"] * 2


def _once_two_run(service, jobs):
    states = list(service.states(jobs).values())
    return states if states.count(State.RUNNING) == 2 else None


def test_a_killed_worker_s_task_says_so_and_all_others_are_answered(own):
    own.submit(submission(part("victim", "v"), noise="aer", shots=ENDLESS))
    (running,) = until(lambda: busy(own))
    rest = [own.submit(submission(part(f"p{n}", "v"))) for n in range(6)]
    os.kill(running, signal.SIGKILL)
    found = experiments(own.decode(arrival.raw) for arrival in own.arrivals())
    assert len(found) == 7
    failed = found.pop("victim-0")
    assert failed["success"] is False
    assert failed["status"] == "ERROR: the worker process ended (signal 9)"
    assert failed["header"] == {"name": "victim-0"}
    assert all(one["success"] for one in found.values())
    assert set(own.states(rest).values()) == {State.DONE}
    replaced = until(lambda: len(w := children(own.server)) == 2 and w)
    assert running not in replaced
    assert answers(own, submission(part("after")))["after-0"]["success"]


def test_each_circuit_of_a_killed_part_says_so(own):
    two = built(*ghz(3).circuits, *ghz(2).circuits)
    own.submit(submission(part("victim", circuits=two), noise="aer", shots=ENDLESS))
    (running,) = until(lambda: busy(own))
    os.kill(running, signal.SIGTERM)
    found = experiments(own.decode(arrival.raw) for arrival in own.arrivals())
    assert {name: one["status"] for name, one in found.items()} == dict.fromkeys(
        ["victim-0", "victim-1"], "ERROR: the worker process ended (signal 15)"
    )


def test_idle_workers_that_are_killed_take_nothing_with_them(own):
    for worker in children(own.server):
        os.kill(worker, signal.SIGKILL)
    found = answers(own, submission(*(part(f"p{n}") for n in range(4))))
    assert [one["success"] for one in found.values()] == [True] * 4


def test_the_server_may_be_killed_too(own):
    answers(own, submission(part("a"), part("b")))
    before = children(own.server)
    os.kill(own.server, signal.SIGKILL)
    for worker in before:
        os.kill(worker, signal.SIGKILL)
    found = answers(own, submission(*(part(f"p{n}") for n in range(4))))
    assert [one["success"] for one in found.values()] == [True] * 4


def test_processes_that_cannot_start_fail_the_tasks_and_end(monkeypatch):
    monkeypatch.setattr(links, "_BOOT", "raise SystemExit(1)")
    service = connect(LocalService(), 2, expected=2)
    found = answers(service, submission(*(part(f"p{n}") for n in range(3))))
    service.close()
    assert {one["status"] for one in found.values()} == {
        "ERROR: the worker process ended (it could not be started)"
    }


def test_workers_do_not_hear_ctrl_c(own):
    before = children(own.server)
    for worker in before:
        os.kill(worker, signal.SIGINT)
    assert len(answers(own, submission(part("a"), part("b")))) == 2
    assert children(own.server) == before


def test_ctrl_c_in_a_wait_loses_nothing(own):
    parts = [part(f"p{n}") for n in range(8)]
    own.submit(submission(*parts, shots=20_000))
    names = []
    for round_ in range(2):
        try:
            for arrival in own.arrivals():
                names += experiments([own.decode(arrival.raw)])
                if round_ == 0 and len(names) == 2:
                    os.kill(os.getpid(), signal.SIGINT)
        except KeyboardInterrupt:
            continue
    assert sorted(names) == sorted(f"{one.name}-0" for one in parts)


def test_stop_lets_what_runs_end_and_begins_nothing_more(own):
    # a compilation for each, so that both workers have a queue
    parts = [part(f"p{n}", seed_transpiler=n) for n in range(12)]
    job = own.submit(submission(*parts, noise="aer", shots=1_000_000))
    names = []
    for arrival in own.arrivals():
        names += experiments([own.decode(arrival.raw)])
        if len(names) == 1:
            time.sleep(0.2)  # each worker has a second task by now
            own.stop()
    assert 1 <= len(names) <= 4
    assert own.states([job]) == {job.id: State.CANCELLED}
    assert list(answers(own, submission(part("later")))) == ["later-0"]


def test_a_slow_reader_does_not_hold_the_workers_up(own):
    job = own.submit(submission(*(part(f"p{n}") for n in range(6))))
    arrivals = own.arrivals()
    next(arrivals)
    until(lambda: own.states([job])[job.id] is State.DONE)
    assert len(list(arrivals)) == 5


def test_nothing_is_printed(capfd):
    service = connect(LocalService(), 2, expected=2)
    bad = part("bad", circuits=built(QuantumCircuit(2)))
    mitigated = {"measurement_error_mitigation": True}
    answers(service, submission(part("a"), bad, **mitigated))
    service.close()
    assert capfd.readouterr() == ("", "")


def test_workers_have_one_thread_of_each_library(own):
    variables = (Path("/proc") / str(own.server) / "environ").read_text().split("\0")
    assert {
        "OMP_NUM_THREADS=1",
        "RAYON_NUM_THREADS=1",
        "QISKIT_PARALLEL=FALSE",
    } <= set(variables)


def test_circuits_with_a_class_that_no_module_has_are_refused_with_the_way_out(pool):
    class Hidden(XGate):
        pass

    circuit = QuantumCircuit(1, 1)
    circuit.append(Hidden(), [0])
    circuit.measure(0, 0)
    bad = part("bad", circuits=built(circuit))
    found = answers(pool, submission(bad, part("good")))
    assert "cannot be sent to a worker process" in found["bad-0"]["status"]
    assert "run with one worker" in found["bad-0"]["status"]
    assert found["good-0"]["success"]


def test_a_user_s_own_module_is_found_by_workers_that_were_there_before(
    pool, tmp_path, monkeypatch
):
    answers(pool, submission(part("a"), part("b")))
    (tmp_path / "gates_of_mine.py").write_text(
        "from qiskit.circuit.library import XGate\nclass Mine(XGate):\n    pass\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    from gates_of_mine import Mine

    circuit = QuantumCircuit(1, 1)
    circuit.append(Mine(), [0])
    circuit.measure(0, 0)
    found = answers(pool, submission(part("mine", circuits=built(circuit))))
    assert found["mine-0"]["success"], found["mine-0"]["status"]


def test_the_device_travels_once_to_each_worker():
    import socket
    from multiprocessing.connection import Connection

    from qexp.planning.submission import Job
    from qexp.services.task import Task

    ours, theirs = socket.socketpair()
    link = links.Link(Connection(ours.detach()), os.open(os.devnull, os.O_RDONLY))
    sizes = []
    with Connection(theirs.detach()) as other:
        one = submission(part("a"))
        for number in range(3):
            link.send(number, Task(Job("", "", ""), one, one.parts[0]))
            sizes.append(len(other.recv_bytes()))
    assert sizes[0] > 10_000 > sizes[1] == sizes[2]


PARENT = """
import sys, time
from tests.embedded import ENDLESS, part, submission
from qexp.services.connect import connect

if __name__ != "__main__":
    raise SystemExit("run again")
service = connect(None, 2, expected=2)
service.submit(submission(part("a"), part("b"), noise="aer", shots=ENDLESS))
print("ready", flush=True)
for arrival in service.arrivals():
    print(arrival.raw)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_process_outlives_the_main_one(tmp_path, number):
    script = tmp_path / "main.py"
    script.write_text(PARENT)
    main = subprocess.Popen(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert main.stdout.readline() == b"ready\n"
    started = until(lambda: len(w := workers(main.pid)) == 2 and w)
    # until they are in Aer, where no thread of Python's hears anything
    until(lambda: all(ticks(worker) > 150 for worker in started), 60)
    everyone = [*children(main.pid), *started]
    main.send_signal(number)
    until(lambda: not any(map(_alive, everyone)), 30)
    out, err = main.communicate(timeout=10)
    assert out == b""
    assert b"Traceback" not in err or number == signal.SIGINT


def _alive(pid):
    try:
        status = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2]
    except OSError:
        return False
    return status.split()[0] != "Z"


def test_what_was_called_back_from_a_killed_worker_does_not_begin(own):
    jobs = [
        own.submit(submission(part(f"p{n}", "k"), noise="aer", shots=ENDLESS))
        for n in range(9)
    ]
    running = until(lambda: len(w := busy(own)) == 2 and w)
    own.stop()
    for worker in running:
        os.kill(worker, signal.SIGKILL)
    found = experiments(own.decode(arrival.raw) for arrival in own.arrivals())
    assert [one["success"] for one in found.values()] == [False, False]
    states = list(own.states(jobs).values())
    assert states.count(State.CANCELLED) == 7


def test_a_main_process_that_forgets_to_close_ends_at_once(tmp_path):
    script = tmp_path / "main.py"
    script.write_text(PARENT.replace("for arrival", "raise SystemExit(0)\nfor arrival"))
    done = subprocess.run(
        [sys.executable, str(script)],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        timeout=60,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, b"ready\n", b"")


def test_what_follows_a_task_that_was_called_back_knows_its_device(own):
    # the device travels with the first task of a worker, which may be called back
    for name in ("lima", "quito", "belem", "lima", "bogota", "athens"):
        device = load(Backend(name=f"ibmq_{name}", snapshot=name))
        own.submit(submission(*(part(f"{name}-{n}") for n in range(12)), device=device))
        own.stop()
        found = experiments(own.decode(arrival.raw) for arrival in own.arrivals())
        assert all(one["success"] for one in found.values())


def test_a_worker_that_has_an_unwanted_task_is_ended_and_the_others_are_done():
    pool = Pool(1)
    try:
        slow = submission(part("slow"), noise="aer", shots=ENDLESS)
        for one in (slow, submission(part("quick"))):
            job = Job("local", one.id, one.id)
            pool.put([Task(job, one, each) for each in one.parts])
        until(lambda: pool.running)
        pool.end(lambda task: task.job.id == "slow")
        found = experiments(json.loads(arrival.raw) for arrival in pool.arrivals())
        assert not found["slow-0"]["success"]
        assert found["quick-0"]["success"]
    finally:
        pool.close()


def test_a_task_is_forgotten_though_its_worker_has_not_started():
    pool = Pool(1)
    try:
        one = submission(part("slow"), noise="aer", shots=ENDLESS)
        pool.put([Task(Job("local", "slow", "slow"), one, each) for each in one.parts])
        pool.end(lambda task: True)
        assert list(pool.arrivals()) == []
    finally:
        pool.close()


def test_a_task_that_takes_too_much_memory_fails_alone():
    wide = QuantumCircuit(25)  # its state vector has 512 MiB
    wide.h(range(25))
    wide.measure_all()
    montreal = load(Backend(name="ibmq_montreal", snapshot="montreal"))
    place = {"coupling_map": [[0, 20_000]]}  # and the distances of these 3 GiB
    pool = Pool(1, memory=256 * 2**20)
    try:
        for one in (
            submission(
                part("wide", circuits=built(wide)),
                noise="ideal",
                device=montreal,
                method="statevector",
            ),
            submission(part("far", optimization_level=3, transpiler_options=place)),
            submission(part("small")),
        ):
            job = Job("local", one.id, one.id)
            pool.put([Task(job, one, each) for each in one.parts])
        found = experiments(json.loads(arrival.raw) for arrival in pool.arrivals())
        assert "memory" in found["wide-0"]["status"]
        assert "memory" in found["far-0"]["status"]
        assert found["small-0"]["success"]
    finally:
        pool.close()
