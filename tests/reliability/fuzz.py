"""Thousands of requests made from the emulator's own OpenAPI: none is answered 5xx."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import requests
from pydantic import BaseModel

from qexp.emulator.app import PLATFORM, application
from qexp.emulator.circuit_runner import NAME, PARAMETERS
from qexp.emulator.platform import asked, iam, sampler, sessions
from qexp.emulator.platform.asking import CRN
from qexp.emulator.platform.jobs import Tags
from qexp.emulator.requests import Service
from qexp.emulator.runtime import Asked
from qexp.emulator.settings import GROUP, HUB, PROJECT
from tests.emulating import PATIENCE, TOKEN, Client, Emulator, bell, emulating, encoded
from tests.platforming import Speaker, native

SEED, EXAMPLES, SECONDS = 20261125, 120, 900
"""Schemathesis' seed, its cases of each operation and phase, and when it is ended."""

DEEP = "[" * 900 + "]" * 900

BY_HAND = (
    ("GET", "/runtime/jobs?offset=" + "9" * 30, None),
    ("GET", "/runtime/programs?offset=" + "9" * 30, None),
    ("GET", "/runtime/jobs?offset=" + "9" * 5000, None),
    ("GET", "/runtime/jobs?program=%ff%00%ed%a0%80", None),
    ("GET", "/runtime/jobs/%00%ff", None),
    ("GET", "/runtime/programs/%ed%a0%80", None),
    ("POST", "/api/users/loginWithToken", r'{"apiToken": "\ud800"}'),
    ("POST", "/api/users/loginWithToken", '{"apiToken": ' + DEEP + "}"),
    ("POST", "/runtime/jobs", r'{"\ud800": "\ud800"}'),
    ("POST", "/runtime/jobs", '{"program_id": "\\ud800", "backend": "", "params": {}}'),
    ("POST", "/runtime/jobs", "[" * 100_000),
    ("POST", "/runtime/jobs", "1" * 10_000),
    ("POST", "/identity/token", "grant_type=%ff%00&apikey=%ed%a0%80"),
    ("POST", "/identity/token", f"grant_type={iam.GRANT}&apikey=%ed%a0%80"),
    ("POST", f"{PLATFORM}/jobs", r'{"\ud800": "\ud800"}'),
    ("POST", f"{PLATFORM}/jobs", "[" * 100_000),
    ("POST", f"{PLATFORM}/sessions", '{"backend": "\\ud800"}'),
    ("GET", f"{PLATFORM}/jobs?offset=" + "9" * 30, None),
    ("GET", f"{PLATFORM}/jobs?tags=%ff%00%ed%a0%80", None),
    ("GET", f"{PLATFORM}/jobs?created_after=0001-01-01T00:00:00%2B23:59", None),
    ("GET", f"{PLATFORM}/jobs?created_before=9999-12-31T23:59:59-23:59", None),
    (
        "GET",
        f"{PLATFORM}/backends/ibmq_manila/properties?updated_before=0001-01-01T00:00:00%2B23:59",
        None,
    ),
    ("GET", f"{PLATFORM}/jobs/%00%ff", None),
    ("GET", f"{PLATFORM}/sessions/%ed%a0%80", None),
)
"""What a schema does not think of: method, path, body."""

PARAMS = (
    r'{"circuits": "\ud800"}',
    r'{"\ud800": 1, "circuits": []}',
    '{"circuits": ' + DEEP + "}",
    '{"circuits": [], "shots": ' + "9" * 4000 + "}",
)
"""Inputs of jobs that are accepted, or refused; the jobs are then looked at."""

PUBS = (
    r'["\ud800"]',
    "[" + DEEP + "]",
    '[["OPENQASM 3; bit[1] c;", ' + DEEP + "]]",
    '[["OPENQASM 3; bit[1] c;", [' + "9" * 400 + "]]]",
    '[["OPENQASM 3; bit[1] c;", {"a": [1, 2], "b": [1, 2, 3]}]]',
    '[["OPENQASM 3; bit[1] c;", null, ' + "9" * 40 + "]]",
    '[{"__type__": "QuantumCircuit", "__value__": "UUlTS0lUEQ=="}]',
    '[["UUlTS0lUCg==", {"__type__": "ndarray", "__value__": "eJwDAAAAAAE="}]]',
)
"""The same for the platform."""

