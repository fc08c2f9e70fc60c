"""`run_circuits`: one job, from Python, on any service."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any
from warnings import warn

from qiskit import QuantumCircuit

from qexp.circuits import Built
from qexp.circuits.content import content_of
from qexp.declare.choice import choice
from qexp.declare.config import Experiment, PythonCircuit
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.declare.read import read_tree
from qexp.devices import device as devices
from qexp.door import arguments
from qexp.door.arguments import as_arguments, plain, require
from qexp.door.job import RuntimeJob
from qexp.door.written import NAME, written
from qexp.planning import checks
from qexp.planning.cell import Cell, make_point
from qexp.planning.plan import plan
from qexp.services.connect import connect
from qexp.userconf import choices

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

    Warns:
        UserWarning: An option changes nothing there, or the simulation takes long.
    """
    with as_arguments():
        given = arguments.listed(circuits)
        require("backend_name", backend_name, str, "a name such as 'ibm_perth'")
        further = {} if transpiler_options is None else transpiler_options
        require("transpiler_options", further, Mapping, "a mapping")
        methods = (layout_method, routing_method, translation_method)
        rest, named = arguments.methods(further, methods)
        options = {
            "shots": plain(shots),
            "initial_layout": arguments.layout(initial_layout, given[0]),
            **named,
            "seed_transpiler": plain(seed_transpiler),
            "optimization_level": plain(optimization_level),
            "init_qubits": plain(init_qubits),
            "rep_delay": plain(rep_delay),
            "transpiler_options": rest,
            "measurement_error_mitigation": plain(measurement_error_mitigation),
            "use_measure_esp": plain(use_measure_esp),
            "run_config": {key: plain(value) for key, value in run_config.items()},
        }
        experiment = _experiment(backend_name, service, options)
        cell = _cell(given, experiment)
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


def _cell(circuits: list[QuantumCircuit], experiment: Experiment) -> Cell:
    """What is to be run.

    Raises:
        ConfigError: The device or the service cannot do that.
    """
    service, backend = experiment.service, experiment.backend
    told = backend.snapshot or backend.configuration
    if isinstance(service, IbmQuantumService) and backend.name and not told:
        from qexp.services.ibm.catalogue import describe  # it is seldom needed

        describe(service, [backend.name], partial(warn, stacklevel=4))
    machine = devices.load(backend)
    labels = tuple(one.name for one in circuits)
    built = Built(tuple(circuits), content_of(circuits), labels)
    asked = (experiment.options, machine, experiment.service, built)
    checks.require(*asked)
    for note in checks.without_effect(*asked):
        warn(note.replace("options.", ""), stacklevel=3)
    point = make_point(experiment, machine, built)
    return Cell(experiment, {}, 0, machine, built, point)


def _backend(name: str, service: Mapping[str, Any]) -> dict[str, Any]:
    """What is declared of a device; today's service may have any."""
    if service.get("kind") == "ibm_quantum" and name not in choices("backend"):
        return {"name": name}
    return choice("backend", name)


def _experiment(backend: str, service: Service, options: dict[str, Any]) -> Experiment:
    chosen = service or "local"
    require("service", chosen, str | Mapping, "a name, or a mapping with its settings")
    section = choice("service", chosen) if isinstance(chosen, str) else dict(chosen)
    return read_tree(
        {
            "name": NAME,
            "circuit": PythonCircuit(function=NAME),
            "backend": _backend(backend, section),
            "service": section,
            "options": options,
        }
    )
