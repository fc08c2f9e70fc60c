"""A stateful fake of the runtime service, in the place of the network.

What it answers where nothing is said is what was recorded of the official client.
"""

from __future__ import annotations

import base64
import io
import json
import re
import zlib
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import parse_qsl, urlsplit

import requests
from qiskit import qpy
from requests.adapters import BaseAdapter

from qexp.declare.config import CircuitRunnerService
from qexp.planning.submission import Submission
from qexp.services import Witness
from qexp.services.circuit_runner import CircuitRunner
from qexp.services.http import Http
from qexp.services.outage import Wait
from tests.embedded import manila

TOKEN = "the-API-token"
HOST = "http://127.0.0.1"
URL = f"{HOST}/api"
JOBS = "/runtime/jobs"


@cache
def recorded():
    """Answers of the recorded traffic, by method and path; the last of each."""
    file = Path(__file__).parent / "recorded.json"
    return {(one["method"], one["path"]): one for one in json.loads(file.read_text())}


class NewConnectionError(Exception):
    """Called like urllib3's."""


def never_connected():
    return requests.ConnectionError(SimpleNamespace(reason=NewConnectionError("down")))


def circuits(params):
    read = []
    for one in params["circuits"]:
        assert one["__type__"] == "QuantumCircuit"
        stream = io.BytesIO(zlib.decompress(base64.b64decode(one["__value__"])))
        read += qpy.load(stream)
    return read


def counted(params):
    """An answer in which every shot of every circuit was 0."""
    shots = params.get("shots", 4000)
    return {
        "backend_name": "ibmq_manila",
        "backend_version": "1",
        "qobj_id": "q",
        "job_id": "j",
        "success": True,
        "header": params.get("header"),
        "results": [
            {
                "success": True,
                "shots": shots,
                "data": {"counts": {"0x0": shots}},
                "header": {"name": one.name, "memory_slots": one.num_clbits},
            }
            for one in circuits(params)
        ],
    }


class Job:
    def __init__(self, number, body):
        self.id = f"job{number}"
        self.body = body
        self.states = ["Queued", "Running", "Completed"]
        self.result = None

    @property
    def status(self):
        return self.states[0]

    @property
    def pending(self):
        return self.status in ("Queued", "Running")

    def shown(self):
        return {
            "id": self.id,
            "status": self.status,
            "params": [self.body["params"]],
            "program": {"id": "circuit-runner"},
            **{key: self.body[key] for key in ("hub", "group", "project", "backend")},
        }


