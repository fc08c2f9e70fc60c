"""Whether a device and a service can take circuits, whatever the options are."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

from qexp.circuits import CONTROL_FLOW, Built, Facts
from qexp.declare.config import LocalService, Service
from qexp.declare.options import DEFAULT_SHOTS
from qexp.declare.twin import Twin
from qexp.devices.device import IDEAL, Device
from qexp.planning.problem import Problem
from qexp.twin.forecast import forecast
from qexp.twin.memory import at_hand

WIDE = 14
"""Active qubits from which Aer's noisy simulation is worth a warning: it took 9 s for 12
qubits and 4,096 shots on two cores, and each qubit doubles that."""

_ALWAYS_NATIVE = frozenset({"measure", "barrier", "delay", "reset"})

_KNOWN = 1024
"""Pairs of a device and circuits whose problems are kept."""


@lru_cache(maxsize=_KNOWN)
def sizes(device: Device, built: Built) -> tuple[Problem, ...]:
    """Circuits that are wider than the device, or not bound."""
    return tuple(_sizes(device, built))


def _sizes(device: Device, built: Built) -> Iterator[Problem]:
    for facts, label in zip(built.facts, built.labels, strict=True):
        if facts.num_qubits > device.num_qubits:
            yield Problem(
                "circuit",
                label,
                f"has {facts.num_qubits} qubits, {device.name} has "
                f"{device.num_qubits}. Choose a smaller circuit or a larger backend.",
            )
        if facts.parameters:
            names = ", ".join(facts.parameters)
            yield Problem(
                "circuit", label, f"has unbound parameters: {names}. Bind them."
            )


def noise(device: Device, service: Service) -> Iterator[Problem]:
    """A simulation whose noise is not known."""
    noisy = isinstance(service, LocalService) and service.noise != "ideal"
    if noisy and device.properties is None and device.name != IDEAL:
        yield Problem(
            "service.noise",
            getattr(service, "noise", None),
            f"needs a calibration, and none is known of {device.name}. Use "
            "service.noise=ideal, or give backend.properties.",
        )


@lru_cache(maxsize=_KNOWN)
def operations(device: Device, built: Built) -> tuple[Problem, ...]:
    """Circuits that no compiler can make the device run."""
    return (*_measurements(built), *_control_flow(device, built))


def _measurements(built: Built) -> Iterator[Problem]:
    for facts, label in zip(built.facts, built.labels, strict=True):
        if "measure" not in facts.names:
            reason = "measures nothing. Add measurements to the circuit."
            yield Problem("circuit", label, reason)
        if not facts.finite:
            reason = "has a gate with an angle that is not a finite number."
            yield Problem("circuit", label, reason)


def _control_flow(device: Device, built: Built) -> Iterator[Problem]:
    for facts, label in zip(built.facts, built.labels, strict=True):
        needed = facts.names & CONTROL_FLOW
        missing = sorted(needed - set(device.configuration["basis_gates"]))
        if missing:
            reason = (
                f"uses {', '.join(missing)}, which {device.name} does not have. Use "
                "backend=aer_ideal, or conditions on single gates (OpenQASM 2: if(c==1))."
            )
            yield Problem("circuit", label, reason)


@lru_cache(maxsize=_KNOWN)
def not_native(device: Device, built: Built) -> tuple[Problem, ...]:
    """Circuits that the device can run only after a compiler has had them."""
    return tuple(
        Problem("options.run_config.skip_transpilation", True, f"{label} {reason}")
        for facts, label in zip(built.facts, built.labels, strict=True)
        if (reason := _not_native(facts, device)) is not None
    )


def _not_native(facts: Facts, device: Device) -> str | None:
    basis = _ALWAYS_NATIVE.union(device.configuration["basis_gates"])
    pairs = device.configuration.get("coupling_map")
    coupled = {tuple(pair) for pair in pairs} if pairs else None
    for name, qubits in facts.uses:
        if name not in basis:
            return f"uses the gate {name}, which {device.name} does not have."
        if name != "barrier" and len(qubits) == 2 and coupled and qubits not in coupled:
            return f"couples the qubits {qubits}, which {device.name} does not couple."
    return None


def slow(
    device: Device, service: Service, built: Built, shots: int = DEFAULT_SHOTS
) -> list[str]:
    """A remark where the simulation may take very long, or more memory than there is."""
    if not isinstance(service, LocalService) or service.noise == "ideal":
        return []
    if service.noise == "device":
        return list(_by_twin(device, service.twin, built, shots))
    if device.properties is None:
        return []
    widest = max(len(facts.final) for facts in built.facts)
    if widest < WIDE:
        return []
    return [
        f"simulating {widest} noisy qubits on Aer may take very long; each qubit doubles "
        "the time. Ctrl-C stops it; service.noise=ideal is fast"
    ]


@lru_cache(maxsize=_KNOWN)
def _by_twin(device: Device, twin: Twin, built: Built, shots: int) -> tuple[str, ...]:
    if device.properties is None:
        return ()
    told = (
        (label, forecast(circuit, twin, shots, at_hand()))
        for circuit, label in zip(built.circuits, built.labels, strict=True)
    )
    return tuple(f"circuit {label}: {said}" for label, said in told if said)
