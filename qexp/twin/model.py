"""A device as the twin sees it: its noise by instruction, its start and its readout."""

from __future__ import annotations

from functools import lru_cache

import numpy as np

from qexp.declare.twin import Twin
from qexp.devices.device import Device
from qexp.twin import channels
from qexp.twin.calibration import Calibration, calibration
from qexp.twin.channels import Complex
from qexp.twin.preparation import Reals, Setting, carried, residuals, thermal
from qexp.twin.readout import errors

MODELS = 16
"""Devices under some parameters of which the noise is kept."""

WAITS = 4096
"""Waits of a qubit, and gates, whose noise is kept."""


class Model:
    """A device's noise under some parameters; what was made of it is kept."""

    def __init__(self, device: Device, twin: Twin) -> None:
        """Read the calibration.

        Args:
            device: The device; it has properties.
            twin: The twin's parameters.
        """
        self.twin = twin
        self.calibration: Calibration = calibration(device, twin.acquisition)
        self.dt = self.calibration.dt
        # methods with a cache of their own, which goes when the model goes
        self.gate = lru_cache(WAITS)(self._gate)
        self.wait = lru_cache(WAITS)(self._wait)
        self.errors = lru_cache(WAITS)(self._errors)

    def length(self, name: str, places: tuple[int, ...]) -> float:
        """Seconds that an instruction takes; 0 where the calibration does not say.

        Args:
            name: Terra's name of it.
            places: Physical qubits.
        """
        if name == "measure":
            return self.calibration.qubits[places[0]].readout
        gate = self.calibration.gates.get((name, places))
        if gate is None and name == "reset":
            return self.twin.t_reset
        return 0.0 if gate is None else gate.length

    def _gate(self, name: str, places: tuple[int, ...]) -> Complex | None:
        """The noise of a gate, (4^k, 4^k); None where it has none."""
        gate = self.calibration.gates.get((name, places))
        if gate is None:
            return None
        qubits = [self.calibration.qubits[place] for place in places]
        return channels.gate_noise(gate, [(one.t1, one.t2) for one in qubits])

    def _wait(self, place: int, seconds: float) -> Complex:
        """The noise of a qubit that does nothing for some seconds, (4, 4)."""
        qubit = self.calibration.qubits[place]
        floor = thermal(qubit, self.twin)
        return channels.relaxation(qubit.t1, qubit.t2, seconds, floor)

    def reset(self, place: int) -> Complex:
        """What is left of a reset in a circuit, after an ideal one: (4, 4).

        A qubit of which nothing is known: the mean of both residuals.
        """
        low, high = residuals(self.calibration.qubits[place], self.twin)
        return channels.flip((low + high) / 2)

    def carried(self, places: tuple[int, ...], setting: Setting) -> Reals:
        """(n, 2) probability of starting in |1⟩, after a 0 and after a 1."""
        qubits = [self.calibration.qubits[place] for place in places]
        return np.array([carried(one, self.twin, setting) for one in qubits])

    def _errors(self, place: int, esp: bool) -> tuple[float, float]:
        """Probability of reading 1 of |0⟩, and 0 of |1⟩."""
        rep_delay = self.calibration.rep_delay
        return errors(self.calibration.qubits[place], self.twin, rep_delay, esp)


@lru_cache(maxsize=MODELS)
def model(device: Device, twin: Twin) -> Model:
    """The model of a device under some parameters, made once."""
    return Model(device, twin)
