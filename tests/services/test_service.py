"""service=circuit_runner from the command line to MLflow, on the fake."""

from __future__ import annotations

import json
import re

import pytest
from qiskit import QuantumCircuit

from qexp.errors import ConfigError
from qexp.services.wire import packed
from tests.services import fake as fakes

SERVICE = ("service=circuit_runner", f"service.url={fakes.URL}")
GHZ = ("+experiment=ghz", "circuit.num_qubits=3", "tracking.pictures=all")


def runs(folder, name="ghz"):
    from mlflow import MlflowClient

    client = MlflowClient(f"sqlite:///{folder}/mlflow.db")
    experiment = client.get_experiment_by_name(name)
    return client, client.search_runs([experiment.experiment_id])


def test_a_point_is_logged_without_what_only_our_program_tells(served, ready, qexp):
    short = ("service.poll_seconds=0.01", "service.poll_longest=0.01")
    done = qexp(*GHZ, "backend=ibmq_montreal", *SERVICE, *short)
    assert (done.status, done.err) == (0, done.err), done.err
    assert "no effect with service.noise" not in done.out + done.err
    client, (run,) = runs(ready)
    assert run.data.params["service"] == "circuit_runner"
    assert run.data.params["service.compile"] == "server"
    assert "service.noise" not in run.data.params
    assert run.data.tags["qexp.job"] == "job1"
    assert run.data.metrics["success_probability"] == 1.0
    assert "depth" not in run.data.metrics
    assert {"histogram.png", "report.html"} <= {
        file.path for file in client.list_artifacts(run.info.run_id)
    }
    page = client.download_artifacts(run.info.run_id, "report.html", str(ready))
    text = open(page).read()  # noqa: PTH123, SIM115
    assert "measured on ibmq_montreal through circuit_runner" in text
    assert "simulated" not in text
    saved = client.download_artifacts(run.info.run_id, "config.yaml", str(ready))
    assert fakes.TOKEN not in open(saved).read()  # noqa: PTH123, SIM115


def test_a_plain_address_is_warned_of_in_one_line(served, ready, qexp, monkeypatch):
    monkeypatch.setattr("warnings.filters", [("default", None, Warning, None, 0)])
    there = "service.url=http://example.test/api"
    done = qexp(*GHZ, "backend=ibmq_montreal", SERVICE[0], there)
    assert done.status == 0, done.err
    (line,) = [one for one in done.err.splitlines() if "warning" in one]
    assert line.startswith("warning: http://example.test: the token is sent")


DONE = QuantumCircuit(27, 3)
DONE.x(5)
DONE.measure(5, 0)


@pytest.mark.parametrize(
    ("header", "note", "depth"),
    [
        ({"compiled": "no"}, "what the service compiled is not known: ", None),
        (
            {"compiled": packed(DONE), "transpile_seconds": "soon"},
            "what the service compiled has no figures: ValueError",
            None,
        ),
        ({"compiled": packed(DONE)}, "", 2),
    ],
)
def test_what_a_service_compiled_costs_no_counts(
    served, ready, qexp, header, note, depth
):
    def answer(params):
        found = fakes.counted(params)
        found["results"][0]["header"].update(header)
        return found

    served.answer = answer
    done = qexp(*GHZ, "backend=ibmq_montreal", *SERVICE, "service.poll_seconds=0.01")
    assert done.status == 0, done.err
    _, (run,) = runs(ready)
    assert run.info.status == "FINISHED"
    assert run.data.metrics["success_probability"] == 1.0
    assert run.data.metrics.get("depth") == depth
    assert "transpile_seconds" not in run.data.metrics  # it was not told
    assert note in run.data.tags.get("qexp.notes", "")
    assert bool(note) == ("what the service" in run.data.tags.get("qexp.notes", ""))


def test_what_is_compiled_here_has_its_metrics(served, ready, qexp):
    sweep = ("-m", "options.optimization_level=0,1")
    short = ("service.poll_seconds=0.01", "service.poll_longest=0.01")
    done = qexp(
        *GHZ,
        "backend=ibmq_montreal",
        *SERVICE,
        *short,
        "service.compile=client",
        *sweep,
    )
    assert done.status == 0, done.err
    assert len(served.jobs) == 1
    _, found = runs(ready)
    children = [run for run in found if "qexp.point" in run.data.tags]
    assert len(children) == 2
    assert all(run.data.metrics["depth"] > 0 for run in children)
    assert all(run.data.metrics["transpile_seconds"] > 0 for run in children)


def test_mlflow_is_ready_before_anything_is_sent(served, folder, qexp):
    (folder / "mlflow.db").write_text("no database")
    done = qexp(*GHZ, "backend=ibmq_montreal", *SERVICE)
    assert done.status == 2
    assert served.jobs == []


