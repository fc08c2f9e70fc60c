"""What the embedded circuit-runner runs circuits on, and how its answers are shared."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any, Protocol

from qiskit import QuantumCircuit
from qiskit.providers import BackendV1

Json = dict[str, Any]

Recall = Callable[[str, Callable[[], Any]], Any]
"""What was made for a text before, or what the function makes now."""


def made_now(key: str, make: Callable[[], Any]) -> Any:
    """What the function makes: nothing is remembered."""
    return make()


class Machine(Protocol):
    """What the program runs circuits on."""

    backend: BackendV1

    models: frozenset[str]
    """Those of circuit-runner's options that the program does not act upon, and it does."""

    def sample(
        self, circuit: QuantumCircuit, *, shots: int, seed: int, **options: Any
    ) -> Json:
        """One experiment of a terra `Result`, as a dictionary."""

    def calibrate(self, qubits: list[int], seed: int, **options: Any) -> Any:
        """M3's readout calibration of some physical qubits; options as of `sample`."""


class Recalling:
    """A machine that is not asked again what it has answered before."""

    def __init__(self, machine: Machine, digest: str, recall: Recall) -> None:
        """Stand before a machine.

        Args:
            machine: The machine.
            digest: Digest of the circuit that will be sampled.
            recall: What remembers; for this machine alone.
        """
        self.backend, self.models = machine.backend, machine.models
        self._machine = machine
        self._digest = digest
        self._recall = recall

    def sample(
        self, circuit: QuantumCircuit, *, shots: int, seed: int, **options: Any
    ) -> Json:
        """One experiment of a terra `Result`, the caller's own copy."""
        asked = json.dumps([self._digest, shots, seed, options], sort_keys=True)
        answer: Json = self._recall(
            asked,
            lambda: self._machine.sample(circuit, shots=shots, seed=seed, **options),
        )
        return copy.deepcopy(answer)

    def calibrate(self, qubits: list[int], seed: int, **options: Any) -> Any:
        """M3's readout calibration of some physical qubits."""
        asked = json.dumps(["calibration", qubits, seed, options], sort_keys=True)
        return self._recall(
            asked, lambda: self._machine.calibrate(qubits, seed, **options)
        )
