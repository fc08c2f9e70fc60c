"""The model: against what was measured, and what was computed elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from qiskit import QuantumCircuit

from qexp.declare.twin import Twin
from qexp.devices.served import pulse_defaults
from qexp.errors import PointFailed
from qexp.twin.calibration import ACQUISITION_US
from qexp.twin.mitigation import misassigned
from qexp.twin.model import model
from qexp.twin.preparation import Setting, above_ground
from qexp.twin.simulate import Simulator
from tests.twin.machines import FITTED, compiled, device, dynamic, ghz_on

US = 1e-6
ESP_OFF, ESP_ON = Setting(250 * US, True, False), Setting(250 * US, True, True)


def fidelity(qubits, rep_delay, init_qubits, twin=FITTED):
    """P(0…0) + P(1…1) before readout error, and how shots start."""
    simulator = Simulator(device(), twin)
    setting = Setting(rep_delay * US, init_qubits, esp=False)
    answer = simulator.run(ghz_on(qubits), setting, 1, 0)
    ((found, said),) = simulator._found._kept.values()
    assert said == answer.start
    return found[0] + found[-1], said


@pytest.mark.parametrize(
    ("qubits", "init_qubits", "rep_delay", "expected"),
    [
        (5, True, 0, 0.9402),
        (5, True, 250, 0.9526),
        (5, True, 500, 0.9541),
        (8, True, 0, 0.8728),
        (8, True, 250, 0.8974),
        (8, True, 500, 0.8990),
        (5, False, 50, 0.319),
        (5, False, 250, 0.789),
        (5, False, 500, 0.933),
        (8, False, 250, 0.711),
        (8, False, 500, 0.877),
    ],
)
def test_ghz_states_are_as_good_as_they_were_computed_to_be(
    qubits, init_qubits, rep_delay, expected
):
    found, said = fidelity(qubits, rep_delay, init_qubits)
    assert found == pytest.approx(expected, abs=1e-3)
    if rep_delay < 500:  # after which little is left of the previous shot
        assert said == ("independent" if init_qubits else "joint")


DELAYS = [0, 25, 50, 100, 200, 250, 500]
MEASURED = {  # ibmq_montreal, mean of 27 qubits: P. Nation, 2021-11-07
    0: ([0.0186, 0.0144, 0.0133, 0.0135, 0.0119, 0.0130, 0.0126], 0.0124),
    1: ([0.0396, 0.0358, 0.0315, 0.0302, 0.0278, 0.0257, 0.0258], 0.0258),
}


def test_errors_rise_towards_short_delays_as_they_were_measured_to():
    twin = model(device(), FITTED)
    places = tuple(range(27))
    wrong = []
    for bit, (levels, floor) in MEASURED.items():
        # every shot of such a circuit comes after one of the same
        excited = [
            twin.carried(places, Setting(delay * US, True, False))[:, bit]
            for delay in [*DELAYS, 10_000]
        ]
        errors = np.array([twin.errors(place, False) for place in places])
        scale = 1 - errors.sum(axis=1)
        rise = [(scale * (one - excited[-1])).mean() for one in excited[:-1]]
        wrong.append(np.array(rise) - (np.array(levels) - floor))
    assert np.sqrt(np.mean(np.square(wrong))) <= 0.0014


@pytest.mark.parametrize("engine", ["exact", "clifford"])
@pytest.mark.parametrize("bit", [0, 1])
@pytest.mark.parametrize("resets", [True, False])
def test_a_circuit_comes_after_itself(engine, bit, resets):
    """All 0 after all 0, all 1 after all 1: how often that is read otherwise."""
    qubits, shots = range(12, 16), 400_000
    twin = Twin(engine=engine)
    setting = Setting(25 * US, resets, False)
    circuit = QuantumCircuit(27, len(qubits))
    if bit:
        circuit.x(qubits)
    circuit.measure(qubits, range(len(qubits)))
    answer = Simulator(device(), twin).run(circuit, setting, shots, 5)
    read = dict(zip(answer.drawn.outcomes, answer.drawn.counts, strict=True))
    known = model(device(), twin)
    for k, qubit in enumerate(qubits):
        after_0, after_1 = known.carried((qubit,), setting)[0]
        # the start s that is its own successor: found 1 with s, or after X with 1 - s
        step = after_1 - after_0
        start = after_1 / (1 + step) if bit else after_0 / (1 - step)
        e10, e01 = known.errors(qubit, False)
        found = 1 - start if bit else start
        expected = found * (1 - e01) + (1 - found) * e10
        ones = sum(n for outcome, n in read.items() if outcome >> k & 1) / shots
        # 1e-3 for X and the wait; rounds end there as well, or in the noise of a pilot
        room = 2.5e-3 if resets or engine == "exact" else 0.01
        assert ones == pytest.approx(expected, abs=room)


@pytest.mark.parametrize("name", ["montreal", "cairo", "manila", "perth", "washington"])
def test_default_options_give_the_snapshot_s_own_errors(name):
    twin = model(device(name), Twin())
    setting = Setting(twin.calibration.rep_delay, True, False)
    compared = 0
    for place, qubit in enumerate(twin.calibration.qubits):
        q = float(twin.carried((place,), setting).mean())
        e10, e01 = twin.errors(place, False)
        if q > 0.9 * qubit.p10 or min(e10, e01) <= 1e-5:
            continue  # its preparation alone would be worse than that
        assert q * (1 - e01) + (1 - q) * e10 == pytest.approx(qubit.p10, abs=1e-12)
        assert (1 - q) * e01 + q * (1 - e10) == pytest.approx(qubit.p01, abs=1e-12)
        # M3's calibration has the error of the gate that prepares |1⟩ as well
        p10, p01 = misassigned(twin, place, setting)
        assert p10 == pytest.approx(qubit.p10, abs=1e-12)
        gate = twin.calibration.gates["x", (place,)]
        assert -1e-12 <= p01 - qubit.p01 <= 1.5 * gate.error + gate.length / qubit.t1
        compared += 1
    assert compared > 0.8 * len(twin.calibration.qubits)


@given(
    st.sampled_from(["montreal", "cairo", "manila"]),
    st.floats(0, 500),
    st.floats(0, 500),
    st.booleans(),
    st.floats(0, 1),
)
def test_a_longer_delay_prepares_no_worse(name, one, other, init_qubits, eta):
    short, long = sorted([one, other])
    twin = model(device(name), Twin(eta=eta))
    places = tuple(range(5))
    after_1 = [
        twin.carried(places, Setting(delay * US, init_qubits, False))[:, 1]
        for delay in (short, long)
    ]
    floor = twin.carried(places, Setting(1.0, init_qubits, False))[:, 1]
    # what is below the thermal population already rises to it
    assert (after_1[1] <= np.maximum(after_1[0], floor) + 1e-15).all()


def assignment(name, eps_esp, setting):
    """Mean assignment error over a device's qubits."""
    twin = model(device(name), Twin(eta=0.6, eps_esp=eps_esp))
    places = range(len(twin.calibration.qubits))
    return np.mean([twin.errors(place, setting.esp) for place in places])