def test_without_a_token_nothing_is_sent(served, ready, qexp, monkeypatch):
    monkeypatch.delenv("QEXP_TOKEN")
    done = qexp(*GHZ, "backend=ibmq_montreal", *SERVICE)
    assert done.status == 2
    assert "QEXP_TOKEN" in done.err
    assert served.requests == []


@pytest.mark.parametrize(("compile", "jobs"), [("server", 64), ("client", 4)])
def test_the_grid_s_jobs(folder, qexp, compile, jobs):
    done = qexp(
        "plan",
        "+experiment=ghz_options",
        "backend=ibmq_montreal",
        *SERVICE,
        f"service.compile={compile}",
    )
    assert done.status == 0, done.err
    assert re.search(rf"jobs +{jobs}\b", done.out), done.out


def test_restless_points_have_jobs_of_their_own(folder, qexp):
    levels = ("-m", "options.optimization_level=0,1", "options.init_qubits=false")
    asked = ("plan", *GHZ, "backend=ibmq_montreal", "service.compile=client", *SERVICE)
    done = qexp(*asked, *levels)
    assert re.search(r"jobs +2\b", done.out), done.out + done.err


def test_a_sentinel_is_compiled_alike_in_every_job(folder, qexp):
    asked = ("plan", *GHZ, "backend=ibmq_montreal", "sentinel=ghz-3", *SERVICE)
    done = qexp(*asked)
    assert done.status == 2
    assert "service.compile=client" in done.err
    assert qexp(*asked, "service.compile=client").status == 0


def test_one_command_has_one_service():
    from qexp.planning.plan import plan

    here, there = cell({}), cell({"hub": "other"})
    with pytest.raises(ConfigError, match="a sweep is run by one service"):
        plan([here, there], swept=True)
    plan([here, cell({"compile": "client"})], swept=True)


def cell(fields, **backend):
    from qexp.declare.expand import Declared
    from qexp.declare.read import read_tree
    from qexp.planning.cell import make

    tree = {
        "name": "x",
        "circuit": {"kind": "ghz"},
        "backend": {"name": "ibmq_montreal", "snapshot": "montreal", **backend},
        "service": {"kind": "circuit_runner", "url": fakes.URL, **fields},
    }
    (made,) = make([Declared(read_tree(tree), {}, 0)])
    return made


def points(fields, **backend):
    return cell(fields, **backend).point


def test_a_point_is_what_is_measured_and_not_how_one_gets_there():
    plain = points({})
    assert plain.snapshot is None
    assert plain.program is None
    assert points({"compile": "client", "timeout": 5.0}).id == plain.id
    assert points({"url": "https://other.test/api"}).id == plain.id
    assert points({"hub": "mine"}).id != plain.id
    assert points({}, declared={"max_shots": 20000}).id == plain.id
    assert json.loads(plain.identity_text)["service"]["hub"] is None


SWEEP = (
    *GHZ,
    "backend=ibmq_montreal",
    *SERVICE,
    "options.optimization_level=0,1",
    "-m",
)


def test_an_answer_that_is_none_is_that_job_s_and_is_fetched_later(served, ready, qexp):
    short = ("service.poll_seconds=0.01", "service.poll_longest=0.01", "seed=1")
    served.results = ["<html>a proxy</html>"]
    done = qexp(*SWEEP, *short, "tracking.pictures=none")
    assert done.status == 1
    assert "answer of circuit-runner is not JSON: '<html>a proxy" in done.err
    assert "1 job could not be fetched: 1 of 2 points are missing" in done.err
    assert [run.info.status for run in children(ready)] == ["FINISHED"]
    served.jobs[0].result = served.answer(served.bodies[0]["params"])
    again = qexp(*SWEEP, *short, "tracking.pictures=none")
    assert again.status == 0, again.err
    assert [run.info.status for run in children(ready)] == ["FINISHED"] * 2
    assert len(served.jobs) == 2


def children(folder):
    return [run for run in runs(folder)[1] if "mlflow.parentRunId" in run.data.tags]


def test_an_outage_is_told_when_it_begins_and_ends(served, ready, qexp):
    short = ("service.poll_seconds=0.01", "service.poll_longest=0.01")
    served.fail("GET", "job1", *[503] * 40)
    done = qexp(*GHZ, "backend=ibmq_montreal", *SERVICE, *short)
    assert done.status == 0, done.err
    assert done.err.count("note: the service is away (GET http") == 1
    assert "/runtime/jobs/job1: 503" in done.err
    assert done.err.count("note: the service is there again, after") == 1
