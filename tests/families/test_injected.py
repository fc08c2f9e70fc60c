"""Each estimator finds an error that was put into the device."""

from __future__ import annotations

import math

import numpy as np
import pytest

from qexp.families.benchmarking import CliffordRB
from qexp.families.decay import fit
from qexp.families.ghz import GhzFidelity
from qexp.families.mirror import MirrorCircuits
from qexp.families.volume import QuantumVolume
from qexp.families.xeb import LinearXEB
from tests.families.injected import device, measured
from tests.families.machines import depolarised


def estimates(family, on, **arguments):
    made, taken = measured(family, on, **arguments)
    return made.analyse(taken)


def holds(estimate, truth, widen=1.0):
    middle = estimate.value
    assert middle - widen * (middle - estimate.low) <= truth
    assert truth <= middle + widen * (estimate.high - middle)


def test_readout_errors():
    on = device(zero_as_one=0.02, one_as_zero=0.06)
    found = estimates("readout.ReadoutMatrix", on, num_qubits=4)
    holds(found["zero_read_as_one_error"], 0.02, 1.6)
    holds(found["one_read_as_zero_error"], 0.06, 1.6)
    holds(found["assignment_error"], 0.04, 1.6)
    every = estimates("readout.ReadoutMatrix", on, num_qubits=3, method="complete")
    holds(every["assignment_error"], 0.04, 1.6)
    assert every["readout_crosstalk_error"].value < 0.02


def test_errors_of_both_preparations():
    on = device(zero_as_one=0.02, one_as_zero=0.06)
    found = estimates("readout.StatePreparation", on, num_qubits=4)
    holds(found["zeros_error"], 0.02, 1.6)
    holds(found["ones_error"], 0.06, 1.6)
    holds(found["preparation_error"], 0.04, 1.6)


@pytest.mark.parametrize(("t1", "t2"), [(5e-5, 3e-5), (9e-5, 9e-5)])
def test_times(t1, t2):
    on = device(t1=t1, t2=t2)
    holds(estimates("relaxation.T1", on)["t1"], t1, 1.4)
    holds(estimates("relaxation.T2Echo", on)["t2_echo"], t2, 1.4)
    holds(estimates("relaxation.T2Ramsey", on)["t2_ramsey"], t2, 1.4)


def test_error_of_a_clifford():
    r = 5e-3
    lengths = [1, 40, 120, 300]
    family, taken = measured(
        "benchmarking.CliffordRB", device(one_qubit=r), lengths=lengths, samples=6
    )
    found = family.analyse(taken)["clifford_error"]
    # of the 24 Cliffords of one qubit 4 take no pulse and 20 take one, of error r each
    holds(found, 20 / 24 * r, 1.4)
    assert found.high - found.low < 0.3 * r


def test_error_of_a_gate_between_cliffords():
    on = device(two_qubit=0.02)
    found = estimates(
        "benchmarking.InterleavedRB",
        on,
        gate="cx",
        lengths=[1, 4, 8, 14, 22],
        samples=6,
    )
    holds(found["gate_error"], 0.02, 1.4)
    bounds = found["gate_lower_bound_error"], found["gate_upper_bound_error"]
    assert bounds[0].value <= 0.02 <= bounds[1].value
    # a Clifford of two qubits has 1.5 CX on average
    assert found["clifford_error"].value == pytest.approx(0.03, rel=0.25)


def test_fidelity_of_a_ghz_state_by_both_methods():
    # four CX of error r: F falls by about 4 x 15/16 x 16/15 r, both methods see the same
    on = device(two_qubit=0.03)
    for method in ("parity", "coherences"):
        found = estimates("ghz.GhzFidelity", on, num_qubits=5, method=method)
        assert found["ghz_fidelity"].value == pytest.approx(1 - 4 * 0.03, abs=0.04)


