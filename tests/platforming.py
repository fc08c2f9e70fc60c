"""A client of the emulator's platform API, for tests: what a REST client of IBM's does."""

from __future__ import annotations

import time
from typing import Any

import requests
from qiskit import QuantumCircuit, qasm3, transpile

from qexp.declare.config import Backend
from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.devices.device import load
from qexp.devices.snapshot import backend
from tests.emulating import PATIENCE, TOKEN, Emulator

GRANT = "urn:ibm:params:oauth:grant-type:apikey"
CRN = "crn:v1:bluemix:public:quantum-computing:us-east:a/acc:inst::"
HEADERS = {"Service-CRN": CRN, "IBM-API-Version": "2026-04-15"}
MANILA = "ibmq_manila"


def exchanged(base: str, key: str) -> requests.Response:
    """The answer to an API key."""
    form = {"grant_type": GRANT, "apikey": key, "response_type": "cloud_iam"}
    return requests.post(f"{base}/identity/token", data=form, timeout=PATIENCE)


def platform_of(emulator: Emulator, **fields: Any) -> IbmQuantumService:
    """The section with which qexp speaks to the platform API of an emulator."""
    base = emulator.url.removesuffix("/api")
    usual = {
        "instance": CRN,
        "url": f"{base}/api/v1",
        "iam_url": base,
        "jobs_per_minute": 10_000,
        "settle_seconds": 0.5,
        "poll_seconds": 0.1,
        "poll_longest": 0.5,
    }
    return IbmQuantumService(**{**usual, **fields})


class Speaker:
    """Speaks to the platform API of an emulator."""

    def __init__(self, emulator: Emulator, key: str = TOKEN, path: str = "/api/v1"):
        self.base = emulator.url.removesuffix("/api")
        self.url = f"{self.base}{path}"
        self.session = requests.Session()
        self.session.headers.update(HEADERS)
        self.login(key)

    def login(self, key: str) -> None:
        access = exchanged(self.base, key).json()["access_token"]
        self.session.headers["Authorization"] = f"Bearer {access}"

    def ask(self, method: str, path: str, **more: Any) -> requests.Response:
        return self.session.request(
            method, f"{self.url}{path}", timeout=PATIENCE, **more
        )

    def get(self, path: str, **query: Any) -> requests.Response:
        return self.ask("GET", path, params=query)

    def post(self, pubs: list, device: str = MANILA, **more: Any) -> requests.Response:
        """POST of a job; `options`, `shots`, `support_qiskit` are inputs of its program."""
        inputs = ("options", "shots", "support_qiskit", "version")
        params = {key: more.pop(key) for key in inputs if key in more}
        body = {
            "program_id": "sampler",
            "backend": device,
            "params": {"pubs": pubs, **params},
            **more,
        }
        return self.ask("POST", "/jobs", json=body)

    def submit(self, pubs: list, device: str = MANILA, **more: Any) -> str:
        answer = self.post(pubs, device, **more)
        assert answer.status_code == 200, answer.text
        assert answer.json()["backend"] == device
        return answer.json()["id"]

    def job(self, job: str) -> dict:
        return self.get(f"/jobs/{job}", exclude_params="true").json()

    def ended(self, job: str, seconds: float = PATIENCE) -> dict:
        """The job, when it has ended."""
        end = time.monotonic() + seconds
        while (found := self.job(job))["state"]["status"] in ("Queued", "Running"):
            assert time.monotonic() < end, found
            time.sleep(0.03)
        return found

    def result(self, pubs: list, device: str = MANILA, **more: Any) -> dict:
        """The result of a job that goes well."""
        job = self.submit(pubs, device, **more)
        found = self.ended(job)
        assert found["status"] == "Completed", found
        return self.get(f"/jobs/{job}/results").json()

    def failure(self, pubs: list, device: str = MANILA, **more: Any) -> dict:
        """The state of a job that fails."""
        found = self.ended(self.submit(pubs, device, **more))
        assert found["status"] == "Failed", found
        return found["state"]


def native(circuit: QuantumCircuit, snapshot: str = "manila", **options: Any) -> str:
    """A circuit as OpenQASM 3, compiled for a device, under its own name."""
    return f"// {circuit.name}\n{qasm3.dumps(compiled(circuit, snapshot, **options))}"


def compiled(
    circuit: QuantumCircuit, snapshot: str = "manila", **options: Any
) -> QuantumCircuit:
    """A circuit compiled for a device."""
    device = load(Backend(name=f"ibmq_{snapshot}", snapshot=snapshot))
    return transpile(circuit, backend(device), seed_transpiler=1, **options)


def counted(samples: list[str]) -> dict[int, int]:
    """How often each outcome came."""
    found: dict[int, int] = {}
    for one in samples:
        found[int(one, 16)] = found.get(int(one, 16), 0) + 1
    return found
