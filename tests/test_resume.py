"""Going on with a sweep: by the same command, by verbs, with what was measured before."""

from __future__ import annotations

import json
import os
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from tests.emulating import emulating
from tests.sweeps import FAST, MANILA, Logged

LEVELS = "options.optimization_level=0,1,2"


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """An emulator for all tests of this module, which take longer than most."""
    data = tmp_path_factory.mktemp("emulator") / "data"
    with emulating(data, seconds=900) as started:
        yield started


@pytest.fixture
def here(emulator, monkeypatch):
    """The service's overrides, for an emulator that the module shares."""
    monkeypatch.setenv("QEXP_TOKEN", emulator.token)
    return over(emulator)


def over(emulator):
    return (
        "service=circuit_runner",
        f"service.url={emulator.url}",
        "service.poll_seconds=0.1",
        "service.poll_longest=0.5",
        "service.settle_seconds=0.5",
    )


REMOTE = tuple(one for one in MANILA if not one.startswith("service."))


def ledger(folder, query):
    with closing(sqlite3.connect(folder / ".qexp" / "ledger.db")) as opened:
        return opened.execute(query).fetchall()


def jobs(emulator):
    """How often the service got each submission."""
    listed = emulator.client().get("jobs", limit=200).json()["jobs"]
    return Counter(one["params"]["header"]["qexp_submission"] for one in listed)


def sent(folder):
    return {one for (one,) in ledger(folder, "SELECT id FROM submission")}


def counts(folder, scratch):
    """Counts of each point."""
    logged = Logged(folder)
    found = {}
    for run in logged.children or logged.parents:
        target = scratch / run.info.run_id
        target.mkdir()
        path = logged.client.download_artifacts(
            run.info.run_id, "counts.json", str(target)
        )
        key = tuple(run.data.params[name] for name in ("optimization_level", "repeat"))
        assert key not in found
        with open(path) as file:  # noqa: PTH123
            found[key] = json.load(file)
    return found


def test_a_sweep_is_sent_and_fetched_later(
    ready, qexp, emulator, here, tmp_path_factory
):
    finished = qexp(*REMOTE, LEVELS, "seed=5", "wait=false", *here)
    assert finished.status == 0, finished.err
    (sweep,) = (one for (one,) in ledger(ready, "SELECT id FROM sweep"))
    named = [job for (job,) in ledger(ready, "SELECT job FROM submission")]
    assert len(named) == 3
    assert all(job in finished.out for job in named)
    assert f"python -m qexp resume {sweep}" in finished.out
    assert Logged(ready).parent.info.status == "RUNNING"
    finished = qexp("resume")
    assert finished.status == 0, finished.err
    assert "0 of 3 points are there" in finished.err
    logged = Logged(ready)
    assert logged.statuses == ["FINISHED"] * 3
    assert logged.parent.info.status == "FINISHED"
    assert all(jobs(emulator)[one] == 1 for one in sent(ready))
    assert ledger(ready, "SELECT state FROM sweep") == [("done",)]
    finished = qexp("resume")
    assert (finished.status, finished.out) == (2, "")
    assert "no unfinished sweep" in finished.err
    finished = qexp("resume", sweep[:6])
    assert finished.status == 0  # it is complete, and stays so
    assert Logged(ready).statuses == ["FINISHED"] * 3


def test_a_paid_point_is_reproduced_when_that_is_asked_for(ready, qexp, emulator, here):
    command = (*FAST[:3], "tracking.pictures=none", "options.init_qubits=false")
    finished = qexp(*command, "sentinel=readout", "service.compile=client", *here)
    assert finished.status == 0, finished.err
    (run,) = Logged(ready).children
    before = sum(jobs(emulator).values())
    finished = qexp("reproduce", run.info.run_id)
    assert finished.status == 2
    assert f"measured by service circuit_runner ({emulator.url})" in finished.err
    assert "1 job of 5 circuits, and of QPU time up to 2." in finished.err
    send = ("reproduce", run.info.run_id, "--send")
    assert f"python -m qexp {' '.join(send)}" in finished.err
    assert sum(jobs(emulator).values()) == before
    finished = qexp(*send, "budget.quantum_seconds=1")
    assert finished.status == 2
    assert "budget.quantum_seconds = 1: the plan takes up to" in finished.err
    # who goes on with it, by whichever command, says how it compares
    finished = qexp(*send, "wait=false", "service.poll_seconds=0.2")
    assert finished.status == 0, finished.err
    assert "IDENTICAL" not in finished.out
    finished = qexp("resume")
    assert finished.status == 0, finished.err
    assert "IDENTICAL  the counts are equal" in finished.out
    assert sum(jobs(emulator).values()) == before + 1
    tags = [one.data.tags for one in Logged(ready).parents]
    assert [one["qexp.reproduced"] for one in tags if "qexp.reproduces" in one] == [
        "identical"
    ]
    assert "python -m qexp resume" in qexp(*send, "wait=false").out
    finished = qexp(*send)
    assert finished.status == 0, finished.err
    assert "IDENTICAL  the counts are equal" in finished.out
    assert sum(jobs(emulator).values()) == before + 2


