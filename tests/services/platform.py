"""A stateful fake of today's platform, in the place of the network."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from qexp.declare.ibm_quantum import IbmQuantumService
from qexp.planning.submission import Submission
from qexp.services.ibm.client import IbmQuantum
from tests.embedded import manila
from tests.platforming import CRN
from tests.services.fake import HOST, Fake, http_to

KEY = "the-API-key"
API = f"{HOST}/api/v1"
LIFE = 3600


class Job:
    def __init__(self, number, body, results):
        self.id = f"job{number}"
        self.body = body
        self.states = [
            {"status": "Queued"},
            {"status": "Running"},
            {"status": "Completed"},
        ]
        self.results = results
        self.no_content = 0

    @property
    def state(self):
        return self.states[0]

    @property
    def pending(self):
        return self.state["status"] in ("Queued", "Running")

    def shown(self):
        flat = self.state.get("flat", self.state["status"])
        state = {k: v for k, v in self.state.items() if k != "flat"}
        return {
            "id": self.id,
            "backend": self.body["backend"],
            "state": state,
            "status": flat,
            "tags": self.body.get("tags", []),
            "session_id": self.body.get("session_id"),
            "created": "2026-11-26T10:00:00Z",
            "program": {"id": "sampler"},
        }


def read(text):
    """What a calibration circuit prepares; 0 for any other."""
    if not text.startswith("// m3-"):
        return "0x0"
    ones = re.findall(r"^x \$(\d+);$", text, re.MULTILINE)
    places = re.findall(r"^c\[(\d+)\] = measure \$(\d+);$", text, re.MULTILINE)
    return hex(sum(1 << int(bit) for bit, qubit in places if qubit in ones))


def zeros(params):
    """Results in which every register was 0 after every shot, and readout is perfect."""
    results = []
    for text, _, shots in params["pubs"]:
        registers = re.findall(r"^bit\[(\d+)\] (\S+);$", text, re.MULTILINE)
        results.append(
            {
                "data": {
                    name: {"samples": [read(text)] * shots, "num_bits": int(size)}
                    for size, name in registers
                },
                "metadata": {},
            }
        )
    return json.dumps({"results": results, "metadata": {"version": 2}})


class Platform(Fake):
    """The platform; `fail` scripts what happens instead.

    Attributes:
        tokens: Those that are good.
        grants: How many were given.
        life: Seconds for which a token is said to be good.
        devices: What is listed.
        sessions: Batches by id.
        queries: Path and query of what was asked, in order.
    """

    def __init__(self, answer=zeros):
        super().__init__(answer)
        self.tokens = set()
        self.grants, self.life = 0, LIFE
        self.devices = [
            {
                "name": "ibmq_manila",
                "status": {"name": "online"},
                "qubits": 5,
                "queue_length": 3,
            },
            {
                "name": "ibm_asleep",
                "status": {"name": "offline", "reason": "maintenance"},
                "qubits": 7,
                "queue_length": 0,
            },
        ]
        self.sessions = {}
        self.usage = {"qpu_charge_time_seconds": 2.5, "status": "complete"}
        self.queries = []
        self.extra = {}

    def _answer(self, request, path, query):
        query = {k: v[-1] for k, v in parse_qs(urlsplit(request.url).query).items()}
        self.queries.append((path, query))
        if path == "/identity/token":
            return self._grant(dict(parse_qs(request.body)))
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if token not in self.tokens:
            return 401, {"errors": [{"code": 1201, "message": "Invalid credentials."}]}
        assert request.headers["Service-CRN"] == CRN
        path = path.removeprefix("/api/v1/")
        if path == "backends":
            return 200, {"devices": self.devices}
        if path.startswith("backends/"):
            return self._device(path, query)
        if path.startswith("sessions"):
            return self._session(request, path)
        return self._of_jobs(request, path, query)

    def _grant(self, form):
        if form["apikey"] != [KEY]:
            return 400, {"errorCode": "BXNIM0415E", "errorMessage": f"{form} is none"}
        self.grants += 1
        token = f"TOKEN-{self.grants}"
        self.tokens.add(token)
        return 200, {"access_token": token, "expires_in": self.life}

    def _device(self, path, query):
        if path.endswith("/configuration"):
            return 200, manila().configuration
        if path.endswith("/properties"):
            old = "calibration_id" in query or "updated_before" in query
            date = "2026-11-26T09:00:00Z" if old else "2026-11-26T12:00:00Z"
            return 200, {**manila().properties, "last_update_date": date}
        return 404, {"errors": [{"code": 1007, "message": "No such device."}]}

    def _session(self, request, path):
        id_ = path.partition("/")[2]
        if request.method == "POST":
            id_ = f"batch{len(self.sessions) + 1}"
            body = json.loads(request.body)
            self.sessions[id_] = {"id": id_, **body, "accepting_jobs": True}
            return 200, self.sessions[id_]
        if id_ not in self.sessions:
            return 404, {"errors": [{"code": 1, "message": "No such session."}]}
        if request.method == "PATCH":
            self.sessions[id_].update(json.loads(request.body))
            return 204, None
        return 200, self.sessions[id_]

    def _of_jobs(self, request, path, query):
        _, _, rest = path.partition("/")
        if request.method == "POST" and not rest:
            return self._start(json.loads(request.body))
        if not rest:
            newest = [
                one for one in self.jobs[::-1] if query["tags"] in one.body["tags"]
            ]
            offset, limit = int(query["offset"]), int(query["limit"])
            shown = [one.shown() for one in newest[offset : offset + limit]]
            return 200, {"jobs": shown, "count": len(newest)}
        id_, _, what = rest.partition("/")
        job = next((one for one in self.jobs if one.id == id_), None)
        if job is None:
            return 404, {"errors": [{"code": 1291, "message": "Job not found."}]}
        return self._of_job(job, what)

    def _of_job(self, job, what):
        if what == "results":
            if job.pending or job.no_content:
                job.no_content -= not job.pending
                return 204, None
            return 200, job.results
        if what == "metrics":
            times = {
                "created": "2026-11-26T10:00:00Z",
                "running": "2026-11-26T10:00:05Z",
                "finished": "2026-11-26T10:00:07Z",
            }
            return 200, {"timestamps": times, "usage": self.usage}
        if what == "cancel":
            if not job.pending:
                return 409, {"errors": [{"code": 1, "message": "It is over."}]}
            job.states = [{"status": "Cancelled"}]
            return 204, None
        if what == "logs":
            return 200, "log line 1\n"
        shown = {**job.shown(), **self.extra}
        if len(job.states) > 1:
            job.states.pop(0)
        return 200, shown

    def _start(self, body):
        session = body.get("session_id")
        if session is not None and not self.sessions[session]["accepting_jobs"]:
            error = {"code": 1217, "message": "The session is closed."}
            return 400, {"errors": [error]}
        job = Job(len(self.jobs) + 1, body, self.answer(body["params"]))
        job.states = self.next_states.pop(0) if self.next_states else job.states
        self.jobs.append(job)
        self.bodies.append(body)
        return 200, {"id": job.id, "backend": body["backend"]}


def section(**fields):
    usual = {"instance": CRN, "url": API, "iam_url": HOST, "jobs_per_minute": 100}
    return IbmQuantumService(**{**usual, **fields})


def client_of(platform, clock, witness=None, **fields):
    return IbmQuantum(section(**fields), clock, http_to(platform, clock), witness)


def remote(*parts, name=None, mark=None, **inputs):
    """A submission to the platform: shots and mitigation are its parts'."""
    own = {"shots": inputs.pop("shots", 100)}
    if "measurement_error_mitigation" in inputs:
        key = "measurement_error_mitigation"
        own[key] = inputs.pop(key)
    parts = [replace(one, inputs={**own, **one.inputs}) for one in parts]
    inputs = {"seed_simulator": 7, **inputs}
    name = name or "-".join(one.name for one in parts)
    return Submission(name, section(), manila(), tuple(parts), inputs, mark=mark)
