"""The Clifford path on as many qubits as take long: what it is off by, and what it takes.

`python -m tests.clifford.far` prints and checks: GHZ circuits of 9 and 10 qubits against
the density matrix, populations of whole devices, and all multiple quantum coherences of
27 qubits.
"""

from __future__ import annotations

import time
from math import pi

import numpy as np

from qexp.twin.clifford import sample
from tests.clifford import programs, scores
from tests.clifford.exact import probabilities

SHOTS = 100_000
EXCITED = 0.01
SECONDS = 300
"""Most for all coherences of 27 qubits."""


def near(device: programs.Noisy, n: int) -> None:
    """Distances from the density matrix, of 1,000,000 shots."""
    circuits = {
        "populations": programs.populations(n),
        "parity oscillation": programs.parity_oscillation(n, 0.3),
        "coherence": programs.coherence(n, 3 * pi / (n + 1)),
    }
    for name, circuit in circuits.items():
        program = device.program(circuit, start=EXCITED)
        exact, shots = probabilities(program), 10 * SHOTS
        found = scores.counts(sample(program, shots, np.random.default_rng(1)))
        distance = scores.variation(found, exact)
        by_chance = np.sqrt(exact.clip(0) / (2 * pi * shots)).sum()
        off = scores.fidelity(found) - scores.fidelity(exact)
        print(
            f"GHZ-{n} {name}: TV {distance:.4f} (chance alone {by_chance:.4f}), "
            f"F off by {off:+.4f}"
        )
        assert distance <= 0.02 + by_chance
        assert abs(off) <= 0.01


def timed(program, shots: int) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    bits = sample(program, shots, np.random.default_rng(1))
    return bits, time.perf_counter() - start


def whole(device: programs.Noisy, middle: int) -> None:
    """Populations of a GHZ state of all qubits."""
    circuit = programs.tree(device, middle)
    circuit.measure_all()
    program = device.in_place(circuit, start=EXCITED)
    bits, first = timed(program, SHOTS)
    _, second = timed(program, SHOTS)
    both = (bits.all(axis=1) | (~bits).all(axis=1)).mean()
    print(
        f"GHZ-{bits.shape[1]}: {SHOTS} shots in {first:.2f} s, again in {second:.2f} s; "
        f"P(0...0) + P(1...1) = {both:.4f}"
    )


def coherences(device: programs.Noisy, middle: int) -> None:
    """All circuits of the multiple quantum coherences of all qubits."""
    prepared = programs.tree(device, middle)
    n = prepared.num_qubits
    angles = [pi * j / (n + 1) for j in range(2 * n + 2)]
    some = [
        device.in_place(programs.echoed(prepared, phi), start=EXCITED) for phi in angles
    ]
    start = time.perf_counter()
    zeros = [(~timed(program, SHOTS)[0]).all(axis=1).mean() for program in some]
    took = time.perf_counter() - start
    spectrum = abs(np.fft.fft(zeros)) / len(zeros)
    print(
        f"GHZ-{n}, {len(some)} coherence circuits of {SHOTS} shots: {took:.1f} s; "
        f"I_0 = {spectrum[0]:.4f}, I_{n} = {spectrum[n]:.4f}"
    )
    assert took < SECONDS
    # a GHZ state has the coherences 0 and n alone; none between them comes near
    assert spectrum[1:n].max() < 0.2 * spectrum[n]


def main() -> None:
    """Run all."""
    montreal = programs.Noisy("montreal")
    for n in (9, 10):
        near(montreal, n)
    whole(montreal, 13)
    coherences(montreal, 13)
    whole(programs.Noisy("washington"), 63)


if __name__ == "__main__":
    main()
