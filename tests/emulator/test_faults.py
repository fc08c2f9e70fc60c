"""Every kind of fault, as a client sees it."""

from __future__ import annotations

import time
from contextlib import ExitStack

import pytest
import requests

from qexp.emulator import faults
from qexp.emulator.cli import main
from qexp.errors import ConfigError
from tests.embedded import until
from tests.emulating import TOKEN, bell, emulating, encoded


@pytest.fixture
def failing(tmp_path):
    """Starts an emulator with some faults, and gives a client of it."""
    with ExitStack() as stack:

        def start(*script):
            file = tmp_path / "faults.yaml"
            file.write_text(
                "\n".join(["faults:", *(f"  - {{{one}}}" for one in script)])
            )
            options = ["--faults", str(file), "--workers", "1", "--noise", "ideal"]
            started = stack.enter_context(emulating(tmp_path / "data", *options))
            return started.client()

        yield start


def test_errors_and_delays(failing):
    where = "request: GET /runtime/programs"
    client = failing(
        f"{where}, do: error, status: 429, code: 1202, message: Slow down, retry_after: 3",
        f"{where}, skip: 1, do: delay, seconds: 0.5",
    )
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
    assert client.get("programs").status_code == 200


def test_connections_dropped_before_after_and_long_before_acceptance(failing):
    where = "request: POST /runtime/jobs"
    client = failing(
        f"{where}, do: drop_before",
        f"{where}, skip: 1, do: drop_after",
        f"{where}, skip: 2, do: drop_then_accept, seconds: 1",
    )

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
    dropped({"k": "later"})
    until(lambda: accepted() == ["later", "after"], 5)
    assert time.monotonic() - start > 0.9
    jobs = client.get("jobs").json()["jobs"]
    assert [client.ended(job["id"]) for job in jobs] == ["Completed"] * 2


@pytest.mark.long
def test_bodies_that_break_off(failing):
    where = "request: GET /runtime/jobs/*/results"
    client = failing(
        f"{where}, do: truncate", f"{where}, skip: 1, do: truncate, bytes: 0"
    )
    job = client.submit(encoded(bell()), shots=10)
    assert client.ended(job) == "Completed"
    for _ in range(2):
        with pytest.raises(
            (requests.exceptions.ChunkedEncodingError, requests.ConnectionError)
        ):
            client.get(f"jobs/{job}/results")
    assert client.get(f"jobs/{job}/results").json()["success"]


@pytest.mark.long
def test_tokens_that_expire(failing):
    client = failing("request: GET /runtime/programs, do: expire")
    assert client.get("programs").status_code == 401
    assert client.get("jobs").status_code == 401
    client.login(TOKEN)
    assert client.get("programs").status_code == 200


@pytest.mark.long
def test_maintenance_lasts_for_its_seconds(failing):
    client = failing('request: "GET */queue/status", do: maintenance, seconds: 1')
    answer = client.device("ibmq_manila", "queue/status")
    assert (answer.status_code, answer.json()["error"]["code"]) == (503, 1999)
    time.sleep(1)
    assert client.device("ibmq_manila", "queue/status").status_code == 200


KINDS = """error, delay, drop_before, drop_after, drop_then_accept, truncate, expire,
maintenance""".replace("\n", " ")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[{do: explode}]", f"faults[0].do = explode: must be one of {KINDS}."),
        ("[{}]", f"faults[0].do = not set: must be one of {KINDS}."),
        ("[{do: expire}, {do: delay}]", "faults[1].seconds: not set."),
        (
            "[{do: delay, seconds: soon}]",
            "faults[0].seconds = soon: must be a valid number.",
        ),
        (
            "[{do: delay, seconds: -1}]",
            "faults[0].seconds = -1: must be from 0 to 86400.",
        ),
        (
            "[{do: error, status: 200}]",
            "faults[0].status = 200: must be from 400 to 599.",
        ),
        ("[{do: error, times: 0}]", "faults[0].times = 0: must be at least 1."),
        (
            "[{do: drop_before, request: POST}]",
            "faults[0].request = POST: must be a method and a path, such as POST "
            "/runtime/jobs or * *.",
        ),
        (
            "[{do: drop_before, often: 3}]",
            "faults[0].often = 3: no such key. Allowed: do, request, skip, times.",
        ),
        ("3", "faults = 3: must be a valid list."),
        ("[3]", "faults[0] = 3: must be a mapping, {request: …, do: …}."),
        ("[]\nmore: 1", "more = 1: no such key. Allowed: faults."),
        ("{", "not YAML (while parsing"),
    ],
)
def test_a_file_that_describes_no_faults_is_told(tmp_path, capsys, text, sentence):
    file = tmp_path / "faults.yaml"
    file.write_text(f"faults: {text}")
    assert main(["--faults", str(file), "--data", str(tmp_path / "data")]) == 2
    assert f"error: --faults {file}: {sentence}" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()


def test_all_that_is_wrong_with_a_file_is_told(tmp_path):
    file = tmp_path / "faults.yaml"
    with pytest.raises(ConfigError, match="No such file"):
        faults.load(file)
    file.write_text("")
    with pytest.raises(ConfigError, match="the file = null: must be a mapping"):
        faults.load(file)
    file.write_text("faults: [{do: delay, seconds: x}, {do: nothing}]")
    with pytest.raises(ConfigError) as found:
        faults.load(file)
    assert len(str(found.value).splitlines()) == 2
