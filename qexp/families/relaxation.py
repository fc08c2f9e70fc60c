"""T1 and T2 of a qubit (Krantz et al. 2019, Appl. Phys. Rev. 6:021318, section III)."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Annotated, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from qiskit import QuantumCircuit
from scipy.optimize import curve_fit
from scipy.stats import t

from qexp.circuits.family import Curve, Estimate, Family, Taken

Array = NDArray[np.float64]
Delay = Annotated[float, Field(ge=0, le=0.01, allow_inf_nan=False)]

_DELAYS = [0.0, 1e-5, 2e-5, 4e-5, 6e-5, 9e-5, 13e-5, 18e-5, 25e-5, 35e-5]


class _Relaxation(Family):
    """A qubit that waits: the probability of 1 over the delay."""

    delays: Annotated[list[Delay], Field(min_length=4)] = _DELAYS
    """Delays in seconds, at least four; they should reach twice the time in question."""

    def circuits(self) -> list[QuantumCircuit]:
        """One circuit for each delay."""
        return [self._circuit(delay) for delay in self.delays]

    def _circuit(self, delay: float) -> QuantumCircuit:
        raise NotImplementedError

    def _model(self) -> tuple[Callable[..., Array], list[float]]:
        """The curve over the time, its first parameter the time constant; the start."""
        time = max(self.delays) / 3 or 1e-5

        def decay(at: Array, constant: float, size: float, end: float) -> Array:
            return np.asarray(size * np.exp(-at / constant) + end)

        return decay, [time, 1.0, 0.0]

    def _fitted(self, taken: Sequence[Taken]) -> tuple[Array, Array] | None:
        model, start = self._model()
        y = np.array([one.probability("1") for one in taken])
        n = np.array([one.shots for one in taken])
        # a share of 0 or 1 has a spread too: that of one shot more and one less
        p = (y * n + 1) / (n + 2)
        sigma = np.sqrt(p * (1 - p) / n)
        try:
            best, covariance = curve_fit(
                model,
                np.asarray(self.delays),
                y,
                start,
                sigma=sigma,
                absolute_sigma=True,
                maxfev=20_000,
                x_scale=np.maximum(np.abs(start), 1e-3 * np.abs(start).max()),
                method="trf",
            )
        except (RuntimeError, ValueError):
            return None
        return np.asarray(best), np.asarray(np.sqrt(np.diag(covariance)))

    def _time(self, taken: Sequence[Taken]) -> Estimate | None:
        """The time constant in seconds."""
        fitted = self._fitted(taken)
        if fitted is None or not np.isfinite(fitted[1][0]) or fitted[0][0] <= 0:
            return None
        best, errors = fitted
        half = float(t.ppf(0.975, max(len(taken) - len(best), 1)) * errors[0])
        value = float(best[0])
        note = None
        if value > 2 * max(self.delays):
            note = "longer than twice the longest delay: little but a guess"
        return Estimate(value, max(value - half, 0.0), value + half, note)

    def _drawn(self, title: str, taken: Sequence[Taken]) -> list[Curve]:
        fitted = self._fitted(taken)
        fine = np.linspace(0, max(self.delays), 400)
        values = [one.probability("1") for one in taken]
        errors = [
            math.sqrt(p * (1 - p) / one.shots)
            for p, one in zip(values, taken, strict=True)
        ]
        return [
            Curve(
                title=title,
                x_label="delay, microseconds",
                y_label="probability of 1",
                x=[1e6 * delay for delay in self.delays],
                y=values,
                error=errors,
                fit_x=() if fitted is None else list(1e6 * fine),
                fit_y=()
                if fitted is None
                else list(self._model()[0](fine, *fitted[0])),
            )
        ]


class T1(_Relaxation):
    """How long a qubit stays excited: X, wait, measure.

    T1 of A exp(-t/T1) + B, in seconds (Krantz et al. 2019, Appl. Phys. Rev. 6:021318).

    Caveats: one qubit, chosen by the layout; T1 fluctuates within hours by tens of per
    cent, which no fit's interval shows. Repeat it.
    """

    metrics: ClassVar[tuple[str, ...]] = ("t1",)

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """T1 in seconds, from A exp(-t/T1) + B."""
        found = self._time(taken)
        return {} if found is None else {"t1": found}

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """The decay."""
        return self._drawn("Relaxation of an excited qubit", taken)

    def _circuit(self, delay: float) -> QuantumCircuit:
        circuit = QuantumCircuit(1, 1, name=f"t1-{1e6 * delay:g}us")
        circuit.x(0)
        _wait(circuit, delay)
        circuit.measure(0, 0)
        return circuit


class T2Ramsey(_Relaxation):
    """How long a phase stays known: X/2, wait, X/2 with a phase that turns, measure.

    T2* of A exp(-t/T2) cos(2 pi f t + phase) + B, in seconds (Krantz et al. 2019).

    Caveats: the twin has no slow noise, so that Ramsey and echo agree there; on a device
    the echo is longer, and slow noise decays as a Gaussian.
    """

    metrics: ClassVar[tuple[str, ...]] = ("t2_ramsey",)

    delays: Annotated[list[Delay], Field(min_length=8)] = [
        round(5e-6 * k, 9) for k in range(31)
    ]
    """Delays in seconds, at least eight; at least four in each turn."""

    detuning: Annotated[float, Field(gt=0, le=1e7)] = 4e4
    """Turns of the second rotation's phase per second, in Hz, so that there are fringes."""

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """T2* in seconds, from A exp(-t/T2) cos(2 pi f t + phase) + B."""
        found = self._time(taken)
        return {} if found is None else {"t2_ramsey": found}

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """The fringes."""
        return self._drawn("Ramsey fringes", taken)

    def _model(self) -> tuple[Callable[..., Array], list[float]]:
        def fringes(
            at: Array,
            constant: float,
            size: float,
            end: float,
            turns: float,
            phase: float,
        ) -> Array:
            wave = np.cos(2 * math.pi * turns * at + phase)
            return np.asarray(size * np.exp(-at / constant) * wave + end)

        time = max(self.delays) / 2
        return fringes, [time, 0.5, 0.5, self.detuning, 0.01]

    def _circuit(self, delay: float) -> QuantumCircuit:
        circuit = QuantumCircuit(1, 1, name=f"ramsey-{1e6 * delay:g}us")
        circuit.sx(0)
        _wait(circuit, delay)
        circuit.rz(2 * math.pi * self.detuning * delay, 0)
        circuit.sx(0)
        circuit.measure(0, 0)
        return circuit


