"""What a real sweep leaves: sentences, tables, a page, from the ledger and from MLflow."""

from __future__ import annotations

import json
import re
import shutil
from collections import Counter
from pathlib import Path

import pytest

import qexp as package
from qexp.errors import ConfigError
from tests.conftest import ROOT, qexp_process
from tests.sweeps import Logged

SWEEP = (
    "-m",
    "+experiment=ghz",
    "backend=ibmq_manila",
    "circuit.num_qubits=3",
    "options.layout_method=trivial,sabre",
    "options.rep_delay=5e-5,2.5e-4",
    "options.shots=1000",
    "repeats=3",
    "seed=1",
)


@pytest.fixture(scope="module")
def swept(tmp_path_factory, database):
    """A folder in which a sweep was run, and what it printed."""
    folder = tmp_path_factory.mktemp("swept")
    shutil.copy(database, folder / "mlflow.db")
    done = qexp_process(*SWEEP, cwd=folder)
    assert done.status == 0, done.err
    return folder, done


@pytest.fixture
def inside(swept, monkeypatch):
    monkeypatch.chdir(swept[0])
    return swept[0]


def sentence(text):
    """What the sweep found, where it is printed."""
    (found,) = [line for line in text.splitlines() if " hellinger_fidelity by " in line]
    return found


def test_a_sweep_ends_in_an_answer(swept, tmp_path):
    folder, done = swept
    logged = Logged(folder)
    assert {
        "effects.csv",
        "effects.png",
        "effects.svg",
        "levels.png",
        "report.html",
    } <= (logged.files())
    note = logged.parent.data.tags["mlflow.note.content"]
    assert note.startswith(sentence(done.out))
    assert f"path=effects.png&run_uuid={logged.parent.info.run_id}" in note
    link = next(line for line in note.splitlines() if line.startswith("[Compare "))
    runs = re.findall("%22([0-9a-f]{32})%22", link)
    named = {run.info.run_id: run.info.run_name for run in logged.children}
    told = [named[run] for run in runs]  # cell by cell, as declared
    assert told[:2] == [f"trivial, rep_delay=5e-05, repeat {n}" for n in range(2)]
    assert told[-1] == "sabre, rep_delay=0.00025, repeat 2"
    assert len(set(runs)) == 12
    rows = logged.read("effects.csv", tmp_path).splitlines()
    assert rows[0].startswith("metric,option,level,reference,effect,low,high,p_holm")
    assert any("layout_method,sabre,trivial" in row for row in rows)
    assert "here it was simulated" in logged.read("report.html", tmp_path)


def test_the_report_is_the_same_from_the_ledger_and_from_mlflow(inside, qexp):
    here = qexp("report", "out=here.html")
    sweep = Logged(inside).parent.data.tags["qexp.sweep"]
    there = qexp("report", sweep, "out=there.html", "tracking.uri=sqlite:///mlflow.db")
    assert here.status == there.status == 0
    assert sentence(here.out) == sentence(there.out)
    pages = [(inside / name).read_text() for name in ("here.html", "there.html")]
    assert pages[0] == pages[1]
    assert "Best settings" in pages[0]


def test_counts_of_the_best_and_of_the_reference_are_shown(inside, tmp_path):
    sweep = package.load()
    best, reference = sweep.outcomes
    assert (best.role, reference.role) == ("best", "reference")
    assert best.options == sweep.best.winner.options
    assert reference.options == {"layout_method": "trivial", "rep_delay": 0.00025}
    logged = Logged(inside)
    for one in (best, reference):
        counts = Counter()
        for run in logged.children:
            told = {name: run.data.params[name] for name in one.options}
            if told == {name: str(value) for name, value in one.options.items()}:
                target = tmp_path / run.info.run_id
                target.mkdir()
                file = logged.client.download_artifacts(
                    run.info.run_id, "counts.json", str(target)
                )
                counts.update(json.loads(Path(file).read_text())[0])
        assert one.counted.counts == counts
        assert counts.total() == 3 * 1000
        assert one.counted.ideal == {
            "000": pytest.approx(0.5),
            "111": pytest.approx(0.5),
        }
    assert {"best.png", "reference.png", "outcomes.json"} <= logged.files()
    page = sweep.report(tmp_path / "own.html").read_text()
    assert "What was measured with the best setting against the ideal." in page
    assert "What was measured with the reference against the ideal." in page


def test_a_sweep_is_loaded_in_python(inside):
    sweep = package.load()
    assert len(sweep.frame) == 12
    assert set(sweep.frame.status) == {"finished"}
    assert sweep.metrics[0] == "hellinger_fidelity"
    assert sweep.analysis("success_probability").metric == "success_probability"
    with pytest.raises(ConfigError, match="metric = nothing"):
        sweep.analysis("nothing")
    assert "<img" in sweep._repr_html_()
    assert sweep.report(inside / "own.html").read_text().startswith("<!doctype html>")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("report", "nosuch"), "nosuch"),
        (("report", "options.shots=3"), "options.shots"),
        (("report", "--json"), "--json"),
        (("report", "out=/proc/none/r.html"), "cannot be written"),
    ],
)
def test_mistakes_are_told(inside, qexp, arguments, told):
    done = qexp(*arguments)
    assert done.status == 2
    assert told in done.err
    assert "Traceback" not in done.err


def test_without_a_workspace(folder, qexp):
    done = qexp("report")
    assert done.status == 2
    assert re.search("no workspace|no such file", done.err)


def test_the_searches_of_the_docs_find_what_they_say(inside):
    logged = Logged(inside)
    page = (ROOT / "docs" / "how-to" / "analyse.md").read_text()
    searches = re.findall(
        r"^\| ([^|]+) \| `((?:tags|params|attr)[^`]+)` \|$", page, re.M
    )
    ids = [one.experiment_id for one in logged.client.search_experiments()]
    tags = logged.children[0].data.tags
    here = {
        "3f772e1281c3": tags["qexp.sweep"],
        "9c1d2b7a0e55": tags["qexp.point"],
        "…": tags["qexp.job"],
        "'True'": "'False'",  # no ESP on manila
        "2021-03-16": tags["qexp.calibration"][:10],
    }
    good = [c for c in logged.children if c.data.metrics["hellinger_fidelity"] > 0.9]
    found = {}
    for what, search in searches:
        for example, own in here.items():
            search = search.replace(example, own)
        found[what] = len(logged.client.search_runs(ids, search))
    assert found == {
        "the points of one sweep, and its own run": 13,
        "every run of one point, in whatever sweep": 1,
        "the points of one job": 2,
        "the third repeat of everything": 4,
        "good points with ESP readout": len(good),
        "what failed": 0,
        "what was measured on one calibration": 12,
    }
    assert 0 < len(good) < 12
