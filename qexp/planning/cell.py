"""A cell made ready: its device, its circuits, its point, or why there is none."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from qexp.circuits import Builder, Built
from qexp.declare.config import Experiment, GhzCircuit, LocalService
from qexp.declare.expand import Declared
from qexp.declare.metric import METRICS, unknown_metric
from qexp.declare.options import Options
from qexp.devices import device as devices
from qexp.devices.device import Device
from qexp.devices.snapshot import backend
from qexp.errors import ConfigError
from qexp.planning.checks import problems, without_effect
from qexp.planning.point import PROGRAM, Point


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of a sweep, or the only one.

    Attributes:
        experiment: Everything that is declared of it.
        labels: Its value for each key that varies in the sweep.
        job: Number of the job of Hydra's that it belongs to.
        device: The device; None where it cannot be read.
        built: The circuits; None where they cannot be made.
        point: The point, of the first repeat; None where there is no device or circuit.
        problems: Why it cannot be run, a line each; empty where it can.
        notes: Options that are set without effect, and other remarks.
    """

    experiment: Experiment
    labels: Mapping[str, Any]
    job: int
    device: Device | None
    built: Built | None
    point: Point | None
    problems: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    @property
    def ready(self) -> tuple[Device, Built, Point]:
        """Device, circuits and point of a cell that can be run."""
        assert self.device is not None
        assert self.built is not None
        assert self.point is not None
        return self.device, self.built, self.point

    @property
    def circuit(self) -> str:
        """What a person calls the circuit."""
        if self.built is None:
            return self.experiment.circuit.kind
        labels = self.built.labels
        return labels[0] if len(labels) == 1 else f"{len(labels)} circuits"

    @property
    def device_name(self) -> str:
        """What a person calls the device."""
        if self.device is not None:
            return self.device.name
        section = self.experiment.backend
        return section.name or section.configuration or "no device"

    @property
    def title(self) -> str:
        """The circuit and the device in a few words."""
        return f"{self.circuit} on {self.device_name}"


def make(declared: Iterable[Declared]) -> list[Cell]:
    """Cells in the order in which they were declared."""
    builder = Builder()
    cells = [_cell(one, builder) for one in declared]
    for cell in cells:
        _require_metrics(cell)
    return cells


def _require_metrics(cell: Cell) -> None:
    """Refuse a metric that the cell's family does not give.

    Raises:
        ConfigError: Names it, and those that there are.
    """
    family = None if cell.built is None else cell.built.family
    if family is not None:
        asked = cell.experiment
        wrong = unknown_metric(asked.metrics or [], asked.optimize, family.metrics)
        if wrong:
            raise ConfigError(wrong)


def _cell(declared: Declared, builder: Builder) -> Cell:
    experiment, labels, job = declared.experiment, declared.labels, declared.job
    machine: Device | None = None
    built: Built | None = None
    try:
        machine = devices.load(experiment.backend)
        _simulable(experiment, machine)
        built = builder.build(experiment.circuit)
        experiment = with_metrics(experiment, built)
        point = make_point(experiment, machine, built)
    except ConfigError as error:
        experiment = with_metrics(experiment, built)
        return Cell(experiment, labels, job, machine, built, None, (str(error),))
    options, service = experiment.options, experiment.service
    found = problems(options, machine, service, built)
    return Cell(
        experiment,
        labels,
        job,
        machine,
        built,
        point,
        tuple(str(problem) for problem in found),
        () if found else tuple(without_effect(options, machine, service, built)),
    )


def with_metrics(experiment: Experiment, built: Built | None) -> Experiment:
    """An experiment that says by what it is scored."""
    if experiment.metrics is not None:
        return experiment
    family = None if built is None else built.family
    names = METRICS if family is None else family.metrics
    return experiment.model_copy(update={"metrics": _listed(tuple(names))})


@lru_cache(maxsize=64)
def _listed(names: tuple[str, ...]) -> list[str]:
    """The same list for all cells that have them."""
    return list(names)


def _simulable(experiment: Experiment, machine: Device) -> None:
    """Refuse a device that terra or Aer cannot make sense of.

    Raises:
        ConfigError: Says what they stumbled over.
    """
    circuit = experiment.circuit
    if isinstance(circuit, GhzCircuit) and circuit.num_qubits > machine.num_qubits:
        raise ConfigError(
            f"circuit.num_qubits = {circuit.num_qubits}: {machine.name} has "
            f"{machine.num_qubits} qubits. Choose fewer or a larger backend."
        )
    try:
        backend(machine)
    except Exception as error:  # terra raises whatever its parsing runs into
        source = experiment.backend
        raise ConfigError(
            f"backend.configuration = {source.configuration}, backend.properties = "
            f"{source.properties}: terra cannot read them "
            f"({type(error).__name__}: {error})."
        ) from error


def make_point(
    experiment: Experiment, machine: Device, built: Built, repeat: int = 0
) -> Point:
    """The point that an experiment declares on a device."""
    options = experiment.options.with_defaults(machine.option_defaults)
    embedded = isinstance(experiment.service, LocalService)
    return Point(
        circuit=experiment.circuit,
        content=built.content,
        backend=machine.name,
        snapshot=machine.digest if embedded else None,
        service=experiment.service,
        program=PROGRAM if embedded else None,
        options=canonical(options),
        repeat=repeat,
    )


def canonical(options: Options) -> Options:
    """Options in which equal things are written alike: a layout is always a list."""
    layout = options.initial_layout
    if not isinstance(layout, dict):
        return options
    physical = [layout[qubit] for qubit in sorted(layout)]
    return options.model_copy(update={"initial_layout": physical})
