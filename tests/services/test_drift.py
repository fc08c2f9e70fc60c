"""A device that drifts under a sweep: its sentinels tell."""

from __future__ import annotations

import csv
import io
import itertools
import random
import re
from datetime import datetime, timedelta, timezone

import pytest

from tests.services import fake as fakes
from tests.sweeps import Logged

SWEEP = (
    "-m",
    "+experiment=ghz",
    "circuit.num_qubits=3",
    "backend=ibmq_montreal",
    "options.optimization_level=0,1",
    "options.shots=1000",
    "repeats=6",
    "sentinel=ghz-3",
    "service=circuit_runner",
    f"service.url={fakes.URL}",
    "service.compile=client",
    "service.poll_seconds=0.01",
    "service.poll_longest=0.01",
)
BEGIN = datetime(2021, 11, 25, 10, 0, tzinfo=timezone.utc)


def drifting(step):
    """Answers of a device whose errors grow by a step with each job."""
    chance, number = random.Random(1), itertools.count()

    def answer(params):
        found = fakes.counted(params)
        wrong = 0.1 + step * next(number)
        for one in found["results"]:
            missed = sum(chance.random() < wrong for _ in range(1000))
            one["data"]["counts"] = {"0x0": 1000 - missed, "0x1": missed}
        return found

    return answer


@pytest.fixture
def stamped(served, monkeypatch):
    """A fake whose jobs take a minute and follow each other every ten."""
    jobs = {}

    def answered(request, path, query, own=served._answer):
        status, body = own(request, path, query)
        if path.endswith("/metrics"):
            begun = BEGIN + timedelta(minutes=10 * jobs.setdefault(path, len(jobs)))
            told = begun, begun + timedelta(minutes=1)
            stamps = dict(zip(("running", "finished"), map(str, told), strict=True))
            body = {**body, "timestamps": stamps}
        return status, body

    monkeypatch.setattr(served, "_answer", answered)
    return served


@pytest.mark.parametrize("step", [0.0, 0.02])
def test_a_drift_is_drawn_and_warned_of(stamped, ready, qexp, tmp_path, step):
    stamped.answer = drifting(step)
    done = qexp(*SWEEP)
    assert done.status == 0, done.err
    logged = Logged(ready)
    rows = list(csv.DictReader(io.StringIO(logged.read("sentinel.csv", tmp_path))))
    times = [datetime.fromisoformat(row["time"]) for row in rows]
    minutes = [(time - BEGIN) / timedelta(minutes=1) for time in times]
    assert minutes == [10 * job + close for job in range(6) for close in (0, 1)]
    assert len({row["setting"] for row in rows}) == 1
    assert "sentinel.png" in logged.files()
    note = logged.parent.data.tags["mlflow.note.content"]
    sweep = logged.parent.data.tags["qexp.sweep"]
    here = qexp("report", "out=here.html")
    there = qexp("report", sweep, "out=there.html", "tracking.uri=sqlite:///mlflow.db")
    pages = [(ready / name).read_text() for name in ("here.html", "there.html")]
    assert pages[0] == pages[1]
    told = (done.out, note, here.out, there.out, pages[0])
    warned = [
        re.search(r"The sentinel moved: chi-square [\d.]+, limit [\d.]+ \(1 %", text)
        for text in told
    ]
    assert [one is not None for one in warned] == [step > 0] * 5
    assert "whether the device moved" in pages[0]