class Fake(BaseAdapter):
    """The service.

    Attributes:
        requests: Method and path of all that was asked, in order.
        faults: What happens instead: by method and the end of a path a list of actions,
            each used once. An action is a status, (status, body), (status, body, headers),
            an exception, or "lost": done, and the answer is lost.
        listed: What the list of jobs makes of a job.
    """

    def __init__(self, answer=counted, maximum=5, device=None):
        super().__init__()
        self.answer = answer
        self.maximum = maximum
        self.device = device or manila()
        self.jobs: list[Job] = []
        self.others = 0
        self.requests: list[tuple[str, str]] = []
        self.bodies: list[dict] = []
        self.tokens = {"ACCESS-TOKEN-1"}
        self.logins = 0
        self.faults: dict[tuple[str, str], list] = {}
        self.listed = Job.shown
        self.next_states: list[list[str]] = []
        self.results: list = []
        self.used: object = 1.5
        self.stamps: dict[str, object] = {}

    def fail(self, method, end, *actions):
        self.faults.setdefault((method, end), []).extend(actions)

    def asked(self, method, end):
        return sum(m == method and path.endswith(end) for m, path in self.requests)

    def close(self):
        pass

    def send(self, request, timeout=None, **_):
        assert timeout is not None
        url = urlsplit(request.url)
        query = dict(parse_qsl(url.query))
        self.requests.append((request.method, url.path))
        for (method, end), actions in self.faults.items():
            if method == request.method and url.path.endswith(end) and actions:
                action = actions.pop(0)
                if action == "lost":
                    self._answer(request, url.path, query)
                    raise requests.ReadTimeout("lost")
                if isinstance(action, Exception):
                    raise action
                status, body, headers = (
                    (action, None, {})
                    if isinstance(action, int)
                    else ((*action, {})[:3])
                )
                return self._response(request, status, body, headers)
        status, body = self._answer(request, url.path, query)
        return self._response(request, status, body, {})

    def _response(self, request, status, body, headers):
        response = requests.Response()
        response.status_code = status
        response.url = request.url
        response.request = request
        response.headers.update(headers)
        text = body if isinstance(body, str) else json.dumps(body)
        response._content = b"" if body is None else text.encode()
        response.encoding = "utf-8"
        return response

    def _answer(self, request, path, query):
        if path == "/api/users/loginWithToken":
            return self._login(json.loads(request.body))
        if path != "/api/version":
            if request.headers.get("X-Access-Token") not in self.tokens:
                return 401, {"error": {"message": "Invalid access token", "code": 2408}}
            if path.startswith(JOBS):
                return self._job(request, path.removeprefix(JOBS).strip("/"), query)
        if path.endswith("/devices/v/1"):
            return 200, [self.device.configuration | {"backend_name": self.device.name}]
        if path.endswith("/properties"):
            return 200, self.device.properties
        if path.endswith("/jobsLimit"):
            running = self.others + sum(job.pending for job in self.jobs)
            return 200, {"maximumJobs": self.maximum, "runningJobs": running}
        path = re.sub("/devices/[^/]*/", "/devices/ibm_perth/", path)
        known = recorded()[request.method, path]
        return known["status"], known["resp"]

    def _login(self, body):
        if body["apiToken"] != TOKEN:
            return 401, {"error": {"message": "Login failed", "code": 3446}}
        self.logins += 1
        access = f"ACCESS-TOKEN-{self.logins}"
        self.tokens.add(access)
        return 200, {"id": access, "ttl": 1209600}

    def _job(self, request, path, query):
        if request.method == "POST" and not path:
            return self._run(json.loads(request.body))
        if not path:
            offset, limit = int(query["offset"]), int(query["limit"])
            assert query["program"] == "circuit-runner"
            newest = self.jobs[::-1]
            shown = [self.listed(job) for job in newest[offset : offset + limit]]
            return 200, {"jobs": shown, "count": len(newest)}
        id_, _, what = path.partition("/")
        job = next((one for one in self.jobs if one.id == id_), None)
        if job is None:
            return 404, {"errors": [{"code": 1291, "message": "Job not found."}]}
        if what == "results":
            return (204, None) if job.pending else (200, job.result)
        if what == "cancel":
            if not job.pending:
                return 409, {"errors": [{"code": 1, "message": "It is over."}]}
            job.states = ["Cancelled"]
            return 204, None
        if what == "metrics":
            usage = {"quantum_seconds": self.used}
            return 200, {"usage": usage, "timestamps": self.stamps}
        if what == "logs":
            return 200, "log line 1\nlog line 2\n"
        if request.method == "DELETE":
            self.jobs.remove(job)
            return 204, None
        shown = job.shown()
        if len(job.states) > 1:
            job.states.pop(0)
        return 200, shown

    def _run(self, body):
        pending = self.others + sum(job.pending for job in self.jobs)
        if 0 <= self.maximum <= pending:
            return 400, {"error": {"message": "Job limit reached", "code": 3458}}
        job = Job(len(self.jobs) + 1, body)
        job.states = self.next_states.pop(0) if self.next_states else job.states
        job.result = self.results.pop(0) if self.results else None
        if job.result is None:
            job.result = self.answer(body["params"])
        self.jobs.append(job)
        self.bodies.append(body)
        return 200, {"id": job.id}


class Clock(Wait):
    """Waits for no time at all, and remembers for how long it was asked to."""

    def __init__(self):
        self.slept: list[float] = []

    def now(self):
        return sum(self.slept)

    def __call__(self, seconds):
        self.slept.append(seconds)
        assert self.now() < 100_000, "it waits for ever"


class Noting(Witness):
    """Notes what it is told, in order: what happened, and of which submission.

    Attributes:
        noted: Pairs of them; of `told` and `missed` the text, of `seen` what was said.
        asides: What was known of the circuits of each submission that was sent.
    """

    def __init__(self):
        self.noted: list[tuple] = []
        self.asides: dict[str, bytes | None] = {}

    def of(self, *kinds):
        return [one for one in self.noted if one[0] in kinds]

    def sending(self, submission, aside):
        self.noted.append(("sending", submission.id))
        self.asides[submission.id] = aside

    def sent(self, submission, job):
        self.noted.append(("sent", submission.id, job.id))

    def unsent(self, submission):
        self.noted.append(("unsent", submission.id))

    def seen(self, submission, said):
        self.noted.append(("seen", submission.id, dict(said)))

    def told(self, text):
        self.noted.append(("told", text))

    def missed(self, submission, why):
        self.noted.append(("missed", submission.id, why))


def section(**fields):
    return CircuitRunnerService(**{"url": URL, **fields})


def http_to(fake, clock):
    http = Http(10.0, clock)
    http.session.mount("http://", fake)
    return http


def runner_of(fake, clock, witness=None, **fields):
    return CircuitRunner(section(**fields), clock, http_to(fake, clock), witness)


def remote(*parts, name=None, compile="server", **inputs):
    """A submission to circuit-runner."""
    inputs = {"shots": 100, "seed_simulator": 7, **inputs}
    name = name or "-".join(one.name for one in parts)
    service = section(compile=compile)
    return Submission(name, service, manila(), parts, inputs)
