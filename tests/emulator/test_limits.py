"""What is bounded, and what a queue goes through."""

from __future__ import annotations

import re
import stat
import time

import pytest
import requests
from qiskit import QuantumCircuit

from qexp.__main__ import main as door
from qexp.emulator.cli import main, parsed
from qexp.errors import ConfigError
from qexp.verbs import FLAGS
from tests.emulating import OTHER, bell, emulating, encoded, endless


@pytest.fixture(scope="module")
def narrow(tmp_path_factory):
    options = """--job-limit 1 --queue-limit 2 --request-bytes 30000 --token-ttl 2
    --workers 1""".split()
    with emulating(tmp_path_factory.mktemp("narrow") / "data", *options) as started:
        yield started


def ended(emulator, job, token=None):
    """The state in which a job ends, where access tokens are short-lived."""
    end = time.monotonic() + 40
    while (state := emulator.client(token).state(job)) in ("Queued", "Running"):
        assert time.monotonic() < end
        time.sleep(0.2)
    return state


def test_jobs_of_a_token_on_a_backend_are_bounded(narrow):
    client = narrow.client()
    slow = client.submit(encoded(endless()), "ibmq_montreal", shots=8000)
    answer = client.post(encoded(bell()), "ibmq_montreal")
    assert answer.status_code == 400
    assert answer.json()["errors"][0]["code"] == 3458
    assert client.device("ibmq_montreal", "jobsLimit").json()["runningJobs"] == 1
    assert client.get(f"jobs/{slow}/results").status_code == 204
    other = narrow.client(OTHER)
    second = other.submit(encoded(bell()), shots=10)
    answer = other.post(encoded(bell()), "ibmq_lima")
    assert answer.json()["errors"][0]["code"] == 1012
    assert client.cancel(slow) == 204
    client = narrow.client()
    assert client.state(slow) == "Cancelled"
    answer = client.get(f"jobs/{slow}/results")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (409, 3211)
    # the worker that simulated was ended, and the next job has one
    assert ended(narrow, second, OTHER) == "Completed"


def test_a_large_request_is_refused(narrow):
    answer = narrow.client().post("OPENQASM 2.0;" + " " * 40_000)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (413, 1001)


def refused(answer, status, code):
    """Whether an answer is a refusal, in the form of the API that gives it."""
    assert answer.status_code == status, answer.text
    body = answer.json()
    (error,) = body["errors"] if "errors" in body else [body["error"]]
    assert error["code"] == code
    return error["message"]


@pytest.mark.parametrize("path", ["jobs", "programs"])
def test_an_offset_that_no_database_has_is_refused(emulator, path):
    refused(emulator.client().get(path, offset="9" * 30), 400, 1101)
    refused(emulator.client().get(path, offset=-1), 400, 1101)
    assert emulator.client().get(path, offset=2**63 - 1).status_code == 200


HALF = r"\ud800"
DEEP = "[" * 251 + "]" * 251


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("api/users/loginWithToken", f'{{"apiToken": "{HALF}"}}'),
        ("api/users/loginWithToken", f'{{"apiToken": {DEEP}}}'),
        ("runtime/jobs", f'{{"program_id": "{HALF}", "backend": "", "params": {{}}}}'),
        ("runtime/jobs", '{"params": {"circuits": "HALF"}}'),
        ("runtime/jobs", '{"params": {"HALF": 1, "circuits": []}}'),
        ("runtime/jobs", '{"params": {"circuits": DEEP}}'),
        ("runtime/jobs", "[" * 20_000),
    ],
)
def test_json_that_could_not_be_given_back_is_refused(emulator, path, body):
    client = emulator.client()
    url = emulator.url.removesuffix("api") + path
    rest = '{"program_id": "circuit-runner", "backend": "ibmq_manila", "params"'
    body = body.replace('{"params"', rest).replace("HALF", HALF).replace("DEEP", DEEP)
    said = refused(client.session.post(url, data=body, timeout=40), 400, 1101)
    assert "not JSON" in said
    assert client.get("jobs").status_code == 200


def test_access_tokens_expire(narrow):
    client = narrow.client()
    assert client.get("jobs").status_code == 200
    time.sleep(2.1)
    answer = client.get("jobs")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (401, 2408)


def test_a_job_that_runs_too_long_is_ended(tmp_path):
    with emulating(tmp_path / "data", "--job-seconds", "1") as one:
        client = one.client()
        job = client.submit(encoded(endless()), "ibmq_montreal", shots=8000)
        assert client.ended(job) == "Cancelled - Ran too long"
        assert "1 seconds" in client.get(f"jobs/{job}/results").text


