"""Qiskit Aer as the machine behind the embedded circuit-runner."""

from __future__ import annotations

import re
import threading
from collections.abc import Mapping
from typing import Any

from mthree import M3Mitigation
from qiskit import QuantumCircuit
from qiskit.exceptions import QiskitError
from qiskit_aer import AerSimulator
from qiskit_aer.noise import NoiseModel

from qexp.devices.device import Device
from qexp.devices.snapshot import backend
from qexp.errors import PointFailed
from qexp.services.noise import DeviceNoise, touched


class AerMachine:
    """A device's snapshot on Aer: the slow reference, one call for each circuit.

    The result depends on the circuit, the options and the seed alone: neither on
    threads nor on what else is run, because Aer offsets the seed only by a circuit's
    place in a call, and every call here has one circuit.
    """

    models = frozenset[str]()

    def __init__(self, device: Device, noise: str, threads: int | None = None) -> None:
        """Build the simulator.

        Args:
            device: The device.
            noise: `aer` for the snapshot's noise, `ideal` for none.
            threads: Aer's `max_parallel_threads` where a call does not say; None is
                Aer's own choice.
        """
        self.device = device
        self.backend = backend(device)
        noiseless = noise == "ideal" or device.properties is None
        options = {} if threads is None else {"max_parallel_threads": threads}
        self._simulator = AerSimulator.from_backend(
            self.backend, noise_model=None, **options
        )
        self._noise = None if noiseless else DeviceNoise(self.backend)
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
        if self._noise is not None:
            options["noise_model"] = self._noise_of(touched(circuit))
        fixed = {"shots": shots, "seed_simulator": seed}
        try:
            result = self._simulator.run(circuit, **fixed, **options).result().to_dict()
        except (TypeError, RuntimeError, QiskitError) as error:
            raise PointFailed(_said(error, options)) from error
        experiment: dict[str, Any] = result["results"][0] if result["results"] else {}
        if not experiment.get("success"):
            raise PointFailed(str(experiment.get("status") or result["status"]))
        return experiment

    def _noise_of(self, qubits: frozenset[int]) -> NoiseModel | None:
        if self._noise is None:
            return None
        try:
            return self._noise.of(qubits)
        except Exception as error:  # Aer raises whatever its parsing runs into
            raise PointFailed(
                f"service.noise = aer: Aer cannot simulate {self.device.name} from its "
                f"calibration ({type(error).__name__}: {error})."
            ) from error

    def calibrate(self, qubits: list[int], seed: int, **options: Any) -> M3Mitigation:
        """M3's readout calibration of some physical qubits, whatever the options are.

        mthree calibrates with its own defaults, as the service's program did: method
        `independent` on a simulator, min(10,000, `max_shots`) shots for each circuit.
        """
        mitigation = M3Mitigation(self._simulator)
        with self._lock:  # mthree hands no seed on, so the simulator has to carry it
            noise = self._noise_of(frozenset(qubits))
            self._simulator.set_options(seed_simulator=seed, noise_model=noise)
            try:
                mitigation.cals_from_system(qubits)
            finally:
                self._simulator.set_options(seed_simulator=None, noise_model=None)
        return mitigation


def _said(error: Exception, options: Mapping[str, Any]) -> str:
    """Why Aer did not begin."""
    text = getattr(error, "message", None) or str(error)
    if not isinstance(error, TypeError):
        return f"Aer: {text}"
    named = re.match(r"invalid option type: name=(\w+), type=\w+, expected=(\w+)", text)
    if named:
        key, kind = named.groups()
        return f"{key} = {options.get(key)!r}: Aer takes a value of type {kind}"
    value = text.rpartition(", ")[2]
    keys = [key for key, one in options.items() if repr(one) == value]
    return f"{' or '.join(keys) or 'a run option'} = {value}: Aer takes no such value"
