"""The circuits of a job's pubs, read where nothing is lost if that goes astray."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from qiskit import QuantumCircuit

from qexp.circuits.qasm import is_version_3
from qexp.emulator.execution import Tools
from qexp.emulator.platform.codes import NOT_READ
from qexp.emulator.platform.pubs import Pub
from qexp.emulator.refusal import Refusal
from qexp.guarded.converting import READS, compressed, convert, version
from qexp.guarded.reader import Unreadable

_BASE64 = re.compile(r"[A-Za-z0-9+/=\s]*")


def read(pubs: list[Pub], tools: Tools) -> list[QuantumCircuit]:
    """The circuits of pubs, one for each of their values, in order.

    Args:
        pubs: The pubs.
        tools: Reads circuits, and knows the helper for newer QPY.

    Raises:
        Refusal: One of them is no circuit that can be read; says why.
    """
    try:
        return _read(pubs, tools)
    except Unreadable as error:
        raise Refusal(*NOT_READ, str(error)) from error


def _read(pubs: list[Pub], tools: Tools) -> list[QuantumCircuit]:
    streams = [_stream(pub, place) for place, pub in enumerate(pubs)]
    versions = [None if one is None else version(one) for one in streams]
    newer = [place for place, one in enumerate(versions) if (one or 0) > READS]
    helper = tools.settings.qpy_helper
    if newer and helper is None:
        raise Refusal(
            *NOT_READ,
            f"pub {newer[0]} is QPY version {versions[newer[0]]}: without help this "
            f"emulator reads QPY up to version {READS}",
            "Send OpenQASM 3, or start it with --qpy-helper and the path of a Python "
            "that has a current qiskit",
        )
    converted = _converted(pubs, streams, newer, helper) if helper and newer else {}
    items = [
        item
        for place, pub in enumerate(pubs)
        for item in converted.get(place) or _items(pub, streams[place])
    ]
    return tools.read(items)


def _stream(pub: Pub, place: int) -> str | None:
    """QPY in base64, where a pub's circuit is that; None where it is a program.

    Raises:
        Refusal: It is neither.
    """
    circuit = pub.circuit
    if isinstance(circuit, dict):
        value = circuit.get("__value__")
        if circuit.get("__type__") == "QuantumCircuit" and isinstance(value, str):
            return value
    elif _BASE64.fullmatch(circuit):
        return str(circuit)
    elif is_version_3(circuit):
        return None
    raise Refusal(
        *NOT_READ, f"pub {place} is neither an OpenQASM 3 program nor a circuit in QPY"
    )


def _converted(
    pubs: list[Pub], streams: list[str | None], newer: list[int], helper: Path
) -> dict[int, list[Any]]:
    asked = [(streams[place] or "", pubs[place].values) for place in newer]
    found = convert(helper, asked)
    return dict(zip(newer, found, strict=True))


def _items(pub: Pub, stream: str | None) -> list[Any]:
    """A pub's circuits as the process takes them that reads."""
    circuit = pub.circuit
    if stream is not None:
        try:
            value = compressed(stream)
        except ValueError:
            value = stream  # it says itself that it cannot be read
        circuit = {"__type__": "QuantumCircuit", "__value__": value}
    return [
        {"circuit": circuit, "values": one} if one else circuit for one in pub.values
    ]