HEADERS = {"Authorization": f"apikey {TOKEN}", "Service-CRN": CRN}
"""What the platform wants to know of a request."""

Jobs = dict[str, tuple[str, list[str]]]
"""By the API's path, a job to be looked at, and jobs to be cancelled and deleted."""


def schema(jobs: Jobs, opened: str) -> dict[str, Any]:
    """The emulator's OpenAPI, which it does not serve, and what that leaves out.

    The routes read path and body themselves, so FastAPI knows little of either.

    Args:
        jobs: Jobs of each API.
        opened: A session of the platform's.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # one function serves several methods
        made = application(cast(Service, None), lambda: None).openapi()
    known = {
        "hub": [HUB],
        "group": [GROUP],
        "project": [PROJECT],
        "name": ["ibmq_manila", "ibmq_montreal"],
        "program": [NAME],
        "plan": ["emulator"],
        "session": [opened],
    }
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            ends = method == "delete" or path.endswith("/cancel")
            kept, spent = jobs[PLATFORM if path.startswith(PLATFORM) else "/runtime"]
            known["job"] = spent if ends else [kept]
            rest = [
                one for one in operation.get("parameters", []) if one["in"] != "path"
            ]
            operation["parameters"] = rest + [
                {
                    "name": key,
                    "in": "path",
                    "required": True,
                    "schema": {"anyOf": [{"enum": known[key]}, {"type": "string"}]},
                }
                for key in re.findall(r"{(\w+)}", path)
            ]
    login = {"type": "object", "properties": {"apiToken": {"type": "string"}}}
    _takes(made, "/api/users/loginWithToken", login)
    _takes(made, "/runtime/jobs", _job())
    _takes(made, "/v3/resources/search", {"type": "object"})
    _takes(made, f"{PLATFORM}/jobs", _platform_job(made))
    for path, method, model in (
        ("/sessions", "post", sessions.Opening),
        ("/sessions/{session}", "patch", sessions.Change),
        ("/jobs/{job}/tags", "put", Tags),
    ):
        _takes(made, PLATFORM + path, _modelled(made, model), method)
    return cast("dict[str, Any]", made)


def _modelled(made: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """A model's schema, those of its parts put where OpenAPI has them."""
    found = model.model_json_schema(ref_template="#/components/schemas/{model}")
    parts = made.setdefault("components", {}).setdefault("schemas", {})
    parts.update(found.pop("$defs", {}))
    return found


def _platform_job(made: dict[str, Any]) -> dict[str, Any]:
    whole, inputs = _modelled(made, asked.Asked), _modelled(made, asked.Params)
    programs = {"enum": [native(bell()), encoded(bell())]}
    several = {"type": "array", "prefixItems": [programs], "maxItems": 3}
    pub = {"anyOf": [programs, several, {}]}
    inputs["properties"]["pubs"] = {"type": "array", "items": pub, "maxItems": 3}
    whole["properties"] |= {
        "program_id": {"anyOf": [{"enum": [sampler.NAME]}, {"type": "string"}]},
        "backend": {"anyOf": [{"enum": ["ibmq_manila"]}, {"type": "string"}]},
        "params": {"anyOf": [inputs, {"type": "object"}]},
    }
    return whole


def _job() -> dict[str, Any]:
    asked = Asked.model_json_schema()
    inputs = {key: value for key, value in PARAMETERS.items() if key != "$schema"}
    circuit = {"enum": [encoded(bell())]}
    several = {"type": "array", "items": circuit, "maxItems": 3}
    inputs["properties"] = {
        **inputs["properties"],
        "circuits": {"anyOf": [circuit, several, {"type": "string"}, {}]},
    }
    asked["properties"] = {
        **asked["properties"],
        "program_id": {"anyOf": [{"enum": [NAME]}, {"type": "string"}]},
        "backend": {"anyOf": [{"enum": ["ibmq_manila"]}, {"type": "string"}]},
        "hub": {"enum": [HUB]},
        "group": {"enum": [GROUP]},
        "project": {"enum": [PROJECT]},
        "params": {"anyOf": [inputs, {"type": "object"}]},
    }
    return asked


def _takes(
    made: dict[str, Any], path: str, body: dict[str, Any], method: str = "post"
) -> None:
    content = {"application/json": {"schema": body}}
    made["paths"][path][method]["requestBody"] = {"required": True, "content": content}