def test_nothing_is_left_to_come_back_to_in_this_process(ready, qexp):
    finished = qexp(*FAST, "wait=false")
    assert finished.status == 2
    assert "wait = false: service local runs in this process" in finished.err
    assert ledger(ready, "SELECT * FROM sweep") == []


def test_the_same_command_starts_anew_after_the_end(ready, qexp):
    for _ in range(2):
        assert qexp(*FAST).status == 0
    ids = [one for (one,) in ledger(ready, "SELECT id FROM sweep ORDER BY rowid")]
    assert ids[1] != ids[0]
    assert ids[1][:6] == ids[0][:6]  # the same points
    tags = [run.data.tags["qexp.sweep"] for run in Logged(ready).parents]
    assert sorted(tags) == sorted(ids)


def test_two_workspaces_share_an_mlflow(ready, qexp, tmp_path_factory, monkeypatch):
    command = (*MANILA, LEVELS, "seed=4", f"tracking.uri=sqlite:///{ready}/mlflow.db")
    for home in ("one", "two"):
        monkeypatch.setenv("QEXP_HOME", str(ready / home))
        assert qexp(*command).status == 0
        assert "0 runs logged, 3 were there" in qexp("sync").out
    logged = Logged(ready)
    assert logged.statuses == ["FINISHED"] * 6
    assert len({run.data.tags["qexp.sweep"] for run in logged.parents}) == 2


def test_a_budget_is_kept(ready, qexp, emulator, here):
    command = (*REMOTE, LEVELS, *here)
    before = sum(jobs(emulator).values())
    finished = qexp(*command, "budget.jobs=2")
    assert finished.status == 2
    assert "budget.jobs = 2: the plan has 3 jobs. Nothing was sent" in finished.err
    finished = qexp(*command, "budget.quantum_seconds=1")
    assert finished.status == 2
    assert "budget.quantum_seconds = 1: the plan takes up to " in finished.err
    assert sum(jobs(emulator).values()) == before
    assert ledger(ready, "SELECT * FROM sweep") == []
    finished = qexp("plan", *command, "budget.jobs=2")
    assert finished.status == 2
    assert "the plan has 3 jobs" in finished.err


def test_a_sweep_pauses_before_its_budget_is_exceeded(
    ready, qexp, monkeypatch, tmp_path_factory
):
    data = tmp_path_factory.mktemp("paused") / "data"
    with emulating(data, "--job-limit", "1") as narrow:
        monkeypatch.setenv("QEXP_TOKEN", narrow.token)
        finished = qexp(*REMOTE, LEVELS, "wait=false", *over(narrow))
        assert "2 jobs more than the service takes at a time wait here" in finished.out
        finished = qexp("resume", "budget.jobs=2")
        assert finished.status == 1
        assert "budget.jobs = 2: 2 jobs were sent" in finished.err
        assert "1 of 3 points were not run" in finished.err
        assert Logged(ready).statuses == ["FINISHED"] * 2
        assert Logged(ready).parent.info.status == "KILLED"
        assert sum(jobs(narrow).values()) == 2
        finished = qexp("resume", "budget.jobs=3")
        assert finished.status == 0, finished.err
        assert Logged(ready).statuses == ["FINISHED"] * 3
        assert Logged(ready).parent.info.status == "FINISHED"
        assert set(jobs(narrow).values()) == {1}


FAULTS = """
faults:
  - {request: POST /runtime/jobs, skip: 1, do: error, status: 400, code: 1101,
     message: Not today}
"""


