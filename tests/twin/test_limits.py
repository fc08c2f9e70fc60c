"""What cannot be simulated is said, in words for who asked for it."""

from __future__ import annotations

import numpy as np
import pytest
import yaml
from qiskit import QuantumCircuit

from qexp.declare.config import Backend
from qexp.declare.twin import Twin
from qexp.devices.device import Device, load
from qexp.errors import PointFailed
from qexp.twin import simulate
from qexp.twin.forecast import forecast
from qexp.twin.memory import Kept
from qexp.twin.model import Model, model
from qexp.twin.preparation import Setting
from qexp.twin.simulate import Simulator
from qexp.userconf import built_in
from tests.twin.machines import device, programmed

USUAL = Setting(250e-6, True, False)
GIB = 2**30


def entangled(qubits, layers=20):
    """Coupled qubits of ibm_washington, entangled by gates that are not Clifford."""
    pairs = device("washington").configuration["coupling_map"]
    reached = [0]
    for place in reached:
        near = [b for a, b in pairs if a == place and b not in reached]
        reached += near[: qubits - len(reached)]
    inside = [pair for pair in pairs if set(pair) <= set(reached)]
    rng = np.random.default_rng(3)
    circuit = QuantumCircuit(127, qubits)
    for _ in range(layers):
        for place in reached:
            circuit.sx(place)
            circuit.rz(float(rng.uniform(0, 6)), place)
        for number in rng.permutation(len(inside))[: qubits // 3]:
            circuit.cx(*inside[number])
    circuit.measure(reached, range(qubits))
    return circuit


def test_thirty_qubits_are_refused_with_every_engine_s_reason(monkeypatch):
    monkeypatch.setattr(simulate, "at_hand", lambda: 4 * GIB)
    simulator = Simulator(device("washington"), Twin())
    with pytest.raises(PointFailed) as refused:
        simulator.run(entangled(30), USUAL, 1000, 1)
    said = str(refused.value)
    assert said.startswith("30 active qubits cannot be simulated")
    assert "4.0 GiB of memory at hand" in said
    assert "trajectories: state vectors of 30 qubits take 32.0 GiB" in said
    assert "exact: its probabilities take" in said
    assert "mps: its entanglement" in said
    assert "service.noise=ideal" in said


def test_a_plan_says_so_before_anything_runs():
    wide, many = entangled(30), entangled(20)
    assert "30 active qubits cannot" in forecast(wide, Twin(), 1000, 4 * GIB)
    assert "20 noisy qubits takes about" in forecast(many, Twin(), 1000, 4 * GIB)
    chain = QuantumCircuit(20, 20)
    chain.h(0)
    for qubit in range(19):
        chain.cx(qubit, qubit + 1)
    chain.measure(range(20), range(20))
    assert forecast(chain, Twin(), 1000, 4 * GIB) is None


def test_a_circuit_without_measurements_is_refused():
    circuit = QuantumCircuit(27, 1)
    circuit.x(0)
    with pytest.raises(PointFailed, match="measures nothing"):
        programmed(circuit)


@pytest.mark.parametrize(
    ("length", "unit"), [(0.002, "ms"), (2000, "ns"), (2e-6, "s"), (9000, "dt")]
)
def test_delays_in_any_unit_are_the_same_wait(length, unit):
    circuit = QuantumCircuit(27, 1)
    circuit.x(0)
    circuit.delay(length, 0, unit=unit)
    circuit.measure(0, 0)
    step = programmed(circuit).program.steps[-1]
    assert step.params == (pytest.approx(2e-6, rel=1e-6),)
    kept = step.channels[0].superop[3, 3].real
    t1 = model(device(), Twin()).calibration.qubits[0].t1
    assert kept == pytest.approx(np.exp(-2e-6 / t1), rel=1e-4)


def test_a_delay_in_dt_needs_a_device_that_has_one():
    served = device("manila")
    configuration = {**served.configuration, "open_pulse": False}
    del configuration["dt"]
    without = Device("without", configuration, served.properties, {})
    circuit = QuantumCircuit(5, 1)
    circuit.delay(100, 0, unit="dt")
    circuit.measure(0, 0)
    with pytest.raises(PointFailed, match="100 dt: the device does not say how long"):
        Simulator(without, Twin()).run(circuit, USUAL, 10, 1)


def test_what_is_kept_is_bounded():
    kept = Kept(10, lambda value: value)
    made = []

    def make(value):
        return lambda: made.append(value) or value

    for value in (4, 5, 6, 4):
        assert kept(value, make(value)) == value
    assert made == [4, 5, 6, 4]
    assert len(kept) == 2
    kept(11, make(11))
    assert len(kept) == 0


SHIPPED = [
    Backend.model_validate(
        {k: v for k, v in yaml.safe_load(file.read_text()).items() if k != "declared"}
    )
    for file in sorted(built_in().glob("backend/ibm*.yaml"))
]


SNAPSHOTS = [section for section in SHIPPED if section.snapshot]


def test_every_shipped_device_with_a_calibration_has_a_twin():
    found = 0
    for section in SNAPSHOTS:
        served = load(section)
        if served.properties is None or served.num_qubits > 20:
            continue  # the large ones take a second each to read
        twin = Model(served, Twin())
        for place in range(served.num_qubits):
            assert all(0 < one < 1 for one in twin.errors(place, True))
            assert (twin.carried((place,), USUAL) <= 0.5).all()
        found += 1
    assert found > 25
