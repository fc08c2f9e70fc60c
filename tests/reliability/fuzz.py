"""Thousands of requests made from the emulator's own OpenAPI: none is answered 5xx."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import Any, cast

import requests

from qexp.emulator.app import application
from qexp.emulator.circuit_runner import NAME, PARAMETERS
from qexp.emulator.requests import Service
from qexp.emulator.runtime import Asked
from qexp.emulator.settings import GROUP, HUB, PROJECT
from tests.emulating import PATIENCE, TOKEN, Client, bell, emulating, encoded

SEED, EXAMPLES, SECONDS = 20261125, 120, 240
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
)
"""What a schema does not think of: method, path, body."""

PARAMS = (
    r'{"circuits": "\ud800"}',
    r'{"\ud800": 1, "circuits": []}',
    '{"circuits": ' + DEEP + "}",
    '{"circuits": [], "shots": ' + "9" * 4000 + "}",
)
"""Inputs of jobs that are accepted, or refused; the jobs are then looked at."""


def schema(kept: str, spent: list[str]) -> dict[str, Any]:
    """The emulator's OpenAPI, which it does not serve, and what that leaves out.

    The routes read path and body themselves, so FastAPI knows little of either.

    Args:
        kept: A job to be looked at.
        spent: Jobs to be cancelled and deleted.
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
    }
    for path, methods in made["paths"].items():
        for method, operation in methods.items():
            ends = method == "delete" or path.endswith("/cancel")
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
    return cast("dict[str, Any]", made)


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


def _takes(made: dict[str, Any], path: str, body: dict[str, Any]) -> None:
    content = {"application/json": {"schema": body}}
    made["paths"][path]["post"]["requestBody"] = {"required": True, "content": content}


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
    for params in PARAMS:
        start = '{"program_id": "circuit-runner", "backend": "ibmq_manila", "params": '
        answer = sent("POST", "/runtime/jobs", start + params + "}")
        sent("GET", "/runtime/jobs", None)
        if answer.status_code == 200:
            job = answer.json()["id"]
            for what in ("", "/results", "/logs", "/metrics"):
                sent("GET", f"/runtime/jobs/{job}{what}", None)
            ended = sent("GET", f"/runtime/jobs/{job}", None).status_code == 200
            if ended:
                speaker.ended(job)
            for what in ("/results", "/logs"):
                sent("GET", f"/runtime/jobs/{job}{what}", None)
            sent("DELETE", f"/runtime/jobs/{job}", None)
    return wrong


def generated(speaker: Client, base: str, folder: Path) -> int:
    """Run schemathesis; gives its exit status."""
    file = folder / "openapi.json"
    jobs = [speaker.submit(encoded(bell()), shots=10) for _ in range(10)]
    file.write_text(json.dumps(schema(jobs[0], jobs[1:])))
    access = speaker.session.headers["X-Access-Token"]
    command = [sys.executable, "-m", "schemathesis.cli", "run", str(file)]
    options = {
        "url": base,
        "header": f"X-Access-Token: {access}",
        "checks": "not_a_server_error",
        "phases": "examples,coverage,fuzzing",
        "max-examples": EXAMPLES,
        "seed": SEED,
        "request-timeout": 20,
        "warnings": "off",
        "suppress-health-check": "all",
    }
    command += [f"--{key}={value}" for key, value in options.items()]
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
        wrong = by_hand(emulator.client(TOKEN), base)
        for one in wrong:
            print(f"FAILED {one}")
        status = generated(emulator.client(TOKEN), base, Path(folder))
        alive = emulator.client(TOKEN).get("jobs").status_code == 200
    print(f"by hand: {len(wrong)} of {len(BY_HAND)} + {len(PARAMS)} jobs answered 5xx")
    failed = bool(wrong) + bool(status) + (not alive)
    print(
        f"{3 - failed} passed, {failed} failed (by hand, schemathesis, still serving)"
    )
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
