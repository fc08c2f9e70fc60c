"""Whether a device and a service can do what is asked, before anything is run.

Terra's snapshots and Aer take a wrong `rep_delay`, an unknown run option and too many
shots without a word, so every check is made here. A sweep asks for each of its points:
what only circuits and devices decide is found out once (`qexp.fit`).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from qexp.circuits import Built
from qexp.declare.config import LocalService, Service
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.declare.options import DEFAULT_SHOTS, Options
from qexp.declare.twin import Twin
from qexp.devices.device import Device
from qexp.errors import ConfigError
from qexp.planning import fit, platform
from qexp.planning.free import by_twin, run_config, transpiler_options
from qexp.planning.limits import limits
from qexp.planning.problem import Problem

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
        *fit.sizes(device, built),
        *_number(service, device, built),
        *fit.noise(device, service),
        *_shots(options, device),
        *_rep_delay(options, device),
        *_esp(options, device, service),
        *_layout(options, device, built),
        *transpiler_options(options),
        *run_config(options, device, service),
        *platform.suppression(options, service, built),
        *_without_compiler(options, device, built),
        *fit.operations(device, built),
        *_mitigation(options, built),
    ]


def _number(service: Service, device: Device, built: Built) -> Iterator[Problem]:
    """A point's circuits are of one job; the embedded service takes any number."""
    number, most = len(built.circuits), limits(service, device).circuits
    if number > most and not isinstance(service, LocalService):
        yield Problem(
            "circuit",
            f"{number} circuits",
            f"{device.name} takes 1 to {most} circuits in a job. Divide them.",
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


def _esp(options: Options, device: Device, service: Service) -> Iterator[Problem]:
    allowed = by_twin(service, device) and service.twin.esp_override
    if options.use_measure_esp and isinstance(service, IbmQuantumService):
        yield Problem(
            "options.use_measure_esp",
            True,
            "IBM Quantum Platform no longer offers excited-state-promoted readout, on any "
            "device. What it has against readout errors is twirled measurement "
            "(options.run_config.twirling={enable_measure:true}), and "
            "options.measurement_error_mitigation=true corrects counts here. Use false or "
            "leave it unset (null).",
        )
        return
    if options.use_measure_esp and not device.esp_available and not allowed:
        yield Problem(
            "options.use_measure_esp",
            True,
            f"{device.name} has no ESP readout (measure_esp_enabled is false). Use "
            "false or leave it unset (null). Of the shipped backends, ibm_cairo, "
            "ibm_hanoi, ibm_perth and ibmq_montreal have it; the device twin can be "
            "told to have it with service.twin.esp_override=true.",
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
    for facts, label in zip(built.facts, built.labels, strict=True):
        reason = _virtual(layout, facts.num_qubits, label)
        if reason:
            yield Problem("options.initial_layout", layout, reason)


def _physical(physical: list[int], device: Device) -> str | None:
    outside = [qubit for qubit in physical if not 0 <= qubit < device.num_qubits]
    if outside:
        return (
            f"{device.name} has no qubit {outside[0]}; its qubits are 0 to "
            f"{device.num_qubits - 1}."
        )
    twice = [qubit for qubit, times in Counter(physical).items() if times > 1]
    return f"qubit {min(twice)} stands twice; each may stand once." if twice else None


def _virtual(layout: list[int] | dict[int, int], width: int, label: str) -> str | None:
    if len(layout) != width:
        return f"has {len(layout)} qubits; circuit {label} has {width}. Give {width}."
    if isinstance(layout, dict) and set(layout) != set(range(width)):
        return f"its keys must be the qubits 0 to {width - 1} of circuit {label}."
    return None


def _without_compiler(
    options: Options, device: Device, built: Built
) -> tuple[Problem, ...]:
    skipped = options.run_config.get("skip_transpilation")
    return fit.not_native(device, built) if skipped else ()


def _mitigation(options: Options, built: Built) -> Iterator[Problem]:
    if not options.measurement_error_mitigation:
        return
    for facts, label in zip(built.facts, built.labels, strict=True):
        if not facts.only_final:
            reason = (
                f"circuit {label} measures in the middle or depends on outcomes; only "
                "final measurements can be mitigated. Set it to false."
            )
            yield Problem("options.measurement_error_mitigation", True, reason)


def without_effect(
    options: Options, device: Device, service: Service, built: Built
) -> list[str]:
    """Options that are set but cannot change anything in this point, and why."""
    notes = [*_simulated(options, device, service)]
    if options.initial_layout is not None and options.layout_method is not None:
        notes.append("options.layout_method has no effect beside an initial_layout")
    if options.run_config.get("skip_transpilation"):
        notes += [
            f"options.{key} has no effect with skip_transpilation"
            for key in ("initial_layout", *COMPILER_METHODS)
            if getattr(options, key) is not None
        ]
    notes += fit.slow(device, service, built, options.shots or DEFAULT_SHOTS)
    if options.use_measure_esp and not any(facts.final for facts in built.facts):
        notes.append("options.use_measure_esp has no effect: no measurement is final")
    return notes


def _simulated(options: Options, device: Device, service: Service) -> Iterator[str]:
    """What the embedded service does not model, or not well."""
    if not isinstance(service, LocalService):
        return
    esp = options.use_measure_esp or _esp_by_default(options, device)
    if by_twin(service, device):
        if esp and not options.init_qubits:
            yield (
                "options.init_qubits=false with ESP readout: a qubit that was read as 1 "
                "starts the next shot from |2⟩, and what is left there counts as |1⟩"
            )
        return
    simulated = {
        "rep_delay": options.rep_delay is not None,
        "init_qubits": not options.init_qubits,
        "use_measure_esp": esp,
    }
    for key, is_set in simulated.items():
        if is_set:
            yield (
                f"options.{key} has no effect with service.noise={service.noise}: "
                f"{_why(device, service)}"
            )
    usual = Twin()
    for key in type(usual).model_fields:
        if getattr(service.twin, key) != getattr(usual, key):
            yield (
                f"service.twin.{key} has no effect with service.noise={service.noise}: "
                f"{_why(device, service)}"
            )


def _why(device: Device, service: LocalService) -> str:
    if service.noise == "device":
        return f"{device.name} has no calibration to model"
    return "Qiskit Aer does not model it; service.noise=device does"


def _esp_by_default(options: Options, device: Device) -> bool:
    return options.use_measure_esp is None and device.esp_default
