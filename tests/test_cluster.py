"""The embedded service on a Dask cluster: the same answers, whoever is lost."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading

import pytest
from qiskit import QuantumCircuit
from qiskit.circuit import Gate
from qiskit.circuit.library import XGate

from qexp.declare.config import LocalService
from qexp.errors import ConfigError, ServiceError
from qexp.services import State
from qexp.services.connect import connect
from tests.clustering import ON_A_WORKER, cluster
from tests.conftest import qexp_process
from tests.embedded import answers, built, data, ghz, part, submission, until
from tests.sweeps import Logged

pytest.importorskip("distributed")

GRID = (
    "+experiment=ghz",
    "backend=ibmq_manila",
    "seed=7",
    "options.shots=200",
    "tracking.pictures=none",
    "grid.options.optimization_level=[0,1,2,3]",
    "grid.options.rep_delay=[5e-5,1e-4,2.5e-4]",
)


@pytest.fixture(scope="module")
def two(tmp_path_factory):
    """A cluster of two workers, for tests that leave it as it was."""
    with cluster(tmp_path_factory.mktemp("dask"), 2) as made:
        yield made


def on(made):
    return connect(LocalService(executor="dask", scheduler=made.address))


def many(shots=100):
    """Submissions of several compilations, some of which fail."""
    two = built(*ghz(3).circuits, *ghz(2).circuits)
    return [
        *(
            submission(part(f"l{k}", optimization_level=k), shots=shots)
            for k in range(4)
        ),
        submission(part("two", circuits=two), part("more", circuits=two)),
        submission(part("mitigated"), measurement_error_mitigation=True),
        submission(part("ideal"), noise="ideal"),
        submission(part("bad", circuits=built(QuantumCircuit(2)))),
        *(submission(part(f"s{k}"), seed_simulator=k) for k in range(20)),
    ]


@pytest.fixture(scope="module")
def expected():
    return answers(connect(LocalService(), 1), *many())


def test_answers_are_those_of_one_process(two, expected):
    service = on(two)
    try:
        found = answers(service, *many())
    finally:
        service.close()
    assert data(found) == data(expected)
    assert found["bad-0"]["status"] == expected["bad-0"]["status"]
    assert len(found) == len(expected)


def test_a_cluster_of_our_own(expected):
    service = connect(LocalService(executor="dask", workers=1))
    try:
        found = answers(service, *many())
    finally:
        service.close()
    assert data(found) == data(expected)


class Sent(Gate):
    """A gate that is another one where it is read."""

    def __init__(self):
        super().__init__("sent", 1, [])

    def to_matrix(self):
        return XGate().to_matrix()

    def __deepcopy__(self, memo):
        return self

    copy = __copy__ = lambda self, *_: self


class Slow(Sent):
    """A gate that takes its time to be read by a worker."""

    def __reduce__(self):
        return slowly, ()


def slowly():
    import time

    time.sleep(0.5)
    return XGate()


def slow():
    return of(Slow())


def of(gate):
    circuit = QuantumCircuit(1)
    circuit.append(gate, [0])
    circuit.measure_all()
    return built(circuit)


def test_what_a_killed_worker_had_is_done_by_others(tmp_path):
    jobs, same = (
        [submission(part(f"p{k}", circuits=one)) for k in range(12)]
        for one in (slow(), of(XGate()))
    )
    expected = answers(connect(LocalService(), 1), *same)
    with cluster(tmp_path, 3) as made:
        service = on(made)
        found = {}

        def collect():
            found.update(answers(service, *jobs))

        thread = threading.Thread(target=collect)
        thread.start()
        until(lambda: service.running)
        made.kill(made.workers[0])
        thread.join(timeout=60)
        service.close()
    assert data(found) == data(expected)


def test_what_kills_every_worker_is_given_up(tmp_path):
    with cluster(tmp_path, 3) as made:
        service = on(made)
        found = answers(
            service,
            submission(part("bad", circuits=of(Deadly()))),
            submission(part("p")),
        )
        service.close()
    assert "the workers that had it ended" in found["bad-0"]["status"]
    assert found["p-0"]["success"]


class Deadly(Sent):
    """A gate that no worker survives."""

    def __reduce__(self):
        return die, ()


def die():
    if ON_A_WORKER in os.environ:
        os._exit(1)
    return XGate()


def test_without_its_scheduler_nothing_is_waited_for(tmp_path):
    jobs = [submission(part(f"p{k}", circuits=slow())) for k in range(8)]
    with cluster(tmp_path, 1) as made:
        service = on(made)
        for one in jobs:
            service.submit(one)
        arrivals = service.arrivals()
        next(arrivals)
        made.kill(made.scheduler)
        with pytest.raises(
            ServiceError, match=r"scheduler is gone.*qexp resume goes on"
        ):
            list(arrivals)
        service.close()


def test_tasks_can_be_forgotten(two):
    service = on(two)
    jobs = [
        service.submit(submission(part(f"p{k}", circuits=slow()))) for k in range(20)
    ]
    service.stop()
    assert len(list(service.arrivals())) < len(jobs)
    states = service.states(jobs)
    assert State.CANCELLED in states.values()
    service.close()


def counts(folder, logged):
    return {
        run.data.tags["qexp.point"]: logged.client.download_artifacts(
            run.info.run_id, "counts.json", str(_made(folder / run.info.run_id))
        )
        for run in logged.children
    }


def _made(folder):
    folder.mkdir(parents=True)
    return folder


def read(found):
    from pathlib import Path

    return {point: Path(file).read_text() for point, file in found.items()}


def test_a_sweep_gives_the_counts_of_any_other_executor(two, tmp_path, database):
    found = {}
    for name, more in {
        "processes": [],
        "dask": ["service.executor=dask", f"service.scheduler={two.address}"],
    }.items():
        folder = _made(tmp_path / name)
        (folder / "mlflow.db").write_bytes(database.read_bytes())
        finished = qexp_process(*GRID, *more, cwd=folder)
        assert finished.status == 0, finished.err
        found[name] = read(counts(folder / "fetched", Logged(folder)))
    assert len(found["dask"]) == 12
    assert found["dask"] == found["processes"]


def test_a_sweep_goes_on_after_its_scheduler_was_lost(tmp_path, ready):
    more = f"grid.options.shots={list(range(100, 110))}".replace(" ", "")
    dask = "service.executor=dask"
    with cluster(_made(tmp_path / "first"), 1) as made:
        where = f"service.scheduler={made.address}"
        command = subprocess.Popen(
            [
                sys.executable,
                "-m",
                "qexp",
                *set(GRID) - {"options.shots=200"},
                more,
                dask,
                where,
            ],
            cwd=ready,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )
        answers = ready / ".qexp" / "sweeps"
        until(lambda: command.poll() or list(answers.glob("*/*-*.json.z")))
        made.kill(made.scheduler)
        said, _ = command.communicate(timeout=120)
    assert command.returncode == 1, said
    assert "scheduler is gone" in " ".join(said.split())
    assert "Traceback" not in said
    kept = list(ready.glob(".qexp/sweeps/*/*-*.json.z"))
    assert 0 < len(kept) < 120
    with cluster(_made(tmp_path / "second"), 1) as made:
        finished = qexp_process(
            "resume", f"service.scheduler={made.address}", cwd=ready
        )
    assert finished.status == 0, finished.err
    logged = Logged(ready)
    assert len(logged.parents) == 1
    points = [run.data.tags["qexp.point"] for run in logged.children]
    assert len(points) == len(set(points)) == 120
    assert logged.statuses == ["FINISHED"] * 120


def test_nobody_answers(capsys):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"tcp://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(ConfigError, match=rf"service.scheduler = {address}: no Dask"):
        connect(LocalService(executor="dask", scheduler=address))


def test_dask_is_not_installed(monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    with pytest.raises(ConfigError, match=r"pip install 'qexp\[dask\]'"):
        connect(LocalService(executor="dask"))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (["service.scheduler=tcp://a:1"], "executor=dask"),
        (["service.executor=dask", "service.scheduler=a:1"], "tcp://HOST:PORT"),
        (
            [
                "service.executor=dask",
                "service.scheduler=tcp://a:1",
                "service.workers=2",
            ],
            "leave workers out",
        ),
        (["service.executor=slurm"], "processes"),
    ],
)
def test_what_does_not_go_together(qexp, folder, given, said):
    finished = qexp("+experiment=ghz", "backend=ibmq_manila", *given)
    assert finished.status == 2
    assert "service" in finished.err
    assert said in finished.err


def test_dask_is_imported_only_when_it_is_asked_for(ready):
    code = (
        "import sys; from qexp.command.cli import main; "
        "main(['+experiment=ghz', 'backend=ibmq_manila', 'tracking.pictures=none']); "
        "assert not {'dask', 'distributed'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], cwd=ready, check=True)