def by_hand(speaker: Client, base: str) -> list[str]:
    """The requests that were answered 5xx, of those written by hand."""
    wrong = []

    def sent(method: str, path: str, body: str | None) -> requests.Response:
        answer = speaker.session.request(
            method, f"{base}{path}", data=body, timeout=PATIENCE
        )
        if answer.status_code >= 500:
            wrong.append(
                f"{method} {path[:60]} {(body or '')[:60]}: {answer.text[:200]}"
            )
        return answer

    for method, path, body in BY_HAND:
        sent(method, path, body)
    inputs = [("circuit-runner", "/runtime/jobs", params) for params in PARAMS]
    inputs += [("sampler", f"{PLATFORM}/jobs", f'{{"pubs": {pubs}}}') for pubs in PUBS]
    for program, jobs, params in inputs:
        start = f'{{"program_id": "{program}", "backend": "ibmq_manila", "params": '
        answer = sent("POST", jobs, start + params + "}")
        sent("GET", jobs, None)
        if answer.status_code == 200:
            job = f"{jobs}/{answer.json()['id']}"
            for what in ("", "/results", "/logs", "/metrics"):
                sent("GET", f"{job}{what}", None)
            _wait(lambda job=job: sent("GET", job, None))
            for what in ("/results", "/logs"):
                sent("GET", f"{job}{what}", None)
            sent("DELETE", job, None)
    return wrong


def _wait(look: Callable[[], requests.Response]) -> None:
    """Wait until a job has ended."""
    end = time.monotonic() + PATIENCE
    while look().json().get("status") in ("Queued", "Running"):
        assert time.monotonic() < end, "a job does not end"
        time.sleep(0.05)


def generated(emulator: Emulator, folder: Path) -> int:
    """Run schemathesis; gives its exit status."""
    file = folder / "openapi.json"
    client, speaker = emulator.client(TOKEN), Speaker(emulator)
    old = [client.submit(encoded(bell()), shots=10) for _ in range(10)]
    new = [speaker.submit([[native(bell()), None, 10]]) for _ in range(10)]
    body = {"backend": "ibmq_manila", "mode": "batch"}
    opened = speaker.ask("POST", "/sessions", json=body).json()["id"]
    jobs = {"/runtime": (old[0], old[1:]), PLATFORM: (new[0], new[1:])}
    file.write_text(json.dumps(schema(jobs, opened)))
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(file)]
    options = {
        "url": emulator.url.removesuffix("/api"),
        "checks": "not_a_server_error",
        "phases": "examples,coverage,fuzzing",
        "max-examples": EXAMPLES,
        "seed": SEED,
        "request-timeout": 20,
        "warnings": "off",
        "suppress-health-check": "all",
    }
    command += [f"--{key}={value}" for key, value in options.items()]
    command += [f"--header={key}: {value}" for key, value in HEADERS.items()]
    command.append(
        f"--header=X-Access-Token: {client.session.headers['X-Access-Token']}"
    )
    command += ["--continue-on-failure", "--no-shrink", "--no-color"]
    try:
        return subprocess.run(
            command, cwd=folder, timeout=SECONDS, check=False
        ).returncode
    except subprocess.TimeoutExpired:
        print(f"schemathesis had not ended after {SECONDS} s")
        return 1


def main() -> int:
    with (
        tempfile.TemporaryDirectory() as folder,
        emulating(
            Path(folder) / "data",
            *("--noise", "ideal", "--job-limit", "-1", "--job-seconds", "20"),
            seconds=SECONDS + 120,
        ) as emulator,
    ):
        base = emulator.url.removesuffix("/api")
        client = emulator.client(TOKEN)
        client.session.headers.update(HEADERS)
        wrong = by_hand(client, base)
        for one in wrong:
            print(f"FAILED {one}")
        status = generated(emulator, Path(folder))
        alive = emulator.client(TOKEN).get("jobs").status_code == 200
    print(
        f"by hand: {len(wrong)} of {len(BY_HAND)} + {len(PARAMS + PUBS)} jobs answered 5xx"
    )
    failed = bool(wrong) + bool(status) + (not alive)
    print(
        f"{3 - failed} passed, {failed} failed (by hand, schemathesis, still serving)"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
