"""confirm=N: the best setting on fresh repeats, whatever ends the command meanwhile."""

from __future__ import annotations

import csv
import io
import re
import sqlite3
from contextlib import closing

import pytest

import qexp as package
from tests.emulating import emulating
from tests.ledger.killing import killed, points
from tests.sweeps import MANILA, Logged

SWEEP = (
    *MANILA,
    "circuit.num_qubits=2,3",
    "options.layout_method=trivial,sabre",
    "options.rep_delay=5e-5,2.5e-4",
    "repeats=2",
    "seed=4",
)
OWN, FRESH = 16, 6
CONFIRM = "confirm=3"


def fresh(folder):
    """The runs that confirm."""
    return [one for one in Logged(folder).children if "qexp.confirms" in one.data.tags]


def note(folder):
    return Logged(folder).parent.data.tags["mlflow.note.content"]


def rows(folder, scratch, name):
    return list(csv.DictReader(io.StringIO(Logged(folder).read(name, scratch))))


def require_confirmed(folder):
    """All points are there, once; those that confirm are of one setting."""
    found = points(folder)
    assert len(found) == OWN + FRESH
    assert set(found.values()) == {1}
    confirming = fresh(folder)
    assert len(confirming) == FRESH
    assert {one.data.tags["qexp.confirms"] for one in confirming} == {
        "hellinger_fidelity"
    }
    settings = {
        (one.data.params["layout_method"], one.data.params["rep_delay"])
        for one in confirming
    }
    assert len(settings) == 1
    assert {one.data.params["repeat"] for one in confirming} == {"2", "3", "4"}
    assert re.search(r"confirmed: [\d.]+ ± [\d.]+ at 95 % on 3 fresh", note(folder))


def test_the_plan_prices_it_and_the_budget_counts_it(ready, qexp):
    shown = qexp("plan", *SWEEP, CONFIRM)
    assert shown.status == 0
    told = r"confirm +3 fresh repeats of the best setting: at most 6 points in 3 jobs, "
    seconds = re.search(told + r"([\d.]+) s of QPU time more", shown.out)
    assert seconds
    own = re.search(r"QPU time +at most ([\d.]+) s", shown.out)
    total = float(own[1]) + float(seconds[1])
    for budget, status in (
        ("budget.jobs=6", 2),
        ("budget.jobs=7", 0),
        (f"budget.quantum_seconds={total - 0.2:.1f}", 2),
        (f"budget.quantum_seconds={total + 0.2:.1f}", 0),
    ):
        done = qexp("plan", *SWEEP, CONFIRM, budget)
        assert done.status == status, budget
        assert ("with up to 3 to confirm the best" in done.err) == (status == 2)
    assert qexp("plan", *SWEEP, "budget.jobs=4").status == 0


def test_the_best_setting_is_confirmed_and_enters_no_effect(
    ready, qexp, tmp_path_factory
):
    done = qexp(*SWEEP, CONFIRM)
    assert done.status == 0, done.err
    require_confirmed(ready)
    scratch = tmp_path_factory.mktemp("confirmed")
    effects = rows(ready, scratch, "effects.csv")
    summary = rows(ready, scratch, "summary.csv")
    values = [
        [float(row["hellinger_fidelity"]) for row in summary if row["repeat"] == repeat]
        for repeat in "234"
    ]
    blocks = [sum(both) / 2 for both in values]
    assert [len(both) for both in values] == [2, 2, 2]
    found = package.load()
    best = found.best
    assert best.confirmed[0] == pytest.approx(sum(blocks) / 3)
    assert best.fresh == 3
    assert len(found.frame) == OWN
    told = re.search(r"confirmed: .* on 3 fresh repeats", done.out)[0]
    assert told in note(ready)
    assert "corrected for" not in done.out
    again = qexp("report", "out=here.html")
    assert told in again.out
    sweep = Logged(ready).parent.data.tags["qexp.sweep"]
    there = qexp("report", sweep, "out=there.html", "tracking.uri=sqlite:///mlflow.db")
    assert there.status == 0, there.err
    pages = [(ready / name).read_text() for name in ("here.html", "there.html")]
    assert pages[0] == pages[1]
    assert told.removeprefix("confirmed: ") in pages[0]
    # the same sweep without it has the same effects
    plain = tmp_path_factory.mktemp("plain")
    (plain / "mlflow.db").write_bytes(b"")
    done = qexp(*SWEEP, "tracking.uri=sqlite:///plain.db", "resume=never")
    assert done.status == 0, done.err
    assert "confirmed" not in done.out
    assert effects == package.load().effects.pipe(_texts)


def _texts(frame):
    return list(csv.DictReader(io.StringIO(frame.to_csv(index=False))))


@pytest.mark.parametrize(
    ("step", "after"), [("settle", OWN), ("add", 2), ("got", OWN + 2)]
)
def test_a_killed_command_goes_on_and_chooses_once(ready, qexp, step, after):
    killed(ready, step, after, *SWEEP, CONFIRM)
    assert len(fresh(ready)) < FRESH
    done = qexp(*SWEEP, CONFIRM)
    assert done.status == 0, done.err
    assert "goes on with sweep" in done.err
    require_confirmed(ready)
    with closing(sqlite3.connect(ready / ".qexp/ledger.db")) as opened:
        assert opened.execute("SELECT count(*) FROM batch").fetchall() == [(2,)]
        assert opened.execute("SELECT state FROM sweep").fetchall() == [("done",)]
    finished = qexp("resume", Logged(ready).parent.data.tags["qexp.sweep"])
    assert finished.status == 0
    require_confirmed(ready)


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    with emulating(tmp_path_factory.mktemp("emulator") / "data", seconds=300) as began:
        yield began


def test_paid_jobs_are_sent_once_and_resume_confirms(
    emulator, ready, qexp, monkeypatch
):
    there = (
        "service=circuit_runner",
        f"service.url={emulator.url}",
        "service.compile=client",
        "service.poll_seconds=0.1",
        "service.poll_longest=0.5",
        "service.settle_seconds=0.5",
    )
    sweep = [one for one in SWEEP if not one.startswith("service.")]
    monkeypatch.setenv("QEXP_TOKEN", emulator.token)
    killed(ready, "sent", 5, *sweep, CONFIRM, *there)
    paused = qexp("resume", "budget.jobs=6")
    assert paused.status == 1
    assert "budget.jobs = 6: 6 jobs were sent" in paused.err + paused.out
    done = qexp("resume")
    assert done.status == 0, done.err
    listed = emulator.client().get("jobs", limit=200).json()["jobs"]
    ids = [one["params"]["header"]["qexp_submission"] for one in listed]
    assert len(ids) == len(set(ids)) == 4 + 3
    require_confirmed(ready)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((*MANILA, "circuit.num_qubits=2,3", CONFIRM), "there is one setting only"),
        ((*MANILA[1:], CONFIRM), "there is one setting only"),
        ((*SWEEP, "confirm=-1"), "confirm = -1"),
        ((*SWEEP, CONFIRM, "hydra/launcher=basic"), "a launcher of another's"),
    ],
)
def test_what_cannot_be_confirmed_is_refused_before_anything_runs(
    ready, qexp, arguments, told
):
    done = qexp(*arguments)
    assert done.status == 2
    assert told in done.err
    assert not (ready / "mlruns").exists()


def test_a_fresh_repeat_is_reproduced(ready, qexp):
    assert qexp(*SWEEP, CONFIRM).status == 0
    done = qexp("reproduce", fresh(ready)[0].info.run_id)
    assert done.status == 0, done.err
    assert "IDENTICAL" in done.out
