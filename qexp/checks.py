"""Whether a device and a service can do what is asked, before anything is run.

Terra's snapshots and Aer take a wrong `rep_delay`, an unknown run option and too many
shots without a word, so every check is made here.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import isfinite

from qiskit import QuantumCircuit
from qiskit.transpiler import CouplingMap

from qexp.circuits import Built
from qexp.circuits.ideal import final_measurements
from qexp.config import LocalService, Service
from qexp.device import IDEAL, Device
from qexp.errors import ConfigError
from qexp.free import run_config, transpiler_options
from qexp.options import DEFAULT_SHOTS, Options
from qexp.problem import Problem

CONTROL_FLOW = frozenset({"if_else", "for_loop", "while_loop", "switch_case"})

WIDE = 14
"""Active qubits from which Aer's noisy simulation is worth a warning: it took 9 s for 12
qubits and 4,096 shots on two cores, and each qubit doubles that."""

COMPILER_METHODS = ("layout_method", "routing_method", "translation_method")


def require(options: Options, device: Device, service: Service, built: Built) -> None:
    """Refuse a point that cannot be run.

    Raises:
        ConfigError: Names every problem, a line each.
    """
    found = problems(options, device, service, built)
    if found:
        raise ConfigError("\n".join(str(problem) for problem in found))


def problems(
    options: Options, device: Device, service: Service, built: Built
) -> list[Problem]:
    """Everything that stands against running a point.

    Args:
        options: Options as they were asked for.
        device: The device.
        service: The service's section.
        built: The point's circuits.
    """
    return [
        *_width(device, built),
        *_noise(device, service),
        *_shots(options, device),
        *_rep_delay(options, device),
        *_esp(options, device),
        *_layout(options, device, built),
        *transpiler_options(options),
        *run_config(options, service),
        *_without_compiler(options, device, built),
        *_measurements(built),
        *_control_flow(device, built),
        *_mitigation(options, built),
    ]


def _width(device: Device, built: Built) -> Iterator[Problem]:
    for circuit, label in zip(built.circuits, built.labels, strict=True):
        if circuit.num_qubits > device.num_qubits:
            yield Problem(
                "circuit",
                label,
                f"has {circuit.num_qubits} qubits, {device.name} has "
                f"{device.num_qubits}. Choose a smaller circuit or a larger backend.",
            )
        if circuit.parameters:
            names = ", ".join(
                sorted(parameter.name for parameter in circuit.parameters)
            )
            yield Problem(
                "circuit", label, f"has unbound parameters: {names}. Bind them."
            )


def _noise(device: Device, service: Service) -> Iterator[Problem]:
    local = isinstance(service, LocalService) and service.noise == "aer"
    if local and device.properties is None and device.name != IDEAL:
        yield Problem(
            "service.noise",
            "aer",
            f"needs a calibration, and none is known of {device.name}. Use "
            "service.noise=ideal, or give backend.properties.",
        )


def _shots(options: Options, device: Device) -> Iterator[Problem]:
    shots = DEFAULT_SHOTS if options.shots is None else options.shots
    if shots > device.max_shots:
        yield Problem(
            "options.shots",
            shots,
            f"{device.name} takes 1 to {device.max_shots} shots.",
        )


def _rep_delay(options: Options, device: Device) -> Iterator[Problem]:
    delay, allowed = options.rep_delay, device.rep_delay_range
    if delay is None:
        return
    if not device.dynamic_reprate or allowed is None:
        yield Problem(
            "options.rep_delay",
            delay,
            f"{device.name} has a fixed repetition rate (dynamic_reprate_enabled is "
            "false). Leave rep_delay unset (null).",
        )
    elif not allowed[0] <= delay <= allowed[1]:
        yield Problem(
            "options.rep_delay",
            delay,
            f"{device.name} takes {allowed[0]:g} to {allowed[1]:g} seconds.",
        )


def _esp(options: Options, device: Device) -> Iterator[Problem]:
    if options.use_measure_esp and not device.esp_available:
        yield Problem(
            "options.use_measure_esp",
            True,
            f"{device.name} has no ESP readout (measure_esp_enabled is false). Use "
            "false or leave it unset (null). Of the shipped backends, ibm_cairo, "
            "ibm_hanoi, ibm_perth and ibmq_montreal have it.",
        )


def _layout(options: Options, device: Device, built: Built) -> Iterator[Problem]:
    layout = options.initial_layout
    if layout is None:
        return
    physical = layout if isinstance(layout, list) else list(layout.values())
    reason = _physical(physical, device)
    if reason:
        yield Problem("options.initial_layout", layout, reason)
        return
    for circuit, label in zip(built.circuits, built.labels, strict=True):
        reason = _virtual(layout, circuit, label)
        if reason:
            yield Problem("options.initial_layout", layout, reason)


def _physical(physical: list[int], device: Device) -> str | None:
    outside = [qubit for qubit in physical if not 0 <= qubit < device.num_qubits]
    if outside:
        return (
            f"{device.name} has no qubit {outside[0]}; its qubits are 0 to "
            f"{device.num_qubits - 1}."
        )
    twice = sorted({qubit for qubit in physical if physical.count(qubit) > 1})
    return f"qubit {twice[0]} stands twice; each may stand once." if twice else None


def _virtual(
    layout: list[int] | dict[int, int], circuit: QuantumCircuit, label: str
) -> str | None:
    width = circuit.num_qubits
    if len(layout) != width:
        return f"has {len(layout)} qubits; circuit {label} has {width}. Give {width}."
    if isinstance(layout, dict) and set(layout) != set(range(width)):
        return f"its keys must be the qubits 0 to {width - 1} of circuit {label}."
    return None


def _without_compiler(
    options: Options, device: Device, built: Built
) -> Iterator[Problem]:
    if not options.run_config.get("skip_transpilation"):
        return
    for circuit, label in zip(built.circuits, built.labels, strict=True):
        reason = _not_native(circuit, device)
        if reason:
            yield Problem(
                "options.run_config.skip_transpilation", True, f"{label} {reason}"
            )


def _not_native(circuit: QuantumCircuit, device: Device) -> str | None:
    basis = {
        *device.configuration["basis_gates"],
        "measure",
        "barrier",
        "delay",
        "reset",
    }
    pairs = device.configuration.get("coupling_map")
    coupled = CouplingMap(pairs).get_edges() if pairs else None
    for instruction in circuit.data:
        name = instruction.operation.name
        qubits = tuple(circuit.find_bit(qubit).index for qubit in instruction.qubits)
        if name not in basis:
            return f"uses the gate {name}, which {device.name} does not have."
        if name != "barrier" and len(qubits) == 2 and coupled and qubits not in coupled:
            return f"couples the qubits {qubits}, which {device.name} does not couple."
    return None


def _measurements(built: Built) -> Iterator[Problem]:
    for circuit, label in zip(built.circuits, built.labels, strict=True):
        if "measure" not in _names(circuit):
            reason = "measures nothing. Add measurements to the circuit."
            yield Problem("circuit", label, reason)
        if not _finite(circuit):
            reason = "has a gate with an angle that is not a finite number."
            yield Problem("circuit", label, reason)


def _names(circuit: QuantumCircuit) -> set[str]:
    """Names of all operations, those inside control flow included."""
    found = set()
    for instruction in circuit.data:
        found.add(instruction.operation.name)
        for block in getattr(instruction.operation, "blocks", ()):
            found |= _names(block)
    return found


def _finite(circuit: QuantumCircuit) -> bool:
    numbers = (
        parameter
        for instruction in circuit.data
        for parameter in getattr(instruction.operation, "params", ())
        if isinstance(parameter, float)
    )
    return all(isfinite(number) for number in numbers)


def _control_flow(device: Device, built: Built) -> Iterator[Problem]:
    for circuit, label in zip(built.circuits, built.labels, strict=True):
        needed = _names(circuit) & CONTROL_FLOW
        missing = sorted(needed - set(device.configuration["basis_gates"]))
        if missing:
            reason = (
                f"uses {', '.join(missing)}, which {device.name} does not have. Use "
                "backend=aer_ideal, or conditions on single gates (OpenQASM 2: if(c==1))."
            )
            yield Problem("circuit", label, reason)


def _mitigation(options: Options, built: Built) -> Iterator[Problem]:
    if not options.measurement_error_mitigation:
        return
    for circuit, label in zip(built.circuits, built.labels, strict=True):
        measured = sum(item.operation.name == "measure" for item in circuit.data)
        if measured != len(final_measurements(circuit)) or _is_conditional(circuit):
            reason = (
                f"circuit {label} measures in the middle or depends on outcomes; only "
                "final measurements can be mitigated. Set it to false."
            )
            yield Problem("options.measurement_error_mitigation", True, reason)


def _is_conditional(circuit: QuantumCircuit) -> bool:
    return bool(_names(circuit) & CONTROL_FLOW) or any(
        getattr(instruction.operation, "condition", None) is not None
        for instruction in circuit.data
    )


def without_effect(
    options: Options, device: Device, service: Service, built: Built
) -> list[str]:
    """Options that are set but cannot change anything in this point, and why."""
    notes = []
    simulated = {
        "rep_delay": options.rep_delay is not None,
        "init_qubits": not options.init_qubits,
        "use_measure_esp": options.use_measure_esp or _esp_by_default(options, device),
    }
    for key, is_set in simulated.items():
        if is_set:
            notes.append(
                f"options.{key} has no effect with service.noise={service.noise}: "
                "Qiskit Aer does not model it"
            )
    if options.initial_layout is not None and options.layout_method is not None:
        notes.append("options.layout_method has no effect beside an initial_layout")
    if options.run_config.get("skip_transpilation"):
        notes += [
            f"options.{key} has no effect with skip_transpilation"
            for key in ("initial_layout", *COMPILER_METHODS)
            if getattr(options, key) is not None
        ]
    notes += _slow(device, service, built)
    final = any(final_measurements(circuit) for circuit in built.circuits)
    if options.use_measure_esp and not final:
        notes.append("options.use_measure_esp has no effect: no measurement is final")
    return notes


def _esp_by_default(options: Options, device: Device) -> bool:
    return options.use_measure_esp is None and device.esp_default


def _slow(device: Device, service: Service, built: Built) -> list[str]:
    if service.noise == "ideal" or device.properties is None:
        return []
    widest = max(len(final_measurements(circuit)) for circuit in built.circuits)
    if widest < WIDE:
        return []
    return [
        f"simulating {widest} noisy qubits on Aer may take very long; each qubit doubles "
        "the time. Ctrl-C stops it; service.noise=ideal is fast"
    ]
