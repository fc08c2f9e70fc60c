"""An emulator for tests: started as a user starts it, and a client that speaks to it.

A test that takes the fixture `emulator` gets one that its module shares. Another, with
options of its own, is started by `with emulating(folder, "--job-limit", "1") as one`.
"""

from __future__ import annotations

import base64
import io
import json
import os
import re
import select
import signal
import subprocess
import sys
import time
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import requests
from qiskit import QuantumCircuit, qpy

TOKEN = "token-of-the-tests"
OTHER = "token-of-another"
DEVICES = "Network/ibm-q/Groups/open/Projects/main/devices"
PATIENCE = 40


@dataclass
class Emulator:
    """A running emulator.

    Attributes:
        url: What a client is given as `service.url`: the authentication URL.
        token: An API token.
        process: The server's process.
        line: The line that it printed when it was ready.
    """

    url: str
    token: str
    process: subprocess.Popen[bytes]
    line: str

    def client(self, token: str | None = None) -> Client:
        """A client that has logged in."""
        return Client(self.url, token or self.token)

    def kill(self) -> None:
        """End it as a power cut would."""
        os.kill(self.process.pid, signal.SIGKILL)
        self.process.wait(PATIENCE)


@contextmanager
def emulating(
    folder: Path,
    *options: str,
    token: str | None = TOKEN,
    seconds: float = 600,
    program: str = "qexp",
) -> Iterator[Emulator]:
    """An emulator on a free port, ended with the context and by itself.

    Args:
        folder: Its data folder.
        *options: Options of `python -m qexp emulator`.
        token: The API token, to which OTHER is added; None is the one that it makes.
        seconds: When it stops by itself.
        program: The module that is run.
    """
    tokens = [] if token is None else ["--token", token, OTHER]
    command = [
        sys.executable,
        "-m",
        program,
        "emulator",
        "--port",
        "0",
        "--workers",
        "2",
    ]
    limits = ["--data", str(folder), "--seconds", str(seconds)]
    process = subprocess.Popen(
        [*command, *limits, *tokens, *options],
        stdout=subprocess.PIPE,
        stderr=(folder.parent / f"{folder.name}.err").open("wb"),
    )
    try:
        line = _line(process)
        url = re.search(r"service\.url=(\S+)", line)[1]
        yield Emulator(url, token or "", process, line)
    finally:
        if process.poll() is None:
            process.terminate()
        process.wait(PATIENCE)
        process.stdout.close()


def _line(process: subprocess.Popen[bytes]) -> str:
    ready, _, _ = select.select([process.stdout], [], [], PATIENCE)
    line = process.stdout.readline().decode() if ready else ""
    assert line.startswith("emulator ready"), line
    return line


@pytest.fixture(scope="module")
def emulator(tmp_path_factory):
    """An emulator that the tests of a module share: url, token, process."""
    with emulating(tmp_path_factory.mktemp("emulator") / "data") as started:
        yield started


def encoded(circuit: QuantumCircuit, **options) -> dict[str, str]:
    """A circuit as the official client sends it."""
    stream = io.BytesIO()
    qpy.dump(circuit, stream, **options)
    return wrapped(stream.getvalue())


def wrapped(content: bytes) -> dict[str, str]:
    """A stream as the official client sends it."""
    text = base64.b64encode(zlib.compress(content)).decode()
    return {"__type__": "QuantumCircuit", "__value__": text}


class Client:
    """What the official client does, as far as the tests need it."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.login(token)
        urls = self.session.get(f"{url}/users/me", timeout=PATIENCE).json()["urls"]
        self.http, self.runtime = urls["http"], urls["services"]["runtime"]

    def login(self, token: str) -> None:
        answer = self.session.post(
            f"{self.url}/users/loginWithToken",
            json={"apiToken": token},
            timeout=PATIENCE,
        )
        self.session.headers["X-Access-Token"] = answer.json()["id"]

    def get(self, path: str, **query) -> requests.Response:
        """GET of the runtime API."""
        return self.session.get(
            f"{self.runtime}/{path}", params=query, timeout=PATIENCE
        )

    def device(self, name: str, what: str) -> requests.Response:
        """GET of the account API, of a device."""
        return self.session.get(
            f"{self.http}/{DEVICES}/{name}/{what}", timeout=PATIENCE
        )

    def post(self, circuits, backend="ibmq_manila", **params) -> requests.Response:
        """POST of a job, with a body that is said to be of no type."""
        body = {
            "program_id": "circuit-runner",
            "hub": "ibm-q",
            "group": "open",
            "project": "main",
            "backend": backend,
            "params": {"circuits": circuits, **params},
            "runtime": None,
        }
        return self.session.post(
            f"{self.runtime}/jobs", data=json.dumps(body), timeout=PATIENCE
        )

    def submit(self, circuits, backend="ibmq_manila", **params) -> str:
        """The id of a job that is accepted."""
        answer = self.post(circuits, backend, **params)
        assert answer.status_code == 200, answer.text
        return answer.json()["id"]

    def state(self, job: str) -> str:
        return self.get(f"jobs/{job}").json()["status"]

    def ended(self, job: str, seconds: float = PATIENCE) -> str:
        """The state in which a job ends."""
        end = time.monotonic() + seconds
        while (state := self.state(job)) in ("Queued", "Running"):
            assert time.monotonic() < end, state
            time.sleep(0.03)
        return state

    def result(self, circuits, backend="ibmq_manila", **params) -> dict:
        """The result of a job that goes well."""
        job = self.submit(circuits, backend, **params)
        assert self.ended(job) == "Completed", self.get(f"jobs/{job}/results").text
        return self.get(f"jobs/{job}/results").json()

    def failure(self, circuits, backend="ibmq_manila", **params) -> str:
        """The error text of a job that fails."""
        job = self.submit(circuits, backend, **params)
        assert self.ended(job) == "Failed"
        return self.get(f"jobs/{job}/results").text

    def cancel(self, job: str) -> int:
        """The HTTP status of a POST that cancels."""
        where = f"{self.runtime}/jobs/{job}/cancel"
        return self.session.post(where, timeout=PATIENCE).status_code


def bell(name: str = "bell-0") -> QuantumCircuit:
    """Two qubits, measured."""
    circuit = QuantumCircuit(2, 2, name=name)
    circuit.h(0)
    circuit.cx(0, 1)
    circuit.measure([0, 1], [0, 1])
    return circuit


def endless(qubits: int = 20) -> QuantumCircuit:
    """A circuit that takes longer than anybody waits, on ibmq_montreal with noise."""
    circuit = QuantumCircuit(qubits, name="endless-0")
    for _ in range(20):
        for qubit in range(qubits - 1):
            circuit.ry(0.3, qubit)
            circuit.cx(qubit, qubit + 1)
    circuit.measure_all()
    return circuit
