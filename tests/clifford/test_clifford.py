"""The Clifford path against the density matrix, on GHZ circuits of a real device."""

from __future__ import annotations

from dataclasses import replace
from math import pi

import numpy as np
import pytest

from qexp.twin.clifford import refusal, sample
from qexp.twin.program import Channel
from tests.clifford import programs, scores
from tests.clifford.exact import probabilities, twirl

SHOTS = 200_000
EXCITED = 0.01
CHANCE = 1e-4
"""Least that is believed to be chance; every seed is fixed."""


@pytest.fixture(scope="module")
def montreal():
    return programs.Noisy("montreal")


def sampled(program, seed=1, shots=SHOTS):
    return scores.counts(sample(program, shots, np.random.default_rng(seed)))


def pauli_only(program):
    """The same program with each channel twirled."""
    steps = [
        replace(
            step,
            channels=tuple(Channel(c.qubits, twirl(c.superop)) for c in step.channels),
        )
        for step in program.steps
    ]
    return replace(program, steps=tuple(steps))


@pytest.mark.parametrize("n", range(3, 9))
def test_ghz_populations_are_those_of_the_density_matrix(montreal, n):
    program = montreal.program(programs.populations(n), start=EXCITED)
    exact, found = probabilities(program), sampled(program)
    assert scores.variation(found, exact) <= 0.02
    assert abs(scores.fidelity(found) - scores.fidelity(exact)) <= 0.01
    # not only near: relaxation of qubits that are 0 or 1 is exact
    assert scores.chance(found, exact) > CHANCE


def circuits(n):
    yield programs.parity_oscillation(n, 0.3)
    yield programs.parity_oscillation(n, 2 * pi / (n + 1))
    yield programs.coherence(n, 3 * pi / (n + 1))


@pytest.mark.parametrize("n", [3, 5, 8])
def test_rotations_are_those_of_the_density_matrix(montreal, n):
    for circuit in circuits(n):
        program = montreal.program(circuit, start=EXCITED)
        exact = probabilities(program)
        found = sampled(program)
        by_chance = np.sqrt(exact * (1 - exact) / (2 * pi * SHOTS)).sum()
        assert scores.variation(found, exact) <= 0.02 + by_chance
        twirled = pauli_only(program)
        found, exact = sampled(twirled), probabilities(twirled)
        assert scores.chance(found, exact) > CHANCE


def test_each_qubit_may_have_an_angle_of_its_own(montreal):
    circuit = programs.prepared(5)
    for qubit, angle in enumerate((0.3, -1.1, pi / 2, 2.5, 0.07)):
        if qubit % 2:
            circuit.x(qubit)
        circuit.rz(angle, qubit)
    circuit.h(range(5))
    circuit.measure_all()
    program = montreal.program(circuit, optimization_level=1)
    found, exact = sampled(program), probabilities(program)
    assert scores.variation(found, exact) <= 0.02
    twirled = pauli_only(program)
    assert scores.chance(sampled(twirled), probabilities(twirled)) > CHANCE


def test_a_seed_decides_the_sample(montreal):
    program = montreal.program(programs.coherence(4, 0.4), start=EXCITED)
    bits = [sample(program, 1001, np.random.default_rng(seed)) for seed in (3, 3, 4)]
    assert bits[0].shape == (1001, 4)
    assert bits[0].dtype == bool
    assert (bits[0] == bits[1]).all()
    assert (bits[0] != bits[2]).any()


def test_all_of_a_device_is_sampled(montreal):
    circuit = programs.tree(montreal, 13)
    circuit.measure_all()
    program = montreal.in_place(circuit, start=EXCITED)
    assert refusal(program) is None
    bits = sample(program, 20_000, np.random.default_rng(1))
    assert bits.shape == (20_000, 27)
    # each qubit flips once or twice in a hundred shots, the branches are equally likely
    both = bits.all(axis=1).mean() + (~bits).all(axis=1).mean()
    assert 0.4 < both < 0.8
    assert abs(bits.mean() - 0.5) < 0.05
