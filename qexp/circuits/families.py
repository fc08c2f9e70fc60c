"""Circuits of a family: its class is found, given its arguments, and asked for them."""

from __future__ import annotations

from pydantic import ValidationError
from qiskit import QuantumCircuit

from qexp.circuits.built import Built
from qexp.circuits.content import content_of
from qexp.circuits.dotted import find
from qexp.circuits.family import Family
from qexp.declare.family import FamilyCircuit
from qexp.declare.messages import explain
from qexp.errors import ConfigError


def build(circuit: FamilyCircuit) -> Built:
    """The circuits of a family, with the family itself.

    Raises:
        ConfigError: There is no such class, an argument is wrong, or it gives no circuits.
    """
    family = load(circuit)
    made = _asked(circuit, family)
    names = [one.name for one in made]
    labels = names if len(set(names)) == len(names) else _numbered(names)
    return Built(
        tuple(made),
        content_of(made),
        tuple(labels),
        tuple(family.ideal()),
        family,
    )


def load(circuit: FamilyCircuit) -> Family:
    """The family, with its arguments.

    Raises:
        ConfigError: There is no such class, or an argument is wrong.
    """
    kind = find("circuit.family", circuit.family, "class")
    if not (isinstance(kind, type) and issubclass(kind, Family)):
        raise ConfigError(
            f"circuit.family = {circuit.family}: must be a subclass of "
            "qexp.families.Family."
        )
    if getattr(kind, "__abstractmethods__", None) or not getattr(kind, "metrics", ()):
        raise ConfigError(
            f"circuit.family = {circuit.family}: must define metrics, circuits() and "
            "analyse()."
        )
    try:
        return kind(**circuit.arguments)
    except ValidationError as error:
        raise ConfigError(explain(error, kind, "circuit.")) from error


def _asked(circuit: FamilyCircuit, family: Family) -> list[QuantumCircuit]:
    try:
        made = list(family.circuits())
    except ConfigError:
        raise
    except (Exception, SystemExit) as error:  # a user's own code
        raise ConfigError(
            f"circuit.family = {circuit.family}: circuits() raised "
            f"{type(error).__name__}: {error}"
        ) from error
    if not made or not all(isinstance(one, QuantumCircuit) for one in made):
        raise ConfigError(
            f"circuit.family = {circuit.family}: circuits() must return at least one "
            "QuantumCircuit, and nothing else."
        )
    return made


def _numbered(names: list[str]) -> list[str]:
    return [f"{name}-{k}" for k, name in enumerate(names)]
