"""The Clifford path inside the twin: when it is chosen, and that it answers alike."""

from __future__ import annotations

import numpy as np
import pytest
from qiskit import QuantumCircuit

from qexp.declare.twin import Twin
from qexp.errors import PointFailed
from qexp.twin.preparation import Setting
from qexp.twin.simulate import Simulator
from tests.twin.machines import compiled, device, ghz_on

SETTING = Setting(rep_delay=250e-6, init_qubits=True, esp=False)
SHOTS = 100_000


def simulated(circuit, engine="auto", shots=SHOTS):
    simulator = Simulator(device(), Twin(engine=engine))
    return simulator.run(circuit, SETTING, shots, 7)


def populations(answer, qubits):
    counts = dict(zip(answer.drawn.outcomes, answer.drawn.counts, strict=True))
    return sum(counts.get(key, 0) for key in (0, 2**qubits - 1)) / SHOTS


def test_it_is_chosen_where_exact_probabilities_are_out_of_reach():
    answer = simulated(ghz_on(27, level=1))
    assert answer.engine == "clifford"
    assert 0.05 < populations(answer, 27) < 0.5


def test_exact_probabilities_are_preferred():
    assert simulated(ghz_on(5), shots=100).engine == "exact"


def test_it_is_chosen_where_all_outcomes_are_many():
    # no gates to speak of, and 2**27 outcomes: half a minute by exact probabilities
    circuit = QuantumCircuit(27, 27)
    circuit.x(range(27))
    circuit.measure(range(27), range(27))
    answer = simulated(circuit, shots=2000)
    assert answer.engine == "clifford"
    errors = [Simulator(device(), Twin()).model.errors(k, False)[1] for k in range(27)]
    zeros = sum(
        int(n) * (27 - outcome.bit_count())
        for outcome, n in zip(answer.drawn.outcomes, answer.drawn.counts, strict=True)
    )
    # gates and starts err as well, less than readout does
    assert 1.0 < zeros / 2000 / sum(errors) < 1.5


@pytest.mark.parametrize("qubits", [3, 6])
def test_it_answers_as_exact_probabilities_do(qubits):
    found = [
        populations(simulated(ghz_on(qubits), engine), qubits)
        for engine in ("exact", "clifford")
    ]
    error = np.sqrt(2 * 0.25 / SHOTS)
    assert abs(found[0] - found[1]) < 4 * error


def test_what_it_cannot_run_is_told():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure_all()
    circuit.reset(0)
    circuit.measure_all()
    with pytest.raises(PointFailed, match=r"twin\.engine = clifford"):
        simulated(compiled(circuit), "clifford", shots=10)


def test_many_rotations_are_not_left_to_it():
    circuit = QuantumCircuit(4)
    for qubit in range(4):
        circuit.rx(0.3 + qubit, qubit)
    circuit.cx(0, 1)
    circuit.measure_all()
    made = compiled(circuit)
    assert simulated(made, shots=10).engine == "exact"
    assert simulated(made, "clifford", shots=10).engine == "clifford"