def test_what_failed_is_run_again(ready, qexp, monkeypatch, tmp_path_factory):
    folder = tmp_path_factory.mktemp("refused")
    (folder / "faults.yaml").write_text(FAULTS)
    with emulating(folder / "data", "--faults", str(folder / "faults.yaml")) as one:
        monkeypatch.setenv("QEXP_TOKEN", one.token)
        finished = qexp(*REMOTE, LEVELS, *over(one))
        assert finished.status == 1
        assert "Not today" in finished.err
        assert Logged(ready).statuses == ["FAILED", "FINISHED", "FINISHED"]
        finished = qexp("resume", "--failed")
        assert finished.status == 0, finished.err
        logged = Logged(ready)
        assert logged.statuses == ["FINISHED"] * 3
        assert logged.parent.data.metrics["points_failed"] == 0
        assert not any("qexp.error" in run.data.tags for run in logged.children)
        assert sum(jobs(one).values()) == 3
    finished = qexp("resume", "--failed", logged.parent.data.tags["qexp.sweep"])
    assert finished.status == 2
    assert "no point of it has failed" in finished.err


def test_mlflow_is_made_again_from_the_ledger(ready, qexp, tmp_path_factory):
    assert qexp(*MANILA, LEVELS, "repeats=2", "sentinel=ghz-2").status == 0
    before = Logged(ready)
    known = counts(ready, tmp_path_factory.mktemp("before"))
    other = f"sqlite:///{ready}/other.db"
    finished = qexp("sync", f"tracking.uri={other}")
    assert finished.status == 0, finished.err
    assert "6 runs logged, 0 were there" in finished.out
    (ready / "mlflow.db").rename(ready / "first.db")
    (ready / "other.db").rename(ready / "mlflow.db")
    after = Logged(ready)
    assert counts(ready, tmp_path_factory.mktemp("after")) == known
    for one, two in (
        (before.parents, after.parents),
        (before.children, after.children),
    ):
        assert _told(one) == _told(two)
    assert before.files() == after.files()
    (ready / "mlflow.db").rename(ready / "other.db")
    assert "0 runs logged, 6 were there" in qexp("sync", f"tracking.uri={other}").out


def _told(runs):
    """Everything that two stores must agree on, by point."""
    timed = ("transpile_seconds",)
    return {
        run.data.tags.get("qexp.point", ""): (
            run.info.status,
            run.info.run_name,
            dict(run.data.params),
            {k: v for k, v in run.data.metrics.items() if k not in timed},
            {k: v for k, v in run.data.tags.items() if k.startswith("qexp.")},
        )
        for run in runs
    }


def test_a_job_that_was_found_is_taken_over(ready, qexp, emulator, here):
    finished = qexp(*FAST[:2], "options.shots=100", "wait=false", *here)
    assert finished.status == 0, finished.err
    ((job,),) = ledger(ready, "SELECT job FROM submission")
    with closing(sqlite3.connect(ready / ".qexp" / "ledger.db")) as opened:
        opened.execute("UPDATE submission SET job=NULL, state='planned'")
        opened.commit()
    finished = qexp("adopt", "no-such-job")
    assert finished.status == 1
    assert "no-such-job" in finished.err
    finished = qexp("adopt", job)
    assert finished.status == 0, finished.err
    assert qexp("resume").status == 0
    assert jobs(emulator)[next(iter(sent(ready)))] == 1
    finished = qexp("adopt", job)
    assert finished.status == 2
    assert "no unfinished sweep" in finished.err


def test_what_is_queued_can_be_cancelled(ready, qexp, monkeypatch, tmp_path_factory):
    data = tmp_path_factory.mktemp("slow") / "data"
    with emulating(data, "--speed", "device", "--job-limit", "2") as slow:
        monkeypatch.setenv("QEXP_TOKEN", slow.token)
        command = (*REMOTE, LEVELS, *over(slow))
        assert qexp(*command, "wait=false").status == 0
        finished = qexp("cancel", next(iter(ledger(ready, "SELECT id FROM sweep")))[0])
        assert finished.status == 0, finished.err
        assert "3 jobs cancelled" in finished.out
        client = slow.client()
        listed = client.get("jobs").json()["jobs"]
        assert [one["status"] for one in listed] == ["Cancelled"] * 2
    assert ledger(ready, "SELECT state FROM sweep") == [("cancelled",)]
    assert set(ledger(ready, "SELECT state FROM point")) == {("cancelled",)}
    assert Logged(ready).parent.info.status == "KILLED"


