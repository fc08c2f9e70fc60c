"""`run_circuits`: one job, from Python, on any service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import Qubit
from qiskit.transpiler import Layout

from qexp.circuits import Built
from qexp.circuits.content import digest_of_gates
from qexp.declare.choice import choice
from qexp.declare.config import Experiment, PythonCircuit
from qexp.declare.read import read_tree
from qexp.devices import device as devices
from qexp.door.job import RuntimeJob
from qexp.door.written import NAME, written
from qexp.errors import ConfigError
from qexp.planning.cell import Cell, make_point
from qexp.planning.checks import require
from qexp.planning.plan import plan
from qexp.services.connect import connect

METHODS = ("layout_method", "routing_method", "translation_method")

Service = str | Mapping[str, Any] | None


def run_circuits(
    circuits: QuantumCircuit | Sequence[QuantumCircuit],
    backend_name: str,
    shots: int | None = None,
    initial_layout: Any = None,
    layout_method: str | None = None,
    routing_method: str | None = None,
    translation_method: str | None = None,
    seed_transpiler: int | None = None,
    optimization_level: int | None = 1,
    init_qubits: bool = True,
    rep_delay: float | None = None,
    transpiler_options: Mapping[str, Any] | None = None,
    measurement_error_mitigation: bool = False,
    use_measure_esp: bool | None = None,
    *,
    service: Service = None,
    **run_config: Any,
) -> RuntimeJob:
    """Run circuits with circuit-runner.

    The arguments are those of qiskit-ibmq-provider's `AccountProvider.run_circuits`; the
    options are described in `docs/reference/options.md`. None is "not set", and 0 and
    False are values.

    Args:
        circuits: A circuit or several.
        backend_name: The device: a choice of the group `backend`.
        shots: See the options, as for those that follow.
        initial_layout: As the option, or terra's `Layout`, or by `Qubit`.
        layout_method: See the options.
        routing_method: See the options.
        translation_method: See the options.
        seed_transpiler: See the options.
        optimization_level: See the options.
        init_qubits: See the options.
        rep_delay: See the options; in seconds.
        transpiler_options: See the options. A method may stand here too.
        measurement_error_mitigation: See the options.
        use_measure_esp: See the options.
        service: A choice of the group `service`, or what would stand in its YAML; None
            is `local`.
        **run_config: See the options.

    Returns:
        The job, which is under way. It is in the ledger of the workspace, so that
        `retrieve_job` finds it again.

    Raises:
        ConfigError: The device or the service cannot do that.
        ServiceError: The service is not there, or refused.
        LedgerError: The call cannot be written down here.
    """
    listed = [circuits] if isinstance(circuits, QuantumCircuit) else list(circuits)
    if not listed or not all(isinstance(one, QuantumCircuit) for one in listed):
        raise ConfigError("circuits: must be a QuantumCircuit or a list of them.")
    methods = (layout_method, routing_method, translation_method)
    further, named = _methods(transpiler_options or {}, methods)
    options = {
        "shots": _plain(shots),
        "initial_layout": _layout(initial_layout, listed[0]),
        **named,
        "seed_transpiler": _plain(seed_transpiler),
        "optimization_level": _plain(optimization_level),
        "init_qubits": _plain(init_qubits),
        "rep_delay": _plain(rep_delay),
        "transpiler_options": further,
        "measurement_error_mitigation": _plain(measurement_error_mitigation),
        "use_measure_esp": _plain(use_measure_esp),
        "run_config": {key: _plain(value) for key, value in run_config.items()},
    }
    experiment = _experiment(backend_name, service, options)
    machine = devices.load(experiment.backend)
    labels = tuple(one.name for one in listed)
    built = Built(tuple(listed), digest_of_gates(listed), labels)
    require(experiment.options, machine, experiment.service, built)
    point = make_point(experiment, machine, built)
    cell = Cell(experiment, {}, 0, machine, built, point)
    own = written(plan([cell], swept=False))
    try:
        runner = connect(experiment.service, witness=own)
    except BaseException:
        own.close()
        raise
    try:
        return RuntimeJob(own, runner)
    except BaseException:
        runner.close()
        own.close()
        raise


def _methods(
    further: Mapping[str, Any], asked: Sequence[str | None]
) -> tuple[dict[str, Any], dict[str, str | None]]:
    """`transpiler_options` without methods, and the methods, wherever they stood."""
    named = dict(zip(METHODS, asked, strict=True))
    for name in METHODS:
        there = further.get(name)
        if None not in (there, named[name]) and there != named[name]:
            raise ConfigError(
                f"transpiler_options.{name} = {there}: {name} is {named[name]}. Set one."
            )
        named[name] = named[name] or there
    rest = {key: _plain(v) for key, v in further.items() if key not in METHODS}
    return rest, named


def _plain(value: Any) -> Any:
    """A value without numpy's types, which a strict schema would refuse."""
    if isinstance(value, np.generic | np.ndarray):
        return value.tolist()
    return list(value) if isinstance(value, tuple) else value


def _layout(asked: Any, circuit: QuantumCircuit) -> Any:
    if isinstance(asked, Layout):
        asked = asked.get_virtual_bits()
    if not isinstance(asked, Mapping):
        return None if asked is None else [_plain(one) for one in asked]
    return {
        (circuit.find_bit(q).index if isinstance(q, Qubit) else _plain(q)): _plain(p)
        for q, p in asked.items()
    }


def _experiment(backend: str, service: Service, options: dict[str, Any]) -> Experiment:
    chosen = service or "local"
    section = choice("service", chosen) if isinstance(chosen, str) else dict(chosen)
    return read_tree(
        {
            "name": NAME,
            "circuit": PythonCircuit(function=NAME),
            "backend": choice("backend", backend),
            "service": section,
            "options": options,
        }
    )