def test_a_job_that_takes_too_much_memory_fails_and_the_next_runs(tmp_path):
    wide = QuantumCircuit(25)  # its state vector has 512 MiB
    wide.h(range(25))
    wide.measure_all()
    options = "--job-memory 400 --workers 1 --noise ideal".split()
    with emulating(tmp_path / "data", *options) as one:
        client = one.client()
        method = {"method": "statevector"}
        assert "memory" in client.failure(encoded(wide), "ibmq_montreal", **method)
        assert client.result(encoded(bell()), shots=10)["success"]


def test_a_token_is_made_and_kept_and_not_printed(tmp_path):
    data = tmp_path / "data"
    with emulating(data, token=None) as started:
        file = data / "token"
        token = file.read_text().strip()
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        assert stat.S_IMODE((data / "jobs.db").stat().st_mode) == 0o600
        assert str(file) in started.line
        assert token not in started.line
        assert started.client(token).get("jobs").json()["count"] == 0
        assert main(["--data", str(data), "--port", "0"]) == 2  # it is in use
        started.process.terminate()
        assert started.process.wait(20) == 0
    assert (tmp_path / "data.err").read_text() == ""


def test_it_stops_by_itself_and_warns_where_others_can_reach_it(tmp_path):
    options = ["--host", "0.0.0.0", "--show-token"]
    with emulating(tmp_path / "data", *options, token=None, seconds=1) as started:
        assert (tmp_path / "data" / "token").read_text().strip() in started.line
        port = started.url.rpartition(":")[2].removesuffix("/api")
        local = f"http://127.0.0.1:{port}/api/version"
        assert requests.get(local, timeout=9).status_code == 200
        assert started.process.wait(20) == 0
    assert "warning: 0.0.0.0 can be reached" in (tmp_path / "data.err").read_text()


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["--port", "x"], "--port"),
        (["--port", "70000"], "must be 0 to 65535"),
        (["--speed", "light"], "--speed"),
        (["--token", "short"], "8 characters"),
        (["--workers", "0"], "must be 1 to 256"),
        (["--hots", "a"], "unrecognized arguments"),
        (["--seconds", "nan"], "must be"),
    ],
)
def test_a_wrong_command_line_is_told_in_a_sentence(arguments, sentence, capsys):
    assert main(arguments) == 2
    told = capsys.readouterr().err
    assert told.startswith("error: ")
    assert sentence in told
    with pytest.raises(ConfigError):
        parsed(arguments)


def test_an_address_that_cannot_be_used_is_told(emulator, tmp_path, capsys):
    data = ["--data", str(tmp_path / "data")]
    port = emulator.url.rpartition(":")[2].removesuffix("/api")
    for where, why in (
        (["--port", port], "another program listens there. --port 0"),
        (["--port", "0", "--host", "192.0.2.1"], "no address of this machine"),
        (["--port", "0", "--host", "a" * 70], "no address of this machine"),
    ):
        assert main([*data, *where]) == 2
        told = capsys.readouterr().err
        assert told.startswith("error: --host ")
        assert why in told
    assert not (tmp_path / "data").exists()


def test_a_folder_that_cannot_be_used_is_told(tmp_path, capsys):
    file, data = tmp_path / "file", tmp_path / "data"
    file.write_text("")
    data.mkdir()

    def told(folder):
        assert main(["--port", "0", "--data", str(folder)]) == 2
        return capsys.readouterr().err

    assert told(file) == f"error: --data {file}: File exists.\n"
    assert told(file / "more") == f"error: --data {file}/more: Not a directory.\n"
    token = data / "token"
    token.write_text("of-the-tests")
    token.chmod(0o644)
    assert told(data).endswith(f"others may read the token. Run: chmod 600 {token}\n")
    token.chmod(0o600)
    token.write_text("short")
    assert "8 characters or more" in told(data)
    token.write_text("of-the-tests")
    (data / "jobs.db").write_text("no database, and much too long to be empty " * 99)
    assert "jobs.db cannot be used" in told(data)


def test_the_verb_has_a_page_of_its_own(monkeypatch, capsys):
    monkeypatch.setattr("sys.argv", ["qexp", "emulator", "--help"])
    with pytest.raises(SystemExit) as left:
        door()
    assert left.value.code == 0
    page = capsys.readouterr().out
    assert page.startswith("usage: python -m qexp emulator")
    assert "(None)" not in page
    named = {*re.findall(r"^  (--[\w-]+)", page, re.MULTILINE)}
    assert named == set(FLAGS["emulator"])