def test_what_was_measured_before_is_used_again(ready, qexp):
    assert qexp(*MANILA, "options.optimization_level=0,1", "seed=2").status == 0
    finished = qexp(*MANILA, LEVELS, "resume=always", "seed=3")
    assert finished.status == 0, finished.err
    assert "2 points of 3 were measured before" in finished.err
    logged = Logged(ready)
    old, new = sorted(logged.parents, key=lambda run: run.info.start_time)
    children = [
        run
        for run in logged.children
        if run.data.tags["mlflow.parentRunId"] == new.info.run_id
    ]
    assert [run.info.status for run in children] == ["FINISHED"] * 3
    sources = {
        run.data.params["optimization_level"]: run.data.tags.get("qexp.reused_from")
        for run in children
    }
    assert sources["2"] is None
    firsts = {
        run.data.params["optimization_level"]: run.info.run_id
        for run in logged.children
        if run.data.tags["mlflow.parentRunId"] == old.info.run_id
    }
    assert {k: v for k, v in sources.items() if v} == firsts
    finished = qexp(*MANILA, LEVELS, "resume=never", "seed=3")
    assert finished.status == 0
    assert len(Logged(ready).children) == 2 + 3 + 3
    assert "before" not in finished.err


MAKE = """
from qiskit import QuantumCircuit


def make(flips=1):
    circuit = QuantumCircuit(1, 1)
    for _ in range(flips):
        circuit.x(0)
    circuit.measure(0, 0)
    return circuit
"""


def test_a_sweep_in_flight_stays_as_it_was_planned(ready, qexp, here):
    (ready / "altered.py").write_text(MAKE)
    command = ("circuit=python", "circuit.function=altered.make", *FAST[1:2], *here)
    assert qexp(*command, "options.shots=50", "wait=false").status == 0
    (ready / "altered.py").write_text(MAKE.replace("flips=1", "flips=2"))
    # a module is imported once in a process, and a user's next command is another one
    from tests.conftest import qexp_process

    token = {"QEXP_TOKEN": os.environ["QEXP_TOKEN"]}
    finished = qexp_process("resume", cwd=ready, **token)
    assert finished.status == 0, finished.err
    assert "changed since: circuit.function = altered.make" in finished.err
    (run,) = Logged(ready).parents
    assert run.data.metrics["raw_success_probability"] > 0.5


def test_a_job_of_the_door_s_is_left_to_the_door(ready, qexp):
    from qiskit import QuantumCircuit

    from qexp import run_circuits

    circuit = QuantumCircuit(1, 1)
    circuit.measure(0, 0)
    run_circuits(circuit, "ibmq_manila", shots=10).result()
    ((sweep,),) = ledger(ready, "SELECT id FROM sweep")
    assert qexp("sync").status == 0
    assert "no unfinished sweep" in qexp("resume").err
    for verb in ("resume", "sync", "cancel"):
        finished = qexp(verb, sweep)
        assert finished.status == 2
        assert "qexp.retrieve_job" in finished.err


def test_verbs_say_what_they_take(folder, qexp):
    for verb in ("resume", "sync", "cancel now", "adopt it"):
        finished = qexp(*verb.split())
        assert finished.status == 2
        assert "no workspace" in finished.err
    for arguments, sentence in {
        "resume --faild": "--faild: no such flag. resume takes --failed.",
        "resume options.shots=3": "options.shots: cannot be changed",
        "sync one --two": "--two: no such flag",
        "cancel": "cancel takes one sweep",
        "adopt": "adopt takes a job",
        "resume a b": "resume goes on with one sweep, not with a, b",
    }.items():
        finished = qexp(*arguments.split())
        assert finished.status == 2
        assert sentence in finished.err
    assert list(folder.iterdir()) == []


def test_a_password_is_in_no_file_of_the_ledger(folder, qexp, monkeypatch):
    secret = "very-secret-word"
    uri = f"postgresql://me:{secret}@127.0.0.1:1/none"
    assert qexp(*FAST).status == 0
    assert qexp(*FAST, f"tracking.uri={uri}").status == 2
    monkeypatch.setenv("QEXP_TOKEN", secret)
    from qexp.declare.choice import choice
    from qexp.declare.expand import single
    from qexp.declare.read import read_tree
    from qexp.planning.cell import make
    from qexp.planning.frozen import freeze, thaw
    from qexp.planning.plan import plan

    tree = {
        "name": "x",
        "circuit": {"kind": "ghz"},
        "backend": choice("backend", "ibmq_manila"),
        "tracking": {"uri": uri},
    }
    cells = make(single(read_tree(tree)).cells)
    frozen = freeze(plan(cells, swept=False))
    assert secret.encode() not in frozen
    assert thaw(frozen).plan.first.experiment.tracking.uri is None
    for file in (folder / ".qexp").rglob("*"):
        assert file.is_dir() or secret.encode() not in file.read_bytes()
