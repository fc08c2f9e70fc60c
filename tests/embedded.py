"""What the tests of the embedded service share: tasks, and a look at its processes."""

from __future__ import annotations

import json
import time
from functools import cache
from pathlib import Path

from qexp.circuits import Built, build
from qexp.circuits.content import content_of
from qexp.declare.config import Backend, GhzCircuit, LocalService
from qexp.devices.device import load
from qexp.planning.submission import Part, Submission

ENDLESS = 500_000_000
"""Shots that nobody waits for where Aer samples; the twin does not care how many."""


@cache
def manila():
    return load(Backend(name="ibmq_manila", snapshot="manila"))


@cache
def ghz(qubits=3):
    return build(GhzCircuit(num_qubits=qubits))


def built(*circuits):
    content = content_of(circuits)
    return Built(
        tuple(circuits), content, (None,) * len(circuits), ("",) * len(circuits)
    )


def part(name, key=None, circuits=None, **compile):
    compile = {"seed_transpiler": 1, "optimization_level": 1, **compile}
    key = key or json.dumps([(circuits or ghz()).content, compile])
    return Part(name, name, circuits or ghz(), compile, key)


def submission(*parts, noise="device", device=None, **inputs):
    inputs = {"shots": 100, "seed_simulator": 7, **inputs}
    name = "-".join(one.name for one in parts)
    service = LocalService(noise=noise)
    return Submission(name, service, device or manila(), parts, inputs)


def answers(local, *submissions):
    """Every experiment by its circuit's name, of all that arrives."""
    for one in submissions:
        local.submit(one)
    return experiments(local.decode(arrival.raw) for arrival in local.arrivals())


def experiments(decoded):
    return {
        experiment["header"]["name"]: experiment
        for answer in decoded
        for experiment in answer["results"]
    }


def data(found):
    """What was measured, without times."""
    return {name: found[name]["data"] for name in sorted(found)}


def children(pid):
    """Processes that a process has started and that have not ended."""
    found = []
    for status in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, parent = status.read_text().rpartition(")")[2].split()[:2]
        except OSError:
            continue
        if int(parent) == pid and state != "Z":
            found.append(int(status.parent.name))
    return sorted(found)


def workers(pid):
    """The workers of a process: children of its fork servers."""
    return [worker for server in children(pid) for worker in children(server)]


def ticks(pid):
    """Processor time that a process has used, in hundredths of a second."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return int(fields[11]) + int(fields[12])


def until(condition, seconds=60):
    """What the condition gives, once it is true."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        assert time.monotonic() < end, "it did not happen"
        time.sleep(0.02)
    return value