@pytest.mark.parametrize("kept", [0.9, 0.5, 0.2])
def test_a_depolarised_ghz_state(kept):
    family = GhzFidelity(num_qubits=4)
    taken = depolarised(family, [kept] * 11, 100_000, seed=1)
    found = family.analyse(taken)["ghz_fidelity"]
    holds(found, kept + (1 - kept) / 2**4, 1.4)


def test_intervals_of_a_fidelity_hold_the_truth():
    family, kept, inside = GhzFidelity(num_qubits=3), 0.8, 0
    truth = kept + (1 - kept) / 2**3
    for seed in range(200):
        found = family.analyse(depolarised(family, [kept] * 9, 1000, seed))
        low, high = found["ghz_fidelity"].low, found["ghz_fidelity"].high
        inside += low <= truth <= high
    assert 0.91 * 200 <= inside <= 0.985 * 200


@pytest.mark.parametrize("kept", [0.7, 0.3])
def test_fidelity_of_random_circuits(kept):
    family = LinearXEB(num_qubits=4, depths=[6], samples=12)
    taken = depolarised(family, [kept] * 12, 20_000, seed=2)
    assert family.analyse(taken)["xeb_fidelity"].value == pytest.approx(kept, abs=0.02)


def test_error_of_a_cycle():
    family = LinearXEB(num_qubits=3, depths=[2, 5, 10, 20], samples=10)
    kept = [0.97**depth for depth in family.depths for _ in range(10)]
    found = family.analyse(depolarised(family, kept, 20_000, seed=3))["xeb_cycle_error"]
    holds(found, 7 / 8 * 0.03, 1.4)


def test_polarisation_and_the_error_of_a_layer():
    family = MirrorCircuits(num_qubits=3, depths=[1, 4, 8, 16], samples=8)
    kept = [0.98 ** (2 * depth) for depth in family.depths for _ in range(8)]
    found = family.analyse(depolarised(family, kept, 20_000, seed=4))
    mean = sum(kept) / len(kept)
    assert found["effective_polarisation"].value == pytest.approx(mean, abs=0.01)
    holds(found["mirror_layer_error"], 63 / 64 * 0.02, 1.4)


def test_a_decay_of_known_base():
    family = CliffordRB(num_qubits=2, lengths=[1, 5, 10, 20], samples=6)
    kept = [0.94**m for m in family.lengths for _ in range(6)]
    found = family.analyse(depolarised(family, kept, 10_000, seed=5))["clifford_error"]
    holds(found, 3 / 4 * 0.06, 1.4)


def test_heavy_outputs_of_a_machine_that_guesses_now_and_then():
    family = QuantumVolume(num_qubits=3, num_circuits=120)
    taken = depolarised(family, [0.4] * 120, 2000, seed=6)
    perfect = family.analyse(depolarised(family, [1.0] * 120, 2000, seed=6))
    ideal = perfect["heavy_output_probability"].value
    found = family.analyse(taken)["heavy_output_probability"]
    assert found.value == pytest.approx(0.5 + 0.4 * (ideal - 0.5), abs=0.01)


def test_bell_s_inequality_under_readout_error():
    # both readouts flip with e: each correlation shrinks by (1 - 2 e)^2
    found = estimates(
        "bell.Chsh", device(zero_as_one=0.1, one_as_zero=0.1), shots=20_000
    )
    holds(found["chsh"], 2 * math.sqrt(2) * 0.8**2, 1.6)
    assert found["chsh_violated"].value == 0


def test_intervals_of_a_decay_hold_the_truth():
    draw, inside = np.random.default_rng(0), 0
    lengths = [float(m) for m in (1, 50, 100, 200, 400) for _ in range(6)]
    for _ in range(300):
        # each sequence has a bias of its own beside its shots
        share = 0.5 + 0.49 * 0.9966 ** np.asarray(lengths)
        share = np.clip(share + draw.normal(0, 0.004, len(lengths)), 0, 1)
        decay = fit(lengths, list(draw.binomial(4000, share) / 4000))
        error = decay.error(2.0)
        inside += error.low <= 0.5 * (1 - 0.9966) <= error.high
    assert 0.91 * 300 <= inside <= 0.985 * 300
