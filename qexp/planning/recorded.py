"""Cells out of a frozen plan: what was declared, the device, the circuits as they were."""

from __future__ import annotations

import ast
import base64
import io
import json
import zlib
from collections.abc import Callable, Sequence
from typing import Any

from qiskit import QuantumCircuit, qpy

from qexp.circuits import Builder, Built, families
from qexp.circuits.delays import DT, units
from qexp.circuits.distinct import distinct
from qexp.circuits.family import Family
from qexp.declare.config import (
    Circuit,
    Experiment,
    GhzCircuit,
    PythonCircuit,
    QasmCircuit,
)
from qexp.declare.family import FamilyCircuit
from qexp.devices import device as devices
from qexp.devices.device import Device
from qexp.errors import ConfigError
from qexp.planning.cell import Cell, make_point

Json = dict[str, Any]

Read = Callable[[Sequence[str]], Sequence[QuantumCircuit]]
"""From circuits as text (QPY, compressed, base64) to circuits."""


OWN = "qexp.families."
"""Where the classes of families are that qexp has itself."""


class Cells:
    """Makes cells again, equal sections and circuits once."""

    def __init__(self, frozen: Json, read: Read | None = None) -> None:
        """Make none yet.

        Args:
            frozen: The plan, out of its bytes.
            read: Reads circuits, where they and the devices are to be taken from the
                record alone: no file is read, and no function called, whose name
                somebody else may have written. None takes those of today, where they
                are what they were.
        """
        self._read = read or unpacked
        self._record_alone = read is not None
        self._base = Experiment.model_validate_json(json.dumps(frozen["base"]))
        self._devices = {
            digest: Device(**fields) for digest, fields in frozen["devices"].items()
        }
        self._frozen = frozen["circuits"]
        self._circuits: dict[tuple[str, str], Built] = {}
        self._builder = Builder()
        self._sections: dict[str, Any] = {}
        self.changed: list[str] = []

    def make(self, one: Json) -> Cell:
        """One cell; its point is that of the first repeat.

        Raises:
            ConfigError, KeyError, TypeError, ValueError: It cannot be made.
        """
        experiment = self._experiment(one["experiment"])
        device = self._device(experiment, one["device"])
        built = self._built(experiment, one["circuits"])
        point = None
        if device is not None and built is not None:
            point = make_point(experiment, device, built)
        return Cell(
            experiment,
            {key: _value(how, value) for key, how, value in one["labels"]},
            one["job"],
            device,
            built,
            point,
            tuple(one["problems"]),
            tuple(one["notes"]),
        )

    def _experiment(self, own: Json) -> Experiment:
        found = {}
        for name, value in own.items():
            key = f"{name} {json.dumps(value)}"
            if key not in self._sections:
                whole = self._base.model_dump(mode="json") | {name: value}
                read = Experiment.model_validate_json(json.dumps(whole))
                self._sections[key] = getattr(read, name)
            found[name] = self._sections[key]
        return self._base.model_copy(update=found)

    def _device(self, experiment: Experiment, digest: str | None) -> Device | None:
        if digest is None:
            return None
        if self._record_alone:
            return self._devices[digest]
        try:
            now: Device | None = devices.load(experiment.backend)
        except ConfigError:
            now = None
        if now is not None and now.digest == digest:
            return now
        backend = experiment.backend
        if backend.snapshot or backend.configuration:  # others change by the hour
            self.changed.append(f"backend ({self._devices[digest].name})")
        return self._devices[digest]

    def _built(self, experiment: Experiment, content: str | None) -> Built | None:
        if content is None:
            return None
        key = (content, repr(experiment.circuit))
        if key not in self._circuits:
            self._circuits[key] = self._find(experiment, content)
        return self._circuits[key]

    def _find(self, experiment: Experiment, content: str) -> Built:
        why = "is not read"
        if _is_own(experiment.circuit) or not self._record_alone:
            try:
                now = self._builder.build(experiment.circuit)
                if now.content == content:
                    return now
                why = "has changed"
            except Exception as error:  # whatever a user's function raises
                why = str(error).splitlines()[0]
        frozen = self._frozen[content]
        source = _source(experiment)
        if frozen["qpy"] is None:
            raise ValueError(f"{source}: {why}, and its circuits could not be kept")
        self.changed.append(source)
        known = frozen["known"]
        return Built(
            tuple(self._read(frozen["qpy"])),
            content,
            tuple(frozen["labels"]),
            None if known is None else tuple(one or None for one in known),
            self._family(experiment.circuit),
        )

    def _family(self, circuit: Circuit) -> Family | None:
        """What analyses the circuits, where it is still to be had."""
        if not isinstance(circuit, FamilyCircuit):
            return None
        if self._record_alone and not _is_own(circuit):
            return None
        try:
            return families.load(circuit)
        except ConfigError:
            return None


def packed(circuit: QuantumCircuit) -> str:
    """A circuit as text: QPY, compressed, base64.

    Raises:
        ValueError: It has delays in another unit than dt, which QPY does not keep.
    """
    others = sorted(set(units(circuit)) - {DT})
    if others:
        raise ValueError(f"QPY does not keep that its delays are in {others[0]}")
    stream = io.BytesIO()
    qpy.dump(distinct(circuit), stream)
    return base64.b64encode(zlib.compress(stream.getvalue())).decode()


def unpacked(texts: Sequence[str]) -> list[QuantumCircuit]:
    """Circuits that this workspace has packed; those of others may do harm."""
    return [
        circuit
        for text in texts
        for circuit in qpy.load(io.BytesIO(zlib.decompress(base64.b64decode(text))))
    ]


def _is_own(circuit: Circuit) -> bool:
    """Whether a circuit is made by code of qexp's, whoever wrote its declaration."""
    if isinstance(circuit, FamilyCircuit):
        return circuit.family.startswith(OWN)
    return isinstance(circuit, GhzCircuit)


def _source(experiment: Experiment) -> str:
    circuit = experiment.circuit
    if isinstance(circuit, QasmCircuit):
        return f"circuit.files = {circuit.files}"
    if isinstance(circuit, PythonCircuit):
        return f"circuit.function = {circuit.function}"
    if isinstance(circuit, FamilyCircuit):
        return f"circuit.family = {circuit.family}"
    return f"circuit.kind = {circuit.kind}"


def _value(how: str, value: Any) -> Any:
    if how == "json":
        return value
    try:
        return ast.literal_eval(value)
    except (SyntaxError, ValueError):
        return value
