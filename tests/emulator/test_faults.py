"""Every kind of fault, as a client sees it."""

from __future__ import annotations

import time

import pytest
import requests

from qexp.emulator import faults
from qexp.errors import ConfigError
from tests.embedded import until
from tests.emulating import bell, emulating, encoded

SCRIPT = """
faults:
  - {request: GET /runtime/programs, do: error, status: 429, code: 1202, message: Slow down,
     retry_after: 3}
  - {request: GET /runtime/programs, skip: 1, do: delay, seconds: 0.5}
  - {request: POST /runtime/jobs, do: drop_before}
  - {request: POST /runtime/jobs, skip: 1, do: drop_after}
  - {request: POST /runtime/jobs, skip: 2, do: drop_then_accept, seconds: 1}
  - {request: GET /runtime/jobs/*/results, do: truncate}
  - {request: GET /runtime/jobs/*/results, skip: 1, do: truncate, bytes: 0}
  - {request: GET /runtime/jobs/*/logs, do: expire}
  - {request: GET */queue/status, do: maintenance, seconds: 1}
"""


@pytest.fixture(scope="module")
def failing(tmp_path_factory):
    folder = tmp_path_factory.mktemp("faults")
    (folder / "faults.yaml").write_text(SCRIPT)
    options = ["--faults", str(folder / "faults.yaml"), "--workers", "1"]
    with emulating(folder / "data", *options) as started:
        yield started


def test_errors_and_delays(failing):
    client = failing.client()
    answer = client.get("programs")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "3")
    assert answer.json()["errors"][0] == {
        "code": 1202,
        "message": "Slow down",
        "solution": "",
        "more_info": "",
    }
    start = time.monotonic()
    assert client.get("programs").status_code == 200
    assert time.monotonic() - start > 0.5
    assert client.get("programs").elapsed.total_seconds() < 0.4


def test_connections_dropped_before_after_and_long_before_acceptance(failing):
    client = failing.client()

    def dropped(header):
        with pytest.raises(requests.exceptions.ConnectionError):
            client.post(encoded(bell()), shots=10, header=header)
        return accepted()

    def accepted():
        jobs = client.get("jobs").json()["jobs"]
        return [job["params"]["header"]["k"] for job in jobs]

    assert dropped({"k": "before"}) == []
    assert dropped({"k": "after"}) == ["after"]
    start = time.monotonic()
    assert dropped({"k": "later"}) == ["after"]
    until(lambda: accepted() == ["later", "after"], 5)
    assert time.monotonic() - start > 0.9
    jobs = client.get("jobs").json()["jobs"]
    assert [client.ended(job["id"]) for job in jobs] == ["Completed"] * 2


def test_bodies_that_break_off_and_tokens_that_expire(failing):
    client = failing.client()
    job = client.submit(encoded(bell()), shots=10)
    assert client.ended(job) == "Completed"
    for _ in range(2):
        with pytest.raises(
            (requests.exceptions.ChunkedEncodingError, requests.ConnectionError)
        ):
            client.get(f"jobs/{job}/results")
    assert client.get(f"jobs/{job}/results").json()["success"]
    assert client.get(f"jobs/{job}/logs").status_code == 401
    assert failing.client().get(f"jobs/{job}/logs").status_code == 200


def test_maintenance_lasts_for_its_seconds(failing):
    client = failing.client()
    for _ in range(2):
        answer = client.device("ibmq_manila", "queue/status")
        assert (answer.status_code, answer.json()["error"]["code"]) == (503, 1999)
    time.sleep(1)
    assert client.device("ibmq_manila", "queue/status").status_code == 200


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("faults: [{do: explode}]", "faults.0"),
        ("faults: [{do: delay}]", "seconds"),
        ("faults: [{do: drop_before, request: POST}]", "request"),
        ("faults: [{do: drop_before, often: 3}]", "often"),
        ("{", "cannot be read"),
        ("", "it:"),
    ],
)
def test_a_file_that_describes_no_faults_is_told(tmp_path, text, sentence):
    (tmp_path / "faults.yaml").write_text(text)
    with pytest.raises(ConfigError, match=sentence):
        faults.load(tmp_path / "faults.yaml")
