"""Newer QPY to OpenQASM 3, in an environment that is not qexp's.

    python -I convert.py            # the newest version of QPY that it reads
    python -I convert.py SECONDS    # converts what comes on standard input

It is run by `qexp.guarded.converting` with a Python that has a current qiskit, and imports
nothing of qexp's. On standard input it takes JSON, a list of circuits, each with `qpy`
(base64) and `values` (what its parameters are bound to, for each program that is wanted);
on standard output it gives a list of the same length, with `programs`, or with
`error`.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import resource
import signal
import sys
import zlib
from typing import Any

from qiskit import QuantumCircuit, qasm3, qpy

MEMORY = 2**30
"""Bytes that converting may take, beside what the process has already."""

MOST_BYTES = 64 * 2**20
"""Most bytes of a stream, decompressed, and most characters of all programs."""

STREAM = b"QISKIT"
"""How QPY begins."""


def main(arguments: list[str]) -> None:
    """Convert, or say what can be."""
    if not arguments:
        print(qpy.common.QPY_VERSION)
        return
    asked = json.load(sys.stdin)
    _warm()
    _limit(int(arguments[0]))
    left, made = MOST_BYTES, []
    for one in asked:
        made.append(_converted(one, left))
        left -= sum(map(len, made[-1].get("programs", ())))
    json.dump(made, sys.stdout)


def _converted(asked: dict[str, Any], left: int) -> dict[str, Any]:
    try:
        circuit = _read(base64.b64decode(asked["qpy"]))
        programs = []
        for values in asked["values"]:
            if isinstance(values, dict):
                values = {one: values[one.name] for one in circuit.parameters}
            bound = circuit.assign_parameters(values) if values else circuit
            if bound.parameters:
                names = ", ".join(sorted(one.name for one in bound.parameters))
                return {"error": f"its parameters are not bound: {names}"}
            programs.append(f"// {_name(circuit)}\n{qasm3.dumps(bound)}")
            if sum(map(len, programs)) > left:
                return {"error": f"it makes more than {MOST_BYTES} characters"}
        return {"programs": programs}
    except MemoryError:
        return {"error": "it takes too much memory"}
    except Exception as error:  # qiskit raises whatever its readers run into
        return {"error": f"{type(error).__name__}: {error}"[:500]}


def _read(content: bytes) -> QuantumCircuit:
    if not content.startswith(STREAM):
        stream = zlib.decompressobj()
        content = stream.decompress(content, MOST_BYTES)
        if not stream.eof:
            raise ValueError(f"cut short, or longer than {MOST_BYTES} bytes")
    found = qpy.load(io.BytesIO(content))
    if len(found) != 1 or not isinstance(found[0], QuantumCircuit):
        raise ValueError("the stream must hold one circuit")
    return found[0]


def _name(circuit: QuantumCircuit) -> str:
    return re.sub(r"[^\w.#-]", "_", circuit.name)[:200] or "circuit"


def _warm() -> None:
    """Import now what is imported late, because no file can be opened then."""
    circuit = QuantumCircuit(2, 1)
    circuit.ecr(0, 1)
    with circuit.if_test((0, True)):
        circuit.x(0)
    circuit.measure(0, 0)
    stream = io.BytesIO()
    qpy.dump(circuit, stream)
    stream.seek(0)
    qasm3.dumps(qpy.load(stream)[0])


def _limit(seconds: int) -> None:
    """Take from this process what converting does not need."""
    with open("/proc/self/statm", encoding="ascii") as file:  # noqa: PTH123
        size = int(file.read().split()[0]) * resource.getpagesize()
    signal.setitimer(signal.ITIMER_REAL, 6 * seconds)
    for what, most in {
        resource.RLIMIT_AS: size + MEMORY,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NOFILE: 0,
    }.items():
        _, hard = resource.getrlimit(what)
        if hard != resource.RLIM_INFINITY:
            most = min(most, hard)
        resource.setrlimit(what, (most, most))
    spent = int(sum(os.times()[:2])) + 1
    # the first ends the process with a signal of its own, the second with any
    resource.setrlimit(resource.RLIMIT_CPU, (spent + seconds, spent + seconds + 1))


if __name__ == "__main__":
    main(sys.argv[1:])
