"""An experiment of one's own, as its page says; and what a wrong one is told."""

from __future__ import annotations

import re
import shlex

import pytest

from tests.conftest import ROOT
from tests.sweeps import Logged

PAGE = (ROOT / "docs" / "how-to" / "experiment.md").read_text()


def block(kind: str, page: str = PAGE) -> list[str]:
    return re.findall(rf"```{kind}\n(.*?)```", page, re.S)


@pytest.fixture
def lab(ready, monkeypatch):
    """The page's files, where they belong."""
    (code,), (declared,) = block("python"), block("yaml")
    assert len([line for line in code.splitlines() if line.strip()]) <= 25
    (ready / "lab.py").write_text(code)
    (ready / "conf" / "circuit").mkdir(parents=True)
    (ready / "conf" / "circuit" / "flips.yaml").write_text(declared)
    monkeypatch.delitem(__import__("sys").modules, "lab", raising=False)
    return ready


def test_the_page_s_commands_run(lab, qexp):
    (commands,) = block("bash")
    for line in commands.splitlines():
        done = qexp(*shlex.split(line)[3:])
        assert done.status == 0, done.err
    assert "flip_probability" in done.out
    logged = Logged(lab)
    (alone,) = [run for run in logged.parents if "flip_probability" in run.data.metrics]
    found = alone.data.metrics
    assert found["flip_probability_low"] < found["flip_probability"]
    assert found["worst_flip"] <= found["flip_probability"]
    assert found["raw_worst_flip"] == found["worst_flip"]
    assert alone.data.params["circuit.counts"] == "[1, 3, 5]"
    assert len(logged.children) == 4


def test_an_analysis_that_fails_loses_nothing(lab, qexp):
    code = (lab / "lab.py").read_text().replace("each = [", "1 / 0\n        each = [")
    (lab / "lab.py").write_text(code)
    done = qexp("circuit=flips", "backend=ibmq_manila", "options.shots=100")
    assert done.status == 0
    assert "Flips.analyse raised ZeroDivisionError: division by zero" in done.err
    assert "What was measured is kept" in done.err
    (run,) = Logged(lab).parents
    kept = Logged(lab).client.list_artifacts(run.info.run_id)
    assert "counts.json" in {one.path for one in kept}


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ("circuit.counts=[a]", "circuit.counts.0 = a: must be an integer."),
        (
            "+circuit.count=3",
            "circuit.count = 3: no such key. Did you mean",
        ),
        ("circuit.family=lab.Flip", "lab has no class Flip. Did you mean Flips?"),
        ("circuit.family=lab", "circuit.family = lab"),
        ("circuit.family=qiskit.QuantumCircuit", "must be a subclass of"),
        ("metrics=[flips]", "metrics.0 = flips: must be one of flip_probability"),
        ("optimize=depths", "optimize = depths: must be one of flip_probability"),
    ],
)
def test_what_is_wrong_is_named(lab, qexp, given, told):
    done = qexp("circuit=flips", "backend=ibmq_manila", given)
    assert done.status == 2
    assert told in done.err
    assert "fault of qexp" not in done.err