@pytest.mark.parametrize(
    ("name", "eps_esp", "change"),
    [
        ("montreal", 0.004, -0.0028),
        ("montreal", 0.011, 0.0007),
        ("paris", 0.004, -0.0056),
        ("guadalupe", 0.004, -0.0084),
        ("cairo", 0.011, 0.0048),
    ],
)
def test_esp_changes_the_error_as_it_was_computed_to(name, eps_esp, change):
    off, on = (assignment(name, eps_esp, one) for one in (ESP_OFF, ESP_ON))
    assert on - off == pytest.approx(change, abs=2e-4)


def test_a_qubit_in_2_decays_twice():
    assert above_ground(0.0, 2.0) == 1
    assert above_ground(0.3, 2.0) == pytest.approx(2 * np.exp(-0.3) - np.exp(-0.6))
    assert above_ground(0.3, 1.0) == pytest.approx(
        above_ground(0.3, 1 + 1e-6), abs=1e-5
    )


@pytest.mark.parametrize("name", ACQUISITION_US)
def test_how_long_readout_integrates_is_what_terra_s_files_say(name):
    folder = name.partition("_")[2]
    if folder in ("washington", "toronto", "brooklyn", "paris"):
        pytest.skip("its file takes long to read")
    acquired = {
        one["duration"]
        for command in pulse_defaults(folder)["cmd_def"]
        if command["name"] == "measure"
        for one in command["sequence"]
        if one["name"] == "acquire"
    }
    assert min(acquired) * device(folder).dt == pytest.approx(
        ACQUISITION_US[name] * US, abs=1e-9
    )


def counts(simulator, circuit, setting, shots=4000, seed=1):
    drawn = simulator.run(circuit, setting, shots, seed).drawn
    return dict(zip(drawn.outcomes, drawn.counts.tolist(), strict=True))


def test_one_simulation_serves_shots_seeds_and_esp():
    simulator = Simulator(device(), FITTED)
    made = [
        counts(simulator, ghz_on(5), setting, shots, seed)
        for setting in (ESP_OFF, ESP_ON)
        for shots, seed in ((4000, 1), (4000, 2), (100, 1))
    ]
    assert len(simulator._found) == len(simulator._programs) == 1
    assert len({str(sorted(one.items())) for one in made}) == len(made)
    assert counts(simulator, ghz_on(5), ESP_OFF) == made[0]
    counts(simulator, ghz_on(5), replace(ESP_OFF, rep_delay=0.0))
    assert (len(simulator._found), len(simulator._programs)) == (2, 1)


def test_measurements_in_the_middle_have_no_esp():
    simulator = Simulator(device("guadalupe"), Twin(eps_esp=0.5))
    circuit = compiled(dynamic(), "guadalupe", layout_method="trivial")
    ones = []
    for setting in (ESP_OFF, ESP_ON):
        read = counts(simulator, circuit, setting, shots=20_000)
        bits = range(circuit.num_clbits)
        ones.append([sum(n for o, n in read.items() if o >> k & 1) for k in bits])
    assert np.abs(np.subtract(*ones))[:2].max() < 600  # three standard deviations
    assert np.abs(np.subtract(*ones))[2:].max() > 2000


@pytest.mark.parametrize("engine", ["exact", "mps", "trajectories"])
def test_an_engine_can_be_forced(engine):
    simulator = Simulator(device(), Twin(engine=engine))
    answer = simulator.run(ghz_on(3), ESP_OFF, 200, 1)
    assert answer.engine == engine
    assert answer.drawn.counts.sum() == 200


def test_an_engine_that_cannot_says_so():
    circuit = compiled(dynamic(), "guadalupe")
    simulator = Simulator(device("guadalupe"), Twin(engine="mps"))
    with pytest.raises(
        PointFailed, match=r"engine = mps: it measures .* in the middle"
    ):
        simulator.run(circuit, ESP_OFF, 10, 1)
