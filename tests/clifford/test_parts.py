"""Gates, Pauli tables and random programs: the pieces of the Clifford path."""

from __future__ import annotations

from functools import reduce
from itertools import product
from math import pi

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from qiskit.circuit.library import (
    CPhaseGate,
    CXGate,
    CZGate,
    ECRGate,
    HGate,
    RXGate,
    RYGate,
    RZGate,
    RZZGate,
    SdgGate,
    SGate,
    SwapGate,
    SXGate,
    TGate,
    UGate,
    XGate,
    YGate,
)
from qiskit.quantum_info import Operator, SuperOp, random_quantum_channel
from qiskit_aer.noise import depolarizing_error, thermal_relaxation_error

from qexp.twin.clifford import refusal, sample
from qexp.twin.clifford.gates import ROTATE, TOLERANCE, parts
from qexp.twin.clifford.pauli import Span
from qexp.twin.clifford.twirl import table
from qexp.twin.program import Channel, Program, Step
from tests.clifford import scores
from tests.clifford.exact import probabilities, twirl

ONE = [HGate(), SGate(), SdgGate(), SXGate(), XGate(), YGate()]
TWO = [CXGate(), CZGate(), ECRGate(), SwapGate()]

LETTERS = [Operator.from_label(letter).data for letter in "IXYZ"]


def step(gate, *qubits, channels=()):
    return Step(
        gate.name, qubits, np.asarray(gate.to_matrix()), tuple(gate.params), channels
    )


def program(steps, qubits, start=None, measured=None):
    measured = range(qubits) if measured is None else measured
    pairs = tuple((position, clbit) for clbit, position in enumerate(measured))
    start = np.zeros(qubits) if start is None else np.array(start)
    return Program(tuple(range(10, 10 + qubits)), tuple(steps), pairs, start)


def matrix_of(found, qubits):
    """The product of parts."""
    whole = np.eye(2**qubits, dtype=complex)
    for part in found:
        if part.name == ROTATE:
            gate = RZGate(part.angle)
        else:
            gate = {"H": HGate(), "S": SGate(), "S_DAG": SdgGate(), "CX": CXGate()}.get(
                part.name, RZGate(pi)
            )
        here = Operator(np.eye(2**qubits)).compose(gate, list(part.targets))
        whole = here.data @ whole
    return whole


def alike(one, other):
    return abs(abs(np.vdot(one, other)) / len(one) - 1) < 1e-12


@given(st.tuples(*[st.floats(-7, 7)] * 3))
@settings(max_examples=60, derandomize=True, deadline=None)
def test_any_gate_on_one_qubit_is_its_parts(angles):
    unitary = np.asarray(UGate(*angles).to_matrix())
    assert alike(matrix_of(parts(unitary), 1), unitary)


@pytest.mark.parametrize("phase", [1, 1j, np.exp(0.3j)])
def test_clifford_gates_have_no_rotation(phase):
    quarters = product(range(4), repeat=3)
    some = [UGate(*(pi / 2 * k for k in three)) for three in quarters]
    rz = [RZGate(pi / 2 * k + TOLERANCE / 2) for k in range(-9, 10)]
    for gate in (*ONE, *some, *rz):
        unitary = phase * np.asarray(gate.to_matrix())
        found = parts(unitary)
        assert all(part.name != ROTATE for part in found), gate
        assert alike(matrix_of(found, 1), unitary)
    for gate in TWO:
        unitary = phase * np.asarray(gate.to_matrix())
        assert alike(matrix_of(parts(unitary), 2), unitary)


@pytest.mark.parametrize("around", [RXGate, RYGate, RZGate])
def test_one_rotation_between_clifford_gates_stays_one(around):
    middle = np.asarray(around(0.3).to_matrix())
    for before, after in product(ONE, ONE):
        unitary = after.to_matrix() @ middle @ before.to_matrix()
        names = [part.name for part in parts(unitary)]
        assert names.count(ROTATE) == 1


def test_gates_off_by_more_than_the_tolerance_are_not_clifford():
    for angle in (3 * TOLERANCE, 1e-3, 0.3):
        found = parts(np.asarray(RZGate(pi / 2 + angle).to_matrix()))
        assert found[-1].angle == pytest.approx(angle, abs=1e-12)
        assert parts(np.asarray(RZZGate(pi / 2 + angle).to_matrix())) is None


def test_the_table_of_nothing_decided_is_the_pauli_twirl():
    for qubits in (1, 2):
        superop = SuperOp(random_quantum_channel(2**qubits, seed=qubits)).data
        (row,) = table(superop, (False,) * qubits)
        expected = np.zeros_like(superop)
        for chance, letters in zip(row, product(LETTERS, repeat=qubits), strict=True):
            pauli = reduce(np.kron, letters)  # the last qubit comes first, and slowest
            expected += chance * np.kron(pauli.conj(), pauli)
        assert np.allclose(twirl(superop), expected)


