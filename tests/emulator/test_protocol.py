"""The recorded flow, request by request, against a real server."""

from __future__ import annotations

import re

import pytest
import requests
from qiskit.providers.models import BackendProperties, PulseBackendConfiguration
from qiskit.result import Result

from qexp.declare.config import Backend
from qexp.devices.device import load
from tests.emulating import DEVICES, OTHER, TOKEN, bell, encoded


@pytest.fixture(scope="module")
def client(emulator):
    return emulator.client()


def test_a_client_is_told_where_to_go(emulator):
    assert "api-auth" in requests.get(f"{emulator.url}/version", timeout=9).json()
    base = emulator.url.removesuffix("/api")
    session = emulator.client().session
    urls = session.get(f"{emulator.url}/users/me", timeout=9).json()["urls"]
    assert urls["http"] == emulator.url
    assert urls["services"]["runtime"] == f"{base}/runtime"
    assert urls["ws"].startswith("ws://127.0.0.1:")
    (hub,) = session.get(f"{emulator.url}/Network", timeout=9).json()
    assert hub["groups"]["open"]["projects"]["main"]["isDefault"]


def test_a_wrong_token_gets_the_service_s_own_error(emulator):
    answer = requests.post(
        f"{emulator.url}/users/loginWithToken", json={"apiToken": "no"}, timeout=9
    )
    assert answer.status_code == 401
    assert answer.json()["error"]["code"] == 3446
    answer = requests.get(f"{emulator.url}/users/me", timeout=9)
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 2407)
    answer = requests.get(
        f"{emulator.url}/users/me", headers={"X-Access-Token": "x"}, timeout=9
    )
    assert (answer.status_code, answer.json()["error"]["code"]) == (401, 2408)


def test_an_api_token_is_taken_as_a_bearer(client):
    answer = requests.get(
        f"{client.runtime}/programs",
        headers={"Authorization": f"Bearer {TOKEN}"},
        timeout=9,
    )
    assert answer.json()["count"] == 1


def test_devices_are_as_terra_reads_them(client):
    found = client.session.get(f"{client.http}/{DEVICES}/v/1", timeout=20).json()
    by_name = {one["backend_name"]: one for one in found}
    assert len(by_name) == len(found) >= 40
    assert all("online_date" in one for one in found)
    montreal = by_name["ibmq_montreal"]
    assert montreal["measure_esp_enabled"] is True
    assert montreal["rep_delay_range"] == [0.0, 500.0]
    for channel in montreal["u_channel_lo"]:
        for item in channel:
            item["scale"] = complex(*item["scale"])
    read = PulseBackendConfiguration.from_dict(montreal)
    assert read.default_rep_delay == pytest.approx(250e-6)


def test_a_device_has_all_its_pages(client):
    properties = client.device("ibmq_manila", "properties?version=1").json()
    assert BackendProperties.from_dict(properties).backend_name == "ibmq_manila"
    assert "pulse_library" in client.device("ibmq_manila", "defaults").json()
    status = client.device("ibmq_manila", "queue/status").json()
    assert (status["state"], status["lengthQueue"]) == (True, 0)
    assert client.device("ibmq_manila", "jobsLimit").json() == {
        "maximumJobs": 5,
        "runningJobs": 0,
    }
    bookings = f"{client.http}/Network/devices/ibmq_manila/bookings/v2"
    assert client.session.get(bookings, timeout=9).json() == []
    answer = client.device("ibmq_nowhere", "queue/status")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, 1007)


def test_an_older_calibration_is_not_there(client):
    old = '{"where":{"last_update_date":{"lt":"2001-01-01T00:00:00"}}}'
    answer = client.device("ibmq_manila", f"properties?version=1&filter={old}")
    assert answer.json() == {}


def test_the_program_is_described(client):
    listed = client.get("programs", limit=20).json()
    assert listed["count"] == len(listed["programs"]) == 1
    program = client.get("programs/circuit-runner").json()
    schema = program["spec"]["parameters"]
    assert schema["required"] == ["circuits"]
    assert "use_measure_esp" not in schema["properties"]
    answer = client.get("programs/nope")
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 1216)
    answer = client.session.post(f"{client.runtime}/programs", data="{}", timeout=9)
    assert answer.status_code == 403


def test_a_job_from_its_acceptance_to_its_end(client):
    sent = encoded(bell())
    job = client.submit(sent, shots=100, header={"submission": "a1"})
    assert re.fullmatch("[0-9a-f]{32}", job)
    assert client.ended(job) == "Completed"
    shown = client.get(f"jobs/{job}").json()
    assert shown["params"]["header"] == {"submission": "a1"}
    assert shown["params"]["circuits"] == sent
    assert shown["program"] == {"id": "circuit-runner"}
    assert shown["backend"] == "ibmq_manila"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:.]+Z", shown["created"])
    stamps = client.get(f"jobs/{job}/metrics").json()["timestamps"]
    assert stamps["created"] <= stamps["running"] <= stamps["finished"]
    answer = client.get(f"jobs/{job}/results").json()
    result = Result.from_dict(answer)
    assert result.header.submission == "a1"
    assert result.job_id == job
    assert sum(result.get_counts("bell-0").values()) == 100
    assert client.cancel(job) == 409
    where = f"{client.runtime}/jobs/{job}"
    assert client.session.delete(where, timeout=9).status_code == 204
    assert client.get(f"jobs/{job}").status_code == 404


