"""The 64-point grid on ibmq_montreal's twin: the effects that the model put in are found.

The truth is each point's own compiled circuit under its own options, simulated with so
many shots that no scatter is left.
"""

from __future__ import annotations

import shutil
from functools import lru_cache

import pytest
from qiskit import transpile

import qexp as package
from qexp.circuits.ghz import ghz
from qexp.declare.twin import Twin
from qexp.devices.snapshot import backend
from qexp.effects import analyse
from qexp.twin.preparation import Setting
from qexp.twin.simulate import Simulator
from tests.conftest import qexp_process
from tests.twin.machines import device

MANY = 10**9
METRIC = "success_probability"


@lru_cache
def compiled(level, layout, seed):
    return transpile(
        ghz(5, "linear"),
        backend(device()),
        optimization_level=level,
        layout_method=None if layout == "default" else layout,
        seed_transpiler=seed,
    )


def truth(simulator, row):
    """The success probability of a point, to 3e-5."""
    circuit = compiled(row.optimization_level, row.layout_method, row.seed_transpiler)
    setting = Setting(row.rep_delay, row.init_qubits, row.use_measure_esp)
    drawn = simulator.run(circuit, setting, MANY, 1).drawn
    counts = dict(zip(drawn.outcomes, drawn.counts, strict=True))
    return (counts.get(0, 0) + counts.get(31, 0)) / MANY


@pytest.fixture(scope="module")
def sweep(tmp_path_factory, database):
    folder = tmp_path_factory.mktemp("grid")
    shutil.copy(database, folder / "mlflow.db")
    done = qexp_process(
        "+experiment=ghz_options",
        "backend=ibmq_montreal",
        "repeats=3",
        "seed=11",
        "tracking.pictures=none",
        cwd=folder,
    )
    assert done.status == 0, done.err
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        yield package.load()


@pytest.fixture(scope="module")
def exact(sweep):
    """The same effects, without shot noise."""
    simulator = Simulator(device(), Twin())
    table = sweep.frame
    table[METRIC] = [truth(simulator, row) for row in table.itertuples()]
    table = table.drop(columns=[f"{METRIC}_low", f"{METRIC}_high"])
    table["compiled"] = table["compiled_hash"]
    table["circuit"] = "ghz"
    found = analyse(table, sweep._findings.factors, METRIC, interactions=False)
    return {(row.option, row.level): row.effect for row in found.effects}


@pytest.mark.long
def test_what_the_model_put_in_is_found(sweep, exact):
    assert len(sweep.frame) == 3 * 64
    rows = {(row.option, row.level): row for row in sweep.analysis(METRIC).effects}
    assert exact["use_measure_esp", "True"] > 0  # eps_esp = 0.004: it helps
    assert exact["rep_delay", "5e-05"] < 0  # a shorter delay prepares worse
    compared = [key for key in rows if rows[key].decision in ("decided", "undecided")]
    assert len(compared) >= 4
    inside = [rows[key].low <= exact[key] <= rows[key].high for key in compared]
    # each interval misses the truth once in twenty sweeps; this seed's miss none
    assert all(inside), [
        (key, rows[key].low, exact[key], rows[key].high) for key in compared
    ]
    for key in compared:
        if rows[key].decision == "decided":
            assert rows[key].effect * exact[key] > 0
    assert rows["use_measure_esp", "True"].effect > 0
