"""The device twin as the machine behind the embedded circuit-runner."""

from __future__ import annotations

import time
from typing import Any

import numpy as np
from qiskit import QuantumCircuit

from qexp.declare.twin import VERSION, Twin
from qexp.devices.device import Device
from qexp.devices.snapshot import backend
from qexp.errors import PointFailed
from qexp.services.machine import Json
from qexp.twin.mitigation import MOST_SHOTS, calibrate
from qexp.twin.preparation import Setting
from qexp.twin.readout import eps_esp
from qexp.twin.simulate import Answer, Simulator

TAKEN = frozenset({"memory", "max_parallel_threads", "header"})
"""Run options beside the modelled ones that the twin takes; it has one thread."""

BASIS = {
    "eta": "fitted to ibmq_montreal alone",
    "n_resets": "assumed",
    "t_reset": "manual of qiskit-experiments",
    "t_bath": "assumed",
    "eps_esp": "assumed for slow readout, estimated by hand for fast",
    "gamma_21": "a harmonic oscillator's",
    "acquisition": "the device's pulse defaults where known, else assumed",
}
"""Where the values come from that are not set."""


class TwinMachine:
    """A device's twin."""

    models = frozenset({"init_qubits", "rep_delay", "use_measure_esp"})

    def __init__(self, device: Device, twin: Twin) -> None:
        """Make the model.

        Args:
            device: The device; it has a calibration.
            twin: The twin's parameters.
        """
        self.backend = backend(device)
        self._device, self._twin = device, twin
        self._simulator = Simulator(device, twin)

    def sample(
        self, circuit: QuantumCircuit, *, shots: int, seed: int, **options: Any
    ) -> Json:
        """One experiment of a terra `Result`, as a dictionary.

        Args:
            circuit: A circuit compiled for the device.
            shots: Repetitions.
            seed: What all that is drawn is drawn from.
            **options: `rep_delay`, `init_qubits`, `use_measure_esp`, `memory`.

        Raises:
            PointFailed: It cannot be simulated, or an option is not the twin's.
        """
        start = time.perf_counter()
        _require_known(options)
        setting = self._setting(options)
        answer = self._simulator.run(circuit, setting, shots, seed)
        data: Json = {
            "counts": {
                hex(outcome): int(count)
                for outcome, count in zip(
                    answer.drawn.outcomes, answer.drawn.counts, strict=True
                )
            }
        }
        if options.get("memory"):
            rng = np.random.default_rng([seed, 1])
            data["memory"] = [hex(one) for one in answer.drawn.memory(rng)]
        return {
            "shots": shots,
            "success": True,
            "data": data,
            "meas_level": 2,
            "header": self._header(circuit, answer, setting),
            "status": "DONE",
            "seed_simulator": seed,
            "metadata": {"method": answer.engine},
            "time_taken": time.perf_counter() - start,
        }

    def _setting(self, options: Json) -> Setting:
        rep_delay, esp = options.get("rep_delay"), options.get("use_measure_esp")
        if rep_delay is None:
            rep_delay = self._simulator.model.calibration.rep_delay
        return Setting(
            rep_delay=float(rep_delay),
            init_qubits=bool(options.get("init_qubits", True)),
            esp=self._device.esp_default if esp is None else bool(esp),
        )

    def _header(
        self, circuit: QuantumCircuit, answer: Answer, setting: Setting
    ) -> Json:
        return {
            "creg_sizes": [[r.name, r.size] for r in circuit.cregs],
            "qreg_sizes": [[r.name, r.size] for r in circuit.qregs],
            "global_phase": float(circuit.global_phase),
            "memory_slots": circuit.num_clbits,
            "n_qubits": circuit.num_qubits,
            "name": circuit.name,
            "metadata": circuit.metadata,
            "engine": answer.engine,
            "twin": {
                "version": VERSION,
                "parameters": self._parameters(),
                "basis": self._basis(),
                "rep_delay": setting.rep_delay,
                "start": answer.start,
                "noiseless_gates": list(answer.noiseless),
            },
        }

    def _parameters(self) -> Json:
        """The parameters in force; an `eps_esp` that is not set is the device's."""
        values = self._twin.model_dump()
        qubits = self._simulator.model.calibration.qubits
        values["eps_esp"] = _one([eps_esp(qubit, self._twin) for qubit in qubits])
        values["acquisition"] = _one([qubit.acquisition for qubit in qubits])
        return values

    def _basis(self) -> Json:
        usual = Twin()
        return {
            name: basis if getattr(self._twin, name) == getattr(usual, name) else "set"
            for name, basis in BASIS.items()
        }

    def calibrate(self, qubits: list[int], seed: int, **options: Any) -> Any:
        """M3's readout calibration of some physical qubits.

        Args:
            qubits: The qubits.
            seed: What is drawn is drawn from it.
            **options: As in `sample`; counted where `m3_calibration` is `matched`.
        """
        matched = self._twin.m3_calibration == "matched"
        setting = self._setting(options if matched else {})
        shots = min(MOST_SHOTS, self._device.max_shots)
        return calibrate(self._simulator.model, qubits, setting, shots, seed)


def _one(values: list[float]) -> float | list[float]:
    """The value that all have, or all of them."""
    return values[0] if len(set(values)) == 1 else values


def _require_known(options: Json) -> None:
    """Refuse run options of Aer.

    Raises:
        PointFailed: Names them.
    """
    others = sorted(options.keys() - TAKEN - TwinMachine.models)
    if others:
        raise PointFailed(
            f"options.run_config.{others[0]}: an option of Aer, which service.noise = "
            "device does not have. Use service.noise=aer; how the twin simulates is "
            "service.twin.engine."
        )