def test_jobs_are_listed_the_newest_first(client):
    jobs = [client.submit(encoded(bell()), shots=10) for _ in range(3)]
    for job in jobs:
        client.ended(job)
    page = client.get("jobs", limit=2, program="circuit-runner").json()
    assert [one["id"] for one in page["jobs"]] == jobs[:0:-1]
    page = client.get("jobs", limit=1, offset=2).json()
    assert page["jobs"][0]["id"] == jobs[0]
    assert client.get("jobs", pending="true").json()["count"] == 0
    assert client.get("jobs", pending="false").json()["count"] >= 3
    assert client.get("jobs", program="other").json()["jobs"] == []
    assert client.get("jobs", limit="x").status_code == 400


def test_one_token_never_sees_another_s_jobs(emulator, client):
    job = client.submit(encoded(bell()), shots=10)
    stranger = emulator.client(OTHER)
    for path in ("", "/results", "/logs", "/metrics"):
        answer = stranger.get(f"jobs/{job}{path}")
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, 3250)
    assert stranger.cancel(job) == 404
    where = f"{stranger.runtime}/jobs/{job}"
    assert stranger.session.delete(where, timeout=9).status_code == 404
    assert stranger.get("jobs").json() == {"jobs": [], "count": 0}
    assert client.ended(job) == "Completed"


def test_a_job_s_metrics_have_its_qpu_seconds(client):
    # 2 s for a job, and of each shot 250 µs of delay, about 1 µs of gates and readout
    job = client.submit(encoded(bell()), "ibmq_montreal", shots=4000, rep_delay=2.5e-4)
    assert client.ended(job) == "Completed"
    found = client.get(f"jobs/{job}/metrics").json()
    assert 3.0 < found["usage"]["quantum_seconds"] < 3.1
    assert found["usage"]["seconds"] == found["bss"]["seconds"]
    assert found["usage"]["seconds"] == found["usage"]["quantum_seconds"]


def test_a_job_that_failed_has_used_nothing_that_is_known(client):
    job = client.submit(encoded(bell()), shots=0)
    assert client.ended(job) == "Failed"
    assert "usage" not in client.get(f"jobs/{job}/metrics").json()


def test_programs_in_openqasm_run(client):
    two = (
        'OPENQASM 2.0; include "qelib1.inc"; qreg q[1]; creg c[1]; x q; measure q -> c;'
    )
    three = 'OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; x q; c = measure q;'
    result = client.result([two, three], shots=100)
    for one in result["results"]:
        assert one["data"]["counts"]["0x1"] > 60


def test_inputs_without_effect_are_in_the_logs(client):
    job = client.submit(encoded(bell()), shots=10, layout_method="x", colour="red")
    assert client.ended(job) == "Completed"
    logs = client.get(f"jobs/{job}/logs").text
    assert "layout_method has no effect here" in logs
    assert "colour is not known" in logs


def test_methods_count_inside_transpiler_options(client):
    options = {"layout_method": "nonsense"}
    assert "nonsense" in client.failure(encoded(bell()), transpiler_options=options)


def test_two_circuits_of_one_name_are_two_samples(client):
    sent = [encoded(bell("same"))] * 2
    result = client.result(sent, shots=2000, seed_simulator=1, seed_transpiler=1)
    one, two = result["results"]
    assert one["header"]["name"] == two["header"]["name"] == "same"
    assert one["data"] != two["data"]


def test_the_stream_begins_and_ends(client):
    connect = pytest.importorskip("websockets.sync.client").connect
    from websockets.exceptions import ConnectionClosedOK, InvalidStatus

    job = client.submit(encoded(bell()), shots=10)
    url = f"ws{client.runtime.removeprefix('http')}/stream/jobs/{job}"
    headers = {"X-Access-Token": client.session.headers["X-Access-Token"]}
    with connect(url, additional_headers=headers) as socket:
        assert socket.recv(timeout=9)
        with pytest.raises(ConnectionClosedOK) as closed:
            socket.recv(timeout=20)
    assert closed.value.rcvd.code == 1000
    with pytest.raises(InvalidStatus):
        connect(url)


@pytest.mark.parametrize(
    ("code", "params"),
    [
        (8037, {"use_measure_esp": True}),
        (8030, {"rep_delay": 1.0}),
        (1103, {"shots": 8193}),
        (6001, {"shots": 0}),
        (1101, {"shots": "many"}),
        (1101, {"optimization_level": 7}),
        (1101, {"transpiler_options": {"callback": 1}}),
    ],
)
def test_what_the_device_does_not_take_fails_with_its_code(client, code, params):
    assert f"Error code: {code}." in client.failure(encoded(bell()), **params)


def test_too_many_circuits_and_too_wide_ones_fail_with_their_code(client):
    text = "OPENQASM 2.0; qreg q[6];"
    assert "Error code: 1109." in client.failure(text)
    assert "Error code: 1102." in client.failure([text] * 901)
    assert "Error code: 1101." in client.failure([])


def test_esp_is_there_where_it_is_declared(client):
    result = client.result(
        encoded(bell()), "ibmq_montreal", use_measure_esp=True, rep_delay=0, shots=10
    )
    assert result["backend_name"] == "ibmq_montreal"


def test_what_is_not_a_job_is_not_accepted(client):
    where = f"{client.runtime}/jobs"
    for body in ("", "[]", "{", "[" * 100_000, '{"backend": NaN}', '{"program_id": 1}'):
        answer = client.session.post(where, data=body, timeout=9)
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (400, 1101)
    assert client.post("x", backend="nowhere").status_code == 404
    answer = client.session.get(f"{client.runtime}/nothing", timeout=9)
    assert answer.status_code == 404
    assert "errors" in answer.json()


def test_the_device_is_the_one_that_qexp_knows(client):
    found = client.device("ibmq_manila", "properties?version=1").json()
    assert load(Backend(name="ibmq_manila", snapshot="manila")).properties == found
