"""Qiskit Aer as the machine behind the embedded circuit-runner."""

from __future__ import annotations

import threading
from typing import Any

from mthree import M3Mitigation
from qiskit import QuantumCircuit
from qiskit_aer import AerSimulator

from qexp.device import Device
from qexp.errors import PointFailed
from qexp.snapshot import backend


class AerMachine:
    """A device's snapshot on Aer: the slow reference, one call for each circuit.

    The result depends on the circuit, the options and the seed alone: neither on
    threads nor on what else is run, because Aer offsets the seed only by a circuit's
    place in a call, and every call here has one circuit.
    """

    def __init__(self, device: Device, noise: str) -> None:
        """Build the simulator.

        Args:
            device: The device.
            noise: `aer` for the snapshot's noise, `ideal` for none.
        """
        self.device = device
        self.backend = backend(device)
        noiseless = noise == "ideal" or device.properties is None
        options = {"noise_model": None} if noiseless else {}
        self._simulator = AerSimulator.from_backend(self.backend, **options)
        self._lock = threading.Lock()

    def sample(
        self, circuit: QuantumCircuit, *, shots: int, seed: int, **options: Any
    ) -> dict[str, Any]:
        """One experiment of a terra `Result`, as a dictionary.

        Args:
            circuit: A circuit compiled for the device.
            shots: Repetitions.
            seed: Aer's `seed_simulator`.
            **options: Run options of `AerSimulator`.

        Raises:
            PointFailed: Aer could not run it; the message is Aer's.
        """
        job = self._simulator.run(circuit, shots=shots, seed_simulator=seed, **options)
        result = job.result().to_dict()
        experiment: dict[str, Any] = result["results"][0] if result["results"] else {}
        if not experiment.get("success"):
            raise PointFailed(str(experiment.get("status") or result["status"]))
        return experiment

    def calibrate(self, qubits: list[int], seed: int) -> M3Mitigation:
        """M3's readout calibration of some physical qubits.

        mthree calibrates with its own defaults, as the service's program did: method
        `independent` on a simulator, min(10,000, `max_shots`) shots for each circuit.
        """
        mitigation = M3Mitigation(self._simulator)
        with self._lock:  # mthree hands no seed on, so the simulator has to carry it
            self._simulator.set_options(seed_simulator=seed)
            try:
                mitigation.cals_from_system(qubits)
            finally:
                self._simulator.set_options(seed_simulator=None)
        return mitigation
