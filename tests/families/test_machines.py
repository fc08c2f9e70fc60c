"""What an ideal machine and a useless one score, family by family, against theory."""

from __future__ import annotations

import math

import numpy as np
import pytest
from qiskit.quantum_info import Statevector

from qexp.families import Taken
from qexp.families.algorithms import (
    BernsteinVazirani,
    HiddenShift,
    QaoaMaxCut,
    QftRoundTrip,
)
from qexp.families.bell import Chsh, Mermin
from qexp.families.benchmarking import CliffordRB, InterleavedRB
from qexp.families.ghz import GhzFidelity
from qexp.families.mirror import MirrorCircuits
from qexp.families.readout import ReadoutMatrix, StatePreparation
from qexp.families.volume import QuantumVolume
from qexp.families.xeb import LinearXEB
from tests.families.machines import ideal, useless

VOLUME = QuantumVolume(num_qubits=3, num_circuits=100)
XEB = LinearXEB(num_qubits=4, samples=4)
MIRROR = MirrorCircuits(num_qubits=4, samples=6)
TREE = [[2, 1], [2, 3], [1, 0], [3, 4]]

# family, metric, an ideal machine's score, a useless one's, how near that is
CASES = [
    (GhzFidelity(num_qubits=4), "ghz_fidelity", 1.0, 2**-4, 0.02),
    (GhzFidelity(num_qubits=4), "ghz_population", 1.0, 2**-3, 0.02),
    (GhzFidelity(num_qubits=5, edges=TREE), "ghz_fidelity", 1.0, 2**-5, 0.02),
    (GhzFidelity(num_qubits=3, method="coherences"), "ghz_coherence", 1.0, 0.0, 0.2),
    (GhzFidelity(num_qubits=4), "genuinely_entangled", 1.0, 0.0, 0),
    (Chsh(), "chsh", 2 * math.sqrt(2), 0.0, 0.1),
    (Chsh(), "chsh_violated", 1.0, 0.0, 0),
    (Mermin(num_qubits=3), "mermin", 4.0, 0.0, 0.1),
    (Mermin(num_qubits=4), "mermin_ratio", 2.0, 0.0, 0.1),
    (QaoaMaxCut(num_qubits=6), "approximation_ratio", 0.75, 0.5, 0.02),
    (VOLUME, "quantum_volume_passed", 1.0, 0.0, 0),
    (MIRROR, "effective_polarisation", 1.0, 0.0, 0.02),
    (MIRROR, "mirror_success_probability", 1.0, 2**-4, 0.01),
    (CliffordRB(samples=2), "clifford_error", 0.0, None, 0),
    (
        CliffordRB(num_qubits=2, lengths=[1, 5, 10], samples=2),
        "clifford_error",
        0,
        None,
        0,
    ),
    (InterleavedRB(samples=2, lengths=[1, 5, 10]), "gate_error", 0.0, None, 0),
    (InterleavedRB(gate="h", num_qubits=1, samples=2), "gate_error", 0.0, None, 0),
    (XEB, "xeb_fidelity", 1.0, 0.0, 0.05),
    (ReadoutMatrix(num_qubits=3), "assignment_error", 0.0, 0.5, 0.02),
    (
        ReadoutMatrix(num_qubits=3, method="complete"),
        "one_read_as_zero_error",
        0,
        0.5,
        0.02,
    ),
    (StatePreparation(num_qubits=3), "preparation_error", 0.0, 0.5, 0.02),
]
NAMES = [f"{type(case[0]).__name__}-{case[1]}-{k}" for k, case in enumerate(CASES)]


@pytest.mark.parametrize(
    ("family", "metric", "perfect", "guessing", "near"), CASES, ids=NAMES
)
def test_machines_score_what_theory_says(family, metric, perfect, guessing, near):
    found = family.analyse(ideal(family))[metric]
    assert found.value == pytest.approx(perfect, abs=1e-6)
    if guessing is not None:
        found = family.analyse(useless(family))[metric]
        assert found.value == pytest.approx(guessing, abs=near)


@pytest.mark.parametrize(
    "family",
    [
        BernsteinVazirani(secret="10011"),
        HiddenShift(shift="1001"),
        HiddenShift(shift="011101"),
        QftRoundTrip(num_qubits=4, numbers=6, seed=3),
        MIRROR,
        CliffordRB(num_qubits=2, lengths=[1, 5, 10], samples=2),
        InterleavedRB(samples=1, lengths=[1, 2, 3]),
        ReadoutMatrix(num_qubits=3),
        StatePreparation(num_qubits=3),
    ],
    ids=lambda family: type(family).__name__,
)
def test_what_is_called_ideal_is_what_the_circuits_give(family):
    for known, taken in zip(family.ideal(), ideal(family), strict=True):
        assert taken.probabilities == pytest.approx(known, abs=1e-9)


def test_an_ideal_machine_s_heavy_outputs_are_near_theory_s():
    value = VOLUME.analyse(ideal(VOLUME))["heavy_output_probability"].value
    assert value == pytest.approx((1 + math.log(2)) / 2, abs=0.04)


def test_heavy_outputs_are_half_of_all():
    for circuit, heavy in zip(VOLUME.circuits(), VOLUME.heavy, strict=True):
        assert len(heavy) == 4
        bare = circuit.remove_final_measurements(inplace=False)
        p = np.sort(Statevector(bare).probabilities())
        exact = Statevector(bare).probabilities_dict()
        assert sum(exact[bits] for bits in heavy) == pytest.approx(p[4:].sum())


def test_fewer_than_a_hundred_circuits_give_no_verdict():
    few = QuantumVolume(num_qubits=3, num_circuits=99)
    found = few.analyse(ideal(few))
    assert "quantum_volume_passed" not in found
    assert found["quantum_volume_circuits_needed"].value >= 100


def test_the_rule_is_cross_s():
    # h = 0.70 over 100 circuits: 0.70 - 2 sqrt(0.21 / 100) = 0.608, so not passed; needs
    # 4 x 0.21 / (0.70 - 2/3)^2 = 756
    shots = 1000
    taken = []
    for circuit, heavy in zip(VOLUME.circuits(), VOLUME.heavy, strict=True):
        light = next(
            bits for bits in (f"{k:03b}" for k in range(8)) if bits not in heavy
        )
        counts = {heavy[0]: 700, light: 300}
        assert circuit.num_clbits == 3
        taken.append(Taken(counts, {k: v / shots for k, v in counts.items()}))
    found = VOLUME.analyse(taken)
    assert found["heavy_output_probability"].value == pytest.approx(0.7)
    assert found["quantum_volume_passed"].value == 0
    assert found["quantum_volume_circuits_needed"].value == 756
    # the bootstrap sees that all circuits agree
    assert found["quantum_volume_passed_bootstrap"].value == 1


def test_circuits_are_the_same_at_every_call_and_others_for_another_seed():
    for kind in (CliffordRB, MirrorCircuits, LinearXEB, QuantumVolume):
        first, again, other = kind(), kind(), kind(seed=1)
        assert list(first.circuits()) == list(again.circuits())
        assert list(first.circuits()) != list(other.circuits())
