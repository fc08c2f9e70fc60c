"""`plan` as a user reads it: nothing runs, everything is said."""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys

import pytest

GHZ = ["+experiment=ghz", "backend=ibmq_montreal"]


def test_the_table_says_what_the_sweep_amounts_to(folder, qexp):
    finished = qexp("plan", "+experiment=ghz_options", "backend=ibmq_montreal")
    assert finished.status == 0, finished.err
    for line in [
        r"points +64 \(64 cells\)",
        r"circuits +64 to measure, 1 distinct",
        r"compilations +16 distinct",
        r"blocks +1",
        r"jobs +4, with 16 circuits each",
        r"shots +256,000",
        r"QPU time +at most 1 min",
    ]:
        assert re.search(line, finished.out), (line, finished.out)
    assert list(folder.iterdir()) == []


def test_compiled_it_is_exact_and_lists_what_compiles_to_the_same(folder, qexp):
    finished = qexp("plan", "--compile", "+experiment=ghz_options", GHZ[1], "seed=1")
    assert finished.status == 0
    assert re.search(r"16 distinct, which give \d+ distinct circuits", finished.out)
    # 4 jobs, and 32 points each of 54.9 µs and 254.9 µs + 7 µs a shot, roughly
    assert re.search(r"QPU time +(49|50|51)\.\d s", finished.out)
    assert "compile to the same circuit" in finished.out
    assert "optimization_level=2, noise_adaptive" in finished.out


def test_cells_that_cannot_be_run_are_listed_and_the_status_is_1(folder, qexp):
    grid = ["circuit.num_qubits=2,6", "backend=ibmq_manila,ibmq_montreal"]
    finished = qexp("plan", "-m", "circuit=ghz", *grid)
    assert finished.status == 1
    assert "cannot be run (1, recorded as FAILED)" in finished.out
    assert "circuit.num_qubits = 6: ibmq_manila has 5 qubits" in finished.out
    assert (
        "in 1 cell, such as circuit.num_qubits=6, backend=ibmq_manila" in finished.out
    )


def test_json_is_the_plan_for_machines(folder, qexp):
    arguments = ["--json", *GHZ, "repeats=2", "grid.options.shots=[10,20]", "seed=4"]
    content = json.loads(qexp("plan", *arguments).out)
    assert len(content["points"]) == 4
    assert {one["block"] for one in content["points"]} == {0, 1}
    assert content["seed"] == 4
    assert content["quantum_seconds"] > 8
    assert content["quantum_seconds_exact"] is False
    compiled = json.loads(qexp("plan", "--compile", *arguments).out)
    assert compiled["quantum_seconds"] < content["quantum_seconds"]
    assert compiled["quantum_seconds_exact"] is True
    assert compiled["points"] == content["points"]
    assert [len(names) for names in compiled["aliases"]] == [1]


def test_explain_shows_the_ladder_of_an_identity(folder, qexp):
    (point,) = json.loads(qexp("plan", "--json", *GHZ).out)["points"]
    finished = qexp("plan", *GHZ, "--explain", point["id"][:8])
    assert finished.status == 0, finished.err
    assert f"point     {point['id']}" in finished.out
    assert '"num_qubits": 5' in finished.out
    (text,) = [
        line for line in finished.out.splitlines() if line.startswith('{"backend"')
    ]
    digest = hashlib.sha256(text.encode()).hexdigest()
    assert digest in finished.out
    assert digest.startswith(point["id"])
    unknown = qexp("plan", *GHZ, "--explain=ffffffffffff")
    assert unknown.status == 2
    assert point["id"] in unknown.err


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["--explain"], "--explain: name a point"),
        (["hydra/sweeper=optuna", "-m"], "it chooses its points while it runs"),
        (["options.shotz=3"], "Did you mean options.shots?"),
    ],
)
def test_what_cannot_be_planned_is_said(folder, qexp, arguments, words):
    finished = qexp("plan", *GHZ, *arguments)
    assert finished.status == 2
    assert words in finished.err


def test_it_imports_neither_mlflow_nor_aer(folder):
    code = (
        "import sys\n"
        "from qexp.command.cli import main\n"
        "arguments = ['plan', '+experiment=ghz_options', 'backend=ibmq_montreal']\n"
        "assert main(arguments) == 0\n"
        "heavy = {'mlflow', 'qiskit_aer', 'mthree', 'matplotlib'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    assert list(folder.iterdir()) == []