class T2Echo(_Relaxation):
    """How long a phase stays known with a half turn in the middle.

    T2 of A exp(-t/T2) + B, in seconds (Hahn 1950, Phys. Rev. 80:580).

    Caveats: an error of the half turn is in A, not in T2.
    """

    metrics: ClassVar[tuple[str, ...]] = ("t2_echo",)

    def analyse(self, taken: Sequence[Taken]) -> Mapping[str, Estimate]:
        """T2 in seconds, from A exp(-t/T2) + B."""
        found = self._time(taken)
        return {} if found is None else {"t2_echo": found}

    def curves(self, taken: Sequence[Taken]) -> list[Curve]:
        """The decay."""
        return self._drawn("Hahn echo", taken)

    def _model(self) -> tuple[Callable[..., Array], list[float]]:
        decay, start = super()._model()
        return decay, [start[0], 0.5, 0.5]

    def _circuit(self, delay: float) -> QuantumCircuit:
        circuit = QuantumCircuit(1, 1, name=f"echo-{1e6 * delay:g}us")
        circuit.sx(0)
        _wait(circuit, delay / 2)
        circuit.x(0)
        _wait(circuit, delay / 2)
        circuit.sx(0)
        # sx x sx is a whole turn: without decay the qubit ends in 0; turn it to 1
        circuit.x(0)
        circuit.measure(0, 0)
        return circuit


def _wait(circuit: QuantumCircuit, delay: float) -> None:
    circuit.barrier()
    if delay > 0:
        circuit.delay(delay, 0, unit="s")
    circuit.barrier()