def test_a_decided_qubit_is_flipped_as_often_as_it_decays():
    t1, t2, time = 100.0, 120.0, 10.0
    relaxed = SuperOp(thermal_relaxation_error(t1, t2, time, 0.1)).data
    gone = 1 - np.exp(-time / t1)
    rows = table(relaxed, (True,))
    assert np.allclose(rows[:, 1], [0.1 * gone, 0.9 * gone])
    assert np.allclose(rows[:, 2:], 0)
    # beside an undecided qubit: the noise of each is what it would be alone
    other = SuperOp(depolarizing_error(0.1, 1)).data
    both = SuperOp(relaxed).tensor(SuperOp(other)).data  # relaxed: the second
    rows = table(both, (False, True)).reshape(2, 4, 4)
    (alone,) = table(other, (False,))
    assert np.allclose(rows[1], np.outer([1 - 0.9 * gone, 0.9 * gone, 0, 0], alone))


def test_two_decided_qubits_are_flipped_each_by_its_own_state():
    slow, fast = (
        SuperOp(thermal_relaxation_error(100.0, 100.0, time)) for time in (1.0, 50.0)
    )
    gone = 1 - np.exp(-0.01), 1 - np.exp(-0.5)
    rows = table(fast.tensor(slow).data, (True, True)).reshape(2, 2, 4, 4)
    for second, first in product((0, 1), repeat=2):
        flips = rows[second, first]
        assert flips[:, 1].sum() == pytest.approx(first * gone[0])
        assert flips[1].sum() == pytest.approx(second * gone[1])


def test_rotations_add_up_with_the_signs_of_their_axes():
    half = RZGate(0.7)
    turned = [step(HGate(), 0), step(half, 0), step(XGate(), 0), step(half, 0)]
    bits = sample(
        program([*turned, step(HGate(), 0)], 1), 1000, np.random.default_rng(1)
    )
    assert not bits.any()


def test_what_is_no_channel_is_an_error():
    with pytest.raises(ValueError, match="no trace-preserving channel"):
        table(np.eye(4) * 0.9, (False,))
    with pytest.raises(ValueError, match="no trace-preserving channel"):
        table(np.diag([1, 1.2, 1.2, 1]), (False,))


@given(st.lists(st.integers(0, 255), max_size=6), st.integers(0, 255))
@settings(max_examples=100, derandomize=True, deadline=None)
def test_coordinates_in_a_space_give_the_string(strings, mask):
    space = Span(strings)
    for string in strings:
        assert space.rest(string) == 0
        used = [
            b for i, b in enumerate(space.basis) if space.coordinates(string) >> i & 1
        ]
        assert reduce(int.__xor__, used, 0) == string
        odd = (space.coordinates(string) & space.parities(mask)).bit_count() & 1
        assert odd == (string & mask).bit_count() & 1


@st.composite
def random_programs(draw):
    """Few qubits; Clifford gates, some rotations, resets, and noise, in any order."""
    n = draw(st.integers(1, 4))
    steps = []
    for _ in range(draw(st.integers(1, 16))):
        kind = draw(st.sampled_from(["one", "one", "two", "two", "rz", "reset"]))
        on = draw(st.permutations(range(n)))
        if kind == "one":
            steps.append(
                step(draw(st.sampled_from(ONE)), on[0], channels=noise(on[:1]))
            )
        elif kind == "two" and n > 1:
            gate = draw(st.sampled_from(TWO))
            steps.append(step(gate, *on[:2], channels=noise(on[:2])))
        elif kind == "rz":
            steps.append(step(RZGate(draw(st.sampled_from([0.3, 1.1, -2.0]))), on[0]))
        elif kind == "reset":
            steps.append(Step("reset", (on[0],), None, (), noise(on[:1])))
    start = [draw(st.sampled_from([0.0, 0.1, 1.0])) for _ in range(n)]
    measured = draw(st.permutations(range(n)))[: draw(st.integers(1, n))]
    return program(steps, n, start, measured)


_DEPOLARIZED = {k: SuperOp(depolarizing_error(0.1, k)).data for k in (1, 2)}
_BIASED = SuperOp(
    sum(
        chance * SuperOp(Operator.from_label(letter)).data
        for letter, chance in zip("IXYZ", (0.8, 0.02, 0.05, 0.13), strict=True)
    )
).data


def noise(qubits):
    one = Channel(tuple(qubits[-1:]), _BIASED)
    return Channel(tuple(qubits), _DEPOLARIZED[len(qubits)]), one


@given(random_programs())
@settings(max_examples=150, derandomize=True, deadline=None)
def test_random_programs_with_pauli_noise_are_exact(some):
    assert refusal(some) is None
    bits = sample(some, 20_000, np.random.default_rng(7))
    # a hundred and fifty examples
    assert scores.chance(scores.counts(bits), probabilities(some)) > 1e-6


