"""What was compiled once is found again, and only then."""

from __future__ import annotations

import subprocess
import sys

import pytest
from qiskit import QuantumCircuit, QuantumRegister

from qexp.declare.config import Backend
from qexp.devices.device import load
from qexp.devices.snapshot import backend
from qexp.services import compiling, shelf
from qexp.services.compiling import decoded
from qexp.services.shelf import Shelf
from tests.conftest import ROOT

MONTREAL = load(Backend(name="ibmq_montreal", snapshot="montreal"))
ASKED = {"optimization_level": 3, "layout_method": "sabre", "seed_transpiler": 7}


def ghz(width=4, angle=None, names=("q", "c")):
    circuit = QuantumCircuit(QuantumRegister(width, names[0]), name="ghz")
    circuit.h(0)
    for qubit in range(1, width):
        circuit.cx(0, qubit)
    if angle is not None:
        circuit.rz(angle, 0)
    circuit.measure_all()
    return circuit


@pytest.fixture
def compile(tmp_path, monkeypatch):
    """Compile by a shelf that is opened anew each time; with how often terra was asked."""
    asked = []
    by_terra = shelf.compiled

    def counted(*arguments):
        asked.append(arguments)
        return by_terra(*arguments)

    monkeypatch.setattr(shelf, "compiled", counted)

    def one(circuit, arguments=ASKED, device=MONTREAL, **more):
        opened = Shelf(tmp_path / "shelf", **more)
        compiling.decoded.cache_clear()
        made = opened.compiler(device)(backend(MONTREAL), circuit, dict(arguments))
        return made, len(asked)

    return one


def test_it_is_compiled_once(compile):
    first, asked = compile(ghz())
    again, asked_again = compile(ghz())
    assert (asked, asked_again) == (1, 1)
    assert again.circuit == first.circuit
    assert shelf._places(again.circuit) == shelf._places(first.circuit)
    assert again.seconds == first.seconds
    assert again.text == first.text
    assert decoded(again.text) == first.circuit


@pytest.mark.parametrize(
    "different",
    [
        {"arguments": {**ASKED, "seed_transpiler": 8}},
        {"arguments": {**ASKED, "optimization_level": 1}},
        {"arguments": {**ASKED, "initial_layout": [0, 1, 2, 3]}},
        {"circuit": ghz(5)},
        {"circuit": ghz(angle=0.1)},
        {"device": load(Backend(name="ibmq_mumbai", snapshot="mumbai"))},
    ],
    ids=lambda one: f"{next(iter(one))}",
)
def test_what_decides_is_told_apart(compile, different):
    compile(ghz())
    compile(**{"circuit": ghz(), **different})
    assert compile(ghz())[1] == 2


def test_another_compiler_compiles_anew(compile, monkeypatch):
    compile(ghz())
    monkeypatch.setattr(shelf, "__version__", "0.47.0")
    assert compile(ghz())[1] == 2


def test_the_name_does_not_count(compile):
    compile(ghz())
    other = ghz()
    other.name = "other"
    other.metadata = {"point": 3}
    assert compile(other)[1] == 1


def test_without_a_seed_each_is_another(compile):
    arguments = {**ASKED, "seed_transpiler": None}
    compile(ghz(), arguments)
    assert compile(ghz(), arguments)[1] == 2


def test_what_qpy_would_lose_is_not_kept(compile):
    arguments = {**ASKED, "scheduling_method": "alap"}
    first, _ = compile(ghz(), arguments)
    again, asked = compile(ghz(), arguments)
    assert asked == 2
    assert again.circuit.op_start_times == first.circuit.op_start_times


def test_a_torn_shelf_is_as_none(compile, tmp_path):
    first, _ = compile(ghz())
    for file in (tmp_path / "shelf").glob("cache*"):
        file.write_bytes(b"torn" * 1000)
    again, asked = compile(ghz())
    assert asked == 2
    assert again.circuit == first.circuit


def test_a_folder_that_cannot_be_made_is_as_none(compile, tmp_path):
    (tmp_path / "shelf").write_text("a file")
    assert compile(ghz())[1] == 1
    assert compile(ghz())[1] == 2


def test_another_s_content_is_not_taken(compile, tmp_path):
    compile(ghz())
    cache = Shelf(tmp_path / "shelf")._cache
    (key,) = list(cache)
    cache.set(key, {"text": "AAAA", "seconds": 1})
    assert compile(ghz())[1] == 2
    assert compile(ghz())[1] == 2


def test_it_is_bounded(compile, tmp_path):
    for seed in range(60):
        compile(ghz(), {**ASKED, "seed_transpiler": seed}, size=60_000)
    cache = Shelf(tmp_path / "shelf")._cache
    assert 0 < len(cache) < 60
    assert cache.volume() < 150_000  # an empty database takes 32 kB of it


FILL = """
import sys
from pathlib import Path
from tests.services.test_shelf import ASKED, MONTREAL, backend, ghz
from qexp.services.shelf import Shelf

compile = Shelf(Path(sys.argv[1])).compiler(MONTREAL)
for seed in range(12):
    compile(backend(MONTREAL), ghz(), {**ASKED, "seed_transpiler": seed})
"""


def test_processes_share_it(tmp_path):
    command = [sys.executable, "-c", FILL, str(tmp_path / "shelf")]
    together = [subprocess.Popen(command, cwd=ROOT) for _ in range(3)]
    assert [one.wait(120) for one in together] == [0, 0, 0]
    assert len(Shelf(tmp_path / "shelf")._cache) == 12


SWEEP = (
    "+experiment=ghz",
    "backend=ibmq_montreal",
    "grid.options.optimization_level=[1,3]",
    "seed=3",
    "resume=never",
    "tracking.pictures=none",
)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_next_run_takes_it_and_comes_to_the_same(ready, qexp, workers):
    from mlflow import MlflowClient

    for _ in range(2):
        assert qexp(*SWEEP, f"service.workers={workers}").status == 0
    client = MlflowClient(f"sqlite:///{ready}/mlflow.db")
    (experiment,) = [one for one in client.search_experiments() if one.name == "ghz"]
    runs = client.search_runs([experiment.experiment_id], "tags.`qexp.point` != ''")
    assert len(runs) == 4
    by_level = {}
    for run in runs:
        level = run.data.params["optimization_level"]
        by_level.setdefault(level, []).append(run.data.metrics)
    for first, second in by_level.values():
        # to the microsecond, so it was not compiled again
        assert first["transpile_seconds"] == second["transpile_seconds"]
        assert first == second


def test_plan_compile_fills_it(ready, qexp):
    assert qexp("plan", "--compile", *SWEEP).status == 0
    assert not (ready / ".qexp").exists()  # a plan makes no workspace
    (ready / ".qexp").mkdir()
    assert qexp("plan", "--compile", *SWEEP).status == 0
    cache = shelf.Shelf(ready / ".qexp" / shelf.FOLDER)._cache
    before = {key: cache.get(key)["seconds"] for key in cache}
    assert len(before) == 2
    assert qexp(*SWEEP).status == 0
    assert {key: cache.get(key)["seconds"] for key in cache} == before