def test_rotations_about_any_axes_of_few_qubits_are_exact():
    # nothing of a layer: rotations that do not commute, ranks up to 4
    steps = []
    for turn, gate in enumerate(
        (UGate(0.3, 1, 2), RYGate(0.7), UGate(2, 0.4, 1), TGate())
    ):
        steps += [step(gate, qubit) for qubit in range(4)]
        steps += [step(CXGate(), (q + turn) % 4, (q + turn + 1) % 4) for q in range(3)]
    some = program(steps, 4)
    assert refusal(some) is None
    bits = sample(some, 200_000, np.random.default_rng(1))
    assert scores.chance(scores.counts(bits), probabilities(some)) > 1e-4


def test_decay_of_undecided_qubits_is_twirled_and_of_others_is_not():
    decay = SuperOp(thermal_relaxation_error(1.0, 1.5, 0.5)).data
    idle = Step("delay", (0,), None, (), (Channel((0,), decay),))
    gone = 1 - np.exp(-0.5)
    rng = np.random.default_rng(1)

    def ones(*steps, start=0.0):
        return sample(program(steps, 1, [start]), 100_000, rng).mean()

    assert ones(idle) == 0
    assert ones(step(XGate(), 0), idle) == pytest.approx(1 - gone, abs=0.01)
    assert ones(step(HGate(), 0), idle) == pytest.approx((1 - gone) / 2, abs=0.01)
    assert ones(idle, start=1.0) == pytest.approx(1 - gone, abs=0.01)
    # |+> decays, and is turned to the pole: e^(-t/T2) of its length is left
    left = (1 - np.exp(-0.5 / 1.5)) / 2
    turned = (step(HGate(), 0), idle, step(HGate(), 0))
    assert ones(*turned) == pytest.approx(left, abs=0.01)


def test_each_decided_qubit_decays_by_its_own_state():
    slow, fast = (
        SuperOp(thermal_relaxation_error(100.0, 100.0, time)) for time in (1.0, 50.0)
    )
    idle = Step("delay", (0,), None, (), (Channel((0, 1), fast.tensor(slow).data),))
    for excited, left in ((0, np.exp(-0.01)), (1, np.exp(-0.5))):
        some = program([step(XGate(), excited), idle], 2)
        ones = sample(some, 100_000, np.random.default_rng(1)).mean(axis=0)
        assert ones[excited] == pytest.approx(left, abs=0.005)
        assert ones[1 - excited] == 0


def test_a_qubit_that_was_rotated_decays_as_often_as_it_is_1():
    decay = SuperOp(thermal_relaxation_error(1.0, 1.0, 0.5)).data
    idle = Step("delay", (0,), None, (), (Channel((0,), decay),))
    some = program([step(RXGate(0.7), 0), idle], 1)
    ones = sample(some, 100_000, np.random.default_rng(1)).mean()
    assert ones == pytest.approx(np.sin(0.35) ** 2 * np.exp(-0.5), abs=0.005)


def test_a_rotation_matters_where_a_later_one_shows_it():
    some = program([step(HGate(), 0), step(RZGate(0.5), 0), step(RXGate(0.6), 0)], 1)
    ones = sample(some, 100_000, np.random.default_rng(1)).mean()
    assert ones == pytest.approx((1 - np.sin(0.6) * np.sin(0.5)) / 2, abs=0.005)


REFUSED = {
    "T gates in the midst of a register": (
        [step(HGate(), q) for q in range(11)]
        + [step(TGate(), q) for q in range(11)]
        + [step(HGate(), q) for q in range(11)],
        "more than 2\\^10 dimensions",
    ),
    "a gate on two qubits that is not Clifford": (
        [step(CPhaseGate(0.3), 0, 3)],
        "cp on qubits 10, 13 is no Clifford gate",
    ),
    "a measurement before the end": (
        [Step("measure", (2,), None, clbit=0)],
        "measures qubit 12 and goes on",
    ),
    "noise on three qubits": (
        [Step("delay", (0,), None, (), (Channel((0, 1, 2), np.eye(64)),))],
        "noise of its delay acts on qubits 10, 11, 12 at once",
    ),
    "what is not known": (
        [Step("shelve", (0,), None)],
        "nothing is known of its shelve",
    ),
}


@pytest.mark.parametrize("case", REFUSED.values(), ids=REFUSED.keys())
def test_a_refusal_says_why(case):
    steps, reason = case
    some = program(steps, 11)
    with pytest.raises(ValueError, match=reason):
        sample(some, 10, np.random.default_rng(1))
    assert reason.replace("\\", "") in refusal(some)


def test_rotations_that_outcomes_do_not_see_are_not_counted():
    steps = [step(HGate(), q) for q in range(11)] + [
        step(TGate(), q) for q in range(11)
    ]
    assert refusal(program(steps, 11)) is None
    wasted = [step(TGate(), q) for q in range(11)] + steps
    bits = sample(program(wasted, 11), 4000, np.random.default_rng(1))
    assert abs(bits.mean() - 0.5) < 0.02
